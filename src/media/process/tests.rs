use super::super::testing::{Voice, db, room_noise};
use super::super::{EARPIECE_PEAK, FULL_SCALE};
use super::*;
use std::collections::VecDeque;

/// A room, or a headset, between earpiece and microphone.
struct Place {
    far: Voice,
    near: Voice,
    hiss: Box<dyn FnMut() -> f32>,
    air: VecDeque<f32>,
    echo: f32,
    room: f32,
    near_voice: f32,
}

impl Place {
    fn new(echo: f32, room: f32) -> Self {
        Self {
            far: Voice::new(1),
            near: Voice::new(2),
            hiss: Box::new(room_noise(3)),
            air: VecDeque::from(vec![0.0; 4 * BLOCK]),
            echo,
            room,
            near_voice: 0.0,
        }
    }

    /// Through the processor, for so long; the power of what came back in the last second, and before processing.
    fn call(&mut self, processor: &mut Processor, seconds: usize) -> (f32, f32) {
        let (mut after, mut before) = (0.0, 0.0);
        for block in 0..seconds * 100 {
            let mut played = [0i16; BLOCK];
            played.fill_with(|| sample(0.3 * self.far.next_sample()));
            processor.play(&mut played);
            self.air.extend(played.map(of_full_scale));
            let mut picked_up = [0i16; BLOCK];
            picked_up.fill_with(|| {
                let echo = self.echo * self.air.pop_front().unwrap_or(0.0);
                sample(echo + self.room * (self.hiss)() + self.near_voice * self.near.next_sample())
            });
            if block >= (seconds - 1) * 100 {
                before += picked_up.iter().map(|s| of_full_scale(*s).powi(2)).sum::<f32>();
            }
            processor.pick_up(&mut picked_up);
            if block >= (seconds - 1) * 100 {
                after += picked_up.iter().map(|s| of_full_scale(*s).powi(2)).sum::<f32>();
            }
        }
        (after, before)
    }
}

#[test]
fn a_good_headset_in_a_quiet_room_is_left_alone_bit_by_bit() {
    let mut processor = Processor::default();
    processor.take_earpiece(Kind::Headset, 0.0);
    let mut place = Place::new(0.0, db(-75.0));
    place.call(&mut processor, 5);
    assert_eq!(processor.running(), Running { echo: false, noise: false });
    let mut voice = Voice::new(7);
    for _ in 0..100 {
        let spoken: [i16; BLOCK] = std::array::from_fn(|_| sample(0.2 * voice.next_sample()) | 1);
        let (mut heard, mut sent) = (spoken, spoken);
        processor.play(&mut heard);
        processor.pick_up(&mut sent);
        assert_eq!((heard, sent), (spoken, spoken));
    }
}

#[test]
fn the_canceller_runs_where_there_is_an_echo() {
    let leak = db(-30.0);
    let table = [
        (Kind::Loudspeaker, 0.0, Switch::Auto, true),
        (Kind::Loudspeaker, 0.5, Switch::Auto, true),
        (Kind::Loudspeaker, 0.5, Switch::Off, false),
        (Kind::Headset, 0.0, Switch::Auto, false),
        (Kind::Headset, 0.0, Switch::On, true),
        (Kind::Headset, leak, Switch::Auto, true),
        (Kind::Headset, leak, Switch::Off, false),
        (Kind::Unknown, 0.0, Switch::Auto, false),
        (Kind::Unknown, leak, Switch::Auto, true),
    ];
    for (kind, echo, switch, runs) in table {
        let mut processor = Processor::new(Wanted { echo: switch, noise: Switch::Off });
        processor.take_earpiece(kind, 0.0);
        Place::new(echo, db(-70.0)).call(&mut processor, 12);
        assert_eq!(processor.running().echo, runs, "{kind:?}, echo {echo}, {switch:?}");
    }
}

#[test]
fn the_far_end_does_not_hear_itself_from_a_loudspeaker() {
    let mut processor = Processor::new(Wanted { echo: Switch::Auto, noise: Switch::Off });
    processor.take_earpiece(Kind::Loudspeaker, 0.0);
    let (after, before) = Place::new(0.5, db(-75.0)).call(&mut processor, 8);
    assert!(after < before / 1_000.0, "{after} of {before}");
}

#[test]
fn an_unknown_earpiece_is_taken_for_a_loudspeaker_until_it_proves_to_be_none() {
    let mut processor = Processor::default();
    let mut place = Place::new(0.0, db(-75.0));
    place.call(&mut processor, 1);
    assert!(processor.running().echo);
    place.call(&mut processor, 9);
    assert!(!processor.running().echo);
    place.echo = 0.3;
    place.call(&mut processor, 5);
    assert!(processor.running().echo, "somebody has pulled out the plug of the headphones");
}

#[test]
fn noise_is_suppressed_in_a_loud_room_alone_unless_it_is_switched() {
    let table = [
        (-75.0, Switch::Auto, false),
        (-75.0, Switch::On, true),
        (-40.0, Switch::Auto, true),
        (-40.0, Switch::Off, false),
    ];
    for (room, switch, runs) in table {
        let mut processor = Processor::new(Wanted { echo: Switch::Off, noise: switch });
        let (after, before) = Place::new(0.0, db(room)).call(&mut processor, 6);
        assert_eq!(processor.running().noise, runs, "{room} dB, {switch:?}");
        assert_eq!(after < before / 100.0, runs, "{room} dB, {switch:?}: {after} of {before}");
    }
}

#[test]
fn no_comfort_is_so_loud_that_the_ear_is_in_danger() {
    let mut processor = Processor::default();
    for gain in [-12.0, 0.0, 6.0, 12.0, 100.0, f32::NAN] {
        processor.take_earpiece(Kind::Headset, gain);
        for n in 0..50 {
            let mut tone: [i16; BLOCK] =
                std::array::from_fn(|k| sample(((n * BLOCK + k) as f32 * 0.13).sin()));
            processor.play(&mut tone);
            let most = tone.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
            assert!(f32::from(most) <= EARPIECE_PEAK * FULL_SCALE, "{gain} dB: {most}");
        }
    }
}

#[test]
fn comfort_is_what_is_asked_for() {
    let mut processor = Processor::new(Wanted { echo: Switch::Off, noise: Switch::Off });
    processor.take_earpiece(Kind::Headset, 6.0);
    processor.take_microphone(-6.0);
    for _ in 0..2 {
        let (mut heard, mut sent) = ([1_000; BLOCK], [1_000; BLOCK]);
        processor.play(&mut heard);
        processor.pick_up(&mut sent);
        assert!(heard.iter().chain(&sent).all(|sample| (500..=1_996).contains(sample)));
        if heard[0] != 1_000 {
            assert_eq!((heard[BLOCK - 1], sent[BLOCK - 1]), (1_995, 501));
        }
    }
}
