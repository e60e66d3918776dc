//! What the sample's clients bought in a year, each in its own rhythm: a desk as full as one gets.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rust_decimal::Decimal;

use crate::desk_api::{
    ClientDraft, ClientId, ClientTrade, ClientTypeId, Entity, Examined, Order, OrderEvent, OrderId,
    OrderState, ProductData, ProductId,
};
use crate::domain::client::Money;
use crate::domain::trade::amount::Sum;
use crate::domain::trade::credit::{Account, CreditTerms, Invoice};
use crate::domain::trade::delivery::{RouteId, Slot, Window};
use crate::domain::trade::examine::PricedLine;
use crate::domain::trade::order::{EntityId, OrderDelivery, OrderLine, Receiver};
use crate::domain::trade::price::{ColumnId, PriceSource, UnitPrice};
use crate::domain::trade::product::Unit;

const DAYS: i64 = 364;
/// Of so many days back, orders are still open.
const OPEN_DAYS: i64 = 1;
/// The column that everybody bought by.
const COLUMN: &str = "2";
/// Whose orders have no legal entity beside the client.
const ITSELF: &str = "itself";

/// How a client buys: of a hundred one is large, nine are regular, and the others came once or a few times.
#[derive(Clone, Copy)]
struct Habit {
    orders_a_year: u32,
    lines: u32,
    /// Products that it ever buys.
    assortment: u32,
}

const LARGE: Habit = Habit { orders_a_year: 52, lines: 14, assortment: 45 };
const REGULAR: Habit = Habit { orders_a_year: 5, lines: 8, assortment: 16 };
const RARE: Habit = Habit { orders_a_year: 1, lines: 5, assortment: 5 };
/// Lines that a hundred clients bought in a year, with one rare order for every tenth client.
const LINES_OF_A_HUNDRED: u64 = 52 * 14 + 9 * 5 * 8 + 5 * 9;

/// An order of before as it is kept.
pub(crate) struct OldOrder {
    pub order: Order,
    pub examined: Examined,
    pub state: OrderState,
    pub taken_by: String,
    pub placed_at: Timestamp,
    pub history: Vec<OrderEvent>,
    /// What an open one keeps from others.
    pub held: Option<Held>,
}

pub(crate) struct Held {
    pub payer: String,
    pub route: Option<RouteId>,
    /// Of one batch of each product.
    pub goods: Vec<(ProductId, &'static str, Decimal)>,
}

/// A year of about so many order lines.
pub(crate) struct History {
    clients: Vec<(ClientId, ClientTypeId, Option<RouteId>, bool)>,
    /// Identity, and the price of a case.
    goods: Vec<(ProductId, Money, Decimal)>,
    /// Thousandths of a client's usual number of orders.
    scale: u64,
    today: Date,
}

impl History {
    pub fn new(
        clients: impl Iterator<Item = (ClientId, ClientDraft)>,
        goods: &[ProductData],
        routes: &[RouteId],
        lines: u64,
        today: Date,
    ) -> Self {
        let clients = clients.map(|(id, draft)| {
            let route = super::trade(&draft, routes).addresses.into_iter().find_map(|address| address.route);
            (id, draft.client_type, route, has_entities(id))
        });
        let clients: Vec<_> = clients.collect();
        // Goods that may be bought by everybody, by the case.
        let goods = goods.iter().filter(|data| data.product.permission.is_none()).filter_map(|data| {
            let case = data.product.packings.iter().find(|packing| packing.unit == Unit::Case)?;
            Some((data.product.id, *data.prices.columns.get(&ColumnId(COLUMN.to_owned()))?, case.holds))
        });
        let goods: Vec<_> = goods.collect();
        let usual = (clients.len() as u64 * LINES_OF_A_HUNDRED / 100).max(1);
        let scale = if goods.is_empty() { 0 } else { lines * 1000 / usual };
        Self { clients, goods, scale, today }
    }

    /// By the day, as they came.
    pub fn orders(&self) -> impl Iterator<Item = OldOrder> + '_ {
        (0..=DAYS).rev().flat_map(move |back| {
            (0..self.clients.len()).filter_map(move |index| self.order(index as u64, back))
        })
    }

