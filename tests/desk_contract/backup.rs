//! Copies of a database that is in use, and the way back. SQLite alone: PostgreSQL has tools of its own.

use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::fixture::{BINARY, Desk, Folder, Server, postgres, random_number, run};

fn backup(database: &str, copy: &str) -> Output {
    run(&["backup", copy, "--database", database])
}

fn restore(copy: &str, database: &str, more: &[&str]) -> Output {
    run(&[&["restore", copy, "--database", database], more].concat())
}

fn fails_with(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(words), "{said}");
}

fn path(folder: &Folder, name: &str) -> String {
    folder.path(name).display().to_string()
}

#[test]
fn postgresql_has_tools_of_its_own() {
    let database = "postgres://desk@localhost/desk";
    fails_with(&backup(database, "/no/such/copy"), "pg_dump");
    fails_with(&restore("/no/such/copy", database, &[]), "pg_restore");
}

/// Names of clients as a desk on this database tells them.
fn served(folder: &Folder, token: &str, phones: &[String]) -> Vec<bool> {
    let server = Server::start(folder, &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = phones.iter().map(|phone| {
        runtime.block_on(async {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let url = format!("{}/v1/clients", server.url());
            let answer = http.get(url).query(&[("phone", phone)]).bearer_auth(token).send().await.unwrap();
            let answer: serde_json::Value = answer.json().await.unwrap();
            answer["clients"].as_array().is_some_and(|clients| !clients.is_empty())
        })
    });
    found.collect()
}

#[test]
fn what_was_acknowledged_before_a_copy_began_is_in_it_while_others_write() {
    if postgres().is_some() {
        return;
    }
    let desk = Desk::own(&[]);
    let database = desk.folder.database();
    let phones: Vec<String> = (0..60).map(|_| random_number().0).collect();
    let (acknowledged, is_done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let copies = thread::scope(|scope| {
        let copying = scope.spawn(|| {
            let mut copies = Vec::new();
            while !is_done.load(Ordering::SeqCst) || copies.is_empty() {
                let (before, copy) = (
                    acknowledged.load(Ordering::SeqCst),
                    path(&desk.folder, &format!("copy{}", copies.len())),
                );
                let output = backup(&database, &copy);
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                copies.push((copy, before));
            }
            copies
        });
        for phone in &phones {
            desk.add_client("Somebody", &[phone]);
            acknowledged.fetch_add(1, Ordering::SeqCst);
        }
        is_done.store(true, Ordering::SeqCst);
        copying.join().unwrap()
    });
    let chosen = [copies.first(), copies.get(copies.len() / 2), copies.last()];
    for (copy, before) in chosen.into_iter().flatten() {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
            // As an admin might leave it.
            std::fs::set_permissions(copy, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
        let folder = Folder::new();
        let output = restore(copy, &folder.database(), &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path("desk.db")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "its owner's alone, whoever may read the copy");
        }
        let found = served(&folder, desk.token("operator"), &phones);
        assert!(found.iter().take(*before).all(|found| *found), "{before}: {found:?}");
        let known = found.iter().filter(|found| **found).count();
        assert!(
            found.iter().take(known).all(|found| *found),
            "in the order in which they were written: {found:?}"
        );
    }
}

#[test]
fn nothing_is_written_over_and_nothing_put_beneath_a_desk_that_serves() {
    if postgres().is_some() {
        return;
    }
    let desk = Desk::own(&["--sample", "3"]);
    let (database, folder) = (desk.folder.database(), &desk.folder);
    let copy = path(folder, "copy");
    let said = backup(&database, &copy);
    assert!(String::from_utf8_lossy(&said.stdout).contains("Clients: 3"), "{said:?}");
    fails_with(&backup(&database, &copy), "is there already");
    fails_with(
        &backup(&format!("sqlite:{}", path(folder, "none")), &path(folder, "other")),
        "There is no database",
    );
    fails_with(&restore(&copy, &database, &[]), "is there already");
    fails_with(&restore(&copy, &database, &["--replace"]), "A desk works on");
    let text = path(folder, "text");
    std::fs::write(&text, "This is no database at all. ".repeat(100)).unwrap();
    let elsewhere = format!("sqlite:{}", path(folder, "elsewhere.db"));
    fails_with(&restore(&text, &elsewhere, &[]), "text");
    fails_with(&restore(&path(folder, "none"), &elsewhere, &[]), "there is no such file");
    let mut damaged = std::fs::read(&copy).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 20_000].fill(0x55);
    std::fs::write(&text, damaged).unwrap();
    fails_with(&restore(&text, &elsewhere, &[]), "is not whole");
    assert!(!folder.path("elsewhere.db").exists());
    let phone = random_number().0;
    desk.add_client("Later", &[&phone]);
    let token = desk.token("operator").to_owned();
    let Desk { server, folder, .. } = desk;
    server.unwrap().kill();
    let output = restore(&copy, &database, &["--replace"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(served(&folder, &token, &[phone, patchcord::server::DEMO_PHONE.into()]), [false, true]);
}

#[test]
fn whoever_kills_a_copy_or_a_restore_leaves_whole_what_stands() {
    if postgres().is_some() {
        return;
    }
    let desk = Desk::own(&["--sample", "2000"]);
    let (database, folder) = (desk.folder.database(), &desk.folder);
    let first = path(folder, "first");
    assert!(backup(&database, &first).status.success());
    let phone = random_number().0;
    desk.add_client("Later", &[&phone]);
    let token = desk.token("operator").to_owned();
    let kill_after = |arguments: &[&str], after: Duration| {
        let mut child = Command::new(BINARY)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    };
    // From before it began to after it was done.
    for step in 0..16 {
        let copy = path(folder, &format!("killed{step}"));
        kill_after(&["backup", &copy, "--database", &database], Duration::from_millis(8 * step));
        if folder.path(&format!("killed{step}")).exists() {
            let elsewhere = Folder::new();
            assert!(restore(&copy, &elsewhere.database(), &[]).status.success(), "{step}");
            assert_eq!(served(&elsewhere, &token, std::slice::from_ref(&phone)), [true]);
        } else {
            assert!(backup(&database, &copy).status.success(), "what was left half-made is in nobody's way");
        }
    }
    let Desk { server, folder, .. } = desk;
    server.unwrap().kill();
    let known = [patchcord::server::DEMO_PHONE.to_owned(), phone];
    for step in 0..16 {
        kill_after(
            &["restore", &first, "--database", &database, "--replace"],
            Duration::from_millis(8 * step),
        );
        let found = served(&folder, &token, &known);
        assert!(found[0], "one of the two, whole: {step}");
    }
}
