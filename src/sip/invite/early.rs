//! Early dialogs of a call of ours: one for each telephone that was reached (RFC 3261 §13.2.2.1), and what it said
//! reliably (RFC 3262 §4).

use super::body;
use crate::sip::core::{Core, Owner, Purpose};
use crate::sip::dialog::Dialog;
use crate::sip::event::CallKey;
use crate::sip::message::{CSeq, Method, RAck, RSeq, Request, Response, StatusCode};
use crate::sip::transaction::{Reply, ServerId};

pub(super) struct Early {
    pub dialog: Dialog,
    pub last_said: Option<(StatusCode, Option<Vec<u8>>)>,
    /// Number of the last reliable response that was taken.
    rseq: Option<u32>,
    /// The offer in a reliable response waits for our answer, which goes into its PRACK.
    owed: Option<RAck>,
    /// Offer and answer have gone reliably: what a 2xx may repeat is ignored (RFC 3261 §13.2.1).
    pub agreed: Option<Agreed>,
}

pub(super) struct Agreed {
    /// Their answer to our INVITE, while nothing later changed the session.
    pub answer: Option<Vec<u8>>,
    /// Our answer, when the offer was theirs.
    pub ours: Option<Vec<u8>>,
}

/// What a provisional response is to its early dialog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    Plain,
    /// In its order: acknowledged, or about to be when its offer is answered.
    Reliable {
        offer_pending: bool,
    },
    /// Seen before, or one before it is missing: neither acknowledged nor believed (RFC 3262 §4). It will be repeated.
    OutOfOrder,
}

impl Early {
    pub fn of(invite: &Request, response: &Response) -> Option<Self> {
        let dialog = Dialog::of_uac(invite, response)?;
        Some(Self { dialog, last_said: None, rseq: None, owed: None, agreed: None })
    }

    pub fn take(
        &mut self,
        core: &mut Core,
        call: CallKey,
        invite: &Request,
        response: &Response,
        described: Option<&[u8]>,
    ) -> Heard {
        let Some(rseq) = rseq(response).filter(|_| self.dialog.remote().tag().is_some()) else {
            return Heard::Plain;
        };
        let is_next = self.rseq.is_none_or(|last| last.checked_add(1) == Some(rseq));
        let Some(cseq) = invite.headers.require::<CSeq>().ok().filter(|_| is_next && self.owed.is_none())
        else {
            return Heard::OutOfOrder;
        };
        self.rseq = Some(rseq);
        let rack = RAck { rseq, cseq };
        let offer_pending = invite.body.is_empty() && self.agreed.is_none() && described.is_some();
        if offer_pending {
            self.owed = Some(rack);
        } else {
            if let Some(answer) = described.filter(|_| self.agreed.is_none()) {
                self.agreed = Some(Agreed { answer: Some(answer.to_vec()), ours: None });
            }
            self.send_prack(core, call, rack, None);
        }
        Heard::Reliable { offer_pending }
    }

    pub const fn owes_answer(&self) -> bool {
        self.owed.is_some()
    }

    /// The answer to an offer in a reliable response (RFC 3262 §5).
    pub fn acknowledge(&mut self, core: &mut Core, call: CallKey, answer: Vec<u8>) {
        if let Some(rack) = self.owed.take() {
            self.agreed = Some(Agreed { answer: None, ours: Some(answer.clone()) });
            self.send_prack(core, call, rack, Some(answer));
        }
    }

    /// A PRACK that was challenged goes again.
    pub fn prack_again(&mut self, core: &mut Core, reply: &Reply<Owner>, response: &Response) {
        if let Some(mut request) = core.answer_challenge(reply, response) {
            request.headers.set(&CSeq::new(self.dialog.next_seq(), Method::Prack));
            let to = self.dialog.next_hop(core.config.server);
            core.send_again(reply.owner, request, to, reply.challenges + 1);
        }
    }

    fn send_prack(&mut self, core: &mut Core, call: CallKey, rack: RAck, answer: Option<Vec<u8>>) {
        let mut prack = self.dialog.request(Method::Prack);
        prack.headers.push_typed(&rack);
        if let Some(answer) = answer {
            body::attach(&mut prack.headers, &mut prack.body, answer);
        }
        core.authorize(&mut prack);
        let to = self.dialog.next_hop(core.config.server);
        core.send(Owner::Call(call, Purpose::Prack), prack, to);
    }
}

/// Its number, when it asks to be acknowledged.
pub(super) fn rseq(response: &Response) -> Option<u32> {
    let asked = response.headers.lists_token("Require", "100rel");
    response.headers.typed::<RSeq>().ok().flatten().filter(|_| asked).map(|rseq| rseq.0)
}

/// Answers an offer of theirs in an early dialog (UPDATE, PRACK), or refuses it.
pub(super) fn answer(
    core: &mut Core,
    dialog: &mut Dialog,
    id: ServerId,
    request: &Request,
    answer: Result<Vec<u8>, StatusCode>,
) {
    let sdp = match answer {
        Ok(sdp) => sdp,
        Err(status) if status.code() >= 300 => return core.refuse(id, request, status),
        Err(_) => return core.refuse(id, request, StatusCode::NOT_ACCEPTABLE_HERE),
    };
    let mut response = core.response(request, StatusCode::OK);
    super::describe(core, request, &mut response);
    body::attach(&mut response.headers, &mut response.body, sdp);
    dialog.refresh_target(&request.headers);
    core.respond(id, &response);
}
