//! Legal forms: written before or behind a name, on every second client, and typed by hardly anybody.

use super::spelling;

/// Of Russia and its neighbours (Civil Code of the Russian Federation, chapter 4), Korea (Commercial Act, article 170), and
/// of those who trade with them; lower case.
const FORMS: [&str; 50] = [
    "общество с ограниченной ответственностью",
    "общество с дополнительной ответственностью",
    "публичное акционерное общество",
    "непубличное акционерное общество",
    "открытое акционерное общество",
    "закрытое акционерное общество",
    "акционерное общество",
    "индивидуальный предприниматель",
    "частный предприниматель",
    "крестьянское фермерское хозяйство",
    "ооо",
    "оао",
    "зао",
    "пао",
    "нао",
    "ао",
    "ип",
    "чп",
    "тоо",
    "одо",
    "чуп",
    "гуп",
    "муп",
    "кфх",
    "кх",
    "ooo",
    "oao",
    "zao",
    "pao",
    "ип кфх",
    "limited liability company",
    "llc",
    "llp",
    "ltd",
    "limited",
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "jsc",
    "ojsc",
    "cjsc",
    "gmbh",
    "plc",
    "주식회사",
    "유한회사",
    "유한책임회사",
    "합자회사",
    "합명회사",
];

/// Short for 주식회사, 유한회사, 합자회사; a syllable alone may be a surname.
const MARKS: [&str; 5] = ["(주)", "（주）", "㈜", "(유)", "(합)"];

/// Written without a blank before or behind the name.
const ATTACHED: [&str; 5] = ["유한책임회사", "주식회사", "유한회사", "합자회사", "합명회사"];

/// The words without legal forms; all of them where nothing else is there.
pub(super) fn words_without(text: &str) -> Vec<String> {
    let text = MARKS.iter().fold(text.to_owned(), |text, mark| text.replace(mark, " 주식회사 "));
    let words = spelling::words(&text);
    let mut left: Vec<String> = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let Some((word, others)) = rest.split_first() {
        match FORMS.iter().filter_map(|form| after(rest, form)).min_by_key(|after| after.len()) {
            Some(after) => rest = after,
            None => {
                left.push(detached(word).to_owned());
                rest = others;
            }
        }
    }
    if left.is_empty() { words } else { left }
}

/// Somebody may be about to type a legal form.
pub(super) fn may_begin(word: &str) -> bool {
    FORMS.iter().any(|form| form.starts_with(word))
}

fn after<'a>(words: &'a [String], form: &str) -> Option<&'a [String]> {
    form.split(' ').try_fold(words, |words, part| {
        words.split_first().filter(|(word, _)| *word == part).map(|(_, others)| others)
    })
}

fn detached(word: &str) -> &str {
    let stripped = |form: &str| word.strip_prefix(form).or_else(|| word.strip_suffix(form));
    ATTACHED.into_iter().find_map(stripped).filter(|name| !name.is_empty()).unwrap_or(word)
}
