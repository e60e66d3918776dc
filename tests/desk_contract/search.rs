//! What an operator types finds clients and products, whatever the alphabet or the keyboard.

use serde_json::json;
use uuid::Uuid;

use super::fixture::{Desk, call, call_path, new_call_id, random};
use patchcord::desk_api::Goods;

/// So many signs that nobody else's name has, of those from `first` on.
fn mark(first: char, letters: u32, length: usize) -> String {
    let mut left = random();
    let letter = |_| {
        let next = u32::try_from(left % u128::from(letters)).unwrap();
        left /= u128::from(letters);
        char::from_u32(u32::from(first) + next).unwrap()
    };
    (0..length).map(letter).collect()
}

fn digits(length: usize) -> String {
    mark('0', 10, length)
}

/// The first of those found.
fn first(desk: &Desk, typed: &str) -> Option<String> {
    desk.names(&[("q", typed)]).into_iter().next()
}

#[test]
fn a_client_is_found_by_initial_consonants() {
    let desk = Desk::own(&[]);
    desk.add_client("주식회사 한빛식품", &[]);
    desk.add_client("한국 유통", &[]);
    for (typed, expected) in [
        ("ㅎㅂ", "주식회사 한빛식품"),
        ("ㅎㅂㅅㅍ", "주식회사 한빛식품"),
        ("ㅎㄱㅇㅌ", "한국 유통"),
        ("ㅎㄱ ㅇㅌ", "한국 유통"),
        ("한ㄱ", "한국 유통"),
        ("한구", "한국 유통"),
        ("한비", "주식회사 한빛식품"),
    ] {
        assert_eq!(desk.names(&[("q", typed)]), [expected], "{typed}");
    }
    assert_eq!(desk.names(&[("q", "ㅎ")]).len(), 2);
}

#[test]
fn a_client_is_found_that_was_typed_on_the_wrong_keyboard() {
    let desk = Desk::own(&[]);
    desk.add_client("ООО «Чайка»", &[]);
    desk.add_client("North Star Ltd", &[]);
    desk.add_client("한빛식품", &[]);
    for (typed, expected) in [
        ("xfqrf", "ООО «Чайка»"),
        ("XFQ", "ООО «Чайка»"),
        ("тщкер ыефк", "North Star Ltd"),
        ("gksqlc", "한빛식품"),
        ("ㅜㅐㄳㅗ", "North Star Ltd"),
        ("плыйдс", "한빛식품"),
    ] {
        assert_eq!(first(&desk, typed).as_deref(), Some(expected), "{typed}");
    }
}

#[test]
fn a_client_is_found_in_another_alphabet() {
    let desk = Desk::own(&[]);
    for name in ["ИП Щербакова Юлия", "АО «Хлебница»", "(주)대성유통", "Golden Field Trading LLC"]
    {
        desk.add_client(name, &[]);
    }
    for (typed, expected) in [
        ("shcherb", "ИП Щербакова Юлия"),
        ("scherbakova yu", "ИП Щербакова Юлия"),
        ("julia", "ИП Щербакова Юлия"),
        ("khleb", "АО «Хлебница»"),
        ("hlebnica", "АО «Хлебница»"),
        ("daesung", "(주)대성유통"),
        ("голден", "Golden Field Trading LLC"),
    ] {
        assert_eq!(desk.names(&[("q", typed)]), [expected], "{typed}");
    }
}

#[test]
fn a_client_is_found_by_the_last_four_digits_and_by_the_beginning_of_the_number() {
    let desk = Desk::own(&[]);
    desk.add_client("Russian", &["8 (916) 123-45-67"]);
    desk.add_client("Korean", &["+82 10-2345-6789"]);
    desk.add_client("Unreadable", &["местный 40917"]);
    for (typed, expected) in [
        ("4567", "Russian"),
        ("45-67", "Russian"),
        ("123-45-67", "Russian"),
        ("8 916 123", "Russian"),
        ("+7 916", "Russian"),
        ("916123", "Russian"),
        ("+79161234567", "Russian"),
        ("6789", "Korean"),
        ("+82 10 23", "Korean"),
        ("10-2345", "Korean"),
        ("0917", "Unreadable"),
    ] {
        assert_eq!(desk.names(&[("q", typed)]), [expected], "{typed}");
    }
    let id = desk.add_client("Moved", &["8 (917) 777-88-99"]);
    desk.put("admin", &format!("/v1/clients/{id}"), &desk.client("Moved", &["8 (917) 777-88-11"]));
    assert!(desk.names(&[("q", "8899")]).is_empty(), "a number of before");
    assert_eq!(desk.names(&[("q", "8811")]), ["Moved"]);
}

