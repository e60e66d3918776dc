//! The telephone is killed while clients are passed on, and the desk goes up and down: the register has every call and every
//! step once.
//!
//! `scripts/kills` does it more often: `KILLS` says how many times, and with which seed.

use crate::desk::Desk;
use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::seconds;
use crate::telephone::{Said, Telephone, telephone};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Who works here, each with a register of its own on disk.
const OPERATORS: [&str; 3] = ["101", "103", "104"];

/// What a telephone told of one run, until it was killed.
type Run = Vec<Said>;

struct Kills {
    times: usize,
    seed: u64,
}

impl Kills {
    fn wanted() -> Self {
        let text = std::env::var("KILLS").unwrap_or_else(|_| "9 1".to_owned());
        let mut words = text.split(' ').map(|word| word.parse().expect("KILLS: how often, and a seed"));
        Self { times: words.next().unwrap_or(9) as usize, seed: words.next().unwrap_or(1) }
    }
}

/// Calls the operator, who passes him on to one who is busy, to one who does not answer, and to one who does; in the middle
/// of which the operator's telephone is killed.
fn run(pbx: &Pbx, desk: (&str, &str), operator: &str, client: &Baresip, kill_after: Duration) -> Run {
    let chain = ["--transfer", "603,201,302", "--transfer-at", "0.2", "--ring-for", "1"];
    let arguments = [&["answer", "--desk", desk.0][..], &chain].concat();
    let mut command = telephone(pbx, operator, &arguments);
    command.env("PATCHCORD_DESK_TOKEN", desk.1);
    let mut phone = Telephone::spawn(command, None);
    phone.wait("registered", seconds(10));
    client.dial(&format!("sip:{operator}@{}", pbx.trunk()));
    std::thread::sleep(kill_after);
    phone.child.kill().expect("a child");
    phone.child.wait().expect("a child");
    client.hang_up();
    // What it had told stands in the pipe.
    std::thread::sleep(Duration::from_millis(50));
    phone.said()
}

/// Up and down at random until all is over, and then up.
fn flap(desk: &mut Desk, chance: &mut ChaCha20Rng, over: &AtomicBool) -> usize {
    let mut downs = 0;
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(300 + u64::from(chance.next_u32() % 2500)));
        desk.stop();
        downs += 1;
        std::thread::sleep(Duration::from_millis(200 + u64::from(chance.next_u32() % 1500)));
        desk.start_again();
    }
    downs
}

#[test]
fn the_register_has_every_step_once_whenever_the_telephone_is_killed_and_the_desk_is_away() {
    let Kills { times, seed } = Kills::wanted();
    let pbx = Pbx::start();
    let mut desk = Desk::start(&pbx, 20);
    let (url, token) = (desk.url(), desk.operator.clone());
    let _busy_with_nothing = Baresip::colleague(&pbx, "201", &Answers::ByHand);
    let _head = Baresip::colleague(&pbx, "302", &Answers::AtOnce);
    let (over, left, runs) =
        (Arc::new(AtomicBool::new(false)), AtomicUsize::new(times), Mutex::new(Vec::<Run>::new()));
    let downs = std::thread::scope(|scope| {
        let (pbx, url, token, left, runs) = (&pbx, &url, &token, &left, &runs);
        let workers: Vec<_> = OPERATORS
            .iter()
            .enumerate()
            .map(|(index, operator)| {
                scope.spawn(move || {
                    let mut chance = ChaCha20Rng::seed_from_u64(seed * 100 + index as u64);
                    let client = Baresip::customer(pbx, &format!("+7916000000{index}"));
                    let one_less = |left: usize| left.checked_sub(1);
                    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
                        let kill_after = Duration::from_millis(u64::from(chance.next_u32() % 2200));
                        let run = run(pbx, (url, token), operator, &client, kill_after);
                        runs.lock().expect("a lock").push(run);
                    }
                })
            })
            .collect();
        let (ends, desk) = (Arc::clone(&over), &mut desk);
        let flapping = scope.spawn(move || {
            let mut chance = ChaCha20Rng::seed_from_u64(seed);
            flap(desk, &mut chance, &ends)
        });
        let ended: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        let downs = flapping.join().expect("the desk");
        assert!(ended.iter().all(Result::is_ok), "a worker failed");
        downs
    });
    // Each comes to work once more, and what was left behind goes to the desk.
    for operator in OPERATORS {
        let mut command = telephone(&pbx, operator, &["register", "--seconds", "3", "--desk", &url]);
        command.env("PATCHCORD_DESK_TOKEN", &token);
        Telephone::spawn(command, None).finish(seconds(15)).exited(0);
    }
    let runs = runs.into_inner().expect("a lock");
    let told = compare(&runs, &desk.calls());
    println!("{times} kills, seed {seed}, the desk was away {downs} times: {told}");
}

/// Every call and step that was told stands in the register, once and in order, and none of them is open.
fn compare(runs: &[Run], register: &[Value]) -> String {
    for entry in register {
        let ends_in_order = entry["ended_at"].as_str() >= entry["started_at"].as_str();
        assert!(ends_in_order && entry["outcome"].is_string(), "left open: {entry}");
        let steps = entry["transfers"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(steps.iter().all(|step| step["result"].is_string()), "a step is left open: {entry}");
    }
    let (mut calls, mut steps, mut results) = (0, 0, 0);
    for run in runs {
        for rings in run.iter().filter(|said| said.is("ringing_in")) {
            let call = &rings.event["call_id"];
            let entries: Vec<&Value> = register.iter().filter(|entry| entry["call_id"] == *call).collect();
            assert_eq!(entries.len(), 1, "the entry of {call}");
            calls += 1;
            let written = entries[0]["transfers"].as_array().cloned().unwrap_or_default();
            let of_call = |name: &'static str| {
                run.iter().filter(move |said| said.is(name) && said.event["call_id"] == *call)
            };
            let begun: Vec<&Said> = of_call("transfer_started").collect();
            for (place, said) in begun.iter().enumerate() {
                let step = written.get(place);
                let step = step.unwrap_or_else(|| panic!("{call}: step {place} is missing: {written:?}"));
                assert_eq!(step["target"], said.event["target"], "{call}: {written:?}");
            }
            assert!(written.len() <= begun.len() + 1, "{call} has steps that never were: {written:?}");
            steps += written.len();
            let failed = of_call("transfer_failed").map(|_| "kept");
            let joined = of_call("transferred").map(|_| "joined");
            for (place, result) in failed.chain(joined).enumerate() {
                let kept = written.get(place).and_then(|step| step["result"].as_str());
                assert_eq!(kept, Some(result), "{call}: step {place}: {written:?}");
                results += 1;
            }
        }
    }
    format!("{calls} calls, {steps} steps and {results} results that were told are there once each")
}
