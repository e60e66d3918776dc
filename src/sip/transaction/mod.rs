//! Transactions (RFC 3261 §17, RFC 6026): repeats what must be repeated, absorbs what was repeated, and
//! says once what the other side said. What to answer is for the layers above.

mod client_invite;
mod client_other;
mod key;
mod server_invite;
mod server_other;
#[cfg(test)]
mod tests;

use super::message::{CSeq, CallId, From, Method, Request, Response, Route, Via};
use super::wire::{Due, Wire};
use crate::transmit::Hop;
use client_invite::ClientInvite;
use client_other::ClientOther;
use key::{ClientKey, ServerKey};
use server_invite::ServerInvite;
use server_other::ServerOther;
use std::collections::BTreeMap;
use std::net::SocketAddr;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientId(u64);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServerId(u64);

/// Retransmit: Timers A and E. GiveUp: B and F. End: D, K and M.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ClientTimer {
    Retransmit,
    GiveUp,
    End,
}

/// Trying: the 200 ms of §17.2.1. Retransmit: Timer G. End: H, I, J and L.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ServerTimer {
    Trying,
    Retransmit,
    End,
}

/// Whether a machine has something to say to the layer above.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pass {
    Up,
    Absorbed,
}

/// What became of a request of ours.
#[derive(Debug)]
pub struct Reply<O> {
    pub id: ClientId,
    pub owner: O,
    pub request: Request,
    /// Challenges that the request had answered.
    pub challenges: u32,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    /// Provisional, final, or for an INVITE one of several 2xx.
    Response(Response),
    TimedOut,
    Unreachable,
}

/// What became of a way that requests went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// Nothing arrives there, or no connection can be made.
    Unreachable,
    /// The connection stood, and was closed.
    Closed,
    /// The connection was left behind with an address of ours, or of the PBX.
    Left,
}

/// What an arriving request is to the transactions there are.
#[derive(PartialEq, Eq, Debug)]
pub enum Inbound {
    /// A repetition, or the ACK of a refusal: done.
    Absorbed,
    /// Belongs to no transaction: a new request, or the ACK of a 2xx.
    New,
}

/// More would be an attack; new requests then go unanswered.
const MAX_SERVER_TRANSACTIONS: usize = 1000;

pub struct Transactions<O> {
    clients: BTreeMap<ClientId, Client<O>>,
    client_ids: BTreeMap<ClientKey, ClientId>,
    servers: BTreeMap<ServerId, Server>,
    server_ids: BTreeMap<ServerKey, ServerId>,
    opened_so_far: u64,
}

struct Client<O> {
    key: ClientKey,
    owner: O,
    challenges: u32,
    machine: ClientMachine,
    /// Sent over a second connection, since the first one was lost.
    sent_anew: bool,
}

enum ClientMachine {
    Invite(ClientInvite),
    Other(ClientOther),
}

struct Server {
    key: ServerKey,
    origin: Option<Origin>,
    machine: ServerMachine,
}

enum ServerMachine {
    Invite(ServerInvite),
    Other(ServerOther),
}

/// What two branches of one forked request have in common (§8.2.2.2).
#[derive(PartialEq, Eq)]
struct Origin {
    call_id: String,
    from_tag: String,
    cseq: CSeq,
}

impl<O: Copy> Transactions<O> {
    pub fn new() -> Self {
        Self {
            clients: BTreeMap::new(),
            client_ids: BTreeMap::new(),
            servers: BTreeMap::new(),
            server_ids: BTreeMap::new(),
            opened_so_far: 0,
        }
    }

    /// Those that are not over, in both directions.
    pub fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    // -- requests of ours

    /// Sends a request, whose top Via carries a fresh branch, until it is answered.
    pub fn send(
        &mut self,
        wire: &mut Wire,
        owner: O,
        request: Request,
        hop: Hop,
        challenges: u32,
    ) -> ClientId {
        self.opened_so_far += 1;
        let id = ClientId(self.opened_so_far);
        let Some(key) = ClientKey::of_request(&request) else {
            return id;
        };
        let machine = ClientMachine::start(wire, id, request, hop);
        self.client_ids.insert(key.clone(), id);
        self.clients.insert(id, Client { key, owner, challenges, machine, sent_anew: false });
        id
    }

