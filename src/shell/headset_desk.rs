//! The operator's headsets, as the owner has them: presses in, lights out.

use crate::agent::{Event, Intent, View};
use crate::clock::Clock;
use crate::headset::{self, Press};
use crate::hid::Headsets;
use crate::phone;
use tokio::sync::mpsc::UnboundedReceiver;

/// Without headsets it does nothing.
#[derive(Default)]
pub(super) struct HeadsetDesk {
    headsets: Option<(Headsets, UnboundedReceiver<Press>)>,
    /// What the operator dialled last, as it was typed.
    redial: Option<String>,
}

impl HeadsetDesk {
    /// A telephone works without.
    pub fn start(clock: Clock) -> Self {
        let started = Headsets::start(clock);
        let started = started.inspect_err(|error| tracing::error!(%error, "no buttons of headsets"));
        Self::with(started.ok())
    }

    pub fn with(headsets: Option<(Headsets, UnboundedReceiver<Press>)>) -> Self {
        Self { headsets, redial: None }
    }

    /// Never, where there are no headsets.
    pub async fn next_press(&mut self) -> Press {
        if let Some((_, presses)) = &mut self.headsets
            && let Some(press) = presses.recv().await
        {
            return press;
        }
        std::future::pending().await
    }

    /// What is wanted by this press, if it is possible now.
    pub fn intent(&self, view: &View, press: Press) -> Option<Intent> {
        let intent = headset::intent(view, press, self.redial.as_deref());
        match &intent {
            Some(intent) => tracing::debug!(?press, ?intent, "by a headset"),
            None => {
                tracing::debug!(?press, "a headset asks for nothing that can be done now");
                if let Some((headsets, _)) = &self.headsets {
                    headsets.show_again();
                }
            }
        }
        intent
    }

    pub fn remember(&mut self, intent: &Intent) {
        if let Intent::Dial { target } = intent {
            self.redial = Some(target.clone());
        }
    }

    /// `view` is as it is after this event.
    pub fn follow(&self, view: &View, event: &Event) {
        if let Some((headsets, _)) = self.headsets.as_ref().filter(|_| concerns_lights(event)) {
            headsets.show(headset::lights(view));
        }
    }
}

/// Also what came of a press without changing a light.
fn concerns_lights(event: &Event) -> bool {
    let Event::Phone(event) = event else { return false };
    matches!(
        event,
        phone::Event::RingingIn { .. }
            | phone::Event::Dialing { .. }
            | phone::Event::Answered { .. }
            | phone::Event::Held { .. }
            | phone::Event::Resumed { .. }
            | phone::Event::HoldFailed { .. }
            | phone::Event::Conference { .. }
            | phone::Event::Muted { .. }
            | phone::Event::Refused { .. }
            | phone::Event::Ended { .. }
    )
}
