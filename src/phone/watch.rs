//! Colleagues' telephones, and messages that wait: what two subscriptions say of each, as one state.

use super::event::{Event, Refusal};
use super::{Caller, Phone, target};
use crate::domain::line_state::LineState;
use crate::instant::Instant;
use crate::sip::message::{NameAddr, Uri};
use crate::sip::{
    DialogState, MessageSummary, News, Package, Presence, SubscriptionKey, SubscriptionLoss, WatchedDialog,
};
use std::collections::{BTreeMap, BTreeSet};

/// Extensions whose lines can be watched: more colleagues than any floor has.
pub const MOST_WATCHED: usize = 500;

#[derive(Default)]
pub(super) struct Watch {
    colleagues: BTreeMap<String, Colleague>,
    by_subscription: BTreeMap<SubscriptionKey, (String, Package)>,
    /// Our own mailbox's.
    mailbox: Option<SubscriptionKey>,
    messages: Option<MessageSummary>,
}

struct Colleague {
    by_dialogs: Known<Vec<WatchedDialog>>,
    by_presence: Known<Presence>,
    told: Option<Told>,
}

/// What one subscription says.
enum Known<T> {
    /// Nothing yet, or not any more; it will say something soon.
    Asked,
    Now(T),
    /// Nothing, for so long that it counts as no answer.
    Lost(Option<u16>),
}

#[derive(PartialEq)]
struct Told {
    state: LineState,
    rings: Option<Caller>,
    refused: Option<u16>,
    since: Instant,
}

impl<T> Known<T> {
    const fn now(&self) -> Option<&T> {
        match self {
            Self::Now(known) => Some(known),
            _ => None,
        }
    }

    const fn is_asked(&self) -> bool {
        matches!(self, Self::Asked)
    }

    const fn refused(&self) -> Option<u16> {
        match self {
            Self::Lost(status) => *status,
            _ => None,
        }
    }

    fn lose(&mut self, loss: SubscriptionLoss) {
        *self = match loss {
            SubscriptionLoss::Renewing => Self::Asked,
            SubscriptionLoss::Refused(status) => Self::Lost(Some(status.code())),
            SubscriptionLoss::Ended | SubscriptionLoss::NoWord => Self::Lost(None),
        };
    }
}

impl Phone {
    /// These and no others, and our own mailbox.
    pub(super) fn watch(&mut self, now: Instant, extensions: Vec<String>) -> Result<(), Refusal> {
        let wanted: BTreeSet<String> =
            extensions.into_iter().map(|extension| extension.trim().to_owned()).collect();
        if wanted.len() > MOST_WATCHED {
            return Err(Refusal::TooManyWatched);
        }
        let targets: Result<BTreeMap<String, Uri>, _> = wanted
            .iter()
            .map(|extension| Ok((extension.clone(), target::parse(extension, &self.domain)?)))
            .collect();
        let targets = targets.map_err(|target::BadTarget| Refusal::BadTarget)?;
        self.drop_unwanted(now, &wanted);
        for (extension, target) in targets {
            if !self.watch.colleagues.contains_key(&extension) {
                self.add_colleague(now, extension, target);
            }
        }
        let mailbox = self.user_agent.own_address();
        self.watch
            .mailbox
            .get_or_insert_with(|| self.user_agent.watch(now, mailbox, Package::MessageSummary));
        self.say(Event::Watching { extensions: wanted.into_iter().collect(), since: now });
        Ok(())
    }

    fn add_colleague(&mut self, now: Instant, extension: String, target: Uri) {
        for package in [Package::Dialog, Package::Presence] {
            let subscription = self.user_agent.watch(now, target.clone(), package);
            self.watch.by_subscription.insert(subscription, (extension.clone(), package));
        }
        let colleague = Colleague { by_dialogs: Known::Asked, by_presence: Known::Asked, told: None };
        self.watch.colleagues.insert(extension, colleague);
    }

    fn drop_unwanted(&mut self, now: Instant, wanted: &BTreeSet<String>) {
        let gone = |extension: &String| !wanted.contains(extension);
        let watch = &mut self.watch;
        let dropped = watch.by_subscription.iter().filter(|(_, (extension, _))| gone(extension));
        let dropped: Vec<SubscriptionKey> = dropped.map(|(subscription, _)| *subscription).collect();
        for subscription in dropped {
            watch.by_subscription.remove(&subscription);
            self.user_agent.unwatch(now, subscription);
        }
        watch.colleagues.retain(|extension, _| !gone(extension));
    }

