use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::desk_api::OrderAct;

struct World {
    queue: Queue,
    chance: ChaCha20Rng,
}

fn id(number: u128) -> OrderId {
    OrderId(Uuid::from_u128(number))
}

fn order(number: u128, revision: u32) -> Entry {
    let order = serde_json::json!({"id": id(number), "revision": revision, "client": Uuid::nil()});
    Entry::Order(serde_json::from_value(order).unwrap())
}

fn call(number: u128) -> Entry {
    let record = serde_json::json!({
        "id": Uuid::from_u128(number), "revision": 1, "call_id": "a@test", "direction": "inbound", "line": 1,
        "operator": "101", "started_at": "2026-05-06T07:08:09Z",
    });
    Entry::Call(serde_json::from_value(record).unwrap())
}

fn at(millis: u64) -> Instant {
    Instant::from_start(Duration::from_millis(millis))
}

impl World {
    fn new() -> Self {
        Self { queue: Queue::new(ChaCha20Rng::from_seed([1; 32])), chance: ChaCha20Rng::from_seed([2; 32]) }
    }

    fn keep(&mut self, number: u128, revision: u32, millis: u64) {
        self.queue.add(order(number, revision), at(millis));
    }

    fn place(&mut self, number: u128, revision: u32, millis: u64) {
        let place = Entry::place(id(number), revision, &mut self.chance);
        self.queue.add(place, at(millis));
    }

    /// What goes now, in words; or when something will.
    fn next(&mut self, millis: u64) -> Result<String, Option<Instant>> {
        self.queue.next(at(millis)).map(|entry| match entry {
            Entry::Call(record) => format!("call {}", record.id.0.as_u128()),
            Entry::Order(order) => format!("order {} r{}", order.id.0.as_u128(), order.revision),
            Entry::Task(task) => format!("task {}", task.id.0.as_u128()),
            Entry::Prospect(prospect) => format!("prospect {}", prospect.id.0.as_u128()),
            Entry::Place { id, revision, .. } => format!("place {} r{revision}", id.0.as_u128()),
            Entry::Act { id, act, .. } => format!("{:?} {}", act.act, id.0.as_u128()),
        })
    }

    /// What goes now, and that the desk took it.
    fn goes(&mut self, millis: u64) -> String {
        let entry = self.queue.next(at(millis)).ok();
        let said = self.next(millis).unwrap_or_else(|due| format!("nothing before {due:?}"));
        if let Some(entry) = entry {
            self.queue.remove(entry.command());
        }
        said
    }

    fn stumbles(&mut self, millis: u64) {
        let entry = self.queue.next(at(millis)).unwrap();
        self.queue.note_failure(entry.command(), at(millis + 60_000));
    }
}

#[test]
fn a_draft_goes_when_the_operator_pauses() {
    let mut world = World::new();
    for (revision, millis) in [(1, 0), (2, 300), (3, 600)] {
        world.keep(1, revision, millis);
        assert_eq!(world.next(millis + 299), Err(Some(at(millis + 1000))));
    }
    assert_eq!(world.goes(1600), "order 1 r3", "of all that was typed, once");
    assert_eq!(world.next(1600), Err(None));
}

#[test]
fn while_the_operator_types_on_and_on_a_draft_goes_every_three_seconds() {
    let mut world = World::new();
    let mut sent = Vec::new();
    for (revision, millis) in (1..).zip((0..10_000).step_by(200)) {
        world.keep(1, revision, millis);
        // The desk is slow: it has not answered when the next key is struck.
        if world.next(millis).is_ok() {
            sent.push(millis);
        }
    }
    assert_eq!(sent, [3000, 6000, 9000]);
}

#[test]
fn placing_an_order_sends_it_at_once_and_before() {
    let mut world = World::new();
    world.keep(1, 4, 0);
    world.place(1, 4, 100);
    assert_eq!(world.goes(100), "order 1 r4");
    assert_eq!(world.goes(100), "place 1 r4");
    assert_eq!(world.next(100), Err(None));
}

#[test]
fn a_change_after_placing_does_not_touch_what_was_agreed() {
    let mut world = World::new();
    world.keep(1, 1, 0);
    world.place(1, 1, 0);
    world.keep(1, 2, 10);
    world.keep(1, 3, 20);
    assert_eq!(world.goes(20), "order 1 r1");
    assert_eq!(world.goes(20), "place 1 r1");
    assert_eq!(world.next(20), Err(Some(at(1020))));
    assert_eq!(world.goes(1020), "order 1 r3");
}

#[test]
fn a_key_struck_twice_places_once_and_a_later_attempt_is_another_command() {
    let mut world = World::new();
    world.keep(1, 1, 0);
    world.place(1, 1, 0);
    world.place(1, 1, 5);
    assert_eq!(world.goes(5), "order 1 r1");
    let first = world.queue.next(at(5)).unwrap().command();
    assert_eq!(world.goes(5), "place 1 r1");
    assert_eq!(world.next(5), Err(None));
    world.place(1, 1, 60_000);
    assert_ne!(world.queue.next(at(60_000)).unwrap().command(), first, "the desk judges it anew");
}

#[test]
fn each_act_is_a_command_of_its_own() {
    let mut world = World::new();
    for _ in 0..2 {
        let act = Entry::act(id(1), OrderAct::Change, None, &mut world.chance);
        world.queue.add(act, at(0));
    }
    assert_eq!((world.goes(0), world.goes(0)), ("Change 1".into(), "Change 1".into()));
}

#[test]
fn two_drafts_and_a_call_do_not_wait_for_each_other() {
    let mut world = World::new();
    world.keep(1, 1, 0);
    world.keep(2, 1, 500);
    world.queue.add(call(3), at(600));
    assert_eq!(world.goes(600), "call 3");
    world.keep(1, 2, 900);
    assert_eq!(world.next(1499), Err(Some(at(1500))));
    assert_eq!(world.goes(1500), "order 2 r1");
    assert_eq!(world.goes(1900), "order 1 r2");
}

#[test]
fn no_order_is_placed_before_the_desk_has_it_and_the_others_go_on() {
    let mut world = World::new();
    world.keep(1, 1, 0);
    world.place(1, 1, 0);
    world.keep(2, 1, 0);
    (0..TRIES).for_each(|_| world.stumbles(0));
    assert_eq!(world.goes(1000), "order 2 r1", "the first is in nobody's way");
    assert_eq!(world.next(1000), Err(Some(at(60_000))), "nor does its place overtake it");
    assert_eq!(world.goes(60_000), "order 1 r1");
    assert_eq!(world.goes(60_000), "place 1 r1");
}

#[test]
fn a_refused_order_waits_until_it_is_mended() {
    let mut world = World::new();
    world.keep(1, 1, 0);
    let entry = world.queue.next(at(1000)).unwrap();
    world.queue.set_aside(entry.command());
    assert_eq!(world.next(9000), Err(None));
    assert!(world.queue.has_nothing_to_send());
    assert_eq!(world.queue.orders().len(), 1, "it is not forgotten");
    world.keep(1, 2, 9000);
    assert_eq!(world.goes(10_000), "order 1 r2");
    assert!(world.queue.orders().is_empty());
}

#[test]
fn the_end_waits_for_no_pause() {
    let mut world = World::new();
    world.keep(1, 1, 100);
    world.queue.hurry();
    assert_eq!(world.goes(100), "order 1 r1");
}
