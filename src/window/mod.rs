//! The operator's window: Slint draws, [`crate::screen`] decides, [`crate::shell`] telephones.
//!
//! ```text
//! controller   between the three, in the window's thread
//! picture      the screen's picture into the window's properties
//! telephone    the telephone in a thread of its own
//! options      the settings page; setup: the first run; tray: the icon in the desktop's tray
//! stage        all of it without telephone and desktop, for tests
//! ui/*.slint   what is drawn; tokens.slint has the colours and sizes, and nothing has any beside it
//! ```

mod controller;
mod keys;
mod options;
mod picture;
mod setup;
#[doc(hidden)]
pub mod stage;
mod telephone;
mod tray;

/// What the `.slint` files are compiled to.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::disallowed_methods)]
mod ui {
    slint::include_modules!();
}

use crate::audio::Wishes;
use crate::config::{Places, Settings};
use crate::desktop::instance::{Listener, Request};
use crate::screen::Act;
use crate::secrets::Secret;
use crate::shell::Process;
use crate::text::Language;
use controller::{Shared, in_window};
use slint::ComponentHandle;
use std::path::PathBuf;
use std::time::Duration;
use telephone::Account;

/// Before calls ring again, unless the settings say otherwise.
const WRAP_UP: Duration = Duration::from_secs(15);

/// What a window begins with.
pub struct Beginning {
    pub settings: Settings,
    /// What stands in the settings file, and the file: flags are not written into it.
    pub file: Option<(PathBuf, Settings)>,
    pub language: Language,
    /// None: the set-up page comes first.
    pub password: Option<Secret>,
    pub desk_token: Option<Secret>,
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

/// No window can be shown: no display, or none that can be drawn on.
#[derive(Debug, thiserror::Error)]
#[error("no window can be shown: {0}")]
pub struct NoWindow(slint::PlatformError);

/// Closes the window from any thread, whatever stands: calls are hung up.
pub fn leave() {
    // Fails only where no event loop runs: it has ended already.
    let _ = slint::quit_event_loop();
}

/// Shows the window, and returns when it was closed and the telephone has said goodbye.
pub fn run(process: Process, mut beginning: Beginning) -> Result<(), NoWindow> {
    // Fails only where a backend stands already, as in tests.
    let _ = slint::set_xdg_app_id("patchcord");
    let window = ui::OperatorWindow::new().map_err(NoWindow)?;
    let shared = Shared::new(process, window.clone_strong(), &beginning, None);
    let settings = beginning.settings.clone();
    match beginning.password.take() {
        Some(password) => shared.start_telephone(Account {
            settings,
            password,
            desk_token: beginning.desk_token.take(),
            state_folder: beginning.state_folder.clone(),
            devices: beginning.devices.clone(),
        }),
        None => shared.open_setup(false),
    }
    shared.show_options();
    shared.place();
    // Whoever is to be asked something has to see it.
    if !beginning.hidden || window.global::<ui::Setup>().get_shown() {
        window.show().map_err(NoWindow)?;
    }
    let late = shared.clone();
    // When the first picture is on the screen: neither may delay it.
    slint::Timer::single_shot(Duration::ZERO, move || {
        late.learn_scale();
        late.greet_desktop();
    });
    if let Some(listener) = beginning.listener.take() {
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
