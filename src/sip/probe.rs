//! OPTIONS that the user asked for: is there somebody, and how far away (RFC 3261 §11.1)?

use super::core::{ACCEPTED, Core, Owner};
use super::event::{Event, Failure, ProbeKey};
use super::message::{CSeq, Contact, Method, NameAddr, Uri};
use super::transaction::{Outcome, Reply};
use crate::instant::Instant;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Probes {
    sent_at: BTreeMap<ProbeKey, Instant>,
    opened_so_far: u64,
}

impl Probes {
    pub fn start(&mut self, core: &mut Core, target: Uri) -> ProbeKey {
        self.opened_so_far += 1;
        let key = ProbeKey(self.opened_so_far);
        let mut request = core.request(Method::Options, target.clone(), NameAddr::new(target));
        request.headers.push_typed(&Contact::Addr(NameAddr::new(core.contact())));
        request.headers.push("Accept", ACCEPTED);
        core.authorize(&mut request);
        let server = core.config.server;
        core.send(Owner::Probe(key), request, server);
        self.sent_at.insert(key, core.wire.now);
        key
    }

    pub fn len(&self) -> usize {
        self.sent_at.len()
    }

    pub fn on_reply(&mut self, core: &mut Core, probe: ProbeKey, reply: &Reply<Owner>) {
        let result = match &reply.outcome {
            Outcome::Response(response) if response.status.is_provisional() => return,
            Outcome::Response(response) => {
                if matches!(response.status.code(), 401 | 407)
                    && let Some(mut request) = core.answer_challenge(reply, response)
                {
                    let seq = request.headers.require::<CSeq>().map_or(0, |cseq| cseq.seq);
                    request.headers.set(&CSeq::new(seq.saturating_add(1), Method::Options));
                    let server = core.config.server;
                    core.send_again(reply.owner, request, server, reply.challenges + 1);
                    self.sent_at.insert(probe, core.wire.now);
                    return;
                }
                let sent = self.sent_at.get(&probe).copied().unwrap_or(core.wire.now);
                Ok((response.status, response.reason.clone(), core.wire.now.since(sent)))
            }
            Outcome::TimedOut => Err(Failure::TimedOut),
            Outcome::Unreachable => Err(Failure::Unreachable),
        };
        self.sent_at.remove(&probe);
        core.wire.say(Event::Probed { probe, result });
    }
}
