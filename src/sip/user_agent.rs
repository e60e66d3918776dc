//! The user agent: takes what arrives to whom it concerns, and says no to the rest.
//!
//! Our Contact holds a token that only the registrar was told. A request outside a dialog is taken only
//! when it is addressed to that token; everything else, as scanners send it, gets no answer at all, so
//! that nobody learns that a telephone is here. The address it comes from proves nothing and is not asked: PBXs
//! have several. Inside a dialog the tags are the proof. What cannot be read, or belongs to
//! a dialog that we do not have, is answered only if it names the token or comes from the PBX's address.

use super::account::UserAgentConfig;
use super::core::{Core, Owner, mark_received, refuse_method};
use super::event::{CallKey, Event as Said, NotNow, Output, ProbeKey, ReferAsked, ReferKey, SubscriptionKey};
use super::exchange::Party;
use super::invite::Calls;
use super::message::codec::{self, Malformed, Parsed, Rejection};
use super::message::{Event, From, Message, Method, Request, Response, StatusCode, To, Uri, Via};
use super::probe::Probes;
use super::referred;
use super::registration::Registration;
use super::subscribe::{Package, Subscriptions};
use super::transaction::{Inbound, Loss, Outcome, Reply, ServerId};
use super::wire::Due;
use crate::instant::Instant;
use crate::transmit::{Hop, Received};
use std::net::SocketAddr;
use std::time::Duration;

/// A timer that is so late was held up by the computer's sleep.
const ASLEEP: Duration = Duration::from_secs(5);

/// One account's telephone side on one PBX. Drive it so: change one thing, drain `poll_output` until
/// `Idle`, sleep until `next_deadline`.
pub struct UserAgent {
    core: Core,
    registration: Registration,
    calls: Calls,
    probes: Probes,
    subscriptions: Subscriptions,
}

/// How much a user agent has to remember.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Load {
    pub transactions: usize,
    pub timers: usize,
    pub calls: usize,
    pub probes: usize,
    pub subscriptions: usize,
}

impl UserAgent {
    pub fn new(config: UserAgentConfig, seed: [u8; 32]) -> Self {
        let mut core = Core::new(config, seed);
        let registration = Registration::new(&mut core);
        Self {
            core,
            registration,
            calls: Calls::default(),
            probes: Probes::default(),
            subscriptions: Subscriptions::default(),
        }
    }

    /// In the PBX's place: takes what is sent to any user, and calls telephones where they are, on behalf of others. Asks
    /// nobody for a password, and registers nowhere: whoever drives it does the asking before it hands a message on.
    /// Speaks UDP alone, and its own `Account` names it where nobody else is named.
    pub fn exchange(config: UserAgentConfig, seed: [u8; 32]) -> Self {
        let mut exchange = Self::new(config, seed);
        exchange.core.exchange = true;
        exchange
    }

    // -- what changes it

    pub fn handle_input(&mut self, now: Instant, input: Received) {
        self.core.wire.now = now;
        let from = Hop { transport: input.transport, to: input.from };
        match codec::parse(&input.bytes) {
            Ok(Parsed::Message(Message::Request(request))) => self.on_request(request, from),
            Ok(Parsed::Message(Message::Response(response))) => self.on_response(response),
            Ok(Parsed::KeepAlive) | Err(Malformed::Discard(_)) => {}
            Err(Malformed::Refuse(rejection)) => self.on_rejected(&rejection, from),
        }
        self.follow_registration();
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.core.wire.now = now;
        let slept = self.next_deadline().is_some_and(|due| now.since(due) > ASLEEP);
        // Then both may be due: what has come to its end is not said once more.
        let mut again = Vec::new();
        while let Some(due) = self.core.wire.timers.pop_due(now) {
            if due.is_repetition() { again.push(due) } else { self.on_due(due) }
        }
        for due in again {
            self.on_due(due);
        }
        if slept {
            // Who hung up meanwhile could not tell us.
            self.calls.check(&mut self.core);
            self.subscriptions.ask_after_all(&mut self.core);
        }
        self.follow_registration();
    }

    /// The socket said that nothing listens there (ICMP), or no connection could be made.
    pub fn handle_unreachable(&mut self, now: Instant, hop: Hop) {
        self.core.wire.now = now;
        self.fail(|way| way == hop, Loss::Unreachable);
        if hop == self.core.pbx() {
            self.registration.doubt(&mut self.core);
        } else if hop.is_reliable() {
            self.core.datagrams_only = Some(hop.to);
        }
        self.follow_registration();
    }

