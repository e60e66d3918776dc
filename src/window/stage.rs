//! The window on a stage, for tests: the same controller, without telephone and desktop, in a time that stands until it is
//! moved. What is wished is kept beside being granted, so that it can be looked at.

pub use super::ui::{DeviceList, Look, OperatorWindow, Options, Page, Screen, Setup, Theme};

use super::controller::Shared;
use super::ui;
use super::{Beginning, Secrets};
use crate::audio::{Seen, Wishes};
use crate::config::Settings;
use crate::instant::Instant;
use crate::screen::{Input, Wish};
use crate::secrets::Secret;
use crate::shell::Process;
use crate::text::Language;
use jiff::Zoned;
use slint::ComponentHandle;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// What is other than in an operator's day.
pub(super) struct Rehearsal {
    start: Zoned,
    now: Cell<Instant>,
    wishes: RefCell<Vec<Wish>>,
}

impl Rehearsal {
    pub(super) fn time(&self) -> (Instant, Zoned) {
        let now = self.now.get();
        (now, &self.start + now.since_start())
    }

    pub(super) fn keep(&self, wish: &Wish) {
        self.wishes.borrow_mut().push(wish.clone());
    }
}

/// One window. Needs a backend of the tests' own in this thread.
pub struct Stage {
    shared: Shared,
    rehearsal: Rc<Rehearsal>,
    window: OperatorWindow,
}

impl Stage {
    /// With a desk, in as much as the settings name one. Nothing of the user's is read or written.
    ///
    /// # Errors
    /// The backend makes no window.
    pub fn new(settings: Settings, language: Language, start: Zoned) -> Result<Self, slint::PlatformError> {
        let window = ui::OperatorWindow::new()?;
        let rehearsal =
            Rc::new(Rehearsal { start, now: Cell::new(Instant::START), wishes: RefCell::default() });
        let beginning = Beginning {
            settings,
            language,
            secrets: Box::new(|| Secrets { password: Ok(Secret::new("")), desk_token: None }),
            state_folder: PathBuf::new(),
            devices: Some(Wishes::default()),
            hidden: false,
            places: None,
            listener: None,
            file: None,
        };
        let shared =
            Shared::new(Process::begin(), window.clone_strong(), &beginning, Some(rehearsal.clone()));
        shared.show_options();
        Ok(Self { shared, rehearsal, window })
    }

    pub fn window(&self) -> &OperatorWindow {
        &self.window
    }

    pub fn input(&self, input: Input) {
        self.shared.input(input);
    }

    /// Time goes on, and the window shows it.
    pub fn pass(&self, time: Duration) {
        self.rehearsal.now.set(self.rehearsal.now.get() + time);
        self.shared.refresh();
    }

    /// Everything wished since the last look.
    pub fn wishes(&self) -> Vec<Wish> {
        self.rehearsal.wishes.take()
    }

    /// Whether the desktop is asked to point at the window.
    pub fn asks_for_attention(&self) -> bool {
        self.shared.0.borrow().asks_for_attention
    }

    /// What there is to hear and speak with.
    pub fn devices(&self, inputs: Seen, outputs: Seen) {
        self.shared.show_devices(inputs, outputs);
    }

    /// The form of the first run.
    pub fn open_setup(&self) {
        self.shared.open_setup(false);
    }
}
