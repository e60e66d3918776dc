use crate::sip::message::{Message, Method, Request};
use crate::sip::testing::{Bench, LOCAL, PBX, address, answer, config, ms, secs, seq};
use crate::sip::{Event, Failure};
use crate::transmit::Transport;
use std::time::Duration;

fn registers(bench: &mut Bench) -> Vec<(crate::instant::Instant, Request)> {
    let only = |(at, message)| match message {
        Message::Request(request) if request.method == Method::Register => Some((at, request)),
        _ => None,
    };
    bench.messages().into_iter().filter_map(only).collect()
}

#[test]
fn registers_with_digest_and_says_what_was_granted() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let first = bench.request(Method::Register);
    assert_eq!(first.uri.to_string(), "sip:pbx.example");
    assert!(first.headers.first("Authorization").is_none());
    bench.challenge(&first);
    let second = bench.request(Method::Register);
    assert_eq!(second.headers.first("Call-ID"), first.headers.first("Call-ID"));
    assert_eq!(second.headers.first("From"), first.headers.first("From"));
    assert_eq!(seq(&second), seq(&first) + 1);
    assert_ne!(second.headers.first("Via"), first.headers.first("Via"), "a new branch");
    assert!(second.headers.first("Authorization").unwrap().contains("username=\"operator1\""));
    assert!(!bench.ua.is_registered());
    let contact = format!("<{}>;expires=59", bench.ua.contact());
    bench.respond_with(&second, 200, &[("Contact", &contact), ("Expires", "600")], b"");
    let Some(Event::Registered { server, expires, contact }) = bench.event() else { panic!() };
    assert_eq!((server, expires), (address(PBX), secs(59)), "the Contact's own time counts");
    assert_eq!(contact, bench.ua.contact());
    assert!(bench.ua.is_registered());
}

#[test]
fn the_contact_is_an_unguessable_user_at_our_address() {
    let (one, two) = (Bench::new().ua.contact(), Bench::new().ua.contact());
    assert_eq!(one, two, "the seed decides");
    assert!(one.user.as_deref().unwrap().len() >= 32);
    assert!(one.to_string().ends_with(LOCAL));
    let other = crate::sip::UserAgent::new(config(), [8; 32]).contact();
    assert_ne!(one, other);
}

#[test]
fn refreshes_before_the_grant_ends_with_the_known_nonce() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    bench.grant(9);
    bench.forget();
    bench.pass(secs(8));
    let refresh = &registers(&mut bench)[0].1;
    assert!(refresh.headers.first("Authorization").unwrap().contains("nc=00000002"));
    let contact = format!("<{}>;expires=9", bench.ua.contact());
    bench.respond_with(refresh, 200, &[("Contact", &contact)], b"");
    assert!(bench.is_silent(), "a refresh that changes nothing is not said");
    assert!(bench.ua.is_registered());
}

#[test]
fn a_forgetful_registrar_is_told_again_within_20_s() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    bench.grant(3600);
    bench.forget();
    let registered_at = bench.now;
    for _ in 0..6 {
        bench.pass(secs(15));
        for (at, message) in bench.messages() {
            let Message::Request(request) = message else { continue };
            if request.method == Method::Register {
                assert!(at.since(registered_at) <= secs(20));
                return;
            }
            bench.respond(&request, 200);
        }
    }
    panic!("no refresh");
}

#[test]
fn a_wrong_password_is_tried_again_after_30_s_then_every_5_minutes() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let began = bench.now;
    let mut attempts = vec![];
    let mut said = vec![];
    for _ in 0..700 {
        for (at, request) in registers(&mut bench) {
            if request.headers.first("Authorization").is_none() {
                attempts.push(at.since(began).as_secs());
            }
            bench.challenge(&request);
            bench.drain();
        }
        for event in bench.events() {
            said.push(event);
        }
        bench.pass(secs(1));
    }
    let gaps: Vec<_> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((30..=31).contains(&gaps[0]), "{gaps:?}");
    assert!(gaps[1..].iter().all(|gap| (299..=301).contains(gap)), "{gaps:?}");
    assert!(said.iter().all(|event| matches!(
        event,
        Event::RegistrationFailed { cause: Failure::Credentials { .. }, retry_in: Some(_) }
    )));
    assert!(!bench.ua.is_registered());
}

#[test]
fn credentials_that_were_refused_count_anew_after_a_success() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let first = bench.request(Method::Register);
    bench.challenge(&first);
    let second = bench.request(Method::Register);
    bench.challenge(&second);
    assert!(
        matches!(bench.event(), Some(Event::RegistrationFailed { retry_in, .. }) if retry_in == Some(secs(30)))
    );
    bench.pass(secs(30));
    bench.grant(600);
    assert!(bench.ua.is_registered());
}

