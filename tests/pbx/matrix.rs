//! Clients of every kind, passed on by the company's rules to targets that do everything that targets do, with return and
//! blindly: each ends with a person of the chain or with the operator, and no message of ours drops one before that. Judged by
//! ears, by the wire and by the PBX's call records.
//!
//! A few of the 64 cases, unless `MATRIX` says how many run at a time: then all (`scripts/transfer-matrix`).

use crate::desk::Desk;
use crate::people::{Answers, Baresip};
use crate::sound::{self, ALIKE, RATE};
use crate::telephone::{Ended, Telephone, telephone};
use crate::transfer::Story;
use crate::wire::Captured;
use crate::{now, seconds};
use serde_json::json;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Client {
    Key,
    Debtor,
    New,
    Other,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Target {
    Answers,
    BusyAtOnce,
    RefusesAfterRinging,
    NeverAnswers,
    Offline,
    NoSuchNumber,
    VoicemailPicksUp,
    AnswersAndHangsUp,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Way {
    Return,
    Blind,
}

const CLIENTS: [Client; 4] = [Client::Key, Client::Debtor, Client::New, Client::Other];
const TARGETS: [Target; 8] = [
    Target::Answers,
    Target::BusyAtOnce,
    Target::RefusesAfterRinging,
    Target::NeverAnswers,
    Target::Offline,
    Target::NoSuchNumber,
    Target::VoicemailPicksUp,
    Target::AnswersAndHangsUp,
];

/// Where a client ends.
#[derive(Clone, Copy, PartialEq, Debug)]
enum With {
    /// The target that the rules name first.
    Target,
    /// The head of wholesale, next in the chain.
    Head,
    Operator,
    /// The target's voicemail.
    Machine,
    /// The target had the client and hung up.
    TargetHungUp,
}

struct Outcome {
    with: With,
    /// The longest time without a packet to the client, in seconds, from the answer on.
    gap: f64,
    /// How long a person spoke to whom the client was passed before the client heard it, in seconds.
    unheard: Option<f64>,
}

/// The operator, by the way; the PBX gives back what the second one passes on blindly.
const OPERATORS: [&str; 2] = ["101", "110"];
const HEAD: &str = "302";
/// How long each target rings, in seconds.
const RINGS: u64 = 5;
/// How far a call is heard after somebody has the client.
const TALK: u64 = 3;

struct Case {
    client: Client,
    target: Target,
    way: Way,
}

impl Case {
    fn all() -> Vec<Self> {
        let ways = [Way::Return, Way::Blind];
        let targets = ways.into_iter().flat_map(|way| TARGETS.map(|target| (way, target)));
        targets.flat_map(|(way, target)| CLIENTS.map(|client| Self { client, target, way })).collect()
    }

    /// One for each kind of client.
    fn some() -> Vec<Self> {
        let case = |client, target, way| Self { client, target, way };
        vec![
            case(Client::Key, Target::BusyAtOnce, Way::Return),
            case(Client::Debtor, Target::RefusesAfterRinging, Way::Return),
            case(Client::New, Target::VoicemailPicksUp, Way::Blind),
            case(Client::Other, Target::Answers, Way::Return),
        ]
    }

    /// Whom the rules name first: the own manager, or the head of the department for a new client.
    fn extension(&self) -> &'static str {
        if self.client == Client::New { HEAD } else { "201" }
    }

    /// Who has the client in the end; any of them.
    fn expected(&self) -> &'static [With] {
        // Behind a debtor's manager there is finance, who is not at the telephone; behind a head nobody.
        let left = match (self.way, self.client) {
            (Way::Return, Client::Key | Client::Other) => With::Head,
            _ => With::Operator,
        };
        match (self.target, left) {
            (Target::Answers, _) => &[With::Target],
            // Whether the PBX had joined them before is a matter of milliseconds.
            (Target::AnswersAndHangsUp, With::Head) if self.way == Way::Return => {
                &[With::TargetHungUp, With::Head]
            }
            (Target::AnswersAndHangsUp, _) if self.way == Way::Return => {
                &[With::TargetHungUp, With::Operator]
            }
            (_, With::Head) => &[With::Head],
            _ => &[With::Operator],
        }
    }

    fn play(&self) -> Outcome {
        let story = Story::begin();
        let desk = self.desk(&story);
        story.pbx.cli("rtp set debug on"); // its log says when each packet went
        story.pbx.cli(&format!("dialplan set global PATCHCORD_RING {RINGS}"));
        let target = self.people(&story);
        let head =
            (self.client != Client::New).then(|| Baresip::colleague(&story.pbx, HEAD, &Answers::AtOnce));
        let phone = self.operator(&story, &desk);
        let local = phone.local();
        self.act(target.as_ref());
        let with = self.end(&story, &phone, target.as_ref(), head.as_ref());
        if self.way == Way::Blind && with != With::Operator {
            phone.interrupt(); // nobody comes back
        }
        let ended = phone.finish(seconds(20));
        story.client.wait("CALL_CLOSED", seconds(5));
        assert!(self.expected().contains(&with), "{with:?}, not {:?}:\n{}", self.expected(), ended.story());
        drops_nobody(&story.pbx.capture_of(&local), with);
        self.is_in_the_records(&story, with);
        let person = match with {
            With::Target => target.as_ref(),
            With::Head => head.as_ref(),
            _ => None,
        };
        hears_a_person(&story, person, with, &ended);
        let unheard = person.map(|person| {
            sound::heard_again(&person.voice, 0.0, 2.0, &story.client.heard()).expect("the person's voice")
        });
        Outcome { with, gap: longest_gap(&story), unheard }
    }

    /// A desk with the sample's people and the rules as they come, that knows this client.
    fn desk(&self, story: &Story) -> Desk {
        let settings = story.pbx.scratch.path().join("desk.toml");
        std::fs::write(&settings, format!("[transfer]\nring_seconds = {RINGS}\n")).expect("a file");
        let desk = Desk::start_with(&story.pbx, 20, &["--config", &settings.to_string_lossy()]);
        let overdue = if self.client == Client::Debtor { "1500.00" } else { "0.00" };
        if self.client != Client::New {
            desk.put_client(&json!({
                "name": "OOO Vesna",
                "client_type": if self.client == Client::Key { "key" } else { "market" },
                "phones": ["+79161234567"],
                "manager": "ivanova",
                "standing": { "currency": "RUB", "overdue": overdue },
            }));
        }
        desk
    }

    /// The target's telephone, or what the PBX does in its place.
    fn people(&self, story: &Story) -> Option<Baresip> {
        let number = self.extension();
        let instead = |priority: u8, step: &str| {
            story.pbx.cli(&format!("dialplan add extension {number},{priority},{step} into people"));
        };
        let answers = match self.target {
            Target::Answers => Answers::AtOnce,
            Target::RefusesAfterRinging | Target::NeverAnswers | Target::AnswersAndHangsUp => Answers::ByHand,
            // The telephone rings, and then its voicemail has the call: the PBX's hint says that the line is free.
            Target::VoicemailPicksUp => {
                instead(1, &format!("Dial(PJSIP/{number},2)"));
                instead(2, "Answer()");
                instead(3, "Playtones(1004)"); // the greeting
                instead(4, "Wait(8)");
                instead(5, "VoiceMail(109@default,s)");
                Answers::ByHand
            }
            // A telephone that is there: whose line is known to be taken, or not there, would not be called.
            Target::BusyAtOnce => {
                instead(1, "Busy(10)");
                Answers::ByHand
            }
            Target::NoSuchNumber => {
                let all = format!("_{}0[1-3]@people", &number[..1]);
                story.pbx.cli(&format!("dialplan remove extension {all}"));
                Answers::ByHand
            }
            Target::Offline => return None,
        };
        Some(Baresip::colleague(&story.pbx, number, &answers))
    }

    /// Answers the client, and passes him on 2 s later.
    fn operator<'a>(&self, story: &'a Story, desk: &Desk) -> Telephone<'a> {
        let account = OPERATORS[self.way as usize];
        let play = story.pbx.scratch.path().join("operator.wav").to_string_lossy().into_owned();
        let url = desk.url();
        let mut arguments =
            vec!["answer", "--play", &play, "--transfer", "rules", "--transfer-at", "2", "--desk", &url];
        match self.client {
            Client::New => arguments.extend(["--department", "wholesale"]),
            Client::Other => arguments.extend(["--purpose", "other"]),
            Client::Key | Client::Debtor => {}
        }
        if self.way == Way::Blind {
            arguments.extend(["--transfer-mode", "blind", "--calls", "2"]);
        }
        let mut command = telephone(&story.pbx, account, &arguments);
        command.env("PATCHCORD_DESK_TOKEN", &desk.operator);
        let phone = Telephone::spawn(command, Some(&story.pbx));
        phone.wait("registered", seconds(10));
        story.client.dial(&format!("sip:{account}@{}", story.pbx.trunk()));
        // With return, whose line is known to be away is not even called; behind some there is nobody else.
        let passed_over = self.way == Way::Return && self.target == Target::Offline;
        if passed_over && *self.expected() == [With::Operator] {
            phone.wait("nobody_left", seconds(12));
            return phone;
        }
        let begun = phone.wait("transfer_started", seconds(12)).event;
        assert!(passed_over || begun["target"] == self.extension(), "{begun}");
        phone
    }

    fn act(&self, target: Option<&Baresip>) {
        let Some(target) = target else { return };
        match self.target {
            Target::RefusesAfterRinging => {
                target.wait("CALL_INCOMING", seconds(5));
                std::thread::sleep(seconds(1));
                target.hang_up();
            }
            Target::AnswersAndHangsUp => {
                target.wait("CALL_INCOMING", seconds(5));
                target.accept();
                target.wait("CALL_ESTABLISHED", seconds(5));
                target.hang_up();
            }
            _ => {}
        }
    }

    /// Waits until somebody has the client, lets them talk, and has the client hang up.
    fn end(
        &self,
        story: &Story,
        phone: &Telephone<'_>,
        target: Option<&Baresip>,
        head: Option<&Baresip>,
    ) -> With {
        let deadline = now() + seconds(30);
        let with = loop {
            let said = phone.said();
            let is = |name: &str| said.iter().any(|said| said.is(name));
            let with = match self.way {
                _ if head.is_some_and(|head| head.has("CALL_ESTABLISHED")) => Some(With::Head),
                Way::Return if is("returned") || is("nobody_left") => Some(With::Operator),
                Way::Return if is("transferred") => Some(match self.target {
                    Target::AnswersAndHangsUp => With::TargetHungUp,
                    Target::VoicemailPicksUp => With::Machine,
                    _ => With::Target,
                }),
                Way::Return => None,
                Way::Blind if said.iter().filter(|said| said.is("answered")).count() == 2 => {
                    Some(With::Operator)
                }
                Way::Blind => match self.target {
                    Target::Answers if target.is_some_and(|target| target.has("CALL_ESTABLISHED")) => {
                        Some(With::Target)
                    }
                    _ => None,
                },
            };
            if let Some(with) = with {
                break with;
            }
            let told: Vec<String> = said.iter().map(|said| said.event.to_string()).collect();
            assert!(now() < deadline, "nobody has the client:\n{}", told.join("\n"));
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        std::thread::sleep(seconds(TALK));
        if with != With::TargetHungUp {
            assert!(!story.client.has("CALL_CLOSED"), "the client was dropped, with {with:?}");
        }
        story.client.hang_up();
        with
    }

    /// The PBX's own word on who has spoken with the client.
    fn is_in_the_records(&self, story: &Story, with: With) {
        let operator = OPERATORS[self.way as usize];
        let records = story.pbx.call_records(if with == With::Operator { 1 } else { 2 });
        let spoke = |account: &str| {
            let channel = format!("PJSIP/{account}-");
            records
                .iter()
                .filter(|r| r.disposition == "ANSWERED" && r.far_channel.starts_with(&channel))
                .count()
        };
        let had = match with {
            With::Target | With::TargetHungUp => spoke(self.extension()) >= 1,
            With::Head => spoke(HEAD) >= 1,
            With::Operator => spoke(operator) == if self.way == Way::Blind { 2 } else { 1 },
            With::Machine => spoke(operator) >= 1,
        };
        assert!(had, "{with:?}: {records:?}");
    }

    fn name(&self) -> String {
        format!("{:?} | {:?} | {:?}", self.client, self.target, self.way)
    }
}