    /// None: repeated, late or foreign, and dropped (RFC 6026 §8.9: never handed up without a transaction).
    pub fn on_response(&mut self, wire: &mut Wire, response: Response) -> Option<Reply<O>> {
        let id = *self.client_ids.get(&ClientKey::of_response(&response)?)?;
        let client = self.clients.get_mut(&id)?;
        let pass = match &mut client.machine {
            ClientMachine::Invite(machine) => machine.on_response(wire, &response),
            ClientMachine::Other(machine) => machine.on_response(wire, &response),
        };
        (pass == Pass::Up).then(|| client.reply(id, Outcome::Response(response)))
    }

    pub fn on_client_timer(&mut self, wire: &mut Wire, id: ClientId, timer: ClientTimer) -> Option<Reply<O>> {
        let client = self.clients.get_mut(&id)?;
        let pass = match &mut client.machine {
            ClientMachine::Invite(machine) => machine.on_timer(wire, timer),
            ClientMachine::Other(machine) => machine.on_timer(wire, timer),
        };
        let reply = (pass == Pass::Up).then(|| client.reply(id, Outcome::TimedOut));
        if client.is_over() {
            self.forget(wire, id);
        }
        reply
    }

    /// What waits for an answer by a way that is lost fails now (§17.1.4, §18.4), unless another way is open to it, or it
    /// stays with this one.
    /// `usual`: where requests go, and how where nothing asks for TCP.
    pub fn on_lost(
        &mut self,
        wire: &mut Wire,
        lost: impl Fn(Hop) -> bool,
        loss: Loss,
        usual: Hop,
    ) -> Vec<Reply<O>> {
        let mut failed = Vec::new();
        let mut over = Vec::new();
        let fails = |client: &Client<O>| lost(client.machine.hop()) && client.fails(loss);
        for (&id, client) in self.clients.iter_mut().filter(|(_, client)| fails(client)) {
            if let Some(hop) = client.way_round(loss, usual) {
                client.sent_anew |= hop.is_reliable();
                client.machine = client.machine.begin_again(wire, id, hop);
                continue;
            }
            let reply = client.reply(id, Outcome::Unreachable);
            match &mut client.machine {
                ClientMachine::Other(machine) if must_arrive(machine.request()) => {
                    machine.send_later(wire);
                    continue;
                }
                ClientMachine::Invite(machine) if loss != Loss::Unreachable => machine.lose(wire),
                _ => over.push(id),
            }
            failed.push(reply);
        }
        for id in over {
            self.forget(wire, id);
        }
        failed
    }

    /// The layer above no longer cares: no repetition, and responses are dropped.
    pub fn forget(&mut self, wire: &mut Wire, id: ClientId) {
        if let Some(client) = self.clients.remove(&id) {
            self.client_ids.remove(&client.key);
        }
        wire.timers.cancel_where(|due| matches!(due, Due::Client(owner, _) if *owner == id));
    }

    /// What is still unanswered of such an owner is waited for no longer: an INVITE that was told 100 has no
    /// timer of its own.
    pub fn abandon(&mut self, wire: &mut Wire, owner: impl Fn(&O) -> bool) {
        let open = |client: &Client<O>| owner(&client.owner) && client.is_unanswered();
        let ids: Vec<_> = self.clients.iter().filter(|(_, client)| open(client)).map(|(id, _)| *id).collect();
        for id in ids {
            self.forget(wire, id);
        }
    }

    /// As it was sent, and where to.
    pub fn sent(&self, id: ClientId) -> Option<(&Request, SocketAddr)> {
        let client = self.clients.get(&id)?;
        Some((client.machine.request(), client.machine.hop().to))
    }

