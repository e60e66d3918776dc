//! Situations of the duties: an order that may be placed, and what is wrong when one thing is different.

use super::*;
use crate::domain::client::{ClientId, ClientTypeId, PriceColumnReason};
use crate::domain::trade::amount::{Percent, TaxBasis};
use crate::domain::trade::delivery::{Slot, Window};
use crate::domain::trade::offer::{OfferKind, OfferMade};
use crate::domain::trade::order::{OrderDelivery, Receiver, Regional, Settlement};
use crate::domain::trade::product::{Unit, tests::product as new_product};
use crate::domain::trade::promotion::{Effect, PromotionId, tests::promotion};
use jiff::civil::{date, time};
use uuid::Uuid;

mod situations;

const TODAY: Date = date(2026, 11, 29);
const TEA: ProductId = ProductId(Uuid::from_u128(1));
const CHEESE: ProductId = ProductId(Uuid::from_u128(2));
const WINE: ProductId = ProductId(Uuid::from_u128(3));
const CUP: ProductId = ProductId(Uuid::from_u128(4));

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn money(text: &str) -> Money {
    Money(decimal(text))
}

fn column_id(id: &str) -> ColumnId {
    ColumnId(id.into())
}

fn goods(id: ProductId, product: Product, prices: &[(&str, &str)], available: &str) -> (ProductId, Goods) {
    let columns = prices.iter().map(|(column, price)| (column_id(column), money(price))).collect();
    let prices = Prices { columns, ..Prices::default() };
    (id, Goods { product: Product { id, ..product }, prices, available: decimal(available) })
}

/// A market client of column 2; from 10,000 on column 3.
fn facts() -> Facts {
    let tea = new_product(&[(Unit::Case, "24", "1"), (Unit::Piece, "1", "6")], None);
    let cheese = new_product(&[(Unit::Piece, "1", "1")], Some(("2.5", "10")));
    let piece = new_product(&[(Unit::Piece, "1", "1")], None);
    let wine = Product { permission: Some("alcohol".into()), ..piece.clone() };
    let rule = |column: &str, order_from: Option<&str>| ColumnRule {
        column: column_id(column),
        client_types: Vec::new(),
        order_from: order_from.map(money),
        month_from: None,
        since: None,
        until: None,
    };
    let column = |id: &str| Column {
        id: column_id(id),
        name: id.into(),
        currency: "RUB".into(),
        basis: TaxBasis::Gross,
    };
    Facts {
        today: TODAY,
        buyer: Buyer { client_type: ClientTypeId("market".into()), contract: None, month: Money::ZERO },
        served_by: ServedBy::Operator,
        standing: Some(Standing {
            currency: "RUB".into(),
            overdue: Money::ZERO,
            over_limit: Money::ZERO,
            limit: Some(money("50000")),
            credit_left: Some(money("20000")),
            ..Standing::default()
        }),
        is_prepaid: false,
        payers: vec![EntityId("main".into())],
        consignees: [EntityId("main".into())].into(),
        permissions: BTreeSet::new(),
        is_regional: false,
        addresses: [1].into(),
        off_route: BTreeSet::new(),
        slot: Ok(()),
        minimum: Some(money("1000")),
        other_order: None,
        goods: [
            goods(TEA, tea, &[("2", "100"), ("3", "90")], "240"),
            goods(CHEESE, cheese, &[("2", "800"), ("3", "760")], "20"),
            goods(WINE, wine, &[("2", "500")], "100"),
            goods(CUP, piece, &[], "3"),
        ]
        .into(),
        columns: vec![column("2"), column("3")],
        column_rules: vec![rule("3", Some("10000")), rule("2", None)],
        promotions: Vec::new(),
        tax_rates: vec![TaxRate {
            kind: "food".into(),
            since: date(2019, 1, 1),
            rate: Percent(decimal("10")),
        }],
        least_offers: 3,
    }
}

fn line(number: u32, product: ProductId, quantity: &str, unit: Unit) -> OrderLine {
    OrderLine { number, product, quantity: decimal(quantity), unit, settled: None }
}

