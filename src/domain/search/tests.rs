use super::*;

/// What is found by these keys, as the desk looks for it.
fn finds(keys: &Keys, typed: &str) -> bool {
    found_by(keys, typed).is_some()
}

/// Which reading finds it.
fn found_by(keys: &Keys, typed: &str) -> Option<usize> {
    let has = |beginning: &Beginning| {
        keys.iter().any(|(place, key)| beginning.is_of(place) && key.starts_with(&beginning.text))
    };
    let fits = |reading: &Reading| {
        let by_words = !reading.words.is_empty() && reading.words.iter().all(|word| word.iter().any(has));
        reading.whole.iter().any(has) || by_words
    };
    readings(typed, &[]).iter().position(fits)
}

fn named(name: &str) -> Keys {
    let mut keys = Keys::default();
    keys.add_name(name);
    keys
}

const NAMES: [&str; 24] = [
    "ООО «Северный ветер»",
    "ИП Щербаков Юрий",
    "АО «Хлебница»",
    "Магазин «Ёлочка» 12",
    "Цветочный рай",
    "ПАО Южный базар",
    "ТОО Жұлдыз",
    "ИП Соловьёва Наталья",
    "Объединённые пекарни",
    "Крестьянское хозяйство Мурманец",
    "Счастье и Ко",
    "Братский кооператив",
    "주식회사 한빛식품",
    "(주)대성 유통",
    "서울우유협동조합",
    "㈜새벽마트",
    "현대백화점",
    "빵굽는 작은마을",
    "North Star Foods Ltd",
    "Golden Field Trading LLC",
    "Harbour Delicatessen",
    "Quick Coffee & Co",
    "L'Oréal Professionnel",
    "GS마트 7호점",
];

/// Whoever types a name as it stands finds it at every letter, from each of its words.
#[test]
fn every_beginning_of_every_word_finds_the_name() {
    for name in NAMES {
        let keys = named(name);
        let words = legal_form::words_without(name);
        for at in 0..words.len() {
            let rest = words[at..].join(" ");
            for end in 1..=rest.chars().count() {
                let typed: String = rest.chars().take(end).collect();
                assert_eq!(found_by(&keys, &typed), Some(0), "{typed} for {name}");
                assert_eq!(found_by(&keys, &typed.to_uppercase()), Some(0), "{typed} for {name}");
            }
        }
    }
}

/// A syllable that is only begun, as a keyboard shows it.
#[test]
fn hangul_finds_the_name_at_every_keystroke() {
    for name in NAMES.into_iter().filter(|name| name.contains(hangul::is_letter)) {
        let keys = named(name);
        for word in legal_form::words_without(name).iter().filter(|word| hangul::is_hangul(word)) {
            let strokes = hangul::keystrokes(word);
            for end in 1..=strokes.chars().count() {
                let typed: String = strokes.chars().take(end).collect();
                assert_eq!(found_by(&keys, &typed), Some(0), "{typed} for {name}");
            }
        }
    }
}

#[test]
fn the_wrong_keyboard_finds_the_name_at_every_letter() {
    const AMERICAN: &str = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.";
    const RUSSIAN: &str = "ёйцукенгшщзхъфывапролджэячсмитьбю";
    let swap = |text: &str, from: &str, to: &str| -> String {
        let swap =
            |c: char| from.chars().position(|known| known == c).map_or(c, |at| to.chars().nth(at).unwrap());
        text.chars().map(swap).collect()
    };
    for name in NAMES {
        let keys = named(name);
        let words = legal_form::words_without(name).join(" ");
        for end in 3..=words.chars().count() {
            let typed: String = words.chars().take(end).collect();
            // Letters of a third keyboard, or of two at once, are beyond this.
            if typed.contains(['ұ', 'é']) || typed.contains("마") {
                continue;
            }
            let american = swap(&typed, RUSSIAN, AMERICAN);
            let wrong = if american == typed { swap(&typed, AMERICAN, RUSSIAN) } else { american };
            assert!(finds(&keys, &wrong), "{wrong} for {name}");
        }
    }
}

