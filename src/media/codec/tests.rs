use super::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

fn encoder(codec: Codec) -> Box<dyn Encoder> {
    codec.encoder(&EncoderSettings::default())
}

/// Two voices' worth of tones, `ms` long.
fn tones(rate: Rate, hz: &[f32], ms: usize) -> Vec<i16> {
    let sample = |n: usize| {
        let seconds = n as f32 / rate.hz() as f32;
        let sum: f32 = hz.iter().map(|hz| (seconds * hz * std::f32::consts::TAU).sin()).sum();
        (sum / hz.len() as f32 * 12_000.0) as i16
    };
    (0..ms * rate.per_ms()).map(sample).collect()
}

fn packets(encoder: &mut dyn Encoder, sound: &[i16], ms: usize) -> Vec<Vec<u8>> {
    let samples = ms * encoder.rate().per_ms();
    let packet = |samples: &[i16]| {
        let mut payload = Vec::new();
        encoder.encode(samples, &mut payload);
        payload
    };
    sound.chunks_exact(samples).map(packet).collect()
}

/// Share of the sound's power in `hz`, of its second half.
fn share(sound: &[i16], rate: Rate, hz: f32) -> f32 {
    let sound = &sound[sound.len() / 2..];
    let (mut re, mut im, mut all) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (n, sample) in sound.iter().enumerate() {
        let angle = f64::from(hz) * std::f64::consts::TAU * n as f64 / f64::from(rate.hz());
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
        all += f64::from(*sample).powi(2);
    }
    (2.0 * (re * re + im * im) / (sound.len() as f64 * all.max(1.0))) as f32
}

fn decoded(decoder: &mut dyn Decoder, packets: &[Vec<u8>]) -> Vec<i16> {
    let mut sound = Vec::new();
    for packet in packets {
        let before = sound.len();
        decoder.decode(packet, &mut sound);
        assert_eq!(sound.len() - before, decoder.samples(packet), "what was announced");
    }
    sound
}

#[test]
fn each_codec_carries_the_tones_of_its_band_in_packets_of_any_length() {
    for codec in Codec::ALL {
        let rate = codec.rate();
        for ms in [10, 20, 40, 60] {
            let hz: &[f32] = if rate == Rate::Narrow { &[700.0] } else { &[700.0, 5_000.0] };
            let sound = tones(rate, hz, 1_200);
            let packets = packets(&mut *encoder(codec), &sound, ms);
            let heard = decoded(&mut *codec.decoder(), &packets);
            assert_eq!(heard.len(), sound.len(), "{codec:?} in packets of {ms} ms");
            for tone in hz {
                let share = share(&heard, rate, *tone) * hz.len() as f32;
                // A codec made for speech is 2 dB short of a steady tone.
                assert!(share > 0.6, "{codec:?} in packets of {ms} ms has {share} of {tone} Hz");
            }
        }
    }
}

#[test]
fn rates_and_clocks_are_those_of_their_documents() {
    for (codec, rate, clock) in [
        (Codec::Pcma, Rate::Narrow, 8_000),
        (Codec::Pcmu, Rate::Narrow, 8_000),
        (Codec::G722, Rate::Wide, 8_000),
        (Codec::Opus, Rate::Full, 48_000),
    ] {
        assert_eq!((codec.rate(), codec.clock_hz()), (rate, clock), "{codec:?}");
        assert_eq!((codec.decoder().rate(), encoder(codec).rate()), (rate, rate), "{codec:?}");
    }
}

#[test]
fn rubbish_never_panics_and_gives_what_it_announces() {
    let mut rng = ChaCha20Rng::from_seed([9; 32]);
    for codec in Codec::ALL {
        let mut decoder = codec.decoder();
        for _ in 0..3_000 {
            let length = rng.next_u32() as usize % if rng.next_u32() % 4 == 0 { 1_400 } else { 8 };
            let payload: Vec<u8> = (0..length).map(|_| rng.next_u32() as u8).collect();
            let announced = decoder.samples(&payload);
            let mut sound = vec![7; 3];
            decoder.decode(&payload, &mut sound);
            assert!(sound.len() == 3 + announced || sound.len() == 3, "{codec:?}: {payload:02x?}");
            assert!(announced <= 5_760 || codec != Codec::Opus);
            let asked = rng.next_u32() as usize % 3_000;
            let before = sound.len();
            let made_up = decoder.conceal(asked, &mut sound);
            assert_eq!(sound.len() - before, if made_up { asked } else { 0 });
            let before = sound.len();
            let recovered = decoder.recover(&payload, asked, &mut sound);
            assert_eq!(sound.len() - before, if recovered { asked } else { 0 });
        }
        assert_eq!(codec.decoder().samples(&[]), 0);
    }
}