fn offer(number: u128, answer: OfferAnswer) -> OfferMade {
    OfferMade { product: ProductId(Uuid::from_u128(number)), kind: OfferKind::Usual, answer }
}

/// Two cases of tea for 4,800, read back, everything said.
fn order() -> Order {
    let receiver = Receiver {
        name: "Anna".into(),
        phone: "+7 495 000-00-00".into(),
        may_pay: false,
        may_sign: true,
        confirmed: true,
    };
    let window = Window { from: time(9, 0, 0, 0), to: time(13, 0, 0, 0) };
    Order {
        id: OrderId(Uuid::from_u128(1)),
        revision: 1,
        client: ClientId(Uuid::from_u128(1)),
        payer: None,
        call: None,
        column: None,
        lines: vec![line(1, TEA, "2", Unit::Case)],
        offers: vec![
            offer(11, OfferAnswer::HasStock),
            offer(12, OfferAnswer::Price),
            offer(13, OfferAnswer::Other),
        ],
        no_offers: false,
        delivery: OrderDelivery {
            address: Some(1),
            consignee: None,
            slot: Some(Slot { date: date(2026, 12, 1), window }),
            receiver: Some(receiver),
            pays_on_delivery: Some(false),
            regional: None,
        },
        agreed_total: Some(money("4800")),
        note: None,
        writer: None,
        seen: 0,
    }
}

fn owed(facts: &mut Facts) -> &mut Standing {
    facts.standing.as_mut().unwrap()
}

/// Changes one thing, and tells the faults.
fn faults_of(change: impl FnOnce(&mut Order, &mut Facts)) -> Vec<Fault> {
    let (mut order, mut facts) = (order(), facts());
    change(&mut order, &mut facts);
    examine(&order, &facts).faults
}

/// As `faults_of`, with a total that was read back as it is.
fn agreed(change: impl FnOnce(&mut Order, &mut Facts)) -> Examined {
    let (mut order, mut facts) = (order(), facts());
    change(&mut order, &mut facts);
    order.agreed_total = Some(examine(&order, &facts).total.gross);
    examine(&order, &facts)
}

fn receiver(order: &mut Order) -> &mut Receiver {
    order.delivery.receiver.as_mut().unwrap()
}

#[test]
fn an_order_with_everything_said_may_be_placed() {
    let examined = examine(&order(), &facts());
    assert_eq!((examined.faults.as_slice(), examined.severity()), (&[][..], None));
    let total = Sum { net: money("4363.64"), tax: money("436.36"), gross: money("4800") };
    assert_eq!((examined.total, examined.most), (total, money("4800")));
    assert_eq!(examined.currency.as_deref(), Some("RUB"));
}

#[test]
fn key_clients_new_ones_and_debtors_are_held_for_those_who_serve_them() {
    for served_by in [ServedBy::KeyManager, ServedBy::Head] {
        let faults = faults_of(|_, facts| facts.served_by = served_by);
        assert_eq!(faults, [Fault::NotForOperators { served_by }], "duty 3");
    }
    let overdue = faults_of(|_, facts| owed(facts).overdue = money("0.01"));
    assert_eq!(overdue, [Fault::Overdue { amount: money("0.01") }], "duty 5");
    let over = faults_of(|_, facts| owed(facts).over_limit = money("7"));
    assert_eq!(over, [Fault::OverLimit { amount: money("7") }], "duty 5");
    let unknown = faults_of(|_, facts| facts.standing = None);
    assert_eq!(unknown, [Fault::StandingUnknown], "duty 5");
    assert!([&overdue, &over, &unknown].iter().all(|faults| faults[0].severity() == Severity::Holds));
}

#[test]
fn one_of_several_legal_entities_pays() {
    let two = || vec![EntityId("main".into()), EntityId("second".into())];
    assert_eq!(faults_of(|_, facts| facts.payers = two()), [Fault::NoPayer]);
    let chosen = |payer: &'static str| {
        faults_of(move |order, facts| (facts.payers, order.payer) = (two(), Some(EntityId(payer.into()))))
    };
    assert_eq!(chosen("second"), []);
    assert_eq!(chosen("third"), [Fault::UnknownPayer]);
}