#[test]
fn every_convention_of_transliteration_finds_the_name() {
    let table: [(&str, &[&str]); 26] = [
        ("Щербаков", &["Shcherbakov", "Scherbakov", "Shherbakov", "Sherbakov", "Ŝerbakov", "scherb", "shch"]),
        ("Хлебница", &["Khlebnitsa", "Hlebnica", "Xlebnica", "Khlebnitsa", "Hlebnitza", "kh", "h", "x"]),
        (
            "Цветочный",
            &["Tsvetochnyy", "Cvetochnyj", "Cvetočnyj", "Tsvetochny", "Czvetochny`j", "ts", "c", "cv"],
        ),
        ("Юрий", &["Yuriy", "Jurij", "Iurii", "Yury", "Yuri", "Jury"]),
        ("Яковлева", &["Yakovleva", "Jakovleva", "Iakovleva", "Âkovleva"]),
        ("Ёлочка", &["Елочка", "Yolochka", "Jolochka", "Elochka", "Ëločka"]),
        ("Журавль", &["Zhuravl'", "Žuravlʹ", "Juravl", "zhur"]),
        ("Чайка", &["Chayka", "Chaika", "Čajka", "Chajka", "ch"]),
        ("Васильев", &["Vasilyev", "Vasil'ev", "Vasilev", "Vasiliev", "Vasil’yev"]),
        ("Наталья", &["Natalya", "Natalia", "Natal'ja", "Nataliya"]),
        ("Егорова", &["Yegorova", "Egorova", "Jegorova"]),
        ("Людмила", &["Lyudmila", "Ljudmila", "Liudmila", "Ludmila"]),
        ("Объект", &["Obyekt", "Obekt", "Ob``ekt"]),
        ("Эдуард", &["Eduard", "E`duard", "Èduard"]),
        ("Крылов", &["Krylov", "Kry`lov", "Krilov"]),
        ("Анна", &["Anna", "Ana"]),
        ("Йогурт", &["Yogurt", "Jogurt", "Iogurt"]),
        ("Мария", &["Maria", "Mariya", "Mariia", "Marija"]),
        ("Андреев", &["Andreev", "Andreyev", "Andreiev"]),
        ("Братск", &["Bratsk"]),
        ("Пётр", &["Petr", "Pyotr", "Piotr", "Петр"]),
        ("Шульц", &["Shults", "Šulʹc", "Shul`cz", "Shultz"]),
        ("Алекс", &["Alex", "Aleks"]),
        ("Фабрика", &["Fabrika", "Phabrika"]),
        ("Golden Field", &["Голден"]),
        ("North Star", &["Норт стар"]),
    ];
    for (name, typed) in table {
        let keys = named(name);
        for typed in typed {
            assert_eq!(found_by(&keys, typed), Some(0), "{typed} for {name}");
        }
    }
}

#[test]
fn korean_is_found_by_initials_by_its_sound_and_by_any_keyboard() {
    let table: [(&str, &[&str]); 12] = [
        (
            "주식회사 한빛식품",
            &[
                "한빛",
                "ㅎㅂ",
                "ㅎㅂㅅㅍ",
                "ㅎㅂ ㅅㅍ",
                "한ㅂ",
                "한비",
                "하",
                "한빛 식품",
                "hanbit",
                "hanb",
                "gksqlc",
                "GKSQLC",
            ],
        ),
        ("한국유통", &["한구", "한ㄱ", "ㅎㄱㅇㅌ", "hankook", "hanguk", "hangug", "Hankuk"]),
        (
            "(주)대성 유통",
            &[
                "대성유통",
                "대성 유통",
                "ㄷㅅㅇㅌ",
                "유통",
                "ㅇㅌ",
                "daesung",
                "daeseong",
                "eotjd",
                "ㄷㅅ ㅇㅌ",
            ],
        ),
        ("현대백화점", &["hyundai", "hyeondae", "ㅎㄷㅂㅎㅈ", "gus"]),
        ("삼성마트", &["samsung", "samseong", "tkatjd", "ㅅㅅ", "ㅅㅅㅁㅌ"]),
        ("박가네 김밥", &["park", "bak", "pakgane", "gimbap", "kimbap", "ㄱㅂ"]),
        ("빵굽는 마을", &["ㅃㄱㄴ", "ㅂㄱㄴ", "빵", "Qkd"]),
        ("갑을상회", &["ㄱㅇ", "갑", "kabul", "gabeul"]),
        ("곽씨상회", &["ㄱㅆ", "ㄳ", "과", "곽", "고"]),
        ("유재석 상회", &["유재석", "유 재석", "ㅇㅈㅅ"]),
        ("GS마트 7호점", &["gs마트", "GS 마트", "마트", "ㅁㅌ", "마트 7", "7호"]),
        ("서울우유", &["seoul", "seoulu", "tjdnf", "ㅅㅇㅇㅇ"]),
    ];
    for (name, typed) in table {
        let keys = named(name);
        for typed in typed {
            assert!(finds(&keys, typed), "{typed} for {name}");
        }
    }
    // Taken apart, as some systems keep file names and what was copied from them.
    let apart = "\u{1112}\u{1161}\u{11ab}\u{1107}\u{1175}\u{11be}";
    assert_eq!(found_by(&named("한빛"), apart), Some(0));
}

/// The Latin or Russian name is meant, and the Korean keyboard was on.
#[test]
fn names_are_found_that_were_typed_on_the_korean_keyboard() {
    assert!(finds(&named("Golden Field"), "해ㅣㅇ두"));
    assert!(finds(&named("Чайка"), "ㅌㄹㅂㄱㄹ"));
}

