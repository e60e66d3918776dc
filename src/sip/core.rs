//! What registration, calls and the rest share: our identity, credentials, transactions and the wire.

use super::account::UserAgentConfig;
use super::chance::Chance;
use super::digest::Authenticator;
use super::event::{CallKey, ProbeKey, SubscriptionKey};
use super::message::{
    CSeq, CallId, From, Host, MaxForwards, Method, NameAddr, Request, Response, Route, StatusCode, To, Uri,
    Via,
};
use super::transaction::{ClientId, Reply, ServerId, Transactions, names_tcp};
use super::wire::Wire;
use crate::transmit::{Hop, Transport};
use std::net::SocketAddr;

/// What we do when asked, and REFER where the configuration allows it.
const ALLOWED: &str = "INVITE, ACK, BYE, CANCEL, PRACK, OPTIONS, UPDATE, INFO, NOTIFY";
/// Reliable provisional responses (RFC 3262), word of a telephone that gave up (RFC 6228), REFER without news of it
/// (RFC 4488), one call in the place of another (RFC 3891), session timers (RFC 4028).
pub const SUPPORTED: &str = "100rel, 199, norefersub, replaces, timer";
/// A larger request would not be sure to fit into one packet: it goes by TCP (RFC 3261 §18.1.1).
const LARGEST_DATAGRAM: usize = 1300;
pub const ACCEPTED: &str = "application/sdp, application/dtmf-relay, application/dtmf, message/sipfrag";

pub fn is_supported(option: &str) -> bool {
    SUPPORTED.split(", ").any(|supported| supported.eq_ignore_ascii_case(option))
}

/// Who waits for the response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    Registration,
    Ping,
    Probe(ProbeKey),
    Call(CallKey, Purpose),
    Subscription(SubscriptionKey),
    /// The goodbye to a fork that lost: repeated until answered, nobody listens.
    Nobody,
}

/// What of a call a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    Invite,
    Prack,
    Cancel,
    Reinvite,
    Update,
    Bye,
    Refer,
    /// How a REFER to us goes.
    Notify,
    /// A digit by INFO.
    Digit,
    /// OPTIONS in the dialog: does the PBX still know the call?
    Check,
}

pub struct Core {
    pub config: UserAgentConfig,
    pub wire: Wire,
    pub transactions: Transactions<Owner>,
    pub chance: Chance,
    authenticator: Authenticator,
    /// User part of our Contact: whoever sends a request to it was told it by our registrar.
    token: String,
    /// In the PBX's place: everything that arrives is for us, whatever user it names.
    pub exchange: bool,
    /// Our address as the registrar sees it, when that is not `local` (RFC 3581).
    pub public: Option<SocketAddr>,
    /// The way out that the registrar asks for (RFC 3608).
    pub service_route: Vec<NameAddr>,
    /// Takes no connection, as it seemed when one was last wanted: what is large goes there by UDP as well.
    pub datagrams_only: Option<SocketAddr>,
}

impl Core {
    pub fn new(config: UserAgentConfig, seed: [u8; 32]) -> Self {
        let mut chance = Chance::new(seed);
        let token = chance.token();
        let (wire, authenticator) = (Wire::new(), Authenticator::new(&config.account));
        Self {
            config,
            wire,
            transactions: Transactions::new(),
            chance,
            authenticator,
            token,
            exchange: false,
            public: None,
            service_route: Vec::new(),
            datagrams_only: None,
        }
    }

    // -- who we are

    pub fn contact(&self) -> Uri {
        let address = self.public.unwrap_or(self.config.local);
        let mut uri = Uri::sip(Some(&self.token), Host::Ip(address.ip()), Some(address.port()));
        if self.config.transport == Transport::Tcp {
            uri.params.set("transport", Some("tcp"));
        }
        uri
    }

    /// The way to the PBX.
    pub const fn pbx(&self) -> Hop {
        Hop { transport: self.config.transport, to: self.config.server }
    }

