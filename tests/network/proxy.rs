//! A PBX of the simplest kind that is right: registrar, and stateless proxy that stays in the path
//! (RFC 3261 §10.3, §16.11). What it repeats or loses is what the telephones and the network do.

use patchcord::sip::message::codec::{self, Parsed};
use patchcord::sip::message::{
    Contact, Host, MaxForwards, Message, Method, NameAddr, RecordRoute, Request, Response, Route,
    SessionExpires, StatusCode, To, Uri, Via,
};
use patchcord::transmit::Transport;
use std::collections::BTreeMap;
use std::net::SocketAddr;

pub const ADDRESS: &str = "192.0.2.10:5060";
/// What a branch of ours has behind that of the telephone: the same for each repetition, ACK and CANCEL.
pub const MARK: &str = ".pbx";
/// Who has moved, to Boris.
pub const MOVED: &str = "moved";
/// Rings at Boris's and at Clara's.
pub const BOTH: &str = "both";
/// The tag of our own refusals: their ACK goes no further.
const TAG: &str = "pbx";

pub struct Proxy {
    address: SocketAddr,
    bound: BTreeMap<String, Uri>,
    /// Counted up by a restart.
    nonce: u32,
    /// Put into INVITEs (RFC 4028 §8.1).
    pub session_expires: Option<u32>,
    /// Put into INVITEs, as PBXs do that want to be sure of what rings (RFC 3262).
    pub reliable: bool,
    /// Who speaks, as it says in what changes a call (RFC 3325).
    pub asserted: Option<&'static str>,
    /// No session is refreshed more often than after so many seconds (RFC 4028 §8.1).
    pub least_interval: u32,
    /// Requests that wanted it more often.
    pub too_brief: usize,
}

type Sent = Vec<(SocketAddr, Vec<u8>)>;

impl Proxy {
    pub fn new() -> Self {
        Self {
            address: ADDRESS.parse().unwrap(),
            bound: BTreeMap::new(),
            nonce: 1,
            session_expires: None,
            reliable: false,
            asserted: None,
            least_interval: 0,
            too_brief: 0,
        }
    }

    pub fn bind(&mut self, user: &str, contact: Uri) {
        self.bound.insert(user.to_owned(), contact);
    }

    pub fn knows(&self, user: &str) -> bool {
        self.bound.contains_key(user)
    }

    pub fn contact(&self, user: &str) -> Option<&Uri> {
        self.bound.get(user)
    }

    /// Forgets who is where.
    pub fn restart(&mut self) {
        self.bound.clear();
        self.nonce += 1;
    }

    pub fn on_packet(&mut self, from: SocketAddr, octets: &[u8]) -> Sent {
        match codec::parse(octets) {
            Ok(Parsed::Message(Message::Request(request))) => self.on_request(request, from),
            Ok(Parsed::Message(Message::Response(response))) => on_response(response),
            other => panic!("a telephone sent what the PBX cannot read: {other:?}"),
        }
    }

    fn on_request(&mut self, mut request: Request, from: SocketAddr) -> Sent {
        let mut via = request.headers.require::<Via>().unwrap();
        via.params.set("received", Some(&from.ip().to_string()));
        via.params.set("rport", Some(&from.port().to_string()));
        request.headers.replace_first(&via);
        let to = request.headers.require::<To>().unwrap();
        match request.method {
            Method::Register => self.register(&request, from),
            Method::Ack if to.tag() == Some(TAG) => vec![],
            Method::Options if request.uri.user.is_none() => reply(&request, from, 200, &[]),
            Method::Invite if begins(&request) && request.headers.first("Proxy-Authorization").is_none() => {
                let challenge = "Digest realm=\"calls\",nonce=\"c\",algorithm=MD5,qop=\"auth\"";
                reply(&request, from, 407, &[("Proxy-Authenticate", challenge)])
            }
            _ => self.forward(request, &via, from),
        }
    }

    fn register(&mut self, request: &Request, from: SocketAddr) -> Sent {
        let nonce = format!("nonce=\"r{}\"", self.nonce);
        if !request.headers.first("Authorization").is_some_and(|credentials| credentials.contains(&nonce)) {
            let challenge = format!("Digest realm=\"pbx\",{nonce},algorithm=MD5,qop=\"auth\"");
            return reply(request, from, 401, &[("WWW-Authenticate", &challenge)]);
        }
        let user = request.headers.require::<To>().unwrap().uri.user.clone().unwrap();
        let contact = request.headers.require::<Contact>().unwrap();
        let uri = contact.addr().unwrap().uri.clone();
        if contact.expires() == Some(0) {
            self.bound.remove(&user);
            return reply(request, from, 200, &[]);
        }
        self.bound.insert(user, uri.clone());
        reply(request, from, 200, &[("Contact", &format!("<{uri}>;expires=600"))])
    }