#[test]
fn lines_that_cannot_be_had_say_why_beside_themselves() {
    let with = |extra: OrderLine| agreed(|order, _| order.lines.push(extra)).faults;
    let not_multiple = QuantityFault::NotMultiple { below: decimal("6"), above: decimal("12") };
    // Eleven cases of tea at 90 come to 23,760.
    let over_credit = Fault::OverCredit { by: money("3760") };
    // line → fault
    let table = [
        (line(2, ProductId(Uuid::from_u128(99)), "1", Unit::Piece), vec![Fault::UnknownProduct { line: 2 }]),
        (
            line(2, TEA, "1", Unit::Pallet),
            vec![Fault::Quantity { line: 2, fault: QuantityFault::NotPackedSo }],
        ),
        (line(2, TEA, "0", Unit::Case), vec![Fault::Quantity { line: 2, fault: QuantityFault::NotPositive }]),
        (line(2, TEA, "7", Unit::Piece), vec![Fault::Quantity { line: 2, fault: not_multiple }]),
        (line(2, TEA, "6", Unit::Piece), vec![]),
        (line(2, CUP, "1", Unit::Piece), vec![Fault::NoPrice { line: 2 }]),
        (
            line(2, WINE, "1", Unit::Piece),
            vec![Fault::NotPermitted { line: 2, permission: "alcohol".into() }],
        ),
        (
            line(2, TEA, "9", Unit::Case),
            vec![Fault::OutOfStock { line: 2, available: decimal("192") }, over_credit],
        ),
        (line(1, TEA, "6", Unit::Piece), vec![Fault::LineTwice { line: 1 }]),
    ];
    for (extra, faults) in table {
        let said = format!("{} {:?}", extra.quantity, extra.unit);
        assert_eq!(with(extra), faults, "{said}");
    }
    let may = agreed(|order, facts| {
        order.lines.push(line(2, WINE, "1", Unit::Piece));
        facts.permissions.insert("alcohol".into());
    });
    assert_eq!(may.faults, []);
    let all_gone = agreed(|_, facts| facts.goods.get_mut(&TEA).unwrap().available = decimal("-5"));
    assert_eq!(all_gone.faults, [Fault::OutOfStock { line: 1, available: Decimal::ZERO }]);
    assert_eq!(agreed(|order, _| order.lines.clear()).faults, [Fault::Empty]);
}

#[test]
fn goods_without_a_tax_rate_or_a_sum_in_figures_have_no_price() {
    let no_rate = agreed(|_, facts| facts.tax_rates.clear());
    assert_eq!(no_rate.faults, [Fault::NoPrice { line: 1 }]);
    let absurd = agreed(|_, facts| {
        facts.goods.get_mut(&TEA).unwrap().prices.columns.insert(column_id("2"), Money(Decimal::MAX));
        facts.column_rules.remove(0);
    });
    assert_eq!(absurd.faults, [Fault::NoPrice { line: 1 }]);
    let no_column = agreed(|_, facts| facts.column_rules.clear());
    assert_eq!(no_column.faults, [Fault::NoColumn], "said once, not at each line");
}

#[test]
fn the_column_follows_the_volume_and_the_operator_chooses_among_those_permitted() {
    let cases = |quantity: &str, chosen: Option<&str>| {
        agreed(|order, facts| {
            order.lines = vec![line(1, TEA, quantity, Unit::Case)];
            order.column = chosen.map(column_id);
            owed(facts).credit_left = None;
        })
    };
    let (small, large) = (cases("2", None), cases("5", None));
    let more = small.column.clone().unwrap().next.unwrap();
    assert_eq!((more.column, more.more), (column_id("3"), money("5200")), "duty 9");
    assert_eq!(small.columns, [column_id("2")]);
    let column = large.column.unwrap();
    assert_eq!((column.column, column.why), (column_id("3"), PriceColumnReason::Volume), "duty 10");
    assert_eq!(large.total.gross, money("10800"), "5 × 24 × 90");
    assert_eq!(large.columns, [column_id("3"), column_id("2")]);
    let dearer = cases("5", Some("2"));
    assert_eq!((dearer.total.gross, dearer.faults), (money("12000"), vec![]));
    let cheaper = cases("2", Some("3"));
    assert_eq!((cheaper.total.gross, cheaper.faults), (money("4800"), vec![Fault::ColumnNotPermitted]));
}

