use super::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const LOCAL: &str = "192.0.2.10:4000";

fn negotiation(codecs: &[Codec]) -> Negotiation {
    Negotiation::new(NegotiationConfig {
        local: LOCAL.parse().unwrap(),
        codecs: codecs.to_vec(),
        opus: EncoderSettings::default(),
        session_id: 77,
    })
}

fn both() -> Negotiation {
    negotiation(&[Codec::Pcma, Codec::Pcmu])
}

fn all() -> Negotiation {
    negotiation(&Codec::ALL)
}

/// A description of theirs around these lines.
fn sdp(lines: &[&str]) -> Vec<u8> {
    let head = ["v=0", "o=- 5 5 IN IP4 198.51.100.7", "s=-", "c=IN IP4 198.51.100.7", "t=0 0"];
    head.iter().chain(lines).map(|line| format!("{line}\r\n")).collect::<String>().into_bytes()
}

fn simple() -> Vec<u8> {
    sdp(&["m=audio 5000 RTP/AVP 8"])
}

fn text(sdp: Vec<u8>) -> String {
    String::from_utf8(sdp).unwrap()
}

fn version(sdp: &[u8]) -> u64 {
    let text = std::str::from_utf8(sdp).unwrap();
    let origin = text.lines().find(|line| line.starts_with("o=")).unwrap();
    origin.split(' ').nth(2).unwrap().parse().unwrap()
}

/// What Asterisk 22 offers to a telephone that may speak opus.
const ASTERISK: &[&str] = &[
    "m=audio 20404 RTP/AVP 8 0 9 107 101 102",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:107 opus/48000/2",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=rtpmap:102 telephone-event/48000",
    "a=fmtp:102 0-16",
    "a=ptime:20",
    "a=maxptime:60",
    "a=sendrecv",
];

#[test]
fn our_offer_names_codecs_in_configured_order_and_digits() {
    let offer = text(negotiation(&[Codec::Pcmu, Codec::Pcma]).offer(Direction::SendRecv));
    let wanted = "v=0\r\no=- 77 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=maxptime:60\r\n\
        a=sendrecv\r\n";
    assert_eq!(offer, wanted);
}

#[test]
fn asterisk_offer_is_answered_with_the_narrow_telephone_event() {
    let (answer, plan) = both().handle_offer(&sdp(ASTERISK), Direction::SendRecv).unwrap();
    assert!(text(answer).contains("m=audio 4000 RTP/AVP 8 0 101\r\n"));
    assert_eq!(plan.remote, "198.51.100.7:20404".parse().unwrap());
    assert_eq!(plan.remote_rtcp, "198.51.100.7:20405".parse().unwrap());
    assert_eq!((plan.codec, plan.payload_type), (Codec::Pcma, 8));
    assert_eq!(plan.telephone_event, Some(101));
    assert_eq!(plan.direction, Direction::SendRecv);
    assert!(!plan.held_by_them);
}

#[test]
fn the_offerers_order_decides_and_ours_only_filters() {
    let theirs = sdp(&["m=audio 5000 RTP/AVP 18 0 8"]);
    let (answer, plan) = both().handle_offer(&theirs, Direction::SendRecv).unwrap();
    assert_eq!(plan.codec, Codec::Pcmu);
    assert!(text(answer).contains("RTP/AVP 0 8\r\n"));
    let (answer, plan) = negotiation(&[Codec::Pcma]).handle_offer(&theirs, Direction::SendRecv).unwrap();
    assert_eq!(plan.codec, Codec::Pcma);
    assert!(text(answer).contains("RTP/AVP 8\r\n"));
}

