//! What keys and buttons do. One rule, [`Screen::can`], says what is possible now; what is not does nothing.

use super::keys::{Deed, KEYS};
use super::targets::{How, moved};
use super::words::BREAKS;
use super::{Act, Field, Key, Press, Screen, State, Wish, palette};
use crate::agent::Intent;
use crate::instant::Instant;
use crate::phone::LineId;
use jiff::Zoned;

/// Who calls hears busy; a queue turns to the next operator.
const BUSY: u16 = 486;

impl Screen {
    pub(super) fn on_press(&mut self, now: Instant, wall: &Zoned, press: Press) {
        match press.key {
            Key::Escape if press.is_plain() => return self.on_act(now, wall, Act::Close),
            Key::Enter if press.is_plain() => return self.on_enter(now, wall),
            Key::Enter if self.transfer.is_open && self.can_transfer() && self.palette.is_none() => {
                let how = if press.control { How::OtherWay } else { How::Consult };
                return self.transfer_chosen(now, wall.date(), how);
            }
            Key::Up | Key::Down if press.is_plain() => {
                return self.move_mark(now, press.key == Key::Down, wall);
            }
            Key::Character(c) if !press.control && !press.alt => {
                return self.on_character(now, wall, press, c);
            }
            _ => {}
        }
        if let Some(index) = press.nth().filter(|_| press.alt && !press.control && !press.shift) {
            return self.on_nth(now, wall, index);
        }
        let deed = KEYS.iter().find(|(bound, deed)| *bound == press && self.can_do(deed));
        if let Some((_, deed)) = deed {
            self.carry_out(now, wall, deed.clone());
        }
    }

    /// Who it is comes before whom to pass them to. A key that is struck twice must not pass on who was chosen by it.
    fn on_nth(&mut self, now: Instant, wall: &Zoned, index: usize) {
        if self.asks_who_it_is() {
            self.on_act(now, wall, Act::ChooseClient(index));
        } else if self.transfer.asks.is_some() || !self.has_just_been_chosen(now) {
            self.on_act(now, wall, Act::TransferTo(index));
        }
    }

    /// While no field has the keyboard: digits for the far end, or a result.
    fn on_character(&mut self, now: Instant, wall: &Zoned, press: Press, c: char) {
        let act = match press.nth() {
            _ if self.keypad.is_some() => Act::Digit(c),
            // Digits that were meant for the call that has just ended are no result.
            Some(index) if self.may_pick_by_key(now) => Act::Result(index),
            _ => return,
        };
        self.on_act(now, wall, act);
    }

    /// Never answers, dials or hangs up by itself.
    fn on_enter(&mut self, now: Instant, wall: &Zoned) {
        if let Some(open) = &self.palette {
            self.on_act(now, wall, Act::PaletteRun(open.chosen));
        } else if self.transfer.is_open && self.can_transfer() {
            self.transfer_chosen(now, wall.date(), How::CompanysWay);
        } else {
            self.on_act(now, wall, Act::FinishWrapUp);
        }
    }

    fn move_mark(&mut self, now: Instant, down: bool, wall: &Zoned) {
        if let Some(open) = &self.palette {
            let rows = self.palette_rows(open, wall);
            let chosen = moved(open.chosen, down, rows.len());
            let words = rows.into_iter().nth(chosen).map(|(row, _)| row.spoken());
            if let Some(open) = &mut self.palette {
                open.chosen = chosen;
            }
            self.wishes.extend(words.map(Wish::Announce));
        } else if self.transfer.is_open {
            self.move_in_targets(now, down, wall.date());
        }
    }

    pub(super) fn can_do(&self, deed: &Deed) -> bool {
        match deed {
            Deed::Act(act) => self.can(act),
            Deed::Call(_) => self.can_dial(),
            Deed::Pass(_) => self.can_transfer(),
            Deed::Client(_) => self.config.has_desk,
            Deed::NewClient(_) => self.can_write_down(),
            Deed::Focus(Field::Note) => self.can_note(),
            Deed::Focus(_) | Deed::Region { .. } | Deed::Zoom(_) | Deed::NextTheme => true,
        }
    }

