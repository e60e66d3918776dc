//! What the order desk tells of one client, so that an order can be taken as fast as the client speaks (duties 3, 5 to 13).
//!
//! The operator's program examines with these at every keystroke. The desk makes them, and examines with the same rules
//! and with what is true at that moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::amount::TaxRate;
use super::credit::PaymentHistory;
use super::delivery::{OpenSlot, Slot, SlotFault};
use super::examine::{Facts, Goods, ServedBy};
use super::offer::{self, Habit, Offer, OfferSources, UsualQuantity};
use super::order::{EntityId, Order, OrderId, OrderLine, OrderState, Receiver, Settlement};
use super::price::{self, Buyer, Column, ColumnRule};
use super::product::ProductId;
use super::promotion::Promotion;
use crate::domain::client::{ClientId, Money, Standing};
use crate::domain::mask_debug;

/// All that the rules need for one client.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Terms {
    /// Whose.
    pub client: ClientId,
    /// The day of orders taken now, where the company is.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub today: Date,
    /// Who takes this client's orders.
    pub served_by: ServedBy,
    /// What the price column goes by.
    pub buyer: Buyer,
    /// Legal entities that may pay, at least one; the first is proposed.
    pub payers: Vec<Payer>,
    /// Legal entities that goods may go to; none: the payer is the only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consignees: Vec<Consignee>,
    /// What the client may buy of what not everybody may.
    #[serde(default)]
    pub permissions: BTreeSet<String>,
    /// Payment and arrival must be agreed (duty 13).
    #[serde(default)]
    pub is_regional: bool,
    /// Where goods can come, the usual one first.
    #[serde(default)]
    pub addresses: Vec<Address>,
    /// Offers that must be made (duty 7).
    #[serde(default)]
    pub least_offers: usize,
    /// The company's.
    pub price_list: PriceList,
    /// What this client usually buys, ordered lately, or can be offered.
    #[serde(default)]
    pub goods: Vec<Goods>,
    /// How the client buys.
    #[serde(default)]
    pub habits: Vec<Habit>,
    /// Pushed by the commercial service, the most urgent first.
    #[serde(default)]
    pub pushed: Vec<Pushed>,
    /// New in the assortment, the newest first.
    #[serde(default)]
    pub new: Vec<ProductId>,
    /// Bought by clients of this type, by most of them first (duty 8).
    #[serde(default)]
    pub typical: Vec<ProductId>,
    /// What the client waits for since before those latest orders, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    /// The client's latest orders, the latest first; drafts are none.
    #[serde(default)]
    pub orders: Vec<PastOrder>,
}

/// A legal entity that pays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Payer {
    /// In data.
    pub id: EntityId,
    /// As on its papers.
    pub name: String,
    /// Its account now, open orders counted; none: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Pays before the goods leave.
    #[serde(default)]
    pub is_prepaid: bool,
    /// The day that payments are known up to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = Date))]
    pub payments_until: Option<Date>,
    /// How it has paid (duty 9); none: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<PaymentHistory>,
}

/// A legal entity that goods go to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Consignee {
    /// In data.
    pub id: EntityId,
    /// As on its papers.
    pub name: String,
}

/// Where goods can come.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Address {
    /// Among the client's, kept for life.
    pub number: u32,
    /// As the driver reads it.
    pub text: String,
    /// Whose it is: goods that come there go to this legal entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<EntityId>,
    /// What an order on its route must come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Money>,
    /// No lorry of the company goes there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_off_route: bool,
    /// When goods can come, the earliest first.
    #[serde(default)]
    pub slots: Vec<OpenSlot>,
    /// Who took the goods there, the last one first (duty 12).
    #[serde(default)]
    pub receivers: Vec<Receiver>,
}

/// The company's prices and who gets which.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct PriceList {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Who buys by which; the first that fits holds.
    pub column_rules: Vec<ColumnRule>,
    /// Special programmes (duty 23).
    pub promotions: Vec<Promotion>,
    /// All that hold or held.
    pub tax_rates: Vec<TaxRate>,
}

/// Something that the commercial service wants sold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Pushed {
    /// What.
    pub product: ProductId,
    /// In its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<String>,
}

/// An order of before: to copy, to compare with, and to say where the lorry is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct PastOrder {
    /// Which.
    pub id: OrderId,
    /// As people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Where it is in its life.
    pub state: OrderState,
    /// When it was placed, or held.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub placed_at: Timestamp,
    /// The day of that where the warehouse is; a desk of before does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = Date))]
    pub placed_on: Option<Date>,
    /// When it comes or came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// What it came to.
    pub total: Money,
    /// ISO 4217.
    pub currency: String,
    /// What was in it.
    pub lines: Vec<OrderLine>,
    /// What each line cost that could be priced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<PastPrice>,
}