#[test]
fn dynamic_numbers_are_mirrored_and_kept_in_our_later_offers() {
    let theirs = sdp(&[
        "m=audio 5000 RTP/AVP 97 101 98",
        "a=rtpmap:97 pcmu/8000/1",
        "a=rtpmap:101 opus/48000/2",
        "a=rtpmap:98 telephone-event/8000",
    ]);
    let mut ours = both();
    let (answer, plan) = ours.handle_offer(&theirs, Direction::SendRecv).unwrap();
    assert!(text(answer).contains("m=audio 4000 RTP/AVP 97 98\r\na=rtpmap:97 PCMU/8000\r\n"));
    assert_eq!((plan.payload_type, plan.telephone_event), (97, Some(98)));
    assert!(text(ours.offer(Direction::SendOnly)).contains("m=audio 4000 RTP/AVP 8 97 98\r\n"));
}

#[test]
fn digits_never_get_a_number_that_they_use_otherwise() {
    let theirs = sdp(&["m=audio 5000 RTP/AVP 8 101", "a=rtpmap:101 opus/48000/2"]);
    let mut ours = both();
    let (_, plan) = ours.handle_offer(&theirs, Direction::SendRecv).unwrap();
    assert_eq!(plan.telephone_event, None);
    assert!(text(ours.offer(Direction::SendRecv)).contains("RTP/AVP 8 0 102\r\n"));
}

#[test]
fn static_types_need_no_rtpmap_and_digits_may_be_missing() {
    let mut ours = both();
    ours.offer(Direction::SendRecv);
    let plan = ours.handle_answer(&simple()).unwrap();
    assert_eq!((plan.codec, plan.payload_type, plan.telephone_event), (Codec::Pcma, 8, None));
    // They may send what we offered all the same.
    assert_eq!(plan.telephone_event_in, [101]);
    assert!(plan.accepted.contains(&(0, Codec::Pcmu)));
}

#[test]
fn answer_may_come_twice_and_the_last_holds() {
    let mut ours = both();
    ours.offer(Direction::SendRecv);
    ours.handle_answer(&simple()).unwrap();
    let plan = ours.handle_answer(&sdp(&["m=audio 6000 RTP/AVP 0"])).unwrap();
    assert_eq!((plan.remote.port(), plan.codec), (6000, Codec::Pcmu));
    assert_eq!(ours.plan(), Some(&plan));
}

#[test]
fn every_line_is_answered_in_its_place() {
    let theirs = sdp(&[
        "m=video 7000 RTP/AVP 99",
        "a=rtpmap:99 H264/90000",
        "m=audio 5000 RTP/AVP 8",
        "m=audio 5002 RTP/AVP 0",
        "m=image 5004 udptl t38",
    ]);
    let mut ours = both();
    let (answer, _) = ours.handle_offer(&theirs, Direction::SendRecv).unwrap();
    let lines =
        |sdp| text(sdp).lines().filter(|l| l.starts_with("m=")).map(str::to_owned).collect::<Vec<_>>();
    let wanted =
        ["m=video 0 RTP/AVP 99", "m=audio 4000 RTP/AVP 8", "m=audio 0 RTP/AVP 0", "m=image 0 udptl t38"];
    assert_eq!(lines(answer), wanted);
    // Later offers of ours may not forget lines.
    let again = lines(ours.offer(Direction::SendOnly));
    assert_eq!(again.len(), 4);
    assert_eq!((again[0].as_str(), again[3].as_str()), (wanted[0], wanted[3]));
}

#[test]
fn plain_stream_is_taken_beside_an_encrypted_one() {
    let theirs = sdp(&["m=audio 5002 RTP/SAVP 8", "m=audio 5000 RTP/AVP 8"]);
    let (answer, plan) = both().handle_offer(&theirs, Direction::SendRecv).unwrap();
    assert_eq!(plan.remote.port(), 5000);
    assert!(text(answer).contains("m=audio 0 RTP/SAVP 8\r\nm=audio 4000 RTP/AVP 8\r\n"));
}

#[test]
fn feedback_profile_is_mirrored() {
    let (answer, _) = both().handle_offer(&sdp(&["m=audio 5000 RTP/AVPF 0"]), Direction::SendRecv).unwrap();
    assert!(text(answer).contains("m=audio 4000 RTP/AVPF 0\r\n"));
}

