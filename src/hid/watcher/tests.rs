//! Headsets come, are pressed and lit, and go.

use super::double::Computer;
use super::*;
use tokio::sync::mpsc::UnboundedReceiver;

/// Report 1: hook switch, mute. Report 2: off-hook, ring and mute lights.
const DESCRIPTOR: &[u8] = &[
    0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, 0x85, 0x01, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, 0x09,
    0x20, 0x81, 0x22, 0x09, 0x2F, 0x81, 0x06, 0x95, 0x06, 0x81, 0x01, 0x85, 0x02, 0x05, 0x08, 0x09, 0x17,
    0x09, 0x18, 0x09, 0x09, 0x95, 0x03, 0x91, 0x22, 0x95, 0x05, 0x91, 0x01, 0xC0,
];
const MOUSE: &[u8] = &[0x05, 0x01, 0x09, 0x02, 0xA1, 0x01, 0xC0];
fn next(pressed: &mut UnboundedReceiver<Press>) -> Press {
    pressed.blocking_recv().expect("the watcher lives")
}

const RINGS: Lights = Lights { ring: true, off_hook: false, mute: false, hold: false };
const TALKS: Lights = Lights { ring: false, off_hook: true, mute: false, hold: false };

#[test]
fn a_headset_is_lit_pressed_and_pulled_out_and_is_in_step_again_when_it_is_back() {
    let computer = Computer::default();
    let (headsets, mut pressed) = computer.watched();
    let headset = computer.plug_in("/dev/hidraw0", DESCRIPTOR, 0);
    assert_eq!(headset.shows(), [2, 0], "all of it when it is new");
    headsets.show(RINGS);
    assert_eq!(headset.shows(), [2, 0b010]);
    std::thread::sleep(Duration::from_millis(800)); // A person sees the light first.
    headset.reports(&[1, 0b01]);
    assert_eq!(next(&mut pressed), Press::OffHook);
    headsets.show(TALKS);
    assert_eq!(headset.shows(), [2, 0b001]);
    drop(headset);
    let back = computer.plug_in("/dev/hidraw0", DESCRIPTOR, 0);
    assert_eq!(back.shows(), [2, 0b001], "the call went on, and it shows that");
    back.reports(&[1, 0b11]);
    assert_eq!(next(&mut pressed), Press::Mute);
    drop(headsets);
    assert_eq!(back.shows(), [2, 0], "dark when the telephone goes");
}

#[test]
fn a_headset_that_lost_the_call_is_shown_it_again() {
    let computer = Computer::default();
    let headset = computer.plug_in("/dev/hidraw0", DESCRIPTOR, 0);
    let (headsets, _pressed) = computer.watched();
    assert_eq!(headset.shows(), [2, 0]);
    headsets.show(TALKS);
    assert_eq!(headset.shows(), [2, 1]);
    headset.reports(&[1, 1]);
    headset.reports(&[1, 0]);
    assert_eq!(headset.shows(), [2, 1]);
}

#[test]
fn two_headsets_show_the_same_and_either_is_pressed() {
    let computer = Computer::default();
    let (first, second) =
        (computer.plug_in("/dev/hidraw0", DESCRIPTOR, 0), computer.plug_in("/dev/hidraw1", DESCRIPTOR, 0));
    let (headsets, mut pressed) = computer.watched();
    assert_eq!((first.shows(), second.shows()), (vec![2, 0], vec![2, 0]), "all of it when they are new");
    headsets.show(TALKS);
    assert_eq!((first.shows(), second.shows()), (vec![2, 1], vec![2, 1]));
    second.reports(&[1, 0b10]);
    assert_eq!(next(&mut pressed), Press::Mute);
    first.reports(&[1, 0b10]);
    assert_eq!(next(&mut pressed), Press::Mute);
    headsets.show_again();
    assert_eq!((first.shows(), second.shows()), (vec![2, 1], vec![2, 1]));
}

#[test]
fn a_headset_that_the_system_releases_late_is_taken_then() {
    let computer = Computer::default();
    let late = computer.plug_in("/dev/hidraw3", DESCRIPTOR, 2);
    let (_headsets, _pressed) = computer.watched();
    assert_eq!(late.shows(), [2, 0]);
}

#[test]
fn a_device_that_is_no_headset_is_opened_once_and_left_alone() {
    let computer = Computer::default();
    let mouse = computer.plug_in("/dev/hidraw0", MOUSE, 0);
    let nonsense = computer.plug_in("/dev/hidraw1", &[0xC0], 0);
    let (_headsets, _pressed) = computer.watched();
    for _ in 0..2 {
        // The watcher has looked once more by the time that another one is found.
        let headset = computer.plug_in("/dev/hidraw2", DESCRIPTOR, 0);
        headset.shows();
    }
    assert_eq!((mouse.opened(), nonsense.opened()), (1, 1));
}