    fn forward(&mut self, mut request: Request, via: &Via, from: SocketAddr) -> Sent {
        let ours = Host::Ip(self.address.ip());
        let routes = request.headers.typed_all::<Route>().unwrap();
        request.headers.remove("Route");
        for route in routes.iter().filter(|route| route.uri.host != ours) {
            request.headers.push_typed(route);
        }
        let mut targets = vec![Some(request.uri.clone())];
        if matches!(request.uri.host, Host::Name(_)) {
            let user = request.uri.user.as_deref().unwrap_or_default();
            if user == MOVED && request.method == Method::Invite {
                return reply(&request, from, 302, &[("Contact", "<sip:boris@pbx.example>")]);
            }
            let users: &[&str] = if user == BOTH { &["boris", "clara"] } else { &[user] };
            targets = users.iter().map(|user| self.bound.get(*user).cloned()).collect();
            if targets.iter().all(Option::is_none) && request.method != Method::Ack {
                return reply(&request, from, 404, &[]);
            }
        }
        let asked = request.headers.typed::<SessionExpires>().unwrap();
        if asked.is_some_and(|asked| asked.seconds < self.least_interval) {
            self.too_brief += 1;
            return reply(&request, from, 422, &[("Min-SE", &self.least_interval.to_string())]);
        }
        if let Some(speaker) = self.asserted
            && matches!(request.method, Method::Invite | Method::Update)
            && !begins(&request)
        {
            request.headers.push("P-Asserted-Identity", speaker);
        }
        if request.method == Method::Invite {
            let mut route = Uri::sip(None, ours.clone(), Some(self.address.port()));
            route.params.set("lr", None);
            request.headers.push_front(&RecordRoute(NameAddr::new(route)));
            if let Some(seconds) = self.session_expires
                && request.headers.first("Session-Expires").is_none()
            {
                request.headers.push("Session-Expires", seconds.to_string());
            }
            if self.reliable && begins(&request) {
                request.headers.push("Require", "100rel");
            }
        }
        let hops = request.headers.typed::<MaxForwards>().unwrap().map_or(70, |hops| hops.0);
        request.headers.set(&MaxForwards(hops - 1));
        let mut branch = via.branch().unwrap().to_owned();
        let mut sent = vec![];
        for target in targets {
            branch.push_str(MARK);
            let Some(target) = target else { continue };
            // A telephone whose connection broke has another port now, whatever the dialog says.
            let target =
                self.bound.values().find(|bound| bound.user == target.user).unwrap_or(&target).clone();
            let mut fork = request.clone();
            fork.headers.push_front(&Via::new(
                Transport::Udp,
                ours.clone(),
                Some(self.address.port()),
                &branch,
            ));
            let Host::Ip(ip) = target.host else { panic!("no address in {target}") };
            let to = SocketAddr::new(ip, target.port.unwrap_or(5060));
            fork.uri = target;
            sent.push((to, fork.to_bytes()));
        }
        sent
    }
}

fn begins(request: &Request) -> bool {
    request.headers.require::<To>().unwrap().tag().is_none()
}

fn on_response(mut response: Response) -> Sent {
    let vias = response.headers.typed_all::<Via>().unwrap();
    let Some((_, rest)) = vias.split_first().filter(|(_, rest)| !rest.is_empty()) else { return vec![] };
    response.headers.remove("Via");
    for via in rest.iter().rev() {
        response.headers.push_front(via);
    }
    let (ip, port) = (rest[0].received().unwrap(), rest[0].rport().flatten().unwrap());
    vec![(SocketAddr::new(ip, port), response.to_bytes())]
}

fn reply(request: &Request, to: SocketAddr, status: u16, headers: &[(&'static str, &str)]) -> Sent {
    let mut response = request.response(StatusCode::new(status).unwrap());
    let mut tagged = response.headers.require::<To>().unwrap();
    if tagged.tag().is_none() {
        tagged.set_tag(TAG);
        response.headers.set(&tagged);
    }
    for (name, value) in headers {
        response.headers.push(name, *value);
    }
    vec![(to, response.to_bytes())]
}
