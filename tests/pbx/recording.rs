//! Conversations that the company has recorded: what is in them and what is not, on a real PBX.

use crate::desk::Desk;
use crate::inbound::voice;
use crate::ogg_opus::{self, Heard};
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::sound::{self, RATE};
use crate::telephone::{Ended, Telephone, program, telephone};
use crate::{seconds, until};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What a company allows, and where it lands.
struct Company {
    settings: PathBuf,
    folder: PathBuf,
}

impl Company {
    fn allows(pbx: &Pbx, rules: &str) -> Self {
        let scratch = pbx.scratch.path();
        let (settings, folder) = (scratch.join("company.toml"), scratch.join("recordings"));
        let text = format!("[recording]\nallow = true\nfolder = \"{}\"\n{rules}", folder.display());
        std::fs::write(&settings, text).expect("a file");
        Self { settings, folder }
    }

    /// The operator's telephone.
    fn telephone(&self, pbx: &Pbx, arguments: &[&str]) -> Command {
        let mut command = telephone(pbx, "101", arguments);
        command.arg("--config").arg(&self.settings).env("PATCHCORD_RECORDING_KEY", KEY);
        command
    }

    fn start<'a>(&self, pbx: &'a Pbx, arguments: &[&str]) -> Telephone<'a> {
        let phone = Telephone::spawn(self.telephone(pbx, arguments), Some(pbx));
        phone.wait("registered", seconds(5));
        phone
    }

    fn recordings(&self, arguments: &[&str]) -> Output {
        let mut command = program(&["recordings"]);
        command.args(arguments).arg("--config").arg(&self.settings).env("PATCHCORD_RECORDING_KEY", KEY);
        command.output().expect("the program")
    }

    fn files(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let files = entries.map(|entry| entry.expect("an entry").path());
        files.filter(|file| file.extension().is_some_and(|ending| ending == "patchrec")).collect()
    }

    /// The only one, as `list` tells of it.
    fn listed(&self) -> Value {
        let listed = self.recordings(&["list", "--json"]);
        let lines = String::from_utf8(listed.stdout).expect("text");
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.len(), 1, "{lines:?} {}", String::from_utf8_lossy(&listed.stderr));
        serde_json::from_str(lines[0]).expect("JSON")
    }

    fn exported(&self, code: i32) -> Heard {
        let id = self.listed()["id"].as_str().expect("an id").to_owned();
        let to = self.folder.with_file_name("exported.opus");
        let exported = self.recordings(&["export", &id, "--to", &to.to_string_lossy()]);
        let said = String::from_utf8_lossy(&exported.stderr).into_owned();
        assert_eq!(exported.status.code(), Some(code), "{said}");
        ogg_opus::heard(&to)
    }
}

const LEFT: usize = 0;
const RIGHT: usize = 1;

/// What this voice said between these seconds is nowhere in what is heard.
fn must_be_absent(what: &str, voice: &[i16], from: f64, to: f64, heard: &[i16]) {
    let range = (from * RATE as f64) as usize..(to * RATE as f64) as usize;
    let alike = sound::best(&voice[range], heard);
    assert!(alike < 0.8, "{what}: {alike:.3}");
}

fn states(ended: &Ended) -> Vec<&str> {
    let told = ended.said.iter().filter(|said| said.is("recording"));
    told.map(|said| said.event["state"].as_str().expect("a state")).collect()
}

