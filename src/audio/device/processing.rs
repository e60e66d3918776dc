//! Voice processing where the devices are: all that is picked up or played passes here, at the device's rate.

use crate::audio::wish::Device;
use crate::media::process::{Processor, Wanted};
use crate::media::{Converter, Frame, Rate};
use std::collections::BTreeMap;

pub(super) struct Processing {
    processor: Processor,
    to_stream: Converter,
    to_device: Converter,
    gain: BTreeMap<String, i8>,
    microphone: Option<String>,
    earpiece: Option<String>,
}

impl Default for Processing {
    fn default() -> Self {
        Self {
            processor: Processor::default(),
            to_stream: Converter::new(Rate::Narrow),
            to_device: Converter::new(Rate::Full),
            gain: BTreeMap::new(),
            microphone: None,
            earpiece: None,
        }
    }
}

impl Processing {
    /// From now on, with the devices that are open, too.
    pub fn want(&mut self, wanted: Wanted, gain: BTreeMap<String, i8>) {
        self.gain = gain;
        self.processor.want(wanted);
        let (microphone, earpiece) = (self.microphone.as_ref(), self.earpiece.as_ref());
        self.processor.set_gain(self.gain_of(earpiece), self.gain_of(microphone));
    }

    /// This microphone is open.
    pub fn take_microphone(&mut self, device: &Device) {
        self.microphone = Some(device.id.clone());
        self.processor.take_microphone(self.gain_of(self.microphone.as_ref()));
    }

    /// This earpiece is.
    pub fn take_earpiece(&mut self, device: &Device) {
        self.earpiece = Some(device.id.clone());
        self.processor.take_earpiece(device.kind, self.gain_of(self.earpiece.as_ref()));
    }

    /// A frame at the device's rate, as the stream is to have it.
    pub fn pick_up(&mut self, mut frame: Frame, rate: Rate) -> Frame {
        let is_dead = frame.is_silent();
        self.processor.pick_up(&mut frame);
        let mut picked_up = self.to_stream.convert_to(rate, &frame);
        // Zeros alone mean a microphone that is dead; this one is not, however quiet it was made.
        if !is_dead && picked_up.is_silent() {
            picked_up[0] = 1;
        }
        picked_up
    }

    /// A frame of any rate, as the device is to have it.
    pub fn play(&mut self, frame: &Frame) -> Frame {
        let mut frame = self.to_device.convert(frame);
        self.processor.play(&mut frame);
        frame
    }

    #[cfg(test)]
    pub const fn running(&self) -> crate::media::process::Running {
        self.processor.running()
    }

    fn gain_of(&self, id: Option<&String>) -> f32 {
        id.and_then(|id| self.gain.get(id)).map_or(0.0, |decibels| f32::from(*decibels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::process::{Kind, Switch};

    fn device(id: &str, kind: Kind) -> Device {
        Device { id: id.into(), name: id.into(), kind }
    }

    /// Of a steady quiet sound, when all changes are over.
    fn loudness(processing: &mut Processing) -> (i16, i16) {
        let sound = Frame::from_fn(Rate::Full, |n| if n % 96 < 48 { 1_000 } else { -1_000 });
        let (mut sent, mut heard) = (sound, sound);
        for _ in 0..3 {
            heard = processing.play(&sound);
            sent = processing.pick_up(sound, Rate::Full);
        }
        (sent[0], heard[0])
    }

    #[test]
    fn each_device_is_as_loud_as_it_was_made_whenever_it_comes_back() {
        let mut processing = Processing::default();
        let off = Wanted { echo: Switch::Off, noise: Switch::Off };
        let gain = [("mic".to_owned(), 6), ("ear".to_owned(), -6)];
        processing.want(off, gain.clone().into());
        for (microphone, earpiece, wanted) in
            [("mic", "ear", (1_995, 501)), ("other", "other", (1_000, 1_000)), ("mic", "ear", (1_995, 501))]
        {
            processing.take_microphone(&device(microphone, Kind::Unknown));
            processing.take_earpiece(&device(earpiece, Kind::Headset));
            assert_eq!(loudness(&mut processing), wanted, "{microphone}, {earpiece}");
        }
        processing.want(off, [("ear".to_owned(), 0)].into());
        assert_eq!(loudness(&mut processing), (1_000, 1_000), "in a call, too");
    }

    #[test]
    fn frames_come_and_go_at_the_rate_of_the_stream() {
        let mut processing = Processing::default();
        for rate in Rate::ALL {
            let (frame, picked_up) = (Frame::silence(rate), Frame::silence(Rate::Full));
            assert_eq!(processing.play(&frame).rate(), Rate::Full);
            assert_eq!(processing.pick_up(picked_up, rate).rate(), rate);
        }
    }

    /// Everything that can be switched on.
    const ALL: Wanted = Wanted { echo: Switch::On, noise: Switch::On };

    /// Frames of a sound that never repeats, so loud.
    fn hiss(amplitude: i16) -> impl FnMut() -> Frame {
        let mut state = 1_u32;
        move || {
            Frame::from_fn(Rate::Full, |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as u8 as i16 % (2 * amplitude + 1) - amplitude
            })
        }
    }

    #[test]
    fn a_microphone_that_works_never_gives_zeros_alone_at_any_rate_and_a_dead_one_does() {
        for rate in Rate::ALL {
            let mut processing = Processing::default();
            processing.want(ALL, BTreeMap::new());
            let mut quiet = hiss(1);
            for frame in 0..250 {
                processing.play(&Frame::silence(rate));
                assert!(!processing.pick_up(quiet(), rate).is_silent(), "{rate:?}, frame {frame}");
            }
            let mut dead = Processing::default();
            dead.want(ALL, BTreeMap::new());
            for frame in 0..100 {
                let picked_up = dead.pick_up(Frame::silence(Rate::Full), rate);
                assert!(picked_up.is_silent(), "{rate:?}, frame {frame}");
            }
        }
    }
}
