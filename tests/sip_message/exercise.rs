//! Everything that is done with octets from the network, and what must hold whatever they are. Shared with the
//! fuzz targets.

use patchcord::sip::digest::Authenticator;
use patchcord::sip::message::codec::{self, Malformed, Parsed};
use patchcord::sip::message::framer::Framer;
use patchcord::sip::message::*;
use patchcord::sip::{Account, DialogState, News, Package, Password};
use std::fmt::Debug;
use std::time::Duration;

/// Reads, looks into every field, prints, reads again. Whether there was a message.
pub fn exercise(octets: &[u8]) -> bool {
    check_stream(octets);
    match codec::parse(octets) {
        Ok(Parsed::KeepAlive) | Err(Malformed::Discard(_)) => false,
        Ok(Parsed::Message(message)) => {
            check_message(message);
            true
        }
        Err(Malformed::Refuse(rejection)) => {
            check_lines(&Message::Response(rejection.request.response(rejection.status)));
            false
        }
    }
}

/// The bodies of one subscription's NOTIFYs, between zeros. How many any package can read; what is known after each is bounded
/// whatever they hold, and the last one brings nothing when it comes again.
pub fn exercise_notifications(octets: &[u8]) -> usize {
    let bodies = || octets.split(|octet| *octet == 0);
    let news = Package::Dialog.news_in(bodies());
    for each in &news {
        let News::Dialogs(dialogs) = each else { panic!("{each:?}") };
        assert!(dialogs.len() <= 32);
        assert!(dialogs.iter().all(|dialog| dialog.state != DialogState::Terminated));
        let parties = dialogs.iter().filter_map(|dialog| dialog.remote.as_ref());
        parties.for_each(|party| check_uri(&party.uri));
    }
    let again = Package::Dialog.news_in(bodies().chain(bodies().next_back()));
    assert_eq!(again, news);
    let others = [Package::Presence, Package::MessageSummary];
    news.len() + others.iter().map(|package| package.news_in(bodies()).len()).sum::<usize>()
}

/// Cut anywhere, a stream holds the same frames; and what is cut out of one is what one datagram would hold.
fn check_stream(octets: &[u8]) {
    let frames = |size: usize| {
        let (mut framer, mut found) = (Framer::default(), Vec::new());
        for segment in octets.chunks(size) {
            framer.push(segment);
            while let Ok(Some(frame)) = framer.next() {
                found.push(frame);
            }
        }
        (found, framer.next())
    };
    let whole = frames(octets.len().max(1));
    let smallest = if octets.len() > 4096 { 61 } else { 1 };
    for size in [smallest, 1460] {
        assert_eq!(frames(size), whole);
    }
}

/// One field of any name, as it would be after the codec.
pub fn exercise_field(value: &str) {
    let mut headers = Headers::default();
    for name in NAMES {
        headers.push(name, value);
    }
    check_headers(&headers);
}

const NAMES: [&str; 36] = [
    "Via",
    "From",
    "To",
    "Contact",
    "Route",
    "Record-Route",
    "CSeq",
    "RAck",
    "RSeq",
    "Call-ID",
    "Max-Forwards",
    "Expires",
    "Min-Expires",
    "Content-Type",
    "Event",
    "Subscription-State",
    "Reason",
    "Warning",
    "Retry-After",
    "Session-Expires",
    "Min-SE",
    "Replaces",
    "Privacy",
    "Refer-To",
    "Referred-By",
    "P-Asserted-Identity",
    "Remote-Party-ID",
    "Diversion",
    "History-Info",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Authorization",
    "Proxy-Authorization",
    "Service-Route",
    "Call-Info",
    "Alert-Info",
];

fn check_message(message: Message) {
    check_headers(message.headers());
    check_lines(&message);
    if let Message::Request(request) = &message {
        check_uri(&request.uri);
        check_lines(&Message::Response(request.response(StatusCode::OK)));
    }
    if let Message::Response(response) = &message {
        check_challenges(response);
    }
    match codec::parse(&message.to_bytes()) {
        Ok(Parsed::Message(again)) => assert!(again == message, "reads differently when printed"),
        // Full names and escapes take more room than what came.
        Err(Malformed::Refuse(rejection)) if rejection.error.fault == "too long" => {}
        Err(Malformed::Discard(error)) if error.fault == "too long" => {}
        other => panic!("unreadable when printed: {other:?}"),
    }
}

