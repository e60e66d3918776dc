//! What a device may say of itself and report, taken through everything that reads it.
//! Shared by the fuzz target and the replay of its corpus.

use patchcord::headset::{Headset, Lights};
use patchcord::instant::Instant;
use std::time::Duration;

const VENDORS: [u16; 2] = [0x0B0E, 0x1209];

/// The length of a report descriptor in two octets, the lowest first, and the descriptor; then reports with an octet each for their
/// length. Half a second passes between them, and with each the calls are others.
pub fn device(octets: &[u8]) {
    let Some((&[low, high], rest)) = octets.split_first_chunk() else { return };
    let length = usize::from(u16::from_le_bytes([low, high]));
    let (descriptor, reports) = rest.split_at(rest.len().min(length));
    for vendor in VENDORS {
        if let Ok(Some(headset)) = Headset::new(vendor, descriptor) {
            wear(headset, reports);
        }
    }
}

fn wear(mut headset: Headset, mut reports: &[u8]) {
    let mut now = Instant::START;
    let whole = headset.show(now, Lights::default());
    while let Some((length, after)) = reports.split_first() {
        let (report, after) = after.split_at(after.len().min(usize::from(*length)));
        reports = after;
        now = now + Duration::from_millis(500);
        headset.hear(now, report);
        let bit = |at: u8| length >> at & 1 == 1;
        let written =
            headset.show(now, Lights { ring: bit(0), off_hook: bit(1), mute: bit(2), hold: bit(3) });
        // Whatever is written, it is one of the reports that the device declared, as long as declared.
        for report in written.iter().chain(&headset.show_again(now)) {
            let alike = |known: &&Vec<u8>| known.first() == report.first() && known.len() == report.len();
            assert!(whole.iter().any(|known| alike(&known)), "{report:?} is none of {whole:?}");
        }
    }
}
