//! How loud a frame is, as a meter shows it.

use super::Frame;

/// The quietest that a meter shows, in dB below full scale.
const RANGE_DB: f32 = 60.0;
const FULL_SCALE: f32 = 32_768.0;

/// The highest amplitude, 0 to 32768.
pub fn peak(frame: &Frame) -> u16 {
    frame.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0)
}

/// From 0 (-60 dBFS and less) to 1 (full scale), even in dB.
pub fn level(peak: u16) -> f32 {
    let db = 20.0 * (f32::from(peak) / FULL_SCALE).log10();
    // Of silence it is minus infinity.
    (1.0 + db / RANGE_DB).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Rate;

    #[test]
    fn a_meter_goes_from_silence_to_full_scale_in_even_steps_of_loudness() {
        for (amplitude, wanted) in
            [(0, 0.0), (32, 0.0), (328, 1.0 / 3.0), (3_277, 2.0 / 3.0), (i16::MIN, 1.0)]
        {
            let mut frame = Frame::silence(Rate::Wide);
            frame[7] = amplitude;
            assert!((level(peak(&frame)) - wanted).abs() < 0.01, "{amplitude}");
        }
    }
}