fn check_headers(headers: &Headers) {
    let _ = answer_after(headers);
    check::<Via>(headers);
    check::<From>(headers);
    check::<To>(headers);
    check::<Contact>(headers);
    check::<Route>(headers);
    check::<RecordRoute>(headers);
    check::<ServiceRoute>(headers);
    check::<CSeq>(headers);
    check::<RAck>(headers);
    check::<RSeq>(headers);
    check::<CallId>(headers);
    check::<MaxForwards>(headers);
    check::<Expires>(headers);
    check::<MinExpires>(headers);
    check::<ContentType>(headers);
    check::<Event>(headers);
    check::<SubscriptionState>(headers);
    check::<Reason>(headers);
    check::<Warning>(headers);
    check::<RetryAfter>(headers);
    check::<SessionExpires>(headers);
    check::<MinSe>(headers);
    check::<Replaces>(headers);
    check::<Privacy>(headers);
    check::<ReferTo>(headers);
    check::<ReferredBy>(headers);
    check::<PAssertedIdentity>(headers);
    check::<RemotePartyId>(headers);
    check::<Diversion>(headers);
    check::<HistoryInfo>(headers);
    check::<WwwAuthenticate>(headers);
    check::<ProxyAuthenticate>(headers);
    check::<Authorization>(headers);
    check::<ProxyAuthorization>(headers);
    for addr in headers.typed_all::<Contact>().into_iter().flatten() {
        let _ = (addr.expires(), addr.q());
        addr.addr().into_iter().for_each(|addr| check_uri(&addr.uri));
    }
    for via in headers.typed_all::<Via>().into_iter().flatten() {
        let _ = (via.branch(), via.received(), via.rport(), via.has_cookie());
    }
}

/// What can be read is printed on one line, and reads the same again.
fn check<H: Typed + PartialEq + Debug>(headers: &Headers) {
    let first = headers.typed::<H>();
    let Ok(all) = headers.typed_all::<H>() else { return };
    if H::LIST {
        assert!(matches!(&first, Ok(one) if one.as_ref() == all.first()) || all.is_empty());
    }
    for value in all {
        let text = value.to_string();
        assert!(!text.contains(['\r', '\n']), "{}", H::NAME);
        let again = H::parse(&text);
        assert!(again.as_ref() == Ok(&value), "{}: {text}", H::NAME);
    }
}

fn check_uri(uri: &Uri) {
    let text = uri.to_string();
    assert!(text.parse::<Uri>().as_ref() == Ok(uri), "{text}");
    for (name, _) in &uri.headers {
        uri.header(name);
    }
}

fn check_lines(message: &Message) {
    let octets = message.to_bytes();
    let head = octets.len() - message.body().len();
    let breaks = octets[..head].iter().filter(|octet| matches!(octet, b'\r' | b'\n')).count();
    let length_stands = message.headers().first("Content-Length").is_some();
    assert_eq!(breaks, 2 * (message.headers().len() + 3 - usize::from(length_stands)));
}

fn check_challenges(response: &Response) {
    let account = Account {
        user: "101".into(),
        domain: "pbx.example".into(),
        auth_user: None,
        password: Password::new("p"),
        realm: None,
        registrar: None,
        outbound_proxy: None,
        display: None,
        expires: Duration::from_secs(60),
    };
    let mut authenticator = Authenticator::new(&account);
    let mut request = Request::new(Method::Register, Uri::sip(None, Host::Name("pbx.example".into()), None));
    for attempt in 0..3 {
        if authenticator.on_challenge(response, &request, attempt).is_err() {
            return;
        }
        authenticator.authorize(&mut request, "c");
        check_headers(&request.headers);
        check_lines(&Message::Request(request.clone()));
    }
}
