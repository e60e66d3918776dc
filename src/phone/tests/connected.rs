//! Somebody else at the far end of a call that rings or stands.

use super::*;

const CLIENT: &str = "P-Asserted-Identity: \"Ivan Petrov\" <sip:+79161234567@192.0.2.1>\r\n";
const COLLEAGUE: &str = "P-Asserted-Identity: \"Boris\" <sip:102@192.0.2.1>\r\n";

fn party(number: &str, name: &str) -> Caller {
    Caller { number: Some(number.into()), name: Some(name.into()), ..Caller::default() }
}

impl World {
    /// A colleague rings and is answered.
    fn talking_to_a_colleague(&mut self) -> Leg {
        let (mut leg, _) = self.ring(COLLEAGUE, Some(ALAW));
        self.command(Command::Answer { line: LINE });
        leg.follow(&self.pbx.response(200));
        let ack = self.pbx.ack(&leg, None);
        self.hears(&ack);
        self.events();
        leg
    }

    /// Who is said to be there after an UPDATE with these headers.
    fn update(&mut self, leg: &mut Leg, headers: &str) -> Option<Caller> {
        let update = self.pbx.ask(leg, "UPDATE", headers, None);
        self.hears(&update);
        let mut events = self.events();
        match (events.pop(), events.pop()) {
            (Some(Event::ConnectedTo { line: LINE, party }), None) => Some(party),
            (None, None) => None,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_colleague_passes_a_client_on_and_the_client_is_named() {
    let mut world = World::new();
    let mut leg = world.talking_to_a_colleague();
    assert_eq!(world.update(&mut leg, CLIENT), Some(party("+79161234567", "Ivan Petrov")));
    assert_eq!(world.update(&mut leg, CLIENT), None, "said once");
    let nameless = CLIENT.replace("\"Ivan Petrov\" ", "");
    assert_eq!(world.update(&mut leg, &nameless), None, "a name left out is not another caller");
}

#[test]
fn the_client_may_come_while_the_colleagues_call_still_rings() {
    let mut world = World::new();
    let (mut leg, _) = world.ring(COLLEAGUE, Some(ALAW));
    world.events();
    assert_eq!(world.update(&mut leg, CLIENT), Some(party("+79161234567", "Ivan Petrov")));
}

#[test]
fn a_reinvite_names_the_client_and_brings_the_new_sound() {
    let mut world = World::new();
    let mut leg = world.talking_to_a_colleague();
    let elsewhere = ALAW.replace("20000", "20002").replace("o=- 7 7", "o=- 7 8");
    let reinvite = world.pbx.ask(&mut leg, "INVITE", CLIENT, Some(&elsewhere));
    world.hears(&reinvite);
    let party = party("+79161234567", "Ivan Petrov");
    assert_eq!(world.events(), [Event::ConnectedTo { line: LINE, party }]);
    assert_eq!(world.last_plan().0.remote.port(), 20002);
}

#[test]
fn whoever_answers_for_the_number_that_was_dialled_is_named() {
    let mut world = World::new();
    world.command(Command::Dial { target: "200".into() });
    let invite = world.pbx.request("INVITE");
    let dialled = "P-Asserted-Identity: <sip:200@192.0.2.1>\r\n";
    let ringing = world.pbx.reply_with(&invite, 180, dialled, None);
    world.hears(&ringing);
    assert!(
        matches!(world.events()[..], [Event::Dialing { .. }, Event::RingingOut { .. }]),
        "that 200 is 200 is no news"
    );
    let ok = world.pbx.reply_with(&invite, 200, COLLEAGUE, Some(ALAW));
    world.hears(&ok);
    let events = world.events();
    let [Event::ConnectedTo { party: told, .. }, Event::Answered { .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(told, &party("102", "Boris"));
}

#[test]
fn a_number_that_is_not_to_be_shown_is_not_shown() {
    let mut world = World::new();
    let mut leg = world.talking_to_a_colleague();
    let told = world.update(&mut leg, &format!("{CLIENT}Privacy: id\r\n")).unwrap();
    assert!(told.withheld && told.number.is_none() && told.name.is_none());
    assert_eq!(told.asserted_number.as_deref(), Some("+79161234567"));
    let anonymous = "P-Asserted-Identity: \"Anonymous\" <sip:anonymous@anonymous.invalid>\r\n";
    let mut world = World::new();
    let mut leg = world.talking_to_a_colleague();
    assert!(world.update(&mut leg, anonymous).unwrap().withheld);
}

#[test]
fn the_first_header_of_the_configured_order_decides() {
    let both = "Remote-Party-ID: <sip:103@192.0.2.1>;party=calling\r\n";
    let orders = [
        (vec![IdentitySource::Asserted, IdentitySource::RemoteParty], "+79161234567"),
        (vec![IdentitySource::From, IdentitySource::RemoteParty, IdentitySource::Asserted], "103"),
    ];
    for (order, wanted) in orders {
        let mut world = World::with(|config| config.identity_order = order);
        let mut leg = world.talking_to_a_colleague();
        let told = world.update(&mut leg, &format!("{CLIENT}{both}")).unwrap();
        assert_eq!(told.number.as_deref(), Some(wanted));
    }
}

#[test]
fn the_queue_that_a_caller_came_through_and_the_number_they_dialled_stay() {
    let mut world = World::new();
    let headers = "Diversion: <sip:+74951112233@192.0.2.1>\r\n\
                   P-Asserted-Identity: \"Sales: Boris\" <sip:102@192.0.2.1>\r\n";
    let (mut leg, _) = world.ring(headers, Some(ALAW));
    world.events();
    let told = world.update(&mut leg, CLIENT).unwrap();
    assert_eq!((told.called.as_deref(), told.queue.as_deref()), (Some("+74951112233"), Some("Sales")));
}