#[test]
fn what_cannot_be_used_says_why() {
    let cases: [(&[&str], SdpFault); 10] = [
        (&[], SdpFault::NoAudio),
        (&["m=image 5000 udptl t38"], SdpFault::NoAudio),
        (&["m=audio 5000 TCP/FOO 8"], SdpFault::NoAudio),
        (&["m=audio 0 RTP/AVP 8"], SdpFault::Rejected),
        (&["m=audio 5000 RTP/AVP 9 18"], SdpFault::NoCommonCodec),
        (&["m=audio 5000 RTP/AVP 8", "a=rtpmap:8 PCMA/16000"], SdpFault::NoCommonCodec),
        (&["m=audio 5000 RTP/SAVP 8"], SdpFault::Encrypted),
        (&["m=audio 5000 UDP/TLS/RTP/SAVPF 8"], SdpFault::Encrypted),
        (&["m=audio 5000 RTP/AVP 8", "c=IN IP4 pbx.example.com"], SdpFault::UnusableAddress),
        (&["m=audio 5000 RTP/AVP 8", "c=IN IP4 224.2.1.1/127"], SdpFault::UnusableAddress),
    ];
    for (lines, fault) in cases {
        assert_eq!(both().handle_offer(&sdp(lines), Direction::SendRecv).unwrap_err(), fault, "{lines:?}");
        assert_eq!(is_answerable(&sdp(lines), &[Codec::Pcma, Codec::Pcmu]), Err(fault), "{lines:?}");
    }
    assert_eq!(is_answerable(&simple(), &[Codec::Pcma]), Ok(()));
    assert_eq!(both().handle_answer(&simple()).unwrap_err(), SdpFault::NoOffer);
}

#[test]
fn malformed_description_names_its_line() {
    let fault = |lines: &[&str]| both().handle_offer(&sdp(lines), Direction::SendRecv).unwrap_err();
    assert_eq!(fault(&["m=audio 70000 RTP/AVP 8"]), SdpFault::Malformed { line: Some(6) });
    assert_eq!(fault(&["m=audio 5000 RTP/AVP 8", "nonsense"]), SdpFault::Malformed { line: Some(7) });
    assert_eq!(is_answerable(b"", &[]), Err(SdpFault::Malformed { line: None }));
    let no_address = b"v=0\r\nm=audio 5000 RTP/AVP 8\r\n";
    assert_eq!(is_answerable(no_address, &[Codec::Pcma]), Err(SdpFault::Malformed { line: None }));
}

#[test]
fn lines_that_do_not_matter_may_be_bad_or_missing() {
    let odd = b"v=0\no=- 5 5 IN IP4 198.51.100.7\ns=\xff\xfe\nb=AS\nt=never\nc=IN IP4 198.51.100.7 \n\
        m=audio 5000 RTP/AVP 8\nb=TIAS:many\n\n\n";
    let (_, plan) = both().handle_offer(odd, Direction::SendRecv).unwrap();
    assert_eq!(plan.remote, "198.51.100.7:5000".parse().unwrap());
    assert!(
        is_answerable(b"v=0\r\nc=IN IP4 198.51.100.7\r\nm=audio 5000 RTP/AVP 8\r\n", &[Codec::Pcma]).is_ok()
    );
}

#[test]
fn the_streams_own_address_goes_before_the_sessions() {
    let theirs = sdp(&["m=audio 5000 RTP/AVP 8", "c=IN IP4 198.51.100.99"]);
    let (_, plan) = both().handle_offer(&theirs, Direction::SendRecv).unwrap();
    assert_eq!(plan.remote, "198.51.100.99:5000".parse().unwrap());
}

