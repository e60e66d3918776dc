//! What a look-up costs beside 100,000 clients:
//! `cargo bench --bench desk_look_up`

#[allow(dead_code, reason = "shared with the examiner of the contract")]
#[path = "../tests/desk_contract/fixture.rs"]
mod fixture;

use std::time::{Duration, Instant};

use patchcord::clock::Clock;
use patchcord::desk::{Desk, DeskConfig};
use patchcord::desk_api::{CardAnswer, Match};
use patchcord::domain::number::PhoneNumber;
use patchcord::secrets::Secret;

const CLIENTS: &str = "100000";
const LOOK_UPS: usize = 5000;
const OPERATORS: usize = 20;

#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    let started = now();
    let desk = fixture::Desk::own(&["--sample", CLIENTS]);
    println!("{CLIENTS} clients made and served after {:.1?}", started.elapsed());
    let numbers = some_numbers(&desk);
    let (url, token) = (desk.url.clone(), desk.token("operator").to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let one = telephone(&url, &token);
        one.warm_up().await.unwrap();
        report("one operator, telephone's side", measure(one, numbers.clone(), LOOK_UPS).await);
        let all = (0..OPERATORS)
            .map(|_| tokio::spawn(measure(telephone(&url, &token), numbers.clone(), LOOK_UPS / OPERATORS)));
        let mut together = Vec::new();
        for operator in all.collect::<Vec<_>>() {
            together.extend(operator.await.unwrap());
        }
        report(&format!("{OPERATORS} operators at once, without a pause"), together);
    });
    for name in ["чайка", "한빛", "12345"] {
        let asked = now();
        let found = desk.names(&[("q", name)]).len();
        println!("name {name:?}: {found} found in {:.1?}", asked.elapsed());
    }
}

fn telephone(url: &str, token: &str) -> Desk {
    Desk::new(DeskConfig::new(url, Secret::new(token)), Clock::start()).unwrap()
}

/// Numbers of clients from all over the sample.
fn some_numbers(desk: &fixture::Desk) -> Vec<PhoneNumber> {
    let mut numbers = Vec::new();
    for part in 100..400 {
        let reply = desk.get("operator", "/v1/clients", &[("q", &part.to_string())]);
        for client in reply.body["clients"].as_array().unwrap() {
            let phones = client["phones"].as_array().unwrap().iter();
            numbers
                .extend(phones.filter_map(|phone| PhoneNumber::parse_e164(phone["number"].as_str()?).ok()));
        }
    }
    assert!(numbers.len() > 1000);
    numbers
}

async fn measure(desk: Desk, numbers: Vec<PhoneNumber>, count: usize) -> Vec<Duration> {
    let mut took = Vec::with_capacity(count);
    for &number in numbers.iter().cycle().step_by(7).take(count) {
        let asked = now();
        let answer = desk.look_up(number).await;
        took.push(asked.elapsed());
        assert!(
            matches!(answer.matched(), Match::One | Match::Many),
            "{:?}",
            matches!(answer, CardAnswer::Found { .. })
        );
    }
    took
}

fn report(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: {} look-ups, median {:.2?}, p99 {:.2?}, max {:.2?}",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
