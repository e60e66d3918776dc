//! Which device a microphone, earpiece or ringer is, decided anew at every look: a pure function of what is
//! there, what is wished, and whether the device in use still moves.
//!
//! The sound server is not trusted to say what happens: a device that is pulled, suspended or stuck shows only in
//! that it stops asking for sound, or giving it.

use crate::audio::wish::{Device, Seen, Wish};
use crate::instant::Instant;
use std::time::Duration;

/// A device that gave or took sound before and stopped for so long has stalled; periods are 10 ms, those of radio
/// headsets up to 100 ms.
const STALL: Duration = Duration::from_millis(300);
/// A device may need so long to begin: a radio headset changes its profile first, and a server that was idle may have
/// two seconds of silence under way.
const START: Duration = Duration::from_millis(3_000);
/// The first exchanges only fill the server's buffer, whether or not the device moves.
const FILLING: u32 = 2;
/// What never began, or could not be opened, is not tried again for so long while there is another.
const SHUNNED: Duration = Duration::from_secs(5);
/// And for so long where there is none.
const AGAIN: Duration = Duration::from_millis(500);

/// What is to be done now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// Instead of the one that is open, if any, and does not work any more.
    Open(Device),
    /// Instead of the one that still works.
    Change(Device),
    /// The one that is open goes on, as what it is now: somebody has put in a plug, or pulled it out.
    Follow(Device),
    Close,
}

/// One of microphone, earpiece and ringer.
#[derive(Debug)]
pub(super) struct Keeper {
    wish: Wish,
    open: Option<Open>,
    shunned: Vec<(String, Instant)>,
}

#[derive(Debug)]
struct Open {
    device: Device,
    /// Exchanges with the device when it was last seen to move.
    beats: u32,
    moved: Instant,
    started: bool,
}

impl Open {
    fn is_stalled(&self, now: Instant) -> bool {
        now.since(self.moved) >= if self.started { STALL } else { START }
    }
}

impl Keeper {
    pub fn new(wish: Wish) -> Self {
        Self { wish, open: None, shunned: Vec::new() }
    }

    /// Another one from the next look on. What failed before is tried again: somebody may have seen to it.
    pub fn wish(&mut self, wish: Wish) {
        self.wish = wish;
        self.shunned.clear();
    }

    /// `beats`: how many exchanges there have been with the open device. Whether a fresh list is wanted at once.
    pub fn beat(&mut self, now: Instant, beats: u32) -> bool {
        let Some(open) = &mut self.open else { return false };
        if open.beats != beats {
            open.beats = beats;
            open.moved = now;
            open.started = beats > FILLING;
        }
        open.is_stalled(now)
    }

    /// After `beat`. `None` as list: the server does not answer.
    pub fn look(&mut self, now: Instant, seen: Option<&Seen>) -> Option<Order> {
        let stalled = self.open.as_ref().filter(|open| open.is_stalled(now));
        if let Some(open) = stalled.filter(|open| !open.started) {
            self.shunned.push((open.device.id.clone(), now + SHUNNED));
        }
        let stalled = stalled.is_some();
        self.shunned.retain(|(_, until)| now < *until);
        let device = seen.and_then(|seen| self.pick(now, seen)).cloned();
        match (device, &mut self.open) {
            (Some(device), Some(open)) if device.id == open.device.id && !stalled => {
                let was = std::mem::replace(&mut open.device, device.clone());
                (was != device).then_some(Order::Follow(device))
            }
            (Some(device), Some(_)) if !stalled => Some(Order::Change(device)),
            (Some(device), _) => Some(Order::Open(device)),
            (None, Some(_)) => Some(Order::Close),
            (None, None) => None,
        }
    }

    pub fn opened(&mut self, now: Instant, device: Device) {
        self.open = Some(Open { device, beats: 0, moved: now, started: false });
    }

    pub fn failed(&mut self, now: Instant, id: String) {
        self.shunned.push((id, now + SHUNNED));
    }

    pub fn closed(&mut self) {
        self.open = None;
    }

    pub fn in_use(&self) -> Option<&Device> {
        self.open.as_ref().map(|open| &open.device)
    }