    /// Whether any request of such an owner has no final response yet.
    pub fn expects(&self, mut owner: impl FnMut(&O) -> bool) -> bool {
        self.clients.values().any(|client| owner(&client.owner) && client.is_unanswered())
    }

    // -- requests of theirs

    pub fn on_request(&mut self, wire: &mut Wire, request: &Request) -> Inbound {
        let server = ServerKey::of(request)
            .and_then(|key| self.server_ids.get(&key))
            .and_then(|id| self.servers.get_mut(id));
        match server.map(|server| &mut server.machine) {
            None => Inbound::New,
            Some(ServerMachine::Invite(machine)) if request.method == Method::Ack => {
                if machine.on_ack(wire) {
                    Inbound::Absorbed
                } else {
                    Inbound::New
                }
            }
            Some(ServerMachine::Invite(machine)) => {
                machine.on_repetition(wire);
                Inbound::Absorbed
            }
            Some(ServerMachine::Other(machine)) => {
                machine.on_repetition(wire);
                Inbound::Absorbed
            }
        }
    }

    /// Opens a transaction for a request that is `New` and no ACK. None: there are too many.
    pub fn open(&mut self, wire: &mut Wire, request: &Request, reply_to: Hop) -> Option<ServerId> {
        let key = ServerKey::of(request)?;
        if self.servers.len() >= MAX_SERVER_TRANSACTIONS {
            return None;
        }
        self.opened_so_far += 1;
        let id = ServerId(self.opened_so_far);
        let machine = match request.method {
            Method::Invite => {
                let trying = request.response(super::message::StatusCode::TRYING);
                ServerMachine::Invite(ServerInvite::start(wire, id, reply_to, &trying))
            }
            _ => ServerMachine::Other(ServerOther::start(wire, id, reply_to)),
        };
        self.server_ids.insert(key.clone(), id);
        self.servers.insert(id, Server { key, origin: Origin::of(request), machine });
        Some(id)
    }

    pub fn respond(&mut self, wire: &mut Wire, id: ServerId, response: &Response) {
        match self.servers.get_mut(&id).map(|server| &mut server.machine) {
            Some(ServerMachine::Invite(machine)) => machine.respond(wire, response),
            Some(ServerMachine::Other(machine)) => machine.respond(wire, response),
            None => {}
        }
    }

    pub fn on_server_timer(&mut self, wire: &mut Wire, id: ServerId, timer: ServerTimer) {
        let Some(server) = self.servers.get_mut(&id) else {
            return;
        };
        let over = match &mut server.machine {
            ServerMachine::Invite(machine) => {
                machine.on_timer(wire, timer);
                machine.is_over()
            }
            ServerMachine::Other(machine) => {
                machine.on_timer(timer);
                machine.is_over()
            }
        };
        if over {
            wire.timers.cancel_where(|due| matches!(due, Due::Server(owner, _) if *owner == id));
            if let Some(server) = self.servers.remove(&id) {
                self.server_ids.remove(&server.key);
            }
        }
    }

    /// The INVITE that a CANCEL is about, while it is still known (§9.2).
    pub fn cancelled_by(&self, cancel: &Request) -> Option<ServerId> {
        ServerKey::of_cancelled(cancel).and_then(|key| self.server_ids.get(&key)).copied()
    }

    /// The INVITE has no final response yet.
    pub fn is_pending(&self, id: ServerId) -> bool {
        matches!(self.servers.get(&id).map(|server| &server.machine),
            Some(ServerMachine::Invite(machine)) if machine.is_pending())
    }

    /// Whether any refusal of an INVITE has not arrived, as far as we know.
    pub fn refusal_unacknowledged(&self) -> bool {
        self.servers.values().any(
            |server| matches!(&server.machine, ServerMachine::Invite(machine) if machine.is_unacknowledged()),
        )
    }

    /// The same request reached us over another path (§8.2.2.2): answered 482.
    pub fn is_merged(&self, request: &Request) -> bool {
        Origin::of(request)
            .is_some_and(|origin| self.servers.values().any(|server| server.origin.as_ref() == Some(&origin)))
    }
}

