//! Calls that are fetched from the PBX, parked clients, and the pause while somebody is passed on.

use super::*;
use crate::domain::line_state::LineState as ColleagueIs;

pub(super) fn office() -> World {
    let text = |code: &str| Some(code.to_owned());
    World::with(|config| {
        config.phone.sip.max_calls = 2;
        config.office = OfficeCodes {
            pick_up: text("*8{extension}"),
            parking: ParkingPlaces { park: text("700"), places: vec!["701".into()] },
            queue: QueueCodes { pause: text("*47{reason}"), resume: text("*48"), ..QueueCodes::default() },
        };
    })
}

/// The code that the telephone dials now is carried out.
#[track_caller]
pub(super) fn code(world: &mut World, wanted: &str) {
    let invite = world.pbx.request("INVITE");
    assert!(invite.uri.to_string().starts_with(&format!("sip:{wanted}@")), "{}", invite.uri);
    let mut leg = Leg::of(&invite);
    let answer = world.pbx.reply(&invite, 200, Some(&alaw(1, "sendrecv")));
    world.hears(&answer);
    let bye = world.pbx.ask(&mut leg, "BYE", "", None);
    world.hears(&bye);
    world.pbx.forget();
}

fn client() -> Caller {
    Caller { number: Some("+79161234567".into()), ..Caller::default() }
}

pub(super) fn place_is(world: &mut World, state: ColleagueIs) {
    let (extension, since) = ("701".to_owned(), world.now);
    let told = phone::Event::LineStateChanged { extension, state, rings: None, refused: None, since };
    world.agent.follow_in_office(world.now, &told);
    world.agent.work_in_office(world.now);
    world.drain();
}

#[test]
fn a_fetched_call_is_registered_as_the_clients_and_looked_up_at_once() {
    let mut world = office();
    code(&mut world, "*48");
    world.agent.fetch(world.now, "*8201".into(), client(), None);
    world.agent.drain_phone(world.now, world.wall());
    world.drain();
    assert_eq!(world.lookups.len(), 1, "before anybody has answered");
    let entry = world.the_entry();
    assert_eq!(entry.direction, Direction::Inbound);
    assert_eq!(entry.caller.written.as_deref(), Some("+79161234567"));
    assert_eq!(entry.called.written.as_deref(), Some("*8201"));
}

#[test]
fn a_parked_client_who_comes_back_is_the_one_he_was_and_his_step_came_to_nothing() {
    let mut world = office();
    code(&mut world, "*48");
    let mut leg = world.talk();
    world.answer_lookup(found(&["Romashka"], Source::Desk));
    world.intend(Intent::Park { line: LINE });
    let hold = world.pbx.request("INVITE");
    let held = world.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
    world.hears(&held);
    let refer = world.pbx.request("REFER");
    assert!(refer.headers.first("Refer-To").unwrap().contains("700@"));
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    world.notify(&mut leg, "SIP/2.0 200 OK");
    place_is(&mut world, ColleagueIs::Talking);
    let parked = &world.agent.view().parked;
    assert_eq!(parked[0].client.as_ref().map(|client| client.card), Some(Some(self::client_id())));
    place_is(&mut world, ColleagueIs::Free);
    world.events.clear();
    world.ring("");
    let returned = world.events.iter().find_map(|event| match event {
        Event::Phone(phone::Event::RingingIn { caller, .. }) => caller.returned.clone(),
        _ => None,
    });
    assert_eq!(returned.map(|back| back.target).as_deref(), Some("701"));
    let steps = world.records.iter().rev().find_map(|record| record.transfers.last().cloned()).unwrap();
    assert_eq!(steps.result, Some(TransferResult::Kept));
}

fn client_id() -> ClientId {
    super::client("Romashka").id
}

#[test]
fn no_call_of_the_queue_comes_while_a_client_is_passed_on() {
    let mut world = office();
    code(&mut world, "*48");
    world.talk();
    world.pbx.forget();
    world.intend(Intent::BlindTransfer { line: LINE, target: "201".into() });
    let uris: Vec<String> = (0..2).map(|_| world.pbx.request("INVITE").uri.to_string()).collect();
    assert!(uris.iter().any(|uri| uri.starts_with("sip:*477@")), "{uris:?}");
}

#[test]
fn who_leaves_begins_no_code_and_does_not_wait_for_the_last_one() {
    let mut world = office();
    let resume = world.pbx.request("INVITE");
    let trying = world.pbx.reply(&resume, 180, None);
    world.hears(&trying);
    world.handle(Input::Leave);
    world.pbx.request("CANCEL");
    let ended = world.pbx.reply(&resume, 487, None);
    world.hears(&ended);
    world.intend(Intent::BeAway { reason: Some(crate::domain::pause::PauseReason::Rest) });
    world.advance(Duration::from_secs(5));
    assert!(!world.pbx.has("INVITE"), "nobody is there any more to pause for");
}

#[test]
fn codes_are_no_calls_in_the_register() {
    let mut world = office();
    code(&mut world, "*48");
    world.intend(Intent::BeAway { reason: Some(crate::domain::pause::PauseReason::Rest) });
    code(&mut world, "*472");
    assert_eq!(world.records, []);
    let told: Vec<&Event> = world.events.iter().filter(|event| !matches!(event, Event::Queue(_))).collect();
    assert!(told.is_empty(), "{told:?}");
}
