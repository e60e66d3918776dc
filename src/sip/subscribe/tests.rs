//! What is subscribed to, on a bench: each test a PBX that answers as the test tells it to.

use super::super::event::{Event as Said, SubscriptionKey, SubscriptionLoss};
use super::super::message::{CSeq, CallId, From, Message, Method, Request};
use super::super::testing::{Bench, address, ms, parsed, secs, seq, tagged};
use super::{MessageSummary, News, Package, Presence};
use crate::transmit::Transport;

const OPEN: &str = "<presence><tuple id=\"1\"><status><basic>open</basic></status></tuple></presence>";

fn info(version: u32, state: &str, dialog: &str) -> String {
    let dialog = match dialog {
        "" => String::new(),
        state => format!("<dialog id=\"201\"><state>{state}</state></dialog>"),
    };
    format!("<dialog-info version=\"{version}\" state=\"{state}\">{dialog}</dialog-info>")
}

impl Bench {
    fn watch(&mut self, package: Package) -> SubscriptionKey {
        self.ua.watch(self.now, "sip:201@pbx.example".parse().unwrap(), package)
    }

    fn subscribe(&mut self) -> Request {
        self.request(Method::Subscribe)
    }

    fn grant_subscription(&mut self, subscribe: &Request, seconds: u32) {
        let expires = seconds.to_string();
        self.respond_with(
            subscribe,
            200,
            &[("Expires", &expires), ("Contact", "<sip:192.0.2.10:5060>")],
            b"",
        );
    }

    /// The PBX's NOTIFY in the subscription's dialog.
    fn notify(
        &mut self,
        subscribe: &Request,
        step: u32,
        state: &str,
        package: Package,
        body: &str,
    ) -> Request {
        let mut notify = self.pbx_request(Method::Notify, &[("Subscription-State", state)], b"");
        notify.headers.push("Event", package.name());
        let from = subscribe.headers.first("To").unwrap().to_owned();
        let tagged_from = if from.contains("tag=") { from } else { format!("{from};tag=pbx-tag") };
        notify.headers.set(&From(tagged(&tagged_from).0));
        notify.headers.set(&tagged(subscribe.headers.first("From").unwrap()));
        notify.headers.set(&CallId(subscribe.headers.first("Call-ID").unwrap().to_owned()));
        notify.headers.set(&CSeq::new(1000 + step, Method::Notify));
        if !body.is_empty() {
            notify.headers.push("Content-Type", package.accepts());
            notify.body = body.as_bytes().to_vec();
        }
        notify
    }

    fn tell(&mut self, subscribe: &Request, step: u32, state: &str, package: Package, body: &str) {
        let notify = self.notify(subscribe, step, state, package, body);
        self.hear_request(&notify);
        self.response(200);
    }

    /// Subscribed to, granted and told once.
    fn watching(&mut self, package: Package, body: &str) -> (SubscriptionKey, Request) {
        let key = self.watch(package);
        let subscribe = self.subscribe();
        self.grant_subscription(&subscribe, 300);
        self.tell(&subscribe, 0, "active;expires=300", package, body);
        assert!(matches!(self.event(), Some(Said::News { .. })));
        (key, subscribe)
    }