    pub(super) fn on_news(&mut self, now: Instant, subscription: Option<SubscriptionKey>, news: News) {
        if let News::Messages(messages) = news {
            return self.on_messages(messages);
        }
        self.change(now, subscription, |colleague, _| match news {
            News::Dialogs(dialogs) => colleague.by_dialogs = Known::Now(dialogs),
            News::Presence(presence) => colleague.by_presence = Known::Now(presence),
            News::Messages(_) => {}
        });
    }

    pub(super) fn on_subscription_lost(
        &mut self,
        now: Instant,
        subscription: SubscriptionKey,
        loss: SubscriptionLoss,
    ) {
        self.change(now, Some(subscription), |colleague, package| match package {
            Package::Dialog => colleague.by_dialogs.lose(loss),
            Package::Presence => colleague.by_presence.lose(loss),
            Package::MessageSummary => {}
        });
    }

    fn on_messages(&mut self, messages: MessageSummary) {
        if self.watch.messages.replace(messages) != Some(messages) {
            let (new, old) = messages.voice.unzip();
            self.say(Event::Messages { waiting: messages.waiting, new, old });
        }
    }

    fn change(
        &mut self,
        now: Instant,
        subscription: Option<SubscriptionKey>,
        change: impl FnOnce(&mut Colleague, Package),
    ) {
        let Some(subscription) = subscription else { return };
        let Some((extension, package)) = self.watch.by_subscription.get(&subscription).cloned() else {
            return;
        };
        let Some(colleague) = self.watch.colleagues.get_mut(&extension) else { return };
        change(colleague, package);
        let Some(state) = colleague.state() else { return };
        let refused = (state == LineState::Unknown).then(|| colleague.refused()).flatten();
        let rings = colleague.who_rings().cloned().map(|party| self.named(party));
        let Some(colleague) = self.watch.colleagues.get_mut(&extension) else { return };
        let before = colleague.told.as_ref();
        let since = before.filter(|told| told.state == state).map_or(now, |told| told.since);
        let told = Told { state, rings, refused, since };
        if before == Some(&told) {
            return;
        }
        let rings = told.rings.clone();
        colleague.told = Some(told);
        self.say(Event::LineStateChanged { extension: extension.clone(), state, rings, refused, since });
        if talks(state) == Some(true) {
            self.on_line_talks(now, &extension);
        }
    }

    /// Whether this colleague's line talks; none where that is not known.
    pub(super) fn line_talks(&self, extension: &str) -> Option<bool> {
        talks(self.line_state(extension)?)
    }

    pub(super) fn line_state(&self, extension: &str) -> Option<LineState> {
        let colleague = self.watch.colleagues.get(extension.trim())?;
        Some(colleague.told.as_ref()?.state)
    }
}

fn talks(state: LineState) -> Option<bool> {
    match state {
        LineState::Unknown => None,
        LineState::Talking | LineState::Held => Some(true),
        LineState::Free | LineState::Ringing | LineState::NotInCall | LineState::Offline => Some(false),
    }
}

impl Colleague {
    /// None: not to be said yet, since the other subscription will say more in a moment.
    fn state(&self) -> Option<LineState> {
        let state = combined(self.by_dialogs.now().map(Vec::as_slice), self.by_presence.now());
        let vague = matches!(state, LineState::NotInCall | LineState::Unknown);
        let more_comes = match (self.by_dialogs.is_asked(), self.by_presence.is_asked()) {
            // What was told does not hold any more; where nothing was, there is nothing to take back.
            (true, true) => self.told.is_none(),
            (dialogs, presence) => dialogs || presence,
        };
        (!(vague && more_comes)).then_some(state)
    }

    fn who_rings(&self) -> Option<&NameAddr> {
        let ringing = self.by_dialogs.now()?.iter().filter(|dialog| rings(dialog));
        // Asterisk's word for a caller without a number.
        let named = |party: &&NameAddr| party.uri.user.as_deref() != Some("invalid");
        ringing.filter_map(|dialog| dialog.remote.as_ref()).find(named)
    }

