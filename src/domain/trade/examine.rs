//! What an order comes to, and what stands in its way: the company's rules (duties 3, 5, 7, 9, 10, 12, 13).
//!
//! The window examines after every keystroke with what it knows; the desk examines with what is true, and decides.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::amount::{Sum, TaxRate, tax_rate};
use super::delivery::SlotFault;
use super::offer::OfferAnswer;
use super::order::{EntityId, Order, OrderId, OrderLine, Regional};
use super::price::{Buyer, Column, ColumnChoice, ColumnId, ColumnRule, Prices, UnitPrice};
use super::product::{Measured, Product, ProductId, QuantityFault};
use super::promotion::{Gift, Promotion};
use super::{price, promotion};
use crate::domain::client::{Money, Standing};

/// What is known of a product for one client and one day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Goods {
    /// What it is.
    pub product: Product,
    /// What it costs.
    pub prices: Prices,
    /// Pieces or kilograms that live long enough and are promised to nobody else.
    #[serde(with = "rust_decimal::serde::str")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub available: Decimal,
}

/// All that the rules look at, for one client.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The day of the order.
    pub today: Date,
    /// Type, contract and volume.
    pub buyer: Buyer,
    /// Whether the operator may take the order at all (duty 3).
    pub served_by: ServedBy,
    /// Of the payer, without this order; none: not known.
    pub standing: Option<Standing>,
    /// The client pays before the goods leave.
    pub is_prepaid: bool,
    /// Legal entities that may pay; one needs no choice.
    pub payers: Vec<EntityId>,
    /// Those that goods may go to.
    pub consignees: BTreeSet<EntityId>,
    /// What the client may buy of what not everybody may.
    pub permissions: BTreeSet<String>,
    /// Payment and arrival must be agreed (duty 13).
    pub is_regional: bool,
    /// Numbers of the addresses on the card.
    pub addresses: BTreeSet<u32>,
    /// Those of them that no lorry of the company goes to.
    pub off_route: BTreeSet<u32>,
    /// Whether the chosen slot can be had.
    pub slot: Result<(), SlotFault>,
    /// What an order on this route must come to.
    pub minimum: Option<Money>,
    /// Another open order of the client for the same day.
    pub other_order: Option<OrderId>,
    /// By product.
    pub goods: BTreeMap<ProductId, Goods>,
    /// Of the price list.
    pub columns: Vec<Column>,
    /// Who buys by which column.
    pub column_rules: Vec<ColumnRule>,
    /// All that there are.
    pub promotions: Vec<Promotion>,
    /// All that were ever said.
    pub tax_rates: Vec<TaxRate>,
    /// Offers that must have been made (duty 7); what fits is less where nothing else is left to offer.
    pub least_offers: usize,
}

/// Who takes this client's orders (duty 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum ServedBy {
    /// The operator.
    Operator,
    /// A manager: the client is a key one.
    KeyManager,
    /// The head of the department: the client is new.
    Head,
}

/// An order with all that follows from it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Examined {
    /// Those lines that can be priced.
    pub lines: Vec<PricedLine>,
    /// ISO 4217; none where no column holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Of all priced lines.
    pub total: Sum,
    /// What has to be paid at the most that the goods may weigh.
    pub most: Money,
    /// By which column, and what is missing to a better one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnChoice>,
    /// Columns that the operator may choose.
    pub columns: Vec<ColumnId>,
    /// What stands in the way, in the order of the form.
    pub faults: Vec<Fault>,
}

/// What one line comes to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct PricedLine {
    /// The line's number.
    pub number: u32,
    /// Pieces, or kilograms of loose goods.
    #[serde(with = "rust_decimal::serde::str")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub counted: Decimal,
    /// Of a piece or kilogram.
    pub price: UnitPrice,
    /// What it comes to.
    pub sum: Sum,
    /// Only weighing will tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_about: bool,
    /// What comes with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gifts: Vec<Gift>,
}

