//! An order: what the operator writes down, and what becomes of it (duties 3, 12, 13, 14).

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::delivery::Slot;
use super::offer::OfferMade;
use super::price::ColumnId;
use super::product::{ProductId, Unit};
use crate::domain::call_record::CallRecordId;
use crate::domain::client::{ClientId, Money};
use crate::domain::mask_debug;

/// An order's identity, made by the sender: a UUID of version 7 (RFC 9562 §5.7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct OrderId(pub Uuid);

impl OrderId {
    /// From the time of the first keystroke and chance.
    pub fn new(at: Timestamp, chance: [u8; 10]) -> Self {
        Self(CallRecordId::new(at, chance).0)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The short name of a legal entity of a client in data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct EntityId(pub String);

/// What the operator has written down, whole; written again with a higher revision at every change.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Order {
    /// Made by the sender.
    pub id: OrderId,
    /// 1 and up; a lower one never replaces a higher one.
    pub revision: u32,
    /// Whose.
    pub client: ClientId,
    /// Who pays; none: not said yet, or the client has one legal entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<EntityId>,
    /// The call that it was taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallRecordId>,
    /// The column that the operator chose; none: by the rules (duty 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<ColumnId>,
    /// In the order of the client's words.
    #[serde(default)]
    pub lines: Vec<OrderLine>,
    /// What was offered, and the client's word (duty 7).
    #[serde(default)]
    pub offers: Vec<OfferMade>,
    /// The client wants to hear no offers.
    #[serde(default)]
    pub no_offers: bool,
    /// When, where and to whom.
    #[serde(default)]
    pub delivery: OrderDelivery,
    /// The total that was read to the client, and agreed (duty 12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_total: Option<Money>,
    /// For whoever follows the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The program that wrote this revision, by an id of its own making.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>))]
    pub writer: Option<Uuid>,
    /// The revision of the desk's that its writer knew of: what another program has written since is not overwritten unseen.
    #[serde(default)]
    pub seen: u32,
}

impl Order {
    /// It would overwrite what another program has written and this one has not seen. Who names no writer overwrites.
    pub fn overlooks(&self, kept: &Self) -> bool {
        let by_others = self.writer.zip(kept.writer).is_some_and(|(writer, other)| writer != other);
        by_others && self.seen < kept.revision
    }
}

/// One line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OrderLine {
    /// Its number in this order, kept while lines come and go.
    pub number: u32,
    /// What.
    pub product: ProductId,
    /// How much.
    #[serde(with = "rust_decimal::serde::str")]
    #[cfg_attr(feature = "desk", schema(value_type = String))]
    pub quantity: Decimal,
    /// In what.
    pub unit: Unit,
    /// Where the stock did not suffice: what was agreed instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settlement>,
}

/// What was agreed about a line that the stock does not suffice for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Settlement {
    /// What there is; so much was wanted.
    Cut {
        /// In the unit of the line.
        #[serde(with = "rust_decimal::serde::str")]
        #[cfg_attr(feature = "desk", schema(value_type = String))]
        wanted: Decimal,
    },
    /// The line waits, and is no part of this delivery.
    Wait {
        /// Until then.
        #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
        until: Date,
    },
    /// Another line takes its place.
    Substitute {
        /// Of this product.
        product: ProductId,
    },
    /// Nothing.
    Drop,
}

impl OrderLine {
    /// It is part of this delivery.
    pub fn is_delivered(&self) -> bool {
        matches!(self.settled, None | Some(Settlement::Cut { .. }))
    }
}

/// When, where and to whom (duties 12, 13).
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct OrderDelivery {
    /// The number of the address on the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<u32>,
    /// The legal entity that the goods go to by their papers; none: that of the address, else the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<EntityId>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// Who takes the goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<Receiver>,
    /// The driver gets the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pays_on_delivery: Option<bool>,
    /// Regional clients (duty 13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regional: Option<Regional>,
}

/// Who takes the goods, and has the right to (duty 12).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Receiver {
    /// As to ask for.
    pub name: String,
    /// To be reached by the driver.
    pub phone: String,
    /// May pay.
    #[serde(default)]
    pub may_pay: bool,
    /// May sign.
    #[serde(default)]
    pub may_sign: bool,
    /// Will be there, by the client's word in this call.
    #[serde(default)]
    pub confirmed: bool,
}

/// What is agreed with regional clients (duty 13).
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Regional {
    /// How they pay, in the client's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<String>,
    /// When they come to fetch it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = DateTime))]
    pub arrival: Option<Timestamp>,
    /// Or how it is shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<String>,
}

mask_debug!(Order, OrderLine, OrderDelivery, Receiver, Regional);