#[test]
fn a_client_is_found_by_tax_number_contract_legal_entity_and_people() {
    let desk = Desk::examined();
    let (inn, contract, entity) = (digits(10), format!("Д-{}/26", digits(8)), mark('а', 20, 12));
    let id = Uuid::from_u128(random());
    let person = mark('а', 20, 12);
    let mut client = desk.client("Client of many papers", &[]);
    client["contacts"] = json!([{"name": format!("{person} Ольга")}]);
    assert_eq!(desk.put("admin", &format!("/v1/clients/{id}"), &client).status, 201);
    let account = json!({"currency": "RUB", "terms": "unlimited"});
    let trade = json!({"entities": [{
        "id": "main", "name": format!("ООО «{entity}»"), "tax_number": inn, "contracts": [contract], "account": account,
    }]});
    let path = format!("/v1/clients/{id}/trade");
    let reply = desk.put("service", &path, &trade);
    assert_eq!(reply.status, 200, "{}", reply.text);
    for typed in [&inn, &contract, &contract.replace('-', ""), &entity, &person, &format!("ольга {person}")]
    {
        assert_eq!(desk.names(&[("q", typed)]), ["Client of many papers"], "{typed}");
    }
    assert_eq!(desk.get("service", &path, &[]).body["entities"][0]["tax_number"], json!(inn));
    desk.put("service", &path, &json!({}));
    assert!(desk.names(&[("q", &inn)]).is_empty());
    let long =
        json!({"entities": [{"id": "main", "name": "x", "tax_number": "1".repeat(101), "account": account}]});
    desk.put("service", &path, &long).assert_field("entities[0].tax_number", "too_long");
}

#[test]
fn whole_words_come_first_and_of_equals_whoever_called_last() {
    let desk = Desk::own(&[]);
    let word = mark('а', 20, 10);
    for name in ["А", "Б"] {
        desk.add_client(&format!("{word}ов {name}"), &[]);
    }
    let called = desk.add_client(&format!("{word}ов Я"), &[]);
    desk.add_client(&format!("Магазин {word}"), &[]);
    desk.add_client(&word, &[]);
    let id = new_call_id();
    let mut entry = call(id, 1);
    entry["client"] = json!(called);
    assert_eq!(desk.put("operator", &call_path(id), &entry).status, 201);
    let expected = ["", "Магазин ", "ов Я", "ов А", "ов Б"].map(|more| match more.strip_suffix(' ') {
        Some(before) => format!("{before} {word}"),
        None => format!("{word}{more}"),
    });
    assert_eq!(desk.names(&[("q", &word)]), expected);
}

#[test]
fn all_words_must_fit_in_any_order_and_a_legal_form_none() {
    let desk = Desk::own(&["--sample", "2000"]);
    desk.add_client("ООО «Северный ветер плюс»", &[]);
    for typed in ["ветер плюс", "плюс северный", "ооо сев плюс", "plus veter", "gk.c ctd"]
    {
        assert_eq!(desk.names(&[("q", typed)]), ["ООО «Северный ветер плюс»"], "{typed}");
    }
    assert!(desk.names(&[("q", "северный минус")]).is_empty());
    for typed in ["о", "a", "ㅎ", "магазин", "ип а", "8", "маг ч"] {
        let found = desk.names(&[("q", typed)]).len();
        assert!((1..=20).contains(&found), "{typed}: {found}");
    }
}

#[test]
fn a_product_is_found_by_name_article_barcode_and_synonym_in_any_alphabet_or_keyboard() {
    let desk = Desk::own(&["--sample", "3"]);
    let found = |q: &str| {
        let reply = desk.get("operator", "/v1/products", &[("q", q)]);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let products: Vec<Goods> = serde_json::from_value(reply.body["products"].clone()).unwrap();
        products.into_iter().map(|goods| goods.product.name).collect::<Vec<_>>()
    };
    for typed in ["гречка", "grechka", "grech", "uhtxrf", "buckwheat", "игслцруфе", "buck"] {
        let names = found(typed);
        assert_eq!(names.len(), 4, "{typed}: {names:?}");
        assert!(names.iter().all(|name| name.starts_with("Гречка")), "{typed}");
    }
    assert_eq!(found("grechka sev"), ["Гречка ядрица «Северный»"]);
    assert_eq!(found("1006"), ["Гречка ядрица «Домашний»"]);
    assert_eq!(found("4600000001006"), ["Гречка ядрица «Домашний»"]);
    assert_eq!(found("01006"), ["Гречка ядрица «Домашний»"], "the end of a barcode");
}
