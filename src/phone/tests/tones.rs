//! What the operator hears of a call that is dialled, when the network lets nothing through.

use super::*;
use crate::media::CallTone;

/// Dialled, and the network's answer so far.
fn dialled(status: u16, sdp: Option<&str>) -> (World, Request) {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    world.command(Command::Dial { target: "200".into() });
    let invite = world.pbx.request("INVITE");
    world.network_says(&invite, status, sdp);
    (world, invite)
}

impl World {
    fn network_says(&mut self, invite: &Request, status: u16, sdp: Option<&str>) {
        let reply = self.pbx.reply(invite, status, sdp);
        self.hears(&reply);
    }

    /// Tones since the last time.
    fn tones(&mut self) -> Vec<Option<CallTone>> {
        let tone = |command: &MediaCommand| match command {
            MediaCommand::Tone { tone } => Some(*tone),
            _ => None,
        };
        std::mem::take(&mut self.media).iter().filter_map(tone).collect()
    }
}

#[test]
fn it_is_heard_that_it_rings_until_somebody_answers() {
    let (mut world, invite) = dialled(180, None);
    assert_eq!(world.tones(), [Some(CallTone::Ringing)]);
    world.network_says(&invite, 180, None);
    assert_eq!(world.tones(), []);
    world.network_says(&invite, 200, Some(ALAW));
    assert_eq!(world.tones(), [None]);
}

#[test]
fn where_the_network_is_heard_itself_the_telephone_is_silent() {
    let (mut world, invite) = dialled(183, Some(ALAW));
    world.network_says(&invite, 180, None);
    world.network_says(&invite, 486, None);
    assert_eq!(world.tones(), []);
}

#[test]
fn early_voice_takes_the_place_of_the_ringing_tone() {
    let (mut world, invite) = dialled(180, None);
    world.network_says(&invite, 183, Some(ALAW));
    assert_eq!(world.tones(), [Some(CallTone::Ringing), None]);
}

#[test]
fn progress_alone_is_not_ringing() {
    let (mut world, _) = dialled(183, None);
    assert_eq!(world.tones(), []);
}

#[test]
fn who_is_busy_sounds_otherwise_than_what_cannot_be_put_through() {
    for (status, tone) in [(486, CallTone::Busy), (404, CallTone::Congestion), (603, CallTone::Congestion)] {
        let (mut world, invite) = dialled(180, None);
        world.network_says(&invite, status, None);
        assert_eq!(world.tones(), [Some(CallTone::Ringing), Some(tone)], "{status}");
    }
}

#[test]
fn the_next_call_ends_a_busy_tone() {
    let (mut world, _) = dialled(486, None);
    assert_eq!(world.tones(), [Some(CallTone::Busy)]);
    world.command(Command::Dial { target: "201".into() });
    assert_eq!(world.tones(), [None]);
}

#[test]
fn who_hangs_up_while_it_rings_hears_nothing_more() {
    let (mut world, invite) = dialled(180, None);
    world.command(Command::HangUp { line: LINE });
    world.network_says(&invite, 487, None);
    assert_eq!(world.tones(), [Some(CallTone::Ringing), None]);
}

#[test]
fn a_client_who_is_answered_meanwhile_is_not_talked_to_over_a_tone() {
    let (mut world, invite) = dialled(180, None);
    world.ring("", Some(ALAW));
    world.command(Command::Answer { line: LineId(2) });
    assert_eq!(world.tones(), [Some(CallTone::Ringing), None]);
    world.network_says(&invite, 486, None);
    assert_eq!(world.tones(), []);
}