/// Where an order is in its life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum OrderState {
    /// The operator writes it.
    Draft,
    /// Complete, and somebody must release it.
    Held,
    /// Placed by a client who pays first.
    AwaitingPayment,
    /// Placed; its manager has it.
    Placed,
    /// The manager follows its execution.
    Accepted,
    /// The warehouse has it.
    Picking,
    /// Something of it has come.
    DeliveredInPart,
    /// All of it has come.
    Delivered,
    /// Delivered and settled.
    Closed,
    /// Not wanted any more.
    Cancelled,
    /// The receiver sent it back.
    RefusedAtDoor,
}

impl OrderState {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Draft,
        Self::Held,
        Self::AwaitingPayment,
        Self::Placed,
        Self::Accepted,
        Self::Picking,
        Self::DeliveredInPart,
        Self::Delivered,
        Self::Closed,
        Self::Cancelled,
        Self::RefusedAtDoor,
    ];

    /// It takes stock, its slot and credit.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Held | Self::AwaitingPayment | Self::Placed | Self::Accepted | Self::Picking)
    }
}

/// What is done to an order beside writing it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum OrderAct {
    /// Its content changes.
    Change,
    /// It goes back to the operator.
    Return,
    /// What it was held for is let pass.
    Release,
    /// The client's payment has come.
    Pay,
    /// The manager takes it over.
    Accept,
    /// The warehouse begins.
    Pick,
    /// A part has come.
    DeliverPart,
    /// All has come.
    Deliver,
    /// The receiver sends it back.
    RefuseAtDoor,
    /// It is settled.
    Close,
    /// The client does not want it, or its payment did not come.
    Cancel,
}

impl OrderAct {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Change,
        Self::Return,
        Self::Release,
        Self::Pay,
        Self::Accept,
        Self::Pick,
        Self::DeliverPart,
        Self::Deliver,
        Self::RefuseAtDoor,
        Self::Close,
        Self::Cancel,
    ];
}

/// Why an order stays as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum LifeFault {
    /// That is not done in this state.
    NotNow,
    /// The time for changes is over: the goods are being picked, or will be at once.
    AfterCutOff,
}

/// What becomes of an order depends on more than its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Circumstances {
    /// The route's cut-off is not over.
    pub in_time: bool,
    /// It is to be paid before the goods leave, and is not paid.
    pub must_pay: bool,
    /// What was kept for it is free again: others may have it.
    pub has_lapsed: bool,
    /// This is a change of it: what was placed stands, in this state, until the change is placed.
    pub stands: Option<OrderState>,
}