/// Something that stands in the way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Fault {
    /// Key clients and new ones are not the operator's (duty 3).
    NotForOperators {
        /// Who serves them.
        served_by: ServedBy,
    },
    /// Nobody knows what the client owes.
    StandingUnknown,
    /// Debt past its date (duty 5).
    Overdue {
        /// How much.
        amount: Money,
    },
    /// Debt beyond the limit (duty 5).
    OverLimit {
        /// How much.
        amount: Money,
    },
    /// Several legal entities, and nobody said who pays.
    NoPayer,
    /// No such legal entity.
    UnknownPayer,
    /// The goods are to go to a legal entity that is not the client's.
    UnknownConsignee,
    /// No rule gives this client a column, so nothing has a price.
    NoColumn,
    /// The client may not buy by the chosen column.
    ColumnNotPermitted,
    /// There is nothing in it.
    Empty,
    /// Two lines have the same number.
    LineTwice {
        /// Which.
        line: u32,
    },
    /// The desk knows no such product.
    UnknownProduct {
        /// Where.
        line: u32,
    },
    /// It cannot be had so.
    Quantity {
        /// Where.
        line: u32,
        /// Why, and what can.
        fault: QuantityFault,
    },
    /// It has no price in this column, or none in figures.
    NoPrice {
        /// Where.
        line: u32,
    },
    /// This client may not buy it.
    NotPermitted {
        /// Where.
        line: u32,
        /// What is missing.
        permission: String,
    },
    /// There is less of it.
    OutOfStock {
        /// Where.
        line: u32,
        /// Pieces or kilograms that there are for this line.
        #[serde(with = "rust_decimal::serde::str")]
        #[cfg_attr(feature = "desk", schema(value_type = String))]
        available: Decimal,
    },
    /// The line waits for a substitute that is not there.
    NoSubstitute {
        /// Where.
        line: u32,
    },
    /// Less than the route is worth.
    BelowMinimum {
        /// What it must come to.
        minimum: Money,
    },
    /// More than the credit left (duty 9).
    OverCredit {
        /// By how much, at the most that the goods may weigh.
        by: Money,
    },
    /// The prices are in another currency than the credit: somebody has to say whether it suffices.
    OtherCurrency,
    /// More must be offered first (duty 7).
    TooFewOffers {
        /// How many more.
        missing: usize,
    },
    /// Said to be taken, and no line has it.
    TakenButNotOrdered {
        /// What.
        product: ProductId,
    },
    /// Nobody said where to.
    NoAddress,
    /// Nobody said when.
    NoSlot,
    /// It cannot come then.
    Slot {
        /// Why.
        fault: SlotFault,
    },
    /// Nobody said who takes it, or name or telephone are missing.
    NoReceiver,
    /// The client has not said that the receiver will be there (duty 12).
    ReceiverNotConfirmed,
    /// The receiver may not sign.
    ReceiverMayNotSign,
    /// The receiver has to pay, and may not.
    ReceiverMayNotPay,
    /// Nobody said whether the driver gets the money.
    NoPaymentOnDelivery,
    /// Regional: nobody said how it is paid (duty 13).
    NoRegionalPayment,
    /// Regional: nobody said when they come or how it is shipped (duty 13).
    NoRegionalArrival,
    /// The total was not read to the client (duty 12).
    NotReadBack,
    /// The client agreed to another total.
    TotalChanged {
        /// What was agreed.
        agreed: Money,
    },
    /// The client has an open order for the same day.
    OtherOrder {
        /// Which.
        order: OrderId,
    },
}

/// How much a fault stands in the way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Severity {
    /// The operator should know.
    Warns,
    /// The order can be given in, and waits until somebody releases it.
    Holds,
    /// The operator must mend it.
    Stops,
}

/// Who lets an order pass that is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Releaser {
    /// The client's manager, or whoever is above.
    Manager,
    /// It is about credit: the head of the department.
    Head,
}

impl Fault {
    /// Who may release an order that is held for it; none: it is held for none such.
    pub const fn released_by(&self) -> Option<Releaser> {
        match self {
            Self::StandingUnknown
            | Self::Overdue { .. }
            | Self::OverLimit { .. }
            | Self::OverCredit { .. }
            | Self::OtherCurrency => Some(Releaser::Head),
            Self::NotForOperators { .. } | Self::BelowMinimum { .. } => Some(Releaser::Manager),
            _ => None,
        }
    }