    fn refused(&self) -> Option<u16> {
        self.by_dialogs.refused().or_else(|| self.by_presence.refused())
    }
}

/// dialog-info knows of calls, and cannot tell who is there from who is not: that presence knows. Each may be missing.
fn combined(dialogs: Option<&[WatchedDialog]>, presence: Option<&Presence>) -> LineState {
    let legs = dialogs.unwrap_or_default();
    let talks = |leg: &WatchedDialog| match leg.state {
        DialogState::Confirmed => !leg.held,
        _ => !rings(leg),
    };
    if legs.iter().any(talks) {
        return LineState::Talking;
    }
    if legs.iter().any(rings) {
        return LineState::Ringing;
    }
    if !legs.is_empty() {
        return LineState::Held;
    }
    match (presence, presence.and_then(|presence| presence.open), dialogs) {
        (Some(presence), _, None) if presence.ringing => LineState::Ringing,
        (Some(presence), Some(true), None) if presence.busy => LineState::Talking,
        (_, Some(true), _) => LineState::Free,
        (_, Some(false), _) => LineState::Offline,
        (_, None, Some(_)) => LineState::NotInCall,
        (_, None, None) => LineState::Unknown,
    }
}

/// A call that nobody has answered yet; one that is dialled there is no call that could be taken.
fn rings(dialog: &WatchedDialog) -> bool {
    dialog.state == DialogState::Early && dialog.incoming != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use DialogState::{Confirmed, Early};

    #[test]
    fn dialogs_and_presence_make_one_state() {
        let here = Presence { open: Some(true), busy: false, ringing: false };
        let away = Presence { open: Some(false), ..here };
        let busy = Presence { busy: true, ..here };
        let ringing = Presence { ringing: true, ..busy };
        let vague = Presence { open: None, ..here };
        let leg = |state, incoming, held| WatchedDialog::new("1", state, incoming, held);
        let (early, dialled) = (leg(Early, None, false), leg(Early, Some(false), false));
        let (talk, held) = (leg(Confirmed, None, false), leg(Confirmed, Some(true), true));
        type Row<'a> = (Option<&'a [WatchedDialog]>, Option<Presence>, LineState);
        let table: &[Row] = &[
            (Some(&[]), Some(here), LineState::Free),
            (Some(&[]), Some(away), LineState::Offline),
            (Some(&[]), Some(vague), LineState::NotInCall),
            (Some(&[]), None, LineState::NotInCall),
            // The two are not told in the same moment: a call is over when dialog-info says so.
            (Some(&[]), Some(busy), LineState::Free),
            (Some(&[]), Some(ringing), LineState::Free),
            (Some(std::slice::from_ref(&early)), Some(here), LineState::Ringing),
            (Some(std::slice::from_ref(&early)), Some(away), LineState::Ringing),
            (Some(std::slice::from_ref(&early)), None, LineState::Ringing),
            (Some(std::slice::from_ref(&dialled)), Some(busy), LineState::Talking),
            (Some(std::slice::from_ref(&talk)), Some(busy), LineState::Talking),
            (Some(std::slice::from_ref(&held)), Some(busy), LineState::Held),
            (Some(&[held.clone(), early.clone()]), Some(busy), LineState::Ringing),
            (Some(&[held.clone(), talk.clone()]), Some(busy), LineState::Talking),
            (Some(&[talk.clone(), early.clone()]), Some(busy), LineState::Talking),
            (None, Some(here), LineState::Free),
            (None, Some(away), LineState::Offline),
            (None, Some(busy), LineState::Talking),
            (None, Some(ringing), LineState::Ringing),
            (None, Some(vague), LineState::Unknown),
            (None, None, LineState::Unknown),
        ];
        for (row, (dialogs, presence, state)) in table.iter().enumerate() {
            assert_eq!(combined(*dialogs, presence.as_ref()), *state, "row {row}");
        }
    }

    #[test]
    fn dialog_info_alone_never_makes_anybody_free() {
        for legs in [&[][..], &[WatchedDialog::new("1", Early, None, false)]] {
            assert_ne!(combined(Some(legs), None), LineState::Free);
        }
    }
}
