//! What is not as it should be: bars under the top bar, the gravest first.

use super::format::clock;
use super::{Act, Bar, Screen, Sound, Tone, Trouble, words};
use crate::instant::Instant;
use crate::phone::LineId;
use crate::sip::Failure;
use crate::text::{Catalogue, say};
use std::time::Duration;

/// There is no line, since an attempt failed.
pub(super) struct Outage {
    cause: Failure,
    retry_at: Option<Instant>,
}

impl Outage {
    pub fn new(now: Instant, cause: Failure, retry_in: Option<Duration>) -> Self {
        Self { cause, retry_at: retry_in.map(|after| now + after) }
    }

    pub fn is_counted_down(&self) -> bool {
        self.retry_at.is_some()
    }

    /// "No line. Retrying in 8 s".
    pub fn short(&self, cat: &Catalogue, now: Instant) -> String {
        match self.retry_at {
            Some(at) => say!(cat, "No line. Retrying in {seconds} s", seconds = whole_seconds(at.since(now))),
            None => say!(cat, "No line"),
        }
    }

    pub fn why(&self, cat: &Catalogue) -> String {
        say!(cat, "No line: {cause}.", cause = words::why_no_line(cat, &self.cause))
    }
}

/// What is left of a wait, never 0 before it is over.
pub(super) fn whole_seconds(left: Duration) -> u64 {
    left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

#[derive(Default)]
pub(super) struct Troubles {
    no_microphone: bool,
    no_earpiece: bool,
    register_waits: bool,
    no_disk: bool,
}

impl Screen {
    pub(super) fn on_trouble(&mut self, trouble: Trouble) {
        let (known, is_so) = match trouble {
            Trouble::Microphone { missing } => (&mut self.troubles.no_microphone, missing),
            Trouble::Earpiece { missing } => (&mut self.troubles.no_earpiece, missing),
            Trouble::Register { waiting } => (&mut self.troubles.register_waits, waiting),
            Trouble::Disk { missing } => (&mut self.troubles.no_disk, missing),
            Trouble::Sound { line, lost } => return self.on_sound_lost(line, lost),
        };
        if std::mem::replace(known, is_so) == is_so {
            return;
        }
        let cat = &self.cat;
        match trouble {
            Trouble::Microphone { missing: true } => self.announce(say!(cat, "There is no microphone.")),
            Trouble::Microphone { missing: false } => self.announce(say!(cat, "The microphone is back.")),
            Trouble::Earpiece { missing: true } => self.announce(say!(cat, "There is no earpiece.")),
            Trouble::Earpiece { missing: false } => self.announce(say!(cat, "The earpiece is back.")),
            Trouble::Disk { missing: true } => self.announce(no_disk(cat)),
            Trouble::Register { waiting: true }
            | Trouble::Disk { missing: false }
            | Trouble::Sound { .. } => {}
            Trouble::Register { waiting: false } => self.desk_answers(),
        }
    }

    /// All sound outweighs a recording.
    fn on_sound_lost(&mut self, line: LineId, lost: Sound) {
        let known = self.calls.get(&line).map(|call| call.lost);
        if known.is_some_and(|known| known != Some(lost) && known != Some(Sound::Voice)) {
            self.change(line, |call| call.lost = Some(lost));
            self.announce(self.sound_words(line, lost));
        }
    }

    fn sound_words(&self, line: LineId, lost: Sound) -> String {
        let (cat, who) = (&self.cat, self.who_on(line));
        match lost {
            Sound::Voice => say!(
                cat,
                "{who}: no sound passes any more, by a fault of this telephone. Hang up and call again.",
                who = who
            ),
            Sound::Recording => say!(cat, "{who}: the recording has stopped; the call goes on.", who = who),
        }
    }

    pub(super) fn bars(&self, now: Instant) -> Vec<Bar> {
        let cat = &self.cat;
        let bar = |tone, text| Bar { tone, text, act: None, key: String::new() };
        let mut bars = Vec::new();
        if let Some(outage) = &self.outage {
            let mut parts = vec![outage.why(cat)];
            if let Some(at) = outage.retry_at {
                let left = clock(Duration::from_secs(whole_seconds(at.since(now))));
                parts.push(say!(cat, "Next attempt in {time}.", time = left));
            }
            if !self.view.lines.is_empty() {
                parts.push(say!(cat, "The call goes on."));
            }
            let act = Some((say!(cat, "Retry now"), Act::Retry));
            bars.push(Bar { act, ..bar(Tone::Bad, parts.join(" ")) });
        }
        let lost = self.calls.iter().filter_map(|(line, call)| Some((*line, call.lost?)));
        bars.extend(lost.map(|(line, lost)| {
            let tone = if lost == Sound::Voice { Tone::Bad } else { Tone::Warning };
            bar(tone, self.sound_words(line, lost))
        }));
        bars.extend(self.recording_bar());
        let in_call = !self.view.lines.is_empty();
        let device_tone = if in_call { Tone::Bad } else { Tone::Warning };
        if self.troubles.no_microphone {
            let text = match in_call {
                true => say!(cat, "There is no microphone. Plug one in; the call goes on."),
                false => say!(cat, "There is no microphone."),
            };
            bars.push(bar(device_tone, text));
        }
        if self.troubles.no_earpiece {
            let text = match in_call {
                true => say!(cat, "There is no earpiece. Plug one in; the call goes on."),
                false => say!(cat, "There is no earpiece."),
            };
            bars.push(bar(device_tone, text));
        }
        bars.extend(self.queue_bar());
        bars.extend(self.parked_bars(now));
        bars.extend(self.order_bars());
        if let Some(why) = &self.desk_fault {
            bars.push(bar(
                Tone::Warning,
                say!(
                    cat,
                    "{fault} Calls go on without client cards.",
                    fault = cat.get(words::unavailable(why))
                ),
            ));
        }
        if self.config.lacks_desk_token {
            bars.push(bar(
                Tone::Warning,
                say!(
                    cat,
                    "The token of the order desk is missing: calls go on without client cards. Enter it in the settings."
                ),
            ));
        }
        if self.troubles.no_disk {
            bars.push(bar(Tone::Bad, no_disk(cat)));
        }
        if self.troubles.register_waits {
            bars.push(bar(
                Tone::Warning,
                say!(cat, "The order desk takes no entries now; they are kept and sent later."),
            ));
        }
        bars
    }
}

fn no_disk(cat: &Catalogue) -> String {
    say!(
        cat,
        "This computer's disk keeps nothing. Calls and orders still go to the order desk, but what it has not taken is lost when this program ends. Make room on the disk."
    )
}
