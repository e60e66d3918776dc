//! Calls that ring, are answered, held, dialled; two of them; and what becomes of the keyboard meanwhile.

use super::*;
use crate::media::{AudioDirection, NoAudioCause};

fn labels(verbs: &[Verb]) -> Vec<String> {
    verbs.iter().map(|verb| format!("{} {}", verb.label, verb.key).trim().to_owned()).collect()
}

fn notes(world: &World) -> Vec<String> {
    world.shown().call.notes.into_iter().map(|note| note.text).collect()
}

#[test]
fn a_client_calls_and_stands_on_the_screen_while_it_rings() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.pass(3);
    let shown = world.shown();
    assert_eq!(shown.state, State::Ringing);
    assert_eq!(shown.title, "Ringing: Hanbit Build");
    assert_eq!((shown.call.state.as_str(), shown.call.time.as_str()), ("Ringing", "00:03"));
    assert_eq!((shown.call.who.as_str(), shown.call.name.as_str()), ("+7 495 555-01-42", "Hanbit Build"));
    assert_eq!(labels(&shown.lists.verbs), ["Answer F2", "Reject F3"]);
    assert_eq!(shown.lists.card.title, "Hanbit Build");
    assert!(shown.ticks);
}

#[test]
fn who_calls_is_said_when_it_rings_and_again_when_the_card_tells_a_name() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    assert_eq!(world.spoken(), ["+7 495 555-01-42 is calling"]);
    world.card_from(FIRST, vec![hanbit()], Source::Cache, 60);
    let alert = world
        .wishes
        .iter()
        .find_map(|wish| if let Wish::Alert(alert) = wish { Some(alert.clone()) } else { None });
    let alert = alert.unwrap();
    assert_eq!(alert.title, "Hanbit Build is calling");
    assert_eq!(alert.body, "+7 495 555-01-42 · market trader");
    assert_eq!(world.spoken(), ["Hanbit Build is calling"]);
    world.card(FIRST, vec![hanbit()]);
    assert_eq!(world.wishes, []);
}

#[test]
fn the_desktops_notification_goes_when_the_call_is_answered_or_over() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.wishes.clear();
    world.answered(FIRST);
    assert!(world.wishes.contains(&Wish::AlertOver(FIRST)));
    world.rings(SECOND, OTHER);
    world.wishes.clear();
    world.ended(SECOND, CallOutcome::Missed, 0);
    assert!(world.wishes.contains(&Wish::AlertOver(SECOND)));
    world.wishes.clear();
    world.ended(FIRST, CallOutcome::Completed, 5);
    assert!(!world.wishes.iter().any(|wish| matches!(wish, Wish::AlertOver(_))));
}

#[test]
fn an_answered_call_counts_its_time_in_the_title() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.wishes.clear();
    world.press("F2");
    assert_eq!(world.intents(), [Intent::Answer { line: FIRST }]);
    world.answered(FIRST);
    assert_eq!(world.spoken(), ["On a call: Hanbit Build"]);
    world.pass(74);
    let shown = world.shown();
    assert_eq!(shown.title, "● 01:14 Hanbit Build");
    assert_eq!((shown.state, shown.call.time.as_str()), (State::Talking, "01:14"));
    assert_eq!(
        labels(&shown.lists.verbs),
        ["Hold F4", "Hang up F3", "Mute F5", "Keypad F6", "Transfer F8", "Order F1"]
    );
}

#[test]
fn a_call_that_rings_takes_no_keyboard_and_leaves_what_is_typed() {
    let mut world = World::new();
    world.act(Act::DialEdited("8916".into()));
    world.press("Ctrl+K");
    world.act(Act::PaletteQuery("kim".into()));
    world.wishes.clear();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    assert!(!world.wishes.iter().any(|wish| matches!(wish, Wish::Focus(_))));
    let shown = world.shown();
    assert_eq!(shown.dial, "8916");
    assert_eq!(shown.lists.palette.clone().unwrap().query, "kim");
}

