//! What the network may send to the voice of a call, taken through everything that reads it.
//! Shared by the fuzz targets and the replay of their corpora.

use patchcord::instant::Instant;
use patchcord::media::{
    Codec, Direction, EncoderSettings, Frame, Negotiation, NegotiationConfig, Rate, Stream, StreamOutput,
    StreamPlan,
};
use patchcord::transmit::{Received, Transport};
use std::net::SocketAddr;
use std::time::Duration;

const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 9 107 101 102\r\na=rtpmap:107 opus/48000/2\r\na=fmtp:107 useinbandfec=1\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=rtpmap:102 telephone-event/48000\r\n";

/// As an offer, as an answer, and as an offer in the middle of a call.
pub fn description(sdp: &[u8]) {
    let mut called = negotiation();
    if let Ok((answer, _)) = called.handle_offer(sdp, Direction::SendRecv) {
        let mut caller = negotiation();
        caller.offer(Direction::SendRecv);
        // Our own answer is readable, whatever it answers.
        let read = caller.handle_answer(&answer);
        assert!(!matches!(read, Err(patchcord::media::SdpFault::Malformed { .. })), "{read:?}");
    }
    let mut calling = negotiation();
    calling.offer(Direction::SendRecv);
    let _ = calling.handle_answer(sdp);
    let _ = calling.handle_offer(sdp, Direction::SendOnly);
    let _ = patchcord::media::is_answerable(sdp, &[Codec::Pcma]);
}

/// Packets of a length octet each; an odd one goes to the RTCP port. 20 ms pass between them.
pub fn packets(octets: &[u8]) {
    let plan = plan();
    let from = plan.remote;
    let mut stream = Stream::new(Instant::START, plan, [7; 32]);
    let mut now = Instant::START;
    let mut rest = octets;
    while let Some((length, after)) = rest.split_first() {
        let (packet, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        now = now + Duration::from_millis(20);
        let received =
            Received { transport: Transport::Udp, from, local: stream_address(), bytes: packet.to_vec() };
        if length % 2 == 1 {
            stream.handle_rtcp(now, received)
        } else {
            stream.handle_rtp(now, received)
        }
        stream.tick(now, None, &Frame::silence(Rate::Narrow));
        while !matches!(stream.poll_output(), StreamOutput::Idle) {}
    }
    let stats = stream.stats(now);
    assert!(stats.delay_ms.is_finite() && stats.jitter_ms.is_finite(), "{stats:?}");
}

fn negotiation() -> Negotiation {
    Negotiation::new(NegotiationConfig {
        local: stream_address(),
        codecs: Codec::ALL.to_vec(),
        opus: EncoderSettings::default(),
        session_id: 1,
    })
}

fn plan() -> StreamPlan {
    match negotiation().handle_offer(OFFER, Direction::SendRecv) {
        Ok((_, plan)) => plan,
        Err(fault) => panic!("the fixed offer is answerable: {fault:?}"),
    }
}

fn stream_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 5000))
}