    /// Whether the request was sent to our Contact, as only those can to whom it was given.
    pub fn is_for_us(&self, request: &Request) -> bool {
        self.exchange || self.is_ours(&request.uri)
    }

    /// Where a request outside a dialog goes: by way of the PBX; from there, to the telephone itself.
    pub fn next_hop(&self, target: &Uri) -> SocketAddr {
        match target.host {
            Host::Ip(ip) if self.exchange => SocketAddr::new(ip, target.port.unwrap_or(5060)),
            _ => self.config.server,
        }
    }

    pub fn is_ours(&self, uri: &Uri) -> bool {
        uri.user.as_deref() == Some(&self.token)
    }

    /// Address of record.
    pub fn identity(&self) -> NameAddr {
        let account = &self.config.account;
        let mut uri = self.domain();
        uri.user = Some(account.user.clone());
        NameAddr { display: account.display.clone(), ..NameAddr::new(uri) }
    }

    /// What goes into Allow (RFC 3261 §20.5): nothing that we would not do.
    pub fn allowed(&self) -> String {
        let refer = if self.config.calls.take_refers { ", REFER" } else { "" };
        format!("{ALLOWED}{refer}")
    }

    pub fn registrar(&self) -> Uri {
        self.config.account.registrar.clone().unwrap_or_else(|| self.domain())
    }

    fn domain(&self) -> Uri {
        let domain = &self.config.account.domain;
        let name = || Uri::sip(None, Host::Name(domain.clone()), None);
        format!("sip:{domain}").parse().unwrap_or_else(|_| name())
    }

    // -- requests of ours

    /// A request outside a dialog (§8.1.1), without Via, which `send` adds.
    pub fn request(&mut self, method: Method, uri: Uri, to: NameAddr) -> Request {
        let mut request = Request::new(method.clone(), uri);
        request.headers.push_typed(&MaxForwards(70));
        for route in self.preloaded_route(&method) {
            request.headers.push_typed(&Route(route));
        }
        let mut from = self.identity();
        from.set_tag(&self.chance.tag());
        request.headers.push_typed(&From(from));
        request.headers.push_typed(&To(to));
        request.headers.push_typed(&CallId(self.chance.token()));
        request.headers.push_typed(&CSeq::new(self.chance.first_seq(), method));
        request
    }

    /// Adds Via and User-Agent and sends until answered. The owner gets what comes of it.
    pub fn send(&mut self, owner: Owner, request: Request, to: SocketAddr) -> ClientId {
        self.send_again(owner, request, to, 0)
    }

    /// `challenges`: how many this request has answered so far.
    pub fn send_again(
        &mut self,
        owner: Owner,
        mut request: Request,
        to: SocketAddr,
        challenges: u32,
    ) -> ClientId {
        let hop = self.finish(&mut request, to);
        self.transactions.send(&mut self.wire, owner, request, hop, challenges)
    }

    /// Credentials for the realms that asked before, so that this request need not be asked (RFC 3261 §22.1).
    pub fn authorize(&mut self, request: &mut Request) {
        let cnonce = self.chance.tag();
        self.authenticator.authorize(request, &cnonce);
    }

    /// The request again, with an answer to the 401 or 407 it got; CSeq and Via are left to the sender.
    /// None: it cannot be answered, and asking again would bring the same.
    pub fn answer_challenge(&mut self, reply: &Reply<Owner>, response: &Response) -> Option<Request> {
        self.authenticator.on_challenge(response, &reply.request, reply.challenges).ok()?;
        let mut request = reply.request.clone();
        request.headers.remove("Via");
        self.authorize(&mut request);
        Some(request)
    }

    /// Sends an ACK, which no transaction repeats; gives the way it went and the octets, for repeating it.
    pub fn send_ack(&mut self, mut ack: Request, to: SocketAddr) -> (Hop, Vec<u8>) {
        let hop = self.finish(&mut ack, to);
        let bytes = ack.to_bytes();
        self.wire.send(hop, bytes.clone());
        (hop, bytes)
    }

