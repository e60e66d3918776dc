//! What the rules say in so many situations: one thing is different each time. A row stands in one line: rule, what is
//! different, and what is said of the order then.

use super::*;
use crate::domain::trade::price::ColumnRule;
use crate::domain::trade::promotion::Promotion;

type Change = fn(&mut Order, &mut Facts);

/// What is said of an order: how far it goes, what it comes to, by which column, and what stands in the way.
fn said(examined: &Examined) -> String {
    let way = match examined.severity() {
        None => "placed",
        Some(Severity::Warns) => "placed, warns",
        Some(Severity::Holds) => "held",
        Some(Severity::Stops) => "stops",
    };
    let mut said = format!("{way} {}", examined.total.gross.0.normalize());
    if let Some(choice) = &examined.column {
        said += &format!(" by {}", choice.column.0);
    }
    if examined.lines.iter().any(|line| line.is_about) {
        said += &format!(" about, {} at most", examined.most.0.normalize());
    }
    for gift in examined.lines.iter().flat_map(|line| &line.gifts) {
        said += &format!(" and {} for nothing", gift.quantity.normalize());
    }
    for fault in &examined.faults {
        let value = serde_json::to_value(fault).unwrap();
        let mut words = vec![value["rule"].as_str().unwrap().to_owned()];
        let detail = |(key, value): (&String, &serde_json::Value)| {
            let value = match (value.as_str(), value["why"].as_str()) {
                (Some(text), _) => text.to_owned(),
                (None, Some("not_multiple")) => {
                    let number = |name: &str| value[name].as_str().unwrap().to_owned();
                    format!("not_multiple, {} or {}", number("below"), number("above"))
                }
                (None, Some(why)) => why.to_owned(),
                (None, None) => value.to_string(),
            };
            (key != "rule" && !value.contains("0000-")).then(|| format!("{key}={value}"))
        };
        words.extend(value.as_object().unwrap().iter().filter_map(detail));
        said += &format!("; {}", words.join(" "));
    }
    said
}

/// An order with one thing changed, read to the client as it is then, unless the change says otherwise.
fn situation(change: Change) -> String {
    let (mut order, mut facts) = (order(), facts());
    let unchanged = Some(money("-1"));
    order.agreed_total = unchanged;
    change(&mut order, &mut facts);
    if order.agreed_total == unchanged {
        order.agreed_total = Some(examine(&order, &facts).total.gross);
    }
    said(&examine(&order, &facts))
}

fn all_as_said(situations: &[(&str, &str, Change, &str)]) {
    let wrong: Vec<_> = situations
        .iter()
        .filter_map(|(rule, what, change, expected)| {
            let found = situation(*change);
            (found != *expected).then(|| format!("{rule}, {what}:\n  {found}\n  not {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn of(order: &mut Order, product: ProductId, quantity: &str, unit: Unit) {
    order.lines = vec![line(1, product, quantity, unit)];
}

fn also(order: &mut Order, product: ProductId, quantity: &str, unit: Unit) {
    let number = u32::try_from(order.lines.len()).unwrap() + 1;
    order.lines.push(line(number, product, quantity, unit));
}

fn unlimited(facts: &mut Facts) {
    owed(facts).credit_left = None;
}

fn credit(facts: &mut Facts, left: &str) {
    owed(facts).credit_left = Some(money(left));
}

fn goods_of(facts: &mut Facts, product: ProductId) -> &mut Goods {
    facts.goods.get_mut(&product).unwrap()
}

fn entities(facts: &mut Facts) {
    facts.payers = vec![EntityId("ooo".into()), EntityId("ip".into())];
}

fn promote<'a>(facts: &'a mut Facts, id: &str, effect: Effect) -> &'a mut Promotion {
    facts.promotions.push(promotion(id, effect));
    facts.promotions.last_mut().unwrap()
}

fn off(percent: i64) -> Effect {
    Effect::Off(Percent(percent.into()))
}

fn gift(every: i64, product: ProductId, quantity: i64) -> Effect {
    Effect::Gift { every: every.into(), product, quantity: quantity.into() }
}

fn rule<'a>(facts: &'a mut Facts, column: &str) -> &'a mut ColumnRule {
    let rule = ColumnRule {
        column: column_id(column),
        client_types: Vec::new(),
        order_from: None,
        month_from: None,
        since: None,
        until: None,
    };
    facts.column_rules.insert(0, rule);
    &mut facts.column_rules[0]
}

