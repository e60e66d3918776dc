//! A computer on which the telephone was never set up.

use crate::key_store::assert_nowhere_in;
use crate::reader::Reader;
use crate::session::Folder;
use crate::stage::{OPERATOR, Stage, Window, key_store};
use crate::{seconds, until};

#[test]
fn the_form_is_filled_in_by_keyboard_and_asked_for_once() {
    let stage = Stage::set();
    let _store = key_store(&stage);
    let mut reader = Reader::start(&stage);
    let window = start(&stage);
    reader.finds("panel", "Set up the telephone");
    reader.comes_to("entry", "Telephone system (PBX)");
    stage.picture("first-run");
    stage.type_text(&stage.pbx.server());
    let password = format!("pw-{OPERATOR}");
    for (field, text) in [
        ("Extension or user name", OPERATOR),
        ("Password", &password),
        ("Order desk", &stage.desk.url()),
        ("Token of the order desk", &stage.desk.operator),
    ] {
        walk_to(&stage, &mut reader, field);
        stage.type_text(text);
    }
    walk_to(&stage, &mut reader, "Save and connect");
    stage.press(&["space"]);
    reader.hears("The telephone works");
    stage.picture("set-up");
    works_from_now_on(&stage, &mut reader, window, &password);
}

#[test]
fn a_provisioning_file_sets_all_of_it_up() {
    let stage = Stage::set();
    let _store = key_store(&stage);
    let mut reader = Reader::start(&stage);
    let window = start(&stage);
    reader.comes_to("entry", "Telephone system (PBX)");
    let password = format!("pw-{OPERATOR}");
    let sent = Folder::new();
    let file = sent.path().join("patchcord-101.toml");
    let text = format!(
        "[account]\nuser = \"{OPERATOR}\"\n[pbx]\nserver = \"{}\"\n[desk]\nurl = \"{}\"\n\
         [secrets]\npassword = \"{password}\"\ndesk_token = \"{}\"\n",
        stage.pbx.server(),
        stage.desk.url(),
        stage.desk.operator
    );
    std::fs::write(&file, text).expect("a file");
    walk_to(&stage, &mut reader, "provisioning file");
    stage.type_text(&file.to_string_lossy());
    stage.press(&["Return"]);
    reader.hears("The telephone works");
    works_from_now_on(&stage, &mut reader, window, &password);
}

#[test]
fn a_password_that_is_nowhere_is_asked_for_with_the_reason() {
    let stage = Stage::set();
    let _store = key_store(&stage);
    let mut reader = Reader::start(&stage);
    let server = stage.pbx.server();
    stage.settings(&format!("[account]\nuser = \"{OPERATOR}\"\n[pbx]\nserver = \"{server}\"\n"));
    let _window = start(&stage);
    reader.comes_to("password text", "Password");
    let field = reader.finds("password text", "Password");
    assert!(field.description.contains("no password for this account"), "{}", field.description);
    stage.picture("no-password");
}

/// Nothing in the environment says who the operator is.
fn start(stage: &Stage) -> Window {
    let mut command = stage.patchcord(&["window", "--lang", "en"]);
    stage.open(command.env_remove("PATCHCORD_PASSWORD").env_remove("PATCHCORD_DESK_TOKEN"))
}

/// By Tab, until the keyboard is there.
fn walk_to(stage: &Stage, reader: &mut Reader, name: &str) {
    for _ in 0..20 {
        stage.press(&["Tab"]);
        if reader.next_focus().contains(name) {
            return;
        }
    }
    panic!("Tab never comes to {name}");
}

/// It is registered, and after another start again; its secrets stand in no file.
fn works_from_now_on(stage: &Stage, reader: &mut Reader, window: Window, password: &str) {
    stage.until_registered();
    assert_nowhere_in(stage.home(), password);
    assert_nowhere_in(stage.home(), &stage.desk.operator);
    stage.press(&["alt+F4"]);
    assert_eq!(window.until_ended(), Some(0));
    until("the goodbye at the PBX", seconds(5), || !stage.pbx.has_contact(OPERATOR));
    let _again = start(stage);
    stage.until_registered();
    let line = reader.finds("push button", "Line: ");
    assert!(line.name.contains("Ready"), "{}", line.name);
    let asked = reader.reads().iter().any(|node| node.name.contains("Set up the telephone"));
    assert!(!asked, "it asks again");
}