    pub(super) fn can(&self, act: &Act) -> bool {
        let state = self.state();
        match act {
            Act::Answer | Act::Reject => state == State::Ringing,
            Act::AnswerWaiting | Act::RejectWaiting => self.waiting().is_some(),
            Act::AnswerFirst => self.can(&Act::Answer) || self.can(&Act::AnswerWaiting),
            Act::AnswerLine(line) | Act::RejectLine(line) => self.rings(*line),
            Act::HangUp => {
                matches!(state, State::Dialing | State::Talking | State::OnHold | State::Transferring)
            }
            Act::Hold => matches!(state, State::Talking | State::OnHold | State::Transferring),
            Act::Swap => {
                self.other().is_some()
                    && matches!(state, State::Talking | State::OnHold | State::Transferring)
            }
            Act::Mute | Act::Keypad => state == State::Talking,
            Act::Record => self.can_record(),
            Act::RefuseRecording => self.can_refuse_recording(),
            Act::Digit(digit) => {
                state == State::Talking && self.keypad.is_some() && crate::media::is_digit(*digit)
            }
            Act::Transfer | Act::TransferQuery(_) | Act::TransferTo(_) | Act::TransferTyped => {
                self.can_transfer()
            }
            Act::Topic => self.can_pick_topics(),
            Act::Join => self.can_join(),
            Act::Conference => self.view.conference.is_some() || self.two_talk(),
            Act::CallColleague(_) => !self.can_transfer() && self.can_dial(),
            Act::Dial => self.can_dial() && !self.dial.text.trim().is_empty(),
            Act::Redial(row) => self.can_dial() && self.recent.number(*row).is_some(),
            Act::ChooseClient(index) => self.can_choose_client(*index),
            Act::PickUp => self.can_pick_up_somebody(),
            Act::PickUpFrom(extension) => self.can_pick_up(extension),
            Act::Park => self.can_park(),
            Act::TakeFirstParked => self.can_take_parked(self.first_parked()),
            Act::TakeParked(index) => self.can_take_parked(*index),
            Act::JoinQueue(on) => self.can_join_queue(*on),
            Act::Ready => self.duty.is_away(),
            Act::Break(reason) => *reason < BREAKS.len(),
            Act::Result(_) | Act::FinishWrapUp => state == State::WrapUp,
            Act::NoteEdited(_) => self.can_note(),
            Act::PaletteQuery(_) | Act::PaletteRun(_) => self.palette.is_some(),
            Act::Retry => !self.is_registered(),
            Act::Order | Act::Orders => self.can_order(),
            Act::OpenNews => self.needs_operator(),
            Act::CallClient => self.can_call_client(),
            Act::CallBack => self.can_call_back(),
            Act::OrderTyped(_)
            | Act::OrderEnter
            | Act::OrderMove { .. }
            | Act::OrderChoice(_)
            | Act::OrderLine(_)
            | Act::OrderDrop
            | Act::OrderStep(_)
            | Act::OrderOffer(_)
            | Act::NextOffer
            | Act::NoOffers
            | Act::RepeatOrder
            | Act::UsualOrder
            | Act::PlaceOrder
            | Act::DropDraft => self.can_in_order(act),
            Act::DialEdited(_)
            | Act::DoNotDisturb
            | Act::MissedOnly(_)
            | Act::Palette
            | Act::Close
            | Act::Settings
            | Act::Quit
            | Act::Call(_) => true,
        }
    }

