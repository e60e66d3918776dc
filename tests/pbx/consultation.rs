//! The operator speaks with a manager first, to and fro, and then joins client and manager: by intents, as the window sends
//! them.

use crate::ogg_opus;
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::OUR_RTP;
use crate::transfer::Story;
use patchcord::agent::{Event, Intent};
use patchcord::archive::Archive;
use patchcord::audio::{Begin, Sink, Source, WavRecorder, WavSource};
use patchcord::config::Settings;
use patchcord::phone::{self, LineId, TransferOutcome};
use patchcord::recording::{RecordingKey, ogg_opus};
use patchcord::secrets::Secret;
use patchcord::shell::{self, Audio, Notice, Process, Remote, Setup};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// All conversations with clients are recorded here.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const CLIENT: LineId = LineId(1);
const MANAGER: LineId = LineId(2);

/// A telephone in this process, in a thread of its own, which speaks a file and records each line.
struct Seat<'a> {
    pbx: &'a Pbx,
    remote: Remote,
    told: Arc<Mutex<Vec<Notice>>>,
    thread: Option<JoinHandle<()>>,
    folder: PathBuf,
}

impl<'a> Seat<'a> {
    fn new(pbx: &'a Pbx) -> Self {
        let folder = pbx.scratch.path().to_owned();
        let (told, (tell, begun)) = (Arc::new(Mutex::new(Vec::new())), std::sync::mpsc::channel());
        let (notes, place, server) = (Arc::clone(&told), folder.clone(), pbx.server());
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            tokio::task::LocalSet::new().block_on(&runtime, async {
                let handle =
                    shell::start(Process::begin(), setup(&place, &server)).await.expect("a telephone");
                let (remote, mut notices) = handle.split();
                tell.send(remote).expect("the test waits");
                while let Some((_, notice)) = notices.next().await {
                    notes.lock().expect("a lock").push(notice);
                }
            });
        });
        let remote = begun.recv().expect("the telephone starts");
        Self { pbx, remote, told, thread: Some(thread), folder }
    }

    fn wants(&self, intent: Intent) {
        self.remote.intent(intent);
    }

    fn wait(&self, what: &str, is_it: impl Fn(&phone::Event) -> bool) {
        let seen = |notice: &Notice| matches!(notice, Notice::Agent(Event::Phone(event)) if is_it(event));
        crate::until(what, seconds(8), || self.told.lock().expect("a lock").iter().any(seen));
    }

    fn answered(&self, line: LineId) {
        self.wait(
            "an answer",
            |event| matches!(event, phone::Event::Answered { line: on, .. } if *on == line),
        );
    }

    fn ended(&self, line: LineId) {
        self.wait("an end", |event| matches!(event, phone::Event::Ended { line: on, .. } if *on == line));
    }

    fn recorded(&self, line: LineId) -> Vec<i16> {
        sound::read(&self.folder.join(format!("line-{line}.wav")), 0)
    }

    /// The company's recording of the only client: what they were given to hear, and what they said.
    fn kept(&self) -> [Vec<i16>; 2] {
        let archive = Archive::at(self.folder.join("state/recordings"));
        let kept = archive.list().expect("recordings");
        assert_eq!(kept.len(), 1, "of the client's call, and of no other");
        let key = RecordingKey::of(&Secret::new(KEY)).expect("a key");
        let recording = archive.read(kept[0], &key).expect("a recording");
        assert_eq!(recording.damage, [], "from its beginning to its end");
        let file = self.folder.join("kept.opus");
        std::fs::write(&file, ogg_opus(&recording, 1, |_| String::new())).expect("a file");
        let heard = ogg_opus::heard(&file);
        let [left, right] = &heard.channels[..] else { panic!("two channels expected") };
        [left.clone(), right.clone()]
    }

    /// The client calls and is answered; then the operator calls this one, while the client waits.
    fn consults(&self, client: &Baresip, target: &str) {
        self.wait("a registration", |event| matches!(event, phone::Event::Registered { .. }));
        client.dial(&format!("sip:101@{}", self.pbx.trunk()));
        self.wait("the client", |event| matches!(event, phone::Event::RingingIn { .. }));
        self.wants(Intent::Answer { line: CLIENT });
        self.answered(CLIENT);
        std::thread::sleep(seconds(2));
        self.wants(Intent::Dial { target: target.to_owned() });
    }

    fn leaves(mut self) {
        self.remote.shut_down(seconds(3));
        self.thread.take().expect("once").join().expect("the telephone's thread");
        let told = self.told.lock().expect("a lock");
        let ready = told.iter().find_map(|notice| match notice {
            Notice::Ready { local } => Some(local.to_string()),
            _ => None,
        });
        self.pbx.judge(vec![ready.expect("an address")]);
    }
}

