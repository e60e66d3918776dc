//! One subscription: the SUBSCRIBEs that make and keep its dialog, and which NOTIFYs are its own.

use super::dialog_info::Table;
use super::package::Package;
use crate::sip::core::Core;
use crate::sip::dialog::Dialog;
use crate::sip::event::SubscriptionLoss;
use crate::sip::message::{
    CSeq, CallId, Contact, Event, Expires, From, Method, NameAddr, Params, Request, StatusCode, To, Uri,
};
use std::collections::BTreeSet;

/// Asked for: a PBX that has forgotten us without our notice is found out in that time.
const WISHED: u32 = 300;
/// NOTIFYs of one subscription that may be under way at a time, and be repeated after one another.
const UNDER_WAY: usize = 32;

pub struct Subscription {
    pub target: Uri,
    pub package: Package,
    /// Call-ID, our tag and number of the SUBSCRIBE that makes the dialog.
    pub call_id: String,
    pub tag: String,
    pub seq: u32,
    pub dialog: Option<Dialog>,
    /// A NOTIFY has come: no other dialog is this subscription's.
    pub notified: bool,
    /// Numbers of the NOTIFYs last taken.
    pub taken: BTreeSet<u32>,
    pub table: Table,
    /// All is asked for, since something was missed.
    pub gapped: bool,
    /// From a 423 (RFC 6665 §4.2.1.1).
    pub least: u32,
    /// Times in a row that it ended before it was ever refreshed.
    pub ends: u32,
    /// What was last said to be wrong.
    pub said: Option<SubscriptionLoss>,
    /// Nobody wants it any more: the dialog is taken leave of.
    pub leaving: bool,
}

impl Subscription {
    pub fn new(target: Uri, package: Package) -> Self {
        Self {
            target,
            package,
            call_id: String::new(),
            tag: String::new(),
            seq: 0,
            dialog: None,
            notified: false,
            taken: BTreeSet::new(),
            table: Table::default(),
            gapped: false,
            least: 0,
            ends: 0,
            said: None,
            leaving: false,
        }
    }

    /// The SUBSCRIBE that makes a dialog.
    pub fn begin(&mut self, core: &mut Core) -> Request {
        let request =
            core.request(Method::Subscribe, self.target.clone(), NameAddr::new(self.target.clone()));
        self.call_id = request.headers.require::<CallId>().map_or_else(|_| String::new(), |id| id.0);
        let from = request.headers.require::<From>().ok();
        self.tag = from.and_then(|from| from.tag().map(str::to_owned)).unwrap_or_default();
        self.seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        request
    }

    pub fn describe(&self, core: &Core, request: &mut Request) {
        request.headers.push_typed(&Contact::Addr(NameAddr::new(core.contact())));
        let package = self.package.name().to_owned();
        request.headers.push_typed(&Event { package, id: None, params: Params::default() });
        request.headers.push("Accept", self.package.accepts());
        request.headers.push_typed(&Expires(if self.leaving { 0 } else { self.wished() }));
        request.headers.push("Allow", core.allowed());
    }

    /// The number of a SUBSCRIBE that is sent once more with credentials, and where it goes.
    pub fn number_anew(&mut self, core: &Core, request: &mut Request) -> std::net::SocketAddr {
        let server = core.config.server;
        let in_dialog = request.headers.require::<To>().is_ok_and(|to| to.tag().is_some());
        let (seq, to) = match &mut self.dialog {
            Some(dialog) if in_dialog => (dialog.next_seq(), dialog.next_hop(server)),
            _ => {
                self.seq = self.seq.saturating_add(1);
                (self.seq, server)
            }
        };
        request.headers.set(&CSeq::new(seq, Method::Subscribe));
        to
    }

    pub fn wished(&self) -> u32 {
        WISHED.max(self.least)
    }

    /// Whether this NOTIFY is a new one of this subscription's dialog, which the first one makes (RFC 6665 §4.4.1).
    pub fn accept(&mut self, notify: &Request) -> Result<bool, StatusCode> {
        let seq = notify.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        match &mut self.dialog {
            Some(dialog) if dialog.owns(notify) => {
                // Its answer was lost, perhaps, while a later one came; refused it would end the subscription (RFC 6665 §4.2.2).
                if self.taken.contains(&seq) {
                    return Ok(false);
                }
                dialog.accept_seq(seq).map_err(|_| StatusCode::SERVER_INTERNAL_ERROR)?;
                dialog.refresh_target(&notify.headers);
            }
            Some(_) if self.notified => return Err(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
            _ => self.dialog = Dialog::of_uas(notify, &self.tag, self.seq),
        }
        self.notified = true;
        self.taken.insert(seq);
        if self.taken.len() > UNDER_WAY {
            self.taken.pop_first();
        }
        Ok(true)
    }

    /// A SUBSCRIBE was sent, and it has not ended since.
    pub fn has_begun(&self) -> bool {
        !self.call_id.is_empty()
    }

    pub fn stands(&self) -> bool {
        self.dialog.is_some() && !self.leaving
    }

    /// Nothing stands of it.
    pub fn end(&mut self) {
        self.call_id.clear();
        self.dialog = None;
        self.notified = false;
        self.taken.clear();
        self.table = Table::default();
        self.gapped = false;
    }

    /// The same wish, of which nothing stands yet.
    pub fn fresh(&self) -> Self {
        Self { least: self.least, said: self.said, ..Self::new(self.target.clone(), self.package) }
    }
}
