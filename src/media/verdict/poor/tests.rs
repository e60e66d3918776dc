use super::*;
use crate::media::Codec;

fn at(ms: u64) -> Instant {
    Instant::from_start(Duration::from_millis(ms))
}

const CLEAN: Conditions = Conditions { codec: Codec::Pcma, delay_ms: 60.0, loss: 0.0, burst_ratio: 1.0 };

/// A second of a call of which 50 packets were due.
#[derive(Clone, Copy, Default)]
struct Second {
    lost: u64,
    late: u64,
    gaps: u64,
    delay_ms: f32,
    /// One in so many is sent: pauses of Opus.
    sparse: u64,
}

fn lost(lost: u64) -> Second {
    Second { lost, ..Second::default() }
}

/// What is said of what we hear, and when, in ms. What a second lacks, lacks evenly.
fn told(seconds: &[(Second, usize)]) -> Vec<(u64, StreamEvent)> {
    let (mut poor, mut counts, mut told) = (Poor::default(), Counts::default(), Vec::new());
    let mut ms = 0;
    for second in seconds.iter().flat_map(|(second, times)| std::iter::repeat_n(second, *times)) {
        for tick in 0..50 {
            let share = |of: u64| of * (tick + 1) / 50 - of * tick / 50;
            counts.due += u64::from(tick % second.sparse.max(1) == 0);
            counts.lost += share(second.lost);
            counts.late += share(second.late);
            counts.gaps += share(second.gaps);
            ms += 20;
            if poor.is_due(at(ms)) {
                let conditions = Conditions { delay_ms: 60.0 + second.delay_ms, ..CLEAN };
                let events = poor.look(at(ms), Some((counts, conditions)), None);
                told.extend(events.into_iter().flatten().map(|event| (ms, event)));
            }
        }
    }
    told
}

fn poor(direction: AudioDirection, cause: PoorCause) -> StreamEvent {
    StreamEvent::PoorAudio { direction, cause }
}

const IN: AudioDirection = AudioDirection::In;
const OUT: AudioDirection = AudioDirection::Out;

#[test]
fn what_is_heard_badly_is_said_within_three_seconds_with_what_harms_it_most() {
    let second = Second::default();
    let table = [
        ("a fifth is lost", lost(10), PoorCause::Loss),
        ("half is lost", lost(25), PoorCause::Loss),
        ("a third is late", Second { late: 16, lost: 2, ..second }, PoorCause::Jitter),
        ("it takes half a second", Second { delay_ms: 500.0, ..second }, PoorCause::Delay),
        ("this computer is too slow", Second { gaps: 20, ..second }, PoorCause::Computer),
    ];
    for (story, bad, cause) in table {
        // At every place between two looks.
        for good in 5..=7 {
            let told = told(&[(second, good), (bad, 10)]);
            let onset = good as u64 * 1_000;
            let [(ms, event)] = &told[..] else { panic!("{story}: {told:?}") };
            assert_eq!(*event, poor(IN, cause), "{story}");
            assert!((onset + 500..=onset + 3_000).contains(ms), "{story}: {ms} after {onset}");
        }
    }
}

#[test]
fn what_does_not_disturb_is_not_said() {
    let second = Second::default();
    for (story, seconds) in [
        ("nothing is wrong", vec![(second, 30)]),
        ("some loss", vec![(lost(2), 60)]),
        ("one bad second", vec![(second, 5), (lost(20), 1), (second, 20)]),
        (
            "a bad second now and then",
            vec![(second, 5), (lost(15), 1), (second, 5), (lost(15), 1), (second, 5)],
        ),
        ("pauses of Opus, of which some are lost", vec![(Second { sparse: 20, lost: 1, ..second }, 30)]),
        ("half of the delay that would", vec![(Second { delay_ms: 200.0, ..second }, 30)]),
        ("two seconds at the beginning", vec![(lost(20), 1), (second, 20)]),
    ] {
        assert_eq!(told(&seconds), [], "{story}");
    }
}