    /// A connection beside UDP was closed, as idle ones are. The next one is made when it is wanted.
    pub fn handle_closed(&mut self, now: Instant, hop: Hop) {
        self.core.wire.now = now;
        self.fail(|way| way == hop, Loss::Closed);
    }

    /// The connection to the PBX is gone, or could not be made. The next one comes from `local`, and is made when
    /// something is to be sent.
    pub fn handle_disconnected(&mut self, now: Instant, local: SocketAddr) {
        self.core.wire.now = now;
        self.core.config.local = local;
        self.core.public = None;
        let pbx = self.core.pbx();
        self.fail(|way| way == pbx, Loss::Closed);
        self.registration.disconnected(&mut self.core);
        self.follow_registration();
    }

    /// The route to the PBX, or the PBX's address, changed: registers from there; dialogs get the new
    /// Contact when they are next used, and calls of ours that only ring end where our own address changed.
    /// Connections do not come along: what waits for an answer over them goes another way from there, or fails.
    pub fn set_addresses(&mut self, now: Instant, local: SocketAddr, server: SocketAddr) {
        self.core.wire.now = now;
        let (before, old) = (self.core.contact(), self.core.pbx());
        let moved = self.core.config.local != local;
        self.core.config.local = local;
        self.core.config.server = server;
        self.core.public = None;
        self.core.datagrams_only = None;
        if old.is_reliable() && (moved || old.to != server) {
            self.registration.forget_requests(&mut self.core);
            self.fail(|way| way == old, Loss::Left);
        } else if moved {
            self.fail(Hop::is_reliable, Loss::Left);
        }
        // After that, or the CANCELs that this sends would be sent once more.
        if moved {
            self.calls.moved(&mut self.core);
        }
        self.registration.moved(&mut self.core, before);
        self.follow_registration();
    }

    pub fn register(&mut self, now: Instant) {
        self.core.wire.now = now;
        self.registration.register(&mut self.core);
    }

    pub fn unregister(&mut self, now: Instant) {
        self.core.wire.now = now;
        self.subscriptions.part_all(&mut self.core);
        self.registration.unregister(&mut self.core);
        self.follow_registration();
    }

    /// Subscribes, as soon as we are registered and for as long as it is not taken back, whatever happens: `News` and
    /// `SubscriptionLost` tell how it goes. `target`: as the PBX shall be asked.
    pub fn watch(&mut self, now: Instant, target: Uri, package: Package) -> SubscriptionKey {
        self.core.wire.now = now;
        self.subscriptions.watch(&mut self.core, target, package)
    }

    /// Nothing more comes for this key.
    pub fn unwatch(&mut self, now: Instant, subscription: SubscriptionKey) {
        self.core.wire.now = now;
        self.subscriptions.unwatch(&mut self.core, subscription);
    }

    pub fn probe(&mut self, now: Instant, target: Uri) -> ProbeKey {
        self.core.wire.now = now;
        self.probes.start(&mut self.core, target)
    }

    /// `offer` None: late offer (the 2xx carries it, the answer is given by `acknowledge`).
    pub fn invite(&mut self, now: Instant, target: Uri, offer: Option<Vec<u8>>) -> CallKey {
        self.core.wire.now = now;
        self.calls.invite(&mut self.core, target, offer, |_| {})
    }

    /// A call that is not among those that may stand. Under this display name in From, where there is one; the address stays ours.
    pub fn errand(&mut self, now: Instant, display: Option<String>, target: Uri, offer: Vec<u8>) -> CallKey {
        self.core.wire.now = now;
        let key = self.calls.invite(&mut self.core, target, Some(offer), |invite| {
            if let (Some(display), Ok(mut from)) = (display, invite.headers.require::<From>()) {
                from.0.display = Some(display);
                invite.headers.set(&from);
            }
        });
        self.calls.set_apart(key);
        key
    }

    /// An exchange's call to a telephone, whose Contact is `target`, on behalf of somebody else.
    pub fn invite_for(&mut self, now: Instant, party: &Party, target: Uri, offer: Vec<u8>) -> CallKey {
        self.core.wire.now = now;
        self.calls.invite(&mut self.core, target, Some(offer), |invite| party.introduce(invite))
    }

    /// The call that a REFER asked for: says at whose wish, and whose place it takes. `target`: as the PBX shall be asked.
    pub fn invite_referred(
        &mut self,
        now: Instant,
        target: Uri,
        offer: Option<Vec<u8>>,
        refer: &ReferAsked,
    ) -> CallKey {
        self.core.wire.now = now;
        self.calls.invite(&mut self.core, target, offer, |invite| referred::mention(invite, refer))
    }

