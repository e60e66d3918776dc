//! Dialogs (RFC 3261 §12): who the two ends are, which way requests go, and in which order they count.

use super::message::{
    CSeq, CallId, Contact, From, Host, MaxForwards, Method, NameAddr, RecordRoute, Replaces, Request,
    Response, Route, To, Uri,
};
use std::net::SocketAddr;

#[derive(Clone, Debug)]
pub struct Dialog {
    call_id: String,
    local: NameAddr,
    remote: NameAddr,
    /// Where the other end wants to be reached: its last Contact.
    target: Uri,
    routes: Vec<NameAddr>,
    local_seq: u32,
    remote_seq: Option<u32>,
}

/// A request older than one already seen (§12.2.2): answered 500.
#[derive(PartialEq, Eq, Debug)]
pub struct OutOfOrder;

impl Dialog {
    /// From a response, 101 to 299, to an INVITE of ours (§12.1.2). A peer that sends no Contact is
    /// taken to be where the INVITE went.
    pub fn of_uac(invite: &Request, response: &Response) -> Option<Self> {
        let mut routes = record_routes(&response.headers);
        routes.reverse();
        Some(Self {
            call_id: invite.headers.require::<CallId>().ok()?.0,
            local: invite.headers.require::<From>().ok()?.0,
            remote: response.headers.require::<To>().ok()?.0,
            target: contact(&response.headers).unwrap_or_else(|| invite.uri.clone()),
            routes,
            local_seq: invite.headers.require::<CSeq>().ok()?.seq,
            remote_seq: None,
        })
    }

    /// From an INVITE that reached us, to be answered with this To tag (§12.1.1).
    pub fn of_uas(invite: &Request, tag: &str, first_seq: u32) -> Option<Self> {
        let mut local = invite.headers.require::<To>().ok()?.0;
        local.set_tag(tag);
        let remote = invite.headers.require::<From>().ok()?.0;
        Some(Self {
            call_id: invite.headers.require::<CallId>().ok()?.0,
            local,
            target: contact(&invite.headers).unwrap_or_else(|| remote.uri.clone()),
            remote,
            routes: record_routes(&invite.headers),
            local_seq: first_seq,
            remote_seq: Some(invite.headers.require::<CSeq>().ok()?.seq),
        })
    }

    /// Whether a request of theirs belongs here (§12.2.2): its To is our end.
    pub fn owns(&self, request: &Request) -> bool {
        // Addresses are read only when it may be this one.
        request.headers.first("Call-ID") == Some(&self.call_id)
            && request.headers.require::<To>().is_ok_and(|to| to.tag() == self.local.tag())
            && request.headers.require::<From>().is_ok_and(|from| from.tag() == self.remote.tag())
    }

    /// Whether a response of theirs comes from this end: one of several when the INVITE was forked.
    pub fn is_with(&self, response: &Response) -> bool {
        response.headers.require::<To>().is_ok_and(|to| to.tag() == self.remote.tag())
    }

    /// The next request of ours. Routes as §12.2.1.1 asks, also where the first hop is a strict router.
    pub fn request(&mut self, method: Method) -> Request {
        let seq = self.next_seq();
        self.request_with_seq(method, seq)
    }

    /// For a request that is sent again with credentials.
    pub fn next_seq(&mut self) -> u32 {
        self.local_seq = self.local_seq.saturating_add(1);
        self.local_seq
    }

    /// Whether a later request of ours may have come there first: then this one is refused for its number (§12.2.2).
    pub fn may_have_overtaken(&self, request: &Request) -> bool {
        request.headers.require::<CSeq>().is_ok_and(|cseq| cseq.seq < self.local_seq)
    }

    /// The ACK of a 2xx has the number of its INVITE (§13.2.2.4).
    pub fn ack(&self, seq: u32) -> Request {
        self.request_with_seq(Method::Ack, seq)
    }

    fn request_with_seq(&self, method: Method, seq: u32) -> Request {
        let (uri, routes) = self.path();
        let mut request = Request::new(method.clone(), uri);
        request.headers.push_typed(&MaxForwards(70));
        for route in routes {
            request.headers.push_typed(&Route(route));
        }
        request.headers.push_typed(&From(self.local.clone()));
        request.headers.push_typed(&To(self.remote.clone()));
        request.headers.push_typed(&CallId(self.call_id.clone()));
        request.headers.push_typed(&CSeq::new(seq, method));
        request
    }