    /// How much it stands in the way.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::OtherOrder { .. } => Severity::Warns,
            _ if self.released_by().is_some() => Severity::Holds,
            _ => Severity::Stops,
        }
    }
}

impl Examined {
    /// The worst of its faults.
    pub fn severity(&self) -> Option<Severity> {
        self.faults.iter().map(Fault::severity).max()
    }
}

/// By all rules.
pub fn examine(order: &Order, facts: &Facts) -> Examined {
    let mut examination = Examination { order, facts, faults: Vec::new(), left: BTreeMap::new() };
    examination.client();
    let choice = examination.column();
    let column =
        choice.as_ref().and_then(|choice| facts.columns.iter().find(|known| known.id == choice.column));
    if choice.is_some() && column.is_none() {
        // A contract names a column that the price list has no more.
        examination.faults.push(Fault::NoColumn);
    }
    let lines = examination.lines(column);
    let add = |sum: Sum, line: &Line| sum.and(line.priced.sum).unwrap_or(sum);
    let total = lines.iter().fold(Sum::default(), add);
    let most = lines.iter().fold(Decimal::ZERO, |sum, line| sum.saturating_add(line.most.0));
    examination.sums(total.gross, Money(most), column);
    examination.offers();
    examination.delivery();
    examination.read_back(total.gross);
    let columns = examination.permitted();
    Examined {
        lines: lines.into_iter().map(|line| line.priced).collect(),
        currency: column.map(|column| column.currency.clone()),
        total,
        most: Money(most),
        column: choice,
        columns,
        faults: examination.faults,
    }
}

struct Examination<'a> {
    order: &'a Order,
    facts: &'a Facts,
    faults: Vec<Fault>,
    /// What is left of each product after the lines so far.
    left: BTreeMap<ProductId, Decimal>,
}

struct Line {
    priced: PricedLine,
    most: Money,
}

impl<'a> Examination<'a> {
    fn client(&mut self) {
        let Facts { served_by, standing, payers, consignees, .. } = self.facts;
        if *served_by != ServedBy::Operator {
            self.faults.push(Fault::NotForOperators { served_by: *served_by });
        }
        match standing {
            None => self.faults.push(Fault::StandingUnknown),
            Some(standing) => {
                if standing.overdue.is_positive() {
                    self.faults.push(Fault::Overdue { amount: standing.overdue });
                }
                if standing.over_limit.is_positive() {
                    self.faults.push(Fault::OverLimit { amount: standing.over_limit });
                }
            }
        }
        match &self.order.payer {
            None if payers.len() > 1 => self.faults.push(Fault::NoPayer),
            Some(payer) if !payers.contains(payer) => self.faults.push(Fault::UnknownPayer),
            _ => {}
        }
        let consignee = &self.order.delivery.consignee;
        if consignee.as_ref().is_some_and(|consignee| !consignees.contains(consignee)) {
            self.faults.push(Fault::UnknownConsignee);
        }
    }

    /// What the lines come to by the column without volume; promotions count for no volume.
    fn base_total(&self) -> Money {
        let Facts { buyer, column_rules, goods, today, .. } = self.facts;
        let Some(column) = price::base_column(column_rules, buyer, *today) else { return Money::ZERO };
        let worth = |line: &OrderLine| {
            let goods = goods.get(&line.product)?;
            let measured = goods.product.measure(line.quantity, line.unit).ok()?;
            price::unit_price(&goods.prices, &column, &[])?.amount.0.checked_mul(measured.priced)
        };
        let lines = self.order.lines.iter().filter(|line| line.is_delivered());
        Money(lines.filter_map(worth).fold(Decimal::ZERO, Decimal::saturating_add))
    }

    fn permitted(&self) -> Vec<ColumnId> {
        price::permitted(&self.facts.column_rules, &self.facts.buyer, self.base_total(), self.facts.today)
    }