#[test]
fn too_brief_an_interval_is_raised_and_remembered() {
    let mut settings = config();
    settings.account.expires = secs(60);
    let mut bench = Bench::with(settings);
    bench.ua.register(bench.now);
    let first = bench.request(Method::Register);
    bench.respond_with(&first, 423, &[("Min-Expires", "300")], b"");
    let second = bench.request(Method::Register);
    assert_eq!(second.headers.first("Expires"), Some("300"));
    assert_eq!(seq(&second), seq(&first) + 1);
    let contact = format!("<{}>;expires=300", bench.ua.contact());
    bench.respond_with(&second, 200, &[("Contact", &contact)], b"");
    assert!(bench.ua.is_registered());
    bench.forget();
    bench.pass(secs(61));
    let refresh = registers(&mut bench).pop().unwrap().1;
    assert_eq!(refresh.headers.first("Expires"), Some("300"), "asked for so ever after");
}

#[test]
fn unregisters_and_says_so_only_when_granted() {
    let mut bench = Bench::registered();
    bench.ua.unregister(bench.now);
    assert!(!bench.ua.is_registered());
    let last = bench.request(Method::Register);
    assert!(last.headers.first("Contact").unwrap().ends_with(";expires=0"));
    assert!(bench.is_silent());
    bench.respond(&last, 200);
    assert!(matches!(bench.event(), Some(Event::Unregistered)));
    bench.pass(secs(100));
    assert!(bench.is_silent(), "no ping, no refresh");
}

#[test]
fn a_goodbye_that_nobody_hears_ends_all_the_same() {
    let mut bench = Bench::registered();
    bench.ua.unregister(bench.now);
    bench.pass(secs(5));
    let events = bench.events();
    assert!(
        matches!(events[..], [Event::RegistrationFailed { cause: Failure::TimedOut, retry_in: None }]),
        "{events:?}"
    );
    bench.forget();
    bench.pass(secs(60));
    assert!(bench.is_silent());
}

#[test]
fn unregistering_what_never_registered_sends_nothing() {
    let mut bench = Bench::new();
    bench.ua.unregister(bench.now);
    assert!(matches!(bench.event(), Some(Event::Unregistered)));
    assert!(bench.is_silent());
}

#[test]
fn an_idle_outage_is_noticed_within_20_s() {
    // The PBX may die at any moment between two pings.
    for dies_after in [1, 5_000, 14_900, 15_050, 29_000] {
        let mut bench = Bench::registered();
        let dies = bench.now + ms(dies_after);
        let mut noticed = None;
        for _ in 0..500 {
            bench.pass(ms(100));
            for (at, message) in bench.messages() {
                if let Message::Request(request) = message
                    && at < dies
                {
                    let ok = answer(&request, 200, &[], b"");
                    bench.hear(&Message::Response(ok));
                }
            }
            for (at, event) in bench.timed_events() {
                if let Event::RegistrationFailed { cause, .. } = event {
                    assert_eq!(cause, Failure::TimedOut);
                    noticed.get_or_insert(at);
                    assert!(!bench.ua.is_registered());
                }
            }
        }
        let noticed = noticed.expect("never noticed");
        assert!(noticed.since(dies) <= secs(20), "{dies_after}: {:?}", noticed.since(dies));
    }
}

#[test]
fn a_closed_port_is_noticed_at_the_next_ping() {
    let mut bench = Bench::registered();
    bench.pass(secs(15));
    bench.request(Method::Options);
    bench.unreachable(Transport::Udp);
    assert!(matches!(
        bench.event(),
        Some(Event::RegistrationFailed { cause: Failure::Unreachable, retry_in: Some(Duration::ZERO) })
    ));
    assert!(!bench.ua.is_registered());
    bench.request(Method::Register);
}