#[test]
fn hold_and_resume_show_how_long_and_are_said() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.pass(10);
    world.press("F4");
    assert_eq!(world.intents(), [Intent::Hold { line: FIRST }]);
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    assert_eq!(world.spoken(), ["On hold: +7 495 555-01-42"]);
    world.pass(5);
    let shown = world.shown();
    assert_eq!((shown.state, shown.call.time.as_str()), (State::OnHold, "00:05"));
    assert_eq!(shown.call.detail, "Whole call 00:15");
    assert_eq!(shown.meters, None);
    assert_eq!(labels(&shown.lists.verbs), ["Resume F4", "Hang up F3", "Transfer F8"]);
    world.press("F4");
    assert_eq!(world.intents(), [Intent::Resume { line: FIRST }]);
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    assert_eq!(world.spoken(), ["Off hold: +7 495 555-01-42"]);
    assert_eq!(world.shown().state, State::Talking);
}

#[test]
fn the_microphone_that_is_off_is_shown_three_times_over() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.handle(Input::Levels { microphone: Level(0.5), earpiece: Level(2.0) });
    assert_eq!(world.shown().meters, Some(Meters { microphone: 12, earpiece: 24, muted: false }));
    world.press("F5");
    assert_eq!(world.intents(), [Intent::Mute { on: true }]);
    let shown = world.shown();
    assert_eq!(notes(&world), ["Microphone off"]);
    assert_eq!(shown.meters, Some(Meters { microphone: 0, earpiece: 24, muted: true }));
    assert!(shown.lists.verbs.iter().any(|verb| verb.active && verb.key == "F5"));
    world.press("F5");
    assert_eq!(world.intents(), [Intent::Mute { on: false }]);
    world.press("F5");
    assert_eq!(world.spoken(), ["Microphone off"]);
    world.press("F5");
    assert_eq!(world.spoken(), ["The microphone is on"]);
}

#[test]
fn silence_has_its_cause_in_words_until_sound_is_back() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    let (direction, cause) = (AudioDirection::In, NoAudioCause::NothingArrives);
    world.phone(phone::Event::NoAudio { line: FIRST, direction, cause });
    assert_eq!(
        notes(&world),
        [
            "You hear nothing: no audio comes from the other side. A router or firewall may hold it back: call again, and tell the admin if it stays so."
        ]
    );
    world.phone(phone::Event::AudioBack { line: FIRST, direction });
    assert_eq!(notes(&world), [""; 0]);
    world.phone(phone::Event::Held { line: FIRST, by: Side::Them });
    assert_eq!(notes(&world), ["The other side put you on hold"]);
}

#[test]
fn it_is_said_who_is_still_on_hold_and_for_how_long() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.wishes.clear();
    world.handle(Input::Agent(Event::StillOnHold { line: FIRST, waited: Duration::from_secs(125) }));
    let said = world.wishes.iter().map(|wish| match wish {
        Wish::Announce(text) => text.as_str(),
        _ => "",
    });
    assert_eq!(said.collect::<Vec<_>>(), ["Still on hold: +7 495 555-01-42, 02:05"]);
}

#[test]
fn the_keypad_sends_each_digit_and_shows_them() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.press("7");
    assert_eq!(world.intents(), [], "a digit while the keypad is closed is nothing");
    world.press("F6");
    assert_eq!(world.wishes, [Wish::Focus(Field::Keypad)]);
    for key in ["1", "#", "x"] {
        world.press(key);
    }
    let digit = |digit: &str| Intent::Digits { line: FIRST, digits: digit.into() };
    assert_eq!(world.intents(), [digit("1"), digit("#")]);
    assert_eq!(world.shown().keypad.as_deref(), Some("1#"));
    world.press("Esc");
    assert_eq!(world.shown().keypad, None);
    assert_eq!(world.shown().state, State::Talking, "Esc never ends a call");
}

