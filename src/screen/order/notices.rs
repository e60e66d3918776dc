//! What has happened to orders while the operator did something else: in the bars, in words; what needs the operator stays until
//! it is looked at.

use super::Draft;
use crate::desk_api::{ClientId, OrderEntry, OrderEvent, OrderId, OrderState, ProblemCode};
use crate::instant::Instant;
use crate::screen::keys::{Deed, key_of};
use crate::screen::{Act, Bar, Screen, Tone, format};
use crate::text::{msg, say};
use std::time::Duration;

/// What needs nobody is in sight for so long.
const SIGHT: Duration = Duration::from_secs(20);
/// Of those that are not looked at the latest are kept.
const MOST: usize = 50;

/// Worded when it is shown: the language may change meanwhile.
pub(super) struct Notice {
    /// None: it is of no order.
    order: Option<(OrderId, ClientId)>,
    who: String,
    number: Option<u64>,
    what: What,
    /// None: until the operator looks at it.
    until: Option<Instant>,
}

enum What {
    /// Where it is now.
    State(OrderState),
    /// It goes back to the operator: why.
    Returned(String),
    Released,
    Paid,
    /// Its change was given up.
    Stands,
    /// It ends: why.
    Ended(OrderState, String),
    /// What was to be done to it is not done.
    Refused(ProblemCode),
    /// Another program of this operator has written it as well.
    WrittenTwice,
    /// Nobody was asked to call the client back.
    NotCalledBack,
    /// Nobody knows of the new client.
    NotWrittenDown,
}

impl What {
    /// By what others, or time, have done last.
    fn of(entry: &OrderEntry) -> Option<Self> {
        let [earlier @ .., last] = entry.history.as_slice() else { return None };
        if last.by == entry.taken_by {
            return None;
        }
        let reason = last.reason.clone().unwrap_or_default();
        let before = earlier.last().map(|event: &OrderEvent| event.state);
        Some(match (before, entry.state) {
            (_, OrderState::Draft) => Self::Returned(reason),
            (_, OrderState::Cancelled | OrderState::RefusedAtDoor) => Self::Ended(entry.state, reason),
            (Some(OrderState::Draft), _) => Self::Stands,
            (Some(OrderState::Held), OrderState::Placed | OrderState::AwaitingPayment) => Self::Released,
            (Some(OrderState::AwaitingPayment), OrderState::Placed) => Self::Paid,
            (_, OrderState::Closed) => return None,
            (_, state) => Self::State(state),
        })
    }

    /// The operator has to do something, or to know it before the client calls.
    const fn needs_operator(&self) -> bool {
        matches!(
            self,
            Self::Returned(_)
                | Self::Ended(..)
                | Self::Refused(_)
                | Self::WrittenTwice
                | Self::NotCalledBack
                | Self::NotWrittenDown
        )
    }
}

impl Notice {
    fn is_of(&self, order: OrderId) -> bool {
        self.order.is_some_and(|(id, _)| id == order)
    }
}

impl Screen {
    /// Others have moved it on.
    pub(super) fn notice_change(&mut self, now: Instant, entry: &OrderEntry) {
        if let Some(what) = What::of(entry) {
            let until = (!what.needs_operator()).then(|| now + SIGHT);
            self.notice(entry, what, until);
        }
    }

    /// It has come back while nobody was here.
    pub(super) fn notice_returned(&mut self, entry: &OrderEntry) {
        let is_known = self.has_notice(entry.order.id) || self.book.entries.contains_key(&entry.order.id);
        if let Some(what @ What::Returned(_)) = What::of(entry).filter(|_| !is_known) {
            self.notice(entry, what, None);
        }
    }

    pub(super) fn notice_refused(&mut self, entry: &OrderEntry, code: ProblemCode) {
        self.notice(entry, What::Refused(code), None);
    }

    /// Two programs of this operator have written it: where it stands open, and in a bar elsewhere.
    pub(super) fn tell_of_both(&mut self, entry: &OrderEntry) {
        let is_open = self.open_draft().is_some_and(|draft| draft.order.id == entry.order.id);
        match self.open_draft().filter(|_| is_open).map(|draft| draft.weighs) {
            Some(true) => self.announce_prompt(),
            Some(false) => self.announce_both_written(),
            None => self.notice(entry, What::WrittenTwice, None),
        }
    }

    fn notice(&mut self, entry: &OrderEntry, what: What, until: Option<Instant>) {
        let (id, client) = (entry.order.id, entry.order.client);
        if until.is_none() {
            // So that one key opens it.
            self.fetch_terms(client);
        }
        self.forget_notices(id);
        self.put_notice(Notice {
            order: Some((id, client)),
            who: format::tame(&entry.client_name),
            number: entry.number,
            what,
            until,
        });
    }

    /// The desk does not take what was asked of a manager, and the call in which it was is gone.
    pub(in crate::screen) fn notice_not_called_back(&mut self, who: String) {
        self.put_notice(Notice { order: None, who, number: None, what: What::NotCalledBack, until: None });
    }

    /// The desk does not take a client of whom nobody knew.
    pub(in crate::screen) fn notice_not_written_down(&mut self, who: String) {
        self.put_notice(Notice { order: None, who, number: None, what: What::NotWrittenDown, until: None });
    }

    fn put_notice(&mut self, notice: Notice) {
        self.announce(self.notice_words(&notice));
        self.book.notices.push(notice);
        if self.book.notices.len() > MOST {
            self.book.notices.remove(0);
        }
    }

    pub(super) fn forget_notices(&mut self, order: OrderId) {
        self.book.notices.retain(|known| !known.is_of(order));
    }

    pub(super) fn has_notice(&self, order: OrderId) -> bool {
        self.book.notices.iter().any(|known| known.is_of(order))
    }