#[test]
fn opus_brings_a_lost_packet_back_from_the_next_one() {
    let sound = tones(Rate::Full, &[300.0, 900.0, 2_100.0], 800);
    let mut ours = encoder(Codec::Opus);
    ours.expect_loss(0.2);
    let packets = packets(&mut *ours, &sound, 20);
    let mut whole = decoded(&mut *Codec::Opus.decoder(), &packets);
    let lost = 20;
    let mut decoder = Codec::Opus.decoder();
    let mut sound = decoded(&mut *decoder, &packets[..lost]);
    assert!(decoder.recover(&packets[lost + 1], 960, &mut sound));
    let recovered = sound.split_off(lost * 960);
    let original = whole.split_off(lost * 960);
    let error: f64 =
        recovered.iter().zip(&original).map(|(a, b)| f64::from(i32::from(*a) - i32::from(*b)).powi(2)).sum();
    let power: f64 = original[..960].iter().map(|a| f64::from(*a).powi(2)).sum();
    assert!(error < power / 4.0, "{error} of {power} are wrong");
}

#[test]
fn opus_that_repeats_nothing_is_not_asked_for_it() {
    let settings = EncoderSettings { repeats: false, ..EncoderSettings::default() };
    let sound = tones(Rate::Full, &[300.0, 900.0, 2_100.0], 400);
    let packets = packets(&mut *Codec::Opus.encoder(&settings), &sound, 20);
    let mut decoder = Codec::Opus.decoder();
    let mut heard = decoded(&mut *decoder, &packets[..10]);
    assert!(!decoder.recover(&packets[11], 960, &mut heard));
    assert!(decoder.conceal(960, &mut heard), "it makes up what is missing");
    assert_eq!(heard.len(), 11 * 960);
}

#[test]
fn opus_says_where_nobody_speaks_so_that_pauses_do_not_count_against_what_it_repeats() {
    let mut ours = encoder(Codec::Opus);
    ours.expect_loss(0.2);
    let mut sound = tones(Rate::Full, &[300.0, 900.0, 2_100.0], 800);
    sound.resize(sound.len() + 2_000 * Rate::Full.per_ms(), 0);
    let packets = packets(&mut *ours, &sound, 20);
    let decoder = Codec::Opus.decoder();
    let speaks: Vec<bool> = packets.iter().map(|packet| decoder.speaks(packet)).collect();
    assert!(speaks[1..40].iter().filter(|speaks| **speaks).count() > 20, "{speaks:?}");
    assert!(speaks[speaks.len() - 40..].iter().all(|speaks| !speaks), "{speaks:?}");
    assert!(decoder.speaks(&[0xfc, 1, 2, 3]), "CELT alone says nothing of it");
}

#[test]
fn g711_and_g722_make_up_nothing_themselves() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        let mut heard = Vec::new();
        let mut decoder = codec.decoder();
        assert!(!decoder.conceal(160, &mut heard) && !decoder.recover(&[0; 160], 160, &mut heard));
        assert!(heard.is_empty());
    }
}

#[test]
fn opus_that_pauses_hardly_sends_in_silence_and_always_in_speech() {
    let settings = EncoderSettings { pauses: true, ..EncoderSettings::default() };
    let mut ours = Codec::Opus.encoder(&settings);
    let speech = packets(&mut *ours, &tones(Rate::Full, &[300.0, 900.0, 2_100.0], 600), 20);
    assert!(speech.iter().all(|packet| !packet.is_empty()));
    let silence = packets(&mut *ours, &[0; 48_000 * 4], 20);
    let sent = silence[50..].iter().filter(|packet| !packet.is_empty()).count();
    assert!((4..20).contains(&sent), "{sent} of 150 packets of silence");
    let all: Vec<Vec<u8>> = packets(&mut *encoder(Codec::Opus), &[0; 48_000 * 2], 20);
    assert!(all.iter().all(|packet| !packet.is_empty()), "without the wish each packet is sent");
}

#[test]
fn opus_keeps_to_the_band_and_rate_that_are_wanted() {
    let sound = tones(Rate::Full, &[700.0, 6_500.0], 1_000);
    for (most_hz, heard) in [(8_000, false), (48_000, true)] {
        let settings = EncoderSettings { most_hz, ..EncoderSettings::default() };
        let packets = packets(&mut *Codec::Opus.encoder(&settings), &sound, 20);
        let share = share(&decoded(&mut *Codec::Opus.decoder(), &packets), Rate::Full, 6_500.0);
        assert_eq!(share > 0.2, heard, "{share} of 6.5 kHz at {most_hz} Hz");
    }
    let octets = |bit_rate| -> usize {
        let settings = EncoderSettings { bit_rate, ..EncoderSettings::default() };
        packets(&mut *Codec::Opus.encoder(&settings), &sound, 20).iter().map(Vec::len).sum()
    };
    let (slow, fast) = (octets(16_000), octets(64_000));
    assert!(slow * 2 < fast, "{slow} and {fast} octets a second");
}
