//! From one rate to another. The rates are whole multiples of each other, so a windowed sinc needs one row of weights
//! for each place between two samples, and no other arithmetic.

use super::{Frame, Rate};
use std::f64::consts::PI;

/// Of Kaiser's window: 65 dB are taken away beyond the band.
const BETA: f64 = 6.5;

/// Weights that are summed side by side, as processors do.
const LANES: usize = 8;

/// From one rate to another, frame by frame, for ever. It delays by the half of its filter: 3 ms where one of the rates is
/// [`Rate::Narrow`], otherwise 2. It keeps what is below 3.4 kHz, or 7 where the lower rate is [`Rate::Wide`].
/// A frame that has the rate already is left as it is, to the bit, at no cost.
#[derive(Clone, Default, Debug)]
pub struct Converter {
    to: Rate,
    /// `None` while what comes has the rate already.
    filter: Option<Box<Filter>>,
}

impl Converter {
    pub const fn new(to: Rate) -> Self {
        Self { to, filter: None }
    }

    /// Follows a source that changes its rate.
    pub fn convert(&mut self, frame: &Frame) -> Frame {
        let (from, to) = (frame.rate(), self.to);
        if from == to {
            self.filter = None;
            return *frame;
        }
        match &mut self.filter {
            Some(filter) if (filter.from, filter.to) == (from, to) => filter.pass(frame),
            filter => filter.insert(Box::new(Filter::new(from, to))).pass(frame),
        }
    }

    /// To another rate from now on.
    pub fn convert_to(&mut self, to: Rate, frame: &Frame) -> Frame {
        self.to = to;
        self.convert(frame)
    }
}

#[derive(Clone, Debug)]
struct Filter {
    from: Rate,
    to: Rate,
    /// Weights in the order of the samples, one row after the other. Upwards a row for each output that an input gives,
    /// downwards a single one.
    weights: Vec<f32>,
    /// Of a row; a multiple of [`LANES`].
    length: usize,
    /// The end of what came before, and the frame.
    input: Vec<f32>,
}

impl Filter {
    fn new(from: Rate, to: Rate) -> Self {
        let low = from.min(to);
        let factor = (from.max(to).hz() / low.hz()) as usize;
        let sinc = low_pass(low, factor);
        let rows = if from < to { factor } else { 1 };
        let length = sinc.len() / rows;
        let mut weights = Vec::with_capacity(sinc.len());
        for row in 0..rows {
            // The newest sample has the earliest weight.
            let row: Vec<f64> = sinc.iter().copied().skip(row).step_by(rows).collect();
            let sum: f64 = row.iter().sum();
            weights.extend(row.iter().rev().map(|weight| (weight / sum) as f32));
        }
        let step = if from < to { 1 } else { factor };
        let input = vec![0.0; length - step + from.frame_samples()];
        Self { from, to, weights, length, input }
    }

    fn pass(&mut self, frame: &Frame) -> Frame {
        let fresh = self.from.frame_samples();
        self.input.copy_within(fresh.., 0);
        for (input, sample) in self.input.iter_mut().rev().zip(frame.iter().rev()) {
            *input = f32::from(*sample);
        }
        let mut output = Frame::silence(self.to);
        let mut output_left = output.iter_mut();
        let rows = self.weights.chunks_exact(self.length);
        // A frame's worth of outputs, whichever of the two ends first.
        let step = (fresh * rows.len() / self.to.frame_samples()).max(1);
        for window in self.input.windows(self.length).step_by(step) {
            for (row, out) in rows.clone().zip(&mut output_left) {
                // A cast from float holds to the bounds.
                *out = dot(window, row).round() as i16;
            }
        }
        output
    }
}

fn dot(samples: &[f32], weights: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (samples, _) = samples.as_chunks::<LANES>();
    let (weights, _) = weights.as_chunks::<LANES>();
    for (samples, weights) in samples.iter().zip(weights) {
        for ((sum, sample), weight) in sums.iter_mut().zip(samples).zip(weights) {
            *sum += sample * weight;
        }
    }
    sums.iter().sum()
}

/// Of the lower rate's band, at the higher rate.
fn low_pass(low: Rate, factor: usize) -> Vec<f64> {
    // Weights for each sample of the lower rate, and the middle of the filter's edge.
    let (taps, edge_hz) = match low {
        Rate::Narrow => (48, 3_750.0),
        Rate::Wide | Rate::Full => (64, 7_600.0),
    };
    let length = taps * factor;
    let middle = (length - 1) as f64 / 2.0;
    let edge = 2.0 * edge_hz / (f64::from(low.hz()) * factor as f64);
    let weight = |n| {
        let x = n as f64 - middle;
        let place = x / middle;
        let window = bessel(BETA * (1.0 - place * place).max(0.0).sqrt()) / bessel(BETA);
        sinc(edge * x) * window
    };
    (0..length).map(weight).collect()
}

