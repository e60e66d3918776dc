//! `patchcord demo`: the window, or the telephone by itself, with a practice PBX in the same process and an order desk with sample clients as its child.
//! Nothing of the user's own settings is read, and nothing is left behind.

use super::args::{Arguments, BY_RULES, CallOptions, Common, DemoOptions};
use super::book::Book;
use super::script::{Script, Task};
use super::sound::Sound;
use super::verdict::Exit;
use super::{Driver, FIGURES_EVERY, Stops, faults, run_to_the_end, usage};
use crate::config::{HostPort, Settings};
use crate::practice::{Note, Plays, Programme};
use crate::secrets::Secret;
use crate::shell::{self, PracticePbx, PracticeSetup, Process, Setup};
use crate::text::{Catalogue, Language, say};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::DirBuilder;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The operator's extension, and the password that the practice PBX gave it.
const OPERATOR: &str = "101";
const PASSWORD: &str = "pw-101";
const CLIENTS: &str = "300";
/// Seconds that each target rings, and the least that a desk takes.
const RINGS_FOR: u32 = 12;
const LEAST_RINGING: u32 = 5;
/// As an operator does it: looks at the card first, hears what is wanted, passes the client on.
const RINGS: Duration = Duration::from_secs(2);
const TALKS: Duration = Duration::from_secs(4);
/// For the desk to answer for the first time.
const DESK_PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) fn play(
    process: Process,
    arguments: &Arguments,
    options: &DemoOptions,
    environment: impl Fn(&str) -> Option<String>,
) -> Exit {
    let language = arguments.common.lang.unwrap_or_else(|| Language::from_environment(environment));
    let cat = Catalogue::new(language);
    if let Err(words) = usage::check(&cat, arguments) {
        eprintln!("patchcord: {words}");
        return Exit::Usage;
    }
    if options.headless {
        return run_to_the_end(language, drive(process, cat, arguments, options));
    }
    match super::desktop::practise(process, &cat, arguments, options) {
        Ok(exit) => exit,
        Err((exit, words)) => {
            eprintln!("patchcord: {words}");
            exit
        }
    }
}

/// What the telephone does with the clients who call.
pub(super) fn task(options: &DemoOptions) -> Task {
    Task::Answer {
        calls: plays(options).unwrap_or(u32::MAX),
        after: RINGS / options.speed,
        timeout: None,
        reject: None,
        swap_at: None,
        options: CallOptions {
            transfer: Some(vec![BY_RULES.to_owned()]),
            parts: true,
            transfer_at: Some(TALKS / options.speed),
            ..CallOptions::default()
        },
    }
}

/// None: without end.
fn plays(options: &DemoOptions) -> Option<u32> {
    if options.once { Some(1) } else { options.calls }
}

/// Why nothing was played.
pub(super) type Refusal = (Exit, String);

async fn drive(process: Process, cat: Catalogue, arguments: &Arguments, options: &DemoOptions) -> Exit {
    match rehearse(process, &cat, arguments, options).await {
        Ok(exit) => exit,
        Err((exit, words)) => {
            eprintln!("patchcord: {words}");
            exit
        }
    }
}

async fn rehearse(
    process: Process,
    cat: &Catalogue,
    arguments: &Arguments,
    options: &DemoOptions,
) -> Result<Exit, Refusal> {
    let Stage { desk, mut pbx } = Stage::set(process, cat, options).await?;
    let address = host_port(&pbx);
    let json = arguments.common.json;
    let tell = |words: String| {
        if !json {
            eprintln!("patchcord: {words}");
        }
    };
    tell(who_is_there(cat, &address, &desk));
    let setup = telephone(&arguments.common, &desk, address.clone());
    let handle = shell::start(process, setup).await.map_err(|fault| faults::start(cat, &fault))?;
    let driver = Driver {
        process,
        cat: Catalogue::new(cat.language()),
        pbx: address.to_string(),
        json,
        script: Script::new(task(options), true).practising(),
        book: Book::default(),
    };
    let mut running = std::pin::pin!(driver.run(handle));
    let exit = loop {
        tokio::select! {
            exit = &mut running => break exit,
            Some(note) = pbx.next() => line(cat, &note).into_iter().for_each(tell),
        }
    };
    pbx.finish().await;
    Ok(exit)
}