    pub(super) fn on_act(&mut self, now: Instant, wall: &Zoned, act: Act) {
        if !self.can(&act) || (matches!(act, Act::HangUp | Act::Reject) && self.card_has_just_turned(now)) {
            return;
        }
        match act {
            Act::Answer => self.want_on(self.front, |line| Intent::Answer { line }),
            Act::Reject => self.want_on(self.front, |line| Intent::Reject { line, status: BUSY }),
            Act::AnswerWaiting => self.want_on(self.waiting(), |line| Intent::Answer { line }),
            Act::RejectWaiting => self.want_on(self.waiting(), |line| Intent::Reject { line, status: BUSY }),
            Act::AnswerFirst => {
                let line = self.front.filter(|_| self.state() == State::Ringing).or_else(|| self.waiting());
                self.want_on(line, |line| Intent::Answer { line });
            }
            Act::AnswerLine(line) => self.want(Intent::Answer { line }),
            Act::RejectLine(line) => self.want(Intent::Reject { line, status: BUSY }),
            Act::HangUp => self.want_on(self.front, |line| Intent::HangUp { line }),
            Act::Hold if self.state() == State::Talking => {
                self.want_on(self.front, |line| Intent::Hold { line });
            }
            Act::Hold => self.want_on(self.front, |line| Intent::Resume { line }),
            // Whoever talks goes on hold by that.
            Act::Swap => self.want_on(self.other(), |line| Intent::Resume { line }),
            Act::Mute => self.want(Intent::Mute { on: !self.view.muted }),
            Act::Record => self.record(),
            Act::RefuseRecording => self.refuse_recording(),
            Act::Keypad => self.turn_keypad(),
            Act::Digit(digit) => self.send_digit(digit),
            Act::Transfer => {
                if !self.transfer.is_open {
                    self.transfer.open();
                    self.ask_what_rules_need();
                }
                self.focus(Field::Transfer);
            }
            Act::Topic => self.ask_next_topic(),
            Act::Join => self.join(),
            Act::Conference => {
                let on = self.view.conference.is_none();
                self.want(Intent::Conference { on });
            }
            Act::TransferQuery(query) => self.transfer.search(query),
            Act::TransferTo(index) => self.transfer_to(now, index, wall.date()),
            Act::TransferTyped => self.transfer_typed(),
            Act::CallColleague(index) => self.call_colleague(now, index, wall.date()),
            Act::DialEdited(text) => {
                self.give_more_time(now);
                self.edit_dial(&text);
            }
            Act::NoteEdited(text) => self.edit_note(now, &text),
            Act::Dial => self.dial_typed(),
            Act::Redial(row) => {
                if let Some(number) = self.recent.number(row) {
                    self.call_number(number);
                }
            }
            Act::ChooseClient(index) => self.choose_client(index),
            Act::PickUp => self.pick_up_first(),
            Act::PickUpFrom(extension) => self.pick_up(extension),
            Act::Park => self.park(),
            Act::TakeFirstParked => self.take_parked(self.first_parked()),
            Act::TakeParked(index) => self.take_parked(index),
            Act::JoinQueue(on) => self.want(Intent::JoinQueue { on }),
            Act::Ready => self.be_ready(now),
            Act::Break(reason) => self.take_break(now, reason),
            Act::DoNotDisturb => self.toggle_do_not_disturb(now),
            Act::CallClient => self.call_client(),
            Act::CallBack => self.call_back(wall),
            Act::Result(index) => self.pick_result(index),
            Act::FinishWrapUp => self.finish_wrap_up(),
            Act::Order
            | Act::Orders
            | Act::OpenNews
            | Act::OrderTyped(_)
            | Act::OrderEnter
            | Act::OrderMove { .. }
            | Act::OrderChoice(_)
            | Act::OrderLine(_)
            | Act::OrderDrop
            | Act::OrderStep(_)
            | Act::OrderOffer(_)
            | Act::NextOffer
            | Act::NoOffers
            | Act::RepeatOrder
            | Act::UsualOrder
            | Act::PlaceOrder
            | Act::DropDraft => self.order_act(now, wall, act),
            Act::MissedOnly(only) => self.recent.missed_only = only,
            Act::Palette => {
                self.palette = Some(palette::Open::default());
                self.focus(Field::Palette);
            }
            Act::PaletteQuery(query) => {
                self.give_more_time(now);
                let was_away = self.palette.as_ref().is_some_and(|open| open.was_away);
                self.palette = Some(palette::Open { query, was_away, ..palette::Open::default() });
                self.search_clients();
            }
            Act::PaletteRun(row) => self.run_in_palette(now, wall, row),
            Act::Close => self.close(now),
            Act::Retry => self.want(Intent::Register),
            Act::Settings => self.wishes.push_back(Wish::Settings),
            Act::Quit => self.wishes.push_back(Wish::Quit),
            Act::Call(link) => self.take_link(&link),
        }
    }

    fn carry_out(&mut self, now: Instant, wall: &Zoned, deed: Deed) {
        match deed {
            Deed::Act(act) => self.on_act(now, wall, act),
            Deed::Focus(field) => {
                if matches!(field, Field::Card | Field::Calls | Field::Note) {
                    self.put_order_aside();
                }
                self.focus(field);
            }
            Deed::Region { back } => self.wishes.push_back(Wish::Region { back }),
            Deed::Zoom(step) => self.wishes.push_back(Wish::Zoom(step)),
            Deed::NextTheme => self.wishes.push_back(Wish::NextTheme),
            Deed::Call(number) => self.call_number(number),
            Deed::Pass(target) => self.pass_to(target),
            Deed::Client(client) => self.look_up(client),
            Deed::NewClient(name) => self.write_down(wall, name),
        }
    }

    fn run_in_palette(&mut self, now: Instant, wall: &Zoned, row: usize) {
        let deed = self.palette.as_ref().and_then(|open| self.palette_rows(open, wall).into_iter().nth(row));
        // Whoever is faster than the desk waits for its answer, with the keyboard where it is.
        let waits = self.palette.as_ref().is_some_and(|open| matches!(open.found, palette::Found::Asked));
        if deed.is_none() && waits {
            return;
        }
        self.palette = None;
        if let Some((_, deed)) = deed {
            self.carry_out(now, wall, deed);
        }
    }

    /// One level up.
    fn close(&mut self, now: Instant) {
        if self.palette.take().is_some() || self.keypad.take().is_some() || self.transfer.stop_asking() {
            return;
        }
        if self.transfer.is_open {
            self.transfer.close();
        } else if self.order_is_open() || self.looked_up.is_none() {
            self.leave_order(now);
        } else {
            self.looked_up = None;
        }
    }

    fn turn_keypad(&mut self) {
        if self.keypad.take().is_none() {
            self.keypad = Some(String::new());
            self.focus(Field::Keypad);
        }
    }

    fn send_digit(&mut self, digit: char) {
        if let Some(sent) = &mut self.keypad {
            sent.push(digit);
            self.want_on(self.front, |line| Intent::Digits { line, digits: digit.to_string() });
        }
    }

    fn want_on(&mut self, line: Option<LineId>, intent: impl FnOnce(LineId) -> Intent) {
        if let Some(line) = line {
            self.want(intent(line));
        }
    }
}
