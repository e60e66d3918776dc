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

/// Whether it waits until a screen reader has said what it says.
#[derive(Clone, Copy)]
pub enum Manner {
    Assertive,
    Polite,
}

#[derive(Default)]
pub struct Announcements {
    waiting: VecDeque<(String, Manner)>,
    pause: slint::Timer,
}

impl Shared {
    /// One after another: a screen reader hears only what stands for a moment, and only what is new.
    pub(super) fn announce(&self, text: String, manner: Manner) {
        let busy = {
            let mut controller = self.0.borrow_mut();
            controller.announcements.waiting.push_back((text, manner));
            controller.announcements.pause.running()
        };
        if !busy {
            self.announce_next();
        }
    }

    fn announce_next(&self) {
        let controller = &mut *self.0.borrow_mut();
        let Some((mut text, manner)) = controller.announcements.waiting.pop_front() else { return };
        let screen = controller.window.global::<ui::Screen>();
        let last = match manner {
            Manner::Assertive => screen.get_announcement(),
            Manner::Polite => screen.get_mention(),
        };
        if last == text.as_str() {
            text.push(SILENT);
        }
        match manner {
            Manner::Assertive => screen.set_announcement(text.into()),
            Manner::Polite => screen.set_mention(text.into()),
        }
        let next = || here(Self::announce_next);
        controller.announcements.pause.start(slint::TimerMode::SingleShot, HEARD, next);
    }
}