#[test]
fn rtcp_port_is_taken_where_named() {
    for (attribute, wanted) in [
        ("a=rtcp:5700", "198.51.100.7:5700"),
        ("a=rtcp:5700 IN IP4 198.51.100.8", "198.51.100.8:5700"),
        ("a=rtcp:5700 IN IP6 2001:db8::1", "198.51.100.7:5700"),
        ("a=rtcp:x", "198.51.100.7:5001"),
    ] {
        let theirs = sdp(&["m=audio 5000 RTP/AVP 8", attribute]);
        let (_, plan) = both().handle_offer(&theirs, Direction::SendRecv).unwrap();
        assert_eq!(plan.remote_rtcp, wanted.parse().unwrap(), "{attribute}");
    }
}

#[test]
fn ipv6_is_spoken_with_ipv6_alone() {
    let theirs = sdp(&["m=audio 5000 RTP/AVP 8", "c=IN IP6 ::1"]);
    let mut ours = Negotiation::new(NegotiationConfig {
        local: "[::1]:4000".parse().unwrap(),
        codecs: vec![Codec::Pcma],
        opus: EncoderSettings::default(),
        session_id: 1,
    });
    let (answer, plan) = ours.handle_offer(&theirs, Direction::SendRecv).unwrap();
    assert_eq!(plan.remote, "[::1]:5000".parse().unwrap());
    assert!(text(answer).contains("c=IN IP6 ::1\r\n"));
    assert_eq!(both().handle_offer(&theirs, Direction::SendRecv).unwrap_err(), SdpFault::UnusableAddress);
}

#[test]
fn packet_time_is_theirs_within_reason() {
    for (attributes, wanted) in [
        (vec!["a=ptime:30"], 30),
        (vec!["a=ptime:0"], 20),
        (vec!["a=ptime:9999"], 20),
        (vec!["a=ptime:40", "a=maxptime:30"], 30),
        (vec!["a=ptime:100"], 60),
        (vec!["a=ptime:25"], 20),
        (vec![], 20),
    ] {
        let lines: Vec<&str> =
            ["m=audio 5000 RTP/AVP 8"].into_iter().chain(attributes.iter().copied()).collect();
        let (_, plan) = both().handle_offer(&sdp(&lines), Direction::SendRecv).unwrap();
        assert_eq!(plan.ptime_ms, wanted, "{attributes:?}");
    }
}

#[test]
fn opus_is_packed_in_whole_frames_and_not_shorter_than_they_want() {
    for (attributes, wanted) in [
        (vec!["a=ptime:10"], 10),
        (vec!["a=ptime:10", "a=fmtp:107 minptime=20"], 20),
        (vec!["a=ptime:30"], 20),
        (vec!["a=ptime:40"], 40),
        (vec!["a=ptime:50"], 40),
        (vec!["a=ptime:120"], 60),
        (vec!["a=ptime:60", "a=maxptime:40"], 40),
    ] {
        let lines = ["m=audio 5000 RTP/AVP 107", "a=rtpmap:107 opus/48000/2"];
        let lines: Vec<&str> = lines.into_iter().chain(attributes.iter().copied()).collect();
        let (_, plan) = all().handle_offer(&sdp(&lines), Direction::SendRecv).unwrap();
        assert_eq!((plan.codec, plan.ptime_ms), (Codec::Opus, wanted), "{attributes:?}");
    }
}

#[test]
fn our_offer_of_all_codecs_has_digits_in_both_clocks() {
    let mut ours = all();
    let offer = text(ours.offer(Direction::SendRecv));
    for line in [
        "m=audio 4000 RTP/AVP 107 9 8 0 101 102",
        "a=rtpmap:107 opus/48000/2",
        "a=fmtp:107 minptime=10;useinbandfec=1",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:102 telephone-event/48000",
        "a=fmtp:102 0-15",
    ] {
        assert!(offer.contains(&format!("{line}\r\n")), "{line} in {offer}");
    }
    assert_eq!(text(ours.offer(Direction::SendRecv)), offer, "numbers stay");
}