    /// The wished one, else the system's default, else any; those that failed only where there is no other.
    fn pick<'a>(&self, now: Instant, seen: &'a Seen) -> Option<&'a Device> {
        let default = seen.devices.iter().find(|device| Some(&device.id) == seen.default.as_ref());
        let candidates = || self.wish.find(seen).into_iter().chain(default).chain(&seen.devices);
        let shunned = |device: &Device, least: Instant| {
            self.shunned.iter().any(|(id, until)| *id == device.id && *until > least)
        };
        let fit = candidates().find(|device| !shunned(device, now));
        fit.or_else(|| candidates().find(|device| !shunned(device, now + (SHUNNED - AGAIN))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::process::Kind;

    fn at(ms: u64) -> Instant {
        Instant::from_start(Duration::from_millis(ms))
    }

    fn device(id: &str) -> Device {
        Device { id: id.into(), name: format!("The {id}"), kind: Kind::Unknown }
    }

    fn seen(ids: &[&str], default: &str) -> Seen {
        Seen { devices: ids.iter().map(|id| device(id)).collect(), default: Some(default.into()) }
    }

    fn named(id: &str) -> Wish {
        Wish::Named(id.into())
    }

    /// What is used of these devices, from nothing.
    fn chosen(wish: Wish, seen: &Seen) -> Option<String> {
        match Keeper::new(wish).look(at(0), Some(seen)) {
            Some(Order::Open(device)) => Some(device.id),
            _ => None,
        }
    }

    /// In use since the start, and moving until `until`.
    fn using(wish: Wish, id: &str, until: u64) -> Keeper {
        let mut keeper = Keeper::new(wish);
        keeper.opened(at(0), device(id));
        keeper.beat(at(until), 7);
        keeper
    }

    #[test]
    fn the_wished_device_before_the_default_before_any() {
        for (wish, devices, default, used) in [
            (Wish::Default, &["a", "b"][..], "b", Some("b")),
            (Wish::Default, &["a", "b"], "gone", Some("a")),
            (Wish::Default, &[], "", None),
            (named("a"), &["b", "a"], "b", Some("a")),
            (named("c"), &["a", "b"], "b", Some("b")),
            (named("usb"), &["pci", "usb-headset"], "pci", Some("usb-headset")),
            (named("THE USB"), &["pci", "usb"], "pci", Some("usb")),
            (named("usb"), &["usb-2", "usb"], "usb-2", Some("usb")),
        ] {
            assert_eq!(
                chosen(wish.clone(), &seen(devices, default)).as_deref(),
                used,
                "{wish:?} of {devices:?}"
            );
        }
    }

    #[test]
    fn each_look_says_what_to_do() {
        let change = |id: &str| Some(Order::Change(device(id)));
        let both = seen(&["headset", "desk"], "desk");
        let desk = seen(&["desk"], "desk");
        for (story, wish, in_use, list, wanted) in [
            ("all is well", named("headset"), "headset", Some(&both), None),
            ("unplugged", named("headset"), "headset", Some(&desk), change("desk")),
            ("plugged in again", named("headset"), "desk", Some(&both), change("headset")),
            ("default changed", Wish::Default, "headset", Some(&both), change("desk")),
            ("a default that changes is nothing to a wish", named("headset"), "headset", Some(&both), None),
            ("the last one unplugged", named("headset"), "headset", Some(&seen(&[], "")), Some(Order::Close)),
            ("the server is gone", Wish::Default, "headset", None, Some(Order::Close)),
        ] {
            assert_eq!(using(wish, in_use, 1_000).look(at(1_100), list), wanted, "{story}");
        }
        assert_eq!(Keeper::new(Wish::Default).look(at(0), None), None);
    }

    #[test]
    fn a_plug_that_is_put_in_makes_another_thing_of_the_device_that_is_open_and_that_is_told_once() {
        let mut keeper = using(Wish::Default, "desk", 1_000);
        let mut plugged = seen(&["desk"], "desk");
        plugged.devices[0].kind = Kind::Headset;
        let device = plugged.devices[0].clone();
        assert_eq!(keeper.look(at(1_100), Some(&plugged)), Some(Order::Follow(device.clone())));
        assert_eq!(keeper.in_use(), Some(&device));
        assert_eq!(keeper.look(at(1_150), Some(&plugged)), None);
        keeper.beat(at(1_450), 7);
        assert_eq!(keeper.look(at(1_450), Some(&plugged)), Some(Order::Open(device)), "it still stalls");
    }

    #[test]
    fn a_device_that_stops_is_opened_again_and_left_when_it_does_not_begin() {
        let both = seen(&["headset", "desk"], "headset");
        let mut keeper = using(Wish::Default, "headset", 1_000);
        assert!(!keeper.beat(at(1_290), 7));
        assert_eq!(keeper.look(at(1_290), Some(&both)), None);
        assert!(keeper.beat(at(1_300), 7), "a fresh list is wanted");
        assert!(
            matches!(keeper.look(at(1_300), Some(&both)), Some(Order::Open(device)) if device.id == "headset")
        );
        keeper.opened(at(1_310), device("headset"));
        assert!(!keeper.beat(at(1_320), 1), "that only filled its buffer");
        assert!(!keeper.beat(at(4_310), 1), "it may take a moment to begin");
        assert!(keeper.beat(at(4_320), 1));
        assert!(
            matches!(keeper.look(at(4_320), Some(&both)), Some(Order::Open(device)) if device.id == "desk")
        );
        keeper.opened(at(4_330), device("desk"));
        keeper.beat(at(9_310), 3);
        assert_eq!(keeper.look(at(9_310), Some(&both)), None);
        assert!(
            matches!(keeper.look(at(9_330), Some(&both)), Some(Order::Change(device)) if device.id == "headset"),
            "it gets another chance"
        );
    }

    #[test]
    fn what_cannot_be_opened_is_left_for_another_if_there_is_one() {
        let mut keeper = Keeper::new(named("a"));
        keeper.failed(at(0), "a".into());
        let opened = |order: Option<Order>| match order {
            Some(Order::Open(device)) => device.id,
            other => panic!("{other:?}"),
        };
        assert_eq!(opened(keeper.look(at(100), Some(&seen(&["a", "b"], "a")))), "b");
        assert_eq!(keeper.look(at(400), Some(&seen(&["a"], "a"))), None);
        assert_eq!(opened(keeper.look(at(500), Some(&seen(&["a"], "a")))), "a");
    }

    #[test]
    fn one_that_works_is_kept_when_a_better_one_cannot_be_opened() {
        let mut keeper = using(named("headset"), "desk", 1_000);
        let both = seen(&["headset", "desk"], "desk");
        assert_eq!(keeper.look(at(1_100), Some(&both)), Some(Order::Change(device("headset"))));
        keeper.failed(at(1_100), "headset".into());
        assert_eq!(keeper.look(at(1_150), Some(&both)), None);
        assert_eq!(keeper.in_use(), Some(&device("desk")));
    }
}
