//! Many telephones without sound devices in one process, each of which takes its call, and speaks and hears nothing: what is
//! left is the cost of the voice. For `scripts/voice-bench`, which calls them and looks at processor and memory from outside.
//!
//! Arguments: how many, and the port of their PBX on loopback. They are called `t0`, `t1` …, and end with the process.

use patchcord::agent::{Event, Intent};
use patchcord::config::Settings;
use patchcord::phone;
use patchcord::secrets::Secret;
use patchcord::shell::{self, Audio, Notice, Process, Setup};
use std::path::Path;

fn main() {
    let words: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    // `cargo bench` of all runs this one with arguments of its own.
    let [count, port] = words[..] else { return };
    let process = Process::begin();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let all = tokio::task::LocalSet::new();
    all.block_on(&runtime, async move {
        let telephones = (0..count).map(|number| tokio::task::spawn_local(take_calls(process, number, port)));
        for telephone in telephones.collect::<Vec<_>>() {
            telephone.await.expect("a telephone");
        }
    });
}

async fn take_calls(process: Process, number: u32, port: u32) {
    let settings = format!(
        "[account]\nuser = \"t{number}\"\n[pbx]\nserver = \"127.0.0.1:{port}\"\n[calls]\ncodecs = [\"PCMA\"]\n"
    );
    let setup = Setup {
        settings: Settings::parse(&settings, Path::new("voice_calls.toml")).expect("settings"),
        password: Secret::new("bench"),
        desk_token: None,
        recording_key: None,
        state_folder: std::env::temp_dir(),
        register: true,
        audio: Box::new(|_| Audio::default()),
        devices: None,
        figures_every: None,
        office: false,
        levels: false,
    };
    let mut telephone = shell::start(process, setup).await.unwrap_or_else(|fault| panic!("{fault:?}"));
    while let Some((_, notice)) = telephone.next().await {
        if let Notice::Agent(Event::Phone(phone::Event::RingingIn { line, .. })) = notice {
            telephone.intent(Intent::Answer { line });
        }
    }
}
