//! What the numbers of a country look like (ITU-T E.164, national numbering plans), and which calling codes exist.

/// How a country writes its national (significant) numbers.
pub(super) struct Rules {
    /// Dialled before a national number: E.164's national (trunk) prefix. The first is the one we dial.
    pub trunks: &'static [&'static str],
    /// Dialled before an international number; `x` stands for any digit. The first is the one we dial.
    pub international: &'static [&'static str],
    valid: fn(&str) -> bool,
    /// National numbers that are dialled without the trunk prefix.
    untrunked: fn(&str) -> bool,
    group: fn(&str) -> String,
}

const RUSSIA: Rules = Rules {
    trunks: &["8"],
    international: &["810"],
    // Geographic 3, 4, 8; mobile 9; Kazakhstan 6, 7.
    valid: |n| n.len() == 10 && matches!(n.as_bytes().first(), Some(b'3'..=b'9')),
    untrunked: |_| false,
    group: |n| join(n, &[3, 3, 2, 2], &[" ", "-", "-"]),
};

const KOREA: Rules = Rules {
    trunks: &["0"],
    international: &["001", "002", "005", "006", "008", "003xx", "007xx"],
    valid: valid_in_korea,
    // Nationwide numbers of companies: 1588-1234.
    untrunked: is_korean_company_number,
    group: group_in_korea,
};

const NORTH_AMERICA: Rules = Rules {
    trunks: &["1"],
    international: &["011"],
    valid: |n| n.len() == 10 && matches!(n.as_bytes().first(), Some(b'2'..=b'9')),
    untrunked: |_| false,
    group: |n| join(n, &[3, 3, 4], &[" ", "-"]),
};

const BELARUS: Rules = Rules {
    trunks: &["80"],
    international: &["810"],
    valid: |n| n.len() == 9 && matches!(n.as_bytes().first(), Some(b'1'..=b'9')),
    untrunked: |_| false,
    group: |n| join(n, &[2, 3, 2, 2], &[" ", "-", "-"]),
};

const UKRAINE: Rules = Rules {
    trunks: &["0"],
    international: &["00"],
    valid: |n| n.len() == 9 && matches!(n.as_bytes().first(), Some(b'3'..=b'9')),
    untrunked: |_| false,
    group: |n| join(n, &[2, 3, 2, 2], &[" ", "-", "-"]),
};

/// Of the rest of the world we know the commonest prefixes and E.164's limits.
const OTHER: Rules = Rules {
    trunks: &["0"],
    international: &["00"],
    valid: |n| (4..=13).contains(&n.len()),
    untrunked: |_| false,
    group: |n| join(n, &[3, 3, 4], &[" ", " "]),
};

impl Rules {
    pub fn is_valid(&self, national: &str) -> bool {
        (self.valid)(national)
    }

    /// As a subscriber of the country dials it.
    pub fn with_trunk(&self, national: &str) -> String {
        let trunk = if (self.untrunked)(national) { "" } else { self.trunks.first().copied().unwrap_or("") };
        format!("{trunk}{national}")
    }

    pub fn group(&self, national: &str) -> String {
        (self.group)(national)
    }

    /// The rest after an international prefix.
    pub fn after_international<'a>(&self, digits: &'a str) -> impl Iterator<Item = &'a str> {
        self.international.iter().filter_map(|pattern| after_pattern(digits, pattern))
    }

    /// The national number, where `digits` are a trunk prefix and one.
    pub fn after_trunk<'a>(&self, digits: &'a str) -> Option<&'a str> {
        self.trunks.iter().find_map(|trunk| digits.strip_prefix(trunk).filter(|rest| self.is_valid(rest)))
    }
}

/// The rules behind a calling code.
pub(super) fn rules(calling_code: &str) -> &'static Rules {
    match calling_code {
        "7" => &RUSSIA,
        "82" => &KOREA,
        "1" => &NORTH_AMERICA,
        "375" => &BELARUS,
        "380" => &UKRAINE,
        _ => &OTHER,
    }
}

/// ISO 3166-1 code to calling code, for the countries where somebody may sit at this telephone.
pub(super) fn calling_code_of(iso: &str) -> Option<u16> {
    let code = match iso.to_ascii_uppercase().as_str() {
        "RU" | "KZ" => 7,
        "KR" => 82,
        "US" | "CA" => 1,
        "BY" => 375,
        "UA" => 380,
        "AM" => 374,
        "AZ" => 994,
        "GE" => 995,
        "KG" => 996,
        "MD" => 373,
        "TJ" => 992,
        "UZ" => 998,
        "JP" => 81,
        "CN" => 86,
        "VN" => 84,
        "IN" => 91,
        "TR" => 90,
        "GB" => 44,
        "DE" => 49,
        "FR" => 33,
        "IT" => 39,
        "ES" => 34,
        "PL" => 48,
        "FI" => 358,
        "EE" => 372,
        "LV" => 371,
        "LT" => 370,
        _ => return None,
    };
    Some(code)
}

