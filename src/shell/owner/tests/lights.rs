//! A headset's day, whole: its reports as they are read, the calls at a PBX, and the lights as they are written.

use super::*;
use crate::agent::View;
use crate::headset::lights;
use crate::headset::tests::samples::{SP325, octets};
use crate::hid::double::{Computer, Plugged};

const ENOUGH: Duration = Duration::from_secs(10);

/// Nothing comes for so long: it was all.
const QUIET: Duration = Duration::from_millis(40);

/// Nobody is quicker than this with a hook switch; what is, is an echo.
const A_PERSON: Duration = Duration::from_millis(750);

/// Who changes something, and how.
enum By {
    Headset(Button),
    /// With the lines of the calls, the oldest first.
    Screen(fn(&[LineId]) -> Intent),
    /// A caller, or whoever was dialled.
    FarEnd(&'static str, Deed),
}

/// Of a Dell SP325.
#[derive(Clone, Copy)]
enum Button {
    /// The main one.
    Hook,
    Mute,
    Redial,
    Flash,
}

enum Deed {
    Calls,
    GivesUp,
    Answers,
    IsBusy,
    Holds,
    Resumes,
    /// The colleague has the client who was passed on.
    Takes,
    HangsUp,
}

use Button::{Flash, Hook, Mute, Redial};
use By::{FarEnd, Headset, Screen};
use Deed::{Answers, Calls, GivesUp, HangsUp, Holds, IsBusy, Resumes, Takes};

/// Who does what; of which the telephone tells this; and then these are lit: `r`ing, `o`ff hook, `m`ute, `h`old.
const DAY: &[(By, &str, &str)] = &[
    (FarEnd("client", Calls), "RingingIn(", "r"),
    (FarEnd("client", GivesUp), "Ended(", ""),
    (FarEnd("client", Calls), "RingingIn(", "r"),
    (Headset(Hook), "Answered(", "o"),
    (Headset(Mute), "Muted(true)", "om"),
    (Screen(|_| Intent::Mute { on: false }), "Muted(false)", "o"),
    (Screen(|_| Intent::Mute { on: true }), "Muted(true)", "om"),
    (Headset(Mute), "Muted(false)", "o"),
    (Headset(Flash), "Held(", "oh"),
    (Headset(Mute), "Muted(true)", "omh"),
    (Screen(|_| Intent::Mute { on: false }), "Muted(false)", "oh"),
    (Headset(Hook), "Resumed(", "o"),
    (Screen(|lines| Intent::Hold { line: lines[0] }), "Held(", "oh"),
    (Headset(Flash), "Resumed(", "o"),
    (Headset(Flash), "Held(", "oh"),
    (Screen(|lines| Intent::Resume { line: lines[0] }), "Resumed(", "o"),
    (FarEnd("client", Holds), "Held(", "o"),
    (FarEnd("client", Resumes), "Resumed(", "o"),
    (FarEnd("another", Calls), "RingingIn(", "ro"),
    (Headset(Mute), "Muted(true)", "rom"),
    (FarEnd("another", GivesUp), "Ended(", "om"),
    (Headset(Mute), "Muted(false)", "o"),
    (FarEnd("another", Calls), "RingingIn(", "ro"),
    (Screen(|lines| Intent::Reject { line: lines[1], status: 486 }), "Ended(", "o"),
    (FarEnd("another", Calls), "RingingIn(", "ro"),
    (Screen(|lines| Intent::Hold { line: lines[0] }), "Held(", "roh"),
    (Headset(Hook), "Answered(", "oh"),
    (Headset(Flash), "Resumed(", "oh"),
    (Screen(|_| Intent::Swap), "Resumed(", "oh"),
    (Screen(|_| Intent::Conference { on: true }), "Conference(Some", "o"),
    (Headset(Mute), "Muted(true)", "om"),
    (FarEnd("another", HangsUp), "Ended(", "om"),
    (Screen(|lines| Intent::HangUp { line: lines[0] }), "Ended(", ""),
    (Screen(|_| Intent::Dial { target: "205".into() }), "Dialing(", "o"),
    (FarEnd("colleague", IsBusy), "Ended(", ""),
    (Headset(Redial), "Dialing(", "o"),
    (Headset(Hook), "Ended(", ""),
    (Headset(Redial), "Dialing(", "o"),
    (FarEnd("client", Calls), "RingingIn(", "ro"),
    (FarEnd("colleague", Answers), "Answered(", "ro"),
    (FarEnd("colleague", HangsUp), "Ended(", "r"),
    (Screen(|lines| Intent::Answer { line: lines[0] }), "Answered(", "o"),
    (FarEnd("another", Calls), "RingingIn(", "ro"),
    (Headset(Flash), "Answered(", "oh"),
    (Headset(Hook), "Ended(", "oh"),
    (FarEnd("client", HangsUp), "Ended(", ""),
    (FarEnd("client", Calls), "RingingIn(", "r"),
    (Headset(Hook), "Answered(", "o"),
    (
        Screen(|lines| Intent::BlindTransfer { line: lines[0], target: "205".into() }),
        "TransferStarted(",
        "oh",
    ),
    (FarEnd("client", Takes), "Ended(", ""),
    (FarEnd("client", Calls), "RingingIn(", "r"),
    (Screen(|lines| Intent::Reject { line: lines[0], status: 486 }), "Ended(", ""),
    (FarEnd("client", Calls), "RingingIn(", "r"),
    (Headset(Hook), "Answered(", "o"),
    (Headset(Hook), "Ended(", ""),
];

#[tokio::test]
async fn every_light_is_right_after_every_change_whoever_made_it() {
    let day = async {
        let mut room = Room::new().await;
        for (row, (by, told, lit)) in DAY.iter().enumerate() {
            room.events.clear();
            match by {
                Headset(button) => room.presses(*button).await,
                Screen(intent) => {
                    let intent = intent(&room.lines());
                    room.desk.owner.on_command(Command::Intent(intent));
                }
                FarEnd(who, deed) => room.far_end(who, deed),
            }
            room.until(row, told, lit).await;
            room.shows(row, lit).await;
        }
    };
    tokio::task::LocalSet::new().run_until(day).await;
}

/// One call as the PBX has it: what stands in From and To for the two ends, where to reach the telephone, and the PBX's last number.
struct Leg {
    call_id: String,
    pbx: String,
    telephone: String,
    contact: String,
    number: u32,
}

struct Room {
    desk: Desk,
    headset: Plugged,
    /// What is lit, as it was written last.
    lit: u8,
    /// How the hook switch stands.
    off_hook: bool,
    /// By who it is.
    legs: BTreeMap<&'static str, Leg>,
    /// The INVITE to who is being called.
    dialled: Option<String>,
    calls: u32,
    events: Vec<String>,
}

impl Room {
    async fn new() -> Self {
        let mut desk = Desk::new().await;
        desk.pbx.set_nonblocking(true).unwrap();
        let headset = {
            let computer = Computer::default();
            let headset = computer.plug_in("/dev/hidraw0", &octets(SP325), 0);
            desk.owner.headset = HeadsetDesk::with(Some(computer.watched()));
            headset
        };
        assert_eq!(headset.shows(), [5, 0], "dark when it is found");
        let (legs, events) = (BTreeMap::new(), Vec::new());
        Self { desk, headset, lit: 0, off_hook: false, legs, dialled: None, calls: 0, events }
    }