#[test]
fn in_the_first_minute_attempts_follow_within_2_s_with_jitter_then_up_to_30_s() {
    let mut bench = Bench::registered();
    bench.pass(secs(15));
    bench.forget();
    bench.unreachable(Transport::Udp);
    let began = bench.now;
    let mut attempts = vec![];
    let mut last = None;
    for _ in 0..6000 {
        for (at, request) in registers(&mut bench) {
            if last != Some(seq(&request)) {
                last = Some(seq(&request));
                attempts.push(at);
            }
            // Nothing listens there.
            bench.unreachable(Transport::Udp);
        }
        bench.pass(ms(50));
    }
    let (mut soon, mut late) = (vec![], vec![]);
    for pair in attempts.windows(2) {
        let gap = pair[1].since(pair[0]);
        if pair[1].since(began) < secs(60) { soon.push(gap) } else { late.push(gap) }
    }
    assert!(soon.len() >= 29 && soon.iter().all(|gap| *gap <= ms(2_050)), "{soon:?}");
    assert!(soon.iter().any(|gap| gap != &soon[0]), "jitter");
    assert!(late.iter().all(|gap| *gap <= ms(30_050)), "{late:?}");
    assert!(late.iter().rev().take(3).all(|gap| *gap >= secs(20)), "{late:?}");
    let said = bench.events();
    assert!(said.len() < 20, "the first minute is said once: {said:?}");
}

#[test]
fn registered_again_within_3_s_of_the_pbx_coming_back_in_the_first_minute() {
    for back_after in [300, 2_000, 7_777, 31_000, 55_000] {
        let mut bench = Bench::registered();
        bench.pass(secs(15));
        bench.forget();
        bench.pass(secs(4));
        let back = bench.now + ms(back_after);
        for _ in 0..4000 {
            for (at, request) in registers(&mut bench) {
                if at < back {
                    continue; // Lost: a restarting machine does not even say that its port is closed.
                }
                if request.headers.first("Authorization").unwrap_or_default().contains("\"fresh\"") {
                    let contact = format!("<{}>;expires=59", bench.ua.contact());
                    bench.respond_with(&request, 200, &[("Contact", &contact)], b"");
                } else {
                    let challenge = "Digest realm=\"pbx\",nonce=\"fresh\",algorithm=MD5,qop=\"auth\"";
                    bench.respond_with(&request, 401, &[("WWW-Authenticate", challenge)], b"");
                }
            }
            if bench.ua.is_registered() {
                break;
            }
            bench.pass(ms(20));
        }
        assert!(bench.ua.is_registered(), "{back_after}: {:?}", bench.events());
        assert!(bench.now.since(back) <= secs(3), "{back_after}: {:?}", bench.now.since(back));
        assert!(bench.events().iter().any(|event| matches!(event, Event::Registered { .. })));
    }
}

#[test]
fn an_answer_slower_than_the_next_attempt_still_counts() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let first = bench.request(Method::Register);
    bench.pass(ms(2_500));
    bench.forget();
    let contact = format!("<{}>;expires=60", bench.ua.contact());
    bench.respond_with(&first, 200, &[("Contact", &contact)], b"");
    assert!(bench.ua.is_registered());
    bench.forget();
    bench.pass(secs(10));
    assert!(registers(&mut bench).is_empty(), "the second attempt ended with the first");
}

#[test]
fn a_refresh_without_an_answer_is_an_outage() {
    let mut bench = Bench::registered();
    let mut failed = false;
    for _ in 0..70 {
        bench.pass(secs(1));
        for (_, message) in bench.messages() {
            if let Message::Request(request) = message
                && request.method == Method::Options
            {
                bench.respond(&request, 200);
            }
        }
        failed |= bench.events().iter().any(|event| matches!(event, Event::RegistrationFailed { .. }));
    }
    assert!(failed && !bench.ua.is_registered());
}

#[test]
fn a_grant_that_does_not_name_us_is_none() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let register = bench.request(Method::Register);
    bench.respond_with(&register, 200, &[("Contact", "<sip:else@192.0.2.99>;expires=60")], b"");
    assert!(!bench.ua.is_registered());
    assert!(matches!(bench.event(), Some(Event::RegistrationFailed { .. })));
}

#[test]
fn the_address_that_the_registrar_sees_goes_into_the_contact() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let first = bench.request(Method::Register);
    let inside = bench.ua.contact();
    let mut granted = answer(&first, 200, &[("Contact", &format!("<{inside}>;expires=60"))], b"");
    let via = first.headers.first("Via").unwrap().replace("rport", "rport=40001;received=198.51.100.7");
    granted.headers.remove("Via");
    granted.headers.push("Via", via.clone());
    bench.hear(&Message::Response(granted));
    let second = bench.request(Method::Register);
    let contacts: Vec<_> = second.headers.all("Contact").collect();
    assert!(contacts[0].contains("@198.51.100.7:40001>;expires=600"), "{contacts:?}");
    assert!(contacts[1].contains(&format!("{LOCAL}>;expires=0")), "the old one is taken back: {contacts:?}");
    let contact = format!("<{}>;expires=60", bench.ua.contact());
    let mut granted = answer(&second, 200, &[("Contact", &contact)], b"");
    granted.headers.remove("Via");
    let branch = second.headers.first("Via").unwrap().replace("rport", "rport=40001;received=198.51.100.7");
    granted.headers.push("Via", branch);
    bench.hear(&Message::Response(granted));
    assert!(bench.ua.is_registered());
    assert!(matches!(bench.event(), Some(Event::Registered { contact, .. }) if contact.port == Some(40001)));
    assert!(bench.is_silent());
}

