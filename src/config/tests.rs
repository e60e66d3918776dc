use super::*;
use crate::text::Catalogue;

fn fault(source: &str) -> (Option<usize>, Fault) {
    let error = Settings::parse(source, Path::new("test.toml")).unwrap_err();
    (error.line, error.fault)
}

#[test]
fn an_empty_file_sets_nothing() {
    assert_eq!(Settings::parse("", Path::new("test.toml")), Ok(Settings::default()));
}

#[test]
fn flags_stand_above_the_file() {
    let file = Settings::parse("[account]\nuser = \"101\"\nrealm = \"pbx\"\n", Path::new("t")).unwrap();
    let flags = Settings { user: Some("102".into()), ..Settings::default() };
    let both = flags.over(file);
    assert_eq!((both.user.as_deref(), both.realm.as_deref()), (Some("102"), Some("pbx")));
}

#[test]
fn a_bad_value_is_shown_with_its_line() {
    let (line, fault) = fault("lang = \"en\"\n[account]\nuser = \"101\"\nexpires = 5\n");
    assert_eq!(line, Some(4));
    assert!(
        matches!(fault, Fault::BadValue { key, value, example, .. } if key == "expires" && value == "5" && example == "300")
    );
}

#[test]
fn what_a_telephone_cannot_keep_to_is_shown_with_its_line() {
    for (section, line) in [
        ("calls", "lines = 0"),
        ("calls", "lines = 10"),
        ("calls", "hold_reminder_s = 9"),
        ("calls", "hold_reminder_s = 3601"),
        ("calls", "lines = \"2\""),
        ("calls", "click_to_transfer = 1"),
        ("calls", "transfer = \"attended\""),
        ("pbx", "hold_music = \"radio\""),
        ("pbx", "session_timer = 89"),
        ("pbx", "session_timer = 43201"),
        ("pbx", "session_timer = false"),
        ("pbx", "follow_redirects = \"yes\""),
        ("window", "theme = \"pink\""),
        ("window", "zoom = 99"),
        ("window", "zoom = 201"),
        ("window", "wrap_up_s = 601"),
        ("window", "answer_key = \"A\""),
        ("window", "answer_key = \"Shift+A\""),
        ("window", "answer_key = \"Ctrl+Ctrl+A\""),
        ("window", "answer_key = \"Ctrl+F13\""),
        ("window", "answer_key = \"Ctrl+\""),
        ("window", "answer_key = \"Hyper+A\""),
    ] {
        let (at, fault) = fault(&format!("[{section}]\n{line}\n"));
        let Fault::BadValue { key, value, .. } = fault else { panic!("{line}: {fault:?}") };
        assert_eq!((at, format!("{key} = {value}")), (Some(2), line.to_owned()));
    }
}

#[test]
fn an_unknown_key_is_shown_with_those_that_exist() {
    let (line, fault) = fault("[pbx]\nserver = \"pbx\"\nsever = \"pbx\"\n");
    assert_eq!(line, Some(3));
    assert!(matches!(fault, Fault::UnknownKey { key, known } if key == "sever" && known.contains(&"server")));
}

#[test]
fn a_line_that_is_not_toml_is_shown() {
    assert_eq!(fault("[account]\nuser 101\n"), (Some(2), Fault::Syntax { text: "user 101".into() }));
}

#[test]
fn a_password_in_the_file_is_refused_and_not_repeated() {
    let error = Settings::parse("[account]\npassword = \"hunter2\"\n", Path::new("t")).unwrap_err();
    for language in Language::ALL {
        let words = error.say(&Catalogue::new(language));
        assert!(!words.contains("hunter2") && words.contains("password_file"), "{words}");
    }
    let error = Settings::parse("[desk]\ntoken = \"hunter2\"\n", Path::new("t")).unwrap_err();
    for language in Language::ALL {
        let words = error.say(&Catalogue::new(language));
        assert!(!words.contains("hunter2") && words.contains("PATCHCORD_DESK_TOKEN"), "{words}");
    }
    let (_, inside) = fault("[account]\nuser = { password = \"hunter2\" }\n");
    assert!(!format!("{inside:?}").contains("hunter2"), "{inside:?}");
    for line in ["password = hunter2 oh", "token = hunter2", "secret = hunter2", "Secret hunter2 ="] {
        let (_, syntax) = fault(&format!("[account]\n{line}\n"));
        assert!(!format!("{syntax:?}").contains("= hunter2"), "{syntax:?}");
    }
}