    fn lines(&self) -> Vec<LineId> {
        self.desk.owner.agent.view().lines.keys().copied().collect()
    }

    // -- the headset

    async fn presses(&mut self, button: Button) {
        let bit = match button {
            Hook => {
                tokio::time::sleep(A_PERSON).await;
                self.off_hook = !self.off_hook;
                return self.reports(0);
            }
            Mute => 0b10,
            Redial => 0b100,
            Flash => 0b1000,
        };
        self.reports(bit);
        self.reports(0);
    }

    /// Each report tells of the hook switch, too.
    fn reports(&self, buttons: u8) {
        self.headset.reports(&[5, buttons | u8::from(self.off_hook)]);
    }

    /// It does as its light says, and tells so by the hook switch.
    fn follows(&mut self, report: &[u8]) {
        assert_eq!((report.len(), report[0]), (2, 5));
        self.lit = report[1];
        let off_hook = self.lit & 1 != 0;
        if std::mem::replace(&mut self.off_hook, off_hook) != off_hook {
            self.reports(0);
        }
    }

    // -- the telephone

    /// It has told of this, and would have these lit.
    async fn until(&mut self, row: usize, told: &str, lit: &str) {
        let done = async {
            while !(self.events.iter().any(|event| event.starts_with(told))
                && letters(self.desk.owner.agent.view()) == lit)
            {
                self.goes_on(QUIET).await;
            }
        };
        let done = tokio::time::timeout(ENOUGH, done).await.is_ok();
        let lights = letters(self.desk.owner.agent.view());
        assert!(done, "row {row}, {told} and {lit:?}: {lights:?} after {:?}", self.events);
    }

