use super::*;
use std::f64::consts::TAU;

fn tone(frequency: f64, rate: Rate, n: usize) -> f64 {
    0.5 * (TAU * frequency * n as f64 / f64::from(rate.hz())).sin()
}

fn level(samples: impl IntoIterator<Item = f64>) -> f64 {
    let squares: Vec<f64> = samples.into_iter().map(|sample| sample * sample).collect();
    (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt()
}

fn bytes(samples: impl Iterator<Item = f64>) -> Vec<u8> {
    samples.flat_map(|sample| (sample as f32).to_le_bytes()).collect()
}

/// Two seconds of a tone into the microphone, by a device whose clock is off by so many millionths; what comes out.
fn picked_up(rate: Rate, frequency: f64, millionths: f64) -> Vec<f64> {
    let (mut device, mut incoming) = microphone().unwrap();
    let mut heard = Vec::new();
    let (mut given, mut due) = (0, 0.0);
    for _ in 0..100 {
        due += TICK as f64 * (1.0 + millionths / 1e6);
        while given + PERIOD <= due as usize {
            copy_in(&mut device, &bytes((given..given + PERIOD).map(|n| tone(frequency, DEVICE_RATE, n))));
            given += PERIOD;
        }
        if let Some(frame) = incoming.next_frame(rate) {
            assert_eq!(frame.rate(), rate);
            heard.extend(frame.iter().map(|sample| f64::from(*sample) / f64::from(FULL_SCALE)));
        }
    }
    heard
}

/// One second of a tone to the earpiece; what its device got.
fn played(rate: Rate, frequency: f64) -> Vec<f64> {
    let (mut outgoing, mut device) = earpiece().unwrap();
    let mut heard = Vec::new();
    for tick in 0..50 {
        let first = tick * rate.frame_samples();
        let sample = |n| (tone(frequency, rate, first + n) * f64::from(FULL_SCALE)) as i16;
        outgoing.play(&Frame::from_fn(rate, sample));
        heard.extend(taken(&mut device));
    }
    heard
}

/// What a device takes in 20 ms.
fn taken(device: &mut Consumer<f32>) -> Vec<f64> {
    let mut octets = [0; 4 * TICK];
    copy_out(device, &mut octets);
    octets.as_chunks::<4>().0.iter().map(|octets| f64::from(f32::from_le_bytes(*octets))).collect()
}

#[test]
fn sound_passes_both_ways_in_the_band_of_its_rate_and_nothing_folds_back_into_it() {
    let whole = level((0..48_000).map(|n| tone(1_000.0, Rate::Full, n)));
    for (rate, frequency, least, most) in [
        (Rate::Narrow, 300.0, 0.9, 1.1),
        (Rate::Narrow, 1_000.0, 0.9, 1.1),
        (Rate::Narrow, 3_300.0, 0.8, 1.1),
        (Rate::Narrow, 5_000.0, 0.0, 0.01),
        (Rate::Wide, 300.0, 0.9, 1.1),
        (Rate::Wide, 5_000.0, 0.9, 1.1),
        (Rate::Wide, 7_200.0, 0.8, 1.1),
        (Rate::Wide, 9_500.0, 0.0, 0.01),
        (Rate::Full, 300.0, 0.9, 1.1),
        (Rate::Full, 20_000.0, 0.9, 1.1),
    ] {
        let heard = picked_up(rate, frequency, 0.0);
        let heard = level(heard.into_iter().skip(rate.frame_samples() * 5)) / whole;
        assert!((least..most).contains(&heard), "microphone, {rate:?}, {frequency} Hz: {heard}");
    }
    for (rate, frequency) in [
        (Rate::Narrow, 300.0),
        (Rate::Narrow, 1_000.0),
        (Rate::Narrow, 3_300.0),
        (Rate::Wide, 7_200.0),
        (Rate::Full, 20_000.0),
    ] {
        let heard = level(played(rate, frequency).into_iter().skip(4_800)) / whole;
        assert!((0.8..1.1).contains(&heard), "earpiece, {rate:?}, {frequency} Hz: {heard}");
    }
}

#[test]
fn a_device_with_another_clock_leaves_no_gap() {
    for rate in Rate::ALL {
        for millionths in [-200.0, 200.0] {
            let heard = picked_up(rate, 1_000.0, millionths);
            assert!(heard.len() >= 98 * rate.frame_samples(), "{rate:?}, {millionths}: {}", heard.len());
            // A tone of 0.5 never rests for a millisecond.
            let past = rate.frame_samples() * 5;
            let rests = heard[past..].windows(rate.per_ms()).any(|w| w.iter().all(|s| s.abs() < 0.05));
            assert!(!rests, "{rate:?}, {millionths}");
        }
    }
}

#[test]
fn a_slow_device_is_followed_for_minutes_without_a_gap_or_a_click_though_nothing_is_resampled() {
    let (mut device, mut incoming) = microphone().unwrap();
    let sound: Vec<f64> = (0..DEVICE_RATE_HZ as usize).map(|n| tone(1_000.0, DEVICE_RATE, n)).collect();
    let (mut given, mut due, mut gaps, mut before) = (0, 0.0, 0, None);
    // 4.8 samples fewer each second: the margin would last for two and a half minutes.
    for _ in 0..50 * 240 {
        due += TICK as f64 * (1.0 - 100e-6);
        while given + PERIOD <= due as usize {
            let at = given % sound.len();
            copy_in(&mut device, &bytes(sound[at..at + PERIOD].iter().copied()));
            given += PERIOD;
        }
        let Some(frame) = incoming.next_frame(Rate::Full) else {
            gaps += 1;
            continue;
        };
        // The steepest step of the tone.
        let steepest = (f64::from(FULL_SCALE) * 0.5 * TAU * 1_000.0 / 48_000.0) as u16 + 2;
        let samples: Vec<i16> = before.into_iter().chain(frame.iter().copied()).collect();
        let step = samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
        assert!(step.is_some_and(|step| step <= steepest * 11 / 10), "{step:?}");
        before = frame.last().copied();
    }
    assert!(gaps <= 3, "{gaps}: those before it began");
}

#[test]
fn a_frame_at_the_devices_rate_passes_to_the_bit() {
    let (mut outgoing, mut device) = earpiece().unwrap();
    let (mut microphone, mut incoming) = microphone().unwrap();
    let said: Vec<Frame> = (0..100)
        .map(|frame| Frame::from_fn(Rate::Full, |n| ((frame * TICK + n) % 30_011) as i16 - 15_000))
        .collect();
    let mut heard: Vec<i16> = Vec::new();
    for frame in &said {
        outgoing.play(frame);
        copy_in(&mut microphone, &bytes(taken(&mut device).into_iter()));
        heard.extend(incoming.next_frame(Rate::Full).iter().flat_map(|frame| frame.to_vec()));
    }
    let said: Vec<i16> = said.iter().flat_map(|frame| frame.to_vec()).collect();
    let begun = heard.iter().position(|sample| *sample == said[0]).unwrap();
    let heard = &heard[begun..];
    assert!(heard.len() > 90 * TICK, "{}", heard.len());
    assert_eq!(heard[..90 * TICK], said[..90 * TICK]);
}

#[test]
fn a_source_and_an_ear_may_change_their_rate() {
    let (mut outgoing, mut device) = earpiece().unwrap();
    let (mut microphone, mut incoming) = microphone().unwrap();
    let mut heard = Vec::new();
    let rates = [Rate::Narrow, Rate::Full, Rate::Wide, Rate::Narrow, Rate::Full];
    for (tick, rate) in rates.into_iter().flat_map(|rate| [rate; 25]).enumerate() {
        let first = tick * rate.frame_samples();
        outgoing
            .play(&Frame::from_fn(rate, |n| (tone(500.0, rate, first + n) * f64::from(FULL_SCALE)) as i16));
        copy_in(&mut microphone, &bytes(taken(&mut device).into_iter()));
        heard.push(incoming.next_frame(rate));
    }
    assert!(heard[5..].iter().all(Option::is_some), "no gap where it changes");
    for (frame, rate) in
        heard[5..].iter().flatten().zip(rates.into_iter().flat_map(|rate| [rate; 25]).skip(5))
    {
        let loud = level(frame.iter().map(|sample| f64::from(*sample) / f64::from(FULL_SCALE)));
        assert_eq!(frame.rate(), rate);
        assert!((0.25..0.4).contains(&loud), "{rate:?}: {loud}");
    }
}

#[test]
fn what_was_said_while_nobody_listened_is_forgotten() {
    for rate in Rate::ALL {
        let (mut device, mut incoming) = microphone().unwrap();
        copy_in(&mut device, &bytes((0..48_000).map(|n| tone(1_000.0, DEVICE_RATE, n))));
        incoming.next_frame(rate);
        incoming.forget();
        assert_eq!(incoming.next_frame(rate), None);
        copy_in(&mut device, &bytes((0..4 * PERIOD).map(|_| 0.0)));
        assert_eq!(incoming.next_frame(rate), Some(Frame::silence(rate)));
    }
}

#[test]
fn a_device_that_stands_still_costs_no_delay_afterwards() {
    for rate in Rate::ALL {
        let silence = Frame::silence(rate);
        let (mut outgoing, mut device) = earpiece().unwrap();
        for _ in 0..200 {
            outgoing.play(&silence);
        }
        assert!(device.slots() < CAPACITY / 2, "{rate:?}: {}", device.slots());
        let mut all = vec![0; 4 * CAPACITY];
        copy_out(&mut device, &mut all);
        outgoing.play(&silence);
        assert!(device.slots() >= TICK, "{rate:?}: {}", device.slots());
    }
}
