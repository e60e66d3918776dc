//! Orders taken in a call, key by key.

use super::*;
use crate::desk_api::{
    Change, Goods, Order, OrderAct, OrderNews, OrderReceipt, OrderState, ServedBy, Sought, Terms,
};
use crate::domain::trade::offer::OfferAnswer;
use crate::domain::trade::order::Settlement;

/// Ten products, two habits, one address: see the file.
pub(super) fn terms() -> Terms {
    let terms = serde_json::from_str(include_str!("../../../tests/data/terms.json")).unwrap();
    Terms { client: hanbit().id, ..terms }
}

/// In a call with a client whose terms are known.
fn talking_with(change: impl FnOnce(&mut Terms)) -> World {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    let mut terms = terms();
    change(&mut terms);
    world.handle(Input::Terms { client: hanbit().id, answer: Ok(Box::new(terms)) });
    world.answered(FIRST);
    world.pass(1);
    world.wishes.clear();
    world
}

pub(super) fn talking() -> World {
    talking_with(|_| {})
}

impl World {
    pub(super) fn form(&self) -> OrderForm {
        self.shown().lists.order.clone().expect("the form is open")
    }

    /// As the field tells it: each character with what stands there.
    pub(super) fn types(&mut self, text: &str) {
        for character in text.chars() {
            self.now = self.now + Duration::from_millis(400);
            let typed = format!("{}{character}", self.form().text);
            self.act(Act::OrderTyped(typed));
        }
    }

    pub(super) fn enters(&mut self, text: &str) {
        self.types(text);
        self.now = self.now + Duration::from_millis(400);
        self.act(Act::OrderEnter);
    }

    pub(super) fn kept(&mut self) -> Vec<Order> {
        let wishes = std::mem::take(&mut self.wishes).into_iter();
        wishes
            .filter_map(|wish| if let Wish::KeepOrder(order) = wish { Some(*order) } else { None })
            .collect()
    }

    pub(super) fn last_kept(&mut self) -> Order {
        self.kept().pop().expect("the order is kept")
    }

    pub(super) fn receives(&mut self, order: &Order, state: OrderState, number: Option<u64>) {
        let known =
            crate::domain::trade::examine::examine(order, &terms().facts(order, &Default::default(), false));
        self.handle(Input::Order(OrderNews::Answered(Box::new(OrderReceipt {
            id: order.id,
            revision: order.revision,
            change: Change::Replaced,
            state,
            number,
            examined: known,
            reserved_until: None,
        }))));
    }

    /// All that has to be agreed, by digits.
    pub(super) fn agrees(&mut self) {
        self.press("Ctrl+Enter");
        for _ in 0..12 {
            let form = self.form();
            if form.status.tone == Tone::Good {
                break;
            }
            // Offers: has enough of it. All others: the first.
            let digit = if form.prompt.starts_with("Offer") { "2" } else { "1" };
            self.types(digit);
        }
    }
}

fn steps(form: &OrderForm) -> Vec<String> {
    form.steps.iter().map(|step| format!("{}: {} [{}]", step.label, step.value, step.fault)).collect()
}

#[test]
fn an_order_is_taken_and_placed_by_keys_alone() {
    let mut world = talking();
    world.press("F1");
    assert!(world.wishes.contains(&Wish::Focus(Field::Order)));
    world.enters("tea");
    assert_eq!(world.form().prompt, "Black tea 100 g: how much? Usually 3 cases");
    world.enters("4");
    let form = world.form();
    let [line] = form.lines.as_slice() else { panic!("{form:?}") };
    assert_eq!(
        (line.quantity.as_str(), line.counted.as_str(), line.price.as_str(), line.sum.as_str()),
        ("4 cases", "= 96 pieces", "₽55.00", "₽5,280.00")
    );
    assert_eq!(line.detail, "last time 3 cases");
    assert_eq!((form.prompt.as_str(), form.text.as_str()), ("Product, or quantity and product", ""));
    world.agrees();
    assert_eq!(
        steps(&world.form()),
        [
            "Address: Moscow, Market 3, row 12 []",
            "Time: Wed 6 May, 09:00–13:00 []",
            "Receiver: Anna Kim · +7 916 555-01-42 · may sign and pay []",
            "Payment: the driver gets the money []",
            "Note:  []",
            "Read and agreed: ₽5,280.00 []",
        ]
    );
    assert_eq!(world.form().offers_heading, "Offers: 3 of 3");
    let order = world.last_kept();
    world.press("Ctrl+Enter");
    let placed = Wish::PlaceOrder { id: order.id, revision: order.revision };
    assert!(world.wishes.contains(&placed));
    assert_eq!(world.form().status.text, "The order desk is asked…", "never placed before the desk says so");
    world.receives(&order, OrderState::Placed, Some(10427));
    assert_eq!(world.form().status.text, "Order 10427 is placed");
    assert!(world.spoken().contains(&"Order 10427 is placed".to_owned()));
    world.ended(FIRST, CallOutcome::Completed, 60);
    let results = world.shown().wrap_up.unwrap().results;
    let chosen: Vec<&str> =
        results.iter().filter(|result| result.chosen).map(|result| result.label.as_str()).collect();
    assert_eq!(chosen, ["order taken"]);
}