impl<O: Copy> Client<O> {
    fn reply(&self, id: ClientId, outcome: Outcome) -> Reply<O> {
        let request = self.machine.request().clone();
        Reply { id, owner: self.owner, request, challenges: self.challenges, outcome }
    }

    /// What must arrive is repeated by UDP though nothing arrives there now: a PBX may restart, or a route be gone for a
    /// moment.
    fn fails(&self, loss: Loss) -> bool {
        let repeated = loss == Loss::Unreachable && !self.machine.hop().is_reliable();
        match &self.machine {
            ClientMachine::Invite(machine) => machine.fails(),
            ClientMachine::Other(machine) => {
                machine.is_unanswered() && !(repeated && must_arrive(machine.request()))
            }
        }
    }

    /// How else the request may go. What went by TCP for its size alone, where all else goes by UDP, goes by UDP
    /// (§18.1.1). What must arrive goes over a new connection, once at once: connections are closed just as something is
    /// sent, or left with an address of ours. All else is there to be tried again by whoever wants it.
    fn way_round(&self, loss: Loss, usual: Hop) -> Option<Hop> {
        let hop = self.machine.hop();
        if !hop.is_reliable() {
            return None;
        }
        if !usual.is_reliable() && !names_tcp(self.machine.request()) {
            return Some(usual);
        }
        let anew = match loss {
            Loss::Unreachable => false,
            Loss::Closed => !self.sent_anew,
            Loss::Left => true,
        };
        (must_arrive(self.machine.request()) && anew).then_some(Hop { to: usual.to, ..hop })
    }

    fn is_unanswered(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(machine) => machine.is_unanswered(),
            ClientMachine::Other(machine) => machine.is_unanswered(),
        }
    }

    fn is_over(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(machine) => machine.is_over(),
            ClientMachine::Other(machine) => machine.is_over(),
        }
    }
}

impl ClientMachine {
    fn start(wire: &mut Wire, id: ClientId, request: Request, hop: Hop) -> Self {
        match request.method {
            Method::Invite => Self::Invite(ClientInvite::start(wire, id, request, hop)),
            _ => Self::Other(ClientOther::start(wire, id, request, hop)),
        }
    }

    /// The same request another way. It keeps its branch: should it have arrived after all, the other side
    /// sees that it is the same.
    fn begin_again(&self, wire: &mut Wire, id: ClientId, hop: Hop) -> Self {
        let mut request = self.request().clone();
        if let Ok(mut via) = request.headers.require::<Via>() {
            via.transport = hop.transport.into();
            request.headers.replace_first(&via);
        }
        Self::start(wire, id, request, hop)
    }

    fn request(&self) -> &Request {
        match self {
            Self::Invite(machine) => machine.request(),
            Self::Other(machine) => machine.request(),
        }
    }

    fn hop(&self) -> Hop {
        match self {
            Self::Invite(machine) => machine.hop(),
            Self::Other(machine) => machine.hop(),
        }
    }
}

/// Nobody may be left in a call that is over; and a call dies of a provisional response that nobody acknowledged.
fn must_arrive(request: &Request) -> bool {
    matches!(request.method, Method::Bye | Method::Cancel | Method::Prack)
}

/// Whether the next hop asks for TCP (RFC 3263 §4.1): so does the Contact of a PBX that a large INVITE reached by TCP.
pub fn names_tcp(request: &Request) -> bool {
    let route = request.headers.typed_all::<Route>().ok().and_then(|routes| routes.into_iter().next());
    let hop = route.map_or_else(|| request.uri.clone(), |route| route.0.uri);
    hop.params.get("transport").is_some_and(|name| name.eq_ignore_ascii_case("tcp"))
}

impl Origin {
    fn of(request: &Request) -> Option<Self> {
        Some(Self {
            call_id: request.headers.require::<CallId>().ok()?.0,
            from_tag: request.headers.require::<From>().ok()?.tag()?.to_owned(),
            cseq: request.headers.require::<CSeq>().ok()?,
        })
    }
}