#[test]
fn numbering_that_no_plan_has_is_shown_with_its_line_and_what_to_write() {
    for (line, words) in [
        ("country_code = 999", ["country_code = 999", "7"]),
        ("country_code = \"7\"", ["country_code = \"7\"", "7"]),
        ("area_code = \"4951234\"", ["area_code = \"4951234\"", "\"495\""]),
        ("area_code = 495", ["area_code = 495", "\"495\""]),
        ("outside_prefix = \"9a\"", ["outside_prefix = \"9a\"", "\"9\""]),
        ("international_prefix = \"123456789\"", ["international_prefix", "\"810\""]),
        ("short_digits = 2", ["short_digits = 2", "5"]),
        ("outgoing = \"plus\"", ["outgoing = \"plus\"", "\"national\""]),
    ] {
        let error = Settings::parse(&format!("[numbering]\n{line}\n"), Path::new("test.toml")).unwrap_err();
        for language in Language::ALL {
            let said = error.say(&Catalogue::new(language));
            for word in words.iter().chain(&["test.toml", "2"]) {
                assert!(said.contains(word), "{word} is not in: {said}");
            }
        }
    }
}

#[test]
fn what_is_said_to_write_can_be_written() {
    for (section, key) in [
        ("account", "user"),
        ("account", "expires"),
        ("pbx", "server"),
        ("pbx", "local"),
        ("pbx", "rtp_ports"),
        ("pbx", "session_timer"),
        ("pbx", "follow_redirects"),
        ("pbx", "echo"),
        ("pbx", "watch"),
        ("pbx", "pickup"),
        ("pbx", "parking_places"),
        ("pbx", "queue_pause"),
        ("calls", "lines"),
        ("calls", "click_to_transfer"),
        ("calls", "transfer"),
        ("pbx", "hold_music"),
        ("calls", "codecs"),
        ("calls", "codecs_poor_network"),
        ("calls", "opus_kbit_s"),
        ("calls", "opus_band"),
        ("calls", "opus_dtx"),
        ("calls", "identity"),
        ("calls", "name_prefixes"),
        ("calls", "look_up_withheld"),
        ("calls", "auto_answer"),
        ("calls", "client_in_name"),
        ("calls", "hold_reminder_s"),
        ("audio", "microphone"),
        ("audio", "cancel_echo"),
        ("audio", "suppress_noise"),
        ("audio", "headset_buttons"),
        ("numbering", "country_code"),
        ("numbering", "outside_prefix"),
        ("desk", "url"),
        ("window", "theme"),
        ("window", "zoom"),
        ("window", "wrap_up_s"),
        ("window", "answer_key"),
        ("window", "reduce_motion"),
    ] {
        let (_, fault) = fault(&format!("[{section}]\n{key} = {{}}\n"));
        let Fault::BadValue { example, .. } = fault else { panic!("{key}: {fault:?}") };
        let written = Settings::parse(&format!("[{section}]\n{key} = {example}\n"), Path::new("t"));
        assert!(written.is_ok(), "{key} = {example}: {written:?}");
    }
}

#[test]
fn a_provision_holds_settings_and_secrets() {
    let source = "[account]\nuser = \"101\"\n[secrets]\npassword = \"hunter2\"\n";
    let provision = Provision::parse(source, Path::new("t")).unwrap();
    assert_eq!(provision.settings.user.as_deref(), Some("101"));
    assert_eq!(provision.password.as_ref().map(Secret::expose), Some("hunter2"));
    assert_eq!(provision.desk_token, None);
    assert!(!format!("{provision:?}").contains("hunter2"));
    assert!(Settings::parse(source, Path::new("t")).is_err(), "a settings file never has secrets");
}

#[test]
fn a_secret_that_cannot_be_used_is_not_repeated() {
    for (line, secret) in [
        ("password = 12345678", "12345678"),
        ("password = [\"hunter2\"]", "hunter2"),
        ("desk_token = \"two\\nlines\"", "lines"),
        ("pasword = \"hunter2\"", "hunter2"),
    ] {
        let error = Provision::parse(&format!("[secrets]\n{line}\n"), Path::new("t")).unwrap_err();
        assert_eq!(error.line, Some(2), "{line}");
        assert!(!error.say(&Catalogue::new(Language::English)).contains(secret), "{error:?}");
        assert!(!format!("{error:?}").contains(secret), "{error:?}");
    }
}