#[test]
fn the_order_is_kept_at_every_change_and_each_has_a_higher_revision() {
    let mut world = talking();
    world.press("F1");
    world.enters("coffee");
    world.enters("");
    world.enters("3 case tea");
    world.press("Ctrl+O");
    world.types("3");
    let kept = world.kept();
    let revisions: Vec<u32> = kept.iter().map(|order| order.revision).collect();
    assert_eq!(revisions, [1, 2, 3]);
    let order = kept.last().unwrap();
    let lines: Vec<String> =
        order.lines.iter().map(|line| format!("{} {:?}", line.quantity, line.unit)).collect();
    assert_eq!(lines, ["2 Case", "3 Case"], "as much as usual by Enter, and an amount before the words");
    assert_eq!(order.offers[0].answer, OfferAnswer::Price);
}

#[test]
fn what_is_asked_for_is_answered_by_digits_and_a_key_struck_twice_answers_once() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    world.press("Ctrl+O");
    assert_eq!(world.form().prompt, "Offer: Ground coffee 250 g, usually every 14 days, last on 20 Apr");
    world.types("1");
    assert_eq!(world.form().lines.len(), 2, "taken as much as usual");
    world.press("Ctrl+O");
    world.now = world.now + Duration::from_millis(400);
    world.act(Act::OrderTyped("2".into()));
    assert!(world.form().prompt.starts_with("Offer: Cherry juice"), "{}", world.form().prompt);
    world.act(Act::OrderTyped("2".into()));
    assert!(world.form().prompt.starts_with("Offer: Cherry juice"), "the key was held down");
    world.types("9");
    world.types("6");
    assert_eq!(world.form().offers_heading, "The client wants no offers");
}

#[test]
fn a_line_is_reached_by_the_arrow_and_changed_or_dropped() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    world.enters("2 coffee");
    world.act(Act::OrderMove { down: false });
    assert_eq!(world.form().prompt, "Ground coffee 250 g, 2 cases: how much instead?");
    world.act(Act::OrderMove { down: false });
    assert!(world.form().lines[0].chosen);
    world.enters("30 pcs");
    assert_eq!(world.form().lines[0].quantity, "30 pieces");
    world.act(Act::OrderMove { down: false });
    world.act(Act::OrderDrop);
    assert_eq!(world.form().lines.len(), 1);
    // Out of it, as it was.
    world.act(Act::OrderMove { down: false });
    world.act(Act::OrderMove { down: true });
    assert_eq!(world.form().prompt, "Product, or quantity and product");
}

#[test]
fn an_entry_that_cannot_be_is_not_taken_and_says_what_can() {
    let mut world = talking();
    world.press("F1");
    for (product, quantity, says) in [
        ("sugar", "3", "Not so many: 2 or 4 packs"),
        ("sugar", "1", "Sold from 2 packs on"),
        ("tea", "3 pallets", "It is not packed so"),
        ("tea", "lots", "Type a quantity, such as 12"),
        ("tea", "0", "More than nothing, please"),
    ] {
        world.enters(product);
        world.enters(quantity);
        assert_eq!(world.form().mistake, says, "{product} {quantity}");
        assert_eq!(world.form().lines.len(), 0);
        world.press("Esc");
    }
    world.enters("brandy");
    assert_eq!(world.form().mistake, "This client may not buy it: alcohol");
}