/// The client's last seconds, before hanging up, are a person's voice.
fn hears_a_person(story: &Story, person: Option<&Baresip>, with: With, ended: &Ended) {
    let voice = match (person, with) {
        (Some(person), _) => &person.voice,
        (None, With::Operator) => &story.voice,
        _ => return,
    };
    let heard = story.client.heard();
    let alike = sound::best(voice, &heard[heard.len().saturating_sub(5 * RATE / 2)..]);
    assert!(alike >= ALIKE, "the client hears {with:?}: {alike:.3}\n{}", ended.story());
}

/// One of ours ends a client's call only after the PBX's last word that it has him.
fn drops_nobody(capture: &[Captured], with: With) {
    let request = |c: &Captured, method: &str| c.sip.as_ref().is_ok_and(|sip| sip.is_request(method));
    let call_id = |c: &Captured| c.sip.as_ref().ok().map(|sip| sip.call_id().to_owned());
    let first = capture.iter().find(|c| !c.outgoing && request(c, "INVITE")).expect("the client's INVITE");
    let of_client: Vec<&Captured> = capture.iter().filter(|c| call_id(c) == call_id(first)).collect();
    let word = |c: &&&Captured| {
        !c.outgoing
            && request(c, "NOTIFY")
            && c.sip.as_ref().is_ok_and(|sip| sip.body.starts_with(b"SIP/2.0 200"))
    };
    let word = of_client.iter().find(word).map(|c| c.at);
    let byes = of_client.iter().filter(|c| c.outgoing && request(c, "BYE"));
    for bye in byes {
        assert!(
            word.is_some_and(|word| word <= bye.at),
            "a BYE of ours, with {with:?}, before the last word"
        );
    }
}

