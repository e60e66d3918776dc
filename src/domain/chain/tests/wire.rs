//! How chains go over the wire.

use super::super::*;
use crate::domain::client::ClientTypeId;
use crate::domain::directory::PersonId;

#[test]
fn a_chain_of_a_newer_desk_is_still_read() {
    let json = r#"{"rule":"a","order":"by_dice","total_seconds":90,"mood":"good","steps":[{
        "role":{"is":"astrologer","sign":"leo"},"kind":"robot","pick":"youngest","ring_seconds":20,
        "when_busy":{"do":"shout","volume":3},"passed_over":[{"why":{"because":"on_strike"}}],
        "targets":[{"name":"201","extension":"201"}]}]}"#;
    let chain: TransferChain = serde_json::from_str(json).unwrap();
    let step = &chain.steps[0];
    assert_eq!((chain.order, step.kind), (ChainOrder::OperatorChooses, StepKind::Queue));
    assert_eq!((&step.role, step.pick, step.when_busy), (&StepRole::Other, Pick::InOrder, WhenBusy::Skip));
    assert_eq!(step.passed_over[0].why, PassedOverWhy::Other);
    assert!(!step.confirm);
}

#[test]
fn what_is_written_is_read_again() {
    let step = ChainStep {
        role: StepRole::AnyManager { serves: Some(ClientTypeId("key".into())) },
        kind: StepKind::Person,
        targets: vec![],
        pick: Pick::LongestIdle,
        ring_seconds: 20,
        when_busy: WhenBusy::Wait { seconds: 15 },
        confirm: true,
        passed_over: vec![PassedOver {
            person: Some(PersonId("petrov".into())),
            name: Some("Петров Сергей".into()),
            why: PassedOverWhy::Absent { until: jiff::civil::date(2026, 5, 9) },
        }],
    };
    let chain = TransferChain {
        rule: "key".into(),
        order: ChainOrder::InOrder,
        steps: vec![step],
        total_seconds: 90,
    };
    let json = serde_json::to_value(&chain).unwrap();
    assert_eq!(json["steps"][0]["role"], serde_json::json!({"is": "any_manager", "serves": "key"}));
    assert_eq!(json["steps"][0]["when_busy"], serde_json::json!({"do": "wait", "seconds": 15}));
    assert_eq!(serde_json::from_value::<TransferChain>(json).unwrap(), chain);
}
