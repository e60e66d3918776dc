//! One headset: its reports become presses, and the state of the calls becomes reports for its lights.

use super::descriptor::{Bits, Descriptor, DescriptorFault, Field, JABRA_REJECT, Place, Usage};
use crate::instant::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the operator did with the headset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Press {
    OffHook,
    OnHook,
    /// Of a headset that knows nothing of the call: whichever of the two is possible.
    Hook,
    Mute,
    /// By a switch that has two positions.
    MuteTo(bool),
    Flash,
    HoldTo(bool),
    Redial,
    Drop,
    Reject,
}

/// What the headset shows of the calls.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Lights {
    pub ring: bool,
    pub off_hook: bool,
    pub mute: bool,
    pub hold: bool,
}

/// A report as it is written: its id (zero where there are none), then its payload.
pub type Report = Vec<u8>;

/// A headset does as its lights say, and tells so by the hook switch; some answer with the contrary at once, and mean nothing by
/// it. No person is that quick.
const ECHO: Duration = Duration::from_millis(700);

/// A hook switch that springs back is let go by then.
const LET_GO: Duration = Duration::from_secs(3);

/// Vendor of a device, as USB has it.
const GN_AUDIO: u16 = 0x0B0E;

const MUTE_LIGHT: Usage = Usage::led(0x09);
const MICROPHONE_LIGHT: Usage = Usage::led(0x21);
const RING_LIGHT: Usage = Usage::led(0x18);
const RINGER: Usage = Usage::telephony(0x9E);
const OFF_HOOK_LIGHT: Usage = Usage::led(0x17);
const HOLD_LIGHT: Usage = Usage::led(0x20);

/// What a control does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Hook,
    Mute,
    Hold,
    Push(Press),
}

/// One control, and how it was in the last report that told of it.
#[derive(Debug)]
struct Control {
    role: Role,
    field: Field,
    was_on: bool,
}

/// Where the lights are; none where the headset lacks one.
#[derive(Debug)]
struct Lamps {
    ring: Option<Bits>,
    off_hook: Option<Bits>,
    mute: Option<Bits>,
    hold: Option<Bits>,
}

#[derive(Debug)]
pub struct Headset {
    has_ids: bool,
    controls: Vec<Control>,
    lamps: Lamps,
    output_sizes: BTreeMap<u8, u32>,
    /// The payload that was last read, by report.
    last: BTreeMap<u8, Vec<u8>>,
    /// As headset and telephone agreed last: whoever of them spoke last.
    off_hook: bool,
    muted: bool,
    on_hold: bool,
    /// What the hook switch says before is no press.
    hook_settles: Instant,
    /// A hook switch that was pressed springs back until then.
    let_go_until: Instant,
    /// What the hook switch said last was passed over, and is not what was agreed.
    strays: bool,
    /// It was called back since the last press or change of the light; once is enough, or it would never end with one that insists.
    called_back: bool,
    shown: Option<Lights>,
    /// Since then.
    is_pressed: bool,
}

impl Headset {
    /// None: it has no button that a telephone could understand.
    ///
    /// # Errors
    /// The descriptor is none.
    pub fn new(vendor: u16, descriptor: &[u8]) -> Result<Option<Self>, DescriptorFault> {
        let descriptor = Descriptor::parse(descriptor)?;
        let lamps = Lamps::of(&descriptor);
        let mut controls: Vec<Control> = Vec::new();
        for field in descriptor.inputs {
            let role = role(vendor, field.usage);
            if let Some(role) = role.filter(|role| controls.iter().all(|control| control.role != *role)) {
                controls.push(Control { role, field, was_on: false });
            }
        }
        let headset = Self {
            has_ids: descriptor.has_ids,
            lamps,
            output_sizes: descriptor.output_sizes,
            last: BTreeMap::new(),
            off_hook: false,
            muted: false,
            on_hold: false,
            hook_settles: Instant::START,
            let_go_until: Instant::START,
            strays: false,
            called_back: false,
            shown: None,
            is_pressed: false,
            controls,
        };
        Ok((!headset.controls.is_empty()).then_some(headset))
    }

    /// What is pressed by this report, as it was read.
    pub fn hear(&mut self, now: Instant, report: &[u8]) -> Vec<Press> {
        let (id, payload) = match report.split_first() {
            Some((&id, payload)) if self.has_ids => (id, payload),
            _ => (0, report),
        };
        let last = self.last.insert(id, payload.to_vec());
        // A report tells of all its controls; one that is like the last, but for our lights, is about these.
        let is_like_last = match last {
            Some(last) => last == payload,
            None => payload.iter().all(|octet| *octet == 0),
        };
        let mut presses = Vec::new();
        for index in 0..self.controls.len() {
            // The index is below the length, and nothing is removed.
            let control = &mut self.controls[index];
            let Some(is_on) = control.field.place.is_on(id, payload) else { continue };
            let was_on = std::mem::replace(&mut control.was_on, is_on);
            let told = is_on != was_on || is_like_last;
            let (role, relative) = (control.role, control.field.relative);
            let springs_back = control.field.springs_back;
            // What tells changes alone need not tell that it was let go.
            let pushed = is_on && (!was_on || relative && is_like_last);
            let state = told.then_some(is_on);
            presses.extend(match role {
                Role::Hook if relative => pushed.then_some(Press::Hook),
                Role::Hook => self.hook(now, state, springs_back),
                Role::Mute if relative || springs_back => pushed.then_some(Press::Mute),
                Role::Hold if relative || springs_back => pushed.then_some(Press::Flash),
                Role::Mute => switched(&mut self.muted, state).map(Press::MuteTo),
                Role::Hold => switched(&mut self.on_hold, state).map(Press::HoldTo),
                Role::Push(press) => pushed.then_some(press),
            });
        }
        self.is_pressed |= !presses.is_empty();
        presses
    }