#[test]
fn goods_that_are_weighed_are_about_and_need_credit_for_the_most() {
    let cheese = |left: &str| {
        agreed(|order, facts| {
            order.lines = vec![line(1, CHEESE, "4", Unit::Piece)];
            owed(facts).credit_left = Some(money(left));
        })
    };
    // 4 × 2.5 kg × 800, and 10 % more at most
    let enough = cheese("8800");
    assert_eq!((enough.total.gross, enough.most, enough.faults), (money("8000"), money("8800"), vec![]));
    assert!(enough.lines[0].is_about);
    assert_eq!(cheese("8799.99").faults, [Fault::OverCredit { by: money("0.01") }]);
}

#[test]
fn who_pays_first_uses_no_credit() {
    let faults =
        faults_of(|_, facts| (facts.is_prepaid, owed(facts).credit_left) = (true, Some(Money::ZERO)));
    assert_eq!(faults, []);
    let faults = faults_of(|_, facts| owed(facts).credit_left = Some(Money::ZERO));
    assert_eq!(faults, [Fault::OverCredit { by: money("4800") }], "duty 9");
}

#[test]
fn less_than_the_route_is_worth_is_no_standard_order() {
    let small = agreed(|order, _| order.lines = vec![line(1, TEA, "6", Unit::Piece)]);
    assert_eq!(small.faults, [Fault::BelowMinimum { minimum: money("1000") }]);
    assert_eq!(small.severity(), Some(Severity::Holds));
}

#[test]
fn three_offers_are_made_unless_the_client_wants_none() {
    let offers = |made: Vec<OfferMade>, no_offers: bool| {
        faults_of(move |order, _| (order.offers, order.no_offers) = (made, no_offers))
    };
    let declined = |number| offer(number, OfferAnswer::NotSold);
    assert_eq!(offers(vec![], false), [Fault::TooFewOffers { missing: 3 }], "duty 7");
    assert_eq!(offers(vec![declined(11), declined(12)], false), [Fault::TooFewOffers { missing: 1 }]);
    assert_eq!(
        offers(vec![declined(11); 5], false),
        [Fault::TooFewOffers { missing: 2 }],
        "one thing five times"
    );
    assert_eq!(offers(vec![], true), []);
    assert_eq!(
        faults_of(|order, facts| (order.offers, facts.least_offers) = (vec![], 0)),
        [],
        "nothing fits"
    );
    let taken = |product: ProductId| OfferMade { product, kind: OfferKind::New, answer: OfferAnswer::Taken };
    assert_eq!(offers(vec![taken(TEA), declined(12), declined(13)], false), []);
    assert_eq!(
        offers(vec![taken(WINE), declined(12), declined(13)], false),
        [Fault::TakenButNotOrdered { product: WINE }]
    );
}

#[test]
fn delivery_and_receiver_are_agreed() {
    type Change = fn(&mut Order, &mut Facts);
    let table: [(&str, Change, Vec<Fault>); 13] = [
        ("no address", |order, _| order.delivery.address = None, vec![Fault::NoAddress]),
        ("another's", |order, _| order.delivery.address = Some(2), vec![Fault::NoAddress]),
        ("no slot", |order, _| order.delivery.slot = None, vec![Fault::NoSlot]),
        ("full", |_, facts| facts.slot = Err(SlotFault::Full), vec![Fault::Slot { fault: SlotFault::Full }]),
        ("nobody", |order, _| order.delivery.receiver = None, vec![Fault::NoReceiver]),
        ("no name", |order, _| receiver(order).name = " ".into(), vec![Fault::NoReceiver]),
        ("no telephone", |order, _| receiver(order).phone.clear(), vec![Fault::NoReceiver]),
        ("not there", |order, _| receiver(order).confirmed = false, vec![Fault::ReceiverNotConfirmed]),
        ("may not sign", |order, _| receiver(order).may_sign = false, vec![Fault::ReceiverMayNotSign]),
        ("unsaid", |order, _| order.delivery.pays_on_delivery = None, vec![Fault::NoPaymentOnDelivery]),
        (
            "may not pay",
            |order, _| order.delivery.pays_on_delivery = Some(true),
            vec![Fault::ReceiverMayNotPay],
        ),
        (
            "may pay",
            |order, _| {
                order.delivery.pays_on_delivery = Some(true);
                receiver(order).may_pay = true;
            },
            vec![],
        ),
        (
            "another order",
            |_, facts| facts.other_order = Some(OrderId(Uuid::from_u128(7))),
            vec![Fault::OtherOrder { order: OrderId(Uuid::from_u128(7)) }],
        ),
    ];
    for (what, change, faults) in table {
        assert_eq!(faults_of(change), faults, "duty 12: {what}");
    }
}