impl OrderState {
    /// What becomes of it. An order that changes is a draft again, and placed again by all rules.
    pub fn after(self, act: OrderAct, circumstances: &Circumstances) -> Result<Self, LifeFault> {
        use OrderAct as Act;
        let Circumstances { in_time, must_pay, has_lapsed, stands } = *circumstances;
        if let (Self::Draft | Self::Held | Self::AwaitingPayment, Act::Cancel, Some(stands)) =
            (self, act, stands)
        {
            // The change alone is given up.
            return Ok(stands);
        }
        let next = match (self, act) {
            (
                Self::Draft | Self::Held | Self::AwaitingPayment | Self::Placed | Self::Accepted,
                Act::Change,
            )
            | (Self::Held | Self::AwaitingPayment | Self::Placed | Self::Accepted, Act::Return) => {
                Self::Draft
            }
            (
                Self::Draft | Self::Held | Self::AwaitingPayment | Self::Placed | Self::Accepted,
                Act::Cancel,
            ) => Self::Cancelled,
            (Self::Held, Act::Release) if must_pay => Self::AwaitingPayment,
            (Self::Held, Act::Release) => Self::Placed,
            (Self::AwaitingPayment, Act::Pay) if !has_lapsed => Self::Placed,
            // It is paid as it was placed; the change of it is given up.
            (Self::Draft, Act::Pay) if stands == Some(Self::AwaitingPayment) && !has_lapsed => Self::Placed,
            (Self::Placed, Act::Accept) => Self::Accepted,
            (Self::Accepted, Act::Pick) => Self::Picking,
            (Self::Picking, Act::DeliverPart) => Self::DeliveredInPart,
            (Self::Picking | Self::DeliveredInPart, Act::Deliver) => Self::Delivered,
            (Self::Picking, Act::RefuseAtDoor) => Self::RefusedAtDoor,
            (Self::DeliveredInPart | Self::Delivered | Self::RefusedAtDoor, Act::Close) => Self::Closed,
            _ => return Err(LifeFault::NotNow),
        };
        let is_late = match act {
            Act::Change | Act::Cancel | Act::Return => matches!(self, Self::Placed | Self::Accepted),
            // Nobody picks it any more: it has to be returned, and placed for another day.
            Act::Release | Act::Pay => true,
            _ => false,
        };
        if is_late && !in_time { Err(LifeFault::AfterCutOff) } else { Ok(next) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Circumstances =
        Circumstances { in_time: true, must_pay: false, has_lapsed: false, stands: None };

    #[test]
    fn an_order_lives_as_the_company_works() {
        use OrderState as S;
        // Rows: the states; columns: the acts in the order of `OrderAct::ALL`; `-`: not now.
        let table = [
            (S::Draft, "D - - - - - - - - - X"),
            (S::Held, "D D P - - - - - - - X"),
            (S::AwaitingPayment, "D D - P - - - - - - X"),
            (S::Placed, "D D - - A - - - - - X"),
            (S::Accepted, "D D - - - K - - - - X"),
            (S::Picking, "- - - - - - H W R - -"),
            (S::DeliveredInPart, "- - - - - - - W - C -"),
            (S::Delivered, "- - - - - - - - - C -"),
            (S::Closed, "- - - - - - - - - - -"),
            (S::Cancelled, "- - - - - - - - - - -"),
            (S::RefusedAtDoor, "- - - - - - - - - C -"),
        ];
        let letter = |state| match state {
            Err(LifeFault::NotNow) => "-",
            Err(LifeFault::AfterCutOff) => "!",
            Ok(S::Draft) => "D",
            Ok(S::Held) => "?",
            Ok(S::AwaitingPayment) => "?",
            Ok(S::Placed) => "P",
            Ok(S::Accepted) => "A",
            Ok(S::Picking) => "K",
            Ok(S::DeliveredInPart) => "H",
            Ok(S::Delivered) => "W",
            Ok(S::Closed) => "C",
            Ok(S::Cancelled) => "X",
            Ok(S::RefusedAtDoor) => "R",
        };
        assert_eq!(table.map(|(state, _)| state), S::ALL);
        for (state, row) in table {
            let found: Vec<&str> =
                OrderAct::ALL.iter().map(|act| letter(state.after(*act, &USUAL))).collect();
            assert_eq!(found.join(" "), row, "{state:?}");
        }
    }

    #[test]
    fn after_the_cut_off_nothing_is_changed_that_is_picked_or_will_not_be() {
        use OrderState as S;
        let late = Circumstances { in_time: false, ..USUAL };
        for act in [OrderAct::Change, OrderAct::Cancel, OrderAct::Return] {
            for state in [S::Placed, S::Accepted] {
                assert_eq!(state.after(act, &late), Err(LifeFault::AfterCutOff), "{state:?} {act:?}");
            }
            assert!(S::AwaitingPayment.after(act, &late).is_ok(), "nobody picks what is not paid");
        }
        assert_eq!(S::Held.after(OrderAct::Release, &late), Err(LifeFault::AfterCutOff));
        assert_eq!(S::AwaitingPayment.after(OrderAct::Pay, &late), Err(LifeFault::AfterCutOff));
        assert_eq!(S::Accepted.after(OrderAct::Pick, &late), Ok(S::Picking));
    }

    #[test]
    fn who_pays_first_pays_in_time_and_before_the_goods_leave() {
        use OrderState as S;
        let unpaid = Circumstances { must_pay: true, ..USUAL };
        assert_eq!(S::Held.after(OrderAct::Release, &unpaid), Ok(S::AwaitingPayment));
        assert_eq!(S::AwaitingPayment.after(OrderAct::Pay, &unpaid), Ok(S::Placed));
        let lapsed = Circumstances { has_lapsed: true, ..unpaid };
        assert_eq!(S::AwaitingPayment.after(OrderAct::Pay, &lapsed), Err(LifeFault::NotNow));
    }

    #[test]
    fn a_payment_in_the_middle_of_a_change_pays_what_was_placed() {
        use OrderState as S;
        let changed = Circumstances { stands: Some(S::AwaitingPayment), ..USUAL };
        assert_eq!(S::Draft.after(OrderAct::Pay, &changed), Ok(S::Placed));
        let firm = Circumstances { stands: Some(S::Placed), ..USUAL };
        assert_eq!(S::Draft.after(OrderAct::Pay, &firm), Err(LifeFault::NotNow));
    }

    #[test]
    fn a_change_that_is_given_up_leaves_what_was_placed() {
        use OrderState as S;
        for stands in [S::Placed, S::Accepted] {
            let changed = Circumstances { stands: Some(stands), in_time: false, ..USUAL };
            for state in [S::Draft, S::Held, S::AwaitingPayment] {
                assert_eq!(state.after(OrderAct::Cancel, &changed), Ok(stands), "whenever that is");
            }
        }
    }

    #[test]
    fn debug_of_an_order_shows_none_of_it() {
        let receiver = Receiver {
            name: "Anna".into(),
            phone: "+7".into(),
            may_pay: true,
            may_sign: true,
            confirmed: true,
        };
        let delivery = OrderDelivery { receiver: Some(receiver), ..OrderDelivery::default() };
        assert!(!format!("{delivery:?}").contains("Anna"));
    }
}