#[test]
fn digits_go_in_the_clock_of_the_codec_that_was_agreed() {
    let (answer, plan) = all().handle_offer(&sdp(ASTERISK), Direction::SendRecv).unwrap();
    assert!(text(answer).contains("m=audio 4000 RTP/AVP 8 0 9 107 101 102\r\n"));
    assert_eq!((plan.telephone_event, plan.telephone_event_hz), (Some(101), 8_000));
    assert_eq!(plan.telephone_event_in, [101, 102]);
    let mut ours = all();
    ours.offer(Direction::SendRecv);
    let both = ["a=rtpmap:107 opus/48000/2", "a=rtpmap:101 telephone-event/8000"];
    for (named, wanted) in [
        ("m=audio 5000 RTP/AVP 107 101 102", (Some(102), 48_000)),
        ("m=audio 5000 RTP/AVP 107 101", (Some(101), 8_000)),
        ("m=audio 5000 RTP/AVP 107", (None, 48_000)),
    ] {
        let answer = sdp(&[named, both[0], both[1], "a=rtpmap:102 telephone-event/48000"]);
        let plan = ours.handle_answer(&answer).unwrap();
        assert_eq!((plan.codec, (plan.telephone_event, plan.telephone_event_hz)), (Codec::Opus, wanted));
    }
}

#[test]
fn opus_is_sent_as_both_want_it() {
    let theirs = sdp(&[
        "m=audio 5000 RTP/AVP 96",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 useinbandfec=1; maxplaybackrate=16000; maxaveragebitrate=20000",
    ]);
    let (answer, plan) = all().handle_offer(&theirs, Direction::SendRecv).unwrap();
    let wanted = EncoderSettings { bit_rate: 20_000, repeats: true, pauses: false, most_hz: 16_000 };
    assert_eq!((plan.payload_type, plan.encoder), (96, wanted));
    assert!(text(answer).contains("a=fmtp:96 minptime=10;useinbandfec=1\r\n"), "ours is what we decode");
    let mute = sdp(&["m=audio 5000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2"]);
    let (_, plan) = all().handle_offer(&mute, Direction::SendRecv).unwrap();
    assert!(!plan.encoder.repeats, "who does not name it cannot use it");
}

#[test]
fn a_dynamic_number_means_one_thing_to_the_end_of_the_call() {
    let mut ours = all();
    assert!(text(ours.offer(Direction::SendRecv)).contains("RTP/AVP 107 9 8 0 101 102\r\n"));
    // They use our number of Opus for something else, and have Opus under another.
    let theirs = sdp(&[
        "m=audio 5000 RTP/AVP 107 111 126",
        "a=rtpmap:107 SILK/16000",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:126 telephone-event/48000",
    ]);
    let (answer, _) = ours.handle_offer(&theirs, Direction::SendRecv).unwrap();
    assert!(text(answer).contains("m=audio 4000 RTP/AVP 111 126\r\n"));
    for _ in 0..2 {
        let again = text(ours.offer(Direction::SendOnly));
        assert!(again.contains("m=audio 4000 RTP/AVP 111 9 8 0 101 126\r\n"), "{again}");
    }
    let plain = sdp(&["m=audio 5000 RTP/AVP 8"]);
    ours.handle_offer(&plain, Direction::SendRecv).unwrap();
    assert!(text(ours.offer(Direction::SendRecv)).contains("RTP/AVP 111 9 8 0 101 126\r\n"));
}