    fn hook(&mut self, now: Instant, state: Option<bool>, springs_back: bool) -> Option<Press> {
        let is_let_go = springs_back && state == Some(false) && now < self.let_go_until;
        if is_let_go || now < self.hook_settles {
            if let Some(off_hook) = state {
                self.strays = self.lamps.off_hook.is_some() && off_hook != self.off_hook;
            }
            return None;
        }
        let off_hook = switched(&mut self.off_hook, state)?;
        (self.strays, self.called_back) = (false, false);
        self.hook_settles = now + ECHO;
        self.let_go_until = now + LET_GO;
        Some(match (self.lamps.off_hook, off_hook) {
            // It cannot know whether there is a call, so its two states mean nothing.
            (None, _) => Press::Hook,
            (Some(_), true) => Press::OffHook,
            (Some(_), false) => Press::OnHook,
        })
    }

    /// What is to be written so that it shows this: the reports that change; all of them after a press, since the headset may have
    /// switched its lights by itself.
    pub fn show(&mut self, now: Instant, lights: Lights) -> Vec<Report> {
        let pressed = std::mem::take(&mut self.is_pressed);
        let shown = self.shown.replace(lights).filter(|_| !pressed);
        let before = shown.map(|shown| self.reports(shown)).unwrap_or_default();
        self.agree(now, lights);
        let reports = self.reports(lights);
        reports.into_iter().filter(|report| !before.contains(report)).collect()
    }

    /// All of it once more: after a press that nothing came of.
    pub fn show_again(&mut self, now: Instant) -> Vec<Report> {
        let lights = self.shown.take().unwrap_or_default();
        self.hook_settles = now + ECHO;
        self.show(now, lights)
    }

    /// To be asked now and then: a headset whose hook switch was passed over went its own way, and its lights bring it back to the call.
    pub fn call_back(&mut self, now: Instant) -> Vec<Report> {
        if now < self.hook_settles || !std::mem::take(&mut self.strays) {
            return Vec::new();
        }
        match std::mem::replace(&mut self.called_back, true) {
            true => Vec::new(),
            false => self.show_again(now),
        }
    }

    /// The headset takes over what its lights say.
    fn agree(&mut self, now: Instant, lights: Lights) {
        if self.lamps.off_hook.is_some()
            && std::mem::replace(&mut self.off_hook, lights.off_hook) != lights.off_hook
        {
            self.hook_settles = now + ECHO;
            (self.strays, self.called_back) = (false, false);
        }
        if self.lamps.mute.is_some() {
            self.muted = lights.mute;
        }
        if self.lamps.hold.is_some() {
            self.on_hold = lights.hold;
        }
    }

    /// Every report with a light in it, the hook first: a headset whose ring light goes out before would take the call for gone.
    fn reports(&self, lights: Lights) -> Vec<Report> {
        let Lamps { ring, off_hook, mute, hold } = self.lamps;
        let lamps =
            [(off_hook, lights.off_hook), (ring, lights.ring), (mute, lights.mute), (hold, lights.hold)];
        let mut reports: Vec<Report> = Vec::new();
        for (bits, on) in lamps.iter().filter_map(|(bits, on)| Some(((*bits)?, *on))) {
            let known = reports.iter_mut().find(|report| report.first() == Some(&bits.report));
            let report = match known {
                Some(report) => report,
                None => {
                    let octets = self.output_sizes.get(&bits.report).map_or(0, |size| size.div_ceil(8));
                    let mut report = vec![0; octets as usize + 1];
                    report[0] = bits.report; // One octet longer than the payload.
                    reports.push_mut(report)
                }
            };
            bits.switch(report.get_mut(1..).unwrap_or_default(), on);
        }
        reports
    }
}

/// The new state of a switch, if the report is about it; none where it is as it was agreed.
fn switched(agreed: &mut bool, state: Option<bool>) -> Option<bool> {
    let state = state.filter(|state| agreed != state)?;
    *agreed = state;
    Some(state)
}

/// Telephony page of the HID Usage Tables; a programmable button (0x07) is nobody's, and Line Busy Tone (0x97) and Line (0x2A) tell of
/// the headset itself.
fn role(vendor: u16, usage: Usage) -> Option<Role> {
    if usage == JABRA_REJECT {
        return (vendor == GN_AUDIO).then_some(Role::Push(Press::Reject));
    }
    [
        (0x20, Role::Hook),
        (0x21, Role::Push(Press::Flash)),
        (0x23, Role::Hold),
        (0x24, Role::Push(Press::Redial)),
        (0x26, Role::Push(Press::Drop)),
        (0x2F, Role::Mute),
    ]
    .into_iter()
    .find_map(|(id, role)| (Usage::telephony(id) == usage).then_some(role))
}

impl Place {
    /// None in a report that does not tell.
    fn is_on(&self, report: u8, payload: &[u8]) -> Option<bool> {
        match self {
            Self::Variable(bits) => Some(bits.read(report, payload)? != 0),
            Self::Array { slots, number } => {
                let mut read = slots.iter().filter_map(|bits| bits.read(report, payload)).peekable();
                read.peek()?;
                Some(read.any(|value| value == *number))
            }
        }
    }
}

impl Lamps {
    /// Older headsets show by the microphone's light that it is muted, and have a ringer in place of a light.
    fn of(descriptor: &Descriptor) -> Self {
        let light = |usage| descriptor.light(usage);
        Self {
            ring: light(RING_LIGHT).or_else(|| light(RINGER)),
            off_hook: light(OFF_HOOK_LIGHT),
            mute: light(MUTE_LIGHT).or_else(|| light(MICROPHONE_LIGHT)),
            hold: light(HOLD_LIGHT),
        }
    }
}
