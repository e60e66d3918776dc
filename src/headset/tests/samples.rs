//! Report descriptors. Those of `real` devices were read from the devices by their owners, who published them; the others
//! are made from what is known of the family.

use super::super::device::{Headset, Lights, Press};
use crate::instant::Instant;
use std::time::Duration;

/// Vendors, as USB has them.
pub const DELL: u16 = 0x413C;
pub const ANKER: u16 = 0x291A;
pub const RAZER: u16 = 0x1532;
pub const LOGITECH: u16 = 0x046D;
pub const PLANTRONICS: u16 = 0x047F;
pub const GN_AUDIO: u16 = 0x0B0E;
pub const SENNHEISER: u16 = 0x1395;

/// Real: Dell SP325 (413c:8223). Buttons and lights in one report, pages of the vendor between.
pub const SP325: &str = "050c0901a101850c1500250109e909ea09e209cd09b509b609b009b1750195088102c0
    0613ff0901a101150026ff00850609007508953d910285070900 7508953d8102c0
    0614ff0901a101150026ff008510090075089505 8102c0
    0699ff0901a101859a150026ff00953f75080903b102859b150025019501750109048106750195078101c0
    050b0905a1011500250175018505 0920950181 22092f95018106 09240921 0997092a09509505 8106
    09070509 0901750195018102 0508 8505 09170909 09180920 0921092a 95069122 95029101 c0";

/// Real: Anker PowerConf (291a:3301). Its buttons are declared as constants.
pub const POWERCONF: &str = "050c0901a10185011500250109e909ea09e209cd09b509b609b309b7750195088142c0
    050b0905a1018502050b15002501 09200997 75019502 8123 092f0921 09700950 75019504 8107
    0906a102 19b029bb 1500250c 75049501 8140 c0 0907 15002501 0509 75019501 8102 75019505 8101
    0508 15002501 09170909 09180920 0921 75019505 9122 050b15002501 099e 75019501 9122 7501950a 9101 c0
    0600ff0901a1018503 0901150026ff00 953f7508 8102 0901150026ff00 953f7508 9102 c0";

/// Real: a Razer microphone. A hook switch, and no lights.
pub const RAZER_MICROPHONE: &str = "050c0901a10185011500250109e909ea75019502814209cd09b509b609b709e2
    9505810606ff01090195018106050c090095088106090075089502810606ff07
    0901950b81020900950f9102c0 050b0905a1018502 0920 150025019501 7501 8123 95017507 8107 c0";

/// Real: Logitech MX Brio (046d), a camera whose microphone has a button. Mute is all that it knows of telephony.
pub const MX_BRIO: &str = "0600ff0901a1018540150025010902750195018106090375019501810695068101
    8541150026ff000901950275089102854209018102854309018102854409019504
    91028545090181028546950209018102854709018102c0 0601ff0901a101850a
    150026ff000901951f75088102c0 0602ff0901a1010509190129011500257f8501950175088102c0
    06a1ff0903a1018555150026ff000903950675088102c0 0699ff0903a101859a0903150026ff00951f75080903b20201c0
    050b0901a1018508 15002501092f75019501 8106 0920 75019501 8122 95068101
    0508 85080909 75019501 9122 050b092a 75019501 9122 95069101 c0";

/// Plantronics Blackwire 3220 (047f:c056): real up to the report of the ring light; hold and padding are in the manner of the rest.
pub const BLACKWIRE: &str = "050b0905a101 8508 092f 15002501 75019501 8106 09200921 15002501 75019502 8122
    8509 0508 0909 15002501 75019501 9122 8517 0917 15002501 75019501 9122
    8518 0918 15002501 75019501 9122 8520 0920 15002501 75019501 9122 c0";

/// Made: what softphones use of a Jabra Link 280. Mute is shown by the microphone's light.
pub const JABRA: &str = "050b0905a1018502 15002501 0920 75019501 8122 092f0921 75019502 8106
    0630ff 0afdff 75019501 8106 75019504 8101 0508 09180921 0917 75019503 9122 75019505 9101 c0";

/// Made: what softphones use of a Sennheiser SC30, with a hook switch that springs back.
pub const SENNHEISER_SC30: &str = "050b0905a101 15002501 0920 75019501 8102 092f 8106 75069501 8101
    0508 0917092a 09090918 75019504 9122 75049501 9101 c0";

/// Made: buttons told as numbers, 1 and up, two at a time; a column of lights behind 8 bits of something else.
pub const ARRAY: &str = "050b0901a101 1501 2506 7504 9502 0920 0921 0924 0926 092f 0923 8100
    0508 15002501 7508 9501 094b 9102 1917 2918 7501 9502 9102 7506 9501 9101 c0";

pub fn octets(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u32> = hexadecimal.chars().filter_map(|letter| letter.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// A headset, and the time.
pub struct Worn {
    pub headset: Headset,
    pub now: Instant,
}

impl Worn {
    pub fn new(vendor: u16, descriptor: &str) -> Self {
        let headset = Headset::new(vendor, &octets(descriptor)).unwrap().expect("it has buttons");
        let mut worn = Self { headset, now: Instant::START };
        worn.shows(Lights::default());
        worn.later(10_000);
        worn
    }

    pub fn later(&mut self, milliseconds: u64) {
        self.now = self.now + Duration::from_millis(milliseconds);
    }

    pub fn hears(&mut self, report: &[u8]) -> Vec<Press> {
        self.headset.hear(self.now, report)
    }

    pub fn calls_back(&mut self) -> Vec<Vec<u8>> {
        self.headset.call_back(self.now)
    }

    pub fn shows(&mut self, lights: Lights) -> Vec<Vec<u8>> {
        self.headset.show(self.now, lights)
    }
}

pub const DARK: Lights = Lights { ring: false, off_hook: false, mute: false, hold: false };
pub const RINGS: Lights = Lights { ring: true, ..DARK };
pub const TALKS: Lights = Lights { off_hook: true, ..DARK };