#[test]
fn what_there_is_less_of_stands_beside_its_line_and_is_settled_by_a_digit() {
    for (digit, settled, quantity) in [
        ("1", Settlement::Wait { until: date(2026, 5, 6) }, "2"),
        ("2", Settlement::Wait { until: date(2026, 5, 8) }, "2"),
        ("3", Settlement::Drop, "2"),
    ] {
        let mut world = talking();
        world.press("F1");
        world.enters("2 sugar");
        assert_eq!(world.form().lines[0].fault, "There are only 16 pieces");
        assert!(world.spoken().last().unwrap().contains("There are only 16 pieces"));
        world.act(Act::OrderMove { down: false });
        world.enters("");
        assert_eq!(world.form().prompt, "Sugar 1 kg: there is less. What is agreed?");
        world.types(digit);
        let order = world.last_kept();
        assert_eq!(order.lines[0].settled, Some(settled), "{digit}");
        assert_eq!(order.lines[0].quantity.to_string(), quantity);
    }
    let mut world = talking();
    world.press("F1");
    world.enters("20 pcs sugar");
    world.act(Act::OrderMove { down: false });
    world.enters("");
    assert_eq!(world.form().choices[0].label, "only 16 pieces");
    world.types("1");
    assert_eq!(
        (world.form().lines[0].quantity.as_str(), world.form().lines[0].fault.as_str()),
        ("16 pieces", "")
    );
    assert!(world.form().lines[0].detail.starts_with("wanted 20 pieces"));
    let mut world = talking();
    world.press("F1");
    world.enters("2 sugar");
    world.act(Act::OrderMove { down: false });
    world.enters("");
    world.types("5");
    assert_eq!(world.form().lines[1].name, "Cane sugar 1 kg");
    assert_eq!(world.form().lines[0].detail, "replaced by Cane sugar 1 kg");
    assert!(world.form().lines.iter().all(|line| line.fault.is_empty()));
}

#[test]
fn weighed_goods_are_about_so_much_and_read_in_both_units() {
    let mut world = talking();
    world.press("F1");
    world.enters("2 cheese");
    let form = world.form();
    assert_eq!(form.lines[0].sum, "about ₽3,200.00");
    assert_eq!(form.sums[0].value, "about ₽3,200.00, at most ₽3,456.00, of it tax ₽290.91");
}

#[test]
fn an_empty_order_is_copied_from_the_last_or_the_usual_one() {
    let mut world = talking();
    world.press("F1");
    let copies: Vec<String> =
        world.form().choices.iter().map(|choice| format!("{} {}", choice.key, choice.label)).collect();
    assert_eq!(copies, ["Ctrl+R The last order again", "Ctrl+U The usual order"]);
    world.press("Ctrl+R");
    assert_eq!(world.form().lines.len(), 2);
    world.press("Ctrl+U");
    assert_eq!(world.form().lines.len(), 2, "only an empty one");
    let mut world = talking();
    world.press("F1");
    world.act(Act::OrderMove { down: true });
    world.act(Act::OrderMove { down: true });
    world.act(Act::OrderEnter);
    assert_eq!(world.form().lines.len(), 2, "tea and coffee are due");
}

#[test]
fn the_desk_s_goods_come_behind_those_that_are_known() {
    let mut world = talking();
    world.press("F1");
    world.types("tea");
    let searched = Wish::FindProducts { client: hanbit().id, what: Sought::Words("tea".into()), day: None };
    assert_eq!(world.wishes.last(), Some(&searched));
    let mut other: Goods = terms().goods[0].clone();
    other.product.id = crate::desk_api::ProductId(uuid::Uuid::from_u128(77));
    other.product.name = "Tea with lemon".into();
    let answer = |text: &str| Input::Products {
        client: hanbit().id,
        what: Sought::Words(text.into()),
        answer: Ok(vec![other.clone(), terms().goods[0].clone()]),
    };
    world.handle(answer("te"));
    assert_eq!(world.form().choices.len(), 2, "that was asked before");
    world.handle(answer("tea"));
    let names: Vec<String> = world.form().choices.into_iter().map(|choice| choice.label).collect();
    assert_eq!(names, ["Black tea 100 g · 1001", "Green tea 100 g · 1002", "Tea with lemon · 1001"]);
    assert_eq!(world.spoken().last().map(String::as_str), Some("3 found"));
}

#[test]
fn nobody_orders_for_key_clients_and_debtors_before_all_who_serve_them_were_tried() {
    let (mut debtor, mut key) = (terms(), terms());
    debtor.payers[0].standing.as_mut().unwrap().overdue = Money::from_hundredths(100);
    key.served_by = ServedBy::KeyManager;
    let table = [
        (debtor, "Debt: the manager or the finance department decides. Transfer: F8"),
        (key, "Key client: the manager takes the order. Transfer: F8"),
    ];
    for (known, why) in table {
        let mut world = World::new();
        world.rings(FIRST, HANBIT);
        world.card(FIRST, vec![hanbit()]);
        world.wishes.clear();
        world.handle(Input::Terms { client: hanbit().id, answer: Ok(Box::new(known)) });
        assert_eq!(world.spoken(), [why], "said at the ring");
        world.answered(FIRST);
        world.pass(1);
        world.wishes.clear();
        let row = |world: &World| world.shown().lists.card.rows[0].value.clone();
        assert_eq!(row(&world), why);
        world.press("F1");
        assert!(world.shown().lists.order.is_none());
        assert_eq!(world.spoken(), [why]);
        world.passing_with_return(FIRST, "201");
        world.not_passed(FIRST, "201", Some(486), ClientIs::Kept);
        world.on_the_way(FIRST, ChainNews::NobodyLeft);
        assert!(world.spoken().last().unwrap().starts_with("Nobody took the client. Write down the order"));
        world.press("F1");
        assert_eq!(world.form().title, "Request to the manager: Hanbit Build");
        world.enters("3 tea");
        let row = world.form().sums.pop().unwrap();
        assert_eq!(row.key, "Will be held");
    }
}

