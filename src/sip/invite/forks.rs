//! 2xx of forks that came too late: each is acknowledged and sent BYE (RFC 3261 §13.2.2.4).

use crate::sip::core::{Core, Owner};
use crate::sip::dialog::Dialog;
use crate::sip::message::{CSeq, Method, Request, Response};
use crate::transmit::Hop;

#[derive(Default)]
pub struct Forks {
    dismissed: Vec<Fork>,
    /// Telephones that rang and may answer yet: what each was asked so far has numbers (PRACK), and BYE comes after them.
    ringing: Vec<Dialog>,
}

struct Fork {
    dialog: Dialog,
    ack: Ack,
}

/// An ACK that was sent: sent again whenever its 2xx comes again.
pub struct Ack {
    bytes: Vec<u8>,
    hop: Hop,
}

impl Forks {
    /// A 2xx of an end that is not the one we talk with.
    pub fn dismiss(&mut self, core: &mut Core, invite: &Request, response: &Response) {
        if let Some(fork) = self.dismissed.iter().find(|fork| fork.dialog.is_with(response)) {
            return fork.ack.repeat(core);
        }
        let Some(mut dialog) = self.dialog_with(invite, response) else {
            return;
        };
        let ack = Ack::send(core, &dialog, invite, None);
        let mut bye = dialog.request(Method::Bye);
        bye.headers.push("Reason", r#"SIP;cause=200;text="Call completed elsewhere""#);
        core.authorize(&mut bye);
        let to = dialog.next_hop(core.config.server);
        core.send(Owner::Nobody, bye, to);
        self.dismissed.push(Fork { dialog, ack });
    }

    pub fn remember(&mut self, ringing: impl IntoIterator<Item = Dialog>) {
        self.ringing.extend(ringing);
    }

    fn dialog_with(&mut self, invite: &Request, response: &Response) -> Option<Dialog> {
        let known = self.ringing.iter().position(|dialog| dialog.is_with(response));
        let Some(mut dialog) = known.map(|at| self.ringing.swap_remove(at)) else {
            return Dialog::of_uac(invite, response);
        };
        dialog.confirm(response);
        Some(dialog)
    }
}

impl Ack {
    /// With the INVITE's number and credentials (RFC 3261 §13.2.2.4, §22.1), and an answer when the
    /// 2xx held an offer.
    pub fn send(core: &mut Core, dialog: &Dialog, invite: &Request, answer: Option<Vec<u8>>) -> Self {
        let seq = invite.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
        let mut ack = dialog.ack(seq);
        for name in ["Authorization", "Proxy-Authorization"] {
            for value in invite.headers.all(name) {
                ack.headers.push(name, value);
            }
        }
        if let Some(answer) = answer {
            super::body::attach(&mut ack.headers, &mut ack.body, answer);
        }
        let to = dialog.next_hop(core.config.server);
        let (hop, bytes) = core.send_ack(ack, to);
        Self { bytes, hop }
    }

    pub fn repeat(&self, core: &mut Core) {
        core.wire.send(self.hop, self.bytes.clone());
    }
}