    fn column(&mut self) -> Option<ColumnChoice> {
        let Facts { buyer, column_rules, today, .. } = self.facts;
        let by_rule = price::column(column_rules, buyer, self.base_total(), *today);
        let Some(by_rule) = by_rule else {
            self.faults.push(Fault::NoColumn);
            return None;
        };
        match &self.order.column {
            Some(chosen) if *chosen != by_rule.column => {
                if !self.permitted().contains(chosen) {
                    self.faults.push(Fault::ColumnNotPermitted);
                    return Some(by_rule);
                }
                price::chosen(column_rules, buyer, chosen, *today)
            }
            _ => Some(by_rule),
        }
    }

    fn lines(&mut self, column: Option<&Column>) -> Vec<Line> {
        if !self.order.lines.iter().any(OrderLine::is_delivered) {
            self.faults.push(Fault::Empty);
        }
        let mut numbers = BTreeSet::new();
        let mut priced = Vec::new();
        for line in &self.order.lines {
            if !numbers.insert(line.number) {
                self.faults.push(Fault::LineTwice { line: line.number });
                continue;
            }
            if let Some(super::order::Settlement::Substitute { product }) = line.settled {
                let replaced = |other: &OrderLine| other.product == product && other.is_delivered();
                if !self.order.lines.iter().any(replaced) {
                    self.faults.push(Fault::NoSubstitute { line: line.number });
                }
            }
            if !line.is_delivered() {
                continue;
            }
            match (self.line(line, column), column) {
                (Ok(line), _) => priced.push(line),
                // Without a column nothing has a price, which is said once.
                (Err(Fault::NoPrice { .. }), None) => {}
                (Err(fault), _) => self.faults.push(fault),
            }
        }
        // A gift is given of what the lines leave, and stands in nobody's way.
        for line in &mut priced {
            line.priced.gifts.retain(|gift| {
                let left = self.left_of(gift.product);
                let is_there = left >= gift.quantity;
                if is_there {
                    self.left.insert(gift.product, left - gift.quantity);
                }
                is_there
            });
        }
        priced
    }

    fn line(&mut self, line: &OrderLine, column: Option<&Column>) -> Result<Line, Fault> {
        let facts: &'a Facts = self.facts;
        let number = line.number;
        let goods = facts.goods.get(&line.product).ok_or(Fault::UnknownProduct { line: number })?;
        let measured = goods
            .product
            .measure(line.quantity, line.unit)
            .map_err(|fault| Fault::Quantity { line: number, fault })?;
        if let Some(permission) = &goods.product.permission
            && !facts.permissions.contains(permission)
        {
            self.faults.push(Fault::NotPermitted { line: number, permission: permission.clone() });
        }
        let client_type = &facts.buyer.client_type;
        let promotions =
            promotion::in_order(&facts.promotions, client_type, goods, measured.counted, facts.today);
        let gifts = promotion::gifts(&promotions, measured.counted);
        self.take(line.number, line.product, measured.counted);
        let no_price = || Fault::NoPrice { line: number };
        let column = column.ok_or_else(no_price)?;
        let price = price::unit_price(&goods.prices, &column.id, &promotions).ok_or_else(no_price)?;
        let day = self.order.delivery.slot.map_or(facts.today, |slot| slot.date);
        let rate = tax_rate(&facts.tax_rates, &goods.product.tax_kind, day).ok_or_else(no_price)?;
        let sum_of = |weight: Decimal| {
            Sum::of(price.amount.0.checked_mul(weight)?, column.basis, rate, &column.currency)
        };
        let Measured { counted, priced, most } = measured;
        let (sum, most) = (sum_of(priced).ok_or_else(no_price)?, sum_of(most).ok_or_else(no_price)?);
        let is_about = measured.is_about();
        Ok(Line { priced: PricedLine { number, counted, price, sum, is_about, gifts }, most: most.gross })
    }

    fn left_of(&self, product: ProductId) -> Decimal {
        let available = || self.facts.goods.get(&product).map_or(Decimal::ZERO, |goods| goods.available);
        self.left.get(&product).copied().unwrap_or_else(available)
    }