#[test]
fn two_calls_have_two_drafts_and_a_dropped_call_leaves_its_own() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let alpha = client("Alpha", "petrov");
    world.rings(SECOND, OTHER);
    world.card(SECOND, vec![alpha.clone()]);
    let answer = Ok(Box::new(Terms { client: alpha.id, ..terms() }));
    world.handle(Input::Terms { client: alpha.id, answer });
    assert_eq!(world.form().title, "Order: Hanbit Build", "who rings takes the form from nobody");
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.answered(SECOND);
    assert!(world.shown().lists.order.is_none());
    world.press("F1");
    world.enters("2 coffee");
    assert_eq!(world.form().title, "Order: Alpha");
    world.ended(FIRST, CallOutcome::Completed, 60);
    assert_eq!(world.form().lines[0].name, "Ground coffee 250 g");
    world.ended(SECOND, CallOutcome::Completed, 60);
    world.pass(30);
    world.rings(FIRST, HANBIT);
    world.press("Esc");
    world.press("Esc");
    world.card(FIRST, vec![hanbit()]);
    let row = world.shown().lists.card.rows[0].clone();
    assert_eq!((row.key.as_str(), row.value.as_str()), ("Order draft", "lines: 1, ₽3,960.00 · F1"));
    world.answered(FIRST);
    world.press("F1");
    assert_eq!(world.form().lines[0].name, "Black tea 100 g");
}

#[test]
fn the_place_key_asks_for_the_first_thing_that_is_missing() {
    let mut world = talking();
    world.press("F1");
    world.press("Ctrl+Enter");
    assert_eq!(world.form().prompt, "Product, or quantity and product");
    world.enters("3 tea");
    assert!(world.form().prompt.starts_with("Offer: Ground coffee"), "{}", world.form().prompt);
    assert!(world.form().status.text.starts_with("Missing: Offers still to be made: 3, Nobody said when"));
    world.types("6");
    assert_eq!(world.form().prompt, "When?");
    world.press("Esc");
    assert_eq!(world.form().prompt, "Product, or quantity and product");
    world.press("Esc");
    assert!(world.shown().lists.order.is_none(), "the draft stays");
    world.press("F1");
    assert_eq!(world.form().lines.len(), 1);
}

#[test]
fn what_the_desk_says_is_what_counts() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    world.agrees();
    let order = world.last_kept();
    world.press("Ctrl+Enter");
    // To the writing: nothing stands in the way.
    world.receives(&order, OrderState::Draft, None);
    assert_eq!(world.form().status.text, "The order desk is asked…");
    world.handle(Input::Order(OrderNews::Waits { id: order.id }));
    assert!(world.form().status.text.starts_with("Not confirmed"));
    let mut receipt = OrderReceipt {
        id: order.id,
        revision: order.revision,
        change: Change::Unchanged,
        state: OrderState::Draft,
        number: None,
        examined: crate::domain::trade::examine::examine(
            &order,
            &terms().facts(&order, &Default::default(), false),
        ),
        reserved_until: None,
    };
    receipt.examined.faults.push(crate::desk_api::Fault::NoSlot);
    world.wishes.clear();
    world.handle(Input::Order(OrderNews::Answered(Box::new(receipt.clone()))));
    assert_eq!(world.spoken(), ["Not placed: Nobody said when"]);
    assert_eq!(world.form().steps[1].fault, "Nobody said when");
    world.press("Ctrl+Enter");
    world.types("2");
    world.types("1");
    let order = world.last_kept();
    world.press("Ctrl+Enter");
    receipt.revision = order.revision;
    receipt.state = OrderState::Held;
    receipt.number = Some(7);
    receipt.examined.faults = vec![crate::desk_api::Fault::OverCredit { by: Money::from_hundredths(30_000) }];
    world.handle(Input::Order(OrderNews::Answered(Box::new(receipt))));
    let status = world.form().status.text;
    assert_eq!(
        status,
        "Order 7 is held: Over the credit by ₽300.00. The head of the department can release it"
    );
    assert_eq!(world.form().choices[0].label, "another order");
    world.types("2");
    let change = Wish::ActOnOrder { id: order.id, act: OrderAct::Change, reason: None };
    assert!(world.wishes.contains(&change));
    world.receives(&order, OrderState::Draft, Some(7));
    assert_eq!(world.form().prompt, "Product, or quantity and product");
}