    /// How many clients of each type buy each product.
    pub fn typical(&self) -> BTreeMap<(ClientTypeId, ProductId), i64> {
        let mut counts = BTreeMap::new();
        for (index, (_, client_type, ..)) in (0..).zip(&self.clients) {
            if self.every_days(index).is_some() {
                for place in 0..habit(index).assortment {
                    if let Some((product, ..)) = self.product(index, place) {
                        *counts.entry((client_type.clone(), product)).or_default() += 1;
                    }
                }
            }
        }
        counts
    }

    /// Days from one order of this client to the next; none: it bought nothing.
    fn every_days(&self, index: u64) -> Option<u64> {
        let orders = (u64::from(habit(index).orders_a_year) * self.scale + 500) / 1000;
        (orders > 0).then(|| (DAYS as u64 / orders).max(1))
    }

    fn order(&self, index: u64, days_back: i64) -> Option<OldOrder> {
        let (client, _, route, has_entities) = self.clients.get(index as usize)?;
        let every = self.every_days(index)?;
        let since = days_back as u64 + mix(index, 1) % every;
        if !since.is_multiple_of(every) {
            return None;
        }
        let (number, habit) = (since / every, habit(index));
        let date = self.today.checked_sub(Span::new().days(days_back)).ok()?;
        let chance = mix(index, 1000 + number);
        let second = (chance % (9 * 3600)) as i32;
        let morning = date.to_datetime(time(8, 0, 0, 0)).to_zoned(TimeZone::UTC).ok()?.timestamp();
        let placed_at = morning.checked_add(Span::new().seconds(second)).ok()?;
        let mut octets = [0; 10];
        octets
            .iter_mut()
            .zip(chance.to_le_bytes().into_iter().chain(index.to_le_bytes()))
            .for_each(|(to, from)| *to = from);
        let mut order = Order {
            id: OrderId::new(placed_at, octets),
            revision: 2 * habit.lines + 1,
            client: *client,
            payer: has_entities.then(|| EntityId("1".to_owned())),
            call: None,
            column: None,
            lines: Vec::new(),
            offers: Vec::new(),
            no_offers: false,
            delivery: delivery(date)?,
            agreed_total: None,
            note: None,
            writer: None,
            seen: 0,
        };
        let (mut priced, mut held) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for line in 1..=habit.lines {
            // Some of the assortment each time, the first of it always.
            let place = if line <= habit.lines / 3 {
                line
            } else {
                (mix(chance, u64::from(line)) % u64::from(habit.assortment)) as u32
            };
            let (product, price, holds) = self.product(index, place)?;
            if !seen.insert(product) {
                continue;
            }
            let quantity = Decimal::from(mix(index, u64::from(place) + 77) % 4 + 1);
            let counted = quantity * holds;
            let gross = (price.0 * counted).round_dp(2);
            let tax = (gross / Decimal::from(11)).round_dp(2);
            let sum = Sum { net: Money(gross - tax), tax: Money(tax), gross: Money(gross) };
            let from = PriceSource::Column;
            let price = UnitPrice { amount: price, from, promotions: Vec::new(), at_floor: false };
            order.lines.push(OrderLine { number: line, product, quantity, unit: Unit::Case, settled: None });
            priced.push(PricedLine { number: line, counted, price, sum, is_about: false, gifts: Vec::new() });
            held.push((product, "B", counted));
        }
        let add = |of: fn(&Sum) -> Money| Money(priced.iter().map(|line| of(&line.sum).0).sum());
        let total = Sum { net: add(|sum| sum.net), tax: add(|sum| sum.tax), gross: add(|sum| sum.gross) };
        order.agreed_total = Some(total.gross);
        let is_open = days_back <= OPEN_DAYS;
        let states: &[OrderState] = match is_open {
            true => &[OrderState::Placed],
            false => &[
                OrderState::Placed,
                OrderState::Accepted,
                OrderState::Picking,
                OrderState::Delivered,
                OrderState::Closed,
            ],
        };
        let taken_by = format!("operator{}", chance % 200);
        let event =
            |&state: &OrderState| OrderEvent { at: placed_at, by: taken_by.clone(), state, reason: None };
        let payer = order.payer.as_ref().map_or_else(|| ITSELF.to_owned(), |payer| payer.0.clone());
        Some(OldOrder {
            examined: Examined {
                lines: priced,
                currency: Some("RUB".to_owned()),
                most: total.gross,
                total,
                column: None,
                columns: Vec::new(),
                faults: Vec::new(),
            },
            state: *states.last()?,
            placed_at,
            history: states.iter().map(event).collect(),
            taken_by,
            held: is_open.then(|| Held { payer, route: route.clone(), goods: held }),
            order,
        })
    }

