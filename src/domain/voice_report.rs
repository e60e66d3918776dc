//! How operators and clients heard each other: scores, and what was wrong how often.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::call_voice::{CallVoice, HeardHow, Hundredths, Listener};

/// Answered calls of these days whose telephone told how the two heard each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct VoiceReport {
    /// The first day, where the office is.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub from: Date,
    /// The last day.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub to: Date,
    /// In all.
    pub all: VoiceCounts,
    /// Days with such calls, the first one first.
    pub days: Vec<VoiceOfDay>,
    /// By the operator's name as the telephone was told.
    pub operators: Vec<VoiceOfOperator>,
    /// What was wrong, the most frequent first.
    pub causes: Vec<VoiceCause>,
}

/// Calls, by the worst that was said of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct VoiceCounts {
    /// Of which something is known.
    pub calls: u64,
    /// One heard the other badly at some time.
    pub badly: u64,
    /// One heard nothing at some time.
    pub nothing: u64,
    /// The mean of what operators heard; missing where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_mos: Option<Hundredths>,
    /// The mean of what clients heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_mos: Option<Hundredths>,
}

/// One day's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct VoiceOfDay {
    /// On which the calls began, where the office is.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub day: Date,
    /// Of its calls.
    #[serde(flatten)]
    pub counts: VoiceCounts,
}

/// One operator's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct VoiceOfOperator {
    /// As the telephone was told.
    pub operator: String,
    /// Of their calls.
    #[serde(flatten)]
    pub counts: VoiceCounts,
}

/// In how many calls this was the worst.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct VoiceCause {
    /// Who did not hear.
    pub listener: Listener,
    /// How.
    pub heard: HeardHow,
    /// In the telephone's word: `loss`.
    pub cause: String,
    /// How many.
    pub calls: u64,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    counts: VoiceCounts,
    operator: Mean,
    client: Mean,
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, score: Option<Hundredths>) {
        if let Some(score) = score {
            (self.sum, self.count) = (self.sum + f64::from(score), self.count.saturating_add(1));
        }
    }

    fn score(self) -> Option<Hundredths> {
        (self.count > 0).then(|| Hundredths::of((self.sum / f64::from(self.count)) as f32))
    }
}

impl Tally {
    fn add(&mut self, voice: &CallVoice) {
        self.counts.calls += 1;
        match voice.verdict.as_ref().map(|said| said.heard) {
            Some(HeardHow::Badly) => self.counts.badly += 1,
            Some(HeardHow::Nothing) => self.counts.nothing += 1,
            None => {}
        }
        self.operator.add(voice.operator_heard.mos);
        self.client.add(voice.client_heard.mos);
    }

    fn counts(self) -> VoiceCounts {
        VoiceCounts { operator_mos: self.operator.score(), client_mos: self.client.score(), ..self.counts }
    }
}

/// A report in the making, one call after the other: it grows with days and operators, not with calls.
#[derive(Default)]
pub struct VoiceTally {
    all: Tally,
    days: BTreeMap<Date, Tally>,
    operators: BTreeMap<String, Tally>,
    causes: Vec<VoiceCause>,
}

impl VoiceTally {
    /// A call with the day on which it began, and its operator.
    pub fn add(&mut self, day: Date, operator: String, voice: CallVoice) {
        self.all.add(&voice);
        self.days.entry(day).or_default().add(&voice);
        self.operators.entry(operator).or_default().add(&voice);
        let Some(said) = voice.verdict else { return };
        let is_it = |known: &&mut VoiceCause| {
            (known.listener, known.heard) == (said.listener, said.heard) && known.cause == said.cause
        };
        match self.causes.iter_mut().find(is_it) {
            Some(known) => known.calls += 1,
            None => self.causes.push(VoiceCause {
                listener: said.listener,
                heard: said.heard,
                cause: said.cause,
                calls: 1,
            }),
        }
    }

    /// Of all of them.
    pub fn report(self, from: Date, to: Date) -> VoiceReport {
        let Self { all, days, operators, mut causes } = self;
        causes.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.cause.cmp(&b.cause)));
        let days = days.into_iter().map(|(day, tally)| VoiceOfDay { day, counts: tally.counts() });
        let operators = operators
            .into_iter()
            .map(|(operator, tally)| VoiceOfOperator { operator, counts: tally.counts() });
        let (days, operators) = (days.collect(), operators.collect());
        VoiceReport { from, to, all: all.counts(), days, operators, causes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::call_voice::{VoiceFigures, VoiceVerdict};
    use jiff::civil::date;

    fn call(
        day: i8,
        operator: &str,
        mos: [f32; 2],
        wrong: Option<(HeardHow, &str)>,
    ) -> (Date, String, CallVoice) {
        let heard = |mos| VoiceFigures { mos: Some(Hundredths::of(mos)), ..VoiceFigures::default() };
        let verdict = wrong.map(|(heard, cause)| VoiceVerdict {
            listener: Listener::Client,
            heard,
            cause: cause.into(),
        });
        let voice = CallVoice {
            operator_heard: heard(mos[0]),
            client_heard: heard(mos[1]),
            verdict,
            ..CallVoice::default()
        };
        (date(2026, 5, day), operator.to_owned(), voice)
    }

    #[test]
    fn scores_are_means_and_each_call_counts_by_its_worst() {
        let calls = [
            call(7, "vera", [4.4, 4.0], None),
            call(6, "anna", [4.0, 2.0], Some((HeardHow::Badly, "loss"))),
            call(6, "anna", [4.2, 3.0], Some((HeardHow::Nothing, "microphone_muted"))),
            call(6, "vera", [4.2, 3.0], Some((HeardHow::Badly, "loss"))),
            (date(2026, 5, 6), "vera".into(), CallVoice::default()),
        ];
        let mut tally = VoiceTally::default();
        calls.into_iter().for_each(|(day, operator, voice)| tally.add(day, operator, voice));
        let report = tally.report(date(2026, 5, 1), date(2026, 5, 9));
        let counts = |calls, badly, nothing, mos: [f32; 2]| VoiceCounts {
            calls,
            badly,
            nothing,
            operator_mos: Some(Hundredths::of(mos[0])),
            client_mos: Some(Hundredths::of(mos[1])),
        };
        assert_eq!(report.all, counts(5, 2, 1, [4.2, 3.0]));
        let days: Vec<_> = report.days.iter().map(|of| (of.day.day(), of.counts)).collect();
        assert_eq!(days, [(6, counts(4, 2, 1, [4.133, 2.667])), (7, counts(1, 0, 0, [4.4, 4.0]))]);
        let operators: Vec<_> = report.operators.iter().map(|of| (of.operator.as_str(), of.counts)).collect();
        let wanted = [("anna", counts(2, 1, 1, [4.1, 2.5])), ("vera", counts(3, 1, 0, [4.3, 3.5]))];
        assert_eq!(operators, wanted);
        let causes: Vec<_> = report.causes.iter().map(|of| (of.cause.as_str(), of.calls)).collect();
        assert_eq!(causes, [("loss", 2), ("microphone_muted", 1)]);
        let nothing = VoiceTally::default().report(date(2026, 5, 1), date(2026, 5, 1));
        assert_eq!((nothing.all, nothing.causes.len()), (VoiceCounts::default(), 0));
    }
}
