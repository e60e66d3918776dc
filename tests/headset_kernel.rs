//! Buttons and lights by the kernel's own way: a headset that the test plays (`/dev/uhid`), read and written through `hidapi`.
//!
//! Only where the kernel has uhid and this user may use it; elsewhere it says so and ends. `scripts/headset-lab` brings such a kernel along.

#![cfg(all(feature = "desktop", target_os = "linux"))]

use patchcord::clock::Clock;
use patchcord::headset::{Lights, Press};
use patchcord::hid::Headsets;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// As of a Dell SP325, the part about telephony: report 5 has hook switch, mute and others; off-hook, mute, ring and hold lights.
const DESCRIPTOR: &[u8] = &[
    0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x85, 0x05, 0x09, 0x20, 0x95,
    0x01, 0x81, 0x22, 0x09, 0x2F, 0x95, 0x01, 0x81, 0x06, 0x95, 0x06, 0x81, 0x01, 0x05, 0x08, 0x85, 0x05,
    0x09, 0x17, 0x09, 0x09, 0x09, 0x18, 0x09, 0x20, 0x95, 0x04, 0x91, 0x22, 0x95, 0x04, 0x91, 0x01, 0xC0,
];

/// Of linux/uhid.h: numbers of events, and the size of one.
const DESTROY: u32 = 1;
const OUTPUT: u32 = 6;
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
const EVENT: usize = 4 + 4372 + 4;
const LONGEST: usize = 4096;

const ENOUGH: Duration = Duration::from_secs(20);

/// Unplugged when it is dropped.
struct Plugged {
    uhid: File,
    written: Receiver<Vec<u8>>,
}

impl Plugged {
    fn new() -> std::io::Result<Self> {
        let mut uhid = OpenOptions::new().read(true).write(true).open("/dev/uhid")?;
        let mut text = [0; 128 + 64 + 64];
        text[..9].copy_from_slice(b"Patchcord");
        let mut event = CREATE2.to_ne_bytes().to_vec();
        event.extend(text);
        event.extend((DESCRIPTOR.len() as u16).to_ne_bytes());
        event.extend(3u16.to_ne_bytes()); // USB.
        for number in [0x1209u32, 0x0001, 1, 0] {
            event.extend(number.to_ne_bytes()); // Vendor, product, version, country.
        }
        event.extend(DESCRIPTOR);
        uhid.write_all(&event)?;
        let mut events = uhid.try_clone()?;
        let (tell, written) = channel();
        std::thread::spawn(move || {
            let mut event = [0; EVENT];
            while let Ok(length) = events.read(&mut event) {
                let kind = u32::from_ne_bytes([event[0], event[1], event[2], event[3]]);
                if length == 0 || kind != OUTPUT {
                    continue;
                }
                let size = usize::from(u16::from_ne_bytes([event[4 + LONGEST], event[5 + LONGEST]]));
                if tell.send(event[4..4 + size].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { uhid, written })
    }

    fn reports(&mut self, report: &[u8]) {
        let mut event = INPUT2.to_ne_bytes().to_vec();
        event.extend((report.len() as u16).to_ne_bytes());
        event.extend(report);
        self.uhid.write_all(&event).expect("uhid takes a report");
    }

    fn shows(&self) -> Vec<u8> {
        self.written.recv_timeout(ENOUGH).expect("lights are switched")
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        let _ = self.uhid.write_all(&DESTROY.to_ne_bytes());
    }
}

#[test]
fn a_headset_of_the_kernel_is_found_pressed_lit_and_found_again() {
    let mut headset = match Plugged::new() {
        Ok(headset) => headset,
        Err(error) => return eprintln!("no /dev/uhid here ({error}): see scripts/headset-lab"),
    };
    let (headsets, mut pressed) = Headsets::start(Clock::start()).expect("a thread");
    assert_eq!(headset.shows(), [5, 0], "all lights when it is found");
    headsets.show(Lights { ring: true, ..Lights::default() });
    assert_eq!(headset.shows(), [5, 0b100]);
    std::thread::sleep(Duration::from_secs(1));
    headset.reports(&[5, 0b01]);
    assert_eq!(pressed.blocking_recv(), Some(Press::OffHook));
    headsets.show(Lights { off_hook: true, ..Lights::default() });
    assert_eq!(headset.shows(), [5, 0b001]);
    drop(headset);
    let mut headset = Plugged::new().expect("uhid takes another");
    assert_eq!(headset.shows(), [5, 0b001], "the call went on without it");
    std::thread::sleep(Duration::from_secs(1));
    headset.reports(&[5, 0b11]);
    assert_eq!(pressed.blocking_recv(), Some(Press::Mute));
    headsets.show(Lights { off_hook: true, mute: true, ..Lights::default() });
    assert_eq!(headset.shows(), [5, 0b011]);
    headset.reports(&[5, 0b00]);
    assert_eq!(pressed.blocking_recv(), Some(Press::OnHook));
    drop(headsets);
    assert_eq!(headset.shows(), [5, 0], "dark when the telephone goes");
    eprintln!("the kernel's headset: done");
}