    /// That is what the headset shows in the end.
    async fn shows(&mut self, row: usize, lit: &str) {
        // Bits of an SP325's lights, from the lowest.
        let expected = lit.chars().map(|letter| 1 << "omrh".find(letter).unwrap()).sum::<u8>();
        let until = self.desk.owner.clock.now() + ENOUGH;
        loop {
            while self.goes_on(Duration::from_millis(1)).await {}
            match self.headset.shows_within(QUIET) {
                Some(report) => self.follows(&report),
                None if self.lit == expected => return,
                None => assert!(self.desk.owner.clock.now() < until, "row {row}, {lit:?}: {:04b}", self.lit),
            }
        }
    }

    /// One thing that comes to the telephone, if one comes in this time.
    async fn goes_on(&mut self, wait: Duration) -> bool {
        let mut datagram = [0; 4096];
        while let Ok(length) = self.desk.pbx.recv(&mut datagram) {
            self.hears(&String::from_utf8_lossy(&datagram[..length]));
        }
        let owner = &mut self.desk.owner;
        let mut came = true;
        tokio::select! {
            arrival = owner.network.socket.recv() => owner.on_arrival(arrival),
            Some(word) = owner.media_words.1.recv() => owner.on_media(word),
            press = owner.headset.next_press() => owner.on_press(press),
            () = tokio::time::sleep(wait) => came = false,
        }
        for notice in self.desk.notices() {
            if let Notice::Agent(Event::Phone(event)) = notice {
                self.events.push(format!("{event:?}"));
            }
        }
        came
    }

    // -- the PBX

    fn far_end(&mut self, who: &'static str, deed: &Deed) {
        match deed {
            Calls => {
                self.calls += 1;
                let leg = Leg {
                    call_id: format!("call-{}", self.calls),
                    pbx: format!("<sip:+79161234567@pbx>;tag={}", self.calls),
                    telephone: format!("<{}>", self.desk.contact),
                    contact: self.desk.contact.clone(),
                    number: 0,
                };
                self.legs.insert(who, leg);
                self.asks(who, "INVITE", SDP, OFFER);
            }
            GivesUp => {
                self.asks(who, "CANCEL", "", "");
                self.legs.remove(who);
            }
            Answers => {
                let invite = self.dialled.take().unwrap();
                let leg = Leg {
                    call_id: value(&invite, "Call-ID"),
                    pbx: format!("{};tag=colleague", value(&invite, "To")),
                    telephone: value(&invite, "From"),
                    contact: uri(&invite),
                    number: 0,
                };
                self.legs.insert(who, leg);
                self.replies(&invite, "200 OK", OFFER);
            }
            IsBusy => {
                let invite = self.dialled.take().unwrap();
                self.replies(&invite, "486 Busy Here", "");
            }
            Holds | Resumes => {
                let direction = if matches!(deed, Holds) { "sendonly" } else { "sendrecv" };
                let version = self.legs[who].number + 1;
                let offer = OFFER.replace("o=- 1 1", &format!("o=- 1 {version}"));
                self.asks(who, "INVITE", SDP, &format!("{offer}a={direction}\r\n"));
            }
            Takes => {
                let fields = "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\nContent-Type: message/sipfrag\r\n";
                self.asks(who, "NOTIFY", fields, "SIP/2.0 200 OK\r\n");
            }
            HangsUp => {
                self.asks(who, "BYE", "", "");
                self.legs.remove(who);
            }
        }
    }

