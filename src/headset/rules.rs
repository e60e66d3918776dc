//! What a press means while the calls are as they are, and what a headset shows of them. One table for window and terminal.

use super::device::{Lights, Press};
use crate::agent::{Intent, LineState, LineView, View};
use crate::phone::LineId;

/// Who calls hears busy; a queue turns to the next operator.
const BUSY: u16 = 486;

/// What every headset shows.
pub fn lights(view: &View) -> Lights {
    let any = |is: fn(&LineView) -> bool| view.lines.values().any(is);
    Lights {
        ring: any(rings),
        // On hold, too: some headsets hang up when this one goes out.
        off_hook: any(|line| !rings(line)),
        mute: view.muted,
        hold: any(|line| line.held_by_us),
    }
}

/// None: nothing that is possible now. `redial` is what the operator dialled last.
pub fn intent(view: &View, press: Press, redial: Option<&str>) -> Option<Intent> {
    let calls = Calls::of(view);
    match press {
        Press::OffHook => calls.answer().or_else(|| calls.resume()),
        Press::OnHook => calls.hang_up(view).or_else(|| calls.turn_to_who_waits(view)),
        Press::Hook => {
            calls.answer().or_else(|| calls.hang_up(view)).or_else(|| calls.turn_to_who_waits(view))
        }
        Press::Mute => calls.mute(view, !view.muted),
        Press::MuteTo(on) => calls.mute(view, on),
        Press::Flash => calls.flash(view),
        Press::HoldTo(true) => calls.hold(view),
        Press::HoldTo(false) => calls.active.is_none().then(|| calls.resume())?,
        Press::Redial if view.lines.is_empty() => {
            redial.map(|target| Intent::Dial { target: target.to_owned() })
        }
        Press::Redial => None,
        Press::Drop => {
            calls.hang_up(view).or_else(|| calls.hang_up_on_who_waits(view)).or_else(|| calls.reject())
        }
        Press::Reject => calls.reject(),
    }
}

/// Who is who of the lines.
struct Calls {
    /// Who rings first.
    ringing: Option<LineId>,
    /// Whom the operator talks with, or calls.
    active: Option<LineId>,
    /// Who waits for the operator; the first, of several.
    waiting: Option<LineId>,
    several_wait: bool,
}

impl Calls {
    fn of(view: &View) -> Self {
        let lines = |is: fn(&LineView) -> bool| {
            view.lines.iter().filter(move |(_, line)| is(line)).map(|(id, _)| *id)
        };
        let mut waiting = lines(|line| !rings(line) && line.held_by_us);
        let talks = |line: &LineView| !rings(line) && !line.held_by_us;
        let turned_to = view.turned_to.filter(|id| view.lines.get(id).is_some_and(talks));
        Self {
            ringing: lines(rings).next(),
            active: turned_to.or_else(|| lines(talks).next()),
            waiting: waiting.next(),
            several_wait: waiting.next().is_some(),
        }
    }

    fn answer(&self) -> Option<Intent> {
        self.ringing.map(|line| Intent::Answer { line })
    }

    fn reject(&self) -> Option<Intent> {
        self.ringing.map(|line| Intent::Reject { line, status: BUSY })
    }

    /// A client who waits is taken back; of several, whom a swap goes to.
    fn resume(&self) -> Option<Intent> {
        match (self.active, self.waiting) {
            (None, Some(_)) if self.several_wait => Some(Intent::Swap),
            (None, Some(line)) => Some(Intent::Resume { line }),
            _ => None,
        }
    }

    /// On whom the operator talks with; of a conference the one who came second, and the other stays.
    fn hang_up(&self, view: &View) -> Option<Intent> {
        view.conference.map(|[_, second]| second).or(self.active).map(|line| Intent::HangUp { line })
    }

    /// The light is on while a client waits, so a headset's one button says on hook then, and means the client.
    fn turn_to_who_waits(&self, view: &View) -> Option<Intent> {
        self.waits_for_us(view)?;
        self.answer().or_else(|| self.resume())
    }

    /// Of two neither: the button shows no name.
    fn hang_up_on_who_waits(&self, view: &View) -> Option<Intent> {
        let line = self.waits_for_us(view).filter(|_| !self.several_wait)?;
        Some(Intent::HangUp { line })
    }

    /// Not whoever is on the way to a colleague: after passing on people hang up, and mean nobody by it.
    fn waits_for_us(&self, view: &View) -> Option<LineId> {
        self.waiting.filter(|line| view.lines.get(line).is_some_and(|line| line.in_transfer.is_none()))
    }

    fn mute(&self, view: &View, on: bool) -> Option<Intent> {
        let is_in_call = self.active.or(self.waiting).is_some();
        (is_in_call && view.muted != on).then_some(Intent::Mute { on })
    }

    fn hold(&self, view: &View) -> Option<Intent> {
        let talks = |line: &LineId| view.lines.get(line).is_some_and(|line| line.state == LineState::Talking);
        let line = self.active.filter(talks).filter(|_| view.conference.is_none())?;
        Some(Intent::Hold { line })
    }

    /// To the other: the one who rings, the one who waits, or from hold and to it.
    fn flash(&self, view: &View) -> Option<Intent> {
        match (self.active, self.waiting) {
            (Some(_), Some(_)) if self.ringing.is_none() => Some(Intent::Swap),
            (None, None) => None,
            _ if self.ringing.is_some() => self.answer(),
            (Some(_), _) => self.hold(view),
            (None, Some(_)) => self.resume(),
        }
    }
}

fn rings(line: &LineView) -> bool {
    line.state == LineState::Ringing
}
