use super::*;
use crate::domain::trade::offer::OfferKind;
use crate::domain::trade::order::OrderDelivery;
use crate::domain::trade::product::Unit;
use jiff::civil::date;
use uuid::Uuid;

const TEA: ProductId = ProductId(Uuid::from_u128(0x7000_8000_0000_0000_0001));
const COFFEE: ProductId = ProductId(Uuid::from_u128(0x7000_8000_0000_0000_0003));
const SALT: ProductId = ProductId(Uuid::from_u128(0x7000_8000_0000_0000_0010));

/// Ten products, two habits, one address, one order of before: see the file.
fn terms() -> Terms {
    serde_json::from_str(include_str!("../../../../tests/data/terms.json")).unwrap()
}

fn order() -> Order {
    Order {
        id: OrderId(Uuid::from_u128(1)),
        revision: 1,
        client: terms().client,
        payer: None,
        call: None,
        column: None,
        lines: Vec::new(),
        offers: Vec::new(),
        no_offers: false,
        delivery: OrderDelivery { address: Some(1), ..OrderDelivery::default() },
        agreed_total: None,
        note: None,
        writer: None,
        seen: 0,
    }
}

fn line(number: u32, product: ProductId, quantity: i64, settled: Option<Settlement>) -> OrderLine {
    OrderLine { number, product, quantity: quantity.into(), unit: Unit::Case, settled }
}

