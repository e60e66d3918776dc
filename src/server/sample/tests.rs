use std::collections::BTreeSet;

use jiff::civil::date;

use super::*;
use crate::domain::number::{NumberingPlan, PhoneNumber};

const COUNT: u32 = 3000;

#[test]
fn the_same_sample_every_time() {
    let twice = || clients(50).collect::<Vec<_>>();
    assert_eq!(twice(), twice());
}

#[test]
fn every_number_can_be_looked_up() {
    let plan = NumberingPlan::russia();
    for (_, client) in clients(COUNT) {
        for phone in &client.phones {
            assert!(plan.look_up_key(phone).is_some(), "{phone:?}");
        }
    }
}

#[test]
fn the_demonstrations_client_is_first_and_alone_with_its_number() {
    let plan = NumberingPlan::russia();
    let demo = PhoneNumber::parse_e164(DEMO_PHONE).unwrap();
    let owners: Vec<_> = clients(COUNT)
        .filter(|(_, client)| client.phones.iter().any(|phone| plan.look_up_key(phone) == Some(demo)))
        .map(|(_, client)| client.name)
        .collect();
    assert_eq!(owners, [DEMO_CLIENT]);
}

#[test]
fn some_numbers_have_two_owners_and_most_have_one() {
    let plan = NumberingPlan::russia();
    let mut seen = BTreeSet::new();
    let shared = clients(COUNT)
        .flat_map(|(_, client)| client.phones.clone())
        .filter_map(|phone| plan.look_up_key(&phone))
        .filter(|&number| !seen.insert(number))
        .count();
    assert!((50..300).contains(&shared), "{shared}");
}

#[test]
fn every_type_and_standing_occurs_and_every_reference_is_known() {
    let directory = directory(&usual_types(), date(2026, 5, 6));
    let mut types = BTreeSet::new();
    let (mut overdue, mut over_limit, mut free, mut without_credit, mut without_manager) = (0, 0, 0, 0, 0);
    for (_, client) in clients(COUNT) {
        assert!(directory.client_types.iter().any(|known| known.id == client.client_type));
        assert!(client.manager.as_ref().is_none_or(|id| directory.person(id).is_some()));
        let standing = client.standing.expect("every sample client has an account");
        overdue += u32::from(standing.overdue.is_positive());
        over_limit += u32::from(standing.over_limit.is_positive());
        free += u32::from(!standing.is_blocked());
        without_credit += u32::from(standing.limit.is_none());
        without_manager += u32::from(client.manager.is_none());
        types.insert(client.client_type);
    }
    assert_eq!(types.len(), usual_types().len());
    for (what, count) in [
        ("overdue", overdue),
        ("over limit", over_limit),
        ("free", free),
        ("without credit", without_credit),
        ("without manager", without_manager),
    ] {
        assert!(count > 50, "{what}: {count}");
    }
}

#[test]
fn one_manager_is_away_today_and_somebody_stands_in() {
    let today = date(2026, 5, 6);
    let directory = directory(&usual_types(), today);
    let away: Vec<_> = directory.people.iter().filter(|person| person.absence_on(today).is_some()).collect();
    assert_eq!(away.len(), 1);
    assert_eq!(directory.present_for(&away[0].id, today).map(|person| person.id.0.as_str()), Some("ivanova"));
}

#[test]
fn a_year_of_orders_has_about_as_many_lines_as_wanted_and_adds_up() {
    let today = date(2026, 5, 6);
    let goods = products(today, 200);
    let history = History::new(clients(COUNT), &goods, &[], 30_000, today);
    let orders: Vec<_> = history.orders().collect();
    let lines: usize = orders.iter().map(|old| old.order.lines.len()).sum();
    assert!((20_000..40_000).contains(&lines), "{lines}");
    let ids: BTreeSet<_> = orders.iter().map(|old| old.order.id).collect();
    assert_eq!(ids.len(), orders.len());
    for old in &orders {
        let sum = old.examined.lines.iter().map(|line| line.sum.gross.0).sum::<rust_decimal::Decimal>();
        assert_eq!(old.examined.total.gross.0, sum);
        assert!(old.order.lines.iter().all(|line| goods.iter().any(|data| data.product.id == line.product)));
    }
    assert!(orders.iter().any(|old| old.held.is_some()), "the last ones are open");
    assert!(
        history.orders().zip(&orders).all(|(again, old)| again.order == old.order),
        "the same every time"
    );
}