    fn take(&mut self, line: u32, product: ProductId, counted: Decimal) {
        let available = self.left_of(product).max(Decimal::ZERO);
        if counted > available {
            self.faults.push(Fault::OutOfStock { line, available });
        }
        self.left.insert(product, (available - counted).max(Decimal::ZERO));
    }

    fn sums(&mut self, total: Money, most: Money, column: Option<&Column>) {
        let Facts { minimum, standing, is_prepaid, .. } = self.facts;
        if let Some(minimum) = *minimum
            && total < minimum
            && total.is_positive()
        {
            self.faults.push(Fault::BelowMinimum { minimum });
        }
        let Some(standing) = standing else { return };
        let Some(left) = standing.credit_left.filter(|_| !is_prepaid) else { return };
        if column.is_some_and(|column| column.currency != standing.currency) {
            self.faults.push(Fault::OtherCurrency);
        } else if most > left {
            self.faults.push(Fault::OverCredit { by: Money(most.0 - left.0) });
        }
    }

    fn offers(&mut self) {
        let Order { offers, lines, no_offers, .. } = self.order;
        let products: BTreeSet<ProductId> = offers.iter().map(|offer| offer.product).collect();
        let missing = self.facts.least_offers.saturating_sub(products.len());
        if missing > 0 && !no_offers {
            self.faults.push(Fault::TooFewOffers { missing });
        }
        for offer in offers {
            let is_ordered = || lines.iter().any(|line| line.product == offer.product);
            if offer.answer == OfferAnswer::Taken && !is_ordered() {
                self.faults.push(Fault::TakenButNotOrdered { product: offer.product });
            }
        }
    }

    fn delivery(&mut self) {
        let delivery = &self.order.delivery;
        let facts = self.facts;
        if delivery.address.is_none_or(|address| !facts.addresses.contains(&address)) {
            self.faults.push(Fault::NoAddress);
        }
        let is_said = |text: &str| !text.trim().is_empty();
        let goes_otherwise = |regional: &Regional| {
            regional.arrival.is_some() || regional.shipping.as_deref().is_some_and(is_said)
        };
        let needs_no_lorry = delivery.regional.as_ref().is_some_and(goes_otherwise);
        match (delivery.slot, facts.slot) {
            // Who fetches the goods or has them shipped needs no lorry, and to some places none of ours goes.
            (None, _) if facts.is_regional && needs_no_lorry => {}
            (None, _) if delivery.address.is_some_and(|address| facts.off_route.contains(&address)) => {}
            (None, _) => self.faults.push(Fault::NoSlot),
            (Some(_), Err(fault)) => self.faults.push(Fault::Slot { fault }),
            (Some(_), Ok(())) => {}
        }
        match &delivery.receiver {
            Some(receiver) if is_said(&receiver.name) && is_said(&receiver.phone) => {
                let pays = delivery.pays_on_delivery == Some(true);
                let faults = [
                    (!receiver.confirmed, Fault::ReceiverNotConfirmed),
                    (!receiver.may_sign, Fault::ReceiverMayNotSign),
                    (pays && !receiver.may_pay, Fault::ReceiverMayNotPay),
                ];
                self.faults.extend(faults.into_iter().filter_map(|(is_so, fault)| is_so.then_some(fault)));
            }
            _ => self.faults.push(Fault::NoReceiver),
        }
        if delivery.pays_on_delivery.is_none() {
            self.faults.push(Fault::NoPaymentOnDelivery);
        }
        if facts.is_regional {
            let regional = delivery.regional.clone().unwrap_or_default();
            if !regional.payment.is_some_and(|payment| is_said(&payment)) {
                self.faults.push(Fault::NoRegionalPayment);
            }
            if regional.arrival.is_none() && !regional.shipping.is_some_and(|shipping| is_said(&shipping)) {
                self.faults.push(Fault::NoRegionalArrival);
            }
        }
        if let Some(order) = facts.other_order {
            self.faults.push(Fault::OtherOrder { order });
        }
    }

    fn read_back(&mut self, total: Money) {
        match self.order.agreed_total {
            None => self.faults.push(Fault::NotReadBack),
            Some(agreed) if agreed != total => self.faults.push(Fault::TotalChanged { agreed }),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