    fn asks(&mut self, who: &str, method: &str, fields: &str, body: &str) {
        let pbx = self.desk.pbx.local_addr().unwrap();
        let leg = self.legs.get_mut(who).unwrap();
        let is_of_invite = matches!(method, "ACK" | "CANCEL");
        leg.number += u32::from(!is_of_invite);
        let Leg { call_id, pbx: from, telephone: to, contact, number } = leg;
        let ack = if method == "ACK" { "-ack" } else { "" };
        let text = format!(
            "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {pbx};branch=z9hG4bK-{call_id}-{number}{ack};rport\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\nContact: <sip:pbx@{pbx}>\r\nMax-Forwards: 70\r\n{fields}"
        );
        self.says(&text, body);
    }

    fn replies(&self, request: &str, status: &str, sdp: &str) {
        let pbx = self.desk.pbx.local_addr().unwrap();
        let fields: String = ["Via", "From", "Call-ID", "CSeq"]
            .iter()
            .map(|name| format!("{name}: {}\r\n", value(request, name)))
            .collect();
        let to = value(request, "To");
        let tag = if to.contains("tag=") { "" } else { ";tag=colleague" };
        self.says(
            &format!("SIP/2.0 {status}\r\n{fields}To: {to}{tag}\r\nContact: <sip:pbx@{pbx}>\r\n{SDP}"),
            sdp,
        );
    }

    fn says(&self, text: &str, body: &str) {
        let text = format!("{text}Content-Length: {}\r\n\r\n{body}", body.len());
        self.desk.pbx.send_to(text.as_bytes(), self.desk.owner.network.socket.local()).unwrap();
    }

    fn hears(&mut self, text: &str) {
        let known = |(_, leg): &(&&str, &mut Leg)| leg.call_id == value(text, "Call-ID");
        match text.split(' ').next().unwrap_or_default() {
            "INVITE" if value(text, "To").contains("tag=") => self.replies(text, "200 OK", OFFER),
            "INVITE" => {
                self.replies(text, "180 Ringing", "");
                self.dialled = Some(text.to_owned());
            }
            "CANCEL" => {
                self.replies(text, "200 OK", "");
                let invite = self.dialled.take().unwrap();
                self.replies(&invite, "487 Request Terminated", "");
            }
            "REFER" => self.replies(text, "202 Accepted", ""),
            "BYE" => self.replies(text, "200 OK", ""),
            "SIP/2.0" if text.starts_with("SIP/2.0 200") && value(text, "CSeq").ends_with(" INVITE") => {
                let Some((who, leg)) = self.legs.iter_mut().find(known) else { return };
                (leg.telephone, leg.contact) = (value(text, "To"), uri(text));
                let who = *who;
                self.asks(who, "ACK", "", "");
            }
            _ => {}
        }
    }
}

const SDP: &str = "Content-Type: application/sdp\r\n";

/// What is lit.
fn letters(view: &View) -> String {
    let lights = lights(view);
    let letters = [(lights.ring, 'r'), (lights.off_hook, 'o'), (lights.mute, 'm'), (lights.hold, 'h')];
    letters.iter().filter(|(on, _)| *on).map(|(_, letter)| *letter).collect()
}

/// Of a field of a message.
fn value(message: &str, name: &str) -> String {
    let field = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    field.unwrap_or_default().to_owned()
}

/// Of its Contact.
fn uri(message: &str) -> String {
    value(message, "Contact").split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
