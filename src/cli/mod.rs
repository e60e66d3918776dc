//! The terminal telephone: arguments, what each subcommand does, lines and exit codes.
//!
//! stdout holds events only, one per line; everything else goes to stderr.

mod args;
mod book;
mod demo;
#[cfg_attr(not(feature = "desktop"), path = "no_desktop.rs")]
mod desktop;
mod devices;
mod faults;
mod json;
#[cfg(test)]
mod lines_tests;
mod output;
mod recordings;
mod script;
mod sound;
mod usage;
mod verdict;
mod words;

use crate::agent::{Event, Intent};
use crate::command_line;
use crate::config::{self, Places, Settings, TransferMode};
use crate::logging;
use crate::phone;
use crate::secrets::Secret;
use crate::shell::{self, Handle, Notice, Process, Setup};
use crate::text::{Catalogue, Language, say};
use args::{Arguments, CallOptions, Command};
use book::Book;
use output::Output;
use script::{Do, Script, Task};
use sound::Sound;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use verdict::Exit;

/// How long hanging up, unregistering and sending register entries may take at the end.
const FAREWELL: Duration = Duration::from_secs(3);
/// How long a reader of stdout may take for the last lines, after that.
const WRITING_OUT: Duration = Duration::from_secs(1);
const FIGURES_EVERY: Duration = Duration::from_secs(5);

/// The program `patchcord`.
pub fn main(process: Process) -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    let arguments: Arguments = match command_line::read(std::env::args_os(), environment) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    logging::start(arguments.common.verbose);
    match arguments.subcommand() {
        Command::Window { hidden } => {
            return exit_code(desktop::window(process, &arguments, *hidden, environment));
        }
        Command::Demo(options) => {
            return exit_code(demo::play(process, &arguments, options, environment));
        }
        Command::Devices => return exit_code(devices::list(process, &arguments, environment)),
        Command::Recordings { what } => {
            return exit_code(recordings::run(process, &arguments, what, environment));
        }
        Command::Dial { target } => {
            return exit_code(desktop::dial(&catalogue(&arguments, environment), target, environment));
        }
        Command::Provision { from } => {
            return exit_code(desktop::provision(&arguments, from, environment));
        }
        _ => {}
    }
    let run = Run::prepare(&arguments, environment);
    match run {
        Ok(run) => exit_code(run.start(process, &arguments)),
        Err(refusal) => {
            eprintln!("patchcord: {}", refusal.words);
            exit_code(refusal.exit)
        }
    }
}

fn exit_code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Whatever else may be wrong with the settings is said when they are needed.
fn catalogue(arguments: &Arguments, environment: impl Fn(&str) -> Option<String>) -> Catalogue {
    let file = || read_settings(arguments, &environment).ok().and_then(|settings| settings.lang);
    let language = arguments.common.lang.or_else(file);
    Catalogue::new(language.unwrap_or_else(|| Language::from_environment(&environment)))
}

/// Said before anything was started.
struct Refusal {
    exit: Exit,
    words: String,
}

impl Refusal {
    fn usage(words: String) -> Self {
        Self { exit: Exit::Usage, words }
    }
}

/// A checked command line.
struct Run {
    cat: Catalogue,
    settings: Settings,
    password: Secret,
    desk_token: Option<Secret>,
    recording_key: Option<Secret>,
    state_folder: PathBuf,
    sound: Sound,
}

impl Run {
    fn prepare(arguments: &Arguments, environment: impl Fn(&str) -> Option<String>) -> Result<Self, Refusal> {
        let flags = arguments.common.settings();
        let language = flags.lang.unwrap_or_else(|| Language::from_environment(&environment));
        let cat = Catalogue::new(language);
        let file = read_settings(arguments, &environment).map_err(|error| Refusal::usage(error.say(&cat)))?;
        let settings = flags.over(file);
        let cat = Catalogue::new(settings.lang.unwrap_or(language));
        usage::check(&cat, arguments).map_err(Refusal::usage)?;
        // Whoever forgot the PBX or the user hears of that first.
        let needs_password =
            settings.is_complete() && !matches!(arguments.subcommand(), Command::Options { .. });
        let password = read_password(&cat, &settings, needs_password, &environment)?;
        let wants_rules = by_rules(arguments);
        if wants_rules && settings.desk.is_none() {
            return Err(Refusal::usage(say!(
                &cat,
                "--transfer rules asks the order desk. Give --desk URL, or write it into the settings."
            )));
        }
        let desk_token =
            environment("PATCHCORD_DESK_TOKEN").filter(|token| !token.is_empty()).map(Secret::new);
        let desk_token = desk_token.or_else(|| desktop::stored_desk_token(&settings));
        if settings.desk.is_some() && desk_token.is_none() {
            let words = say!(
                &cat,
                "The order desk wants a token. Put it into the environment variable PATCHCORD_DESK_TOKEN."
            );
            let wanted = arguments.common.desk.is_some() && call_options(arguments.subcommand()).is_some();
            if wanted || wants_rules {
                return Err(Refusal::usage(words));
            }
            // Nobody asked for the desk now: the telephone works without it.
            eprintln!("patchcord: {words}");
        }
        let allowed = settings.recording.as_ref().and_then(|recording| recording.allow);
        let options = call_options(arguments.subcommand());
        let records = options.is_some_and(|options| options.record.is_some());
        let asks = options.is_some_and(CallOptions::asks_to_record);
        if records && allowed == Some(false) || asks && allowed != Some(true) {
            let words = say!(&cat, "The settings let nothing be recorded: see section [recording].");
            return Err(Refusal::usage(words));
        }
        let recording_key =
            allowed.filter(|allowed| *allowed).and_then(|_| recording_key(&settings, &environment));
        let sound = Sound::open(&cat, call_options(arguments.subcommand())).map_err(Refusal::usage)?;
        let state_folder = state_folder(&environment);
        Ok(Self { cat, settings, password, desk_token, recording_key, state_folder, sound })
    }