#[test]
fn it_is_said_once_and_once_that_it_is_good_again_and_never_flickers() {
    let second = Second::default();
    let told = told(&[(second, 5), (lost(15), 60), (second, 20), (lost(15), 10)]);
    let events: Vec<_> = told.iter().map(|(_, event)| event.clone()).collect();
    let good = StreamEvent::GoodAudio { direction: IN };
    assert_eq!(events, [poor(IN, PoorCause::Loss), good, poor(IN, PoorCause::Loss)]);
    let again = told[1].0;
    assert!((68_000..=71_000).contains(&again), "{again}");
    // Between the two bounds nothing changes, and a network that goes up and down is one spell.
    let wavers: Vec<_> = (0..30).map(|n| (lost(if n % 2 == 0 { 12 } else { 3 }), 1)).collect();
    assert!(self::told(&wavers).len() <= 1);
    let middling = self::told(&[(lost(15), 5), (lost(5), 60)]);
    assert_eq!(middling.len(), 1, "{middling:?}");
}

#[test]
fn a_direction_in_which_nothing_is_heard_is_not_heard_badly_and_judged_anew_afterwards() {
    let (mut verdict, mut counts) = (Poor::default(), Counts::default());
    let mut run = |verdict: &mut Poor, from: u64, lost: u64| {
        let mut told = Vec::new();
        for ms in (from..from + 5_000).step_by(500) {
            (counts.due, counts.lost) = (counts.due + 25, counts.lost + lost);
            told.extend(verdict.look(at(ms), Some((counts, CLEAN)), None).into_iter().flatten());
        }
        told
    };
    assert_eq!(run(&mut verdict, 0, 10), [poor(IN, PoorCause::Loss)]);
    verdict.is_missing(IN, true);
    assert_eq!(run(&mut verdict, 5_000, 10), []);
    verdict.is_missing(IN, false);
    assert_eq!(run(&mut verdict, 10_000, 0), []);
    assert_eq!(run(&mut verdict, 15_000, 10), [poor(IN, PoorCause::Loss)]);
}

#[test]
fn a_hold_is_no_judgement() {
    let mut verdict = Poor::default();
    let counts = |due, lost| Some((Counts { due, lost, ..Counts::default() }, CLEAN));
    assert_eq!(verdict.look(at(0), counts(0, 0), None), [None, None]);
    assert_eq!(verdict.look(at(500), None, None), [None, None]);
    // What was lost meanwhile was missed by nobody.
    for n in 0..10_u64 {
        assert_eq!(verdict.look(at(1_000 + 500 * n), counts(500 + 25 * n, 400), None), [None, None]);
    }
    assert!(verdict.here().now.unwrap() > 4.0, "{:?}", verdict.here());
}

fn heard(percent: u32, jitter_ms: f32) -> Option<Heard> {
    Some(Heard { fraction_lost: (percent * 256 / 100) as u8, jitter_ms, ..Heard::default() })
}

#[test]
fn their_second_bad_report_says_that_they_hear_us_badly_and_the_second_good_one_takes_it_back() {
    for (jitter_ms, cause) in [(5.0, PoorCause::Loss), (80.0, PoorCause::Jitter)] {
        let mut verdict = Poor::default();
        let mut sent = 0;
        let mut report = |percent| {
            sent += 250;
            verdict.report(heard(percent, jitter_ms), sent, true, CLEAN)
        };
        assert_eq!(report(20), None, "one may be a moment's");
        assert_eq!(report(20), Some(poor(OUT, cause)));
        assert_eq!([report(20), report(0), report(20), report(0)], [None, None, None, None]);
        assert_eq!(report(0), Some(StreamEvent::GoodAudio { direction: OUT }));
    }
}

#[test]
fn where_their_reports_stop_nobody_says_any_more_that_they_hear_us_badly() {
    let mut verdict = Poor::default();
    let mut told = Vec::new();
    for n in 0..200_u64 {
        told.extend(verdict.look(at(500 * n), None, None).into_iter().flatten().map(|event| (n / 2, event)));
        // Every five seconds, for half a minute.
        if n < 60 && n.is_multiple_of(10) {
            let event = verdict.report(heard(20, 0.0), 250 * n, true, CLEAN);
            told.extend(event.map(|event| (n / 2, event)));
        }
    }
    let good = StreamEvent::GoodAudio { direction: OUT };
    assert_eq!(told, [(10, poor(OUT, PoorCause::Loss)), (55, good)]);
    assert_eq!(verdict.there().now, None);
    // One bad report is a moment's, whatever there was before.
    assert_eq!(verdict.report(heard(20, 0.0), 60_000, true, CLEAN), None);
}