#[test]
fn hosts_and_ports_are_read_in_every_form() {
    let read = |text: &str| HostPort::parse(text).map(|read| (read.host, read.port));
    assert_eq!(read("pbx"), Some(("pbx".into(), None)));
    assert_eq!(read("pbx.example.com:5070"), Some(("pbx.example.com".into(), Some(5070))));
    assert_eq!(read("::1"), Some(("::1".into(), None)));
    assert_eq!(read("[::1]:15060"), Some(("::1".into(), Some(15060))));
    for bad in ["", "pbx:", "pbx:0", "pbx:70000", "sip:pbx", "a b", "[::1", "[pbx]:1"] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn a_port_range_has_room_for_a_pair() {
    assert!(PortRange::parse("40000-40001").is_some());
    assert!(PortRange::parse("40001-40003").is_some());
    for bad in ["40001-40002", "40000-40000", "40010-40000", "40000", "0-1", "65535-65535"] {
        assert!(PortRange::parse(bad).is_none(), "{bad}");
    }
}

#[test]
#[cfg(unix)]
fn a_password_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("patchcord-password-{}", std::process::id()));
    std::fs::write(&path, "correct horse\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(read_password(&path), Err(PasswordFault::Exposed(0o644)));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(read_password(&path).unwrap().expose(), "correct horse");
    std::fs::write(&path, "\n").unwrap();
    assert_eq!(read_password(&path), Err(PasswordFault::Empty));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn how_loud_each_device_is_stands_below_its_own_name() {
    let source = "[audio.gain]\n\"alsa_output.usb-Jabra \\\"20\\\".mono\" = \"+6\"\n\"mic\" = \"-3\"\n";
    let settings = Settings::parse(source, Path::new("t")).unwrap();
    let wanted = [("alsa_output.usb-Jabra \"20\".mono".to_owned(), 6), ("mic".to_owned(), -3)];
    assert_eq!(settings.gain, wanted.into());
    assert_eq!(settings.to_toml(), source);
    let below =
        Settings { gain: [("mic".to_owned(), 9), ("other".to_owned(), 1)].into(), ..Settings::default() };
    assert_eq!(settings.over(below).gain.into_values().collect::<Vec<_>>(), [6, -3, 1]);
    for bad in ["+13", "-13", "loud", "1.5", ""] {
        assert!(
            Settings::parse(&format!("[audio.gain]\nmic = \"{bad}\"\n"), Path::new("t")).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn a_company_that_allows_recordings_has_to_say_how_clients_are_told() {
    let missing = |text: &str| match fault(text) {
        (_, Fault::Missing { key, .. }) => key,
        (_, other) => panic!("{text}: {other:?}"),
    };
    assert_eq!(missing("[recording]\nallow = true\n"), "announce");
    assert_eq!(missing("[recording]\nallow = true\nannounce = \"voice\"\n"), "announcement");
    let parse = |text: &str| Settings::parse(text, Path::new("t")).unwrap().recording;
    assert_eq!(parse(""), None);
    assert_eq!(parse("[recording]\n"), None);
    assert!(!parse("[recording]\nwhen = \"always\"\n").unwrap().allows(), "only a plain yes is one");
    let all = "[recording]\nallow = true\nwhen = \"always\"\nannounce = \"voice\"\nannouncement = \"/a/b.wav\"\n\
        tone_every_s = 10\nlayout = \"mixed\"\nfolder = \"/srv/calls\"\nkeep_days = 30\n";
    let settings = Settings::parse(all, Path::new("t")).unwrap();
    assert_eq!(settings.to_toml(), all, "and it is written as it was read");
    for bad in [
        "allow = 1",
        "when = \"never\"",
        "announce = \"no\"",
        "tone_every_s = 4",
        "keep_days = 0",
        "keep_days = 4000",
        "layout = \"left\"",
        "key = \"00\"",
    ] {
        assert_eq!(fault(&format!("[recording]\n{bad}\n")).0, Some(2), "{bad}");
    }
}

#[test]
fn a_provision_may_bring_the_key_of_the_recordings() {
    let source = "[secrets]\nrecording_key = \"00ff\"\n";
    let provision = Provision::parse(source, Path::new("t")).unwrap();
    assert_eq!(provision.recording_key.as_ref().map(Secret::expose), Some("00ff"));
    assert!(!format!("{provision:?}").contains("00ff"));
}