/// What a client agreed to wait for in an order of before (T12), and has neither got nor given up since.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Waiting {
    /// In which order.
    pub order: OrderId,
    /// For what.
    pub product: ProductId,
    /// For how much of it.
    pub ordered: UsualQuantity,
    /// Until this day.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub until: Date,
    /// Since this day.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub since: Date,
}

/// What a line of an order of before cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct PastPrice {
    /// The line's number.
    pub line: u32,
    /// Of a piece or kilogram.
    pub amount: Money,
}

/// What a client bought of something the last time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastTime<'a> {
    /// How much.
    pub ordered: UsualQuantity,
    /// What a piece or kilogram cost; none: nobody knows.
    pub price: Option<Money>,
    /// ISO 4217.
    pub currency: &'a str,
}

mask_debug!(Payer, Consignee, Address, PastOrder);

impl Terms {
    /// Who pays this order: who was chosen, else the first.
    pub fn payer(&self, order: &Order) -> Option<&Payer> {
        match &order.payer {
            Some(chosen) => self.payers.iter().find(|payer| payer.id == *chosen),
            None => self.payers.first(),
        }
    }

    /// The address of this order.
    pub fn address(&self, order: &Order) -> Option<&Address> {
        self.addresses.iter().find(|address| Some(address.number) == order.delivery.address)
    }

    /// Whom the goods go to by their papers: who was chosen, else whose the address is, else the payer.
    pub fn consignee<'a>(&'a self, order: &'a Order) -> Option<&'a EntityId> {
        let address = || self.address(order)?.consignee.as_ref();
        let payer = || self.payer(order).map(|payer| &payer.id);
        order.delivery.consignee.as_ref().or_else(address).or_else(payer)
    }

