//! Whatever comes in whatever order, the window stands and the keyboard stays where it is.

use super::*;
use crate::desk_api::Sought;
use crate::media::{AudioDirection, NoAudioCause};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

struct Chance(ChaCha20Rng);

impl Chance {
    fn below(&mut self, end: u32) -> u32 {
        self.0.next_u32() % end
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u32) as usize]
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn event(&mut self) -> phone::Event {
        use phone::Event as E;
        let line = LineId(1 + self.below(3));
        let target = (*self.of(&["201", "202", OTHER, "what is this"])).to_owned();
        let by = *self.of(&[Side::Us, Side::Them]);
        let direction = *self.of(&[AudioDirection::In, AudioDirection::Out]);
        let number = self.yes().then(|| target.clone());
        let caller = Caller {
            withheld: number.is_none(),
            number,
            name: self.yes().then(|| "N".into()),
            ..Caller::default()
        };
        let call_id = format!("call-{}", self.below(1000));
        let status = *self.of(&[None, Some(404), Some(486), Some(503)]);
        match self.below(18) {
            0 | 1 => E::RingingIn { line, call_id, caller, replaces: None },
            2 => E::Dialing { line, call_id, target },
            3 => E::RingingOut { line, status: 180, early_media: self.yes() },
            4 | 5 => E::Answered { line, codec: Codec::Pcma, took: Duration::ZERO, automatic: false },
            6 => E::Held { line, by },
            7 => E::Resumed { line, by },
            8 => E::TransferStarted { line, target, way: phone::TransferWay::Blind },
            9 => E::TransferProgress { line, target, status: 180 },
            10 => E::Transferred { line, target, outcome: TransferOutcome::Joined },
            11 => {
                let client = *self.of(&[ClientIs::Kept, ClientIs::Lost, ClientIs::Unknown]);
                let why = TransferFault::TargetFailed;
                E::TransferFailed { line, target, status, reason: String::new(), client, why }
            }
            12 => E::Returned { line },
            13 => E::NoAudio { line, direction, cause: NoAudioCause::NothingArrives },
            14 => self.of(&[registered(), no_answer_from_pbx(3), E::Unregistered]).clone(),
            15 => E::ConnectedTo { line, party: caller },
            _ => {
                let outcome = *self.of(&[CallOutcome::Completed, CallOutcome::Missed, CallOutcome::Failed]);
                let (by, talked) = (EndedBy::Them, Duration::from_secs(5));
                E::Ended { line, by, outcome, status, reason: None, retry_after: None, talked }
            }
        }
    }

    fn press(&mut self) -> Press {
        let key = match self.below(6) {
            0 => *self.of(&[Key::Enter, Key::Escape, Key::Up, Key::Down]),
            1 | 2 => Key::Character(*self.of(&['1', '3', '9', 'k', 'd', 'b', 'l', '*', '0', '+', 'ж'])),
            _ => Key::Function(1 + self.below(12) as u8),
        };
        let rarely = |chance: &mut Self| chance.below(4) == 0;
        Press { key, control: rarely(self), alt: rarely(self), shift: rarely(self) }
    }

    fn act(&mut self) -> Act {
        let index = self.below(14) as usize;
        let text = (*self.of(&["", "2", "kim", "89161234567", "+7", "петр"])).to_owned();
        match self.below(20) {
            13 => Act::NoteEdited(text),
            14 => Act::Order,
            15 => Act::OrderTyped(
                (*self.of(&["tea", "3 tea", "1", "2", "9", "sugar", "30 p", "", "5.5. 14:00"])).to_owned(),
            ),
            16 => Act::OrderEnter,
            17 => self
                .of(&[
                    Act::OrderMove { down: true },
                    Act::OrderMove { down: false },
                    Act::OrderLine(index % 3),
                    Act::OrderStep(index % 9),
                    Act::OrderOffer(index % 4),
                    Act::OrderDrop,
                    Act::CallClient,
                ])
                .clone(),
            18 => self
                .of(&[
                    Act::PlaceOrder,
                    Act::NextOffer,
                    Act::NoOffers,
                    Act::RepeatOrder,
                    Act::UsualOrder,
                    Act::DropDraft,
                    Act::OrderChoice(index),
                ])
                .clone(),
            0 => Act::TransferQuery(text),
            1 => Act::TransferTo(index),
            2 => Act::DialEdited(text),
            3 => Act::Dial,
            4 => Act::Redial(index),
            5 => Act::ChooseClient(index),
            6 => Act::Break(index),
            7 => Act::Ready,
            8 => Act::Result(index),
            9 => Act::MissedOnly(self.yes()),
            10 => Act::PaletteQuery(text),
            11 => Act::PaletteRun(index),
            12 => Act::Digit('5'),
            _ => Act::Close,
        }
    }

    fn input(&mut self) -> Input {
        let line = LineId(1 + self.below(3));
        match self.below(12) {
            0..=4 => Input::Agent(Event::Phone(self.event())),
            5 => {
                let clients = [hanbit(), client("Alpha", "petrov")];
                let clients = clients[..self.below(3) as usize].to_vec();
                let source = *self.of(&[Source::Cache, Source::Desk]);
                let answer = match self.yes() {
                    true => CardAnswer::Found { clients, source, age: Duration::from_secs(9) },
                    false => CardAnswer::Unavailable { why: Unavailable::Slow },
                };
                Input::Agent(Event::Card {
                    line,
                    card: AgentCard { answer, took: Duration::ZERO, handed_over: None },
                })
            }
            6..=7 => Input::Press(self.press()),
            8..=9 => Input::Act(self.act()),
            10 => self
                .of(&[
                    Input::Act(Act::Call("tel:201".into())),
                    Input::Language(Language::Korean),
                    Input::Directory(Err(Unavailable::Down)),
                    Input::Directory(Ok(directory())),
                    Input::Calls(Ok(Vec::new())),
                    Input::Agent(Event::CardTaken { line: FIRST }),
                    Input::Terms { client: hanbit().id, answer: Ok(Box::new(super::orders::terms())) },
                    Input::Terms { client: hanbit().id, answer: Err(Unavailable::Down) },
                    Input::Clients {
                        text: "kim".into(),
                        answer: Ok(vec![hanbit(), client("Alpha", "petrov")]),
                    },
                    Input::Products {
                        client: hanbit().id,
                        what: Sought::Words("tea".into()),
                        answer: Ok(Vec::new()),
                    },
                ])
                .clone(),
            _ => Input::Tick,
        }
    }
}