/// Sine cardinal; its argument is in zero crossings.
fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..=25 {
        term *= (x / (2.0 * f64::from(n))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(Rate, Rate); 6] = [
        (Rate::Narrow, Rate::Wide),
        (Rate::Narrow, Rate::Full),
        (Rate::Wide, Rate::Full),
        (Rate::Full, Rate::Wide),
        (Rate::Full, Rate::Narrow),
        (Rate::Wide, Rate::Narrow),
    ];

    fn tone(hz: f64, rate: Rate, frame: usize) -> Frame {
        let at = |n: usize| (frame * rate.frame_samples() + n) as f64 / f64::from(rate.hz());
        Frame::from_fn(rate, |n| (16_000.0 * (2.0 * PI * hz * at(n)).sin()) as i16)
    }

    /// Half a second of a tone, after its beginning.
    fn converted(hz: f64, from: Rate, to: Rate) -> Vec<i16> {
        let mut converter = Converter::new(to);
        let frames = (0..27).map(|frame| converter.convert(&tone(hz, from, frame)));
        frames.skip(2).flat_map(|frame| frame.to_vec()).collect()
    }

    /// In dB beside the tone that went in.
    fn loudness(samples: &[i16]) -> f64 {
        let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        10.0 * (2.0 * energy / samples.len() as f64 / 16_000_f64.powi(2)).log10()
    }

    #[test]
    fn the_band_of_the_lower_rate_is_kept() {
        for (from, to) in PAIRS {
            let edge = if from.min(to) == Rate::Narrow { 3_400.0 } else { 7_000.0 };
            for hz in [100.0, 1_000.0, edge] {
                let loudness = loudness(&converted(hz, from, to));
                assert!(loudness.abs() < 0.1, "{from:?} to {to:?}, {hz} Hz: {loudness} dB");
            }
        }
    }

    #[test]
    fn a_tone_keeps_its_shape_and_comes_three_milliseconds_later_at_most() {
        for (from, to) in PAIRS {
            let mut converter = Converter::new(to);
            let heard: Vec<i16> =
                (0..10).flat_map(|frame| converter.convert(&tone(440.0, from, frame)).to_vec()).collect();
            let low = from.min(to);
            let (taps, factor) = if low == Rate::Narrow { (48, from.max(to).hz() / 8_000) } else { (64, 3) };
            let delay = f64::from(taps * factor - 1) / 2.0 / f64::from(from.max(to).hz());
            let step = if from < to { 0.0 } else { f64::from(factor - 1) / f64::from(from.hz()) };
            assert!(delay <= 0.003);
            for (n, sample) in heard.iter().enumerate().skip(to.frame_samples()) {
                let time = n as f64 / f64::from(to.hz()) - delay + step;
                let wanted = 16_000.0 * (2.0 * PI * 440.0 * time).sin();
                assert!(
                    (f64::from(*sample) - wanted).abs() < 25.0,
                    "{from:?} to {to:?}, {n}: {sample}, {wanted}"
                );
            }
        }
    }

    #[test]
    fn nothing_folds_back_and_no_image_is_heard() {
        for from in [Rate::Full, Rate::Wide] {
            let folded = loudness(&converted(4_700.0, from, Rate::Narrow));
            assert!(folded < -60.0, "{from:?}: {folded} dB");
        }
        let folded = loudness(&converted(8_900.0, Rate::Full, Rate::Wide));
        assert!(folded < -60.0, "{folded} dB");
        for (from, to) in [(Rate::Narrow, Rate::Full), (Rate::Narrow, Rate::Wide), (Rate::Wide, Rate::Full)] {
            // Whatever an image adds is beside what a tone of that shape is.
            let heard = converted(1_000.0, from, to);
            let period = to.per_ms();
            let unlike: Vec<i16> = heard.iter().zip(&heard[period..]).map(|(a, b)| a - b).collect();
            assert!(loudness(&unlike) < -60.0, "{from:?} to {to:?}: {} dB", loudness(&unlike));
        }
    }

    #[test]
    fn what_has_the_rate_passes_to_the_bit_and_so_does_silence() {
        for rate in Rate::ALL {
            let loud = Frame::from_fn(rate, |n| if n % 2 == 0 { i16::MIN } else { i16::MAX });
            assert_eq!(Converter::new(rate).convert(&loud), loud);
        }
        for (from, to) in PAIRS {
            let mut converter = Converter::new(to);
            for _ in 0..3 {
                assert_eq!(converter.convert(&Frame::silence(from)), Frame::silence(to));
            }
        }
    }

    #[test]
    fn a_constant_stays_what_it_is_and_the_loudest_never_wraps_around() {
        for (from, to) in PAIRS {
            for level in [i16::MIN, -1_000, 1, i16::MAX] {
                let mut converter = Converter::new(to);
                converter.convert(&Frame::from_fn(from, |_| level));
                let heard = converter.convert(&Frame::from_fn(from, |_| level));
                assert!(
                    heard.iter().all(|sample| sample.abs_diff(level) <= 1),
                    "{from:?} to {to:?}: {level}"
                );
            }
        }
        for (from, to) in PAIRS.into_iter().filter(|(from, to)| from < to) {
            let mut converter = Converter::new(to);
            let high = |n: usize| (n / (2 * from.per_ms())).is_multiple_of(2);
            let square = Frame::from_fn(from, |n| if high(n) { i16::MAX } else { i16::MIN });
            let heard: Vec<i16> = (0..4).flat_map(|_| converter.convert(&square).to_vec()).collect();
            // Its corners swing beyond full scale.
            let steps = heard.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
            assert!(steps.max().is_some_and(|steepest| steepest < 60_000), "{from:?} to {to:?}");
        }
    }

    #[test]
    fn a_source_may_change_its_rate() {
        let mut converter = Converter::new(Rate::Wide);
        for from in [Rate::Narrow, Rate::Full, Rate::Wide, Rate::Narrow] {
            for frame in 0..3 {
                assert_eq!(converter.convert(&tone(440.0, from, frame)).rate(), Rate::Wide);
            }
            let heard = converter.convert(&tone(440.0, from, 3));
            assert!(loudness(&heard).abs() < 1.0, "{from:?}");
        }
    }
}