    pub(in crate::screen) fn end_order_notices(&mut self, now: Instant) {
        self.book.notices.retain(|notice| notice.until.is_none_or(|until| now < until));
    }

    pub(in crate::screen) fn order_notices_end(&self) -> bool {
        self.book.notices.iter().any(|notice| notice.until.is_some())
    }

    pub(in crate::screen) fn needs_operator(&self) -> bool {
        self.book.notices.iter().any(|notice| notice.until.is_none())
    }

    /// What has waited for the longest; and the last of what needs nobody.
    pub(in crate::screen) fn order_bars(&self) -> impl Iterator<Item = Bar> {
        let cat = &self.cat;
        let (waiting, passing): (Vec<&Notice>, Vec<&Notice>) =
            self.book.notices.iter().partition(|notice| notice.until.is_none());
        let more = waiting.len().saturating_sub(1);
        let first = waiting.first().map(|notice| Bar {
            tone: Tone::Warning,
            text: match more {
                0 => self.notice_words(notice),
                _ => format!("{}. {}", self.notice_words(notice), say!(cat, "{count} more", count = more)),
            },
            act: Some((
                if notice.order.is_some() { say!(cat, "Open") } else { say!(cat, "Close") },
                Act::OpenNews,
            )),
            key: key_of(&Deed::Act(Act::OpenNews)),
        });
        let last = passing.last().map(|notice| Bar {
            tone: Tone::Good,
            text: self.notice_words(notice),
            act: None,
            key: String::new(),
        });
        first.into_iter().chain(last)
    }

    fn notice_words(&self, notice: &Notice) -> String {
        let cat = &self.cat;
        let text = match &notice.what {
            What::State(OrderState::Accepted) => msg!("{order} of {who} was accepted"),
            What::State(OrderState::Picking) => msg!("{order} of {who} is being picked"),
            What::State(OrderState::DeliveredInPart) => msg!("{order} of {who} was delivered in part"),
            What::State(OrderState::Delivered) => msg!("{order} of {who} was delivered"),
            What::State(OrderState::Held) => msg!("{order} of {who} is held"),
            What::State(OrderState::AwaitingPayment) => msg!("{order} of {who} waits for the payment"),
            What::State(_) => msg!("{order} of {who} was placed"),
            What::Released => msg!("{order} of {who} was released"),
            What::Paid => msg!("{order} of {who} is paid"),
            What::Stands => msg!("{order} of {who} stands as it was: its change was not finished"),
            What::Returned(_) => msg!("{order} of {who} came back: {why}"),
            What::Ended(OrderState::RefusedAtDoor, _) => {
                msg!("{order} of {who} was refused at the door: {why}")
            }
            What::Ended(_, why) if why.is_empty() => msg!("{order} of {who} was cancelled, time was up"),
            What::Ended(..) => msg!("{order} of {who} was cancelled: {why}"),
            What::Refused(_) => msg!("{order} of {who}: {why}"),
            What::WrittenTwice => msg!("{order} of {who} was written here and elsewhere"),
            What::NotCalledBack => {
                msg!("The order desk does not take the call back to {who}: ask the manager yourself")
            }
            What::NotWrittenDown => {
                msg!("The order desk does not take the new client {who}: tell the head yourself")
            }
        };
        let why = match &notice.what {
            What::Returned(why) | What::Ended(_, why) => format::tame(why),
            What::Refused(code) => self.refusal_words(*code),
            _ => String::new(),
        };
        let order = self.numbered_words(notice.number);
        cat.say(text, &[("order", &order), ("who", &notice.who), ("why", &why)])
    }

    /// Opens what has waited for the longest. Where there are no terms for it, it is read in the list.
    pub(super) fn open_news(&mut self, now: Instant) {
        let Some(at) = self.book.notices.iter().position(|notice| notice.until.is_none()) else { return };
        let Some((order, client)) = self.book.notices.get(at).and_then(|notice| notice.order) else {
            self.book.notices.remove(at);
            return;
        };
        let who = self.book.notices.get(at).map(|notice| notice.who.clone()).unwrap_or_default();
        let has_terms = self.book.terms(client).is_some();
        let has_none = self.book.known.get(&client).is_some_and(|known| known.fault.is_some());
        if !has_terms && !has_none {
            self.fetch_terms(client);
            return self.announce(self.no_terms_words());
        }
        self.forget_notices(order);
        self.put_order_aside();
        if self.ordering_client() != Some(client) {
            self.book.visited = Some((client, who));
        }
        if has_terms {
            self.open_order_by_id(now, order);
        } else {
            self.open_list_at(now, order);
        }
        if !self.order_is_open() {
            self.book.visited = None;
        }
    }

    /// On the table with it, whatever it is.
    pub(super) fn open_order_by_id(&mut self, now: Instant, id: OrderId) {
        let laid_out = self.book.drafts.values().find(|draft| draft.order.id == id);
        let client = laid_out.map(|draft| draft.order.client);
        let client = client.or_else(|| {
            let draft = self.book.aside.remove(&id).or_else(|| self.draft_of_entry(now, id))?;
            let client = draft.order.client;
            self.book.lay_out(draft);
            Some(client)
        });
        if let Some(client) = client {
            self.forget_notices(id);
            self.open_draft_of(now, client);
        }
    }

    pub(super) fn draft_of_entry(&self, now: Instant, id: OrderId) -> Option<Draft> {
        let entry = self.book.entries.get(&id)?;
        let is_own = self.book.me.as_ref() == Some(&entry.taken_by);
        let told = self.book.known.get(&entry.order.client).and_then(|known| known.listed);
        Some(Draft { told, ..Draft::of_entry(now, entry, is_own) })
    }
}
