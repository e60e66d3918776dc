use super::*;
use std::io::Cursor;
use std::path::PathBuf;

fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format }
}

/// A WAV file in memory with these samples.
fn wav<S: hound::Sample + Copy>(spec: WavSpec, samples: &[S]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec).unwrap();
    samples.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
    file.into_inner()
}

fn open(file: &[u8]) -> Result<WavSource, WavFault> {
    WavSource::read(Cursor::new(file))
}

fn fault(file: &[u8]) -> WavFault {
    open(file).err().unwrap()
}

/// The same sample over and over.
fn level(rate: Rate, sample: i16) -> Frame {
    Frame::from_fn(rate, |_| sample)
}

/// How strong a tone of amplitude 0.5 comes back, 1 for as strong as it went in.
fn strength(samples: &[i16], hz: f64, rate: Rate) -> f64 {
    let (sine, cosine) = samples.iter().enumerate().fold((0.0, 0.0), |(sine, cosine), (n, sample)| {
        let (s, c) = (std::f64::consts::TAU * hz * n as f64 / f64::from(rate.hz())).sin_cos();
        (sine + s * f64::from(*sample), cosine + c * f64::from(*sample))
    });
    2.0 * f64::hypot(sine, cosine) / samples.len() as f64 / 16_384.0
}

/// A second of two tones, each of amplitude 0.5.
fn tones(rate_hz: u32, tones_hz: [f64; 2]) -> Vec<u8> {
    let tone = |hz: f64, n: u32| 0.5 * (std::f64::consts::TAU * hz * f64::from(n) / f64::from(rate_hz)).sin();
    let samples: Vec<f32> =
        (0..rate_hz).map(|n| tones_hz.iter().map(|hz| tone(*hz, n) as f32).sum::<f32>() * 0.99).collect();
    wav(spec(1, rate_hz, 32, SampleFormat::Float), &samples)
}

/// A path of this test's own, removed at its end.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("patchcord-{}-{name}.wav", std::process::id())))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn file_is_played_once_and_then_silence() {
    let samples: Vec<i16> = (1..=200).collect();
    let mut source = open(&wav(spec(1, 8_000, 16, SampleFormat::Int), &samples)).unwrap();
    assert_eq!(*source.next_frame(Rate::Narrow).unwrap(), samples[..160]);
    let second = source.next_frame(Rate::Narrow).unwrap();
    assert_eq!(second[..40], samples[160..]);
    assert!(second[40..].iter().all(|sample| *sample == 0));
    assert_eq!(source.next_frame(Rate::Narrow), Some(Frame::silence(Rate::Narrow)));
    assert_eq!(source.next_frame(Rate::Narrow), Some(Frame::silence(Rate::Narrow)));
}

#[test]
fn every_common_coding_gives_the_same_sound() {
    let level = |file: &[u8]| open(file).unwrap().next_frame(Rate::Narrow).unwrap()[80];
    for (bits, sample) in [(8, 64), (16, 16_384), (24, 4_194_304), (32, 1_073_741_824)] {
        let file = wav(spec(1, 8_000, bits, SampleFormat::Int), &vec![sample; 400]);
        assert_eq!(level(&file), 16_384, "{bits} bits");
    }
    assert_eq!(level(&wav(spec(1, 8_000, 32, SampleFormat::Float), &[0.5_f32; 400])), 16_384);
    assert_eq!(level(&wav(spec(1, 8_000, 32, SampleFormat::Float), &[7.5_f32; 400])), i16::MAX, "clipped");
    let stereo: Vec<i16> = [20_000_i16, 10_000].repeat(4_000);
    assert_eq!(level(&wav(spec(2, 8_000, 16, SampleFormat::Int), &stereo)), 15_000, "mixed");
    let wide = level(&wav(spec(2, 48_000, 16, SampleFormat::Int), &stereo));
    assert!((14_950..=15_050).contains(&wide), "{wide}");
}

#[test]
fn a_file_is_heard_in_its_own_band_as_far_as_the_call_has_it() {
    for (file_hz, high, rate, heard) in [
        (48_000, 15_000.0, Rate::Full, true),
        (44_100, 15_000.0, Rate::Full, true),
        (48_000, 6_000.0, Rate::Wide, true),
        (48_000, 14_000.0, Rate::Wide, false),
        (16_000, 6_000.0, Rate::Full, true),
        (16_000, 6_000.0, Rate::Narrow, false),
        (8_000, 3_000.0, Rate::Full, true),
    ] {
        let mut source = open(&tones(file_hz, [1_000.0, high])).unwrap();
        let frames: Vec<Frame> = (0..45).map(|_| source.next_frame(rate).unwrap()).collect();
        assert!(frames.iter().all(|frame| frame.rate() == rate));
        // The tones have whole periods in 20 ms.
        let sound: Vec<i16> = frames[5..].iter().flat_map(|frame| frame.to_vec()).collect();
        for (hz, wanted) in [(1_000.0, true), (high, heard)] {
            let strength = strength(&sound, hz, rate);
            let range = if wanted { 0.95..1.02 } else { 0.0..0.01 };
            assert!(range.contains(&strength), "{file_hz} Hz in {rate:?}, {hz} Hz: {strength}");
        }
    }
}