    fn start(self, process: Process, arguments: &Arguments) -> Exit {
        run_to_the_end(self.cat.language(), self.drive(process, arguments))
    }

    async fn drive(self, process: Process, arguments: &Arguments) -> Exit {
        let desk_required = arguments.common.desk.is_some() || by_rules(arguments);
        let mut task = task(arguments.subcommand());
        if self.settings.transfer == Some(TransferMode::Blind) {
            task.pass_on_blindly();
        }
        let script = Script::new(task, desk_required);
        let figures = (arguments.common.verbose > 0).then_some(FIGURES_EVERY);
        let sound = self.sound;
        let devices = sound::wishes(arguments.common.audio.as_deref(), &self.settings);
        let next_hop = self.settings.proxy.as_ref().or(self.settings.server.as_ref());
        let pbx = next_hop.map(ToString::to_string).unwrap_or_default();
        let auto_answer = self.settings.auto_answer.filter(|_| script.takes_calls());
        let setup = Setup {
            settings: Settings { auto_answer, ..self.settings },
            password: self.password,
            desk_token: self.desk_token,
            recording_key: self.recording_key,
            state_folder: self.state_folder,
            register: script.registers(),
            audio: Box::new(move |_line| sound.next_call()),
            devices,
            figures_every: figures,
            office: false,
            levels: false,
        };
        let handle = match shell::start(process, setup).await {
            Ok(handle) => handle,
            Err(fault) => {
                let (exit, words) = faults::start(&self.cat, &fault);
                eprintln!("patchcord: {words}");
                return exit;
            }
        };
        let driver = Driver {
            process,
            cat: self.cat,
            pbx,
            json: arguments.common.json,
            script,
            book: Book::default(),
        };
        driver.run(handle).await
    }
}

/// On a runtime of this thread.
fn run_to_the_end(language: Language, work: impl Future<Output = Exit>) -> Exit {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = tokio::task::LocalSet::new().block_on(&runtime, work);
            // A name look-up may still be under way in a thread; nobody waits for it.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            tracing::error!(%error, "no runtime");
            eprintln!("patchcord: {}", faults::our_fault(&Catalogue::new(language)));
            Exit::OurFault
        }
    }
}

/// Moves notices to the script and to stdout, and the script's wishes to the telephone.
struct Driver {
    process: Process,
    cat: Catalogue,
    /// Where the PBX was looked for, for sentences.
    pbx: String,
    json: bool,
    script: Script,
    book: Book,
}

impl Driver {
    async fn run(mut self, mut handle: Handle) -> Exit {
        let (output, reader_gone) = match Output::start(handle.kept()) {
            Ok(output) => output,
            Err(_) => return Exit::OurFault,
        };
        let mut stops = Stops::listen();
        let mut interrupted = false;
        let mut stopped = false;
        loop {
            let deadline = self.script.next_deadline();
            let wait = deadline.map_or(Duration::MAX, |deadline| deadline.since(self.process.now()));
            tokio::select! {
                notice = handle.next() => match notice {
                    Some((at, mut notice)) => {
                        stopped = matches!(notice, Notice::Stopped(_));
                        self.book.note(at, &notice);
                        self.script.handle(at, &notice);
                        if self.script.is_over() {
                            promise_nothing(&mut notice);
                        }
                        if !((interrupted || self.script.is_over()) && is_of_a_colleague(&notice)) {
                            self.print(&output, at, &notice);
                        }
                    }
                    None => break,
                },
                () = tokio::time::sleep(wait), if deadline.is_some() => {
                    self.script.handle_timeout(self.process.now());
                }
                () = stops.next() => {
                    if interrupted {
                        return Exit::Interrupted;
                    }
                    interrupted = true;
                    handle.shut_down(FAREWELL);
                }
                () = reader_gone.notified(), if !interrupted => {
                    interrupted = true;
                    handle.shut_down(FAREWELL);
                }
            }
            self.obey(&handle);
        }
        tokio::select! {
            () = output.finish() => {}
            () = tokio::time::sleep(WRITING_OUT) => tracing::warn!("nobody reads stdout; the last events are lost"),
            () = stops.next() => return Exit::Interrupted,
        }
        if !stopped {
            eprintln!("patchcord: {}", faults::our_fault(&self.cat));
            return Exit::OurFault;
        }
        if interrupted {
            return Exit::Interrupted;
        }
        for trouble in self.script.verdict().troubles() {
            eprintln!("patchcord: {}", faults::trouble(&self.cat, trouble, &self.pbx));
        }
        self.script.verdict().exit()
    }

