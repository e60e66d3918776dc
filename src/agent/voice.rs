//! What the register keeps of how the two of a call heard each other.

use crate::desk_api::{CallVoice, HeardHow, Hundredths, Listener, VoiceFigures, VoiceVerdict};
use crate::media::{AudioDirection, Codec, StreamStats};

pub(super) fn figures(codec: Codec, stats: &StreamStats) -> CallVoice {
    let due = stats.rx_packets + stats.lost;
    CallVoice {
        codec: Some(codec.name().to_owned()),
        operator_heard: VoiceFigures {
            mos: stats.here.call.map(Hundredths::of),
            worst_mos: stats.here.worst.map(Hundredths::of),
            lost_percent: percent(stats.lost + stats.late, due),
            jitter_ms: (stats.rx_packets > 0).then(|| whole(stats.jitter_ms)),
        },
        client_heard: VoiceFigures {
            mos: stats.there.call.map(Hundredths::of),
            worst_mos: stats.there.worst.map(Hundredths::of),
            lost_percent: stats.lost_there.and_then(|lost| percent(lost, stats.tx_packets)),
            jitter_ms: stats.jitter_there_ms.map(whole),
        },
        round_trip_ms: stats.rtt_ms.map(whole),
        verdict: None,
    }
}

/// What was said of a direction, with the cause in one word.
pub fn verdict(direction: AudioDirection, heard: HeardHow, cause: &str) -> VoiceVerdict {
    let listener = match direction {
        AudioDirection::In => Listener::Operator,
        AudioDirection::Out => Listener::Client,
    };
    VoiceVerdict { listener, heard, cause: cause.to_owned() }
}

fn percent(part: u64, of: u64) -> Option<Hundredths> {
    (of > 0).then(|| Hundredths::of(part.min(of) as f32 * 100.0 / of as f32))
}

fn whole(ms: f32) -> u32 {
    // A cast from float holds to the bounds.
    (ms.round() as u32).min(CallVoice::MOST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Scores;

    #[test]
    fn what_was_measured_stands_in_the_entry_and_what_was_not_is_left_out() {
        let stats = StreamStats {
            tx_packets: 400,
            rx_packets: 190,
            lost: 10,
            late: 2,
            jitter_ms: 3.6,
            rtt_ms: Some(41.4),
            lost_there: Some(20),
            jitter_there_ms: Some(1e9),
            here: Scores { now: Some(4.4), call: Some(4.2), worst: Some(3.1) },
            ..StreamStats::default()
        };
        let told = serde_json::to_value(figures(Codec::Pcma, &stats)).unwrap();
        let wanted = serde_json::json!({
            "codec": "PCMA",
            "operator_heard": {"mos": 4.2, "worst_mos": 3.1, "lost_percent": 6.0, "jitter_ms": 4},
            "client_heard": {"lost_percent": 5.0, "jitter_ms": 60_000},
            "round_trip_ms": 41,
        });
        assert_eq!(told, wanted);
        let nothing = figures(Codec::Opus, &StreamStats::default());
        assert_eq!((nothing.operator_heard, nothing.client_heard), Default::default());
        assert!(nothing.faults().is_empty());
    }
}