#[test]
fn a_second_caller_stands_in_a_strip_and_changes_nothing_else() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.press("F8");
    world.act(Act::TransferQuery("orl".into()));
    let before = world.shown();
    world.wishes.clear();
    world.rings(SECOND, OTHER);
    let shown = world.shown();
    let waiting = shown.waiting.clone().unwrap();
    assert_eq!((waiting.text.as_str(), waiting.time.as_str()), ("+7 916 123-45-67 is calling", "00:00"));
    assert_eq!((waiting.answer.key.as_str(), waiting.reject.key.as_str()), ("Alt+F2", "Alt+F3"));
    assert_eq!(shown.call, before.call);
    assert_eq!((&shown.lists.card, &shown.lists.targets), (&before.lists.card, &before.lists.targets));
    assert!(!world.wishes.iter().any(|wish| matches!(wish, Wish::Focus(_))));
    world.press("F2");
    assert_eq!(world.intents(), [], "F2 is for the call on the card");
    world.press("Alt+F3");
    assert_eq!(world.intents(), [Intent::Reject { line: SECOND, status: 486 }]);
}

#[test]
fn two_calls_are_swapped_by_one_key() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.rings(SECOND, OTHER);
    world.press("Alt+F2");
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.answered(SECOND);
    world.pass(4);
    world.wishes.clear();
    let shown = world.shown();
    assert_eq!(shown.call.who, "+7 916 123-45-67");
    let other = shown.other.unwrap();
    assert_eq!((other.text.as_str(), other.time.as_str()), ("+7 495 555-01-42, on hold", "00:04"));
    assert_eq!((other.swap.key.as_str(), other.swap.enabled), ("Shift+F4", true));
    world.press("Shift+F4");
    assert_eq!(world.intents(), [Intent::Resume { line: FIRST }]);
    world.phone(phone::Event::Held { line: SECOND, by: Side::Us });
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    let shown = world.shown();
    assert_eq!(shown.call.who, "+7 495 555-01-42");
    assert_eq!(shown.other.unwrap().text, "+7 916 123-45-67, on hold");
    world.ended(FIRST, CallOutcome::Completed, 9);
    let shown = world.shown();
    assert_eq!((shown.state, shown.call.who.as_str()), (State::OnHold, "+7 916 123-45-67"));
    assert_eq!(shown.other, None);
}

#[test]
fn a_dialled_call_says_how_far_it_is_and_how_it_failed() {
    let mut world = World::new();
    world.act(Act::DialEdited("89161234567".into()));
    assert_eq!(world.shown().dial, "8 916 123-45-67");
    world.act(Act::Dial);
    assert_eq!(world.intents(), [Intent::Dial { target: "8 916 123-45-67".into() }]);
    world.dials(FIRST, "+79161234567");
    let shown = world.shown();
    assert_eq!((shown.state, shown.call.state.as_str()), (State::Dialing, "Calling"));
    assert_eq!((shown.call.who.as_str(), shown.dial.as_str()), ("+7 916 123-45-67", ""));
    assert_eq!(labels(&shown.lists.verbs), ["Cancel F3"]);
    world.phone(phone::Event::RingingOut { line: FIRST, status: 180, early_media: false });
    assert_eq!(world.shown().call.state, "It rings");
    world.wishes.clear();
    world.ends(FIRST, EndedBy::Them, CallOutcome::Busy, Some(486), 0);
    assert_eq!(world.spoken(), ["+7 916 123-45-67: busy"]);
    let shown = world.shown();
    assert_eq!((shown.state, shown.call.detail.as_str()), (State::Ready, "+7 916 123-45-67: busy"));
    world.rings(FIRST, HANBIT);
    world.ended(FIRST, CallOutcome::AnsweredElsewhere, 0);
    assert_eq!(world.shown().call.detail, "A colleague took the call: +7 495 555-01-42");
}

#[test]
fn what_is_wrong_with_a_target_stands_under_the_field() {
    let mut world = World::new();
    assert!(!world.shown().can_dial, "an empty field cannot be dialled");
    world.act(Act::DialEdited("+999 12".into()));
    world.act(Act::Dial);
    assert_eq!(world.intents(), []);
    let fault = "This is neither a number nor an address that can be called.";
    assert_eq!(world.shown().dial_fault, fault);
    world.act(Act::DialEdited("+7".into()));
    assert_eq!(world.shown().dial_fault, "");
    world.act(Act::DialEdited("sip:@".into()));
    world.act(Act::Dial);
    world.phone(phone::Event::Refused { line: None, why: phone::Refusal::BadTarget });
    assert_eq!((world.shown().dial.as_str(), world.shown().dial_fault.as_str()), ("sip:@", fault));
}