#[test]
fn a_new_address_registers_from_there_and_takes_the_old_one_back() {
    let mut bench = Bench::registered();
    bench.ua.set_addresses(bench.now, address("192.0.2.21:5070"), address(PBX));
    assert!(!bench.ua.is_registered());
    let register = bench.request(Method::Register);
    let contacts: Vec<_> = register.headers.all("Contact").collect();
    assert!(contacts[0].contains("@192.0.2.21:5070>;expires=600"), "{contacts:?}");
    assert!(contacts[1].contains(&format!("{LOCAL}>;expires=0")), "{contacts:?}");
    assert!(register.headers.first("Via").unwrap().contains("192.0.2.21:5070"));
    bench.grant_last(&register);
    assert!(bench.ua.is_registered());
}

#[test]
fn a_busy_registrar_names_its_own_time() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let register = bench.request(Method::Register);
    bench.respond_with(&register, 503, &[("Retry-After", "7")], b"");
    assert!(
        matches!(bench.event(), Some(Event::RegistrationFailed { retry_in, .. }) if retry_in == Some(secs(7)))
    );
    bench.pass(ms(6_900));
    assert!(bench.is_silent());
    bench.pass(ms(200));
    bench.request(Method::Register);
}

#[test]
fn the_service_route_leads_calls_out() {
    let mut bench = Bench::new();
    bench.ua.register(bench.now);
    let register = bench.request(Method::Register);
    let contact = format!("<{}>;expires=60", bench.ua.contact());
    let route = "<sip:edge.example;lr>";
    bench.respond_with(&register, 200, &[("Contact", &contact), ("Service-Route", route)], b"");
    bench.forget();
    bench.ua.invite(bench.now, "sip:200@pbx.example".parse().unwrap(), Some(b"v=0".to_vec()));
    assert_eq!(bench.request(Method::Invite).headers.first("Route"), Some(route));
}

#[test]
fn the_outbound_proxy_is_a_loose_route_of_every_request() {
    let mut settings = config();
    settings.account.outbound_proxy = Some("sip:proxy.example".parse().unwrap());
    settings.account.registrar = Some("sip:registrar.example".parse().unwrap());
    let mut bench = Bench::with(settings);
    bench.ua.register(bench.now);
    let register = bench.request(Method::Register);
    assert_eq!(register.uri.to_string(), "sip:registrar.example");
    assert_eq!(register.headers.first("Route"), Some("<sip:proxy.example;lr>"));
    assert_eq!(register.headers.first("To"), Some("<sip:operator1@pbx.example>"));
}

#[test]
fn a_grant_that_differs_by_a_second_is_no_news() {
    let mut bench = Bench::registered();
    let mut refreshes = 0;
    for _ in 0..100 {
        bench.pass(secs(1));
        for (_, message) in bench.messages() {
            let Message::Request(request) = message else { continue };
            let granted = 598 + refreshes % 3;
            let contact = format!("<{}>;expires={granted}", bench.ua.contact());
            refreshes += u32::from(request.method == Method::Register);
            bench.respond_with(&request, 200, &[("Contact", &contact)], b"");
        }
    }
    assert!(refreshes >= 3);
    assert!(bench.events().is_empty());
    bench.ua.register(bench.now);
    bench.grant(60);
    assert!(matches!(bench.event(), Some(Event::Registered { expires, .. }) if expires == secs(60)));
}