/// Another order of before, placed on this day of May.
fn past(day: i8, state: OrderState, lines: Vec<OrderLine>) -> PastOrder {
    let placed_at = date(2026, 5, day).at(8, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let id = OrderId(Uuid::from_u128(600 + u128::from(day.unsigned_abs())));
    PastOrder { id, state, placed_at, lines, ..terms().orders[0].clone() }
}

/// What is offered for this product: how much, and since when the client waits.
fn offered(orders: Vec<PastOrder>, product: ProductId) -> Option<(i64, Option<Date>)> {
    let terms = Terms { orders, ..terms() };
    let offers = terms.offers(&order(), &BTreeMap::new(), 20);
    let offer = offers.into_iter().find(|offer| offer.product == product)?;
    let quantity = offer.usual.map_or(0, |usual| usual.quantity.try_into().unwrap());
    Some((quantity, offer.waits_since))
}

#[test]
fn what_a_client_waits_for_is_offered_when_its_day_has_come() {
    let wait = |day: i8| Some(Settlement::Wait { until: date(2026, 5, day) });
    let (first, second) = (date(2026, 5, 1), date(2026, 5, 3));
    let closed = OrderState::Closed;
    // Orders of before, the latest first → how much of the salt, and since when. Today is 5 May.
    let table = [
        ("until tomorrow", vec![past(1, closed, vec![line(1, SALT, 4, wait(6))])], Some((4, Some(first)))),
        ("until the day after", vec![past(1, closed, vec![line(1, SALT, 4, wait(7))])], Some((0, None))),
        (
            "bought since",
            vec![
                past(3, closed, vec![line(1, SALT, 4, None)]),
                past(1, closed, vec![line(1, SALT, 4, wait(4))]),
            ],
            Some((0, None)),
        ),
        (
            "came in part, the rest waits",
            vec![past(1, closed, vec![line(1, SALT, 1, None), line(2, SALT, 3, wait(4))])],
            Some((3, Some(first))),
        ),
        (
            "asked to wait once more",
            vec![
                past(3, closed, vec![line(1, SALT, 5, wait(5))]),
                past(1, closed, vec![line(1, SALT, 4, wait(4))]),
            ],
            Some((5, Some(second))),
        ),
        (
            "dropped since",
            vec![
                past(3, closed, vec![line(1, SALT, 4, Some(Settlement::Drop))]),
                past(1, closed, vec![line(1, SALT, 4, wait(4))]),
            ],
            Some((0, None)),
        ),
        (
            "an order that was not wanted",
            vec![past(1, OrderState::Cancelled, vec![line(1, SALT, 4, wait(4))])],
            Some((0, None)),
        ),
    ];
    for (what, orders, expected) in table {
        assert_eq!(offered(orders, SALT), expected, "T12: {what}");
    }
}

#[test]
fn what_waits_since_before_the_latest_orders_is_offered_unless_they_have_it() {
    let (until, since) = (date(2026, 5, 6), date(2026, 1, 12));
    let waiting = |number: u128, product, until| Waiting {
        order: OrderId(Uuid::from_u128(number)),
        product,
        ordered: UsualQuantity { quantity: 4.into(), unit: Unit::Case },
        until,
        since,
    };
    let offered = |orders: Vec<PastOrder>, waiting: Waiting| {
        let terms = Terms { orders, waiting: vec![waiting], ..terms() };
        let offers = terms.offers(&order(), &BTreeMap::new(), 20);
        offers.into_iter().find(|offer| offer.product == SALT).and_then(|offer| offer.waits_since)
    };
    let later = |settled| vec![past(3, OrderState::Closed, vec![line(1, SALT, 4, settled)])];
    assert_eq!(offered(Vec::new(), waiting(700, SALT, until)), Some(since), "T12");
    assert_eq!(offered(Vec::new(), waiting(700, SALT, date(2026, 5, 7))), None, "its day has not come");
    assert_eq!(offered(Vec::new(), waiting(1, SALT, until)), None, "of this order itself");
    assert_eq!(offered(later(None), waiting(700, SALT, until)), None, "bought since");
    assert_eq!(offered(later(Some(Settlement::Drop)), waiting(700, SALT, until)), None, "dropped since");
    // Who has waited longest comes first.
    let wait = Some(Settlement::Wait { until: date(2026, 5, 4) });
    let orders = vec![past(3, OrderState::Closed, vec![line(1, COFFEE, 2, wait)])];
    let terms = Terms { orders, waiting: vec![waiting(700, SALT, until)], ..terms() };
    let offers = terms.offers(&order(), &BTreeMap::new(), 2);
    assert_eq!(offers.iter().map(|offer| offer.product).collect::<Vec<_>>(), [SALT, COFFEE]);
}

#[test]
fn since_when_a_client_waits_is_the_day_where_the_warehouse_is() {
    let wait = Some(Settlement::Wait { until: date(2026, 5, 4) });
    let morning = PastOrder {
        placed_on: Some(date(2026, 5, 2)),
        ..past(1, OrderState::Closed, vec![line(1, SALT, 4, wait)])
    };
    assert_eq!(offered(vec![morning], SALT), Some((4, Some(date(2026, 5, 2)))));
}

#[test]
fn who_waits_longest_is_offered_first_and_before_what_is_usual() {
    let wait = Some(Settlement::Wait { until: date(2026, 5, 4) });
    let orders = vec![
        past(3, OrderState::Closed, vec![line(1, SALT, 4, wait)]),
        past(1, OrderState::Closed, vec![line(1, COFFEE, 2, wait)]),
    ];
    let terms = Terms { orders, ..terms() };
    let offers = terms.offers(&order(), &BTreeMap::new(), 3);
    let products: Vec<ProductId> = offers.iter().map(|offer| offer.product).collect();
    assert_eq!(products, [COFFEE, SALT, TEA]);
    assert!(offers.iter().all(|offer| offer.kind == OfferKind::Usual));
}

#[test]
fn who_changes_an_order_is_asked_for_no_more_offers() {
    let least = |was_given_in| terms().facts(&order(), &BTreeMap::new(), was_given_in).least_offers;
    assert_eq!((least(false), least(true)), (3, 0), "T17");
}

#[test]
fn the_last_time_is_that_of_the_latest_order_that_had_it() {
    let amount = Money::from_hundredths(52_00);
    let priced = PastOrder {
        prices: vec![PastPrice { line: 1, amount }],
        ..past(3, OrderState::Closed, vec![line(1, TEA, 2, None), line(2, SALT, 1, Some(Settlement::Drop))])
    };
    let (id, earlier) = (priced.id, terms().orders.remove(0));
    let terms = Terms { orders: vec![priced, earlier], ..terms() };
    let last = terms.last_time(TEA, order().id).unwrap();
    assert_eq!((last.ordered.quantity, last.price, last.currency), (2.into(), Some(amount), "RUB"));
    let before = terms.last_time(TEA, id).unwrap();
    assert_eq!((before.ordered.quantity, before.price), (3.into(), None), "not in the order itself");
    assert!(terms.last_time(SALT, order().id).is_none(), "what was left out was not bought");
}

#[test]
fn goods_go_to_whom_was_said_else_to_whose_the_address_is_else_to_the_payer() {
    let entity = |id: &str| EntityId(id.into());
    let mut terms = terms();
    let mut order = order();
    assert_eq!(terms.consignee(&order), Some(&entity("main")), "T16");
    terms.consignees = vec![Consignee { id: entity("shop"), name: "Shop".into() }];
    terms.addresses[0].consignee = Some(entity("shop"));
    assert_eq!(terms.consignee(&order), Some(&entity("shop")), "T16");
    order.delivery.consignee = Some(entity("main"));
    assert_eq!(terms.consignee(&order), Some(&entity("main")), "T16");
    let consignees = terms.facts(&order, &BTreeMap::new(), false).consignees;
    assert_eq!(consignees, [entity("main"), entity("shop")].into());
}