    /// Incoming: 180.
    pub fn ring(&mut self, now: Instant, call: CallKey) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.ring(&mut self.core, call, StatusCode::RINGING, None)
    }

    /// Incoming: 183 with early media: an answer, or an offer when the INVITE had none. NotNow while a reliable response
    /// waits for its PRACK.
    pub fn progress(&mut self, now: Instant, call: CallKey, body: Vec<u8>) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.ring(&mut self.core, call, StatusCode::SESSION_PROGRESS, Some(body))
    }

    /// Incoming: 200 with an answer, or with an offer when the INVITE had none; `progress` may have sent either
    /// before. Waits for a PRACK that is still owed.
    pub fn accept(&mut self, now: Instant, call: CallKey, body: Vec<u8>) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.accept(&mut self.core, call, body)
    }

    /// Incoming: a final refusal, 300 to 699.
    pub fn reject(&mut self, now: Instant, call: CallKey, status: StatusCode) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.reject(&mut self.core, call, status)
    }

    /// Ends the call in whatever state it is: CANCEL, 480, BYE; a BYE after our 2xx waits for the ACK
    /// (RFC 3261 §15). `Ended` comes at once.
    pub fn hang_up(&mut self, now: Instant, call: CallKey) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.hang_up(&mut self.core, call)
    }

    /// re-INVITE with this offer (hold, resume, new address). One at a time; waits its turn, and
    /// after 491. An offer of theirs that comes meanwhile ends it: `Answer` with 491.
    pub fn reoffer(&mut self, now: Instant, call: CallKey, offer: Vec<u8>) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.reoffer(&mut self.core, call, offer)
    }

    /// Answer to `Event::Offer` (re-INVITE or UPDATE), or refusal, such as 488.
    pub fn answer_offer(
        &mut self,
        now: Instant,
        call: CallKey,
        answer: Result<Vec<u8>, StatusCode>,
    ) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.answer_offer(&mut self.core, call, answer)
    }

    /// The answer to an offer that came in a 2xx (then the ACK has it), or in a reliable provisional response
    /// (PRACK): our INVITE had none.
    pub fn acknowledge(&mut self, now: Instant, call: CallKey, answer: Vec<u8>) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.acknowledge(&mut self.core, call, answer)
    }

    /// One digit by INFO, where their Allow has that; answered by `DigitAnswered`.
    pub fn send_digit(&mut self, now: Instant, call: CallKey, digit: char) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.send_digit(&mut self.core, call, digit)
    }

    /// REFER in the dialog, with Refer-To and Referred-By. One that is not decided yet is not waited for: what is said of it late
    /// names it still.
    pub fn refer(&mut self, now: Instant, call: CallKey, target: Uri) -> Result<ReferKey, NotNow> {
        self.core.wire.now = now;
        self.calls.refer(&mut self.core, call, target)
    }

    /// REFER that connects the far ends of two answered calls (attended transfer): the one of `call` shall take our
    /// place in `other` (RFC 5589 §7).
    pub fn refer_replacing(
        &mut self,
        now: Instant,
        call: CallKey,
        other: CallKey,
    ) -> Result<ReferKey, NotNow> {
        self.core.wire.now = now;
        self.calls.refer_replacing(&mut self.core, call, other)
    }

    /// Answer to `Event::ReferAsked`: 202, or a refusal, such as 603.
    pub fn answer_refer(
        &mut self,
        now: Instant,
        call: CallKey,
        answer: Result<(), StatusCode>,
    ) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.answer_refer(&mut self.core, call, answer)
    }

    /// How the call goes that a REFER asked for; a final status is the last word.
    pub fn refer_progress(
        &mut self,
        now: Instant,
        call: CallKey,
        status: StatusCode,
        reason: &str,
    ) -> Result<(), NotNow> {
        self.core.wire.now = now;
        self.calls.refer_progress(&mut self.core, call, status, reason)
    }

    // -- what comes of it

    pub fn poll_output(&mut self) -> Output {
        self.core.wire.poll()
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.core.wire.timers.next_deadline()
    }

    // -- what can be read

    /// The Contact that the PBX is told: an unguessable user at our address.
    pub fn contact(&self) -> Uri {
        self.core.contact()
    }

    /// Our address of record.
    pub fn own_address(&self) -> Uri {
        self.core.identity().uri
    }

    /// The Call-ID of a call that stands.
    pub fn call_id(&self, call: CallKey) -> Option<&str> {
        self.calls.call_id(call)
    }

    /// Whether digits may go to the far end of this call by INFO.
    pub fn takes_digits(&self, call: CallKey) -> bool {
        self.calls.takes_digits(call)
    }

    /// Whether somebody may not know yet that a call or a subscription has ended; who closes the telephone waits for it.
    pub fn owes_goodbye(&self) -> bool {
        self.calls.owes_goodbye(&self.core) || self.subscriptions.is_leaving()
    }

    pub fn is_registered(&self) -> bool {
        self.registration.is_registered()
    }

    /// What is kept for later: for tests and measurements of whether anything grows or is left behind.
    #[doc(hidden)]
    pub fn load(&self) -> Load {
        Load {
            transactions: self.core.transactions.len(),
            timers: self.core.wire.timers.len(),
            calls: self.calls.len(),
            probes: self.probes.len(),
            subscriptions: self.subscriptions.len(),
        }
    }

    // -- below

    /// What is subscribed to depends on where we are registered.
    fn follow_registration(&mut self) {
        let place = self.registration.is_registered().then(|| self.core.contact());
        self.subscriptions.follow(&mut self.core, place);
    }

    /// What waits for an answer that way waits in vain.
    fn fail(&mut self, lost: impl Fn(Hop) -> bool, loss: Loss) {
        let usual = self.core.pbx();
        for reply in self.core.transactions.on_lost(&mut self.core.wire, lost, loss, usual) {
            self.on_reply(reply);
        }
    }

    fn on_due(&mut self, due: Due) {
        let Core { transactions, wire, .. } = &mut self.core;
        match due {
            Due::Client(id, timer) => {
                if let Some(reply) = transactions.on_client_timer(wire, id, timer) {
                    self.on_reply(reply);
                }
            }
            Due::Server(id, timer) => transactions.on_server_timer(wire, id, timer),
            Due::Registration(timer) => self.registration.on_timer(&mut self.core, timer),
            Due::Call(key, timer) => self.calls.on_timer(&mut self.core, key, timer),
            Due::Subscription(key, timer) => self.subscriptions.on_timer(&mut self.core, key, timer),
            Due::SubscribeTurn => self.subscriptions.on_turn(&mut self.core),
        }
    }

    fn on_response(&mut self, response: Response) {
        // Another Via is somebody else's: it came here by mistake (RFC 3261 §8.1.3.3).
        if response.headers.typed_all::<Via>().map_or(0, |vias| vias.len()) != 1 {
            return;
        }
        if let Some(reply) = self.core.transactions.on_response(&mut self.core.wire, response) {
            self.on_reply(reply);
        }
    }

    fn on_reply(&mut self, reply: Reply<Owner>) {
        match reply.owner {
            Owner::Registration => {
                self.registration.on_reply(&mut self.core, reply);
                if self.registration.takes_calls_to_check() {
                    self.core.datagrams_only = None;
                    self.calls.check(&mut self.core);
                }
            }
            Owner::Ping => self.registration.on_ping_reply(&mut self.core, &reply),
            Owner::Probe(key) => self.probes.on_reply(&mut self.core, key, &reply),
            Owner::Call(key, purpose) => self.calls.on_reply(&mut self.core, key, purpose, reply),
            Owner::Subscription(key) => {
                self.subscriptions.on_reply(&mut self.core, key, reply);
                if self.subscriptions.takes_calls_to_check() {
                    self.calls.check(&mut self.core);
                }
            }
            Owner::Nobody => self.say_goodbye_again(&reply),
        }
    }

    /// The BYE to a fork may be challenged like any other.
    fn say_goodbye_again(&mut self, reply: &Reply<Owner>) {
        let Outcome::Response(response) = &reply.outcome else {
            return;
        };
        if !matches!(response.status.code(), 401 | 407) {
            return;
        }
        let Some(mut request) = self.core.answer_challenge(reply, response) else {
            return;
        };
        if let Ok(mut cseq) = request.headers.require::<super::message::CSeq>() {
            cseq.seq = cseq.seq.saturating_add(1);
            request.headers.set(&cseq);
        }
        let server = self.core.config.server;
        self.core.send_again(Owner::Nobody, request, server, reply.challenges + 1);
    }

    fn on_request(&mut self, mut request: Request, from: Hop) {
        let to = mark_received(&mut request, from.to);
        // Over a connection the response goes back over the same one (RFC 3261 §18.2.2).
        let reply_to = if from.is_reliable() { from } else { Hop { to, ..from } };
        let Core { transactions, wire, .. } = &mut self.core;
        if transactions.on_request(wire, &request) == Inbound::Absorbed {
            return;
        }
        if let Some(subscription) = self.subscriptions.find(&request) {
            return self.subscriptions.on_notify(&mut self.core, subscription, &request, reply_to);
        }
        let call = self.calls.find(&request);
        match (&request.method, call) {
            (Method::Ack, Some(call)) => self.calls.on_ack(&mut self.core, call, &request),
            (Method::Ack, None) => {}
            (Method::Cancel, _) => self.on_cancel(&request, reply_to),
            (_, Some(call)) => {
                if let Some(id) = self.open(&request, reply_to)
                    && super::invite::refuse_extensions(&mut self.core, id, &request).is_ok()
                {
                    self.calls.on_request(&mut self.core, call, id, request);
                }
            }
            (_, None) => self.on_stranger(request, from.to, reply_to),
        }
    }

    /// In no dialog of ours.
    fn on_stranger(&mut self, request: Request, from: SocketAddr, reply_to: Hop) {
        let in_a_dialog = request.headers.require::<To>().is_ok_and(|to| to.tag().is_some());
        let lost = in_a_dialog && from == self.core.config.server;
        if !lost && !self.core.is_for_us(&request) {
            return;
        }
        if in_a_dialog && request.method != Method::Invite {
            // Without a transaction (RFC 3261 §8.2.7): forged ones, however many, take nobody's place. The refusal of an
            // INVITE is over with its ACK, and that takes one.
            let status = StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST;
            let response = self.core.response(&request, status);
            return self.core.wire.send(reply_to, response.to_bytes());
        }
        let merged = self.core.transactions.is_merged(&request);
        let Some(id) = self.open(&request, reply_to) else {
            return;
        };
        let core = &mut self.core;
        match request.method {
            _ if in_a_dialog => core.refuse(id, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
            _ if merged => core.refuse(id, &request, StatusCode::LOOP_DETECTED),
            Method::Invite => self.calls.on_invite(core, id, request),
            Method::Options => {
                if super::invite::refuse_extensions(core, id, &request).is_ok() {
                    super::invite::answer_options(core, id, &request);
                }
            }
            Method::Notify => answer_notify(core, id, &request),
            Method::Bye | Method::Update | Method::Info => {
                core.refuse(id, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
            }
            _ => refuse_method(core, id, &request),
        }
    }

    /// Answered for itself, with the tag that the INVITE's responses have; then the INVITE is (RFC 3261 §9.2).
    fn on_cancel(&mut self, request: &Request, reply_to: Hop) {
        let invite = self.core.transactions.cancelled_by(request);
        if invite.is_none() && !self.core.is_for_us(request) {
            return;
        }
        let Some(id) = self.open(request, reply_to) else {
            return;
        };
        let Some(invite) = invite else {
            return self.core.refuse(id, request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        };
        let mut response = self.core.response(request, StatusCode::OK);
        if let Some(to) = self.calls.to_of(invite) {
            response.headers.set(&to);
        }
        self.core.respond(id, &response);
        if self.core.transactions.is_pending(invite) {
            self.calls.on_cancel(&mut self.core, invite, request);
        }
    }

    fn on_rejected(&mut self, rejection: &Rejection, from: Hop) {
        if from.to == self.core.config.server || self.core.is_for_us(&rejection.request) {
            let response = self.core.response(&rejection.request, rejection.status);
            self.core.wire.send(from, response.to_bytes());
        }
    }

    fn open(&mut self, request: &Request, reply_to: Hop) -> Option<ServerId> {
        self.core.transactions.open(&mut self.core.wire, request, reply_to)
    }
}

/// Nobody subscribed to it. Message counts are sent so to every telephone (RFC 3842 §3.2), and taken.
fn answer_notify(core: &mut Core, id: ServerId, request: &Request) {
    let event = request.headers.typed::<Event>().ok().flatten();
    let status = match event.and_then(|event| Package::named(&event.package)) {
        None => StatusCode::BAD_EVENT,
        Some(Package::MessageSummary) => match Package::unasked(request) {
            Ok(Some(news)) => {
                core.wire.say(Said::News { subscription: None, news });
                StatusCode::OK
            }
            Ok(None) => StatusCode::OK,
            Err(status) => status,
        },
        Some(_) => StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST,
    };
    core.refuse(id, request, status);
}
