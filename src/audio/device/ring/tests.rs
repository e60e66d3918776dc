use super::*;
use std::f64::consts::TAU;

fn tone(frequency: f64, n: usize) -> f64 {
    0.5 * (TAU * frequency * n as f64 / f64::from(DEVICE_RATE_HZ)).sin()
}

fn level(samples: impl IntoIterator<Item = f64>) -> f64 {
    let squares: Vec<f64> = samples.into_iter().map(|sample| sample * sample).collect();
    (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt()
}

fn bytes(samples: impl Iterator<Item = f64>) -> Vec<u8> {
    samples.flat_map(|sample| (sample as f32).to_le_bytes()).collect()
}

/// Two seconds of a tone into the microphone, by a device whose clock is off by so many millionths; what comes out.
fn picked_up(frequency: f64, millionths: f64) -> Vec<f64> {
    let (mut device, mut incoming) = microphone().unwrap();
    let mut heard = Vec::new();
    let (mut given, mut due) = (0, 0.0);
    for _ in 0..100 {
        due += TICK as f64 * (1.0 + millionths / 1e6);
        while given + PERIOD <= due as usize {
            copy_in(&mut device, &bytes((given..given + PERIOD).map(|n| tone(frequency, n))));
            given += PERIOD;
        }
        if let Some(frame) = incoming.next_frame() {
            assert_eq!(frame.rate(), DEVICE_RATE);
            heard.extend(frame.iter().map(|sample| f64::from(*sample) / f64::from(FULL_SCALE)));
        }
    }
    heard
}

/// One second of a tone to the earpiece; what its device got.
fn played(frequency: f64) -> Vec<f64> {
    let (mut outgoing, mut device) = earpiece().unwrap();
    let mut heard = Vec::new();
    for tick in 0..50 {
        let sample = |n| (tone(frequency, tick * TICK + n) * f64::from(FULL_SCALE)) as i16;
        outgoing.play(&Frame::from_fn(DEVICE_RATE, sample));
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
fn sound_passes_both_ways_as_loud_as_it_is() {
    let whole = level((0..48_000).map(|n| tone(1_000.0, n)));
    for frequency in [300.0, 20_000.0] {
        let heard = level(picked_up(frequency, 0.0).into_iter().skip(TICK * 5)) / whole;
        assert!((0.9..1.1).contains(&heard), "microphone, {frequency} Hz: {heard}");
        let heard = level(played(frequency).into_iter().skip(4_800)) / whole;
        assert!((0.9..1.1).contains(&heard), "earpiece, {frequency} Hz: {heard}");
    }
}

#[test]
fn a_device_with_another_clock_leaves_no_gap() {
    for millionths in [-200.0, 200.0] {
        let heard = picked_up(1_000.0, millionths);
        assert!(heard.len() >= 98 * TICK, "{millionths}: {}", heard.len());
        // A tone of 0.5 never rests for a millisecond.
        let rests = heard[5 * TICK..].windows(48).any(|w| w.iter().all(|s| s.abs() < 0.05));
        assert!(!rests, "{millionths}");
    }
}

#[test]
fn a_slow_device_is_followed_for_minutes_without_a_gap_or_a_click_though_nothing_is_resampled() {
    let (mut device, mut incoming) = microphone().unwrap();
    let sound: Vec<f64> = (0..DEVICE_RATE_HZ as usize).map(|n| tone(1_000.0, n)).collect();
    let (mut given, mut due, mut gaps, mut before) = (0, 0.0, 0, None);
    // 4.8 samples fewer each second: the margin would last for two and a half minutes.
    for _ in 0..50 * 240 {
        due += TICK as f64 * (1.0 - 100e-6);
        while given + PERIOD <= due as usize {
            let at = given % sound.len();
            copy_in(&mut device, &bytes(sound[at..at + PERIOD].iter().copied()));
            given += PERIOD;
        }
        let Some(frame) = incoming.next_frame() else {
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
        .map(|frame| Frame::from_fn(DEVICE_RATE, |n| ((frame * TICK + n) % 30_011) as i16 - 15_000))
        .collect();
    let mut heard: Vec<i16> = Vec::new();
    for frame in &said {
        outgoing.play(frame);
        copy_in(&mut microphone, &bytes(taken(&mut device).into_iter()));
        heard.extend(incoming.next_frame().iter().flat_map(|frame| frame.to_vec()));
    }
    let said: Vec<i16> = said.iter().flat_map(|frame| frame.to_vec()).collect();
    let begun = heard.iter().position(|sample| *sample == said[0]).unwrap();
    let heard = &heard[begun..];
    assert!(heard.len() > 90 * TICK, "{}", heard.len());
    assert_eq!(heard[..90 * TICK], said[..90 * TICK]);
}

#[test]
fn what_was_said_while_nobody_listened_is_forgotten() {
    let (mut device, mut incoming) = microphone().unwrap();
    copy_in(&mut device, &bytes((0..48_000).map(|n| tone(1_000.0, n))));
    incoming.next_frame();
    incoming.forget();
    assert_eq!(incoming.next_frame(), None);
    copy_in(&mut device, &bytes((0..4 * PERIOD).map(|_| 0.0)));
    assert_eq!(incoming.next_frame(), Some(Frame::silence(DEVICE_RATE)));
}

#[test]
fn a_device_that_stands_still_costs_no_delay_afterwards() {
    let silence = Frame::silence(DEVICE_RATE);
    let (mut outgoing, mut device) = earpiece().unwrap();
    for _ in 0..200 {
        outgoing.play(&silence);
    }
    assert!(device.slots() < CAPACITY / 2, "{}", device.slots());
    let mut all = vec![0; 4 * CAPACITY];
    copy_out(&mut device, &mut all);
    outgoing.play(&silence);
    assert!(device.slots() >= TICK, "{}", device.slots());
}

#[test]
fn an_exchange_at_another_phase_has_the_usual_margin_at_once_and_counts_as_no_fault() {
    for by in [PERIOD, 100, 0] {
        let ((mut given, mut incoming), (mut outgoing, mut wanted)) =
            (microphone().unwrap(), earpiece().unwrap());
        let mut exchange = |samples: usize, is_shifted: bool| {
            copy_in(&mut given, &vec![0; 4 * samples]);
            copy_out(&mut wanted, &mut vec![0; 4 * samples]);
            if is_shifted {
                incoming.shift();
                outgoing.shift();
            }
            incoming.next_frame();
            outgoing.play(&Frame::silence(DEVICE_RATE));
            let runs = (incoming.take_runs(), outgoing.take_runs());
            assert_eq!(runs, (Runs::default(), Runs::default()), "{by}");
            (incoming.ring.slots(), wanted.slots())
        };
        let usual = (0..20).map(|_| exchange(TICK, false)).last().unwrap();
        for samples in [TICK - by, TICK + by] {
            exchange(samples, true);
            let margins = (0..3).map(|_| exchange(TICK, false)).last().unwrap();
            assert!(margins.0.abs_diff(usual.0) <= 2, "microphone, {by}: {margins:?} for {usual:?}");
            assert!(margins.1.abs_diff(usual.1) <= 2, "earpiece, {by}: {margins:?} for {usual:?}");
        }
    }
}

#[test]
fn a_frame_of_another_rate_is_not_played_as_if_it_were_one() {
    let (mut outgoing, mut device) = earpiece().unwrap();
    for _ in 0..10 {
        outgoing.play(&Frame::from_fn(Rate::Narrow, |_| 8_000));
    }
    assert!(taken(&mut device).iter().all(|sample| *sample == 0.0));
}
