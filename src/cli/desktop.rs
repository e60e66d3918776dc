//! What the terminal asks of the desktop: the window, `dial`, `provision`, and secrets that the key store has.

use super::Stops;
use super::args::{Arguments, DemoOptions};
use super::demo::{Practice, Refusal};
use super::faults;
use super::sound;
use super::verdict::{Exit, Trouble};
use crate::config::{Places, Settings};
use crate::desktop::instance::{self, Claim, Connection, NotTaken, Request};
use crate::desktop::keys::{self, Account, KeyFault};
use crate::desktop::links;
use crate::desktop::provision::{self, ProvisionFault};
use crate::desktop::remembered::Remembered;
use crate::secrets::Secret;
use crate::shell::Process;
use crate::text::{Catalogue, Language, say};
use crate::window::{self, Beginning, FindSecrets, Secrets};
use std::path::PathBuf;
use std::time::Duration;

/// Between two attempts to close the window.
const APART: Duration = Duration::from_millis(20);

/// Shows the window, or the one that runs already.
pub fn window(
    process: Process,
    arguments: &Arguments,
    hidden: bool,
    environment: impl Fn(&str) -> Option<String> + Send + 'static,
) -> Exit {
    let cat = super::catalogue(arguments, &environment);
    let in_file = match super::read_settings(arguments, &environment) {
        Ok(in_file) => in_file,
        Err(error) => return refuse(Exit::Usage, &error.say(&cat)),
    };
    let settings = arguments.common.settings().over(in_file);
    let places = Places::of_user(&environment);
    let state_folder = super::state_folder(&environment);
    let folder = instance::folder(&environment, &state_folder);
    let listener = match instance::claim(&folder) {
        Ok(Claim::First(listener)) => Some(listener),
        Ok(Claim::Other(window)) => {
            return match window.ask(&Request::Show) {
                Ok(()) => Exit::Done,
                Err(why) => refuse(Exit::NobodyThere, &not_taken(&cat, why)),
            };
        }
        Err(error) => {
            // A second window may start beside this one; better that than none.
            tracing::warn!(%error, "other programs cannot reach this window");
            None
        }
    };
    let last = Remembered::read(&state_folder).language;
    let language = arguments.common.lang.or(last).unwrap_or(cat.language());
    let beginning = Beginning {
        language,
        devices: sound::wishes(Some(arguments.common.audio.as_deref().unwrap_or("devices")), &settings),
        state_folder,
        hidden,
        places,
        listener,
        file: settings_file(arguments, &environment),
        secrets: find_secrets(settings.clone(), language, environment),
        settings,
    };
    show(&cat, process, beginning)
}

/// Where this user's settings are written.
fn settings_file(arguments: &Arguments, environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let named = arguments.common.config.clone();
    named.or_else(|| Places::of_user(environment).map(|places| places.settings_file()))
}

/// A key store that is locked or away is no reason not to start: the set-up page says why it asks for the password.
fn find_secrets(
    settings: Settings,
    language: Language,
    environment: impl Fn(&str) -> Option<String> + Send + 'static,
) -> FindSecrets {
    Box::new(move || {
        let cat = Catalogue::new(language);
        let desk_token = environment("PATCHCORD_DESK_TOKEN").filter(|token| !token.is_empty());
        Secrets {
            password: super::find_password(&cat, &settings, &environment).and_then(|found| {
                found.ok_or_else(|| {
                    say!(&cat, "The key store has no password for this account. Enter it here.")
                })
            }),
            desk_token: desk_token.map(Secret::new).or_else(|| stored_desk_token(&settings)),
        }
    })
}

/// The window with a practice PBX and a sample order desk behind it. Nothing of the user's own is read or written.
pub fn practise(
    process: Process,
    cat: &Catalogue,
    arguments: &Arguments,
    options: &DemoOptions,
) -> Result<Exit, Refusal> {
    let practice = Practice::begin(process, cat, arguments, options)?;
    let name = arguments.common.audio.as_deref().unwrap_or("devices");
    let beginning = Beginning {
        language: cat.language(),
        secrets: {
            let (password, desk_token) = (practice.password.clone(), practice.desk_token.clone());
            Box::new(|| Secrets { password: Ok(password), desk_token: Some(desk_token) })
        },
        state_folder: practice.state_folder.clone(),
        devices: sound::wishes(Some(name), &practice.settings),
        hidden: false,
        places: None,
        listener: None,
        settings: practice.settings.clone(),
        file: None,
    };
    Ok(show(cat, process, beginning))
}

