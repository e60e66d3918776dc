//! The table of numbers, both directions.

use super::*;
use Expected::{Public, Short, Unplaced, Wrong};

#[derive(Debug)]
enum Expected {
    Public(&'static str),
    /// Public, with an extension.
    With(&'static str, &'static str),
    Short(&'static str),
    Unplaced(&'static str),
    Wrong(NumberProblem),
}

fn moscow() -> NumberingPlan {
    NumberingPlan::russia().with_area_code("495").unwrap().with_outside_prefix("9").unwrap()
}

fn seoul() -> NumberingPlan {
    NumberingPlan::korea().with_area_code("2").unwrap().with_outside_prefix("9").unwrap()
}

fn check(plan: &NumberingPlan, rows: &[(&str, Expected)]) {
    let mut wrong = Vec::new();
    for (written, expected) in rows {
        let got = plan.read(written);
        let fits = match (expected, &got) {
            (Public(e164), Ok(r)) => r.extension.is_none() && is_public(&r.number, e164),
            (Expected::With(e164, ext), Ok(r)) => {
                r.extension.as_deref() == Some(*ext) && is_public(&r.number, e164)
            }
            (Short(code), Ok(r)) => r.number == Number::Short((*code).to_owned()),
            (Unplaced(digits), Ok(r)) => r.number == Number::Unplaced((*digits).to_owned()),
            (Wrong(problem), Err(got)) => problem == got,
            _ => false,
        };
        if !fits {
            let shown = got.map(|r| (r.look_up_key().map(|n| n.to_string()), r));
            wrong.push(format!("{written:?}: expected {expected:?}, got {shown:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_public(number: &Number, e164: &str) -> bool {
    matches!(number, Number::Public(number) if number.to_string() == e164)
}

#[test]
fn numbers_as_they_reach_a_moscow_telephone() {
    use Expected::With;
    check(
        &moscow(),
        &[
            // With 8, +7, without anything.
            ("+79161234567", Public("+79161234567")),
            ("79161234567", Public("+79161234567")),
            ("89161234567", Public("+79161234567")),
            ("9161234567", Public("+79161234567")),
            ("84951234567", Public("+74951234567")),
            ("4951234567", Public("+74951234567")),
            ("78001234567", Public("+78001234567")),
            ("88001234567", Public("+78001234567")),
            ("8001234567", Public("+78001234567")),
            ("1234567", Public("+74951234567")),
            ("123-45-67", Public("+74951234567")),
            // As people write.
            ("8 (916) 123-45-67", Public("+79161234567")),
            ("+7 916 123 45 67", Public("+79161234567")),
            ("8-916-123-45-67", Public("+79161234567")),
            ("8.916.123.45.67", Public("+79161234567")),
            ("8/916/1234567", Public("+79161234567")),
            ("8~916~1234567", Public("+79161234567")),
            ("+7 [916] 123 45 67", Public("+79161234567")),
            ("\u{202A}+7 916 123\u{2011}45\u{2011}67\u{202C}", Public("+79161234567")),
            ("8\u{A0}916\u{202F}123\u{2009}45\u{2013}67", Public("+79161234567")),
            ("  +7 (495) 123-45-67\t", Public("+74951234567")),
            ("\u{FF0B}\u{FF17}\u{FF19}161234567", Public("+79161234567")),
            ("+7 8 495 123-45-67", Public("+74951234567")),
            ("+7 (8) 495 123-45-67", Public("+74951234567")),
            ("+8 916 123-45-67", Public("+79161234567")),
            // Kazakhstan shares the calling code.
            ("87011234567", Public("+77011234567")),
            // Abroad.
            ("8108210 1234 5678", Public("+821012345678")),
            ("8~10 82 2 1234 5678", Public("+82212345678")),
            ("8 10 49 30 123456", Public("+4930123456")),
            ("+8 10 82 10 1234 5678", Public("+821012345678")),
            ("+8~10 998 90 123-45-67", Public("+998901234567")),
            ("+810 86 138 0013 8000", Public("+8613800138000")),
            ("+81 3 1234 5678", Public("+81312345678")),
            ("+81 (0)90 1234 5678", Public("+819012345678")),
            ("+82 10-1234-5678", Public("+821012345678")),
            ("+82 (0)10-1234-5678", Public("+821012345678")),
            ("+82 010 1234 5678", Public("+821012345678")),
            ("+49 (0)30 123456", Public("+4930123456")),
            ("+375 29 123-45-67", Public("+375291234567")),
            ("+1 (212) 555-0199", Public("+12125550199")),
            ("821012345678", Public("+821012345678")),
            ("82212345678", Public("+82212345678")),
            ("380501234567", Public("+380501234567")),
            // The PBX puts its outside prefix before the caller's number.
            ("989161234567", Public("+79161234567")),
            ("99161234567", Public("+79161234567")),
            ("979161234567", Public("+79161234567")),
            ("94951234567", Public("+74951234567")),
            ("91234567", Public("+74951234567")),
            ("9 810 82 10 1234 5678", Public("+821012345678")),
            ("9+79161234567", Public("+79161234567")),
            // URIs.
            ("tel:+7-916-123-45-67", Public("+79161234567")),
            ("TEL:89161234567", Public("+79161234567")),
            ("tel:9161234567;phone-context=+7", Public("+79161234567")),
            ("tel:89161234567;phone-context=+7", Public("+79161234567")),
            ("tel:1234567;phone-context=+7495", Public("+74951234567")),
            ("tel:1234567;phone-context=+7-495", Public("+74951234567")),
            ("tel:201;phone-context=pbx.example.com", Short("201")),
            ("tel:112;phone-context=+7", Short("112")),
            ("tel:+74951234567;ext=204", With("+74951234567", "204")),
            ("sip:%2B79161234567@pbx.example.com;user=phone", Public("+79161234567")),
            ("sip:+79161234567@10.0.0.1:5060;transport=tcp", Public("+79161234567")),
            ("sips:89161234567:secret@pbx", Public("+79161234567")),
            ("\"Иван\" <sip:+79161234567@pbx>;tag=1", Public("+79161234567")),
            ("sip:9161234567;phone-context=+7@gw", Public("+79161234567")),
            ("sip:201@pbx", Short("201")),
            ("89161234567@pbx.example.com", Public("+79161234567")),
            ("%2B79161234567", Public("+79161234567")),
            ("%2b7%20916%201234567", Public("+79161234567")),
            // Extensions.
            ("+7 495 123-45-67 доб. 123", With("+74951234567", "123")),
            ("8 495 1234567 доб 12", With("+74951234567", "12")),
            ("84951234567, добавочный 7", With("+74951234567", "7")),
            ("8 (495) 123-45-67 вн. 305", With("+74951234567", "305")),
            ("+74951234567 ext. 123", With("+74951234567", "123")),
            ("+74951234567 Ext 123", With("+74951234567", "123")),
            ("+74951234567x123", With("+74951234567", "123")),
            ("+74951234567#123", With("+74951234567", "123")),
            ("84951234567,,123", With("+74951234567", "123")),
            ("84951234567 (доб. 123)", With("+74951234567", "123")),
            // Internal, emergency, service, feature codes.
            ("201", Short("201")),
            ("2-01", Short("201")),
            ("10101", Short("10101")),
            ("112", Short("112")),
            ("02", Short("02")),
            ("9112", Short("9112")),
            ("*8", Short("*8")),
            ("*72#", Short("*72#")),
            ("#31#89161234567", Short("#31#89161234567")),
            // Nobody's.
            ("123456", Unplaced("123456")),
            ("00012345678901", Unplaced("00012345678901")),
            ("anonymous", Wrong(NumberProblem::NotANumber)),
            ("sip:anonymous@anonymous.invalid", Wrong(NumberProblem::NotANumber)),
            ("Restricted", Wrong(NumberProblem::NotANumber)),
            ("+", Wrong(NumberProblem::NotANumber)),
            ("+7 916 123 45 6", Wrong(NumberProblem::NotANumber)),
            ("+7 916 123 45 67 8", Wrong(NumberProblem::NotANumber)),
            ("+999 12345678", Wrong(NumberProblem::NotANumber)),
            ("8+79161234567", Wrong(NumberProblem::NotANumber)),
            ("++79161234567", Wrong(NumberProblem::NotANumber)),
            ("8916123456a", Wrong(NumberProblem::NotANumber)),
            ("%zz79161234567", Wrong(NumberProblem::NotANumber)),
            ("٨٩١٦١٢٣٤٥٦٧", Wrong(NumberProblem::NotANumber)),
            ("", Wrong(NumberProblem::Empty)),
            (" \u{200B} ()", Wrong(NumberProblem::Empty)),
            ("1234567890123456789012345678901234", Wrong(NumberProblem::TooLong)),
        ],
    );
}

#[test]
fn numbers_as_they_reach_a_seoul_telephone() {
    use Expected::With;
    check(
        &seoul(),
        &[
            ("010-1234-5678", Public("+821012345678")),
            ("01012345678", Public("+821012345678")),
            ("1012345678", Public("+821012345678")),
            ("+82 10-1234-5678", Public("+821012345678")),
            ("+82 010-1234-5678", Public("+821012345678")),
            ("821012345678", Public("+821012345678")),
            ("82-2-123-4567", Public("+8221234567")),
            ("+010 1234 5678", Public("+821012345678")),
            ("02-123-4567", Public("+8221234567")),
            ("02-1234-5678", Public("+82212345678")),
            ("(02) 1234-5678", Public("+82212345678")),
            ("1234-5678", Public("+82212345678")),
            ("031-123-4567", Public("+82311234567")),
            ("051 1234 5678", Public("+825112345678")),
            ("070-1234-5678", Public("+827012345678")),
            ("080-123-4567", Public("+82801234567")),
            ("0505-123-4567", Public("+825051234567")),
            ("0507-1234-5678", Public("+8250712345678")),
            ("1588-1234", Public("+8215881234")),
            ("+82 1588 1234", Public("+8215881234")),
            ("001 7 916 123 45 67", Public("+79161234567")),
            ("002-1-212-555-0199", Public("+12125550199")),
            ("00700-7-916-123-45-67", Public("+79161234567")),
            ("+7 916 123 45 67", Public("+79161234567")),
            ("79161234567", Public("+79161234567")),
            ("9 010 1234 5678", Public("+821012345678")),
            ("9 001 7 916 123 45 67", Public("+79161234567")),
            ("010-1234-5678 내선 12", With("+821012345678", "12")),
            ("02-1234-5678 (내선번호: 305)", With("+82212345678", "305")),
            ("tel:010-1234-5678;phone-context=+82", Public("+821012345678")),
            ("\u{FF10}\u{FF11}\u{FF10}\u{FF0D}1234\u{FF0D}5678", Public("+821012345678")),
            ("112", Short("112")),
            ("119", Short("119")),
            ("1330", Short("1330")),
            ("201", Short("201")),
            ("020-1234-567", Unplaced("0201234567")),
        ],
    );
}

#[test]
fn numbers_elsewhere() {
    check(
        &NumberingPlan::new(49).unwrap(),
        &[
            ("030 123456", Public("+4930123456")),
            ("0049 30 123456", Public("+4930123456")),
            ("007 916 123 45 67", Public("+79161234567")),
            // Without its trunk prefix a number of a country that we know little of could be anything.
            ("30123456", Unplaced("30123456")),
        ],
    );
    check(
        &NumberingPlan::new(1).unwrap(),
        &[
            ("(212) 555-0199", Public("+12125550199")),
            ("1-212-555-0199", Public("+12125550199")),
            ("011 7 916 123 45 67", Public("+79161234567")),
            ("911", Short("911")),
        ],
    );
    check(
        &NumberingPlan::new(375).unwrap(),
        &[
            ("8 029 123-45-67", Public("+375291234567")),
            ("810 7 916 123 45 67", Public("+79161234567")),
            ("375 29 1234567", Public("+375291234567")),
        ],
    );
}

#[test]
fn without_area_code_and_outside_prefix_local_numbers_are_not_guessed() {
    check(
        &NumberingPlan::russia(),
        &[
            ("1234567", Unplaced("1234567")),
            ("99161234567", Unplaced("99161234567")),
            // Sri Lanka's, since nothing says that a 9 may stand before it.
            ("94951234567", Public("+94951234567")),
        ],
    );
}

#[test]
fn what_is_typed_becomes_what_the_pbx_wants() {
    use OutgoingFormat::{E164, E164Plus, National};
    let russia =
        |prefix: &str, outgoing| moscow().with_outside_prefix(prefix).unwrap().with_outgoing(outgoing);
    let shortest = |outgoing| russia("9", outgoing).with_short_digits(3).unwrap();
    let korea = |prefix: &str, outgoing| seoul().with_outside_prefix(prefix).unwrap().with_outgoing(outgoing);
    let rows: &[(NumberingPlan, &str, &str)] = &[
        (russia("", E164Plus), "8 (916) 123-45-67", "+79161234567"),
        (russia("9", E164Plus), "8 (916) 123-45-67", "+79161234567"),
        (russia("", E164), "8 (916) 123-45-67", "79161234567"),
        (russia("9", E164), "8 (916) 123-45-67", "979161234567"),
        (russia("", National), "+7 916 123-45-67", "89161234567"),
        (russia("9", National), "+7 916 123-45-67", "989161234567"),
        (russia("9", National), "9 8 916 123-45-67", "989161234567"),
        (russia("9", National), "123-45-67", "984951234567"),
        (russia("9", National), "+82 10 1234 5678", "9810821012345678"),
        (russia("", National), "8 10 82 10 1234 5678", "810821012345678"),
        (russia("9", E164Plus), "810 1 212 555 0199", "+12125550199"),
        (russia("9", National), "201", "201"),
        (russia("9", National), "112", "112"),
        (shortest(E164Plus), "112", "112"),
        (shortest(E164), "112", "112"),
        (shortest(National), "112", "112"),
        (shortest(National), "9112", "9112"),
        (russia("9", National), "02", "02"),
        (russia("9", National), "*8201", "*8201"),
        (russia("9", National), "#31#", "#31#"),
        (russia("9", National), "tel:+7-916-123-45-67", "989161234567"),
        (russia("9", National), "123456", "9123456"),
        (russia("9", National), "9123456", "984959123456"),
        (russia("9", National), "00012345678901", "900012345678901"),
        (russia("0", National), "00012345678901", "00012345678901"),
        (russia("9", E164Plus), "operator1", "operator1"),
        (russia("9", E164Plus), "sip:200@example.com", "sip:200@example.com"),
        (russia("9", E164Plus), "SIPS:alice@example.com:5061", "SIPS:alice@example.com:5061"),
        (korea("", National), "+82 10-1234-5678", "01012345678"),
        (korea("9", National), "010-1234-5678", "901012345678"),
        (korea("", National), "02-1234-5678", "0212345678"),
        (korea("", National), "1588-1234", "15881234"),
        (korea("", National), "+7 916 123-45-67", "00179161234567"),
        (korea("", E164), "010-1234-5678", "821012345678"),
        (korea("9", National), "119", "119"),
        (
            korea("", National).with_international_prefix("00700").unwrap(),
            "+7 916 123-45-67",
            "0070079161234567",
        ),
    ];
    for (plan, typed, sent) in rows {
        let dialable = plan.dial(typed).unwrap_or_else(|problem| panic!("{typed}: {problem}"));
        assert_eq!(dialable.target(), *sent, "{typed} by {plan:?}");
    }
}

#[test]
fn no_plan_touches_an_emergency_number() {
    let germany = NumberingPlan::of_country("DE").unwrap().with_area_code("30").unwrap();
    for plan in [moscow(), seoul(), germany] {
        for outgoing in [OutgoingFormat::E164Plus, OutgoingFormat::E164, OutgoingFormat::National] {
            for prefix in ["", "9", "1", "00"] {
                let plan = plan.clone().with_outgoing(outgoing).with_outside_prefix(prefix).unwrap();
                for plan in [plan.clone().with_short_digits(3).unwrap(), plan] {
                    for number in ["112", "02", "911", "119", "101"] {
                        for typed in [number.to_owned(), format!("{prefix}{number}")] {
                            assert_eq!(plan.dial(&typed).unwrap().target(), typed, "{plan:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_sent_is_read_as_the_same_number() {
    let numbers =
        ["+79161234567", "+78001234567", "+821012345678", "+8215881234", "+12125550199", "+375291234567"];
    for plan in
        [NumberingPlan::russia(), NumberingPlan::korea(), NumberingPlan::new(1).unwrap(), moscow(), seoul()]
    {
        for outgoing in [OutgoingFormat::E164Plus, OutgoingFormat::E164, OutgoingFormat::National] {
            let plan = plan.clone().with_outgoing(outgoing);
            for number in numbers {
                let sent = plan.dial(number).unwrap();
                // Without its plus sign a foreign number of ten digits is one of this country.
                let ambiguous = outgoing == OutgoingFormat::E164 && number.len() < 12;
                if !ambiguous {
                    let read = plan.look_up_key(sent.target()).map(|n| n.to_string());
                    assert_eq!(read.as_deref(), Some(number), "sent {} by {plan:?}", sent.target());
                }
            }
        }
    }
}

#[test]
fn an_extension_is_dialled_after_the_answer() {
    let dialable = moscow().dial("8 495 123-45-67 доб. 123").unwrap();
    assert_eq!((dialable.target(), dialable.after_answer()), ("+74951234567", Some("123")));
    assert_eq!(moscow().dial("201").unwrap().after_answer(), None);
}

#[test]
fn what_cannot_be_dialled_is_refused() {
    for (typed, problem) in [
        ("", NumberProblem::Empty),
        ("   ", NumberProblem::Empty),
        ("иван", NumberProblem::NotANumber),
        ("two words", NumberProblem::NotANumber),
        ("sip:a b@c", NumberProblem::NotANumber),
        ("sip:a\r\nVia: x@c", NumberProblem::NotANumber),
    ] {
        assert_eq!(moscow().dial(typed).unwrap_err(), problem, "{typed:?}");
    }
}

#[test]
fn people_see_numbers_grouped_as_their_country_does() {
    for (e164, shown) in [
        ("+79161234567", "+7 916 123-45-67"),
        ("+821012345678", "+82 10-1234-5678"),
        ("+82212345678", "+82 2-1234-5678"),
        ("+8221234567", "+82 2-123-4567"),
        ("+8215881234", "+82 1588-1234"),
        ("+8250712345678", "+82 507-1234-5678"),
        ("+12125550199", "+1 212 555-0199"),
        ("+375291234567", "+375 29 123-45-67"),
        ("+4930123456", "+49 301 234 56"),
    ] {
        assert_eq!(PhoneNumber::parse_e164(e164).unwrap().for_people(), shown);
    }
}

#[test]
fn debug_shows_calling_code_and_two_digits_at_most() {
    let number = PhoneNumber::parse_e164("+79161234507").unwrap();
    assert_eq!(format!("{number:?}"), "+7…07");
    let dialable = moscow().dial("8 916 123-45-07").unwrap();
    assert_eq!(format!("{dialable:?}"), "Dialable(+7…07)");
    assert!(!format!("{:?}", moscow().read("7654321987")).contains("7654"));
}

#[test]
fn the_wire_form_is_strict() {
    let number: PhoneNumber = serde_json::from_str("\"+79161234567\"").unwrap();
    assert_eq!(serde_json::to_string(&number).unwrap(), "\"+79161234567\"");
    for wrong in ["79161234567", "+7 916 1234567", "+7916123456", "+0791612345", "", "+", "+99912345678"] {
        assert!(PhoneNumber::parse_e164(wrong).is_err(), "{wrong}");
    }
    assert_eq!(PhoneNumber::from_u64(number.as_u64()), Some(number));
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    assert_eq!(NumberingPlan::of_country("kr"), Ok(NumberingPlan::korea()));
    assert_eq!(NumberingPlan::of_country("XX"), Err(PlanProblem::NoSuchCountry));
    assert_eq!(NumberingPlan::new(999), Err(PlanProblem::NoSuchCountry));
    assert!(moscow().with_outside_prefix("9a").is_err());
    assert!(moscow().with_area_code("1234567").is_err());
    assert!(moscow().with_short_digits(2).is_err());
}

/// Every prefix, and every place with every awkward character, of many written numbers.
#[test]
fn mutations_neither_panic_nor_lie() {
    let seeds = [
        "+7 (916) 123-45-67 доб. 123",
        "sip:%2B79161234567;phone-context=+7@pbx;user=phone",
        "tel:010-1234-5678;ext=12;phone-context=+82",
        "\"Иван\" <sips:810821012345678@h:5060>",
        "9 810 82 10 1234 5678,,99#",
        "*72#31#",
    ];
    let awkward =
        ['\0', '+', '%', ';', '<', '>', '@', ':', '#', '*', 'x', 'д', '내', '\u{FF0B}', '\u{202E}', '0', '9'];
    for plan in [moscow(), seoul(), NumberingPlan::new(49).unwrap()] {
        for seed in seeds {
            for (i, c) in seed.char_indices() {
                let (head, tail) = seed.split_at(i);
                let mut mutants =
                    vec![head.to_owned(), tail.to_owned(), format!("{head}{}", &tail[c.len_utf8()..])];
                mutants.extend(awkward.iter().map(|a| format!("{head}{a}{tail}")));
                for mutant in mutants {
                    if let Some(number) = plan.look_up_key(&mutant) {
                        assert_eq!(PhoneNumber::parse_e164(&number.to_string()), Ok(number), "{mutant:?}");
                    }
                    let _ = plan.dial(&mutant);
                }
            }
        }
    }
}

#[test]
fn a_number_that_is_half_typed_begins_a_national_one() {
    let (russia, korea) = (NumberingPlan::russia(), NumberingPlan::korea());
    let table: [(&NumberingPlan, &str, &[&str]); 10] = [
        (&russia, "8 (916) 12", &["91612"]),
        (&russia, "+7 916", &["916"]),
        (&russia, "7916123", &["916123"]),
        (&russia, "916123", &[]),
        (&russia, "8 916 123-45-67", &["9161234567"]),
        (&russia, "8", &[]),
        (&russia, "8 10 82 10 12", &["1012", "10821012"]),
        (&korea, "010-1234", &["101234"]),
        (&korea, "+82 10", &["10"]),
        (&korea, "чай", &[]),
    ];
    for (plan, typed, expected) in table {
        assert_eq!(plan.national_beginnings(typed), expected, "{typed}");
    }
}