/// The PBX of simulated people, and the desk that knows them.
struct Stage {
    desk: Desk,
    pbx: PracticePbx,
}

impl Stage {
    async fn set(process: Process, cat: &Catalogue, options: &DemoOptions) -> Result<Self, Refusal> {
        let mut stops = Stops::listen();
        let desk = tokio::select! {
            desk = Desk::start(options.speed) => desk.map_err(|fault| (Exit::Desk, fault.say(cat)))?,
            () = stops.next() => return Err((Exit::Interrupted, say!(cat, "Stopped."))),
        };
        let pbx = start_pbx(process, options).map_err(|error| {
            tracing::error!(%error, "no practice PBX");
            (Exit::OurFault, faults::our_fault(cat))
        })?;
        Ok(Self { desk, pbx })
    }
}

fn host_port(pbx: &PracticePbx) -> HostPort {
    HostPort { host: pbx.local().ip().to_string(), port: Some(pbx.local().port()) }
}

fn who_is_there(cat: &Catalogue, address: &HostPort, desk: &Desk) -> String {
    say!(
        cat,
        "Practice PBX at {address}, order desk at {desk}. The telephone is extension {extension}; clients call.",
        address = address,
        desk = desk.url,
        extension = OPERATOR
    )
}

/// What a window practises with.
#[cfg(feature = "desktop")]
pub(super) struct Practice {
    pub settings: Settings,
    pub password: Secret,
    pub desk_token: Secret,
    pub state_folder: PathBuf,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[cfg(feature = "desktop")]
impl Practice {
    /// In a thread of its own, which says on stderr who calls; the window has this one.
    pub fn begin(
        process: Process,
        cat: &Catalogue,
        arguments: &Arguments,
        options: &DemoOptions,
    ) -> Result<Self, Refusal> {
        let our_fault = |cat: &Catalogue| (Exit::OurFault, faults::our_fault(cat));
        let (told, tell) = std::sync::mpsc::channel();
        let (end, ended) = tokio::sync::oneshot::channel();
        let (options, language) = (options.clone(), cat.language());
        let flags = arguments.common.settings();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| our_fault(cat))?;
        let thread = std::thread::spawn(move || {
            let cat = Catalogue::new(language);
            let playing = async {
                let stage = match Stage::set(process, &cat, &options).await {
                    Ok(stage) => stage,
                    Err(refusal) => {
                        let _ = told.send(Err(refusal));
                        return;
                    }
                };
                let Stage { desk, mut pbx } = stage;
                eprintln!("patchcord: {}", who_is_there(&cat, &host_port(&pbx), &desk));
                let settings = practice_settings(flags, &desk, host_port(&pbx));
                let _ = told.send(Ok((settings, desk.token.clone(), desk.folder.0.clone())));
                let mut ended = std::pin::pin!(ended);
                loop {
                    tokio::select! {
                        _ = &mut ended => break,
                        Some(note) = pbx.next() => {
                            if let Some(words) = line(&cat, &note) {
                                eprintln!("patchcord: {words}");
                            }
                        }
                    }
                }
                pbx.finish().await;
            };
            tokio::task::LocalSet::new().block_on(&runtime, playing);
        });
        let (settings, desk_token, state_folder) = tell.recv().map_err(|_| our_fault(cat))??;
        let (end, thread) = (Some(end), Some(thread));
        Ok(Self { settings, password: Secret::new(PASSWORD), desk_token, state_folder, end, thread })
    }
}