/// Until it is closed.
fn show(cat: &Catalogue, process: Process, beginning: Beginning) -> Exit {
    if let Err(error) = leave_when_told() {
        tracing::warn!(%error, "the system's word to end will not be heard");
    }
    match window::run(process, beginning) {
        Ok(()) => Exit::Done,
        Err(error) => {
            tracing::error!(%error, "no window");
            refuse(
                Exit::Usage,
                &say!(
                    cat,
                    "No window can be shown here: there is no display. In a terminal, say patchcord --help."
                ),
            )
        }
    }
}

/// At log-out, and by Ctrl-C in a terminal: nobody may be left in a call with a telephone that is gone.
fn leave_when_told() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wait = move || {
        runtime.block_on(async { Stops::listen().next().await });
        // The window may not stand yet.
        while !window::leave() {
            std::thread::sleep(APART);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}

fn refuse(exit: Exit, words: &str) -> Exit {
    eprintln!("patchcord: {words}");
    exit
}

/// Passes a number to the window. Needs no account of its own.
pub fn dial(cat: &Catalogue, target: &str, environment: impl Fn(&str) -> Option<String>) -> Exit {
    let Some(target) = links::target(target) else {
        eprintln!("patchcord: {}", faults::trouble(cat, &Trouble::BadTarget, ""));
        return Exit::Usage;
    };
    let folder = instance::folder(&environment, &super::state_folder(&environment));
    match Connection::to_window(&folder).ask(&Request::Call { target }) {
        Ok(()) => Exit::Done,
        Err(why) => refuse(Exit::NobodyThere, &not_taken(cat, why)),
    }
}

fn not_taken(cat: &Catalogue, why: NotTaken) -> String {
    match why {
        NotTaken::Absent => say!(cat, "No Patchcord window runs. Start it, and dial again."),
        NotTaken::Silent => say!(cat, "The Patchcord window does not answer. Close it and start it again."),
        NotTaken::Refused => {
            say!(cat, "The Patchcord window is of another version. Close it and start it again.")
        }
    }
}

pub fn provision(arguments: &Arguments, from: &str, environment: impl Fn(&str) -> Option<String>) -> Exit {
    let cat = &super::catalogue(arguments, &environment);
    let Some(file) = settings_file(arguments, environment) else {
        eprintln!(
            "patchcord: {}",
            say!(cat, "Where are your settings? The environment variable HOME is not set.")
        );
        return Exit::Usage;
    };
    match provision::provision(from, &file) {
        Ok(_) => {
            eprintln!("patchcord: {}", say!(cat, "The telephone is set up: {file}.", file = file.display()));
            Exit::Done
        }
        Err(fault) => {
            eprintln!("patchcord: {}", fault.say(cat));
            match fault {
                ProvisionFault::NoAnswer { .. } | ProvisionFault::Refused { .. } => Exit::NobodyThere,
                _ => Exit::Usage,
            }
        }
    }
}

/// `Err` says why the store does not give what it may have.
pub fn stored_password(cat: &Catalogue, settings: &Settings) -> Result<Option<Secret>, String> {
    let Some(account) = Account::of_password(settings) else { return Ok(None) };
    match keys::read(account) {
        Err(KeyFault::NoStore) => Ok(None),
        read => read.map_err(|fault| fault.say(cat)),
    }
}

/// A desk without a token is said anyway.
pub fn stored_desk_token(settings: &Settings) -> Option<Secret> {
    keys::read(Account::of_desk(settings)?).ok().flatten()
}

/// A telephone that may record and has no key says so in the call.
pub fn stored_recording_key(settings: &Settings) -> Option<Secret> {
    keys::read(Account::of_recordings(settings)?).ok().flatten()
}

/// One that recordings were sealed with before.
pub fn recording_key_named(name: &str) -> Option<Secret> {
    keys::read(Account::RecordingKey { name }).ok().flatten()
}