fn settle(order: &mut Order, settlement: Settlement) {
    also(order, CHEESE, "40", Unit::Piece);
    order.lines[1].settled = Some(settlement);
}

#[test]
#[rustfmt::skip]
fn who_may_order_and_on_whose_account() {
    all_as_said(&[
        ("duty 3", "an old client of a market", |_, _| {}, "placed 4800 by 2"),
        ("duty 3", "a key client", |_, f| f.served_by = ServedBy::KeyManager, "held 4800 by 2; not_for_operators served_by=key_manager"),
        ("duty 15", "a new client", |_, f| f.served_by = ServedBy::Head, "held 4800 by 2; not_for_operators served_by=head"),
        ("duty 5", "a kopeck is overdue", |_, f| owed(f).overdue = money("0.01"), "held 4800 by 2; overdue amount=0.01"),
        ("duty 5", "a kopeck over the limit", |_, f| owed(f).over_limit = money("0.01"), "held 4800 by 2; over_limit amount=0.01"),
        ("duty 5", "overdue and over the limit", |_, f| (owed(f).overdue, owed(f).over_limit) = (money("5"), money("7")), "held 4800 by 2; overdue amount=5; over_limit amount=7"),
        ("T2", "nobody knows what is owed", |_, f| f.standing = None, "held 4800 by 2; standing_unknown"),
        ("duty 5", "a debtor who is a key client", |_, f| (f.served_by, owed(f).overdue) = (ServedBy::KeyManager, money("5")), "held 4800 by 2; not_for_operators served_by=key_manager; overdue amount=5"),
        ("duty 9", "credit to the last kopeck", |_, f| credit(f, "4800"), "placed 4800 by 2"),
        ("duty 9", "a kopeck less", |_, f| credit(f, "4799.99"), "held 4800 by 2; over_credit by=0.01"),
        ("duty 9", "no credit left", |_, f| credit(f, "0"), "held 4800 by 2; over_credit by=4800"),
        ("duty 9", "no limit agreed", |_, f| unlimited(f), "placed 4800 by 2"),
        ("T3", "pays first, without any credit", |_, f| (f.is_prepaid, owed(f).credit_left) = (true, Some(Money::ZERO)), "placed 4800 by 2"),
        ("T3", "pays first, and owes from before", |_, f| (f.is_prepaid, owed(f).overdue) = (true, money("5")), "held 4800 by 2; overdue amount=5"),
        ("T3", "pays first, nobody knows the account", |_, f| (f.is_prepaid, f.standing) = (true, None), "held 4800 by 2; standing_unknown"),
        ("T14", "credit in another currency", |_, f| owed(f).currency = "KRW".into(), "held 4800 by 2; other_currency"),
        ("T14", "another currency, without a limit", |_, f| { owed(f).currency = "KRW".into(); unlimited(f); }, "placed 4800 by 2"),
        ("T14", "another currency, pays first", |_, f| (owed(f).currency, f.is_prepaid) = ("KRW".into(), true), "placed 4800 by 2"),
        ("T1", "two entities, nobody said", |_, f| entities(f), "stops 4800 by 2; no_payer"),
        ("T1", "two entities, one said", |o, f| { entities(f); o.payer = Some(EntityId("ip".into())); }, "placed 4800 by 2"),
        ("T1", "an entity of somebody else", |o, f| { entities(f); o.payer = Some(EntityId("zao".into())); }, "stops 4800 by 2; unknown_payer"),
        ("T1", "the only one, said nevertheless", |o, _| o.payer = Some(EntityId("main".into())), "placed 4800 by 2"),
        ("T16", "goods to the entity that pays", |o, _| o.delivery.consignee = Some(EntityId("main".into())), "placed 4800 by 2"),
        ("T16", "goods to another entity of the client", |o, f| { f.consignees.insert(EntityId("shop".into())); o.delivery.consignee = Some(EntityId("shop".into())); }, "placed 4800 by 2"),
        ("T16", "goods to an entity of somebody else", |o, _| o.delivery.consignee = Some(EntityId("zao".into())), "stops 4800 by 2; unknown_consignee"),
        ("T15", "held and stopped is stopped", |o, f| { owed(f).overdue = money("5"); o.delivery.slot = None; }, "stops 4800 by 2; overdue amount=5; no_slot"),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_can_be_had_and_in_what() {
    all_as_said(&[
        ("T4", "by the case", |o, _| of(o, TEA, "1", Unit::Case), "placed 2400 by 2"),
        ("T4", "by the piece, in sixes", |o, _| of(o, TEA, "12", Unit::Piece), "placed 1200 by 2"),
        ("T4", "seven pieces of what goes in sixes", |o, _| of(o, TEA, "7", Unit::Piece), "stops 0 by 2; quantity fault=not_multiple, 6 or 12 line=1"),
        ("T4", "half a case", |o, _| of(o, TEA, "0.5", Unit::Case), "stops 0 by 2; quantity fault=not_multiple, 0 or 1 line=1"),
        ("T4", "a pallet of what has none", |o, _| of(o, TEA, "1", Unit::Pallet), "stops 0 by 2; quantity fault=not_packed_so line=1"),
        ("T4", "nothing of it", |o, _| of(o, TEA, "0", Unit::Case), "stops 0 by 2; quantity fault=not_positive line=1"),
        ("T4", "less than nothing", |o, _| of(o, TEA, "-1", Unit::Case), "stops 0 by 2; quantity fault=not_positive line=1"),
        ("T4", "cases and pieces of one thing", |o, _| also(o, TEA, "6", Unit::Piece), "placed 5400 by 2"),
        ("T4", "kilograms of what is sold by the piece", |o, _| of(o, TEA, "3", Unit::Kilogram), "stops 0 by 2; quantity fault=not_packed_so line=1"),
        ("T4", "beyond all figures", |o, _| o.lines[0].quantity = Decimal::MAX, "stops 0 by 2; quantity fault=too_much line=1"),
        ("T13", "nothing at all", |o, _| o.lines.clear(), "stops 0 by 2; empty"),
        ("T13", "two lines of one number", |o, _| o.lines.push(line(1, CHEESE, "1", Unit::Piece)), "stops 4800 by 2; line_twice line=1"),
        ("T11", "wine without a permission", |o, _| also(o, WINE, "1", Unit::Piece), "stops 5300 by 2; not_permitted line=2 permission=alcohol"),
        ("T11", "wine with one", |o, f| { also(o, WINE, "1", Unit::Piece); f.permissions.insert("alcohol".into()); }, "placed 5300 by 2"),
        ("T11", "wine with another one", |o, f| { also(o, WINE, "1", Unit::Piece); f.permissions.insert("tobacco".into()); }, "stops 5300 by 2; not_permitted line=2 permission=alcohol"),
        ("T8", "no price in the column", |o, _| also(o, CUP, "1", Unit::Piece), "stops 4800 by 2; no_price line=2"),
        ("T7", "no rate for it", |_, f| f.tax_rates.clear(), "stops 0 by 2; no_price line=1"),
        ("duty 18", "not in the assortment", |o, _| also(o, ProductId(Uuid::from_u128(99)), "1", Unit::Piece), "stops 4800 by 2; unknown_product line=2"),
        ("T6", "all that there is", |o, f| { of(o, TEA, "10", Unit::Case); unlimited(f); }, "placed 21600 by 3"),
        ("T6", "one case more", |o, f| { of(o, TEA, "11", Unit::Case); unlimited(f); }, "stops 23760 by 3; out_of_stock available=240 line=1"),
        ("T6", "the second line gets what the first leaves", |o, f| { of(o, TEA, "9", Unit::Case); also(o, TEA, "30", Unit::Piece); unlimited(f); }, "stops 22140 by 3; out_of_stock available=24 line=2"),
        ("T6", "more was promised than there is", |_, f| goods_of(f, TEA).available = decimal("-24"), "stops 4800 by 2; out_of_stock available=0 line=1"),
        ("T5", "whole cheeses, weighed later", |o, _| of(o, CHEESE, "1", Unit::Piece), "placed 2000 by 2 about, 2200 at most"),
        ("T5", "credit for the most that they weigh", |o, f| { of(o, CHEESE, "4", Unit::Piece); credit(f, "8800"); }, "placed 8000 by 2 about, 8800 at most"),
        ("T5", "a kopeck less than that", |o, f| { of(o, CHEESE, "4", Unit::Piece); credit(f, "8799.99"); }, "held 8000 by 2 about, 8800 at most; over_credit by=0.01"),
        ("T5", "half a cheese", |o, _| of(o, CHEESE, "0.5", Unit::Piece), "stops 0 by 2; quantity fault=not_multiple, 0 or 1 line=1"),
        ("T5", "weighed and counted together", |o, _| also(o, CHEESE, "1", Unit::Piece), "placed 6800 by 2 about, 7000 at most"),
        ("T12", "wait until there is more", |o, _| settle(o, Settlement::Wait { until: date(2026, 12, 10) }), "placed 4800 by 2"),
        ("T12", "dropped", |o, _| settle(o, Settlement::Drop), "placed 4800 by 2"),
        ("T12", "tea in its place, which is ordered", |o, _| settle(o, Settlement::Substitute { product: TEA }), "placed 4800 by 2"),
        ("T12", "a cup in its place, which is not", |o, _| settle(o, Settlement::Substitute { product: CUP }), "stops 4800 by 2; no_substitute line=2"),
        ("T12", "cut to what there is", |o, f| { of(o, CHEESE, "20", Unit::Piece); o.lines[0].settled = Some(Settlement::Cut { wanted: decimal("40") }); unlimited(f); }, "placed 38000 by 3 about, 41800 at most"),
        ("T12", "cut, and still too much", |o, f| { of(o, CHEESE, "21", Unit::Piece); o.lines[0].settled = Some(Settlement::Cut { wanted: decimal("40") }); unlimited(f); }, "stops 39900 by 3 about, 43890 at most; out_of_stock available=20 line=1"),
        ("T12", "everything waits", |o, _| o.lines[0].settled = Some(Settlement::Drop), "stops 0 by 2; empty"),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_it_costs() {
    all_as_said(&[
        ("T8", "the column of everybody", |_, _| {}, "placed 4800 by 2"),
        ("duty 10", "a kopeck below the bound", |o, f| { goods_of(f, TEA).prices.columns.insert(column_id("2"), money("83.33")); of(o, TEA, "5", Unit::Case); }, "placed 9999.6 by 2"),
        ("duty 10", "from the bound on", |o, f| { of(o, TEA, "5", Unit::Case); unlimited(f); }, "placed 10800 by 3"),
        ("duty 10", "its own discount does not take it below", |o, f| { goods_of(f, TEA).prices.columns.insert(column_id("3"), money("50")); of(o, TEA, "5", Unit::Case); }, "placed 6000 by 3"),
        ("duty 10", "the operator chooses the dearer", |o, f| { of(o, TEA, "5", Unit::Case); o.column = Some(column_id("2")); unlimited(f); }, "placed 12000 by 2"),
        ("duty 10", "the operator may not choose the cheaper", |o, _| o.column = Some(column_id("3")), "stops 4800 by 2; column_not_permitted"),
        ("duty 10", "a column that there is not", |o, _| o.column = Some(column_id("9")), "stops 4800 by 2; column_not_permitted"),
        ("T8", "no rule fits", |_, f| f.column_rules.clear(), "stops 0; no_column"),
        ("T8", "the rule of another type", |_, f| rule(f, "3").client_types = vec![ClientTypeId("key".into())], "placed 4800 by 2"),
        ("T8", "the rule of this type", |_, f| rule(f, "3").client_types = vec![ClientTypeId("market".into())], "placed 4320 by 3"),
        ("T8", "bought enough this month", |_, f| { f.buyer.month = money("50000"); rule(f, "3").month_from = Some(money("50000")); }, "placed 4320 by 3"),
        ("T8", "a kopeck less this month", |_, f| { f.buyer.month = money("49999.99"); rule(f, "3").month_from = Some(money("50000")); }, "placed 4800 by 2"),
        ("duty 23", "a programme from today on", |_, f| rule(f, "3").since = Some(TODAY), "placed 4320 by 3"),
        ("duty 23", "a programme from tomorrow on", |_, f| rule(f, "3").since = TODAY.tomorrow().ok(), "placed 4800 by 2"),
        ("duty 23", "a programme until today", |_, f| rule(f, "3").until = Some(TODAY), "placed 4320 by 3"),
        ("duty 23", "a programme until yesterday", |_, f| rule(f, "3").until = TODAY.yesterday().ok(), "placed 4800 by 2"),
        ("T8", "the column of the contract", |_, f| f.buyer.contract = Some(column_id("3")), "placed 4320 by 3"),
        ("T8", "a contract's column that the list has not", |_, f| f.buyer.contract = Some(column_id("9")), "stops 0 by 9; no_column"),
        ("T8", "a price agreed in writing", |_, f| goods_of(f, TEA).prices.contract = Some(money("70")), "placed 3360 by 2"),
        ("T8", "agreed in writing, above the column", |_, f| goods_of(f, TEA).prices.contract = Some(money("110")), "placed 5280 by 2"),
        ("T7", "prices without tax", |_, f| f.columns[0].basis = TaxBasis::Net, "placed 5280 by 2"),
        ("T7", "another rate from tomorrow on: delivered then", |_, f| { f.columns[0].basis = TaxBasis::Net; f.tax_rates.push(TaxRate { kind: "food".into(), since: TODAY.tomorrow().unwrap(), rate: Percent(20.into()), }); }, "placed 5760 by 2"),
        ("T7", "another rate after the delivery", |_, f| { f.columns[0].basis = TaxBasis::Net; f.tax_rates.push(TaxRate { kind: "food".into(), since: date(2026, 12, 2), rate: Percent(20.into()), }); }, "placed 5280 by 2"),
        ("T7", "half a kopeck goes up, in the sum and in the tax", |o, f| { f.columns[0].basis = TaxBasis::Net; goods_of(f, TEA).prices.columns.insert(column_id("2"), money("200.0075")); of(o, TEA, "6", Unit::Piece); }, "placed 1320.06 by 2"),
        ("T7", "won have no hundredths", |_, f| { for column in &mut f.columns { column.currency = "KRW".into(); } owed(f).currency = "KRW".into(); goods_of(f, TEA).prices.columns.insert(column_id("2"), money("100.3")); }, "placed 4814 by 2"),
        ("T9", "five per cent off", |_, f| { promote(f, "week", off(5)); }, "placed 4560 by 2"),
        ("T9", "a fixed price", |_, f| { promote(f, "week", Effect::Price(money("80"))); }, "placed 3840 by 2"),
        ("T9", "a fixed price above the column", |_, f| { promote(f, "week", Effect::Price(money("180"))); }, "placed 4800 by 2"),
        ("T9", "over since yesterday", |_, f| promote(f, "week", off(5)).until = TODAY.yesterday().unwrap(), "placed 4800 by 2"),
        ("T9", "its last day", |_, f| promote(f, "week", off(5)).until = TODAY, "placed 4560 by 2"),
        ("T9", "not begun", |_, f| promote(f, "week", off(5)).since = TODAY.tomorrow().unwrap(), "placed 4800 by 2"),
        ("T9", "for other goods", |_, f| promote(f, "week", off(5)).products = vec![CHEESE], "placed 4800 by 2"),
        ("T9", "for these goods", |_, f| promote(f, "week", off(5)).products = vec![TEA], "placed 4560 by 2"),
        ("T9", "for another type of clients", |_, f| promote(f, "week", off(5)).client_types = vec![ClientTypeId("key".into())], "placed 4800 by 2"),
        ("T9", "from 48 pieces on", |_, f| promote(f, "week", off(5)).at_least = Some(48.into()), "placed 4560 by 2"),
        ("T9", "from 49 pieces on", |_, f| promote(f, "week", off(5)).at_least = Some(49.into()), "placed 4800 by 2"),
        ("T9", "two, one after the other", |_, f| { promote(f, "a", off(50)); promote(f, "b", off(50)); }, "placed 1200 by 2"),
        ("T9", "two that exclude each other", |_, f| { promote(f, "a", off(10)).exclusive = Some("x".into()); promote(f, "b", off(50)).exclusive = Some("x".into()); }, "placed 4320 by 2"),
        ("T9", "the higher of two that exclude each other", |_, f| { promote(f, "a", off(10)).exclusive = Some("x".into()); let b = promote(f, "b", off(50)); b.exclusive = Some("x".into()); b.priority = 1; }, "placed 2400 by 2"),
        ("T9", "not below the floor", |_, f| { goods_of(f, TEA).prices.floor = Some(money("90")); promote(f, "week", off(50)); }, "placed 4320 by 2"),
        ("T9", "below the floor without it", |_, f| { goods_of(f, TEA).prices.floor = Some(money("120")); promote(f, "week", off(50)); }, "placed 4800 by 2"),
        ("T9", "not beside what was agreed in writing", |_, f| { goods_of(f, TEA).prices.contract = Some(money("100")); promote(f, "week", off(5)); }, "placed 4800 by 2"),
        ("T9", "beside it where it says so", |_, f| { goods_of(f, TEA).prices.contract = Some(money("100")); promote(f, "week", off(5)).on_contract_prices = true; }, "placed 4560 by 2"),
        ("T9", "a gift for each full 24", |_, f| { promote(f, "cups", gift(24, CUP, 1)); }, "placed 4800 by 2 and 2 for nothing"),
        ("T9", "a gift for each full 25", |_, f| { promote(f, "cups", gift(25, CUP, 1)); }, "placed 4800 by 2 and 1 for nothing"),
        ("T9", "a gift for 49", |_, f| { promote(f, "cups", gift(49, CUP, 1)); }, "placed 4800 by 2"),
        ("T9", "a gift that is gone", |_, f| { promote(f, "cups", gift(24, CUP, 2)); }, "placed 4800 by 2"),
        ("T9", "a gift of the goods themselves, all ordered", |o, f| { of(o, TEA, "10", Unit::Case); unlimited(f); promote(f, "tea", gift(24, TEA, 1)); }, "placed 21600 by 3"),
        ("T9", "a promotion takes no order below the bound", |o, f| { of(o, TEA, "5", Unit::Case); promote(f, "week", off(50)); }, "placed 5400 by 3"),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_is_offered_first() {
    all_as_said(&[
        ("duty 7", "nothing was offered", |o, _| o.offers.clear(), "stops 4800 by 2; too_few_offers missing=3"),
        ("duty 7", "two of three", |o, _| o.offers.truncate(2), "stops 4800 by 2; too_few_offers missing=1"),
        ("duty 7", "one thing three times", |o, _| o.offers = vec![offer(11, OfferAnswer::Price); 3], "stops 4800 by 2; too_few_offers missing=2"),
        ("duty 7", "the client wants to hear none", |o, _| (o.no_offers, o.offers) = (true, Vec::new()), "placed 4800 by 2"),
        ("duty 7", "nothing fits", |o, f| (o.offers, f.least_offers) = (Vec::new(), 0), "placed 4800 by 2"),
        ("duty 7", "the company asks for four", |_, f| f.least_offers = 4, "stops 4800 by 2; too_few_offers missing=1"),
        ("duty 7", "taken, and in the order", |o, _| { o.offers.push(OfferMade { product: TEA, kind: OfferKind::New, answer: OfferAnswer::Taken }) }, "placed 4800 by 2"),
        ("duty 7", "taken, and not in the order", |o, _| { o.offers.push(OfferMade { product: CUP, kind: OfferKind::New, answer: OfferAnswer::Taken }) }, "stops 4800 by 2; taken_but_not_ordered"),
        ("duty 7", "declined, and in the order after all", |o, _| { o.offers.push(OfferMade { product: TEA, kind: OfferKind::New, answer: OfferAnswer::Price }) }, "placed 4800 by 2"),
    ]);
}

#[test]
#[rustfmt::skip]
fn when_where_and_to_whom_it_comes() {
    all_as_said(&[
        ("duty 12", "no address", |o, _| o.delivery.address = None, "stops 4800 by 2; no_address"),
        ("duty 12", "somebody else's address", |o, _| o.delivery.address = Some(2), "stops 4800 by 2; no_address"),
        ("duty 12", "no day", |o, _| o.delivery.slot = None, "stops 4800 by 2; no_slot"),
        ("T10", "the lorry is full", |_, f| f.slot = Err(SlotFault::Full), "stops 4800 by 2; slot fault=full"),
        ("T10", "it does not go then", |_, f| f.slot = Err(SlotFault::NoSuchSlot), "stops 4800 by 2; slot fault=no_such_slot"),
        ("T10", "no lorry goes there, no day needed", |o, f| { f.off_route = [1].into(); o.delivery.slot = None; }, "placed 4800 by 2"),
        ("T10", "a kopeck below what the route is worth", |_, f| f.minimum = Some(money("4800.01")), "held 4800 by 2; below_minimum minimum=4800.01"),
        ("T10", "just what the route is worth", |_, f| f.minimum = Some(money("4800")), "placed 4800 by 2"),
        ("T10", "a route without a least sum", |o, f| { f.minimum = None; of(o, TEA, "6", Unit::Piece); }, "placed 600 by 2"),
        ("duty 12", "nobody takes it", |o, _| o.delivery.receiver = None, "stops 4800 by 2; no_receiver"),
        ("duty 12", "a receiver without a name", |o, _| receiver(o).name = "  ".into(), "stops 4800 by 2; no_receiver"),
        ("duty 12", "a receiver without a telephone", |o, _| receiver(o).phone.clear(), "stops 4800 by 2; no_receiver"),
        ("duty 12", "nobody said that they are there", |o, _| receiver(o).confirmed = false, "stops 4800 by 2; receiver_not_confirmed"),
        ("duty 12", "may not sign", |o, _| receiver(o).may_sign = false, "stops 4800 by 2; receiver_may_not_sign"),
        ("duty 12", "nobody said who pays when", |o, _| o.delivery.pays_on_delivery = None, "stops 4800 by 2; no_payment_on_delivery"),
        ("duty 12", "pays the driver, and may not", |o, _| o.delivery.pays_on_delivery = Some(true), "stops 4800 by 2; receiver_may_not_pay"),
        ("duty 12", "pays the driver, and may", |o, _| { o.delivery.pays_on_delivery = Some(true); receiver(o).may_pay = true; }, "placed 4800 by 2"),
        ("duty 12", "may pay, and need not", |o, _| receiver(o).may_pay = true, "placed 4800 by 2"),
        ("T15", "another order for that day", |_, f| f.other_order = Some(OrderId(Uuid::from_u128(7))), "placed, warns 4800 by 2; other_order"),
        ("duty 13", "regional, nothing said", |_, f| f.is_regional = true, "stops 4800 by 2; no_regional_payment; no_regional_arrival"),
        ("duty 13", "regional, payment said", |o, f| { f.is_regional = true; o.delivery.regional = Some(Regional { payment: Some("by transfer".into()), ..Regional::default() }); }, "stops 4800 by 2; no_regional_arrival"),
        ("duty 13", "regional, shipped by rail", |o, f| { f.is_regional = true; o.delivery.regional = Some(Regional { payment: Some("by transfer".into()), shipping: Some("by rail".into()), ..Regional::default() }); }, "placed 4800 by 2"),
        ("duty 13", "regional, shipped, without a lorry of ours", |o, f| { f.is_regional = true; o.delivery.slot = None; o.delivery.regional = Some(Regional { payment: Some("by transfer".into()), shipping: Some("by rail".into()), ..Regional::default() }); }, "placed 4800 by 2"),
        ("duty 13", "regional, empty words", |o, f| { f.is_regional = true; o.delivery.regional = Some(Regional { payment: Some(" ".into()), shipping: Some(" ".into()), ..Regional::default() }); }, "stops 4800 by 2; no_regional_payment; no_regional_arrival"),
        ("duty 13", "not regional, said nevertheless", |o, _| o.delivery.regional = Some(Regional::default()), "placed 4800 by 2"),
        ("T13", "not read back", |o, _| o.agreed_total = None, "stops 4800 by 2; not_read_back"),
        ("T13", "another total was agreed", |o, _| o.agreed_total = Some(money("4799.99")), "stops 4800 by 2; total_changed agreed=4799.99"),
        ("T13", "the same total, written otherwise", |o, _| o.agreed_total = Some(money("4800.00")), "placed 4800 by 2"),
        ("T13", "a line came after the read-back", |o, _| { o.agreed_total = Some(money("4800")); also(o, TEA, "6", Unit::Piece); }, "stops 5400 by 2; total_changed agreed=4800"),
    ]);
}
