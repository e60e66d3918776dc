//! What screen readers say.

use super::controller::{Shared, here};
use super::ui;
use slint::ComponentHandle;
use std::collections::VecDeque;
use std::time::Duration;

/// How long an announcement stands before the next one.
const HEARD: Duration = Duration::from_millis(200);
/// Makes the same words new ones (zero-width space).
const SILENT: char = '\u{200b}';

#[derive(Default)]
pub struct Announcements {
    waiting: VecDeque<String>,
    pause: slint::Timer,
}

impl Shared {
    /// One after another: a screen reader hears only what stands for a moment, and only what is new.
    pub(super) fn announce(&self, text: String) {
        let busy = {
            let mut controller = self.0.borrow_mut();
            controller.announcements.waiting.push_back(text);
            controller.announcements.pause.running()
        };
        if !busy {
            self.announce_next();
        }
    }

    fn announce_next(&self) {
        let controller = &mut *self.0.borrow_mut();
        let Some(mut text) = controller.announcements.waiting.pop_front() else { return };
        let screen = controller.window.global::<ui::Screen>();
        if screen.get_announcement() == text.as_str() {
            text.push(SILENT);
        }
        screen.set_announcement(text.into());
        let next = || here(Self::announce_next);
        controller.announcements.pause.start(slint::TimerMode::SingleShot, HEARD, next);
    }
}
