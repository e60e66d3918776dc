//! `patchcord-desk import`: files as the company's other programs write them.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use super::fixture::{Desk, Folder, run};

fn import(database: &str, more: &[&str]) -> Output {
    run(&[&["import", "--database", database], more].concat())
}

/// What was said on stdout, after it went as expected.
fn said(output: Output, code: i32) -> String {
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    out
}

fn samples() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/import").display().to_string()
}

/// A desk with the sample's people, whose clients and goods are in the way of nobody.
fn company() -> Desk {
    Desk::own(&["--sample", "1"])
}

fn file(folder: &Folder, name: &str, octets: &[u8]) -> String {
    let path = folder.path(name);
    std::fs::write(&path, octets).unwrap();
    path.display().to_string()
}

fn number(text: &Value) -> rust_decimal::Decimal {
    text.as_str().unwrap().parse().unwrap()
}

fn client_id(desk: &Desk, phone: &str) -> String {
    let found = desk.get("operator", "/v1/clients", &[("phone", phone)]);
    found.body["clients"][0]["id"].as_str().unwrap_or_else(|| panic!("{}", found.text)).to_owned()
}

#[test]
fn the_samples_come_into_a_desk_that_serves_and_change_nothing_the_second_time() {
    let desk = company();
    let database = desk.folder.database();
    let dry = said(import(&database, &[&samples(), "--dry-run", "--json"]), 0);
    let dry: Value = serde_json::from_str(&dry).unwrap();
    assert_eq!((&dry["written"], &dry["faults"]), (&json!(false), &json!(0)));
    assert_eq!(desk.names(&[("q", "Берёзка")]), [""; 0], "a trial writes nothing");
    let done = said(import(&database, &[&samples(), "--json"]), 0);
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done["files"], dry["files"], "what was done is what was told");
    assert_eq!(done["files"].as_array().unwrap().len(), 5);

    let id = client_id(&desk, "+7 495 123 45 67");
    let card = desk.get("operator", &format!("/v1/clients/{id}"), &[]).body;
    assert_eq!(card["manager"]["id"], "petrov");
    assert_eq!(card["note"], "Звонить до обеда.\nЗаезд со двора.");
    assert_eq!(card["price_column"], json!({"name": "2", "why": "contract"}));
    assert_eq!(card["standing"]["overdue"], "0");
    let terms = desk.get("operator", &format!("/v1/clients/{id}/terms"), &[]).body;
    let payers: Vec<_> = terms["payers"].as_array().unwrap().iter().map(|payer| &payer["id"]).collect();
    assert_eq!(payers, ["OOO", "IP"]);
    assert_eq!(terms["payers"][0]["standing"]["credit_left"], "101799.5");
    assert_eq!(terms["payers"][1]["is_prepaid"], true);
    assert_eq!(terms["payers"][0]["payments_until"], "2026-11-28");
    assert_eq!(terms["permissions"], json!(["alcohol"]));
    let goods = desk.get("operator", "/v1/products", &[("q", "4690000000101"), ("client", &id)]).body;
    let goods = &goods["products"][0];
    assert_eq!((&goods["product"]["code"], &goods["prices"]["contract"]), (&json!("T-100"), &json!("170")));
    assert_eq!(goods["prices"]["columns"]["3"], "166.3");
    assert_eq!(goods["product"]["packings"][0]["unit"], "case");
    assert_eq!(goods["product"]["substitutes"].as_array().unwrap().len(), 1);
    let debtor = client_id(&desk, "89160000002");
    let card = desk.get("operator", &format!("/v1/clients/{debtor}"), &[]).body;
    assert_eq!(
        (&card["standing"]["overdue"], &card["standing"]["credit_left"]),
        (&json!("12000"), &json!("1500"))
    );

    let again = said(import(&database, &[&samples(), "--json"]), 0);
    let again: Value = serde_json::from_str(&again).unwrap();
    for file in again["files"].as_array().unwrap() {
        assert_eq!(
            (&file["made"], &file["changed"], &file["gone"]),
            (&json!(0), &json!(0), &json!(0)),
            "{file}"
        );
        assert_eq!(file["unchanged"], file["rows"]);
    }
}