    fn print(&self, output: &Output, at: crate::instant::Instant, notice: &Notice) {
        let line =
            if self.json { json::line(at, notice, &self.book) } else { words::line(&self.cat, notice) };
        if let Some(line) = line {
            output.line(line);
        }
    }

    fn obey(&mut self, handle: &Handle) {
        while let Some(wish) = self.script.poll() {
            match wish {
                Do::Intent(intent) => {
                    if let Intent::Answer { line } = &intent {
                        self.book.answer_asked(self.process.now(), *line);
                    }
                    handle.intent(intent);
                }
                Do::FetchChain(question) => handle.fetch_chain(question),
                Do::Finish => handle.shut_down(FAREWELL),
            }
        }
    }
}

/// The telephone would register again; the program ends first.
fn promise_nothing(notice: &mut Notice) {
    if let Notice::Agent(Event::Phone(phone::Event::RegistrationFailed { retry_in, .. })) = notice {
        *retry_in = None;
    }
}

/// Whoever leaves knows nothing of the others any more: true, and of use to nobody.
fn is_of_a_colleague(notice: &Notice) -> bool {
    matches!(notice, Notice::Agent(Event::Phone(phone::Event::LineStateChanged { .. })))
}

/// Ctrl-C, and the polite ways in which systems end programs.
struct Stops(Vec<Signal>);

impl Stops {
    fn listen() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let ready = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

fn task(command: &Command) -> Task {
    match command.clone() {
        Command::Register { seconds } => Task::Register { stay: seconds.unwrap_or_default() },
        Command::Options { target } => Task::Options { target },
        Command::Call { target, timeout, options } => Task::Call { target, timeout, options },
        Command::Answer { calls, after, timeout, reject, swap_at, options } => {
            Task::Answer { calls, after, timeout, reject, swap_at, options }
        }
        Command::Watch { extensions, seconds } => Task::Watch { extensions, stay: seconds },
        Command::Demo(options) => demo::task(&options),
        // Done without a telephone.
        Command::Window { .. }
        | Command::Devices
        | Command::Recordings { .. }
        | Command::Dial { .. }
        | Command::Provision { .. } => Task::Register { stay: Duration::ZERO },
    }
}

fn call_options(command: &Command) -> Option<&CallOptions> {
    match command {
        Command::Call { options, .. } | Command::Answer { options, .. } => Some(options),
        _ => None,
    }
}

fn by_rules(arguments: &Arguments) -> bool {
    call_options(arguments.subcommand()).is_some_and(CallOptions::transfers_by_rules)
}

fn read_settings(
    arguments: &Arguments,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Settings, config::ConfigError> {
    if let Some(path) = &arguments.common.config {
        return Settings::read(path);
    }
    let path = Places::of_user(environment).map(|places| places.settings_file()).filter(|path| path.exists());
    path.map_or_else(|| Ok(Settings::default()), |path| Settings::read(&path))
}

/// Where the program keeps what must outlive it.
fn state_folder(environment: impl Fn(&str) -> Option<String>) -> PathBuf {
    let places = Places::of_user(environment);
    places.map_or_else(|| std::env::temp_dir().join("patchcord"), |places| places.state_folder())
}

/// None: no telephone of this account's has one yet.
fn recording_key(settings: &Settings, environment: impl Fn(&str) -> Option<String>) -> Option<Secret> {
    let named = environment("PATCHCORD_RECORDING_KEY").filter(|key| !key.is_empty()).map(Secret::new);
    named.or_else(|| desktop::stored_recording_key(settings))
}

fn read_password(
    cat: &Catalogue,
    settings: &Settings,
    needed: bool,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Secret, Refusal> {
    if !needed && settings.password_file.is_none() {
        return Ok(Secret::new(environment("PATCHCORD_PASSWORD").unwrap_or_default()));
    }
    find_password(cat, settings, environment).map_err(Refusal::usage)?.ok_or_else(|| {
        Refusal::usage(say!(
            cat,
            "The account's password is missing. Give --password-file FILE or the environment variable PATCHCORD_PASSWORD."
        ))
    })
}

/// `Err` says why a place that may have it does not give it.
fn find_password(
    cat: &Catalogue,
    settings: &Settings,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Option<Secret>, String> {
    if let Some(path) = &settings.password_file {
        return config::read_password(path).map(Some).map_err(|fault| fault.say(cat, path));
    }
    match environment("PATCHCORD_PASSWORD") {
        Some(password) => Ok(Some(Secret::new(password))),
        None => desktop::stored_password(cat, settings),
    }
}