#[test]
fn no_order_of_inputs_breaks_the_window_or_moves_the_keyboard_by_itself() {
    for seed in 0..40 {
        let mut chance = Chance(ChaCha20Rng::seed_from_u64(seed));
        let mut world = World::new();
        let mut takes_calls = true;
        for _ in 0..200 {
            let input = chance.input();
            let by_operator = match &input {
                Input::Press(_) => true,
                Input::Act(act) => !matches!(act, Act::Call(_)),
                _ => false,
            };
            let said = format!("seed {seed}: {input:?}");
            world.now = world.now + Duration::from_millis(u64::from(chance.below(4000)));
            world.handle(input);
            for wish in std::mem::take(&mut world.wishes) {
                match wish {
                    Wish::Focus(_) => assert!(by_operator, "{said}"),
                    Wish::Intent(Intent::TakeCalls { on }) => {
                        assert_ne!(on, takes_calls, "{said}: twice");
                        takes_calls = on;
                    }
                    _ => {}
                }
            }
            let shown = world.shown();
            assert!(
                *shown.lists == world.screen.lists(world.now, &wall(world.now)),
                "{said}: rows of before"
            );
            assert!(shown.lists.hints.len() <= 7 && shown.lists.targets.rows.len() <= 40, "{said}");
            assert!(
                shown.lists.hints.iter().all(|hint| !hint.key.is_empty() && !hint.label.is_empty()),
                "{said}"
            );
            let keys: std::collections::BTreeSet<&str> =
                shown.lists.hints.iter().map(|hint| hint.key.as_str()).collect();
            assert_eq!(keys.len(), shown.lists.hints.len(), "{said}: a key twice");
            assert!(shown.lists.verbs.iter().all(|verb| !verb.label.is_empty()), "{said}");
            if let Some(palette) = &shown.lists.palette {
                assert!(palette.rows.iter().all(|row| !row.label.is_empty()), "{said}");
                assert!(palette.chosen < palette.rows.len().max(1), "{said}");
            }
            assert_eq!(shown.wrap_up.is_some(), shown.state == State::WrapUp, "{said}");
        }
    }
}
