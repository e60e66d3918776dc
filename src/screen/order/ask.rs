//! What the form asks for, one thing after the other.

use super::{Draft, Phase, Said, typed};
use crate::desk_api::{ClientId, Fault, Order, Sought};
use crate::domain::trade::product::ProductId;
use crate::instant::Instant;
use crate::screen::{Field, Screen, Wish};
use jiff::tz::TimeZone;
use std::time::Duration;

/// A key that is struck twice by a slip must not answer the next question as well.
pub(super) const STRUCK_TWICE: Duration = Duration::from_millis(100);

/// One thing at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Question {
    Product,
    /// How much of it.
    Quantity {
        product: ProductId,
    },
    /// How much instead.
    Line {
        number: u32,
    },
    /// There is less of it: what was agreed.
    Shortage {
        line: u32,
    },
    Offer {
        product: ProductId,
    },
    Payer,
    Consignee,
    Column,
    Address,
    Slot,
    Receiver,
    ReceiverName,
    ReceiverPhone {
        name: String,
    },
    /// What they may do.
    Rights {
        name: String,
        phone: String,
    },
    PaysOnDelivery,
    RegionalPayment,
    RegionalArrival,
    Note,
    /// The client agrees to all of it (duty 12).
    ReadBack,
}

impl Question {
    /// What the order has already of what is answered in words: it is gone on with.
    fn said(&self, order: &Order, zone: &TimeZone) -> String {
        let regional = order.delivery.regional.as_ref();
        let said = match self {
            Self::Note => order.note.clone(),
            Self::RegionalPayment => regional.and_then(|regional| regional.payment.clone()),
            Self::RegionalArrival => regional.and_then(|regional| {
                let arrival = regional.arrival.map(|arrival| typed::moment_text(arrival, zone));
                arrival.or_else(|| regional.shipping.clone())
            }),
            _ => None,
        };
        said.unwrap_or_default()
    }

    /// Each letter of the answer is in the order at once.
    const fn is_kept_as_typed(&self) -> bool {
        matches!(
            self,
            Self::ReceiverName
                | Self::ReceiverPhone { .. }
                | Self::RegionalPayment
                | Self::RegionalArrival
                | Self::Note
        )
    }

    /// It asks for the rest of what the one before has begun.
    const fn continues(&self, before: &Self) -> bool {
        matches!(
            (before, self),
            (Self::ReceiverName, Self::ReceiverPhone { .. })
                | (Self::ReceiverPhone { .. }, Self::Rights { .. })
        )
    }

    /// A digit answers it; the others are answered in words or amounts.
    pub const fn takes_digits(&self) -> bool {
        matches!(
            self,
            Self::Shortage { .. }
                | Self::Offer { .. }
                | Self::Payer
                | Self::Consignee
                | Self::Column
                | Self::Address
                | Self::Slot
                | Self::Receiver
                | Self::Rights { .. }
                | Self::PaysOnDelivery
                | Self::ReadBack
        )
    }
}

impl Screen {
    /// Asks for it, and says so.
    pub(super) fn ask(&mut self, now: Instant, question: Question) {
        self.ask_quietly(now, question);
        self.announce_prompt();
    }

    /// What was said already says what comes next.
    pub(super) fn ask_quietly(&mut self, now: Instant, question: Question) {
        let chosen = self.first_choice(&question);
        let asks_shortage = match question {
            Question::Shortage { line } => {
                self.open_draft().and_then(|draft| Some(draft.line(line)?.product))
            }
            _ => None,
        };
        let instead = self.open_client().zip(asks_shortage);
        let instead = instead.map(|(client, product)| self.substitutes_of(client, product));
        let zone = self.zone.clone();
        let Some(draft) = self.open_draft_mut() else { return };
        let text = question.said(&draft.order, &zone);
        // Name, telephone and rights are one answer: half a receiver is none.
        let goes_on = question.continues(&draft.asks) && draft.before.is_some();
        if !goes_on {
            draft.before = question.is_kept_as_typed().then(|| Box::new(Said::of(&draft.order)));
        }
        (draft.asks, draft.since, draft.weighs) = (question, now, false);
        (draft.text, draft.mistake, draft.chosen) = (text, None, chosen);
        (draft.hits, draft.searches) = (instead.unwrap_or_default(), false);
        if let Some(product) = asks_shortage {
            self.fetch_substitutes(product);
        }
    }

