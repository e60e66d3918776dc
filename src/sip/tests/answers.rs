//! What the front answers for all parts alike.

use crate::sip::message::{Method, Request};
use crate::sip::testing::{Bench, seq};
use crate::sip::{EndedBy, Event};

#[test]
fn a_cancel_is_answered_with_the_tag_of_its_invite_even_before_it_rang() {
    let mut bench = Bench::registered();
    let (_, invite) = bench.called();
    let mut cancel = Request::new(Method::Cancel, invite.uri.clone());
    for name in ["Via", "From", "To", "Call-ID"] {
        cancel.headers.push(name, invite.headers.first(name).unwrap());
    }
    cancel.headers.push("CSeq", format!("{} CANCEL", seq(&invite)));
    bench.hear_request(&cancel);
    let (cancelled, terminated) = (bench.response(200), bench.response(487));
    assert_eq!(cancelled.headers.first("To"), terminated.headers.first("To"));
    assert!(cancelled.headers.first("To").unwrap().contains(";tag="));
}

#[test]
fn what_requires_more_than_we_can_is_refused_in_a_call_too() {
    let mut bench = Bench::registered();
    let (_, invite, ok) = bench.answered();
    let asked = [Method::Options, Method::Info, Method::Notify, Method::Update, Method::Bye];
    for (step, method) in (1..).zip(asked) {
        let mut request = bench.pbx_next(&invite, &ok, method, step);
        request.headers.push("Require", "timer, path");
        bench.hear_request(&request);
        assert_eq!(bench.response(420).headers.first("Unsupported"), Some("path"));
    }
    assert!(bench.is_silent(), "and nothing of it was done");
    let bye = bench.pbx_next(&invite, &ok, Method::Bye, 9);
    bench.hear_request(&bye);
    bench.response(200);
    assert!(matches!(bench.event(), Some(Event::Ended { by: EndedBy::Them, .. })));
}

#[test]
fn an_ack_is_never_refused_whatever_it_requires() {
    let mut bench = Bench::registered();
    let (call, invite) = bench.called();
    bench.ua.accept(bench.now, call, b"v=0".to_vec()).unwrap();
    let ok = bench.response(200);
    let mut ack = bench.pbx_next(&invite, &ok, Method::Ack, 0);
    ack.headers.push("Require", "path");
    bench.hear_request(&ack);
    assert!(matches!(bench.event(), Some(Event::Confirmed { .. })));
    assert!(bench.is_silent());
}