#[test]
fn legal_forms_need_not_be_typed_and_may_be() {
    let table = [
        ("ООО «Чайка»", &["чайка", "ооо чайка", "чайка ооо", "ООО \"Чай", "chaika", "чайка о"][..]),
        ("Общество с ограниченной ответственностью «Чайка»", &["чайка", "ооо чайка"]),
        ("주식회사한빛", &["한빛", "주식회사 한빛", "(주)한빛", "㈜한빛", "주식회사한빛"]),
        ("한빛(주)", &["한빛", "한빛 주식회사"]),
        ("North Star Ltd.", &["north star", "star", "north star ltd", "north star l"]),
        ("АО", &["ао"]),
    ];
    for (name, typed) in table {
        let keys = named(name);
        assert!(typed.iter().all(|typed| finds(&keys, typed)), "{name}");
    }
    let first: Vec<_> = named("ООО Чайка").iter().map(|(place, key)| (place, key.to_owned())).collect();
    assert_eq!(first, [(Place::Start, "qaika".to_owned())], "it begins with its first word");
}

#[test]
fn codes_and_numbers_are_found_however_they_are_grouped() {
    let mut keys = Keys::default();
    keys.add_code("Д-12/2024-К");
    keys.add_code("123-45-67890");
    keys.add_number("4600000001001");
    keys.add_phone("9161234567", "79161234567");
    for typed in [
        "Д-12",
        "д12",
        "2024",
        "d-12/2024",
        "12345",
        "123-45",
        "1234567890",
        "67890",
        "460000000",
        "1001",
        "01001",
        "9161",
        "916 123-45-67",
        "4567",
        "45-67",
        "123-45-67",
    ] {
        assert!(finds(&keys, typed), "{typed}");
    }
    assert!(!finds(&keys, "567"), "three digits end too many numbers");
    assert!(!finds(&keys, "1235"));
    let nationals = ["916123".to_owned()];
    let whole = &readings("8 (916) 123", &nationals)[0].whole;
    assert!(whole.iter().any(|beginning| beginning.text == "916123"));
}

#[test]
fn words_stand_in_any_order_and_all_must_fit() {
    let keys = named("Магазин «Северный ветер» 12");
    for typed in ["северный ветер", "ветер северный", "сев вет", "12 ветер", "vet sev", "маг 12"]
    {
        assert_eq!(found_by(&keys, typed), Some(0), "{typed}");
    }
    assert!(!finds(&keys, "северный восток"));
    assert!(!finds(&keys, "ветер 13"));
    let keys = named("Товарищество собственников недвижимости на набережной 12");
    assert!(finds(&keys, "товарищество собственников недвижимости на набережной 12"));
    assert!(!finds(&keys, "товарищество собственников недвижимости на набережной 13"), "longer than a key");
}

#[test]
fn what_stands_there_comes_before_guesses() {
    let first = |typed: &str| readings(typed, &[])[0].whole[0].text.clone();
    assert_eq!(first("xfqrf"), "ksfkrf", "as it stands there");
    assert_eq!(readings("xfqrf", &[])[1].whole[0].text, "qaika", "as a Russian keyboard has it");
    assert!(readings("...", &[]).iter().all(|reading| !reading.whole.is_empty()));
    assert_eq!(readings("", &[]), []);
    assert_eq!(readings(" \"«», ", &[]).len(), 1, "two of these keys are Russian letters");
}

/// Whatever is written and typed: keys and beginnings are short, and hold nothing that an index could take for something else.
#[test]
fn anything_can_be_written_and_typed() {
    let long = "Ж".repeat(5000);
    for text in [
        "",
        "\0",
        "%_!\\",
        "~~",
        "👩‍👩‍👧",
        "ЪЬ",
        "İI",
        "ﬁ",
        "日本",
        "١٢٣",
        "ㄳㅘ",
        "\u{1161}",
        &long,
        "a b c d e f g h i j k l m n o",
    ] {
        check(text);
    }
}

fn check(text: &str) {
    let mut keys = Keys::default();
    keys.add_name(text);
    keys.add_other(text);
    keys.add_code(text);
    keys.add_number(text);
    let is_plain = |key: &str| {
        !key.is_empty()
            && key.chars().count() <= LONGEST_KEY
            && key.chars().all(|c| c.is_alphanumeric() || c == ' ' || c == SOUND)
    };
    assert!(keys.iter().all(|(_, key)| is_plain(key)), "{text}");
    for reading in readings(text, &[]) {
        let mut all = reading.whole.iter().chain(reading.words.iter().flatten());
        assert!(all.all(|beginning| is_plain(&beginning.text)), "{text}");
    }
}
