//! The user agent's front.

use super::account::UserAgentConfig;
use super::event::{CallKey, NotNow, Output, ProbeKey};
use super::message::{StatusCode, Uri};
use crate::instant::Instant;
use crate::transmit::Received;
use std::net::SocketAddr;

/// One account's telephone side on one PBX. Drive it so: change one thing, drain `poll_output` until
/// `Idle`, sleep until `next_deadline`.
pub struct UserAgent {
    _config: UserAgentConfig,
}

#[allow(clippy::todo, unused_variables)]
impl UserAgent {
    pub fn new(config: UserAgentConfig, seed: [u8; 32]) -> Self {
        Self { _config: config }
    }

    // -- what changes it

    pub fn handle_input(&mut self, now: Instant, input: Received) {}

    pub fn handle_timeout(&mut self, now: Instant) {}

    /// The socket said that nothing listens there (ICMP), or the connection broke.
    pub fn handle_unreachable(&mut self, now: Instant, to: SocketAddr) {}

    /// The route to the PBX, or the PBX's address, changed: registers from there; dialogs get the new
    /// Contact when they are next used.
    pub fn set_addresses(&mut self, now: Instant, local: SocketAddr, server: SocketAddr) {}

    pub fn register(&mut self, now: Instant) {}

    pub fn unregister(&mut self, now: Instant) {}

    pub fn probe(&mut self, now: Instant, target: Uri) -> ProbeKey {
        todo!()
    }

    /// `offer` None: late offer (the 2xx carries it, the answer is given by `acknowledge`).
    pub fn invite(&mut self, now: Instant, target: Uri, offer: Option<Vec<u8>>) -> CallKey {
        todo!()
    }

    /// Incoming: 180.
    pub fn ring(&mut self, now: Instant, call: CallKey) -> Result<(), NotNow> {
        todo!()
    }

    /// Incoming: 200 with an answer, or with an offer when the INVITE had none.
    pub fn accept(&mut self, now: Instant, call: CallKey, body: Vec<u8>) -> Result<(), NotNow> {
        todo!()
    }

    /// Incoming: a final refusal, 300 to 699.
    pub fn reject(&mut self, now: Instant, call: CallKey, status: StatusCode) -> Result<(), NotNow> {
        todo!()
    }

    /// Ends the call in whatever state it is: CANCEL, 603, BYE; a BYE after our 2xx waits for the ACK
    /// (RFC 3261 §15). `Ended` comes at once.
    pub fn hang_up(&mut self, now: Instant, call: CallKey) -> Result<(), NotNow> {
        todo!()
    }

    /// re-INVITE with this offer (hold, resume, new address). One at a time; waits its turn after 491.
    pub fn reoffer(&mut self, now: Instant, call: CallKey, offer: Vec<u8>) -> Result<(), NotNow> {
        todo!()
    }

    /// Answer to `Event::Offer` (re-INVITE or UPDATE), or refusal, such as 488.
    pub fn answer_offer(
        &mut self,
        now: Instant,
        call: CallKey,
        answer: Result<Vec<u8>, StatusCode>,
    ) -> Result<(), NotNow> {
        todo!()
    }

    /// ACK with the answer to an offer that came in a 2xx (late offer sent by us).
    pub fn acknowledge(&mut self, now: Instant, call: CallKey, answer: Vec<u8>) -> Result<(), NotNow> {
        todo!()
    }

    /// REFER in the dialog, with Refer-To and Referred-By.
    pub fn refer(&mut self, now: Instant, call: CallKey, target: Uri) -> Result<(), NotNow> {
        todo!()
    }

    // -- what comes of it

    pub fn poll_output(&mut self) -> Output {
        Output::Idle
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    // -- what can be read

    /// The Contact that the PBX is told: an unguessable user at our address.
    pub fn contact(&self) -> Uri {
        todo!()
    }

    /// The Call-ID of a call that stands.
    pub fn call_id(&self, call: CallKey) -> Option<&str> {
        None
    }

    pub fn is_registered(&self) -> bool {
        false
    }
}