/// The digits begin with the calling code of a country whose national numbers we can tell from others.
pub(super) fn is_well_known(digits: &str) -> bool {
    split(digits).is_some_and(|(code, _)| matches!(code, "1" | "7" | "82" | "375" | "380"))
}

/// Calling code and national number. Calling codes are prefix-free, so there is at most one.
pub(super) fn split(digits: &str) -> Option<(&str, &str)> {
    (1..=3).filter_map(|n| digits.split_at_checked(n)).find(|(code, _)| is_assigned(code))
}

/// The same digits if they are a complete E.164 number.
pub(super) fn valid_e164(digits: &str) -> Option<&str> {
    if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (code, national) = split(digits)?;
    rules(code).is_valid(national).then_some(digits)
}

/// Calling codes in use (ITU Operational Bulletin, list of ITU-T E.164 assigned country codes).
pub(super) fn is_assigned(code: &str) -> bool {
    let Ok(number) = code.parse::<u16>() else { return false };
    if code.starts_with('0') || number.to_string() != code {
        return false;
    }
    match number {
        1 | 7 => true,
        10..=99 => {
            matches!(number, 20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66)
                || matches!(number, 81 | 82 | 84 | 86 | 90..=95 | 98)
        }
        200..=299 => {
            matches!(number, 211..=213 | 216 | 218 | 220..=258 | 260..=269 | 290 | 291 | 297..=299)
        }
        300..=399 => matches!(number, 350..=359 | 370..=378 | 380..=383 | 385..=387 | 389),
        400..=599 => matches!(number, 420 | 421 | 423 | 500..=509 | 590..=599),
        600..=799 => matches!(number, 670 | 672..=683 | 685..=692),
        800..=899 => {
            matches!(number, 800 | 808 | 850 | 852 | 853 | 855 | 856 | 870 | 878 | 880..=883 | 886 | 888)
        }
        900..=999 => matches!(number, 960..=968 | 970..=977 | 979 | 992..=996 | 998),
        _ => false,
    }
}

fn after_pattern<'a>(digits: &'a str, pattern: &str) -> Option<&'a str> {
    let (head, rest) = digits.split_at_checked(pattern.len())?;
    head.bytes().zip(pattern.bytes()).all(|(d, p)| p == b'x' || p == d).then_some(rest)
}

fn valid_in_korea(n: &str) -> bool {
    let length = n.len();
    let two = n.get(..2).unwrap_or("");
    if is_korean_company_number(n) {
        return true;
    }
    match two {
        "10" | "30" | "70" => length == 10,
        "11" | "16" | "17" | "18" | "19" => (9..=10).contains(&length),
        "50" => (10..=11).contains(&length),
        "31" | "32" | "33" | "41" | "42" | "43" | "44" | "51" | "52" | "53" | "54" | "55" | "60" | "61"
        | "62" | "63" | "64" | "80" => (9..=10).contains(&length),
        _ => n.starts_with('2') && !n.starts_with("20") && (8..=9).contains(&length),
    }
}

fn is_korean_company_number(n: &str) -> bool {
    n.len() == 8 && ["15", "16", "18"].iter().any(|head| n.starts_with(head))
}

fn group_in_korea(n: &str) -> String {
    if is_korean_company_number(n) {
        return join(n, &[4, 4], &["-"]);
    }
    let area = match n.as_bytes() {
        [b'2', ..] => 1,
        [b'5', b'0', ..] => 3,
        _ => 2,
    };
    let middle = n.len().saturating_sub(area + 4);
    join(n, &[area, middle, 4], &["-", "-"])
}

/// Groups of the given lengths, the last taking what is left.
fn join(digits: &str, lengths: &[usize], separators: &[&str]) -> String {
    let mut out = String::with_capacity(digits.len() + separators.len());
    let mut rest = digits;
    for (i, &length) in lengths.iter().enumerate() {
        let last = i + 1 == lengths.len();
        let (group, more) =
            if last { (rest, "") } else { rest.split_at_checked(length).unwrap_or((rest, "")) };
        out.push_str(group);
        rest = more;
        if rest.is_empty() {
            break;
        }
        out.push_str(separators.get(i).copied().unwrap_or(" "));
    }
    out
}
