//! Colleagues' lines: what two subscriptions say, told as one state each.

use super::*;
use crate::domain::line_state::LineState;

/// A colleague's two subscriptions.
pub(super) struct Colleague {
    dialogs: Leg,
    presence: Leg,
    version: u32,
}

impl World {
    pub(super) fn watches(&mut self, extension: &str) -> Colleague {
        self.command(Command::Register);
        self.grant();
        self.events();
        self.command(Command::Watch { extensions: vec![extension.into()] });
        self.advance(Duration::from_millis(100));
        assert!(matches!(self.events()[..], [Event::Watching { .. }]));
        self.grant_colleague()
    }

    pub(super) fn grant_colleague(&mut self) -> Colleague {
        let dialogs = self.grant_subscription();
        let presence = self.grant_subscription();
        Colleague { dialogs, presence, version: 0 }
    }

    fn grant_subscription(&mut self) -> Leg {
        let subscribe = self.pbx.request("SUBSCRIBE");
        let reply = self.pbx.reply_with(&subscribe, 200, "Expires: 300\r\n", None);
        self.hears(&reply);
        Leg::of(&subscribe)
    }

    pub(super) fn tells_dialog(&mut self, colleague: &mut Colleague, state: &str) {
        let body = format!(
            "<dialog-info version=\"{}\" state=\"full\"><dialog id=\"1\" direction=\"recipient\">\
             <remote><identity display=\"Ivan Petrov\">sip:+79161234567@192.0.2.1</identity></remote>\
             <state>{state}</state></dialog></dialog-info>",
            colleague.version
        );
        colleague.version += 1;
        let kind = "application/dialog-info+xml";
        let notify = self.pbx.tell(&mut colleague.dialogs, "dialog", kind, "active", &body);
        self.hears(&notify);
    }

    fn tells_ringing(&mut self, colleague: &mut Colleague, caller: &str) {
        let body = format!(
            "<dialog-info version=\"{}\" state=\"full\"><dialog id=\"1\" direction=\"recipient\"><remote>\
             <identity>sip:{caller}@192.0.2.1</identity></remote><state>early</state></dialog></dialog-info>",
            colleague.version
        );
        colleague.version += 1;
        let kind = "application/dialog-info+xml";
        let notify = self.pbx.tell(&mut colleague.dialogs, "dialog", kind, "active", &body);
        self.hears(&notify);
    }

    pub(super) fn tells_presence(&mut self, colleague: &mut Colleague, basic: &str) {
        let body =
            format!("<presence><tuple id=\"1\"><status><basic>{basic}</basic></status></tuple></presence>");
        let notify =
            self.pbx.tell(&mut colleague.presence, "presence", "application/pidf+xml", "active", &body);
        self.hears(&notify);
    }

    fn line_states(&mut self) -> Vec<LineState> {
        let states = self.events().into_iter().filter_map(|event| match event {
            Event::LineStateChanged { state, .. } => Some(state),
            _ => None,
        });
        states.collect()
    }
}

#[test]
fn a_state_is_told_when_both_subscriptions_have_spoken_and_then_at_each_change() {
    let mut world = World::new();
    let mut manager = world.watches("201");
    world.tells_dialog(&mut manager, "terminated");
    assert_eq!(world.line_states(), [], "idle or away: presence will say");
    world.tells_presence(&mut manager, "open");
    assert_eq!(world.line_states(), [LineState::Free]);
    world.tells_presence(&mut manager, "open");
    assert_eq!(world.line_states(), [], "nothing new");
    world.tells_dialog(&mut manager, "confirmed");
    world.tells_dialog(&mut manager, "terminated");
    world.tells_presence(&mut manager, "closed");
    assert_eq!(world.line_states(), [LineState::Talking, LineState::Free, LineState::Offline]);
}

#[test]
fn who_rings_at_a_colleague_is_named_and_since_when() {
    let mut world = World::new();
    let mut manager = world.watches("201");
    world.tells_presence(&mut manager, "open");
    world.tells_dialog(&mut manager, "early");
    let began = world.now;
    world.advance(Duration::from_secs(3));
    let told = world.events().pop().unwrap();
    assert!(!format!("{told:?}").contains("7916"), "{told:?}");
    let Event::LineStateChanged { state, rings: Some(caller), since, .. } = told else { panic!("{told:?}") };
    assert_eq!((state, since), (LineState::Ringing, began));
    assert_eq!(caller.number.as_deref(), Some("+79161234567"));
    assert_eq!(caller.name.as_deref(), Some("Ivan Petrov"));
    world.tells_ringing(&mut manager, "+79160000001");
    let told = world.events().pop();
    assert!(matches!(told, Some(Event::LineStateChanged { since, .. }) if since == began), "{told:?}");
}