#[test]
fn regional_clients_agree_payment_and_arrival() {
    let mut world = talking_with(|terms| terms.is_regional = true);
    world.press("F1");
    world.enters("3 tea");
    world.press("Ctrl+Shift+O");
    for (label, text) in [("Form of payment", "bank transfer"), ("Arrival or shipping", "8.5. 14:30")] {
        let row = world.form().steps.iter().position(|step| step.label == label).unwrap();
        world.act(Act::OrderStep(row));
        world.enters(text);
    }
    let form = world.form();
    let values: Vec<&str> = form.steps.iter().map(|step| step.value.as_str()).collect();
    assert!(values.contains(&"bank transfer") && values.contains(&"Fri 8 May, 14:30"), "{values:?}");
}

#[test]
fn somebody_else_takes_the_goods_by_name_telephone_and_rights() {
    let mut world = talking();
    world.press("F1");
    let row = world.form().steps.iter().position(|step| step.label == "Receiver").unwrap();
    world.act(Act::OrderStep(row));
    world.enters("Petr");
    world.enters("89165550144");
    assert_eq!(world.form().prompt, "What may Petr do?");
    world.types("2");
    let receiver = world.last_kept().delivery.receiver.unwrap();
    assert!(receiver.confirmed && receiver.may_sign && !receiver.may_pay);
    assert_eq!((receiver.name.as_str(), receiver.phone.as_str()), ("Petr", "89165550144"));
}

#[test]
fn a_draft_of_before_is_found_again() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let order = world.last_kept();
    let mut world = talking();
    world.handle(Input::Order(OrderNews::Found(Box::new(order.clone()))));
    world.press("F1");
    assert_eq!(world.form().lines.len(), 1);
    world.enters("2 coffee");
    let written = world.last_kept();
    assert_eq!((written.id, written.revision), (order.id, order.revision + 1));
}

#[test]
fn every_fault_is_said_in_every_language() {
    use crate::desk_api::{Fault as F, OrderId};
    use crate::domain::trade::delivery::SlotFault;
    use crate::domain::trade::product::QuantityFault as Q;
    let amount = Money::from_hundredths(12_345);
    let quantity = |fault| F::Quantity { line: 1, fault };
    let (two, four) = (2.into(), 4.into());
    let faults = [
        F::NotForOperators { served_by: ServedBy::Head },
        F::NotForOperators { served_by: ServedBy::KeyManager },
        F::Overdue { amount },
        F::OverLimit { amount },
        F::NoPayer,
        F::UnknownPayer,
        F::NoColumn,
        F::ColumnNotPermitted,
        F::Empty,
        F::LineTwice { line: 1 },
        F::UnknownProduct { line: 1 },
        quantity(Q::NotPackedSo),
        quantity(Q::NotPositive),
        quantity(Q::NotMultiple { below: two, above: four }),
        quantity(Q::NotMultiple { below: 0.into(), above: four }),
        quantity(Q::TooMuch),
        F::NoPrice { line: 1 },
        F::NotPermitted { line: 1, permission: "alcohol".into() },
        F::OutOfStock { line: 1, available: two },
        F::OutOfStock { line: 1, available: 0.into() },
        F::NoSubstitute { line: 1 },
        F::BelowMinimum { minimum: amount },
        F::OverCredit { by: amount },
        F::OtherCurrency,
        F::TooFewOffers { missing: 2 },
        F::TakenButNotOrdered { product: terms().goods[0].product.id },
        F::NoAddress,
        F::NoSlot,
        F::Slot { fault: SlotFault::Full },
        F::Slot { fault: SlotFault::NoSuchSlot },
        F::Slot { fault: SlotFault::TooLate { ended: jiff::Timestamp::UNIX_EPOCH } },
        F::NoReceiver,
        F::ReceiverNotConfirmed,
        F::ReceiverMayNotSign,
        F::ReceiverMayNotPay,
        F::NoPaymentOnDelivery,
        F::NoRegionalPayment,
        F::NoRegionalArrival,
        F::NotReadBack,
        F::TotalChanged { agreed: amount },
        F::OtherOrder { order: terms().orders[0].id },
        F::OtherOrder { order: OrderId(uuid::Uuid::nil()) },
    ];
    for language in Language::ALL {
        let mut world = talking();
        world.press("F1");
        world.enters("3 tea");
        world.handle(Input::Language(language));
        let mut said = std::collections::BTreeSet::new();
        for fault in &faults {
            let words = world.screen.fault_said(fault);
            assert!(!words.is_empty() && !words.contains('{'), "{fault:?}: {words}");
            said.insert(words);
        }
        assert_eq!(said.len(), faults.len(), "{language:?}");
    }
}