#[test]
fn all_faults_are_told_by_file_row_and_column_and_nothing_is_written() {
    let desk = company();
    let folder = &desk.folder;
    let clients = "code;name;type;phones;manager;time_zone\n\
        A1;Good;market;89160000101;ivanova;\n\
        ;Nameless;market;;;\n\
        A2;\"Two\nlines\";stall;;;\n\
        A1;Again;market;;;\n\
        A3;Far;market;8,9161E+10;nobody;Europe/Atlantis\n\
        A4;Odd phone;рыночник;by e-mail;;\n\
        A5;short;market\n";
    let products =
        "code,name,tax,case,new_since,substitutes\nP1,Tea,food,0,,P9\nP2,Rice,fodd,ten,31/12/2026,\n";
    let stock = "product,quantity,expires\nP1,\"1,234\",2027-01-01\nP1,5,\nP7,1,\nP2,-3,\n";
    let standings = "client;currency;limit;overdue;exposure\nA1;rub;1 000;5;\nA4;RUB;x;10;5\nA9;RUB;;;\n";
    let files = [
        ("--clients", file(folder, "c.csv", clients.as_bytes())),
        ("--products", file(folder, "p.csv", products.as_bytes())),
        ("--stock", file(folder, "s.csv", stock.as_bytes())),
        ("--standings", file(folder, "d.csv", standings.as_bytes())),
    ];
    let flags: Vec<&str> = files.iter().flat_map(|(flag, file)| [*flag, file.as_str()]).collect();
    let output = import(&folder.database(), &flags);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("Nothing was written"), "{told}");
    let told = said(output, 2);
    let expected = [
        ("c.csv, row 3, column “code”", "something must"),
        ("c.csv, row 4, column “type”", "“stall”. Possible: market, key"),
        ("c.csv, row 5, column “code”", "stands in row 2 already"),
        ("c.csv, row 6, column “phones”", "by a spreadsheet"),
        ("c.csv, row 6, column “manager”", "there is no “nobody”"),
        ("c.csv, row 6, column “time_zone”", "there is no “Europe/Atlantis”"),
        ("c.csv, row 7, column “phones”", "is not recognised by it"),
        ("c.csv, row 8", "3 cells instead of 6"),
        ("p.csv, row 2, column “case”", "too small"),
        ("p.csv, row 2, column “substitutes”", "there is no “P9”"),
        ("p.csv, row 3, column “tax”", "Possible: food, standard"),
        ("p.csv, row 3, column “case”", "“ten” is no number"),
        ("p.csv, row 3, column “new_since”", "is no date"),
        ("s.csv, row 3, column “product”", "stands in row 2 already"),
        ("s.csv, row 4, column “product”", "there is no “P7”"),
        ("s.csv, row 5, column “quantity”", "too small or too large"),
        ("d.csv, row 2, column “currency”", "three capital letters"),
        ("d.csv, row 3, column “limit”", "“x” is no number"),
        ("d.csv, row 3, column “overdue”", "too small or too large"),
        ("d.csv, row 4, column “client”", "there is no “A9”"),
    ];
    for (place, words) in expected {
        let line = told.lines().find(|line| line.contains(&format!("{place}: ")) && line.contains(words));
        assert!(line.is_some(), "{place}: {words}\n{told}");
    }
    assert_eq!(told.lines().filter(|line| line.contains(", row ")).count(), expected.len(), "{told}");
    assert_eq!(desk.names(&[("phone", "+79160000101")]), [""; 0]);
}