#[test]
fn a_recorded_call_has_both_voices_each_in_its_channel_and_nothing_of_what_was_said_apart() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"elsewhere\"\n");
    let (voice, play) = voice(&pbx);
    let steps = [
        "--hold-at",
        "3.5",
        "--resume-at",
        "6.5",
        "--pause-recording-at",
        "9",
        "--resume-recording-at",
        "11",
    ];
    let arguments = [&["answer", "--play", &play, "--seconds", "13.5"][..], &steps].concat();
    let phone = company.start(&pbx, &arguments);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let ended = phone.finish(seconds(30));
    client.wait("CALL_CLOSED", seconds(5));
    ended.exited(0);
    assert_eq!(states(&ended), ["on", "paused", "on"]);

    let listed = company.listed();
    assert_eq!((&listed["whole"], &listed["fault"]), (&Value::Bool(true), &Value::Null), "{listed}");
    let (all, paused) =
        (listed["seconds"].as_f64().unwrap_or(0.0), listed["paused_s"].as_f64().unwrap_or(0.0));
    assert!((13.0..14.5).contains(&all) && (1.8..2.2).contains(&paused), "{listed}");
    let heard = company.exported(0);
    let (left, right) = (&heard.channels[LEFT], &heard.channels[RIGHT]);
    for (from, to) in [(0.5, 3.0), (7.0, 8.8), (11.3, 13.0)] {
        sound::must_be_heard("the operator, left", &voice, from, to, left);
        sound::must_be_heard("the client, right", &client.voice, from, to - 0.3, right);
    }
    assert!(
        sound::best(&voice, right) < 0.8 && sound::best(&client.voice, left) < 0.8,
        "neither is in the other's"
    );
    for (what, from, to) in [("on hold", 4.0, 6.0), ("in the pause", 9.3, 10.7)] {
        must_be_absent(&format!("the operator {what}"), &voice, from, to, left);
        must_be_absent(&format!("the client {what}"), &client.voice, from, to, right);
        let silent = (from + 0.2) * RATE as f64..to * RATE as f64;
        for channel in [left, right] {
            let loudness = sound::loudness(&channel[silent.start as usize..silent.end as usize]);
            assert!(loudness < 3.0, "{what}: {loudness}");
        }
    }
    let chapters: Vec<_> =
        heard.tags.iter().filter(|tag| tag.contains("NAME=")).map(String::as_str).collect();
    let names = ["NAME=not with the client", "NAME=", "NAME=paused", "NAME="];
    assert_eq!(chapters.len(), names.len(), "{chapters:?}");
    assert!(chapters.iter().zip(names).all(|(chapter, name)| chapter.ends_with(name)), "{chapters:?}");
}

#[test]
fn nothing_of_a_call_stands_on_the_disk_as_it_was_said_and_its_name_tells_nothing_of_the_client() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"elsewhere\"\n");
    let phone = company.start(&pbx, &["answer", "--seconds", "3"]);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let ended = phone.finish(seconds(20));
    ended.exited(0);
    let files = company.files();
    assert_eq!(files.len(), 1);
    let name = files[0].file_name().expect("a name").to_string_lossy().into_owned();
    assert!(!name.contains("916123"), "{name}");
    let octets = std::fs::read(&files[0]).expect("a file");
    for known in [b"OggS".as_slice(), b"Opus", b"9161234567", b"RIFF"] {
        assert!(!octets.windows(known.len()).any(|octets| octets == known), "{known:?}");
    }
    let mut other = program(&["recordings", "list"]);
    other.arg("--config").arg(&company.settings).env("PATCHCORD_RECORDING_KEY", KEY.replace('0', "1"));
    let other = other.output().expect("the program");
    assert_eq!(other.status.code(), Some(10), "another key opens nothing");
}

#[test]
fn a_telephone_that_is_killed_leaves_all_but_the_last_second() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"elsewhere\"\n");
    let (voice, play) = voice(&pbx);
    let mut phone = Telephone::spawn(company.telephone(&pbx, &["answer", "--play", &play]), None);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let answered = phone.wait("answered", seconds(5)).at;
    std::thread::sleep(seconds(5));
    let lived = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs_f64() - answered;
    phone.child.kill().expect("a child");
    phone.child.wait().expect("a child");
    client.hang_up();
    let listed = company.listed();
    assert_eq!(listed["whole"], false, "{listed}");
    let kept = listed["seconds"].as_f64().unwrap_or(0.0);
    assert!(lived - kept <= 1.0, "of {lived:.2} s {kept:.2} are kept");
    let heard = company.exported(10);
    sound::must_be_heard("the operator", &voice, 0.5, kept - 0.5, &heard.channels[LEFT]);
    sound::must_be_heard("the client", &client.voice, 0.5, kept - 1.0, &heard.channels[RIGHT]);
}