#[test]
fn no_more_is_dialled_than_there_are_lines() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.rings(SECOND, OTHER);
    world.act(Act::DialEdited("201".into()));
    assert!(!world.shown().can_dial);
    world.act(Act::Dial);
    assert_eq!(world.intents(), []);
    world.ended(SECOND, CallOutcome::Missed, 0);
    assert!(world.shown().can_dial);
}

#[test]
fn a_link_is_called_only_when_nobody_is_on_the_line() {
    for (link, field) in [
        ("tel:+7-916-123-45-67", "+7 916 123-45-67"),
        ("tel:%2B79161234567", "+7 916 123-45-67"),
        ("tel://89161234567;ext=12", "+7 916 123-45-67,12"),
        ("sip:201", "201"),
        ("sip:anna@192.0.2.9", "sip:anna@192.0.2.9"),
    ] {
        let mut world = World::new();
        world.act(Act::Call(link.into()));
        assert_eq!(world.wishes, [Wish::Intent(Intent::Dial { target: field.into() })], "{link}");
        let mut world = World::new();
        world.talks(FIRST, HANBIT);
        world.act(Act::Call(link.into()));
        assert_eq!(world.wishes, [], "{link}");
        assert_eq!(world.shown().dial, field);
    }
}

#[test]
fn a_call_in_the_place_of_a_conversation_does_not_ring() {
    let mut world = World::new();
    world.talks(FIRST, "201");
    let caller = Caller { number: Some(HANBIT.into()), ..Caller::default() };
    let call_id = "moved".into();
    world.phone(phone::Event::RingingIn { line: SECOND, call_id, caller, replaces: Some(FIRST) });
    assert_eq!(world.wishes, []);
    world.answered(SECOND);
    world.ended(FIRST, CallOutcome::Completed, 3);
    assert_eq!(world.shown().call.who, "+7 495 555-01-42");
}

#[test]
fn a_key_meant_for_the_call_that_has_just_ended_refuses_nobody() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.rings(SECOND, OTHER);
    world.ended(FIRST, CallOutcome::Completed, 5);
    world.intents();
    world.press("F3");
    assert_eq!(world.intents(), [], "both hung up at the same moment");
    world.pass(1);
    world.press("F3");
    assert_eq!(world.intents(), [Intent::Reject { line: SECOND, status: 486 }]);
}

#[test]
fn a_notification_answers_its_own_caller_and_nobody_once_that_one_is_gone() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.rings(SECOND, OTHER);
    world.intents();
    world.act(Act::AnswerLine(FIRST));
    world.act(Act::RejectLine(SECOND));
    let refused = Intent::Reject { line: SECOND, status: 486 };
    assert_eq!(world.intents(), [Intent::Answer { line: FIRST }, refused]);
    world.ended(FIRST, CallOutcome::Missed, 0);
    world.intents();
    world.act(Act::AnswerLine(FIRST));
    assert_eq!(world.intents(), []);
}

#[test]
fn the_key_from_anywhere_answers_one_of_two_who_ring() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.rings(SECOND, OTHER);
    world.intents();
    world.act(Act::AnswerFirst);
    assert_eq!(world.intents(), [Intent::Answer { line: FIRST }]);
    world.answered(FIRST);
    world.intents();
    world.act(Act::AnswerFirst);
    assert_eq!(world.intents(), [Intent::Answer { line: SECOND }]);
}

#[test]
fn what_no_telephone_has_heard_is_wished_again_of_the_next_one() {
    let mut world = World::new();
    world.act(Act::Break(0));
    world.act(Act::DialEdited("201".into()));
    world.act(Act::Dial);
    world.intents();
    world.handle(Input::NewTelephone);
    let intents = world.intents();
    assert!(intents.contains(&Intent::TakeCalls { on: false }), "on a break nobody may ring");
    assert!(
        intents.iter().any(|intent| matches!(intent, Intent::Watch { .. })),
        "colleagues are watched again"
    );
    assert_eq!(world.shown().dial, "201");
    assert!(world.shown().can_dial, "and it can be dialled");
}
