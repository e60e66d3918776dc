//! What people would say of the voice: the E-model (ITU-T G.107, with the defaults of its table 2).

use super::Codec;

/// Rating of a perfect call over G.711.
const BASE: f32 = 93.2;

/// What a voice goes through from mouth to ear.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Conditions {
    pub codec: Codec,
    /// One way.
    pub delay_ms: f32,
    /// A fraction of 1: never came, or too late.
    pub loss: f32,
    /// 1 where losses come by chance; 2 where twice as many come in a row.
    pub burst_ratio: f32,
}

/// From 0 to 93.2: R of G.107, with its effective equipment impairment for loss and the common two-slope form for delay.
pub(super) fn rating(conditions: &Conditions) -> f32 {
    let &Conditions { codec, delay_ms, loss, burst_ratio } = conditions;
    let percent = loss.clamp(0.0, 1.0) * 100.0;
    let equipment = 95.0 * percent / (percent / burst_ratio.max(1.0) + robustness(codec));
    (BASE - equipment - delay_impairment(delay_ms)).clamp(0.0, 100.0)
}

/// What a one-way delay takes from the rating.
fn delay_impairment(delay_ms: f32) -> f32 {
    0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0)
}

/// Mean opinion score, 1 to 4.5, of a rating (G.107 annex B).
pub(super) fn score(rating: f32) -> f32 {
    let cubic = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    // It dips below 1 for the worst ratings.
    cubic.clamp(1.0, 4.5)
}

/// Packet-loss robustness: 25.1 for G.711 with concealment (G.113 appendix I); G.722 is concealed the same way. G.113 has none for
/// Opus: with what it repeats, one in ten lost costs it what one in twenty-five costs G.711.
const fn robustness(codec: Codec) -> f32 {
    match codec {
        Codec::Pcma | Codec::Pcmu | Codec::G722 => 25.1,
        Codec::Opus => 62.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score_of(delay_ms: f32, loss: f32, burst_ratio: f32) -> f32 {
        score(rating(&Conditions { codec: Codec::Pcma, delay_ms, loss, burst_ratio }))
    }

    #[test]
    fn score_falls_with_loss_and_delay() {
        assert!((score_of(0.0, 0.0, 1.0) - 4.41).abs() < 0.01);
        assert!((score_of(100.0, 0.01, 1.0) - 4.28).abs() < 0.05);
        assert!(score_of(400.0, 0.0, 1.0) < 3.8);
        assert!(score_of(60.0, 0.2, 1.0) < 2.8);
        assert_eq!(score_of(10_000.0, 1.0, 1.0), 1.0);
    }

    #[test]
    fn losses_in_a_row_are_worse_than_as_many_alone() {
        assert!(score_of(50.0, 0.05, 3.0) < score_of(50.0, 0.05, 1.0) - 0.05);
        assert_eq!(score_of(50.0, 0.05, 0.0), score_of(50.0, 0.05, 1.0), "nothing is less than chance");
    }
}