/// The telephone has said goodbye by now.
#[cfg(feature = "desktop")]
impl Drop for Practice {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn start_pbx(process: Process, options: &DemoOptions) -> io::Result<PracticePbx> {
    let plays = plays(options).map_or(Plays::Endlessly, Plays::Calls);
    // A newcomer at the window begins with the easy one.
    let programme = match options.headless && options.once {
        true => Programme::of_one_long_way(options.speed, options.seed),
        false => Programme::new(plays, options.speed, options.seed),
    };
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    PracticePbx::start(process, PracticeSetup { local, programme })
}

/// Of the user's flags it takes what is a matter of taste.
fn telephone(common: &Common, desk: &Desk, pbx: HostPort) -> Setup {
    let flags = common.settings();
    let sound = Sound::default();
    let devices = super::sound::wishes(common.audio.as_deref(), &flags);
    Setup {
        settings: practice_settings(flags, desk, pbx),
        password: Secret::new(PASSWORD),
        desk_token: Some(desk.token.clone()),
        recording_key: None,
        state_folder: desk.folder.0.clone(),
        register: true,
        devices,
        audio: Box::new(move |_line| sound.next_call()),
        figures_every: (common.verbose > 0).then_some(FIGURES_EVERY),
        office: false,
        levels: false,
    }
}

fn practice_settings(flags: Settings, desk: &Desk, pbx: HostPort) -> Settings {
    Settings {
        server: Some(pbx),
        user: Some(OPERATOR.to_owned()),
        desk: Some(desk.url.clone()),
        codecs: flags.codecs,
        rtp_ports: flags.rtp_ports,
        lines: flags.lines,
        ..Settings::default()
    }
}

/// What the telephone itself cannot know.
fn line(cat: &Catalogue, note: &Note) -> Option<String> {
    match note {
        Note::Talks { with } => Some(say!(cat, "{target} has answered; the client talks on.", target = with)),
        Note::Lost { on_the_way_to } => {
            Some(say!(cat, "{target} could not be had; the client has hung up.", target = on_the_way_to))
        }
        Note::Here { .. } | Note::Gone { .. } | Note::Calls { .. } | Note::GaveUp => None,
    }
}

/// An order desk of sample clients, for as long as this value lives.
struct Desk {
    child: Child,
    url: String,
    token: Secret,
    /// Dropped last: the desk's database is in it.
    folder: Folder,
}

/// Why there is no order desk.
enum DeskFault {
    /// It stands beside this program, or nowhere.
    NoProgram(PathBuf),
    System(io::Error),
    /// It ended, or never answered.
    Silent,
}

impl From<io::Error> for DeskFault {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl DeskFault {
    fn say(&self, cat: &Catalogue) -> String {
        match self {
            Self::NoProgram(file) => say!(
                cat,
                "The order desk's program, {file}, is not there. Build or install it beside patchcord.",
                file = file.display()
            ),
            Self::System(error) => say!(
                cat,
                "The sample order desk cannot be started: {error}. Check the folder for temporary files.",
                error = crate::config::io_words(cat, error.kind())
            ),
            Self::Silent => say!(cat, "The sample order desk was started and does not answer."),
        }
    }
}

impl Desk {
    async fn start(speed: u32) -> Result<Self, DeskFault> {
        let program = std::env::current_exe()?.with_file_name("patchcord-desk");
        if !program.is_file() {
            return Err(DeskFault::NoProgram(program));
        }
        let folder = Folder::make()?;
        let database = format!("sqlite:{}", folder.0.join("desk.db").display());
        let settings = folder.0.join("desk.toml");
        let ring_seconds = (RINGS_FOR / speed).max(LEAST_RINGING);
        std::fs::write(&settings, format!("[transfer]\nring_seconds = {ring_seconds}\n"))?;
        let token = Command::new(&program)
            .args(["token", "new", "--role", "operator", "--person", OPERATOR, "--database", &database])
            .stdin(Stdio::null())
            .output()?;
        if !token.status.success() {
            return Err(DeskFault::Silent);
        }
        let token = Secret::new(String::from_utf8_lossy(&token.stdout).trim());
        let port = folder.0.join("port");
        let mut command = Command::new(&program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--sample", CLIENTS, "--database", &database])
            .arg("--config")
            .arg(&settings)
            .arg("--port-file")
            .arg(&port)
            // It ends with us, however we end.
            .arg("--until-input-ends")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Ctrl-C is the telephone's to hear: it writes its last entries first.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut desk = Self { child: command.spawn()?, url: String::new(), token, folder };
        let port = tokio::time::timeout(DESK_PATIENCE, desk.port(&port)).await.ok().flatten();
        desk.url = format!("http://127.0.0.1:{}", port.ok_or(DeskFault::Silent)?);
        Ok(desk)
    }

    /// None: it has ended.
    async fn port(&mut self, file: &Path) -> Option<u16> {
        loop {
            if let Ok(port) = std::fs::read_to_string(file) {
                return port.trim().parse().ok();
            }
            if !matches!(self.child.try_wait(), Ok(None)) {
                return None;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// For its owner alone; gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn make() -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let path = std::env::temp_dir().join(format!("patchcord-demo-{}", std::process::id()));
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