#[test]
fn a_client_is_recorded_only_from_when_they_have_agreed() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"consent\"\n");
    let (voice, play) = voice(&pbx);
    let phone = company.start(&pbx, &["answer", "--play", &play, "--record-from", "4", "--seconds", "8"]);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let ended = phone.finish(seconds(20));
    ended.exited(0);
    assert_eq!(states(&ended), ["asking", "on"]);
    let heard = company.exported(0);
    sound::must_be_heard("the operator", &voice, 4.3, 7.5, &heard.channels[LEFT]);
    must_be_absent("the operator before", &voice, 0.5, 3.7, &heard.channels[LEFT]);
    must_be_absent("the client before", &client.voice, 0.5, 3.5, &heard.channels[RIGHT]);
}

#[test]
fn who_was_not_asked_is_not_recorded() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"consent\"\n");
    let phone = company.start(&pbx, &["answer", "--seconds", "2"]);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let ended = phone.finish(seconds(20));
    ended.exited(0);
    assert_eq!((states(&ended), company.files()), (vec!["asking"], vec![]));
}

#[test]
fn a_client_hears_the_announcement_and_what_they_say_before_its_end_is_not_kept() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let words = sound::noise(2);
    let file = pbx.scratch.path().join("announcement.wav");
    sound::write(&file, &words);
    let rules = format!("when = \"always\"\nannounce = \"voice\"\nannouncement = \"{}\"\n", file.display());
    let company = Company::allows(&pbx, &rules);
    let (voice, play) = voice(&pbx);
    let phone = company.start(&pbx, &["answer", "--play", &play, "--seconds", "6"]);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let ended = phone.finish(seconds(20));
    client.wait("CALL_CLOSED", seconds(5));
    ended.exited(0);
    assert_eq!(states(&ended), ["announcing", "on"]);
    sound::must_be_heard("the client hears the announcement", &words, 0.1, 1.8, &client.heard());
    sound::must_be_heard("and then the operator", &voice, 2.5, 5.5, &client.heard());
    let heard = company.exported(0);
    sound::must_be_heard("the announcement is in the recording", &words, 0.1, 1.8, &heard.channels[LEFT]);
    must_be_absent("the client before its end", &client.voice, 0.2, 1.5, &heard.channels[RIGHT]);
    sound::must_be_heard("the client after it", &client.voice, 2.5, 5.0, &heard.channels[RIGHT]);
}

#[test]
fn a_client_hears_a_tone_as_long_as_the_call_is_recorded() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"tone\"\ntone_every_s = 5\n");
    let phone = company.start(&pbx, &["answer", "--seconds", "7"]);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.finish(seconds(20)).exited(0);
    client.wait("CALL_CLOSED", seconds(5));
    // 1400 Hz alone: the operator is silent.
    let tone = sound::within(&sound::band(1_350.0, 1_450.0, 257), &client.heard());
    let loud: Vec<bool> = tone.chunks(RATE / 10).map(|tenth| sound::loudness(tenth) > 500.0).collect();
    let begins: Vec<usize> = (0..loud.len()).filter(|at| loud[*at] && (*at == 0 || !loud[at - 1])).collect();
    assert_eq!(begins.len(), 2, "{loud:?}");
    assert!((48..=52).contains(&(begins[1] - begins[0])), "five seconds apart: {begins:?}");
}