#[test]
fn it_works_over_ipv6_as_well() {
    let mut settings = config();
    settings.server = address("[2001:db8::10]:5060");
    settings.local = address("[2001:db8::20]:5070");
    settings.account.domain = "[2001:db8::10]".into();
    let mut bench = Bench::with(settings);
    bench.ua.register(bench.now);
    let register = bench.request(Method::Register);
    assert_eq!(register.uri.to_string(), "sip:[2001:db8::10]");
    assert!(register.headers.first("Via").unwrap().starts_with("SIP/2.0/UDP [2001:db8::20]:5070;"));
    bench.challenge(&register);
    let register = bench.request(Method::Register);
    let contact = format!("<{}>;expires=60", bench.ua.contact());
    assert!(contact.contains("@[2001:db8::20]:5070>"));
    let mut granted = answer(&register, 200, &[("Contact", &contact)], b"");
    let via = register.headers.first("Via").unwrap().replace("rport", "rport=5070;received=2001:db8::20");
    granted.headers.remove("Via");
    granted.headers.push("Via", via);
    bench.hear(&Message::Response(granted));
    assert!(bench.ua.is_registered());
    assert!(matches!(bench.event(), Some(Event::Registered { .. })));
    let options = bench.pbx_request(Method::Options, &[], b"");
    bench.hear_from("[2001:db8::10]:5060", &options.to_bytes());
    assert_eq!(bench.destination(), address("[2001:db8::10]:5060"));
    assert!(bench.response(200).headers.first("Via").unwrap().contains("received=2001:db8::10"));
}

// -- over a connection

fn by_tcp() -> Bench {
    let mut bench = Bench::with(crate::sip::UserAgentConfig { transport: Transport::Tcp, ..config() });
    bench.register_now();
    bench
}

#[test]
fn over_tcp_via_and_contact_say_so_and_nothing_is_repeated() {
    let mut bench = Bench::with(crate::sip::UserAgentConfig { transport: Transport::Tcp, ..config() });
    bench.ua.register(bench.now);
    assert_eq!(bench.transport(), Transport::Tcp);
    let register = bench.request(Method::Register);
    assert!(register.headers.first("Via").unwrap().starts_with("SIP/2.0/TCP "));
    assert!(register.headers.first("Contact").unwrap().contains(&format!("{LOCAL};transport=tcp>")));
    bench.pass(ms(1_400));
    assert!(bench.is_silent());
}

#[test]
fn a_connection_that_breaks_is_an_outage_at_once_and_the_next_one_registers_from_its_own_address() {
    let mut bench = by_tcp();
    let next = "192.0.2.20:40001";
    bench.ua.handle_disconnected(bench.now, address(next));
    assert!(matches!(
        bench.event(),
        Some(Event::RegistrationFailed { cause: Failure::Unreachable, retry_in: Some(Duration::ZERO) })
    ));
    let register = bench.request(Method::Register);
    assert!(register.headers.first("Via").unwrap().contains(next));
    let contacts: Vec<_> = register.headers.all("Contact").collect();
    assert!(contacts[0].contains(&format!("@{next};transport=tcp>;expires=600")), "{contacts:?}");
    assert!(contacts[1].contains(&format!("@{LOCAL};transport=tcp>;expires=0")), "{contacts:?}");
    bench.grant_last(&register);
    assert!(matches!(bench.event(), Some(Event::Registered { .. })));
}

/// Ports that refuse, and peers that take every connection and end it, are asked every two seconds.
#[test]
fn connections_that_end_again_and_again_are_not_made_faster_than_attempts_follow() {
    let mut bench = by_tcp();
    let mut attempts = vec![];
    for _ in 0..600 {
        for (at, _) in registers(&mut bench) {
            attempts.push(at);
            bench.ua.handle_disconnected(bench.now, address("192.0.2.20:40001"));
        }
        if attempts.is_empty() {
            bench.ua.handle_disconnected(bench.now, address("192.0.2.20:40001"));
        }
        bench.pass(ms(50));
    }
    assert!((15..=22).contains(&attempts.len()), "{} in 30 s", attempts.len());
    let taken_back =
        |request: &Request| request.headers.all("Contact").nth(1).is_some_and(|c| c.contains(LOCAL));
    bench.pass(secs(2));
    assert!(registers(&mut bench).iter().all(|(_, request)| taken_back(request)), "what was granted last");
}

#[test]
fn behind_nat_the_far_end_of_the_connection_is_what_the_registrar_sees() {
    let mut bench = Bench::with(crate::sip::UserAgentConfig { transport: Transport::Tcp, ..config() });
    bench.ua.register(bench.now);
    let register = bench.request(Method::Register);
    let contact = format!("<{}>;expires=600", bench.ua.contact());
    let mut granted = answer(&register, 200, &[("Contact", &contact)], b"");
    let via = register.headers.first("Via").unwrap().replace("rport", "rport=40001;received=198.51.100.7");
    granted.headers.remove("Via");
    granted.headers.push("Via", via);
    bench.hear(&Message::Response(granted));
    let again = bench.request(Method::Register);
    assert!(again.headers.first("Contact").unwrap().contains("@198.51.100.7:40001;transport=tcp>"));
}