#[test]
fn a_caller_without_a_number_rings_without_a_name() {
    let mut world = World::new();
    let mut manager = world.watches("201");
    world.tells_ringing(&mut manager, "invalid");
    let told = world.events().pop();
    assert!(matches!(told, Some(Event::LineStateChanged { state: LineState::Ringing, rings: None, .. })));
}

#[test]
fn messages_are_told_when_they_change_and_not_at_each_refresh() {
    let mut world = World::new();
    world.watches("201");
    let mut mailbox = world.grant_subscription();
    let mut told = |waiting: &str| {
        let body = format!("Messages-Waiting: {waiting}\r\n");
        let kind = "application/simple-message-summary";
        let notify = world.pbx.tell(&mut mailbox, "message-summary", kind, "active", &body);
        world.hears(&notify);
        world.events().len()
    };
    assert_eq!(["no", "no", "yes", "yes", "no"].map(&mut told), [1, 0, 1, 0, 1]);
}

#[test]
fn a_pbx_without_presence_never_makes_anybody_free() {
    let mut world = World::new();
    world.command(Command::Register);
    world.grant();
    world.events();
    world.command(Command::Watch { extensions: vec!["201".into()] });
    world.advance(Duration::from_millis(100));
    let dialogs = world.grant_subscription();
    let presence = world.pbx.request("SUBSCRIBE");
    let refused = world.pbx.reply(&presence, 489, None);
    world.hears(&refused);
    let mut manager = Colleague { presence: dialogs.clone(), dialogs, version: 0 };
    world.tells_dialog(&mut manager, "terminated");
    assert_eq!(world.line_states(), [LineState::NotInCall]);
    world.tells_dialog(&mut manager, "early");
    world.tells_dialog(&mut manager, "terminated");
    assert_eq!(world.line_states(), [LineState::Ringing, LineState::NotInCall]);
}

#[test]
fn nobody_is_known_in_an_outage() {
    let mut world = World::new();
    let mut manager = world.watches("201");
    world.tells_dialog(&mut manager, "terminated");
    world.tells_presence(&mut manager, "open");
    assert_eq!(world.line_states(), [LineState::Free]);
    world.unreachable();
    world.unreachable();
    assert_eq!(world.line_states(), [LineState::Unknown]);
}

#[test]
fn a_number_that_the_pbx_does_not_know_is_told_with_its_refusal() {
    let mut world = World::new();
    world.command(Command::Register);
    world.grant();
    world.command(Command::Watch { extensions: vec!["999".into()] });
    world.advance(Duration::from_millis(100));
    world.events();
    for _ in 0..2 {
        let subscribe = world.pbx.request("SUBSCRIBE");
        let refused = world.pbx.reply(&subscribe, 404, None);
        world.hears(&refused);
    }
    let told = world.events();
    let [Event::LineStateChanged { extension, state, refused, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((extension.as_str(), *state, *refused), ("999", LineState::Unknown, Some(404)));
}

#[test]
fn what_is_watched_no_more_is_unsubscribed_and_told_no_more() {
    let mut world = World::new();
    let mut manager = world.watches("201");
    world.tells_dialog(&mut manager, "terminated");
    world.tells_presence(&mut manager, "open");
    world.pbx.forget();
    world.command(Command::Watch { extensions: vec![] });
    for _ in 0..2 {
        let last = world.pbx.request("SUBSCRIBE");
        assert_eq!(last.headers.first("Expires"), Some("0"));
    }
    world.events();
    world.tells_dialog(&mut manager, "confirmed");
    assert_eq!(world.line_states(), []);
}

#[test]
fn what_cannot_be_watched_is_refused_as_a_whole() {
    let mut world = World::new();
    let many = (0..501).map(|extension| extension.to_string()).collect();
    for (extensions, wanted) in
        [(vec!["201".into(), "a b".into()], Refusal::BadTarget), (many, Refusal::TooManyWatched)]
    {
        world.command(Command::Watch { extensions });
        let told = world.events();
        assert!(matches!(told[..], [Event::Refused { line: None, why }] if why == wanted), "{told:?}");
    }
}