#[test]
fn a_file_goes_on_where_it_was_when_the_rate_of_the_call_changes() {
    let samples: Vec<i16> = (0..50_i16).flat_map(|frame| [100 * frame; 960]).collect();
    let mut source = open(&wav(spec(1, 48_000, 16, SampleFormat::Int), &samples)).unwrap();
    for (frame, rate) in
        [Rate::Full, Rate::Narrow, Rate::Wide, Rate::Narrow, Rate::Full].into_iter().enumerate()
    {
        let heard = source.next_frame(rate).unwrap();
        let middle = heard[heard.len() / 2];
        assert!((i32::from(middle) - 100 * frame as i32).abs() <= 2, "frame {frame}: {middle}");
    }
}

#[test]
fn unusable_files_say_why() {
    assert_eq!(fault(b""), WavFault::NotWav);
    assert_eq!(fault(b"ID3\x03 this is no WAV file at all, but something else"), WavFault::NotWav);
    let good = wav(spec(1, 8_000, 16, SampleFormat::Int), &[1_i16; 100]);
    assert_eq!(fault(&good[..30]), WavFault::NotWav);
    assert_eq!(fault(&wav::<i16>(spec(1, 8_000, 16, SampleFormat::Int), &[])), WavFault::Empty);
    assert_eq!(
        fault(&wav(spec(6, 8_000, 16, SampleFormat::Int), &[1_i16; 60])),
        WavFault::UnsupportedChannels(6)
    );
    assert_eq!(
        fault(&wav(spec(1, 4_000, 16, SampleFormat::Int), &[1_i16; 60])),
        WavFault::UnsupportedRate(4_000)
    );
    let mut a_law = good;
    a_law[20] = 6; // format tag
    assert_eq!(fault(&a_law), WavFault::UnsupportedCoding);
    let missing = WavSource::open(Path::new("/nonexistent/file.wav")).err();
    assert_eq!(missing, Some(WavFault::CannotRead(ErrorKind::NotFound)));
    let folder = WavSource::open(&std::env::temp_dir()).err().unwrap();
    assert!(matches!(folder, WavFault::CannotRead(_)), "{folder:?}");
}

#[test]
fn file_cut_off_in_its_samples_is_played_as_far_as_it_goes() {
    let whole = wav(spec(1, 8_000, 16, SampleFormat::Int), &[5_i16; 400]);
    let mut source = open(&whole[..44 + 201]).unwrap();
    assert_eq!(source.next_frame(Rate::Narrow).unwrap()[99..102], [5, 0, 0]);
}

#[test]
fn damaged_files_never_panic() {
    let whole = wav(spec(2, 44_100, 24, SampleFormat::Int), &[77_i32; 40]);
    for at in 0..44.min(whole.len()) {
        for value in [0, 1, 2, 0x7f, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            let _ = open(&damaged);
        }
    }
}

#[test]
fn recording_has_what_was_heard_left_and_what_was_said_right() {
    let file = TemporaryFile::new("stereo");
    let mut recorder = WavRecorder::create(&file.0).unwrap();
    recorder.write(&level(Rate::Narrow, 100), &level(Rate::Narrow, -200)).unwrap();
    recorder.finish().unwrap();
    recorder.write(&level(Rate::Narrow, 1), &level(Rate::Narrow, 1)).unwrap();
    let mut reader = WavReader::open(&file.0).unwrap();
    assert_eq!(reader.spec(), spec(2, 8_000, 16, SampleFormat::Int));
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples.len(), 320, "nothing after the end");
    assert_eq!(samples[..4], [100, -200, 100, -200]);
}

#[test]
fn a_recording_has_the_higher_rate_of_both_sides_and_keeps_them_in_step() {
    let file = TemporaryFile::new("rates");
    let mut recorder = WavRecorder::create(&file.0).unwrap();
    recorder.write(&level(Rate::Narrow, 0), &level(Rate::Full, 0)).unwrap();
    for received in [Rate::Narrow, Rate::Wide, Rate::Full] {
        for _ in 0..3 {
            recorder.write(&level(received, 3_000), &level(Rate::Full, -2_000)).unwrap();
        }
    }
    recorder.finish().unwrap();
    let mut reader = WavReader::open(&file.0).unwrap();
    assert_eq!(reader.spec(), spec(2, 48_000, 16, SampleFormat::Int));
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples.len(), 2 * 10 * 960);
    // Of the last frame of each rate.
    for frame in [3, 6, 9] {
        let at = 2 * (frame * 960 + 500);
        assert!(samples[at].abs_diff(3_000) <= 1, "{frame}: {}", samples[at]);
        assert_eq!(samples[at + 1], -2_000);
    }
}

#[test]
fn killed_process_leaves_a_valid_recording() {
    let file = TemporaryFile::new("killed");
    let mut recorder = WavRecorder::create(&file.0).unwrap();
    assert_eq!(WavReader::open(&file.0).unwrap().duration(), 0);
    for _ in 0..120 {
        recorder.write(&level(Rate::Narrow, 100), &level(Rate::Narrow, 100)).unwrap();
    }
    std::mem::forget(recorder);
    assert_eq!(WavReader::open(&file.0).unwrap().duration(), 100 * 160);
}

#[test]
fn recording_to_nowhere_says_so() {
    let fault = WavRecorder::create(Path::new("/nonexistent/file.wav")).err();
    assert!(matches!(fault, Some(RecordFault::CannotCreate { kind: ErrorKind::NotFound, .. })));
}