#[test]
fn what_is_sold_instead_is_asked_for_when_there_is_too_little_and_only_what_the_client_may_buy() {
    let mut world = talking();
    world.press("F1");
    world.enters("2 sugar");
    world.act(Act::OrderMove { down: false });
    world.wishes.clear();
    world.enters("");
    let sugar = terms().goods.into_iter().find(|goods| goods.product.name == "Sugar 1 kg").unwrap();
    let [substitute] = sugar.product.substitutes.as_slice() else { panic!("{sugar:?}") };
    let asked =
        Wish::FindProducts { client: hanbit().id, what: Sought::InsteadOf(sugar.product.id), day: None };
    assert!(world.wishes.contains(&asked), "{:?}", world.wishes);
    let mut cane = terms().goods.into_iter().find(|goods| goods.product.id == *substitute).unwrap();
    let offered =
        |world: &World| world.form().choices.iter().any(|choice| choice.label == "instead Cane sugar 1 kg");
    assert!(offered(&world));
    cane.product.permission = Some("alcohol".into());
    let answer = |goods: Goods| Input::Products {
        client: hanbit().id,
        what: Sought::InsteadOf(sugar.product.id),
        answer: Ok(vec![goods]),
    };
    world.handle(answer(cane.clone()));
    assert!(!offered(&world), "the client may not buy it");
    (cane.product.permission, cane.available) = (None, 5.into());
    world.handle(answer(cane));
    let detail = world
        .form()
        .choices
        .iter()
        .find(|choice| choice.label.starts_with("instead"))
        .unwrap()
        .detail
        .clone();
    assert!(detail.ends_with("in stock 5 pieces"), "as it is now: {detail}");
}

#[test]
fn digits_of_a_shortage_mean_what_they_meant_whatever_the_desk_answers() {
    let is_cane = |goods: &&mut Goods| goods.product.name == "Cane sugar 1 kg";
    let mut cane = None;
    let mut world = talking_with(|terms| {
        let known = terms.goods.iter_mut().find(is_cane).unwrap();
        known.available = 0.into();
        cane = Some(known.clone());
    });
    let cane = cane.unwrap();
    world.press("F1");
    world.enters("2 sugar");
    world.act(Act::OrderMove { down: false });
    world.enters("");
    let labels = |world: &World| -> Vec<String> {
        world.form().choices.into_iter().map(|choice| choice.label).collect()
    };
    let before = labels(&world);
    assert_eq!(before[before.len() - 2..], ["leave it out", "another quantity"]);
    world.wishes.clear();
    let sugar = terms().goods.into_iter().find(|goods| goods.product.name == "Sugar 1 kg").unwrap();
    let answer = |available: u32| Input::Products {
        client: hanbit().id,
        what: Sought::InsteadOf(sugar.product.id),
        answer: Ok(vec![Goods { available: available.into(), ..cane.clone() }]),
    };
    world.pass(1);
    world.handle(answer(5));
    let after = labels(&world);
    assert_eq!(after[..before.len()], before, "what was read stays where it was");
    assert_eq!(after[before.len()..], ["instead Cane sugar 1 kg"]);
    assert!(world.spoken().iter().any(|said| said.contains("there is less. What is agreed?")));
    let digit = (before.len() + 1).to_string();
    world.act(Act::OrderTyped(digit));
    assert_eq!(world.form().lines.len(), 1, "a digit of this moment was meant for what stood there");
    world.handle(answer(0));
    assert_eq!(labels(&world), after, "nor does it go when it runs out");
    assert!(world.form().choices[before.len()].detail.ends_with("out of stock"));
    world.types(&(before.len() - 1).to_string());
    assert_eq!(world.last_kept().lines[0].settled, Some(Settlement::Drop));
}