    /// Takes the number of a request of theirs (§12.2.2). Gaps are allowed; what is not higher was seen.
    pub fn accept_seq(&mut self, seq: u32) -> Result<(), OutOfOrder> {
        if self.remote_seq.is_some_and(|seen| seq <= seen) {
            return Err(OutOfOrder);
        }
        self.remote_seq = Some(seq);
        Ok(())
    }

    /// Target refresh by re-INVITE or UPDATE, in a request or in its 2xx (§12.2.1.2, §12.2.2).
    pub fn refresh_target(&mut self, headers: &super::message::Headers) {
        if let Some(target) = contact(headers) {
            self.target = target;
        }
    }

    /// A 2xx fixes the route set anew, since an early dialog's provisional responses may have
    /// lacked Record-Route (§13.2.2.4).
    pub fn confirm(&mut self, response: &Response) {
        let mut routes = record_routes(&response.headers);
        routes.reverse();
        self.routes = routes;
        self.refresh_target(&response.headers);
    }

    /// Where its requests go: the first hop, when that is an address; a name was already resolved
    /// once, for `otherwise`.
    pub fn next_hop(&self, otherwise: SocketAddr) -> SocketAddr {
        let hop = self.routes.first().map_or(&self.target, |route| &route.uri);
        match hop.host {
            Host::Ip(ip) => SocketAddr::new(ip, hop.port.unwrap_or(5060)),
            _ => otherwise,
        }
    }

    /// Whether a Replaces that reached us means this dialog (RFC 3891 §3).
    pub fn is_named_by(&self, replaces: &Replaces) -> bool {
        replaces.call_id == self.call_id
            && self.local.tag() == Some(&replaces.to_tag)
            && self.remote.tag() == Some(&replaces.from_tag)
    }

    /// What names it to the other end, whose tag is the To tag of a request that arrives there.
    pub fn named_for_the_other_end(&self) -> Option<Replaces> {
        Some(Replaces {
            call_id: self.call_id.clone(),
            to_tag: self.remote.tag()?.to_owned(),
            from_tag: self.local.tag()?.to_owned(),
            early_only: false,
        })
    }

    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    pub const fn remote(&self) -> &NameAddr {
        &self.remote
    }

    fn path(&self) -> (Uri, Vec<NameAddr>) {
        match self.routes.split_first() {
            None => (self.target.clone(), Vec::new()),
            Some((first, _)) if first.uri.is_loose() => (self.target.clone(), self.routes.clone()),
            Some((strict, rest)) => {
                let mut uri = strict.uri.clone();
                uri.headers.clear();
                uri.params.remove("method");
                let mut routes = rest.to_vec();
                routes.push(NameAddr::new(self.target.clone()));
                (uri, routes)
            }
        }
    }
}

fn record_routes(headers: &super::message::Headers) -> Vec<NameAddr> {
    headers.typed_all::<RecordRoute>().unwrap_or_default().into_iter().map(|route| route.0).collect()
}

fn contact(headers: &super::message::Headers) -> Option<Uri> {
    let contact: Contact = headers.typed().ok()??;
    contact.addr().map(|addr| addr.uri.clone()).filter(Uri::is_sip)
}

#[cfg(test)]
mod tests {
    use super::super::message::StatusCode;
    use super::*;