    /// What this client bought of a product in the latest of the orders of before that had it; not in this one.
    pub fn last_time(&self, product: ProductId, besides: OrderId) -> Option<LastTime<'_>> {
        let orders = self.orders.iter().filter(|past| past.id != besides);
        let mut lines = orders.flat_map(|past| past.lines.iter().map(move |line| (past, line)));
        let (past, line) = lines.find(|(_, line)| line.product == product && line.is_delivered())?;
        let price = past.prices.iter().find(|price| price.line == line.number).map(|price| price.amount);
        let ordered = UsualQuantity { quantity: line.quantity, unit: line.unit };
        Some(LastTime { ordered, price, currency: &past.currency })
    }

    /// All that [`super::examine::examine`] looks at. `found`: goods that were searched for since. `was_given_in`: the order has been
    /// placed or held before, so its client has heard offers, and is asked for no more of them (T17).
    pub fn facts(&self, order: &Order, found: &BTreeMap<ProductId, Goods>, was_given_in: bool) -> Facts {
        let payer = self.payer(order);
        let address = self.address(order);
        let can_be_had =
            |slot| address.is_some_and(|address| address.slots.iter().any(|open| open.slot == slot));
        let slot = match order.delivery.slot {
            Some(slot) if !can_be_had(slot) => Err(SlotFault::NoSuchSlot),
            _ => Ok(()),
        };
        let ordered = order.lines.iter().map(|line| line.product);
        // What comes for nothing with a line is taken from the stock, too.
        let ordered = ordered.chain(self.price_list.promotions.iter().filter_map(Promotion::gives));
        let goods = ordered.filter_map(|product| Some((product, self.goods(product, found)?.clone())));
        let same_day = |other: &&PastOrder| {
            other.state.is_open()
                && other.id != order.id
                && order
                    .delivery
                    .slot
                    .is_some_and(|slot| other.slot.is_some_and(|theirs| theirs.date == slot.date))
        };
        // What fits is less where nothing else is left to offer (duty 7).
        let least_offers = || {
            let could = self.offers(order, found, self.least_offers).len();
            self.least_offers.min(order.offers.len() + could)
        };
        Facts {
            today: self.today,
            buyer: self.buyer.clone(),
            served_by: self.served_by,
            standing: payer.and_then(|payer| payer.standing.clone()),
            is_prepaid: payer.is_some_and(|payer| payer.is_prepaid),
            payers: self.payers.iter().map(|payer| payer.id.clone()).collect(),
            consignees: self
                .consignees
                .iter()
                .map(|consignee| &consignee.id)
                .chain(self.payers.iter().map(|payer| &payer.id))
                .cloned()
                .collect(),
            permissions: self.permissions.clone(),
            is_regional: self.is_regional,
            addresses: self.addresses.iter().map(|address| address.number).collect(),
            off_route: self
                .addresses
                .iter()
                .filter(|address| address.is_off_route)
                .map(|address| address.number)
                .collect(),
            slot,
            minimum: address.and_then(|address| address.minimum),
            other_order: self.orders.iter().find(same_day).map(|other| other.id),
            goods: goods.collect(),
            columns: self.price_list.columns.clone(),
            column_rules: self.price_list.column_rules.clone(),
            promotions: self.price_list.promotions.clone(),
            tax_rates: self.price_list.tax_rates.clone(),
            least_offers: if was_given_in { 0 } else { least_offers() },
        }
    }

    /// What is known of a product: what was searched for is newer.
    pub fn goods<'a>(
        &'a self,
        product: ProductId,
        found: &'a BTreeMap<ProductId, Goods>,
    ) -> Option<&'a Goods> {
        found.get(&product).or_else(|| self.goods.iter().find(|goods| goods.product.id == product))
    }

    /// What to offer now, at most so many: nothing that is in the order or was offered in it, is not in stock, may not be
    /// bought or has no price.
    pub fn offers(&self, order: &Order, found: &BTreeMap<ProductId, Goods>, most: usize) -> Vec<Offer> {
        let PriceList { column_rules, .. } = &self.price_list;
        let column = price::base_column(column_rules, &self.buyer, self.today);
        let fits = |product| {
            self.goods(product, found).is_some_and(|goods| {
                let permission = goods.product.permission.as_ref();
                let has_price = |column| price::unit_price(&goods.prices, column, &[]).is_some();
                goods.available.is_sign_positive()
                    && !goods.available.is_zero()
                    && permission.is_none_or(|permission| self.permissions.contains(permission))
                    && column.as_ref().is_some_and(has_price)
            })
        };
        let pushed: Vec<_> =
            self.pushed.iter().map(|pushed| (pushed.product, pushed.phrase.clone())).collect();
        let waiting = self.waiting(order);
        let sources = OfferSources {
            waiting: &waiting,
            habits: &self.habits,
            pushed: &pushed,
            new: &self.new,
            typical: &self.typical,
        };
        let ordered = order.lines.iter().map(|line| line.product);
        let said: BTreeSet<_> = ordered.chain(order.offers.iter().map(|offer| offer.product)).collect();
        offer::offers(&sources, &said, self.today, fits, most)
    }

    /// What the client agreed to wait for until a day that has come by this order's delivery, and has neither bought nor given up
    /// since (T12).
    fn waiting(&self, order: &Order) -> Vec<(ProductId, UsualQuantity, Date)> {
        let comes = order.delivery.slot.map(|slot| slot.date).or_else(|| self.today.tomorrow().ok());
        let comes = comes.unwrap_or(self.today);
        let waits_until = |line: &OrderLine| match line.settled {
            Some(Settlement::Wait { until }) => Some(until),
            _ => None,
        };
        let (mut latest, mut waiting) = (BTreeSet::new(), Vec::new());
        let past = self.orders.iter().filter(|past| past.id != order.id);
        for past in past.filter(|past| !matches!(past.state, OrderState::Draft | OrderState::Cancelled)) {
            // Of what came in part the rest waits.
            let (waits, others): (Vec<&OrderLine>, _) =
                past.lines.iter().partition(|line| waits_until(line).is_some());
            for line in waits.into_iter().chain(others) {
                let is_latest = latest.insert(line.product);
                if is_latest && waits_until(line).is_some_and(|until| until <= comes) {
                    let ordered = UsualQuantity { quantity: line.quantity, unit: line.unit };
                    let of_utc = || past.placed_at.to_zoned(TimeZone::UTC).date();
                    let since = past.placed_on.unwrap_or_else(of_utc);
                    waiting.push((line.product, ordered, since));
                }
            }
        }
        for older in self.waiting.iter().filter(|older| older.order != order.id) {
            if latest.insert(older.product) && older.until <= comes {
                waiting.push((older.product, older.ordered, older.since));
            }
        }
        // Who has waited longest is served first; the orders begin with the latest.
        waiting.reverse();
        waiting
    }
}

#[cfg(test)]
mod tests;
