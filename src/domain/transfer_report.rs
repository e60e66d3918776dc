//! What became of the clients who were passed on (duties 14, 25): reached, returned, lost.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::call_record::{TransferResult, TransferStep};

/// Steps of transfers, counted once each. Nobody may be lost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TransferReport {
    /// The first day, where the office is.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub from: Date,
    /// The last day.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub to: Date,
    /// In all.
    pub all: TransferCounts,
    /// Days on which somebody was passed on, by the call's beginning; the first one first.
    pub days: Vec<TransfersOfDay>,
    /// By the operator's name as the telephone was told.
    pub operators: Vec<TransfersOfOperator>,
}

/// How many steps ended so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TransferCounts {
    /// Client and target spoke.
    pub reached: u64,
    /// The PBX took the client over; whether anybody answered is not known.
    pub handed_over: u64,
    /// Failed, and the client was with the operator again.
    pub returned: u64,
    /// Failed, and the PBX let the client go.
    pub lost: u64,
    /// The call ended by a hand, the client's or the operator's, before anybody had the client.
    #[serde(default)]
    pub left: u64,
    /// Nobody said what became of the client.
    pub unknown: u64,
}

/// One day's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TransfersOfDay {
    /// Where the office is.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub day: Date,
    /// How its steps ended.
    #[serde(flatten)]
    pub counts: TransferCounts,
}

/// One operator's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TransfersOfOperator {
    /// As the telephone was told.
    pub operator: String,
    /// How their steps ended.
    #[serde(flatten)]
    pub counts: TransferCounts,
}

/// One call's part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallTransfers {
    /// On which the call began.
    pub day: Date,
    /// As the telephone was told.
    pub operator: String,
    /// The call is over.
    pub has_ended: bool,
    /// In order.
    pub steps: Vec<TransferStep>,
}

/// Counts calls one after the other, and keeps none of them.
#[derive(Default)]
pub struct TransferTally {
    all: TransferCounts,
    days: BTreeMap<Date, TransferCounts>,
    operators: BTreeMap<String, TransferCounts>,
}

impl TransferTally {
    /// A step that is still under way is not counted; one that its call ended without a word is unknown.
    pub fn add(&mut self, call: &CallTransfers) {
        for step in &call.steps {
            let result = step.result.or(call.has_ended.then_some(TransferResult::Unknown));
            let Some(result) = result else { continue };
            self.all.count(result);
            self.days.entry(call.day).or_default().count(result);
            self.operators.entry(call.operator.clone()).or_default().count(result);
        }
    }

    /// What was counted, of these days.
    pub fn report(self, from: Date, to: Date) -> TransferReport {
        let days = self.days.into_iter().map(|(day, counts)| TransfersOfDay { day, counts });
        let operators =
            self.operators.into_iter().map(|(operator, counts)| TransfersOfOperator { operator, counts });
        TransferReport { from, to, all: self.all, days: days.collect(), operators: operators.collect() }
    }
}

impl TransferCounts {
    fn count(&mut self, result: TransferResult) {
        let number = match result {
            TransferResult::Joined => &mut self.reached,
            TransferResult::HandedOver => &mut self.handed_over,
            TransferResult::Kept => &mut self.returned,
            TransferResult::Lost => &mut self.lost,
            TransferResult::Left => &mut self.left,
            TransferResult::Unknown | TransferResult::Other => &mut self.unknown,
        };
        *number += 1;
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::call_record::TransferWay;
    use super::*;

    fn call(day: i8, operator: &str, has_ended: bool, results: &[Option<TransferResult>]) -> CallTransfers {
        let step = |result: &Option<TransferResult>| TransferStep {
            target: "201".to_owned(),
            way: TransferWay::Return,
            why: None,
            result: *result,
            status: None,
            seconds: None,
        };
        let steps = results.iter().map(step).collect();
        CallTransfers { day: date(2026, 5, day), operator: operator.to_owned(), has_ended, steps }
    }

    fn report_of(from: Date, to: Date, calls: impl IntoIterator<Item = CallTransfers>) -> TransferReport {
        let mut tally = TransferTally::default();
        calls.into_iter().for_each(|call| tally.add(&call));
        tally.report(from, to)
    }

    #[test]
    fn each_step_counts_once_in_all_for_its_day_and_for_its_operator() {
        use TransferResult::{HandedOver, Joined, Kept, Left, Lost, Other, Unknown};
        let calls = [
            call(7, "vera", true, &[Some(Kept), Some(Kept), Some(Joined)]),
            call(6, "anna", true, &[Some(HandedOver), Some(Unknown), Some(Other)]),
            call(6, "vera", true, &[Some(Lost), Some(Left)]),
        ];
        let report = report_of(date(2026, 5, 1), date(2026, 5, 9), calls);
        let counts = |reached, handed_over, returned, lost, left, unknown| TransferCounts {
            reached,
            handed_over,
            returned,
            lost,
            left,
            unknown,
        };
        assert_eq!(report.all, counts(1, 1, 2, 1, 1, 2));
        let days: Vec<_> = report.days.iter().map(|of| (of.day.day(), of.counts)).collect();
        assert_eq!(days, [(6, counts(0, 1, 0, 1, 1, 2)), (7, counts(1, 0, 2, 0, 0, 0))]);
        let operators: Vec<_> = report.operators.iter().map(|of| (of.operator.as_str(), of.counts)).collect();
        assert_eq!(operators, [("anna", counts(0, 1, 0, 0, 0, 2)), ("vera", counts(1, 0, 2, 1, 1, 0))]);
    }

    #[test]
    fn a_step_under_way_waits_for_its_result_and_one_of_a_call_that_is_over_is_unknown() {
        let report = |has_ended| {
            let calls = [call(6, "anna", has_ended, &[None])];
            report_of(date(2026, 5, 6), date(2026, 5, 6), calls)
        };
        assert_eq!((report(false).all, report(false).days), (TransferCounts::default(), vec![]));
        assert_eq!(report(true).all.unknown, 1);
    }
}