    fn invite(extra: &[(&'static str, &str)]) -> Request {
        let mut request = Request::new(Method::Invite, "sip:200@pbx.example".parse().unwrap());
        let fields = [
            ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
            ("From", "<sip:101@pbx.example>;tag=ours"),
            ("To", "<sip:200@pbx.example>"),
            ("Call-ID", "c1"),
            ("CSeq", "7 INVITE"),
        ];
        for (name, value) in fields.iter().chain(extra) {
            request.headers.push(name, *value);
        }
        request
    }

    fn answered(extra: &[(&'static str, &str)]) -> Response {
        let mut response = invite(&[]).response(StatusCode::OK);
        response.headers.set(&To::parse("<sip:200@pbx.example>;tag=theirs").unwrap());
        for (name, value) in extra {
            response.headers.push(name, *value);
        }
        response
    }

    use super::super::message::Typed;

    #[test]
    fn a_caller_reverses_the_recorded_route() {
        let response = answered(&[
            ("Contact", "<sip:200@192.0.2.9:5070>"),
            ("Record-Route", "<sip:far.example;lr>, <sip:192.0.2.5;lr>"),
        ]);
        let mut dialog = Dialog::of_uac(&invite(&[]), &response).unwrap();
        let bye = dialog.request(Method::Bye);
        let routes: Vec<_> = bye.headers.all("Route").collect();
        assert_eq!(routes, ["<sip:192.0.2.5;lr>", "<sip:far.example;lr>"]);
        assert_eq!(bye.uri.to_string(), "sip:200@192.0.2.9:5070");
        assert_eq!(bye.headers.first("CSeq"), Some("8 BYE"));
        assert_eq!(dialog.next_hop("192.0.2.77:5060".parse().unwrap()).to_string(), "192.0.2.5:5060");
    }

    #[test]
    fn a_called_party_keeps_the_recorded_route() {
        let request = invite(&[("Contact", "<sip:x@192.0.2.9>"), ("Record-Route", "<sip:a;lr>, <sip:b;lr>")]);
        let mut dialog = Dialog::of_uas(&request, "t", 1).unwrap();
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.headers.all("Route").collect::<Vec<_>>(), ["<sip:a;lr>", "<sip:b;lr>"]);
        assert_eq!(bye.headers.first("From"), Some("<sip:200@pbx.example>;tag=t"));
        assert_eq!(bye.headers.first("To"), Some("<sip:101@pbx.example>;tag=ours"));
    }

    #[test]
    fn a_strict_router_gets_its_own_uri_as_request_uri() {
        let response =
            answered(&[("Contact", "<sip:200@192.0.2.9>"), ("Record-Route", "<sip:b;lr>, <sip:strict>")]);
        let mut dialog = Dialog::of_uac(&invite(&[]), &response).unwrap();
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri.to_string(), "sip:strict");
        assert_eq!(bye.headers.all("Route").collect::<Vec<_>>(), ["<sip:b;lr>", "<sip:200@192.0.2.9>"]);
    }

    #[test]
    fn their_numbers_may_skip_but_not_go_back() {
        let mut dialog = Dialog::of_uas(&invite(&[]), "t", 1).unwrap();
        assert_eq!(dialog.accept_seq(7), Err(OutOfOrder));
        assert_eq!(dialog.accept_seq(12), Ok(()));
        assert_eq!(dialog.accept_seq(11), Err(OutOfOrder));
        assert_eq!(dialog.accept_seq(13), Ok(()));
    }

    #[test]
    fn a_new_contact_is_where_the_next_request_goes() {
        let mut dialog = Dialog::of_uas(&invite(&[("Contact", "<sip:x@192.0.2.9>")]), "t", 1).unwrap();
        dialog.refresh_target(&invite(&[("Contact", "<sip:y@192.0.2.10:5062>")]).headers);
        assert_eq!(dialog.request(Method::Bye).uri.to_string(), "sip:y@192.0.2.10:5062");
        assert_eq!(dialog.next_hop("192.0.2.77:5060".parse().unwrap()).to_string(), "192.0.2.10:5062");
    }

    #[test]
    fn a_request_with_another_tag_is_not_of_this_dialog() {
        let dialog = Dialog::of_uas(&invite(&[]), "t", 1).unwrap();
        let mut bye = Request::new(Method::Bye, "sip:x@y".parse().unwrap());
        bye.headers.push("From", "<sip:101@elsewhere>;tag=ours");
        bye.headers.push("To", "<sip:200@elsewhere>;tag=t");
        bye.headers.push("Call-ID", "c1");
        assert!(dialog.owns(&bye), "only tags and Call-ID count: PBXs rewrite the rest");
        bye.headers.set(&To::parse("<sip:200@elsewhere>;tag=other").unwrap());
        assert!(!dialog.owns(&bye));
    }
}