#[test]
fn half_a_moment_is_neither_an_arrival_nor_a_way_of_shipping() {
    let mut world = talking_with(|terms| terms.is_regional = true);
    world.press("F1");
    world.enters("3 tea");
    let step = |world: &World| {
        world.form().steps.iter().position(|step| step.label == "Arrival or shipping").unwrap()
    };
    let agreed = |world: &mut World| {
        let regional = world.last_kept().delivery.regional.unwrap_or_default();
        (regional.arrival.is_some(), regional.shipping)
    };
    world.act(Act::OrderStep(step(&world)));
    world.types("8.5. 14:3");
    assert!(world.kept().iter().all(|order| {
        order
            .delivery
            .regional
            .as_ref()
            .is_none_or(|regional| regional.arrival.is_none() && regional.shipping.is_none())
    }));
    world.act(Act::OrderEnter);
    assert_eq!(world.form().mistake, "Type a day and time, such as 5.12. 14:00");
    world.types("0");
    assert_eq!(agreed(&mut world), (true, None), "before Enter, too");
    world.act(Act::OrderEnter);
    world.act(Act::OrderStep(step(&world)));
    assert_eq!(world.form().text, "2026-05-08 14:30", "it is gone on with");
    world.act(Act::OrderTyped("by rail".to_owned()));
    assert_eq!(agreed(&mut world), (false, Some("by rail".to_owned())));
}

#[test]
fn a_note_and_a_receiver_are_kept_letter_by_letter_and_gone_on_with() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let step =
        |world: &World, label: &str| world.form().steps.iter().position(|step| step.label == label).unwrap();
    world.act(Act::OrderStep(step(&world, "Note")));
    world.kept();
    world.types("call");
    assert_eq!(
        world.kept().iter().map(|order| order.note.clone().unwrap()).collect::<Vec<_>>(),
        ["c", "ca", "cal", "call"]
    );
    world.act(Act::OrderEnter);
    // Who goes back to it goes on with it.
    world.act(Act::OrderStep(step(&world, "Note")));
    assert_eq!(world.form().text, "call");
    world.enters(" first");
    assert_eq!(world.last_kept().note.as_deref(), Some("call first"));
    world.act(Act::OrderStep(step(&world, "Receiver")));
    world.types("Ol");
    let receiver = world.last_kept().delivery.receiver.unwrap();
    assert_eq!(
        (receiver.name.as_str(), receiver.confirmed),
        ("Ol", false),
        "and nobody has said that they are there"
    );
    world.enters("eg");
    world.types("12");
    assert_eq!(world.last_kept().delivery.receiver.unwrap().phone, "12");
}

#[test]
fn escape_brings_back_what_stood_where_something_else_was_typed() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let step = |world: &mut World, label: &str| {
        let row = world.form().steps.iter().position(|step| step.label == label).unwrap();
        world.act(Act::OrderStep(row));
        world.now = world.now + Duration::from_millis(400);
    };
    step(&mut world, "Receiver");
    world.types("1");
    let anna = world.last_kept().delivery.receiver;
    assert_eq!(anna.as_ref().unwrap().name, "Anna Kim");
    let shown = |world: &World| {
        let form = world.form();
        form.steps.into_iter().find(|step| step.label == "Receiver").unwrap().value
    };
    let before = shown(&world);
    // Emptied at once; typed by half; and with a telephone, whose rights nobody has said.
    for typed in [&["O", ""][..], &["Ol"], &["Oleg", "\n", "8916"], &["Oleg", "\n", "8916", "\n"]] {
        step(&mut world, "Receiver");
        for text in typed {
            match *text {
                "\n" => world.act(Act::OrderEnter),
                "O" => world.types("O"),
                text => world.act(Act::OrderTyped(text.to_owned())),
            }
        }
        assert_ne!(world.last_kept().delivery.receiver, anna, "{typed:?}: kept letter by letter");
        world.press("Esc");
        assert_eq!(world.last_kept().delivery.receiver, anna, "{typed:?}");
        assert_eq!(
            (shown(&world), world.form().prompt.as_str()),
            (before.clone(), "Product, or quantity and product")
        );
    }
    // The other fields that are kept as they are typed do the same.
    step(&mut world, "Note");
    world.enters("call first");
    step(&mut world, "Note");
    world.act(Act::OrderTyped(String::new()));
    assert_eq!(world.last_kept().note, None);
    world.press("Esc");
    assert_eq!(world.last_kept().note.as_deref(), Some("call first"));
    // What was left as it was is no change, and what was finished stays.
    world.kept();
    step(&mut world, "Note");
    world.press("Esc");
    assert_eq!(world.kept(), []);
    step(&mut world, "Receiver");
    world.enters("Petr");
    world.enters("89165550144");
    world.types("1");
    world.press("Esc");
    assert_eq!(world.last_kept().delivery.receiver.unwrap().name, "Petr");
}