fn setup(folder: &Path, server: &str) -> Setup {
    let text = format!(
        "[account]\nuser = \"101\"\n[pbx]\nserver = \"{server}\"\nrtp_ports = \"{}-{}\"\n\
         [recording]\nallow = true\nwhen = \"always\"\nannounce = \"elsewhere\"\n",
        OUR_RTP.start,
        OUR_RTP.end - 1
    );
    let voice = WavSource::open(&folder.join("operator.wav")).expect("a voice");
    let place = folder.to_owned();
    let audio = move |line: LineId| {
        let file = place.join(format!("line-{line}.wav"));
        let play: Box<dyn Source> = Box::new(voice.clone());
        let record: Begin = Box::new(move || Ok(Box::new(WavRecorder::create(&file)?) as Box<dyn Sink>));
        Audio { play: Some(play), record: Some(record) }
    };
    Setup {
        office: false,
        settings: Settings::parse(&text, Path::new("test")).expect("settings"),
        password: Secret::new("pw-101".to_owned()),
        desk_token: None,
        recording_key: Some(Secret::new(KEY)),
        state_folder: folder.join("state"),
        register: true,
        audio: Box::new(audio),
        devices: None,
        figures_every: None,
        levels: false,
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(1500));
}

#[test]
fn client_and_manager_are_joined_after_swapping_and_a_conference() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let seat = Seat::new(&story.pbx);
    seat.consults(&story.client, "201");
    seat.answered(MANAGER);
    pause();
    seat.wants(Intent::Swap);
    pause();
    seat.wants(Intent::Conference { on: true });
    pause();
    seat.wants(Intent::Conference { on: false });
    seat.wait("the conference's end", |event| matches!(event, phone::Event::Conference { lines: None }));
    pause();
    seat.wants(Intent::Join { line: CLIENT, with: MANAGER });
    seat.wait("the join", |event| {
        matches!(event, phone::Event::Transferred { line: CLIENT, outcome: TransferOutcome::Joined, .. })
    });
    seat.ended(CLIENT);
    seat.ended(MANAGER);
    story.client_talks_with(&manager);
    for (line, person) in [(CLIENT, &story.client), (MANAGER, &manager)] {
        let alike = sound::best(&person.voice, &seat.recorded(line));
        assert!(alike >= ALIKE, "the recording of line {line}: {alike:.3}");
    }
    seat.leaves();
}

#[test]
fn a_manager_who_declines_leaves_the_client_with_the_operator() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::ByHand);
    let seat = Seat::new(&story.pbx);
    seat.consults(&story.client, "201");
    manager.wait("CALL_INCOMING", seconds(5));
    manager.hang_up();
    seat.ended(MANAGER);
    seat.wants(Intent::Join { line: CLIENT, with: MANAGER });
    seat.wants(Intent::Resume { line: CLIENT });
    std::thread::sleep(seconds(3));
    story.client.hang_up();
    seat.ended(CLIENT);
    story.client.wait("CALL_CLOSED", seconds(5));
    let heard = story.client.heard();
    let alike = sound::best(&story.voice, &heard[heard.len().saturating_sub(5 * RATE / 2)..]);
    assert!(alike >= ALIKE, "the client hears the operator again: {alike:.3}");
    seat.leaves();
}

#[test]
fn a_client_who_hangs_up_meanwhile_leaves_manager_and_operator_talking() {
    let story = Story::begin();
    let manager = Baresip::colleague(&story.pbx, "201", &Answers::AtOnce);
    let seat = Seat::new(&story.pbx);
    seat.consults(&story.client, "201");
    seat.answered(MANAGER);
    pause();
    story.client.hang_up();
    seat.ended(CLIENT);
    seat.wants(Intent::Join { line: CLIENT, with: MANAGER });
    seat.wait("the refusal", |event| matches!(event, phone::Event::Refused { .. }));
    pause();
    assert!(!manager.has("CALL_CLOSED"), "the manager stays");
    seat.wants(Intent::HangUp { line: MANAGER });
    manager.wait("CALL_CLOSED", seconds(5));
    let heard = manager.heard();
    let alike = sound::best(&story.voice, &heard);
    assert!(alike >= ALIKE, "the manager heard the operator: {alike:.3}");
    let [left, right] = seat.kept();
    for (what, voice, heard) in
        [("the operator", &story.voice, &left), ("the client", &story.client.voice, &right)]
    {
        sound::must_be_heard(&format!("{what} is recorded"), voice, 0.3, 1.7, heard);
    }
    for channel in [&left, &right] {
        assert!(sound::best(&manager.voice, channel) < 0.8, "nothing of the manager's");
    }
    // What the operator told the manager was not for the client, who heard the first two seconds of the same words.
    let told = &story.voice[RATE * 23 / 10..RATE * 29 / 10];
    assert!(sound::best(told, &heard) >= ALIKE, "the manager was told");
    assert!(sound::best(told, &left) < 0.8, "nor of what they were told");
    seat.leaves();
}