#[test]
fn regional_clients_agree_payment_and_arrival() {
    let regional = |regional: Option<Regional>| {
        faults_of(move |order, facts| (order.delivery.regional, facts.is_regional) = (regional, true))
    };
    let payment = || Some("by transfer".to_owned());
    assert_eq!(regional(None), [Fault::NoRegionalPayment, Fault::NoRegionalArrival], "duty 13");
    let paid = Regional { payment: payment(), ..Regional::default() };
    assert_eq!(regional(Some(paid.clone())), [Fault::NoRegionalArrival]);
    assert_eq!(regional(Some(Regional { shipping: Some("by rail".into()), ..paid.clone() })), []);
    let fetched = Regional { arrival: Some("2026-12-01T10:00:00Z".parse().unwrap()), ..paid };
    assert_eq!(regional(Some(fetched.clone())), []);
    let without_slot = faults_of(|order, facts| {
        (order.delivery.regional, order.delivery.slot, facts.is_regional) = (Some(fetched), None, true);
    });
    assert_eq!(without_slot, [], "who fetches the goods needs no lorry");
}

#[test]
fn the_client_agreed_to_this_total() {
    assert_eq!(faults_of(|order, _| order.agreed_total = None), [Fault::NotReadBack], "duty 12");
    let changed = faults_of(|order, _| order.lines[0].quantity = decimal("3"));
    assert_eq!(changed, [Fault::TotalChanged { agreed: money("4800") }]);
}

#[test]
fn what_the_stock_does_not_suffice_for_is_settled_line_by_line() {
    let settled = |settlement, extra: Option<OrderLine>| {
        agreed(|order, _| {
            order.lines.push(OrderLine { settled: Some(settlement), ..line(2, CHEESE, "40", Unit::Piece) });
            order.lines.extend(extra);
        })
    };
    let wait = settled(Settlement::Wait { until: date(2026, 12, 10) }, None);
    assert_eq!((wait.total.gross, wait.faults), (money("4800"), vec![]), "no part of this delivery");
    assert_eq!(settled(Settlement::Drop, None).faults, []);
    let by_wine = Settlement::Substitute { product: TEA };
    assert_eq!(settled(by_wine, None).faults, [], "tea is in the order");
    let by_cup = Settlement::Substitute { product: CUP };
    assert_eq!(settled(by_cup, None).faults, [Fault::NoSubstitute { line: 2 }]);
    let cut = agreed(|order, facts| {
        let settled = Some(Settlement::Cut { wanted: decimal("40") });
        order.lines = vec![OrderLine { settled, ..line(2, CHEESE, "10", Unit::Piece) }];
        owed(facts).credit_left = None;
    });
    assert_eq!((cut.total.gross, cut.faults), (money("19000"), vec![]), "25 kg × 760 by column 3");
}