    /// Adds what the transport asks for, and chooses it.
    fn finish(&mut self, request: &mut Request, to: SocketAddr) -> Hop {
        request.headers.remove("User-Agent");
        request.headers.push("User-Agent", self.config.user_agent.clone());
        // A CANCEL has its INVITE's Via, and goes the same way (RFC 3261 §9.1).
        let inherited =
            request.headers.require::<Via>().ok().map(|via| via.transport == Transport::Tcp.into());
        let by_tcp = inherited.unwrap_or_else(|| {
            let branch = self.chance.branch();
            let mut via = self.via(self.config.transport, &branch);
            request.headers.push_front(&via);
            let wanted = names_tcp(request)
                || self.datagrams_only != Some(to) && request.to_bytes().len() > LARGEST_DATAGRAM;
            if wanted && !self.exchange && self.config.transport == Transport::Udp {
                via = self.via(Transport::Tcp, &branch);
                request.headers.replace_first(&via);
            }
            via.transport == Transport::Tcp.into()
        });
        Hop { transport: if by_tcp { Transport::Tcp } else { self.config.transport }, to }
    }

    fn via(&self, transport: Transport, branch: &str) -> Via {
        let local = self.config.local;
        Via::new(transport, Host::Ip(local.ip()), Some(local.port()), branch)
    }

    fn preloaded_route(&self, method: &Method) -> Vec<NameAddr> {
        let mut routes: Vec<_> =
            self.config.account.outbound_proxy.iter().cloned().map(loose_route).collect();
        if *method != Method::Register {
            let known = self.service_route.iter().filter(|route| !routes.contains(route));
            let more: Vec<_> = known.cloned().collect();
            routes.extend(more);
        }
        routes
    }

    // -- responses of ours

    /// A response with our To tag, where the request has none yet.
    pub fn response(&mut self, request: &Request, status: StatusCode) -> Response {
        let mut response = request.response(status);
        if status != StatusCode::TRYING
            && let Ok(mut to) = response.headers.require::<To>()
            && to.tag().is_none()
        {
            to.set_tag(&self.chance.tag());
            response.headers.set(&to);
        }
        response.headers.push("Server", self.config.user_agent.clone());
        response
    }

    pub fn respond(&mut self, id: ServerId, response: &Response) {
        self.transactions.respond(&mut self.wire, id, response);
    }

    /// A final response without more to say.
    pub fn refuse(&mut self, id: ServerId, request: &Request, status: StatusCode) {
        let response = self.response(request, status);
        self.respond(id, &response);
    }
}

/// A method that we do not carry out here (RFC 3261 §8.2.1), or do not know at all (§21.5.2).
pub fn refuse_method(core: &mut Core, id: ServerId, request: &Request) {
    let status = match request.method {
        Method::Other(_) => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::METHOD_NOT_ALLOWED,
    };
    let mut response = core.response(request, status);
    response.headers.push("Allow", core.allowed());
    core.respond(id, &response);
}

/// Written by an admin without `;lr` as often as with it; a proxy of today is a loose router.
fn loose_route(mut uri: Uri) -> NameAddr {
    if !uri.is_loose() {
        uri.params.set("lr", None);
    }
    NameAddr::new(uri)
}

/// Fills received and rport into the top Via, and says where the response goes
/// (RFC 3261 §18.2.1, §18.2.2; RFC 3581 §4).
pub fn mark_received(request: &mut Request, from: SocketAddr) -> SocketAddr {
    let Ok(mut via) = request.headers.require::<Via>() else {
        return from;
    };
    let asked_for_port = via.rport().is_some();
    if asked_for_port || via.host != Host::Ip(from.ip()) {
        via.params.set("received", Some(&from.ip().to_string()));
    }
    if asked_for_port {
        via.params.set("rport", Some(&from.port().to_string()));
    }
    request.headers.replace_first(&via);
    if asked_for_port { from } else { SocketAddr::new(from.ip(), via.port.unwrap_or(5060)) }
}
