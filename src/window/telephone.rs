//! The telephone behind the window: it runs in a thread of its own, so that nothing that is drawn ever delays a call.

use crate::audio::Wishes;
use crate::config::{RecordingSettings, Settings};
use crate::desktop::keys;
use crate::secrets::Secret;
use crate::shell::{self, Audio, Notice, Process, Remote, Setup, StartFault};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long hanging up, unregistering and sending register entries may take at the end.
const FAREWELL: Duration = Duration::from_secs(3);

/// How often the quality of a call is told.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// How long the telephone waits for the key of its recordings.
const KEY_PATIENCE: Duration = Duration::from_secs(5);

/// What a telephone is started with.
#[derive(Clone)]
pub struct Account {
    pub settings: Settings,
    pub password: Secret,
    pub desk_token: Option<Secret>,
    pub state_folder: PathBuf,
    pub devices: Option<Wishes>,
}

/// What the thread tells.
pub enum Heard {
    Started(Remote),
    Failed(StartFault),
    Notice(Box<Notice>),
    /// Nothing more comes.
    Gone,
}

/// One telephone, from its start to its farewell.
pub struct Telephone {
    /// None until it has started.
    remote: Option<Remote>,
    thread: JoinHandle<()>,
}

impl Telephone {
    /// `tell` is called in the telephone's thread.
    pub fn start(
        process: Process,
        account: Account,
        tell: impl Fn(Heard) + Send + 'static,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("telephone".into()).spawn(move || {
            tokio::task::LocalSet::new().block_on(&runtime, live(process, account, tell));
            // A name look-up may still be under way in a thread; nobody waits for it.
            runtime.shutdown_background();
        })?;
        Ok(Self { remote: None, thread })
    }

    pub fn started(&mut self, remote: Remote) {
        self.remote = Some(remote);
    }

    pub fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref()
    }

    /// Hangs up and unregisters; returns when that is done.
    pub fn finish(self) {
        match self.remote {
            Some(remote) => remote.shut_down(FAREWELL),
            // It waits for a name still, or has failed: nobody knows of it.
            None => return,
        }
        if self.thread.join().is_err() {
            tracing::error!("the telephone broke down");
        }
    }
}

/// A key store that is locked asks its owner first; calls do not wait for that. Without an answer nothing is recorded.
async fn recording_key(process: Process, settings: Settings) -> Option<Secret> {
    let allowed = settings.recording.as_ref().is_some_and(RecordingSettings::allows);
    if !allowed {
        return None;
    }
    if let Some(named) = std::env::var("PATCHCORD_RECORDING_KEY").ok().filter(|key| !key.is_empty()) {
        return Some(Secret::new(named));
    }
    let chance = process.seed().ok()?;
    let stored = tokio::task::spawn_blocking(move || keys::recording_key(&settings, chance));
    match tokio::time::timeout(KEY_PATIENCE, stored).await {
        Ok(Ok(Ok(key))) => key,
        Ok(fault) => {
            tracing::warn!(?fault, "the key of the recordings cannot be had");
            None
        }
        Err(_) => {
            tracing::warn!("the key store does not give the key of the recordings in time");
            None
        }
    }
}

async fn live(process: Process, account: Account, tell: impl Fn(Heard)) {
    let recording_key = recording_key(process, account.settings.clone()).await;
    let setup = Setup {
        settings: account.settings,
        password: account.password,
        desk_token: account.desk_token,
        recording_key,
        state_folder: account.state_folder,
        register: true,
        audio: Box::new(|_line| Audio::default()),
        devices: account.devices,
        figures_every: Some(FIGURES_EVERY),
        office: true,
        levels: true,
    };
    match shell::start(process, setup).await {
        Ok(handle) => {
            let (remote, mut notices) = handle.split();
            tell(Heard::Started(remote));
            while let Some((_, notice)) = notices.next().await {
                tell(Heard::Notice(Box::new(notice)));
            }
            tell(Heard::Gone);
        }
        Err(fault) => tell(Heard::Failed(fault)),
    }
}