#[test]
fn encodings_are_known_by_name_clock_and_channels() {
    for (map, wanted) in [
        ("opus/48000/2", Some(Codec::Opus)),
        ("OPUS/48000", Some(Codec::Opus)),
        ("opus/16000/2", None),
        ("G722/8000", Some(Codec::G722)),
        ("G722/16000", Some(Codec::G722)),
        ("G722/8000/2", None),
        ("PCMA/8000/1", Some(Codec::Pcma)),
        ("PCMA/48000", None),
        ("PCMA", None),
    ] {
        let theirs = sdp(&["m=audio 5000 RTP/AVP 99", &format!("a=rtpmap:99 {map}")]);
        let codec = all().handle_offer(&theirs, Direction::SendRecv).ok().map(|(_, plan)| plan.codec);
        assert_eq!(codec, wanted, "{map}");
    }
    let bare = sdp(&["m=audio 5000 RTP/AVP 9"]);
    assert_eq!(all().handle_offer(&bare, Direction::SendRecv).unwrap().1.codec, Codec::G722);
}

#[test]
fn directions_are_answered_as_rfc_3264_has_it() {
    use Direction::*;
    for (theirs, wish, answer, held) in [
        ("sendrecv", SendRecv, SendRecv, false),
        ("sendonly", SendRecv, RecvOnly, true),
        ("recvonly", SendRecv, SendOnly, false),
        ("inactive", SendRecv, Inactive, true),
        ("sendrecv", SendOnly, SendOnly, false),
        ("sendonly", SendOnly, Inactive, true),
    ] {
        let offer = sdp(&["m=audio 5000 RTP/AVP 8", &format!("a={theirs}")]);
        let (sdp, plan) = both().handle_offer(&offer, wish).unwrap();
        assert_eq!((plan.direction, plan.held_by_them), (answer, held), "{theirs} against {wish:?}");
        let word = match answer {
            SendRecv => "a=sendrecv\r\n",
            SendOnly => "a=sendonly\r\n",
            RecvOnly => "a=recvonly\r\n",
            Inactive => "a=inactive\r\n",
        };
        assert!(text(sdp).ends_with(word));
    }
}

#[test]
fn session_level_direction_counts() {
    let offer = b"v=0\r\nc=IN IP4 198.51.100.7\r\na=sendonly\r\nm=audio 5000 RTP/AVP 8\r\n";
    assert!(both().handle_offer(offer, Direction::SendRecv).unwrap().1.held_by_them);
}

#[test]
fn old_hold_by_zero_address_keeps_the_known_one() {
    let mut ours = both();
    ours.handle_offer(&simple(), Direction::SendRecv).unwrap();
    let hold = sdp(&["m=audio 5000 RTP/AVP 8", "c=IN IP4 0.0.0.0"]);
    let (_, plan) = ours.handle_offer(&hold, Direction::SendRecv).unwrap();
    assert_eq!((plan.direction, plan.held_by_them), (Direction::RecvOnly, true));
    assert_eq!(plan.remote, "198.51.100.7:5000".parse().unwrap());
    let (_, plan) = ours.handle_offer(&simple(), Direction::SendRecv).unwrap();
    assert_eq!((plan.direction, plan.held_by_them), (Direction::SendRecv, false));
}

#[test]
fn our_hold_is_not_mistaken_for_theirs() {
    let mut ours = both();
    ours.offer(Direction::SendRecv);
    ours.handle_answer(&simple()).unwrap();
    ours.offer(Direction::SendOnly);
    let plan = ours.handle_answer(&sdp(&["m=audio 5000 RTP/AVP 8", "a=recvonly"])).unwrap();
    assert_eq!((plan.direction, plan.held_by_them), (Direction::SendOnly, false));
    ours.offer(Direction::Inactive);
    let plan = ours.handle_answer(&sdp(&["m=audio 5000 RTP/AVP 8", "a=inactive"])).unwrap();
    assert!(!plan.held_by_them);
}