    fn lost(&mut self) -> Option<SubscriptionLoss> {
        match self.event() {
            Some(Said::SubscriptionLost { loss, .. }) => Some(loss),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    fn news(&mut self) -> Option<News> {
        match self.event() {
            Some(Said::News { news, .. }) => Some(news),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// SUBSCRIBEs sent while time passes, each once, with how long after now; OPTIONS, REGISTER and a sentry are answered.
    fn subscribes_within(&mut self, seconds: u64) -> Vec<(std::time::Duration, Request)> {
        let began = self.now;
        let mut found: Vec<(std::time::Duration, Request)> = Vec::new();
        for _ in 0..seconds * 20 {
            self.pass(ms(50));
            for (at, message) in self.messages() {
                let Message::Request(request) = message else { continue };
                match request.method {
                    Method::Subscribe if request.headers.first("Event") == Some("message-summary") => {
                        self.grant_subscription(&request, 300);
                    }
                    Method::Subscribe => {
                        let via = request.headers.first("Via");
                        if found.iter().all(|(_, known)| known.headers.first("Via") != via) {
                            found.push((at.since(began), request));
                        }
                    }
                    Method::Register => self.grant_last(&request),
                    Method::Options => self.respond(&request, 200),
                    _ => {}
                }
            }
        }
        found
    }

    /// Registered, and subscribed to something that is refreshed more often than all else, and answered by itself.
    fn with_sentry() -> Self {
        let mut bench = Self::registered();
        bench.watching(Package::MessageSummary, "Messages-Waiting: no\r\n");
        bench.pass(ms(50));
        bench
    }

    fn next_subscribe(&mut self, within: u64) -> Request {
        let found = (0..within).find_map(|_| self.subscribes_within(1).pop());
        found.unwrap_or_else(|| panic!("no SUBSCRIBE in {within} s")).1
    }

    fn expires(request: &Request) -> Option<&str> {
        request.headers.first("Expires")
    }
}

#[test]
fn a_subscription_names_what_it_wants_and_tells_what_comes() {
    let mut bench = Bench::registered();
    let key = bench.watch(Package::Presence);
    let subscribe = bench.subscribe();
    assert_eq!(subscribe.uri.to_string(), "sip:201@pbx.example");
    for (name, value) in [("Event", "presence"), ("Accept", "application/pidf+xml"), ("Expires", "300")] {
        assert_eq!(subscribe.headers.first(name), Some(value));
    }
    assert!(subscribe.headers.first("Contact").unwrap().contains(&bench.ua.contact().to_string()));
    bench.grant_subscription(&subscribe, 300);
    bench.tell(&subscribe, 0, "active;expires=300", Package::Presence, OPEN);
    let here = Presence { open: Some(true), busy: false, ringing: false };
    let Some(Said::News { subscription, news }) = bench.event() else { panic!("no news") };
    assert_eq!((subscription, news), (Some(key), News::Presence(here)));
}

#[test]
fn nothing_is_subscribed_to_before_we_are_registered() {
    let mut bench = Bench::new();
    bench.watch(Package::Dialog);
    assert!(bench.is_silent());
    bench.register_now();
    bench.subscribe();
}

#[test]
fn a_notify_may_overtake_the_2xx() {
    let mut bench = Bench::with_sentry();
    bench.watch(Package::Presence);
    let subscribe = bench.subscribe();
    bench.tell(&subscribe, 0, "active", Package::Presence, OPEN);
    assert!(bench.news().is_some());
    bench.grant_subscription(&subscribe, 300);
    let refreshes = bench.subscribes_within(299);
    assert!(refreshes[0].1.headers.first("To").unwrap().contains("tag=pbx-tag"));
}

#[test]
fn a_challenge_is_answered_with_the_next_number() {
    let mut bench = Bench::registered();
    bench.watch(Package::Dialog);
    let first = bench.subscribe();
    bench.challenge(&first);
    let second = bench.subscribe();
    assert_eq!(seq(&second), seq(&first) + 1);
    assert_eq!(second.headers.first("Call-ID"), first.headers.first("Call-ID"));
    assert!(second.headers.first("Authorization").is_some());
    bench.grant_subscription(&second, 300);
    bench.tell(&second, 0, "active", Package::Dialog, &info(0, "full", ""));
    assert_eq!(bench.news(), Some(News::Dialogs(vec![])));
}

#[test]
fn it_is_refreshed_in_its_dialog_between_half_and_nine_tenths_of_its_time() {
    let mut bench = Bench::with_sentry();
    let (_, subscribe) = bench.watching(Package::Presence, OPEN);
    let refreshes = bench.subscribes_within(280);
    let (at, refresh) = &refreshes[0];
    assert!((secs(150)..=secs(271)).contains(at), "{at:?}");
    assert_eq!(seq(refresh), seq(&subscribe) + 1);
    assert_eq!(refresh.uri.to_string(), "sip:asterisk@192.0.2.10:5060", "the last Contact");
    assert_eq!(refresh.headers.first("Event"), Some("presence"));
}

#[test]
fn a_notify_that_leaves_less_time_is_believed() {
    let mut bench = Bench::with_sentry();
    let (_, subscribe) = bench.watching(Package::Presence, OPEN);
    bench.tell(&subscribe, 1, "active;expires=20", Package::Presence, OPEN);
    let refreshes = bench.subscribes_within(19);
    assert_eq!(refreshes.len(), 1);
    assert!(refreshes[0].0 >= secs(10));
}

#[test]
fn one_that_runs_out_is_lost_and_made_again() {
    let mut bench = Bench::with_sentry();
    let (_, subscribe) = bench.watching(Package::Presence, OPEN);
    let later = bench.subscribes_within(380);
    assert!(bench.events().iter().any(|event| matches!(
        event,
        Said::SubscriptionLost { loss: SubscriptionLoss::Renewing | SubscriptionLoss::NoWord, .. }
    )));
    let anew = later.iter().find(|(_, request)| !request.headers.first("To").unwrap().contains("tag="));
    let anew = anew.expect("a subscription made again");
    assert_ne!(anew.1.headers.first("Call-ID"), subscribe.headers.first("Call-ID"));
}

#[test]
fn a_pbx_that_wants_longer_subscriptions_gets_them() {
    let mut bench = Bench::registered();
    bench.watch(Package::Presence);
    let brief = bench.subscribe();
    bench.respond_with(&brief, 423, &[("Min-Expires", "3600")], b"");
    bench.pass(ms(50));
    let longer = bench.subscribe();
    assert_eq!(Bench::expires(&longer), Some("3600"));
    bench.respond_with(&longer, 423, &[("Min-Expires", "3600")], b"");
    bench.pass(ms(50));
    assert_eq!(bench.lost(), Some(SubscriptionLoss::Refused(super::StatusCode::INTERVAL_TOO_BRIEF)));
    assert!(bench.subscribes_within(60).is_empty(), "the same is not asked without end");
}

#[test]
fn what_the_pbx_refuses_is_said_and_tried_again_after_minutes() {
    for status in [403, 404, 405, 481, 489, 501, 603] {
        let mut bench = Bench::registered();
        bench.watch(Package::Dialog);
        let subscribe = bench.subscribe();
        bench.respond(&subscribe, status);
        let status = super::StatusCode::new(status).unwrap();
        assert_eq!(bench.lost(), Some(SubscriptionLoss::Refused(status)));
        assert!(bench.subscribes_within(290).is_empty(), "{status}");
        let again = bench.next_subscribe(320);
        bench.respond(&again, status.code());
        assert_eq!(bench.lost(), None, "said once");
    }
}

#[test]
fn a_pbx_that_has_no_time_is_asked_when_it_says() {
    for (after, from, to) in [(Some("90"), 89, 94), (None, 29, 61)] {
        let mut bench = Bench::registered();
        bench.watch(Package::Dialog);
        let subscribe = bench.subscribe();
        let headers: Vec<_> = after.map(|after| ("Retry-After", after)).into_iter().collect();
        bench.respond_with(&subscribe, 503, &headers, b"");
        assert!(bench.lost().is_some());
        assert!(bench.subscribes_within(from).is_empty());
        assert_eq!(bench.subscribes_within(to - from).len(), 1, "{after:?}");
    }
}

#[test]
fn a_refresh_that_finds_no_dialog_makes_a_new_one_at_once() {
    let mut bench = Bench::registered();
    bench.watching(Package::Presence, OPEN);
    let refresh = bench.next_subscribe(272);
    bench.respond(&refresh, 481);
    assert_eq!(bench.lost(), Some(SubscriptionLoss::Renewing));
    let anew = bench.subscribes_within(4);
    assert_eq!(anew.len(), 1);
    assert!(!anew[0].1.headers.first("To").unwrap().contains("tag="));
}

#[test]
fn why_a_subscription_ended_says_when_it_is_made_again() {
    let table = [
        ("terminated;reason=deactivated", 0, 4),
        ("terminated;reason=timeout", 0, 4),
        ("terminated", 0, 4),
        ("terminated;reason=probation;retry-after=40", 39, 44),
        ("terminated;reason=giveup", 29, 61),
        ("terminated;reason=rejected", 290, 610),
        ("terminated;reason=noresource", 290, 610),
        ("terminated;reason=invariant", 290, 610),
    ];
    for (state, from, to) in table {
        let mut bench = Bench::registered();
        let (_, subscribe) = bench.watching(Package::Presence, OPEN);
        bench.tell(&subscribe, 1, state, Package::Presence, "");
        assert!(bench.lost().is_some(), "{state}");
        assert!(bench.subscribes_within(from).is_empty(), "{state}: too soon");
        let again = bench.subscribes_within(to - from);
        assert!(!again.is_empty(), "{state}: too late");
        assert_ne!(again[0].1.headers.first("Call-ID"), subscribe.headers.first("Call-ID"));
    }
}

#[test]
fn a_pbx_that_ends_each_subscription_at_once_is_asked_less_and_less() {
    let mut bench = Bench::registered();
    bench.watch(Package::Presence);
    let mut asked = 0;
    let mut waiting = vec![bench.subscribe()];
    for _ in 0..600 {
        for subscribe in std::mem::take(&mut waiting) {
            asked += 1;
            bench.grant_subscription(&subscribe, 300);
            bench.tell(&subscribe, 0, "terminated", Package::Presence, "");
        }
        waiting = bench.subscribes_within(1).into_iter().map(|(_, request)| request).collect();
    }
    assert!((4..=10).contains(&asked), "{asked} in ten minutes");
}

#[test]
fn a_2xx_without_a_notify_is_no_subscription() {
    let mut bench = Bench::with_sentry();
    bench.watch(Package::Presence);
    let subscribe = bench.subscribe();
    bench.grant_subscription(&subscribe, 300);
    assert!(bench.subscribes_within(31).is_empty());
    let again = bench.subscribes_within(70);
    assert_eq!(bench.lost(), Some(SubscriptionLoss::NoWord));
    assert_eq!(again.len(), 1);
}

#[test]
fn a_notify_without_a_subscription_or_of_another_package_is_refused() {
    let mut bench = Bench::registered();
    let (key, subscribe) = bench.watching(Package::Presence, OPEN);
    let other = bench.notify(&subscribe, 1, "active", Package::Dialog, &info(0, "full", ""));
    bench.hear_request(&other);
    bench.response(489);
    let mut stranger = bench.notify(&subscribe, 2, "active", Package::Presence, OPEN);
    stranger.headers.set(&From(tagged("<sip:201@pbx.example>;tag=another").0));
    bench.hear_request(&stranger);
    bench.response(481);
    let nobodys =
        bench.pbx_request(Method::Notify, &[("Event", "presence"), ("Subscription-State", "active")], b"");
    bench.hear_request(&nobodys);
    bench.response(481);
    bench.ua.unwatch(bench.now, key);
    assert_eq!(Bench::expires(&bench.subscribe()), Some("0"));
    assert_eq!(bench.event().map(|event| format!("{event:?}")), None);
}

#[test]
fn a_repeated_notify_is_answered_again_and_told_once() {
    let mut bench = Bench::registered();
    let (_, subscribe) = bench.watching(Package::Presence, OPEN);
    let notify = bench.notify(&subscribe, 5, "active", Package::Presence, OPEN);
    let mut answers = Vec::new();
    for _ in 0..2 {
        bench.hear_request(&notify);
        answers.extend(bench.octets());
    }
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(bench.events().len(), 1);
    let next = bench.notify(&subscribe, 6, "active", Package::Presence, OPEN);
    bench.hear_request(&next);
    bench.response(200);
    assert_eq!(bench.events().len(), 1);
    bench.hear_request(&notify);
    assert_eq!(bench.octets(), answers[..1], "the same answer, though a later one came meanwhile");
    let older = bench.notify(&subscribe, 4, "active", Package::Presence, OPEN);
    bench.hear_request(&older);
    bench.response(500);
    assert!(bench.is_silent());
}

#[test]
fn what_cannot_be_read_is_refused_and_changes_nothing() {
    let mut bench = Bench::registered();
    let (_, subscribe) = bench.watching(Package::Presence, OPEN);
    let bad = bench.notify(&subscribe, 1, "active", Package::Presence, "<presence>");
    bench.hear_request(&bad);
    bench.response(400);
    let mut foreign = bench.notify(&subscribe, 2, "active", Package::Presence, "");
    foreign.headers.push("Content-Type", "text/plain");
    foreign.body = b"open".to_vec();
    bench.hear_request(&foreign);
    let refused = bench.response(415);
    assert_eq!(refused.headers.first("Accept"), Some("application/pidf+xml"));
    assert!(bench.is_silent());
}

#[test]
fn a_gap_in_the_versions_asks_for_all_of_it_once() {
    let mut bench = Bench::registered();
    let (_, subscribe) = bench.watching(Package::Dialog, &info(0, "full", ""));
    bench.pass(ms(50));
    bench.tell(&subscribe, 1, "active", Package::Dialog, &info(4, "partial", "early"));
    let refresh = bench.subscribe();
    assert_ne!(Bench::expires(&refresh), Some("0"));
    bench.grant_subscription(&refresh, 300);
    bench.pass(ms(50));
    bench.tell(&subscribe, 2, "active", Package::Dialog, &info(9, "partial", "early"));
    assert!(bench.is_silent_but_for_events(), "it never says all");
}

#[test]
fn news_ends_with_an_outage_and_all_is_asked_for_again_when_we_are_registered() {
    let mut bench = Bench::registered();
    let (_, first) = bench.watching(Package::Presence, OPEN);
    bench.pass(ms(50));
    bench.unreachable(Transport::Udp);
    bench.pass(ms(10));
    bench.unreachable(Transport::Udp);
    assert!(bench.events().iter().any(|event| matches!(event, Said::SubscriptionLost { .. })));
    let late = bench.notify(&first, 1, "active", Package::Presence, OPEN);
    bench.forget();
    bench.hear_request(&late);
    bench.response(481);
    let again = bench.subscribes_within(5);
    assert_eq!(again.len(), 1);
    assert!(!again[0].1.headers.first("To").unwrap().contains("tag="));
}

#[test]
fn another_address_of_ours_is_subscribed_from_anew() {
    let mut bench = Bench::registered();
    bench.watching(Package::Presence, OPEN);
    bench.ua.set_addresses(bench.now, address("192.0.2.99:5070"), address(super::super::testing::PBX));
    assert_eq!(bench.lost(), Some(SubscriptionLoss::Renewing));
    let again = bench.subscribes_within(5);
    assert!(again[0].1.headers.first("Contact").unwrap().contains("192.0.2.99:5070"));
}

#[test]
fn after_a_sleep_all_is_asked_for_since_nobody_heard_what_changed() {
    let mut bench = Bench::registered();
    let (_, subscribe) = bench.watching(Package::Presence, OPEN);
    bench.now = bench.now + secs(60);
    bench.ua.handle_timeout(bench.now);
    let asked = bench.subscribes_within(1);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1.headers.first("Call-ID"), subscribe.headers.first("Call-ID"));
}

#[test]
fn whoever_leaves_unsubscribes_and_comes_back_to_all() {
    let mut bench = Bench::registered();
    let (_, subscribe) = bench.watching(Package::Presence, OPEN);
    bench.ua.unregister(bench.now);
    let last = bench.subscribe();
    bench.request(Method::Register);
    assert_eq!((Bench::expires(&last), seq(&last)), (Some("0"), seq(&subscribe) + 1));
    assert_eq!(bench.lost(), Some(SubscriptionLoss::Renewing));
    bench.grant_subscription(&last, 0);
    bench.tell(&subscribe, 1, "terminated;reason=timeout", Package::Presence, OPEN);
    bench.pass(secs(40));
    assert_eq!(bench.ua.load().subscriptions, 1, "the one that is still wanted");
    bench.forget();
    bench.ua.register(bench.now);
    assert_eq!(bench.subscribes_within(5).len(), 1);
}

#[test]
fn what_was_not_granted_yet_is_refused_by_who_leaves_and_so_ended() {
    let mut bench = Bench::registered();
    bench.watch(Package::Presence);
    let subscribe = bench.subscribe();
    bench.ua.unregister(bench.now);
    bench.request(Method::Register);
    let notify = bench.notify(&subscribe, 0, "active;expires=300", Package::Presence, OPEN);
    bench.hear_request(&notify);
    bench.response(481);
}

#[test]
fn what_is_wanted_no_more_is_gone_even_if_the_pbx_never_says_so() {
    let mut bench = Bench::registered();
    let (key, _) = bench.watching(Package::Presence, OPEN);
    bench.ua.unwatch(bench.now, key);
    let last = bench.subscribe();
    bench.grant_subscription(&last, 0);
    bench.subscribes_within(40);
    assert_eq!(bench.ua.load().subscriptions, 0);
    assert!(bench.events().is_empty());
}

#[test]
fn message_counts_are_told_whether_asked_for_or_not() {
    let mut bench = Bench::registered();
    let body = "Messages-Waiting: yes\r\nVoice-Message: 2/1 (0/0)\r\n";
    let headers = [
        ("Event", "message-summary"),
        ("Subscription-State", "terminated"),
        ("Content-Type", "application/simple-message-summary"),
    ];
    let notify = bench.pbx_request(Method::Notify, &headers, body.as_bytes());
    bench.hear_request(&notify);
    bench.response(200);
    let counts = News::Messages(MessageSummary { waiting: true, voice: Some((2, 1)) });
    assert_eq!(bench.news(), Some(counts.clone()));
    let key = bench.watch(Package::MessageSummary);
    let subscribe = bench.subscribe();
    bench.tell(&subscribe, 0, "active", Package::MessageSummary, body);
    let Some(Said::News { subscription, news }) = bench.event() else { panic!("no news") };
    assert_eq!((subscription, news), (Some(key), counts));
}

#[test]
fn hundreds_are_asked_for_ten_at_a_time_and_without_a_burst() {
    let mut bench = Bench::registered();
    for _ in 0..600 {
        bench.watch(Package::Presence);
    }
    bench.pass(ms(400));
    let sent: Vec<_> = bench.messages().into_iter().filter(is_new_subscribe).collect();
    assert_eq!(sent.len(), 10, "nobody has answered");
    let mut waiting: Vec<Message> = sent.into_iter().map(|(_, message)| message).collect();
    let mut times = Vec::new();
    while times.len() < 590 {
        for message in std::mem::take(&mut waiting) {
            let Message::Request(subscribe) = message else { continue };
            match subscribe.method {
                Method::Subscribe => bench.grant_subscription(&subscribe, 300),
                Method::Options => bench.respond(&subscribe, 200),
                _ => {}
            }
        }
        bench.pass(ms(5));
        for (at, message) in bench.messages() {
            times.extend(is_new_subscribe(&(at, message.clone())).then_some(at));
            waiting.push(message);
        }
    }
    let busiest =
        times.iter().map(|from| times.iter().filter(|at| **at >= *from && at.since(*from) < secs(1)).count());
    let busiest = busiest.max().unwrap();
    assert!((40..=51).contains(&busiest), "{busiest} in one second");
}

#[test]
fn a_pbx_that_restarted_without_our_notice_is_found_out_and_asked_for_all() {
    let mut bench = Bench::registered();
    let (_, sentry) = bench.watching(Package::Presence, OPEN);
    bench.pass(ms(50));
    let (_, other) = bench.watching(Package::Presence, OPEN);
    let asked = bench.next_subscribe(21);
    assert_eq!(asked.headers.first("Call-ID"), sentry.headers.first("Call-ID"));
    bench.respond(&asked, 481);
    let next = bench.next_subscribe(1);
    assert_eq!(next.headers.first("Call-ID"), other.headers.first("Call-ID"), "the other is asked after");
    bench.respond(&next, 481);
    assert_eq!(bench.subscribes_within(4).len(), 2, "both are made again");
}

#[test]
fn a_call_that_a_restarted_pbx_has_forgotten_ends_as_soon_as_the_restart_is_found_out() {
    let mut bench = Bench::registered();
    bench.answered();
    bench.forget();
    bench.watching(Package::Presence, OPEN);
    let asked = bench.next_subscribe(21);
    bench.respond(&asked, 481);
    let in_the_call = |(_, message): (_, Message)| match message {
        Message::Request(request) => {
            let dialog = request.headers.first("To").is_some_and(|to| to.contains("tag="));
            (request.method == Method::Options && dialog).then_some(request)
        }
        Message::Response(_) => None,
    };
    let check = bench.messages().into_iter().find_map(in_the_call).expect("a question");
    bench.respond(&check, 481);
    let mut events = std::iter::from_fn(|| bench.event());
    assert!(events.any(|event| matches!(event, Said::Ended { .. })));
}

#[test]
fn refreshes_are_spread() {
    let mut bench = Bench::with_sentry();
    for _ in 0..40 {
        bench.watching(Package::Presence, OPEN);
        bench.pass(ms(20));
    }
    let refreshes = bench.subscribes_within(272);
    let seconds: std::collections::BTreeSet<u64> = refreshes.iter().map(|(at, _)| at.as_secs()).collect();
    assert!(refreshes.iter().all(|(at, _)| *at >= secs(149)));
    assert!(seconds.len() > 20, "{} in {} seconds", refreshes.len(), seconds.len());
}

fn is_new_subscribe((_, message): &(crate::instant::Instant, Message)) -> bool {
    matches!(message, Message::Request(request) if request.method == Method::Subscribe)
}

#[test]
fn a_call_rings_while_hundreds_are_asked_for() {
    let mut bench = Bench::registered();
    for _ in 0..600 {
        bench.watch(Package::Presence);
    }
    bench.forget();
    let invite = bench.pbx_request(Method::Invite, &[], super::super::testing::OFFER);
    bench.hear_request(&invite);
    let first = bench.octets().remove(0);
    assert!(matches!(parsed(&first), Message::Response(response) if response.status.code() == 100));
}
