//! What voice processing does and costs, apart from any device:
//!
//! ```text
//! cargo bench --no-default-features --features voice --bench voice -- cost
//! … -- shocks
//! … -- play CODEC PHASE PACKETS OUT.wav
//!          what the operator hears of a stream: PCMA, PCMU, G722 or opus; microseconds from the clock's start to
//!          the first frame; a file of lines, each when a packet arrives, in microseconds, and its octets in hexadecimal
//! … -- run KIND ECHO NOISE FAR.wav NEAR.wav PLAYED.wav OUT.wav
//!          headset|loudspeaker|unknown, auto|on|off twice; files mono, 48 kHz, 16 bit
//! ```
//!
//! `scripts/voice-processing` and `scripts/voice-bench` make the sounds and judge what comes out.

use patchcord::instant::Instant;
use patchcord::media::process::{
    BLOCK, EARPIECE_LEVEL, EARPIECE_PEAK, Kind, Limiter, Processor, RATE_HZ, Running, Switch, Wanted,
};
use patchcord::media::{Codec, Direction, EncoderSettings, Frame, Stream, StreamPlan};
use patchcord::transmit::{Received, Transport};
use std::net::SocketAddr;
use std::time::Duration;

const CALL_BLOCKS: usize = 2_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] | ["cost"] => cost(),
        ["shocks"] => shocks(),
        ["play", codec, phase, packets, out] => play(codec, phase, packets, out),
        ["run", kind, echo, noise, far, near, played, out] => {
            run(kind, echo, noise, [far, near, played, out])
        }
        _ => panic!(
            "voice [cost | shocks | play CODEC PHASE PACKETS OUT | run KIND ECHO NOISE FAR NEAR PLAYED OUT]"
        ),
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
    let (mut played, mut out) = (create(played, RATE_HZ), create(out, RATE_HZ));
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

/// On virtual time: half a minute is heard in a moment, and the same every time.
fn play(codec: &str, phase: &str, packets: &str, out: &str) {
    let codec =
        Codec::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(codec)).expect("a codec");
    let mut frame_us: u64 = phase.parse().expect("microseconds");
    let [local, remote]: [SocketAddr; 2] = [([127, 0, 0, 1], 4_000).into(), ([127, 0, 0, 1], 4_002).into()];
    let plan = StreamPlan {
        local,
        remote,
        remote_rtcp: remote,
        codec,
        payload_type: 96,
        accepted: vec![(96, codec)],
        encoder: EncoderSettings::default(),
        telephone_event: None,
        telephone_event_hz: 8_000,
        telephone_event_in: vec![],
        direction: Direction::SendRecv,
        held_by_them: false,
        ptime_ms: 20,
        early: false,
    };
    let mut stream = Stream::new(Instant::START, plan, [1; 32]);
    let mut writer = create(out, codec.rate().hz());
    let mut delays: Vec<f32> = Vec::new();
    let mut hear = |stream: &mut Stream, until: u64| {
        while frame_us <= until {
            let now = Instant::from_start(Duration::from_micros(frame_us));
            let heard = stream.tick(now, None, &Frame::silence(codec.rate()));
            // Before the first packet a frame has no rate of its own.
            let heard = if heard.rate() == codec.rate() { heard } else { Frame::silence(codec.rate()) };
            heard.iter().for_each(|sample| writer.write_sample(*sample).expect("room on the disk"));
            delays.push(stream.stats(now).delay_ms);
            while !matches!(stream.poll_output(), patchcord::media::StreamOutput::Idle) {}
            frame_us += 20_000;
        }
    };
    let mut last = 0;
    for line in std::fs::read_to_string(packets).expect("a file of packets").lines() {
        let (at, octets) = line.split_once(' ').expect("a time and octets");
        let at: u64 = at.parse().expect("microseconds");
        let digits = octets.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).expect("ASCII"));
        let bytes = digits.map(|two| u8::from_str_radix(two, 16).expect("hexadecimal")).collect();
        // What arrives at the moment of a frame is there for it.
        hear(&mut stream, at.saturating_sub(1));
        let now = Instant::from_start(Duration::from_micros(at));
        stream.handle_rtp(now, Received { transport: Transport::Udp, from: remote, local, bytes });
        last = at;
    }
    hear(&mut stream, last + 1_000_000);
    writer.finalize().expect("room on the disk");
    delays.sort_by(f32::total_cmp);
    let part = |percent: usize| delays.get(delays.len() * percent / 100).copied().unwrap_or_default();
    println!("{:.1} {:.1} {:.1}", part(5), part(50), part(95));
}

fn create(path: &str, sample_rate: u32) -> hound::WavWriter<std::io::BufWriter<std::fs::File>> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate,
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
