//! The server as a process: started wrongly, stopped, killed.

use std::net::TcpListener;

use patchcord::desk_api::Role;
use patchcord::server::{DEMO_CLIENT, DEMO_PHONE};
use serde_json::json;

use super::fixture::{Desk, Folder, Server, call, call_path, new_call_id, new_token, random_number, run};

#[test]
fn an_acknowledged_entry_survives_the_killed_server() {
    let mut desk = Desk::own(&[]);
    for round in 1..=5 {
        let id = new_call_id();
        assert_eq!(desk.put("operator", &call_path(id), &call(id, round)).status, 201);
        desk.restart(&[]);
        assert_eq!(desk.get("operator", &call_path(id), &[]).body["revision"], round);
        // The sender does not know what became of the first attempt, and repeats it.
        let again = desk.put("operator", &call_path(id), &call(id, round));
        assert_eq!(again.body["change"], "unchanged");
    }
}

#[test]
fn a_command_is_recognised_after_the_server_was_killed() {
    let mut desk = Desk::own(&[]);
    let (id, command) = (new_call_id(), new_call_id());
    let first = desk.put_as("operator", &call_path(id), command, &call(id, 1));
    desk.restart(&[]);
    let again = desk.put_as("operator", &call_path(id), command, &call(id, 1));
    assert_eq!((again.status, again.body), (first.status, first.body));
}

#[test]
fn a_sample_fills_an_empty_database_and_no_other() {
    let mut desk = Desk::own(&["--sample", "60"]);
    assert_eq!(desk.names(&[("phone", DEMO_PHONE)]), [DEMO_CLIENT]);
    let before = desk.names(&[("q", "ООО")]);
    desk.restart(&["--sample", "500"]);
    assert!(desk.server.as_ref().unwrap().says("not empty"));
    assert_eq!(desk.names(&[("q", "ООО")]), before);
}

#[test]
fn desks_that_begin_at_once_fill_an_empty_database_once_and_all_go_on() {
    let folder = Folder::new();
    let database = folder.database();
    new_token(&database, Role::Operator, "anna");
    let begin = || {
        let listen = ["serve", "--listen", "127.0.0.1:0", "--until-input-ends"];
        run(&[&listen[..], &["--database", &database, "--sample", "2000"]].concat())
    };
    let ended: Vec<_> = std::thread::scope(|scope| {
        let desks: Vec<_> = (0..6).map(|_| scope.spawn(begin)).collect();
        desks.into_iter().map(|desk| desk.join().unwrap()).collect()
    });
    let said = ended.iter().map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    let said: Vec<String> = said.collect();
    assert!(ended.iter().all(|output| output.status.success()), "{said:?}");
    assert_eq!(said.iter().filter(|said| said.contains("Sample clients: 2000")).count(), 1, "{said:?}");
}

#[test]
fn a_plan_changed_in_the_settings_finds_old_clients_anew() {
    let mut desk = Desk::own(&[]);
    desk.add_client("Local number", &["765-43-21"]);
    assert!(desk.names(&[("phone", "+74957654321")]).is_empty());
    let settings = desk.folder.path("desk.toml");
    std::fs::write(&settings, "[numbering]\ncountry = \"RU\"\narea_code = \"495\"\n").unwrap();
    desk.restart(&["--config", settings.to_str().unwrap()]);
    assert_eq!(desk.names(&[("phone", "+74957654321")]), ["Local number"]);
}

#[test]
fn the_company_names_its_own_client_types() {
    let folder = Folder::new();
    let settings = folder.path("desk.toml");
    std::fs::write(&settings, "[[client_type]]\nid = \"cafe\"\nnames = { en = \"café\", ko = \"카페\" }\n")
        .unwrap();
    let desk = Desk::own(&["--config", settings.to_str().unwrap()]);
    let types = desk.directory().client_types;
    assert_eq!((types.len(), types[0].names.in_language("ko")), (1, "카페"));
}

#[test]
fn told_to_stop_it_ends_in_order_and_takes_its_port_file_away() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    assert!(folder.path("port").exists());
    assert_eq!(server.stop(), Some(0));
    assert!(!folder.path("port").exists());
    assert!(!folder.path("desk.db-wal").exists(), "the log is folded into the file");
}

#[test]
fn a_token_made_while_the_desk_serves_works_at_once() {
    let desk = Desk::own(&[]);
    let token = new_token(&desk.folder.database(), Role::Operator, "Новенькая");
    assert_eq!(
        desk.send(|http, url| http.get(format!("{url}/v1/directory")).bearer_auth(&token)).status,
        200
    );
}