    /// What a client buys, by its place in the assortment: some of it everybody buys.
    fn product(&self, index: u64, place: u32) -> Option<(ProductId, Money, Decimal)> {
        let count = self.goods.len() as u64;
        let chance = mix(index, u64::from(place) + 50_000);
        let among = if place.is_multiple_of(3) { (count / 50).max(1) } else { count.max(1) };
        self.goods.get((chance % among) as usize).copied()
    }
}

/// Legal entities of every tenth client, and agreed prices of every twentieth.
pub(crate) fn with_contracts(
    mut trade: ClientTrade,
    client: ClientId,
    goods: &[ProductData],
    today: Date,
) -> ClientTrade {
    let chance = client.0.as_u128() as u64;
    if has_entities(client) {
        trade.entities = (1..=2 + chance % 3).filter_map(|number| entity(number, chance, today)).collect();
    }
    if chance.is_multiple_of(20) && !goods.is_empty() {
        trade.contract_prices = (0..40)
            .filter_map(|place| goods.get((mix(chance, place) % goods.len() as u64) as usize))
            .filter_map(|data| {
                let price = data.prices.columns.get(&ColumnId(COLUMN.to_owned()))?;
                Some((data.product.id, Money(price.0 * Decimal::new(97, 2))))
            })
            .collect();
    }
    trade
}

fn has_entities(client: ClientId) -> bool {
    (client.0.as_u128() as u64).is_multiple_of(10)
}

fn entity(number: u64, chance: u64, today: Date) -> Option<Entity> {
    let invoice = |back: u64| {
        Some(Invoice {
            number: format!("{}-{back}", chance % 100_000),
            due: today.checked_add(Span::new().days(back as i64 % 30 + 1)).ok()?,
            left: Money::from_hundredths((mix(chance, back) % 3_000_000) as i64),
            disputed: false,
        })
    };
    Some(Entity {
        id: EntityId(number.to_string()),
        name: format!("ООО «Филиал {number}» {}", chance % 100_000),
        account: Account {
            currency: "RUB".to_owned(),
            terms: CreditTerms::Limit(Money::from_hundredths(100_000_000)),
            invoices: (1..=chance % 8).filter_map(invoice).collect(),
            open_orders: Money::ZERO,
            payments_until: Some(today),
            history: None,
        },
        is_consignee_only: false,
        on_account_of: None,
        owes_there: false,
        tax_number: Some(format!("77{:08}", chance % 100_000_000)),
        contracts: vec![format!("ПД-{}/26", chance % 1_000_000)],
    })
}

/// The next day in the morning.
fn delivery(date: Date) -> Option<OrderDelivery> {
    let slot = Slot {
        date: date.tomorrow().ok()?,
        window: Window { from: time(7, 0, 0, 0), to: time(11, 0, 0, 0) },
    };
    let receiver = Receiver {
        name: "Анна".to_owned(),
        phone: "+79160000000".to_owned(),
        may_pay: false,
        may_sign: true,
        confirmed: true,
    };
    Some(OrderDelivery {
        address: Some(1),
        consignee: None,
        slot: Some(slot),
        receiver: Some(receiver),
        pays_on_delivery: Some(false),
        regional: None,
    })
}

fn habit(index: u64) -> Habit {
    match index % 100 {
        0 => LARGE,
        1..=9 => REGULAR,
        _ if index.is_multiple_of(10) => RARE,
        _ => Habit { orders_a_year: 0, ..RARE },
    }
}

/// Spread evenly, and always the same (SplitMix64's last step).
fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
