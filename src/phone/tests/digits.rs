//! Digits that we press: in the audio, or by INFO.

use super::*;

const INFO: &str = "Allow: INVITE, ACK, BYE, CANCEL, INFO\r\n";

/// Their description without telephone events.
fn voice_only() -> String {
    ALAW.replace("8 0 101", "8 0").replace("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n", "")
}

impl World {
    /// A call of ours, answered with these headers and this description.
    fn dialled(&mut self, headers: &str, sdp: &str) -> Leg {
        self.command(Command::Dial { target: "200".into() });
        let invite = self.pbx.request("INVITE");
        let ok = self.pbx.reply_with(&invite, 200, headers, Some(sdp));
        self.hears(&ok);
        self.pbx.forget();
        self.events();
        Leg::of(&invite)
    }

    fn press(&mut self, digits: &str) {
        self.command(Command::Digits { line: LINE, digits: digits.into() });
    }

    /// The digit of the INFO that waits for its answer, answered so.
    #[track_caller]
    fn answer_digit(&mut self, status: u16) -> String {
        let info = self.pbx.request("INFO");
        assert!(!self.pbx.has("INFO"), "one at a time");
        let answer = self.pbx.reply(&info, status, None);
        self.hears(&answer);
        body(&info)
    }

    fn pressed_in_audio(&self) -> Vec<&str> {
        self.media
            .iter()
            .filter_map(|command| match command {
                MediaCommand::Digits { digits, .. } => Some(digits.as_str()),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn digits_go_in_the_audio_where_that_is_agreed() {
    let mut world = World::new();
    world.dialled(INFO, ALAW);
    world.press("12");
    assert_eq!(world.pressed_in_audio(), ["12"]);
    assert!(!world.pbx.has("INFO"));
}

#[test]
fn without_telephone_events_they_go_by_info_one_after_another() {
    let mut world = World::new();
    world.dialled(INFO, &voice_only());
    world.press("1a#");
    for digit in ["1", "A", "#"] {
        assert_eq!(world.answer_digit(200), format!("Signal={digit}\r\nDuration=160\r\n"));
    }
    assert!(!world.pbx.has("INFO"));
    assert_eq!(world.events(), []);
    assert!(world.pressed_in_audio().is_empty());
}

#[test]
fn digits_pressed_meanwhile_wait_behind_the_others() {
    let mut world = World::new();
    world.dialled(INFO, &voice_only());
    world.press("1");
    world.press("2");
    assert!(world.answer_digit(200).contains("=1\r"));
    assert!(world.answer_digit(200).contains("=2\r"));
}

#[test]
fn a_number_is_sent_whole_or_not_at_all() {
    let mut world = World::new();
    world.dialled(INFO, &voice_only());
    world.press(&"1".repeat(254));
    world.press("22");
    world.press("3");
    let why = Refusal::TooManyDigits;
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why }], "256 may wait");
    world.answer_digit(200);
    world.press("45");
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why }], "not the 4 alone");
    world.press("6");
    let sent: String = (0..256).map(|_| world.answer_digit(200)["Signal=".len()..][..1].to_owned()).collect();
    assert_eq!(sent, format!("{}226", "1".repeat(253)));
}

#[test]
fn more_digits_than_a_stream_takes_are_refused_as_a_whole() {
    let mut world = World::new();
    world.dialled(INFO, ALAW);
    world.press(&"1".repeat(257));
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::TooManyDigits }]);
    assert!(world.pressed_in_audio().is_empty());
}

#[test]
fn digits_do_not_overtake_those_that_still_go_by_info() {
    let mut world = World::new();
    let mut leg = world.dialled(INFO, &voice_only());
    world.press("1");
    let reinvite = world.pbx.ask(&mut leg, "INVITE", "", Some(ALAW));
    let reinvite = reinvite.replace("UPDATE, NOTIFY", "UPDATE, INFO, NOTIFY");
    world.hears(&reinvite);
    world.press("2");
    assert!(world.pressed_in_audio().is_empty());
    world.answer_digit(200);
    world.answer_digit(200);
    world.press("3");
    assert_eq!(world.pressed_in_audio(), ["3"]);
}

#[test]
fn a_refusal_ends_it_and_is_said() {
    for status in [415, 405, 501] {
        let mut world = World::new();
        world.dialled(INFO, &voice_only());
        world.press("123");
        world.answer_digit(200);
        world.answer_digit(status);
        assert!(!world.pbx.has("INFO"), "the rest is not sent");
        assert_eq!(world.events(), [Event::DigitsFailed { line: LINE, status }]);
        world.press("4");
        let why = Refusal::NoDigits;
        assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why }], "{status}");
    }
}

#[test]
fn an_info_without_answer_ends_it_too() {
    let mut world = World::new();
    world.dialled(INFO, &voice_only());
    world.press("12");
    world.advance(Duration::from_secs(33));
    assert!(world.events().contains(&Event::DigitsFailed { line: LINE, status: 408 }));
    world.pbx.forget();
    world.press("3");
    assert!(world.answer_digit(200).contains("=3\r"), "a lost answer is no refusal for ever");
}

#[test]
fn a_call_that_is_gone_takes_its_digits_along() {
    let mut world = World::new();
    world.dialled(INFO, &voice_only());
    world.press("12");
    world.answer_digit(481);
    let events = world.events();
    let [Event::DigitsFailed { status: 481, .. }, Event::Ended { by: EndedBy::Network, .. }] = &events[..]
    else {
        panic!("{events:?}")
    };
}

#[test]
fn a_caller_whose_invite_allows_info_gets_digits_so() {
    let mut world = World::new();
    let contact = world.contact();
    let (_, invite) = world.pbx.invite(&contact, "", Some(&voice_only()));
    world.hears(&invite.replace("UPDATE, NOTIFY", "UPDATE, INFO, NOTIFY"));
    world.command(Command::Answer { line: LINE });
    world.press("7");
    assert!(world.answer_digit(200).contains("=7\r"));
}

#[test]
fn who_takes_neither_gets_none() {
    let mut world = World::new();
    world.dialled("Allow: INVITE, ACK, BYE\r\n", &voice_only());
    world.press("1");
    assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::NoDigits }]);
}

#[test]
fn what_is_no_digit_is_not_sent_by_info_either() {
    let mut world = World::new();
    world.dialled(INFO, &voice_only());
    for none in ["", "1x", "\r\n"] {
        world.press(none);
        assert_eq!(world.events(), [Event::Refused { line: Some(LINE), why: Refusal::NoDigits }], "{none:?}");
    }
    assert!(!world.pbx.has("INFO"));
}
