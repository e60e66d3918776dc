//! How the two of a call hear each other, in words.

use super::*;
use crate::media::{AudioDirection, NoAudioCause, PoorCause, Scores, StreamStats};

const IN: AudioDirection = AudioDirection::In;
const OUT: AudioDirection = AudioDirection::Out;

fn poor(direction: AudioDirection, cause: PoorCause) -> phone::Event {
    phone::Event::PoorAudio { line: FIRST, direction, cause }
}

fn good(direction: AudioDirection) -> phone::Event {
    phone::Event::GoodAudio { line: FIRST, direction }
}

fn notes(world: &World) -> Vec<Word> {
    world.shown().call.notes
}

fn mentions(world: &mut World) -> Vec<String> {
    let wishes = std::mem::take(&mut world.wishes);
    let mention = |wish| if let Wish::Mention(text) = wish { Some(text) } else { None };
    wishes.into_iter().filter_map(mention).collect()
}

#[test]
fn who_hears_whom_badly_stands_in_words_with_cause_and_advice_and_is_mentioned_once() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.wishes.clear();
    let words = "The client hears you badly: packets are lost on the way. A cable instead of Wi-Fi helps, and no downloads on this network.";
    world.phone(poor(OUT, PoorCause::Loss));
    let shown = "The client hears you badly: packets are lost on the way.";
    assert_eq!(notes(&world), [Word { tone: Tone::Warning, text: shown.into() }]);
    assert_eq!(mentions(&mut world), [words]);
    world.pass(10);
    assert_eq!(mentions(&mut world), [""; 0], "once");
    world.phone(poor(IN, PoorCause::Delay));
    assert_eq!(notes(&world)[1].text, "You hear the client badly: everything comes late.");
    world.wishes.clear();
    world.phone(good(OUT));
    assert_eq!(mentions(&mut world), ["The client hears you well again"]);
    assert_eq!(notes(&world).len(), 1);
    world.phone(good(OUT));
    assert_eq!(mentions(&mut world), [""; 0]);
}

#[test]
fn that_nobody_hears_takes_the_place_of_that_it_is_bad_and_is_said_at_once() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.phone(poor(OUT, PoorCause::Computer));
    world.spoken();
    world.phone(phone::Event::NoAudio { line: FIRST, direction: OUT, cause: NoAudioCause::MicrophoneMuted });
    let words = "Nobody hears you: the microphone is muted in the system's sound settings. Turn it on there.";
    assert_eq!(notes(&world), [Word { tone: Tone::Bad, text: words.into() }]);
    assert_eq!(world.spoken(), [words]);
    world.phone(phone::Event::AudioBack { line: FIRST, direction: OUT });
    assert_eq!(notes(&world), []);
    assert_eq!(mentions(&mut world), ["The other side hears you again"]);
}

#[test]
fn a_colleague_is_no_client() {
    let mut world = World::new();
    world.talks(FIRST, "201");
    world.phone(poor(IN, PoorCause::Loss));
    assert!(notes(&world)[0].text.starts_with("You hear the other side badly: "), "{:?}", notes(&world));
}

fn media(here: Option<f32>, there: Option<f32>) -> phone::Event {
    let scores = |now| Scores { now, ..Scores::default() };
    let stats = StreamStats { here: scores(here), there: scores(there), ..StreamStats::default() };
    phone::Event::Media { line: FIRST, codec: Codec::Pcma, stats }
}

#[test]
fn the_quality_of_both_directions_stands_in_a_word_and_a_figure_while_the_call_talks() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    assert_eq!(world.shown().voice, None, "nothing is known yet");
    let lists = world.shown().lists;
    world.phone(media(Some(4.41), None));
    let word = |tone, text: &str| Some(Word { tone, text: text.into() });
    let mark = |here, there| Some(VoiceMark { here, there });
    assert_eq!(world.shown().voice, mark(word(Tone::Good, "You hear: good (4.4)"), None));
    assert!(Rc::ptr_eq(&lists, &world.shown().lists), "figures are no news for lists");
    world.phone(media(Some(3.2), Some(2.4)));
    let both = mark(word(Tone::Warning, "You hear: fair (3.2)"), word(Tone::Bad, "You are heard: bad (2.4)"));
    assert_eq!(world.shown().voice, both);
    world.handle(Input::Language(Language::Russian));
    assert!(world.shown().voice.unwrap().there.unwrap().text.contains("2,4"));
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    assert_eq!(world.shown().voice, None);
}

#[test]
fn what_was_wrong_stands_in_the_list_of_calls() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.phone(poor(OUT, PoorCause::Loss));
    world.phone(good(OUT));
    world.ends(FIRST, EndedBy::Them, CallOutcome::Completed, None, 74);
    let rows = world.shown().lists.calls.rows.clone();
    assert!(rows[0].result.ends_with("you were heard badly"), "{:?}", rows[0]);
    assert!(rows[0].spoken.ends_with("you were heard badly"), "{:?}", rows[0]);
}
