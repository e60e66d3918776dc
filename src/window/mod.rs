//! The operator's window: Slint draws, [`crate::screen`] decides, [`crate::shell`] telephones.
//!
//! ```text
//! controller     between the three, in the window's thread
//! picture        the screen's picture into the window's properties
//! announcements  what screen readers say
//! telephone      the telephone in a thread of its own
//! options        the settings page; setup: the first run; tray: the icon in the desktop's tray
//! stage          all of it without telephone and desktop, for tests
//! ui/*.slint     what is drawn; tokens.slint has the colours and sizes, and nothing has any beside it
//! ```

mod announcements;
mod controller;
mod keys;
mod options;
mod picture;
mod setup;
#[doc(hidden)]
pub mod stage;
mod telephone;
mod tray;

use crate::audio::Wishes;
use crate::config::{Places, Settings};
use crate::desktop::instance::{Listener, Request};
use crate::screen::Act;
use crate::secrets::Secret;
use crate::shell::Process;
use crate::text::Language;
use controller::{Shared, in_window};
use patchcord_ui as ui;
use slint::ComponentHandle;
use std::path::PathBuf;
use std::time::Duration;

/// Before calls ring again, unless the settings say otherwise.
const WRAP_UP: Duration = Duration::from_secs(15);

/// What a window begins with.
pub struct Beginning {
    pub settings: Settings,
    /// Where changes are written; flags of the command line are not.
    pub file: Option<PathBuf>,
    pub language: Language,
    pub secrets: FindSecrets,
    pub state_folder: PathBuf,
    /// None: without sound.
    pub devices: Option<Wishes>,
    /// In the tray alone, as at log-in.
    pub hidden: bool,
    /// None: for practice; nothing of the user's is read or written.
    pub places: Option<Places>,
    /// Hears what other programs want of the window.
    pub listener: Option<Listener>,
}

/// What no settings file has.
pub struct Secrets {
    /// `Err`: why it cannot be had, in words.
    pub password: Result<Secret, String>,
    pub desk_token: Option<Secret>,
}

/// Called once, in a thread of its own: a key store that is locked asks its owner first, for as long as that takes.
pub type FindSecrets = Box<dyn FnOnce() -> Secrets + Send>;

/// No window can be shown: no display, or none that can be drawn on.
#[derive(Debug, thiserror::Error)]
#[error("no window can be shown: {0}")]
pub struct NoWindow(slint::PlatformError);

/// Closes the window from any thread, whatever stands: calls are hung up. Whether there was one to close.
#[must_use]
pub fn leave() -> bool {
    slint::quit_event_loop().is_ok()
}

/// Shows the window, and returns when it was closed and the telephone has said goodbye.
pub fn run(process: Process, beginning: Beginning) -> Result<(), NoWindow> {
    // Fails only where a backend stands already, as in tests.
    let _ = slint::set_xdg_app_id("patchcord");
    let window = ui::OperatorWindow::new().map_err(NoWindow)?;
    let shared = Shared::new(process, window.clone_strong(), &beginning, None);
    if !beginning.settings.is_complete() {
        shared.open_setup(false);
    }
    let find = beginning.secrets;
    std::thread::spawn(move || {
        let secrets = find();
        in_window(|shared| shared.on_secrets(secrets));
    });
    shared.show_options();
    shared.place();
    shared.keep_zoom();
    // Whoever is to be asked something has to see it.
    if !beginning.hidden || window.global::<ui::Setup>().get_shown() {
        window.show().map_err(NoWindow)?;
    }
    let late = shared.clone();
    // When the first picture is on the screen: neither may delay it.
    slint::Timer::single_shot(Duration::ZERO, move || {
        late.apply_zoom();
        late.keep_in_sight();
        late.greet_desktop();
    });
    if let Some(listener) = beginning.listener {
        listener.listen(|request| {
            in_window(move |shared| {
                shared.show_window();
                if let Request::Call { target } = request {
                    shared.act(Act::Call(target));
                }
            });
        });
    }
    let ran = slint::run_event_loop_until_quit().map_err(NoWindow);
    let _ = window.hide();
    shared.finish();
    ran
}