#[test]
fn faults_are_told_in_three_languages() {
    let desk = company();
    let clients = file(&desk.folder, "c.csv", "code,name,type\nA,B,C\n".as_bytes());
    for (language, words) in
        [("ru", "строка 2, столбец «type»"), ("ko", "2행"), ("en", "row 2, column “type”")]
    {
        let told = said(import(&desk.folder.database(), &["--clients", &clients, "--lang", language]), 2);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn files_of_russian_and_korean_programs_are_read_as_they_are() {
    let desk = company();
    let folder = &desk.folder;
    let russian = "Код;Наименование;Тип;Телефоны\r\n10;Кафе «Ёж»;рыночник;8 (916) 000-02-02\r\n";
    let russian = encoding_rs::WINDOWS_1251.encode(russian).0.into_owned();
    let korean = "코드\t이름\t유형\t전화번호\r\n20\t서울 카페\t시장 상인\t+82 2-312-3456\r\n";
    let korean = encoding_rs::EUC_KR.encode(korean).0.into_owned();
    let utf16: Vec<u8> =
        "\u{feff}code;name;type\r\n30;Wide;market\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (octets, encoding, name) in [
        (&russian, "windows-1251", "Кафе «Ёж»"),
        (&korean, "EUC-KR", "서울 카페"),
        (&utf16, "UTF-16LE", "Wide"),
    ] {
        let clients = file(folder, "c.csv", octets);
        let told = said(import(&folder.database(), &["--clients", &clients]), 0);
        assert!(told.contains(&format!("({encoding}, ")) && told.contains("made 1"), "{told}");
        assert_eq!(desk.names(&[("q", name)]), [name]);
    }
    let clients = file(folder, "c.csv", &russian);
    let told = said(import(&folder.database(), &["--clients", &clients, "--encoding", "utf-8"]), 2);
    assert!(told.contains("not written in UTF-8"), "{told}");
    assert_eq!(
        import(&folder.database(), &["--clients", &clients, "--encoding", "klingon"]).status.code(),
        Some(2)
    );
}

#[test]
fn entities_come_with_their_numbers_and_the_account_that_they_buy_on() {
    let desk = company();
    let folder = &desk.folder;
    let clients = file(folder, "c.csv", "code;name;type\nG1;Group;market\n".as_bytes());
    let heads = "client;entity;currency;limit;exposure;tax_number;contracts;on_account_of\n";
    let standings = |rows: &str| file(folder, "s.csv", format!("{heads}{rows}").as_bytes());
    let all = |rows: &str| {
        let standings = standings(rows);
        import(&folder.database(), &["--clients", &clients, "--standings", &standings])
    };
    // A chain of accounts, one before its row, and one that is its own.
    let wrong = "G1;A;RUB;;0;;;B\nG1;B;RUB;;0;;;\nG1;C;RUB;;0;;;C\n";
    let told = said(all(wrong), 2);
    assert!(told.contains("row 2, column “on_account_of”"), "{told}");
    assert!(told.contains("row 4, column “on_account_of”"), "{told}");

    let rows = "G1;A;RUB;1000;600;7701234567;D-17, D-18;\nG1;B;RUB;;0;7709876543;;A\n";
    said(all(rows), 0);
    for (typed, found) in [("7701234567", "Group"), ("7709876543", "Group"), ("D-18", "Group")] {
        assert_eq!(desk.names(&[("q", typed)]), [found], "{typed}");
    }
    let id = desk.get("operator", "/v1/clients", &[("q", "7701234567")]).body["clients"][0]["id"].clone();
    let terms = desk.get("operator", &format!("/v1/clients/{}/terms", id.as_str().unwrap()), &[]).body;
    for payer in terms["payers"].as_array().unwrap() {
        assert_eq!(payer["standing"]["credit_left"], "400", "{payer}");
    }
    // What the file does not say stays; what it empties is gone.
    let limits = file(folder, "l.csv", "client;entity;currency;limit\nG1;A;RUB;2000\n".as_bytes());
    said(import(&folder.database(), &["--standings", &limits]), 0);
    assert_eq!(desk.names(&[("q", "D-17")]), ["Group"]);
    said(all("G1;A;RUB;1000;600;7701234567;;\n"), 0);
    assert_eq!(desk.names(&[("q", "D-17")]), [""; 0]);
}

#[test]
fn the_limit_of_a_card_is_one_for_all_legal_entities_that_come_without_limits() {
    let desk = company();
    let folder = &desk.folder;
    let clients = file(folder, "c.csv", "code;name;type\nG1;Group;market\n".as_bytes());
    said(import(&folder.database(), &["--clients", &clients]), 0);
    let found = desk.get("operator", "/v1/clients", &[("q", "Group")]);
    let id = found.body["clients"][0]["id"].as_str().unwrap().to_owned();
    let mut client = desk.client("Group", &[]);
    client["standing"] = json!({"currency": "RUB", "limit": "100000", "credit_left": "100000", "exposure": "0",
        "overdue": "0", "over_limit": "0"});
    assert_eq!(desk.put("admin", &format!("/v1/clients/{id}"), &client).status, 200);
    let standings = |rows: &str| {
        let file = file(folder, "s.csv", rows.as_bytes());
        import(&folder.database(), &["--standings", &file, "--json"])
    };
    let card =
        |name: &str| number(&desk.get("operator", &format!("/v1/clients/{id}"), &[]).body["standing"][name]);
    let payers = |name: &str| {
        let terms = desk.get("operator", &format!("/v1/clients/{id}/terms"), &[]).body;
        let payers = terms["payers"].as_array().unwrap().clone();
        let of = |payer: &Value| (payer["id"].as_str().unwrap().to_owned(), number(&payer["standing"][name]));
        payers.iter().map(of).collect::<Vec<_>>()
    };
    let all = |amount: i64| ["A", "B", "C"].map(|payer| (payer.to_owned(), amount.into())).to_vec();
    let rows =
        "client;entity;currency;exposure;overdue\nG1;A;RUB;10000;0\nG1;B;RUB;20000;500\nG1;C;RUB;5000;0\n";
    said(standings(rows), 0);
    assert_eq!((card("limit"), payers("limit")), (100_000.into(), all(100_000)));
    // What each of them owes is owed on the one account.
    assert_eq!((card("credit_left"), payers("credit_left")), (65_000.into(), all(65_000)));
    assert_eq!((card("exposure"), card("overdue"), payers("overdue")), (35_000.into(), 500.into(), all(500)));
    let again: Value = serde_json::from_str(&said(standings(rows), 0)).unwrap();
    let standings_of = again["files"].as_array().unwrap()[0].clone();
    assert_eq!((&standings_of["changed"], &standings_of["made"]), (&json!(0), &json!(0)), "{again}");
    // A new day's debts take the place of the old ones.
    said(standings("client;entity;currency;exposure;overdue\nG1;B;RUB;1000;0\n"), 0);
    assert_eq!((card("credit_left"), payers("credit_left")), (84_000.into(), all(84_000)));
    // One with a limit of its own has its own account.
    said(standings("client;entity;currency;limit;on_account_of\nG1;C;RUB;7000;\n"), 0);
    assert_eq!((card("limit"), card("credit_left")), (107_000.into(), 91_000.into()));
    assert_eq!(payers("credit_left")[2], ("C".to_owned(), 2000.into()));
    // Who comes later without a limit brings none with it, and one that the file sets apart has none.
    said(standings("client;entity;currency\nG1;D;RUB\n"), 0);
    said(standings("client;entity;currency;on_account_of\nG1;E;RUB;\n"), 0);
    assert_eq!(card("limit"), 107_000.into());
    assert_eq!(payers("credit_left")[3..], [("D".to_owned(), 89_000.into()), ("E".to_owned(), 0.into())]);
}

/// Books that know what a group owes together say it of each legal entity.
#[test]
fn a_debt_of_a_group_that_each_row_repeats_counts_once() {
    let desk = company();
    let folder = &desk.folder;
    let clients = file(folder, "c.csv", "code;name;type\nG1;Group;market\n".as_bytes());
    let all = |rows: &str| {
        let standings = file(folder, "s.csv", rows.as_bytes());
        let flags = ["--clients", &clients, "--standings", &standings, "--json"];
        let told: Value = serde_json::from_str(&said(import(&folder.database(), &flags), 0)).unwrap();
        let found = desk.get("operator", "/v1/clients", &[("q", "Group")]);
        let standing = found.body["clients"][0]["standing"].clone();
        let id = found.body["clients"][0]["id"].as_str().unwrap().to_owned();
        let terms = desk.get("operator", &format!("/v1/clients/{id}/terms"), &[]).body;
        for payer in terms["payers"].as_array().unwrap() {
            assert_eq!(
                number(&payer["standing"]["credit_left"]),
                number(&standing["credit_left"]),
                "{payer}"
            );
        }
        let amounts = ["exposure", "overdue", "credit_left"].map(|name| number(&standing[name]));
        (amounts.map(|amount| amount.to_string().parse::<i64>().unwrap()), told)
    };
    let heads = "client;entity;currency;limit;exposure;overdue;on_account_of";
    let repeated = format!("{heads}\nG1;A;RUB;1000;600;100;\nG1;B;RUB;;600;100;A\nG1;C;RUB;;50;0;A\n");
    for _ in 0..2 {
        let (amounts, told) = all(&repeated);
        assert_eq!(amounts, [650, 100, 350], "C owes something else");
        assert_eq!(told["remarks"], 1, "{told}");
        assert!(told.to_string().contains("stands in row 2, too"), "{told}");
    }
    let each_says = |own: [&str; 3]| {
        let [a, b, c] = own;
        all(&format!(
            "{heads};own_debt\nG1;A;RUB;1000;300;100;;{a}\nG1;B;RUB;;300;100;A;{b}\nG1;C;RUB;;50;0;A;{c}\n"
        ))
    };
    let (amounts, told) = each_says(["", "yes", "no"]);
    assert_eq!((amounts, &told["remarks"]), ([600, 200, 400], &json!(0)), "{told}");
    let (amounts, told) = each_says(["", "no", ""]);
    assert_eq!((amounts, &told["remarks"]), ([350, 100, 650], &json!(0)), "{told}");
    // Who owes nothing repeats nothing; another day's row of the account is not in this file.
    let (amounts, told) = all(&format!("{heads}\nG1;A;RUB;1000;0;0;\nG1;B;RUB;;0;0;A\nG1;C;RUB;;0;0;A\n"));
    assert_eq!((amounts, &told["remarks"]), ([0, 0, 1000], &json!(0)), "{told}");
    all(&format!("{heads}\nG1;A;RUB;1000;70;0;\n"));
    let (amounts, told) = all(&format!("{heads}\nG1;B;RUB;;70;0;A\n"));
    assert_eq!((amounts, &told["remarks"]), ([140, 0, 860], &json!(0)), "{told}");
}

#[test]
fn who_pays_first_beside_one_with_a_limit_leaves_it_as_it_is() {
    let desk = company();
    let folder = &desk.folder;
    let clients = file(folder, "c.csv", "code;name;type\nG1;Group;market\n".as_bytes());
    let rows =
        "client;entity;currency;terms;limit;exposure\nG1;A;RUB;credit;1000;400\nG1;B;RUB;prepaid;;50\n";
    let rows = file(folder, "s.csv", rows.as_bytes());
    said(import(&folder.database(), &["--clients", &clients]), 0);
    said(import(&folder.database(), &["--standings", &rows]), 0);
    let found = desk.get("operator", "/v1/clients", &[("q", "Group")]);
    let standing = &found.body["clients"][0]["standing"];
    let amounts = ["limit", "credit_left", "exposure"].map(|name| number(&standing[name]));
    assert_eq!(amounts, [1000.into(), 600.into(), 450.into()], "{standing}");
}

#[test]
fn a_row_of_one_entity_says_nothing_of_the_card_and_of_the_others() {
    let desk = company();
    let folder = &desk.folder;
    let clients = file(folder, "c.csv", "code;name;type\nG1;Group;market\nG2;Shop;market\n".as_bytes());
    said(import(&folder.database(), &["--clients", &clients]), 0);
    let id = |name: &str| {
        let found = desk.get("operator", "/v1/clients", &[("q", name)]);
        found.body["clients"][0]["id"].as_str().unwrap_or_else(|| panic!("{}", found.text)).to_owned()
    };
    let ids = [id("Group"), id("Shop")];
    for (id, name) in ids.iter().zip(["Group", "Shop"]) {
        let mut client = desk.client(name, &[]);
        client["standing"] = json!({"currency": "RUB", "limit": "100000", "credit_left": "100000",
            "overdue": "0", "over_limit": "0"});
        assert_eq!(desk.put("admin", &format!("/v1/clients/{id}"), &client).status, 200);
    }
    let standings = |rows: &str| {
        let file = file(folder, "s.csv", rows.as_bytes());
        import(&folder.database(), &["--standings", &file])
    };
    let card = |id: &str| desk.get("operator", &format!("/v1/clients/{id}"), &[]).body["standing"].clone();
    let payer =
        |id: &str| desk.get("operator", &format!("/v1/clients/{id}/terms"), &[]).body["payers"][0].clone();
    let heads = "client;entity;currency;pays\n";
    said(standings(&format!("{heads}G1;shop;RUB;no\nG1;main;RUB;yes\nG2;shop;RUB;no\n")), 0);
    assert_eq!(number(&card(&ids[0])["limit"]), 100_000.into(), "the limit of the card holds on");
    assert_eq!(number(&payer(&ids[0])["standing"]["limit"]), 100_000.into());
    assert_eq!(payer(&ids[0])["id"], "main");
    assert_eq!(number(&card(&ids[1])["limit"]), 100_000.into(), "where none pays, the client itself does");
    // What others buy on is an account.
    let told = said(standings("client;entity;currency;on_account_of\nG1;main;RUB;shop\n"), 2);
    assert!(told.contains("row 2, column “on_account_of”"), "{told}");
    said(standings("client;entity;currency;on_account_of\nG1;other;RUB;main\n"), 0);
    let told = said(standings(&format!("{heads}G1;main;RUB;no\n")), 2);
    assert!(told.contains("row 2, column “pays”"), "{told}");
    // How they pay, column by column.
    let row = |columns: &str, cells: &str| {
        standings(&format!("client;entity;currency;{columns}\nG1;main;RUB;{cells}\n"))
    };
    let history = || payer(&ids[0])["history"].clone();
    said(
        row("paid_invoices;paid_late;days_late;last_payment;last_payment_day", "20;2;4;12000;2026-05-03"),
        0,
    );
    let told = history();
    assert_eq!(
        (&told["paid"], &told["late"], &told["days_late"]),
        (&json!(20), &json!(2), &json!(4)),
        "{told}"
    );
    let last = || {
        let last = history()["last"].clone();
        (number(&last["amount"]), last["day"].as_str().unwrap().to_owned())
    };
    assert_eq!(last(), (12_000.into(), "2026-05-03".to_owned()));
    said(row("paid_invoices", "21"), 0);
    assert_eq!((&history()["paid"], &history()["late"]), (&json!(21), &json!(2)));
    said(row("last_payment_day", "2026-05-10"), 0);
    assert_eq!(last(), (12_000.into(), "2026-05-10".to_owned()), "what a column does not say stays");
    said(row("last_payment", "500"), 0);
    assert_eq!(last(), (500.into(), "2026-05-10".to_owned()));
    for (cells, column) in [("500;", "last_payment_day"), (";2026-05-11", "last_payment")] {
        let told = said(row("last_payment;last_payment_day", cells), 2);
        assert!(told.contains(&format!("row 2, column “{column}”")), "{told}");
    }
    said(row("last_payment;last_payment_day", ";"), 0);
    assert_eq!(history()["last"], Value::Null, "an empty cell says that there is none");
}

#[test]
fn a_file_that_is_no_table_gets_a_clear_answer() {
    let desk = company();
    let folder = &desk.folder;
    let endless = [b"code,name,type\nA,\"".as_slice(), &b"x".repeat(3_000_000)].concat();
    let table: [(&[u8], &str); 7] = [
        (b"", "it is empty"),
        (b"PK\x03\x04workbook", "it is a workbook"),
        (b"\x7fELF\0\0\0", "it is no text"),
        (b"code,name\n", "the column “type” is missing"),
        (b"code,name,type,colour\n", "column “colour”: nobody knows this column"),
        (b"code,name,type,code\n", "is there twice"),
        (&endless, "a row without an end"),
    ];
    for (octets, words) in table {
        let clients = file(folder, "c.csv", octets);
        let told = said(import(&folder.database(), &["--clients", &clients]), 2);
        assert!(told.contains(words), "{words}: {told}");
    }
    let missing = folder.path("none.csv").display().to_string();
    let told = said(import(&folder.database(), &["--clients", &missing]), 2);
    assert!(told.contains("there is no such file"), "{told}");
    let whole = folder.path("").display().to_string();
    assert!(said(import(&folder.database(), &["--clients", &whole]), 2).contains("it is no text"));
    let output = import(&folder.database(), &[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--clients"));
}

#[test]
fn stock_is_the_whole_warehouse_and_prices_of_contracts_end() {
    let desk = company();
    let folder = &desk.folder;
    let database = folder.database();
    said(import(&database, &[&samples()]), 0);
    let found = |code: &str, client: &str| {
        let found = desk.get("operator", "/v1/products", &[("q", code), ("client", client)]);
        found.body["products"][0].clone()
    };
    let client = client_id(&desk, "+74951234567");
    let stock = file(folder, "s.csv", "product;quantity\nM-200;1 000,5\nT-100;0\n".as_bytes());
    let prices = "product;client;1;contract_price\nT-100;K-0001;;\nT-100;;1 189,00;\nT-101;;;\n";
    let prices = file(folder, "p.csv", prices.as_bytes());
    let told = said(import(&database, &["--stock", &stock, "--prices", &prices]), 0);
    assert!(told.contains("rows 2; made 1, changed 1") && told.contains("gone: 5"), "{told}");
    assert!(told.contains("rows 3; made 0, changed 3"), "{told}");
    let available = |code: &str| number(&found(code, &client)["available"]);
    assert_eq!(available("M-200"), number(&json!("1000.5")));
    for code in ["T-100", "S-300", "1001"] {
        assert_eq!(available(code), number(&json!("0")), "{code}");
    }
    let tea = found("T-100", &client);
    assert_eq!((&tea["prices"]["contract"], &tea["prices"]["columns"]["1"]), (&Value::Null, &json!("1189")));
    assert_eq!(tea["prices"]["columns"]["2"], "175.8", "what the file does not say stays");
    assert_eq!(
        found("T-101", &client)["prices"]["columns"]["1"],
        Value::Null,
        "an empty cell says that there is none"
    );
}

/// Texts that a spreadsheet would obey are texts here.
#[test]
fn formulas_are_kept_as_text() {
    let desk = company();
    let clients =
        "code,name,type,note\n=1+2,\"=HYPERLINK(\"\"http://x\"\")\",market,@SUM(1)\n-5,+7 Cafe,market,\n";
    let clients = file(&desk.folder, "c.csv", clients.as_bytes());
    said(import(&desk.folder.database(), &["--clients", &clients]), 0);
    assert_eq!(desk.names(&[("q", "=HYPERLINK")]), ["=HYPERLINK(\"http://x\")"]);
    assert_eq!(desk.names(&[("q", "+7 Cafe")]), ["+7 Cafe"]);
}