#[test]
fn a_gift_is_taken_from_the_stock_and_only_given_while_it_lasts() {
    let with_gift = |quantity: i64| {
        agreed(|_, facts| {
            let effect = Effect::Gift { every: 24.into(), product: CUP, quantity: quantity.into() };
            facts.promotions = vec![promotion("cups", effect)];
        })
    };
    let gifts = |examined: &Examined| examined.lines[0].gifts.clone();
    let expected = vec![Gift { promotion: PromotionId("cups".into()), product: CUP, quantity: decimal("2") }];
    assert_eq!((gifts(&with_gift(1)), with_gift(1).faults), (expected, vec![]), "duty 23");
    assert_eq!((gifts(&with_gift(2)), with_gift(2).faults), (vec![], vec![]), "three cups, four promised");
}

#[test]
fn a_gift_takes_nothing_that_a_later_line_has_ordered() {
    let both = agreed(|order, facts| {
        order.lines.push(line(2, CHEESE, "20", Unit::Piece));
        let effect = Effect::Gift { every: 24.into(), product: CHEESE, quantity: 1.into() };
        facts.promotions = vec![promotion("cheese", effect)];
        owed(facts).credit_left = None;
    });
    assert_eq!((both.lines[0].gifts.len(), both.faults), (0, vec![]));
}

#[test]
fn credit_in_another_currency_is_somebody_s_decision() {
    let faults = faults_of(|_, facts| owed(facts).currency = "KRW".into());
    assert_eq!(faults, [Fault::OtherCurrency]);
}

#[test]
fn a_promotion_shows_in_the_line_with_its_name() {
    let examined = agreed(|_, facts| {
        facts.promotions = vec![promotion("tea week", Effect::Off(Percent(decimal("5"))))];
    });
    let price = &examined.lines[0].price;
    assert_eq!((price.amount, price.promotions.len()), (money("95"), 1));
    assert_eq!(examined.total.gross, money("4560"));
}

/// Small numbers from a seed (splitmix64), so that each run tells the same stories.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[test]
fn whatever_is_ordered_the_total_is_the_sum_of_its_lines_and_no_stock_is_promised_twice() {
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let mut facts = facts();
        for column in &mut facts.columns {
            column.basis = if dice.below(2) == 0 { TaxBasis::Gross } else { TaxBasis::Net };
            column.currency = ["RUB", "KRW", "KWD"][usize::try_from(dice.below(3)).unwrap()].into();
        }
        facts.tax_rates[0].rate = Percent(Decimal::new(i64::try_from(dice.below(2_500)).unwrap(), 2));
        for goods in facts.goods.values_mut() {
            goods.available = dice.below(400).into();
            for price in goods.prices.columns.values_mut() {
                *price = Money(Decimal::new(i64::try_from(dice.below(1_000_000)).unwrap(), 4));
            }
        }
        let mut order = order();
        order.lines = (1..=u32::try_from(dice.below(8)).unwrap())
            .map(|number| {
                let product = [TEA, CHEESE, WINE, CUP][usize::try_from(dice.below(4)).unwrap()];
                let unit = if product == TEA && dice.below(2) == 0 { Unit::Case } else { Unit::Piece };
                line(number, product, &dice.below(30).to_string(), unit)
            })
            .collect();
        let examined = examine(&order, &facts);
        let sum = examined.lines.iter().fold(Sum::default(), |sum, line| sum.and(line.sum).unwrap());
        assert_eq!(examined.total, sum, "seed {seed}");
        for Sum { net, tax, gross } in examined.lines.iter().map(|line| line.sum).chain([examined.total]) {
            assert_eq!(net.0 + tax.0, gross.0, "seed {seed}");
            assert!(net.0 >= Decimal::ZERO && tax.0 >= Decimal::ZERO, "seed {seed}");
        }
        assert!(examined.most >= examined.total.gross, "seed {seed}");
        if examined.faults.iter().any(|fault| matches!(fault, Fault::OutOfStock { .. })) {
            continue;
        }
        for (product, goods) in &facts.goods {
            let of = |line: &&OrderLine| line.product == *product;
            let measured = order.lines.iter().filter(of);
            let promised: Decimal = measured
                .filter_map(|line| goods.product.measure(line.quantity, line.unit).ok())
                .map(|measured| measured.counted)
                .sum();
            assert!(promised <= goods.available, "seed {seed}: {promised} of {}", goods.available);
        }
    }
}
