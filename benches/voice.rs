//! What voice processing does and costs, apart from any device:
//!
//! ```text
//! cargo bench --no-default-features --features voice --bench voice -- cost
//! … -- shocks
//! … -- run KIND ECHO NOISE FAR.wav NEAR.wav PLAYED.wav OUT.wav
//!          headset|loudspeaker|unknown, auto|on|off twice; files mono, 48 kHz, 16 bit
//! ```
//!
//! `scripts/voice-processing` makes the sounds and judges what comes out.

use patchcord::media::process::{
    BLOCK, EARPIECE_LEVEL, EARPIECE_PEAK, Kind, Limiter, Processor, RATE_HZ, Running, Switch, Wanted,
};
use std::time::Duration;

const CALL_BLOCKS: usize = 2_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] | ["cost"] => cost(),
        ["shocks"] => shocks(),
        ["run", kind, echo, noise, far, near, played, out] => {
            run(kind, echo, noise, [far, near, played, out])
        }
        _ => panic!("voice [cost | shocks | run KIND ECHO NOISE FAR NEAR PLAYED OUT]"),
    }
}

/// Of this thread alone: others may have the computer, too.
#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn spent() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec.unsigned_abs() as u32)
}

fn switch(word: &str) -> Switch {
    match word {
        "auto" => Switch::Auto,
        "on" => Switch::On,
        "off" => Switch::Off,
        _ => panic!("auto, on or off, not {word}"),
    }
}

fn read(path: &str) -> Vec<i16> {
    let reader = hound::WavReader::open(path).expect("a WAV file");
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, RATE_HZ, 16), "{path}");
    reader.into_samples().map(|sample| sample.expect("whole")).collect()
}

fn run(kind: &str, echo: &str, noise: &str, [far, near, played, out]: [&str; 4]) {
    let mut processor = Processor::new(Wanted { echo: switch(echo), noise: switch(noise) });
    let kind = match kind {
        "headset" => Kind::Headset,
        "loudspeaker" => Kind::Loudspeaker,
        _ => Kind::Unknown,
    };
    processor.take_earpiece(kind, 0.0);
    let (mut played, mut out) = (create(played), create(out));
    let (far, near) = (read(far), read(near));
    let mut last = None;
    for (n, (far, near)) in far.as_chunks::<BLOCK>().0.iter().zip(near.as_chunks::<BLOCK>().0).enumerate() {
        let (mut far, mut near) = (*far, *near);
        processor.play(&mut far);
        processor.pick_up(&mut near);
        for (writer, block) in [(&mut played, far), (&mut out, near)] {
            block.iter().for_each(|sample| writer.write_sample(*sample).expect("room on the disk"));
        }
        let running = processor.running();
        if last.replace(running) != Some(running) {
            let Running { echo, noise } = running;
            println!("{:.2} s: echo canceller {echo}, noise suppression {noise}", n as f32 / 100.0);
        }
    }
    for writer in [played, out] {
        writer.finalize().expect("room on the disk");
    }
}

fn create(path: &str) -> hound::WavWriter<std::io::BufWriter<std::fs::File>> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    hound::WavWriter::create(path, spec).expect("a file to write")
}

/// Something like a voice, cheaply.
fn buzz(n: usize, hz: f32, most: f32) -> i16 {
    let at = n as f32 / RATE_HZ as f32;
    let word = (at * 3.0).sin().max(0.0);
    (most * word * (at * hz * std::f32::consts::TAU).sin().powi(5) * 32_767.0) as i16
}

fn cost() {
    println!("CPU time of this thread per 10 ms; 1 % of a core is 100 µs\n");
    let off = Wanted { echo: Switch::Off, noise: Switch::Off };
    let table = [
        ("limiter alone", Kind::Headset, off),
        ("headset, automatic", Kind::Headset, Wanted::default()),
        ("echo canceller", Kind::Loudspeaker, Wanted { echo: Switch::On, noise: Switch::Off }),
        ("noise suppression", Kind::Headset, Wanted { echo: Switch::Off, noise: Switch::On }),
        ("everything", Kind::Loudspeaker, Wanted { echo: Switch::On, noise: Switch::On }),
    ];
    for (name, kind, wanted) in table {
        let mut processor = Processor::new(wanted);
        processor.take_earpiece(kind, 0.0);
        let mut times: Vec<Duration> = Vec::with_capacity(CALL_BLOCKS);
        for block in 0..CALL_BLOCKS {
            let at = block * BLOCK;
            let mut far: [i16; BLOCK] = std::array::from_fn(|n| buzz(at + n, 140.0, 0.3));
            let mut near: [i16; BLOCK] =
                std::array::from_fn(|n| far[n] / 8 + buzz(at + n, 200.0, 0.2) + 3 - ((at + n) % 7) as i16);
            let begun = spent();
            processor.play(&mut far);
            processor.pick_up(&mut near);
            times.push(spent() - begun);
        }
        times.sort();
        let sum: Duration = times.iter().sum();
        let mean = sum.as_secs_f64() * 1e6 / times.len() as f64;
        let most = times[times.len() * 99 / 100].as_secs_f64() * 1e6;
        println!("{name:20} {mean:6.1} µs  ({:.2} % of a core), 99 % below {most:.0} µs", mean / 100.0);
    }
    let begun = spent();
    let made = Processor::new(Wanted { echo: Switch::On, noise: Switch::On });
    let made = (made, spent() - begun).1;
    println!("{:20} {:6.1} µs", "a new one", made.as_secs_f64() * 1e6);
}

/// Amplitude at each sample.
type Sound = Box<dyn Fn(usize) -> f32>;

fn shocks() {
    let tone = |hz: f32| move |n: usize| (n as f32 * hz * std::f32::consts::TAU / RATE_HZ as f32).sin();
    let sounds: [(&str, Sound); 5] = [
        ("1 kHz, full scale, 50 ms", Box::new(move |n| if n < 2_400 { tone(1_000.0)(n) } else { 0.0 })),
        ("click", Box::new(|n| if n == 24_000 { 1.0 } else { 0.0 })),
        ("440 Hz after a second", Box::new(move |n| if n < 48_000 { 0.0 } else { tone(440.0)(n) })),
        ("fax, 2100 Hz", Box::new(tone(2_100.0))),
        ("3 kHz of -15 dBFS", Box::new(move |n| 0.178 * tone(3_000.0)(n))),
    ];
    let db = |part: f32| 20.0 * part.max(1e-6).log10();
    println!("bounds: peak {:.1} dBFS, level {:.1} dBov\n", db(EARPIECE_PEAK), db(EARPIECE_LEVEL));
    for (name, sound) in sounds {
        let before: Vec<f32> = (0..96_000).map(sound).collect();
        let mut after = before.clone();
        Limiter::earpiece().limit(&mut after);
        let peak = |samples: &[f32]| db(samples.iter().fold(0.0, |most: f32, sample| most.max(sample.abs())));
        let level = |samples: &[f32]| {
            let parts = samples.chunks(BLOCK).skip(2);
            db(parts
                .map(|part| (part.iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32).sqrt())
                .fold(0.0, f32::max))
        };
        println!(
            "{name:26} peak {:6.1} -> {:6.1} dBFS, loudest 10 ms {:6.1} -> {:6.1} dBov",
            peak(&before),
            peak(&after),
            level(&before),
            level(&after)
        );
    }
}