#[test]
fn version_rises_with_each_change_and_only_then() {
    let mut ours = both();
    assert_eq!(version(&ours.offer(Direction::SendRecv)), 1);
    ours.handle_answer(&simple()).unwrap();
    assert_eq!(version(&ours.offer(Direction::SendRecv)), 1, "a session refresh changes nothing");
    assert_eq!(version(&ours.offer(Direction::SendOnly)), 2);
    ours.offer_refused();
    assert_eq!(version(&ours.offer(Direction::SendRecv)), 3, "they have seen version 2");
    ours.handle_answer(&simple()).unwrap();
    let (answer, _) = ours.handle_offer(&simple(), Direction::SendRecv).unwrap();
    assert_eq!(version(&answer), 4, "fewer codecs than offered");
    let (answer, _) = ours.handle_offer(&simple(), Direction::SendRecv).unwrap();
    assert_eq!(version(&answer), 4);
}

#[test]
fn refused_offer_leaves_the_agreed_plan() {
    let mut ours = both();
    ours.offer(Direction::SendRecv);
    let plan = ours.handle_answer(&simple()).unwrap();
    ours.offer(Direction::SendOnly);
    ours.offer_refused();
    assert_eq!(ours.plan(), Some(&plan));
    assert_eq!(ours.handle_answer(&simple()).unwrap_err(), SdpFault::NoOffer);
    assert!(ours.handle_offer(&sdp(&["m=audio 0 RTP/AVP 8"]), Direction::SendRecv).is_err());
    assert_eq!(ours.plan(), Some(&plan));
}

#[test]
fn late_offer_is_ours_and_their_answer_comes_in_the_ack() {
    let mut ours = both();
    assert!(ours.plan().is_none());
    ours.offer(Direction::SendRecv);
    let plan = ours
        .handle_answer(&sdp(&["m=audio 5000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"]))
        .unwrap();
    assert_eq!((plan.codec, plan.telephone_event), (Codec::Pcmu, Some(101)));
}

#[test]
fn their_port_may_change_in_the_call() {
    let mut ours = both();
    ours.handle_offer(&simple(), Direction::SendRecv).unwrap();
    let moved = sdp(&["m=audio 5010 RTP/AVP 8", "c=IN IP4 198.51.100.50"]);
    let (_, plan) = ours.handle_offer(&moved, Direction::SendRecv).unwrap();
    assert_eq!(plan.remote, "198.51.100.50:5010".parse().unwrap());
}

#[test]
fn two_of_ours_agree() {
    let (mut a, mut b) = (both(), negotiation(&[Codec::Pcmu, Codec::Pcma]));
    let offer = a.offer(Direction::SendRecv);
    let (answer, plan_b) = b.handle_offer(&offer, Direction::SendRecv).unwrap();
    let plan_a = a.handle_answer(&answer).unwrap();
    assert_eq!((plan_a.codec, plan_b.codec), (Codec::Pcma, Codec::Pcma));
    assert_eq!(
        (plan_a.telephone_event_in.as_slice(), plan_b.telephone_event_in.as_slice()),
        (&[101][..], &[101][..])
    );
    assert_eq!((plan_a.telephone_event, plan_b.telephone_event), (Some(101), Some(101)));
}

#[test]
fn damaged_descriptions_never_panic() {
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let original = sdp(ASTERISK);
    for _ in 0..6_000 {
        let mut damaged = original.clone();
        for _ in 0..1 + rng.next_u32() % 6 {
            let at = rng.next_u32() as usize % damaged.len().max(1);
            if damaged.is_empty() {
                break;
            }
            match rng.next_u32() % 4 {
                0 => damaged[at] = rng.next_u32() as u8,
                1 => drop(damaged.remove(at)),
                2 => damaged.insert(at, b"0123456789 =/:\r\n"[rng.next_u32() as usize % 16]),
                _ => damaged.truncate(at.max(1)),
            }
        }
        let mut ours = all();
        ours.offer(Direction::SendRecv);
        let _ = ours.handle_answer(&damaged);
        if let Ok((answer, _)) = ours.handle_offer(&damaged, Direction::SendRecv) {
            assert!(sdp_types::Session::parse(&answer).is_ok());
        }
        ours.offer(Direction::SendOnly);
    }
}