#[test]
fn neither_tokens_nor_client_data_are_said_or_kept_readable() {
    let desk = Desk::own(&[]);
    let (number, national) = random_number();
    desk.add_client("Secret Firm", &[&number]);
    desk.names(&[("phone", &number)]);
    desk.names(&[("q", "secret firm")]);
    desk.put("admin", "/v1/clients/x", &json!({"name": "Secret Firm"}));
    let said = desk.server.as_ref().unwrap().said();
    for secret in [desk.token("operator"), desk.token("admin"), &national, "Secret Firm"] {
        assert!(!said.contains(secret), "{said}");
    }
    let token = desk.token("admin").trim_start_matches("patchcord-").as_bytes();
    for kept in desk.folder.kept() {
        assert!(!kept.windows(token.len()).any(|window| window == token));
    }
}

#[test]
fn the_database_is_the_file_that_was_named_whatever_stands_in_its_name() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("inner")).unwrap();
    let database = format!("sqlite:{}/../заказы a%20b:1?#.db", folder.path("inner").display());
    new_token(&database, Role::Operator, "anna");
    let length = std::fs::metadata(folder.path("заказы a%20b:1?#.db")).unwrap().len();
    assert!(length > 0, "the token is in the file that was named");
}

#[test]
fn whatever_is_asked_wrongly_ends_with_2_and_says_what_to_do() {
    let folder = Folder::new();
    let database = folder.database();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let misspelt = folder.path("desk.toml");
    std::fs::write(&misspelt, "# one\nlistne = \"127.0.0.1:0\"\n").unwrap();
    let misspelt = misspelt.to_str().unwrap();
    let bad_plan = folder.path("bad_plan.toml");
    std::fs::write(&bad_plan, "[numbering]\nshort_digits = 2\n").unwrap();
    let bad_plan = bad_plan.to_str().unwrap();
    let not_a_database = folder.path("text");
    std::fs::write(&not_a_database, "This is no database at all. ".repeat(100)).unwrap();
    let not_a_database = format!("sqlite:{}", not_a_database.display());
    let new = |rest: &[&str]| {
        [&["token", "new", "--database"], rest].concat().into_iter().map(str::to_owned).collect()
    };
    let serve = |rest: &[&str]| [&["serve"], rest].concat().into_iter().map(str::to_owned).collect();
    let cases: Vec<(Vec<String>, &str)> = vec![
        (serve(&[]), "--database sqlite:FILE"),
        (serve(&["--database", &database, "--listen", "here"]), "127.0.0.1:8420"),
        (serve(&["--database", &database, "--listen", &taken]), "Choose another port"),
        (serve(&["--database", "desk.db", "--listen", "127.0.0.1:0"]), "sqlite:desk.db"),
        (serve(&["--database", "postgres://desk@127.0.0.1:9/desk"]), "cannot be used"),
        (serve(&["--database", "postgres://desk:secret@db/desk"]), "PGPASSWORD"),
        (serve(&["--database", "postgres://db"]), "postgres://desk@db.example.com/desk"),
        (
            serve(&["--database", "sqlite:/no/such/folder/desk.db", "--listen", "127.0.0.1:0"]),
            "cannot be created",
        ),
        (serve(&["--database", &not_a_database, "--listen", "127.0.0.1:0"]), "not a database"),
        (serve(&["--database", &database, "--config", "/no/such/file"]), "/no/such/file"),
        (serve(&["--config", misspelt]), "line 2"),
        (serve(&["--config", bad_plan]), "bad_plan.toml, line 2: short_digits = 2"),
        (serve(&["--sample", "many"]), "--sample"),
        (
            serve(&[
                "--port-file",
                "/no/such/folder/port",
                "--database",
                &database,
                "--listen",
                "127.0.0.1:0",
            ]),
            "port file",
        ),
        (new(&[&database, "--role", "king", "--person", "A"]), "operator, manager, head, admin, service"),
        (new(&[&database, "--role", "admin", "--person", " "]), "1 to 100"),
        (new(&[&database, "--role", "admin"]), "--person"),
        (vec!["dance".into()], "dance"),
    ];
    for (arguments, expected) in cases {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_and_refusals_come_in_the_language_of_the_flag_or_the_environment() {
    for (arguments, code, words) in [
        (&["--help", "--lang", "ko"][..], 0, "사용법: patchcord-desk"),
        (&["serve", "--help", "--lang=ru"], 0, "Использование: patchcord-desk serve [ПАРАМЕТРЫ]"),
        (&["--lang", "ko", "token"], 2, "명령: new, list, revoke. 자세히: patchcord-desk token --help"),
        (&["serve", "--lang", "ru"], 2, "База данных не указана"),
        (&["--lang", "ko", "serve", "--sample", "many"], 2, "--sample many"),
    ] {
        let output = run(arguments);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}