    /// Two programs have written the order: which of the two holds.
    pub(super) fn ask_which_holds(&mut self, now: Instant) {
        let Some(draft) = self.open_draft_mut() else { return };
        (draft.weighs, draft.chosen, draft.since) = (true, Some(0), now);
        self.focus(Field::Order);
        self.announce_prompt();
    }

    /// What may be sold instead, with what is there of it now.
    fn fetch_substitutes(&mut self, product: ProductId) {
        let Some(client) = self.open_client() else { return };
        let has_some =
            self.book.goods(client, product).is_some_and(|goods| !goods.product.substitutes.is_empty());
        let day = self.open_draft().and_then(|draft| draft.order.delivery.slot).map(|slot| slot.date);
        if has_some {
            self.wishes.push_back(Wish::FindProducts { client, what: Sought::InsteadOf(product), day });
        }
    }

    /// Which question mends this.
    pub(super) fn question_about(&self, fault: &Fault) -> Option<Question> {
        Some(match fault {
            Fault::NoPayer | Fault::UnknownPayer => Question::Payer,
            Fault::UnknownConsignee => Question::Consignee,
            Fault::ColumnNotPermitted => Question::Column,
            Fault::Empty => Question::Product,
            Fault::OutOfStock { line, .. } => Question::Shortage { line: *line },
            Fault::LineTwice { line }
            | Fault::UnknownProduct { line }
            | Fault::Quantity { line, .. }
            | Fault::NoPrice { line }
            | Fault::NotPermitted { line, .. }
            | Fault::NoSubstitute { line } => Question::Line { number: *line },
            Fault::TooFewOffers { .. } => Question::Offer { product: self.next_offer()? },
            Fault::TakenButNotOrdered { product } => Question::Quantity { product: *product },
            Fault::NoAddress => Question::Address,
            Fault::NoSlot | Fault::Slot { .. } => Question::Slot,
            Fault::NoReceiver | Fault::ReceiverNotConfirmed => Question::Receiver,
            Fault::ReceiverMayNotSign | Fault::ReceiverMayNotPay => {
                let receiver = self.open_draft()?.order.delivery.receiver.as_ref()?;
                Question::Rights { name: receiver.name.clone(), phone: receiver.phone.clone() }
            }
            Fault::NoPaymentOnDelivery => Question::PaysOnDelivery,
            Fault::NoRegionalPayment => Question::RegionalPayment,
            Fault::NoRegionalArrival => Question::RegionalArrival,
            Fault::NotReadBack | Fault::TotalChanged { .. } => Question::ReadBack,
            Fault::NoColumn
            | Fault::NotForOperators { .. }
            | Fault::Overdue { .. }
            | Fault::OverLimit { .. }
            | Fault::StandingUnknown
            | Fault::BelowMinimum { .. }
            | Fault::OverCredit { .. }
            | Fault::OtherCurrency
            | Fault::OtherOrder { .. } => return None,
        })
    }

    pub(super) fn ask_about(&mut self, now: Instant, fault: &Fault) {
        match self.question_about(fault) {
            Some(question) => self.ask(now, question),
            None => self.announce_fault(fault),
        }
    }

    /// What is chosen before a key says otherwise.
    fn first_choice(&self, question: &Question) -> Option<usize> {
        let client: Option<ClientId> = self.open_client();
        match question {
            // Nobody takes an offer, or settles a shortage, by Enter alone.
            Question::Product
            | Question::Line { .. }
            | Question::Shortage { .. }
            | Question::Offer { .. } => None,
            Question::Quantity { product } => {
                let goods = &self.book.goods(client?, *product)?.product;
                let unit = self.packed_as(*product, goods)?;
                goods.packings.iter().position(|packing| packing.unit == unit)
            }
            Question::PaysOnDelivery => {
                let pays = |terms: &crate::desk_api::DeliveryTerms| terms.pays_on_delivery;
                let pays = self
                    .ordering()
                    .filter(|card| Some(card.id) == client)
                    .and_then(|card| card.delivery.as_ref())
                    .is_some_and(pays);
                Some(usize::from(!pays))
            }
            _ => Some(0),
        }
    }
}

impl Draft {
    /// An order that was given in can only be chosen about.
    pub(super) fn takes_digits(&self) -> bool {
        self.asks.takes_digits() || !self.is_writing() || self.weighs_both()
    }

    pub(super) fn is_placing(&self) -> bool {
        matches!(self.phase, Phase::Placing { .. })
    }
}