#[test]
fn what_it_cost_the_last_time_stands_in_the_line_and_before_it_is_ordered() {
    let mut world = talking_with(|terms| {
        let amount = Money::from_hundredths(52_50);
        terms.orders[0].prices = vec![crate::domain::trade::terms::PastPrice { line: 1, amount }];
    });
    world.press("F1");
    world.types("black");
    assert!(
        world.form().choices[0].detail.contains("usually 3 cases · last time ₽52.50"),
        "{:?}",
        world.form().choices[0]
    );
    world.act(Act::OrderEnter);
    world.enters("");
    assert_eq!(world.form().lines[0].detail, "last time 3 cases at ₽52.50");
}

#[test]
fn how_a_client_pays_stands_on_the_card_and_beside_the_order() {
    use crate::domain::trade::credit::{Payment, PaymentHistory};
    let mut world = talking_with(|terms| {
        let last = Some(Payment { day: date(2026, 5, 3), amount: Money::from_hundredths(1_200_000) });
        terms.payers[0].payments_until = Some(date(2026, 5, 4));
        terms.payers[0].history = Some(PaymentHistory { paid: 20, late: 2, days_late: 4, last });
    });
    let words = "in time 18 of 20 · else 4 days late · last ₽12,000.00 on 3 May · known up to 4 May";
    let rows = world.shown().lists.card.rows.clone();
    assert!(rows.iter().any(|row| row.key == "Payments" && row.value == words), "{rows:?}");
    world.press("F1");
    assert!(world.form().sums.iter().any(|row| row.key == "Payments" && row.value == words), "duty 9");
}

#[test]
fn the_card_tells_what_is_disputed_and_what_is_owed_with_all_that_is_ordered() {
    let mut client = hanbit();
    let standing = client.standing.as_mut().unwrap();
    standing.disputed = Money::from_hundredths(30_000);
    standing.exposure = Some(Money::from_hundredths(454_000));
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![client]);
    let rows = world.shown().lists.card.rows.clone();
    let row = |key: &str| rows.iter().find(|row| row.key == key).map(|row| row.value.as_str());
    assert_eq!((row("Disputed"), row("Owed and ordered")), (Some("₽300.00"), Some("₽4,540.00")));
    let mut world = talking_with(|terms| {
        let standing = terms.payers[0].standing.as_mut().unwrap();
        standing.disputed = Money::from_hundredths(30_000);
        standing.exposure = Some(Money::from_hundredths(454_000));
    });
    world.press("F1");
    let sums = world.form().sums;
    let row = |key: &str| sums.iter().find(|row| row.key == key).map(|row| row.value.as_str());
    assert_eq!((row("Disputed"), row("Owed and ordered")), (Some("₽300.00"), Some("₽4,540.00")), "duty 9");
}

#[test]
fn goods_go_to_another_legal_entity_by_a_digit() {
    use crate::domain::trade::terms::Consignee;
    let entity = |id: &str| crate::domain::trade::order::EntityId(id.into());
    let mut world = talking_with(|terms| {
        let consignee = |id: &str, name: &str| Consignee { id: entity(id), name: name.into() };
        terms.consignees = vec![consignee("main", "Hanbit Build LLC"), consignee("shop", "Hanbit, shop 3")];
    });
    world.press("F1");
    world.enters("3 tea");
    let value = |world: &World| {
        world.form().steps.iter().find(|step| step.label == "Consignee").unwrap().value.clone()
    };
    assert_eq!(value(&world), "Hanbit Build LLC", "the payer, where nobody says otherwise");
    let at = world.form().steps.iter().position(|step| step.label == "Consignee").unwrap();
    world.act(Act::OrderStep(at));
    assert_eq!(world.form().prompt, "Whom do the goods go to?");
    world.types("2");
    assert_eq!(value(&world), "Hanbit, shop 3");
    assert_eq!(world.last_kept().delivery.consignee, Some(entity("shop")));
}

#[test]
fn what_a_client_waits_for_is_the_first_offer_when_it_is_there() {
    let mut world = talking_with(|terms| {
        let salt = terms.goods.iter().find(|goods| goods.product.name == "Sea salt 1 kg").unwrap().product.id;
        let unit =
            terms.goods.iter().find(|goods| goods.product.id == salt).unwrap().product.packings[0].unit;
        let settled = Some(Settlement::Wait { until: date(2026, 5, 4) });
        terms.orders[0].lines.push(crate::domain::trade::order::OrderLine {
            number: 3,
            product: salt,
            quantity: 4.into(),
            unit,
            settled,
        });
    });
    world.press("F1");
    world.enters("3 tea");
    world.press("Ctrl+O");
    assert_eq!(world.form().prompt, "Offer: Sea salt 1 kg, waited for since 28 Apr, and there again");
    assert!(world.form().choices[0].label.starts_with("takes 4"), "{:?}", world.form().choices[0]);
}