#[test]
fn another_end_is_judged_by_its_own_reports() {
    let mut verdict = Poor::default();
    let mut sent = 0;
    let mut report = |verdict: &mut Poor| {
        sent += 250;
        verdict.report(heard(20, 0.0), sent, true, CLEAN)
    };
    assert_eq!(report(&mut verdict), None);
    assert_eq!(verdict.is_elsewhere(), None);
    assert_eq!(report(&mut verdict), None, "its first");
    assert_eq!(report(&mut verdict), Some(poor(OUT, PoorCause::Loss)));
    assert_eq!(verdict.is_elsewhere(), Some(StreamEvent::GoodAudio { direction: OUT }));
}

#[test]
fn reports_while_hardly_anything_is_sent_or_nobody_is_to_hear_it_mean_nothing() {
    let mut verdict = Poor::default();
    for n in 1..10 {
        assert_eq!(verdict.report(heard(50, 0.0), 10 * n, true, CLEAN), None);
        assert_eq!(verdict.report(heard(50, 0.0), 500 * n, false, CLEAN), None);
        assert_eq!(verdict.report(None, 500 * n + 300, true, CLEAN), None);
    }
    assert_eq!(verdict.there(), Scores::default());
}

#[test]
fn gaps_of_the_microphone_are_said_within_three_seconds_and_a_cause_that_takes_the_place_of_another_too() {
    let mut verdict = Poor::default();
    let mut told = Vec::new();
    let mut counts = Counts::default();
    for n in 0..30_u64 {
        counts.due += 25;
        counts.gaps += if n < 10 { 10 } else { 0 };
        let events = verdict.look(at(500 * n), None, Some((counts, CLEAN)));
        told.extend(events.into_iter().flatten().map(|event| (500 * n, event)));
        // From the third second on the network loses a fifth as well.
        if n.is_multiple_of(8) {
            told.extend(verdict.report(heard(20, 0.0), 200 * n, true, CLEAN).map(|event| (500 * n, event)));
        }
    }
    let events: Vec<_> = told.iter().map(|(_, event)| event.clone()).collect();
    assert_eq!(events, [poor(OUT, PoorCause::Computer), poor(OUT, PoorCause::Loss)]);
    assert!(told[0].0 <= 3_000, "{told:?}");
}

#[test]
fn scores_are_those_of_the_last_seconds_and_the_worst_is_remembered() {
    let (mut verdict, mut counts) = (Poor::default(), Counts::default());
    let mut run = |verdict: &mut Poor, from: u64, lost: u64| {
        for ms in (from..from + 10_000).step_by(500) {
            (counts.due, counts.lost) = (counts.due + 25, counts.lost + lost);
            verdict.look(at(ms), Some((counts, CLEAN)), None);
        }
        verdict.here()
    };
    let clean = run(&mut verdict, 0, 0);
    assert!(clean.now.unwrap() > 4.3 && clean.worst.unwrap() > 4.3, "{clean:?}");
    let bad = run(&mut verdict, 10_000, 5);
    assert!((2.4..2.9).contains(&bad.now.unwrap()), "{bad:?}");
    let again = run(&mut verdict, 20_000, 0);
    assert!(again.now.unwrap() > 4.3, "{again:?}");
    assert_eq!(again.worst, bad.worst);
    for (n, percent) in [0, 20, 4].into_iter().enumerate() {
        verdict.report(heard(percent, 0.0), 250 * (n as u64 + 1), true, CLEAN);
    }
    let Scores { now: Some(now), call: Some(call), worst: Some(worst) } = verdict.there() else { panic!() };
    assert!(worst < 2.9 && now > 3.7 && (worst..now + 0.5).contains(&call), "{now} {call} {worst}");
}
