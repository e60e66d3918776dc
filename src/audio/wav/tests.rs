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
    assert_eq!(source.next_frame().unwrap().as_slice(), &samples[..160]);
    let second = source.next_frame().unwrap();
    assert_eq!(second[..40], samples[160..]);
    assert!(second[40..].iter().all(|sample| *sample == 0));
    assert_eq!(source.next_frame(), Some(SILENCE));
    assert_eq!(source.next_frame(), Some(SILENCE));
}

#[test]
fn every_common_coding_gives_the_same_sound() {
    let level = |file: &[u8]| open(file).unwrap().next_frame().unwrap()[80];
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
    assert_eq!(source.next_frame().unwrap()[99..102], [5, 0, 0]);
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
    recorder.write(&[100; 160], &[-200; 160]).unwrap();
    recorder.finish().unwrap();
    recorder.write(&[1; 160], &[1; 160]).unwrap();
    let mut reader = WavReader::open(&file.0).unwrap();
    assert_eq!(reader.spec(), spec(2, 8_000, 16, SampleFormat::Int));
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    assert_eq!(samples.len(), 320, "nothing after the end");
    assert_eq!(samples[..4], [100, -200, 100, -200]);
}

#[test]
fn killed_process_leaves_a_valid_recording() {
    let file = TemporaryFile::new("killed");
    let mut recorder = WavRecorder::create(&file.0).unwrap();
    assert_eq!(WavReader::open(&file.0).unwrap().duration(), 0);
    for _ in 0..120 {
        recorder.write(&[100; 160], &[100; 160]).unwrap();
    }
    std::mem::forget(recorder);
    assert_eq!(WavReader::open(&file.0).unwrap().duration(), 100 * 160);
}

#[test]
fn recording_to_nowhere_says_so() {
    let fault = WavRecorder::create(Path::new("/nonexistent/file.wav")).err();
    assert!(matches!(fault, Some(RecordFault::CannotCreate { kind: ErrorKind::NotFound, .. })));
}