#[test]
fn a_colleague_is_not_recorded_and_without_the_companys_word_nobody_is() {
    let pbx = Pbx::start();
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"elsewhere\"\n");
    let _manager = Baresip::colleague(&pbx, "201", &Answers::AtOnce);
    let phone = Telephone::spawn(company.telephone(&pbx, &["call", "201", "--seconds", "2"]), Some(&pbx));
    let ended = phone.finish(seconds(20));
    ended.exited(0);
    assert!(!ended.has("recording"), "{}", ended.story());
    assert_eq!(company.files(), Vec::<PathBuf>::new());

    let client = Baresip::customer(&pbx, "+79161234567");
    let text =
        std::fs::read_to_string(&company.settings).expect("a file").replace("allow = true", "allow = false");
    std::fs::write(&company.settings, text).expect("a file");
    let phone = company.start(&pbx, &["answer", "--seconds", "2"]);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let ended = phone.finish(seconds(20));
    ended.exited(0);
    assert!(!ended.has("recording") && company.files().is_empty(), "{}", ended.story());
}

#[test]
fn an_export_is_noted_and_a_deleted_recording_is_gone() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"elsewhere\"\n");
    let phone = company.start(&pbx, &["answer", "--seconds", "2"]);
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.finish(seconds(20)).exited(0);
    let id = company.listed()["id"].as_str().expect("an id").to_owned();
    company.exported(0);
    let to = company.folder.with_file_name("exported.opus");
    let again = company.recordings(&["export", &id, "--to", &to.to_string_lossy()]);
    assert_eq!(again.status.code(), Some(2), "no file is written over");
    assert_eq!(company.recordings(&["delete", &id]).status.code(), Some(0));
    assert_eq!(company.recordings(&["delete", &id]).status.code(), Some(10), "it is not there any more");
    assert_eq!(company.files(), Vec::<PathBuf>::new());
    let log = std::fs::read_to_string(company.folder.join("recordings.log")).expect("a log");
    let deeds: Vec<_> = log.lines().map(|line| line.split(' ').nth(1).unwrap_or_default()).collect();
    assert_eq!(deeds, ["exported", "exported", "deleted"]);
    assert!(log.lines().all(|line| line.contains(&id)) && !log.contains("916123"), "{log}");
}

#[test]
fn what_is_older_than_the_company_keeps_it_is_deleted_when_a_telephone_starts() {
    let pbx = Pbx::start();
    let company = Company::allows(&pbx, "announce = \"consent\"\nkeep_days = 1\n");
    std::fs::create_dir_all(&company.folder).expect("a folder");
    let old = company.folder.join("01890a5d-ac96-774b-bcce-b302099a8057.patchrec");
    std::fs::write(&old, "sealed").expect("a file");
    let phone = company.start(&pbx, &["register", "--seconds", "1"]);
    until("the old one to be gone", seconds(5), || !Path::new(&old).exists());
    phone.finish(seconds(10)).exited(0);
}

#[test]
fn the_register_says_what_was_recorded_and_what_was_not() {
    let pbx = Pbx::start();
    let desk = Desk::start(&pbx, 20);
    let client = Baresip::customer(&pbx, "+79161234567");
    let company = Company::allows(&pbx, "when = \"always\"\nannounce = \"elsewhere\"\n");
    let url = desk.url();
    let arguments = [
        "answer",
        "--seconds",
        "5",
        "--desk",
        &url,
        "--pause-recording-at",
        "2",
        "--resume-recording-at",
        "4",
    ];
    let mut command = company.telephone(&pbx, &arguments);
    command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.finish(seconds(20)).exited(0);
    let calls = desk.calls();
    let call = calls.iter().find(|call| call["caller"]["written"] == "+79161234567").expect("the call");
    let recording = &call["recording"];
    assert_eq!(
        (&recording["result"], &recording["told"]),
        (&"complete".into(), &"elsewhere".into()),
        "{call}"
    );
    assert_eq!(recording["paused"].as_array().map(Vec::len), Some(1), "{call}");
    assert_eq!(call["id"], company.listed()["id"], "the recording has the entry's name");
}