fn longest_gap(story: &Story) -> f64 {
    let packets = story.pbx.packets_to_first_of(24_000..32_000);
    packets.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}

/// So many at a time, each with a PBX and a desk of its own. Nobody hears nothing for `silence` seconds.
fn play_all(cases: Vec<Case>, at_a_time: usize, silence: f64) {
    println!("| client | target | way | ends with | longest without a packet | speech after the answer |");
    println!("|---|---|---|---|---|---|");
    let (waiting, failed) = (Mutex::new(cases.into_iter()), Mutex::new(Vec::new()));
    let next = || waiting.lock().expect("a lock").next();
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while let Some(case) = next() {
                    let name = case.name();
                    match catch_unwind(AssertUnwindSafe(|| case.play())) {
                        Ok(Outcome { with, gap, unheard }) => {
                            let late = unheard.map_or("-".to_owned(), |late| format!("{late:.2} s"));
                            println!("| {name} | {with:?} | {gap:.2} s | {late} |");
                            if gap.max(unheard.unwrap_or_default()) > silence {
                                failed.lock().expect("a lock").push(format!("{name}: silence"));
                            }
                        }
                        Err(_) => failed.lock().expect("a lock").push(name),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("a lock");
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn a_client_of_each_kind_ends_with_a_person_by_the_rules() {
    match std::env::var("MATRIX") {
        Ok(at_a_time) => play_all(Case::all(), at_a_time.parse().expect("MATRIX: how many at a time"), 0.4),
        Err(_) => play_all(Case::some(), 4, f64::INFINITY),
    }
}
