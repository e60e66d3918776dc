//! How the two of a call heard each other, as the operator's telephone measured it.

use serde::{Deserialize, Serialize};

use super::call_record::CallRecord;

/// The voice of an answered call.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct CallVoice {
    /// That the operator's telephone sent at the end, by its name in RTP: `PCMA`, `opus`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// What the operator heard.
    #[serde(default)]
    pub operator_heard: VoiceFigures,
    /// What the far end heard, by the reports that came from there (RFC 3550).
    #[serde(default)]
    pub client_heard: VoiceFigures,
    /// From here to the other end of the audio, which may be the PBX, and back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<u32>,
    /// The worst that the operator was told of it during the call; none: all was well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VoiceVerdict>,
}

/// Of one direction; what is not known is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct VoiceFigures {
    /// Mean opinion score of the whole call by the E-model (ITU-T G.107): 1 (bad) to 4.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos: Option<Hundredths>,
    /// The lowest of five seconds; by reports, of one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_mos: Option<Hundredths>,
    /// Packets that never came, or came too late to be played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_percent: Option<Hundredths>,
    /// Interarrival jitter (RFC 3550 §6.4.1), at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<u32>,
}

/// That one did not hear the other, or badly, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct VoiceVerdict {
    /// Who did not hear.
    pub listener: Listener,
    /// How.
    pub heard: HeardHow,
    /// The probable cause in one word, as the telephone's events have it: `loss`, `microphone_muted`; 1 to 40 of `a`–`z`, `0`–`9` and
    /// `_`.
    pub cause: String,
}

/// A side of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Listener {
    /// Who works here.
    Operator,
    /// The far end, whoever it was.
    Client,
}

/// How somebody heard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum HeardHow {
    /// Sound, but not good enough to work with.
    Badly,
    /// No sound.
    Nothing,
}

impl VoiceVerdict {
    /// The worse of the two; of two that are as bad, the one that was said first.
    pub fn worse(former: Option<Self>, said: Self) -> Self {
        match former {
            Some(former) if former.heard >= said.heard => former,
            _ => said,
        }
    }
}

/// A number with two decimals at most, from 0 to 100.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = f64))]
pub struct Hundredths(u16);

impl Hundredths {
    const MOST: u16 = 100 * 100;

    /// The nearest one.
    pub fn of(value: f32) -> Self {
        // A cast from float holds to the bounds.
        Self(((value * 100.0).round() as u16).min(Self::MOST))
    }
}

/// It is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not between 0 and 100")]
pub struct OutOfRange;

impl TryFrom<f64> for Hundredths {
    type Error = OutOfRange;

    fn try_from(value: f64) -> Result<Self, OutOfRange> {
        if !(0.0..=100.0).contains(&value) {
            return Err(OutOfRange);
        }
        // Within its bounds.
        Ok(Self((value * 100.0).round() as u16))
    }
}

impl From<Hundredths> for f64 {
    fn from(value: Hundredths) -> Self {
        Self::from(value.0) / 100.0
    }
}

impl CallVoice {
    /// Characters of a codec's name.
    pub const LONGEST_CODEC: usize = 40;
    /// A minute: more is no voice.
    pub const MOST_MS: u32 = 60_000;

    /// What is impossible in it, by the field.
    pub fn faults(&self) -> Vec<&'static str> {
        let figures = [
            (
                "operator_heard.mos",
                "operator_heard.worst_mos",
                "operator_heard.jitter_ms",
                self.operator_heard,
            ),
            ("client_heard.mos", "client_heard.worst_mos", "client_heard.jitter_ms", self.client_heard),
        ];
        let is_score = |mos: Option<Hundredths>| {
            mos.is_none_or(|mos| (Hundredths(100)..=Hundredths(500)).contains(&mos))
        };
        let is_time = |ms: Option<u32>| ms.is_none_or(|ms| ms <= Self::MOST_MS);
        let mut faults = Vec::new();
        let mut check = |is_right: bool, field| {
            if !is_right {
                faults.push(field);
            }
        };
        for (mos, worst, jitter, heard) in figures {
            check(is_score(heard.mos), mos);
            check(is_score(heard.worst_mos), worst);
            check(is_time(heard.jitter_ms), jitter);
        }
        check(is_time(self.round_trip_ms), "round_trip_ms");
        let is_name = |codec: &String| codec.chars().count() <= Self::LONGEST_CODEC;
        check(self.codec.as_ref().is_none_or(is_name), "codec");
        check(self.verdict.as_ref().is_none_or(|said| CallRecord::is_result(&said.cause)), "verdict.cause");
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_numbers_with_two_decimals() {
        let heard = VoiceFigures {
            mos: Some(Hundredths::of(4.216)),
            lost_percent: Some(Hundredths::of(0.0)),
            ..VoiceFigures::default()
        };
        let json = serde_json::to_string(&heard).unwrap();
        assert_eq!(json, r#"{"mos":4.22,"lost_percent":0.0}"#);
        assert_eq!(serde_json::from_str::<VoiceFigures>(&json).unwrap(), heard);
        assert_eq!(serde_json::from_str::<VoiceFigures>(r#"{"mos":4}"#).unwrap().mos, Some(Hundredths(400)));
        for bad in ["-0.1", "100.01", "1e300", "\"4\""] {
            assert!(serde_json::from_str::<Hundredths>(bad).is_err(), "{bad}");
        }
        assert_eq!((Hundredths::of(f32::NAN), Hundredths::of(1e9)), (Hundredths(0), Hundredths(10_000)));
    }

    #[test]
    fn what_is_impossible_is_named() {
        let possible = r#"{"codec":"opus","operator_heard":{"mos":4.4,"worst_mos":1},"client_heard":{"jitter_ms":12},
            "round_trip_ms":40,"verdict":{"listener":"client","heard":"nothing","cause":"microphone_muted"}}"#;
        let possible: CallVoice = serde_json::from_str(possible).unwrap();
        assert_eq!(possible.faults(), [""; 0]);
        let impossible = CallVoice {
            codec: Some("x".repeat(41)),
            operator_heard: VoiceFigures { mos: Some(Hundredths(99)), ..VoiceFigures::default() },
            client_heard: VoiceFigures { jitter_ms: Some(60_001), ..VoiceFigures::default() },
            round_trip_ms: Some(u32::MAX),
            verdict: Some(VoiceVerdict {
                listener: Listener::Operator,
                heard: HeardHow::Badly,
                cause: "Wi-Fi".into(),
            }),
        };
        let named =
            ["operator_heard.mos", "client_heard.jitter_ms", "round_trip_ms", "codec", "verdict.cause"];
        assert_eq!(impossible.faults(), named);
    }

    #[test]
    fn the_worst_that_was_said_stays_and_of_two_as_bad_the_first() {
        let said =
            |heard, cause: &str| VoiceVerdict { listener: Listener::Client, heard, cause: cause.into() };
        let (badly, nothing) = (said(HeardHow::Badly, "loss"), said(HeardHow::Nothing, "no_microphone"));
        assert_eq!(VoiceVerdict::worse(None, badly.clone()), badly);
        assert_eq!(VoiceVerdict::worse(Some(badly.clone()), nothing.clone()), nothing);
        assert_eq!(VoiceVerdict::worse(Some(nothing.clone()), badly.clone()), nothing);
        assert_eq!(VoiceVerdict::worse(Some(badly.clone()), said(HeardHow::Badly, "jitter")), badly);
    }
}
