//! Draws the screen's picture: what has changed since the last one is handed to the window, row by row, so that the
//! keyboard stays in the row where it is.

use super::ui;
use crate::screen::{self, Lists, Shown};
use slint::{ComponentHandle, ModelRc, SharedString, VecModel};
use std::rc::Rc;
use std::time::Duration;

/// By then a picture is drawn.
const SETTLED: Duration = Duration::from_millis(50);

pub struct Picture {
    window: slint::Weak<ui::OperatorWindow>,
    last: Option<Shown>,
    line_menu: List<ui::Choice>,
    bars: List<ui::Bar>,
    notes: List<ui::Word>,
    verbs: List<ui::Verb>,
    targets: List<ui::Target>,
    chips: List<ui::Word>,
    card_rows: List<ui::Row>,
    candidates: List<ui::Candidate>,
    calls: List<ui::RecentCall>,
    results: List<ui::CallResult>,
    order_choices: List<ui::OrderChoice>,
    order_lines: List<ui::OrderRow>,
    order_sums: List<ui::Row>,
    order_offers: List<ui::OrderOffer>,
    order_steps: List<ui::OrderStep>,
    palette: List<ui::PaletteRow>,
    hints: List<ui::Hint>,
}

/// Rows that the window holds by reference.
struct List<T>(Rc<VecModel<T>>);

impl<T: Clone + PartialEq + 'static> List<T> {
    fn new() -> Self {
        Self(Rc::new(VecModel::default()))
    }

    fn model(&self) -> ModelRc<T> {
        ModelRc::from(self.0.clone())
    }

    fn show(&self, rows: impl Iterator<Item = T>) {
        use slint::Model;
        let mut count = 0;
        for row in rows {
            match self.0.row_data(count) {
                Some(old) if old == row => {}
                Some(_) => self.0.set_row_data(count, row),
                None => self.0.push(row),
            }
            count += 1;
        }
        while self.0.row_count() > count {
            self.0.remove(self.0.row_count() - 1);
        }
    }
}

impl Picture {
    pub fn new(window: &ui::OperatorWindow) -> Self {
        let picture = Self {
            window: window.as_weak(),
            last: None,
            line_menu: List::new(),
            bars: List::new(),
            notes: List::new(),
            verbs: List::new(),
            targets: List::new(),
            chips: List::new(),
            card_rows: List::new(),
            candidates: List::new(),
            calls: List::new(),
            results: List::new(),
            order_choices: List::new(),
            order_lines: List::new(),
            order_sums: List::new(),
            order_offers: List::new(),
            order_steps: List::new(),
            palette: List::new(),
            hints: List::new(),
        };
        let screen = window.global::<ui::Screen>();
        screen.set_line_menu(picture.line_menu.model());
        screen.set_bars(picture.bars.model());
        screen.set_notes(picture.notes.model());
        screen.set_verbs(picture.verbs.model());
        screen.set_targets(picture.targets.model());
        screen.set_chips(picture.chips.model());
        screen.set_card_rows(picture.card_rows.model());
        screen.set_candidates(picture.candidates.model());
        screen.set_calls(picture.calls.model());
        screen.set_results(picture.results.model());
        screen.set_order_choices(picture.order_choices.model());
        screen.set_order_lines(picture.order_lines.model());
        screen.set_order_sums(picture.order_sums.model());
        screen.set_order_offers(picture.order_offers.model());
        screen.set_order_steps(picture.order_steps.model());
        screen.set_palette(picture.palette.model());
        screen.set_hints(picture.hints.model());
        picture
    }

    /// What was drawn last: clicks are meant for it.
    pub fn last(&self) -> Option<&Shown> {
        self.last.as_ref()
    }

    pub fn draw(&mut self, shown: Shown) {
        if self.last.as_ref() == Some(&shown) {
            return;
        }
        let Some(window) = self.window.upgrade() else { return };
        let closed = |open: fn(&Shown) -> bool| self.last.as_ref().is_some_and(open) && !open(&shown);
        // They have had the keyboard, and are gone or out of sight at once.
        let transfer = window.get_transfer_has_keyboard() && closed(|shown| shown.lists.targets.enabled);
        // What is typed about one call must not go on in the note about another.
        let noted = |shown: &Shown| shown.note.as_ref().map(|note| note.call_id.clone());
        let note = window.get_note_has_keyboard() && self.last.as_ref().map(noted) != Some(noted(&shown));
        // Nor must what is typed into one order.
        let ordered = |shown: &Shown| shown.lists.order.as_ref().map(|order| order.id.clone());
        let order =
            window.get_order_has_keyboard() && self.last.as_ref().map(ordered) != Some(ordered(&shown));
        if transfer || note || order || closed(|shown| shown.lists.palette.is_some()) {
            window.invoke_focus_nothing();
        }
        window.set_caption(text(&shown.title));
        let screen = window.global::<ui::Screen>();
        screen.set_state(state(shown.state));
        screen.set_line(word(&shown.line));
        screen.set_line_detail(text(&shown.line_detail));
        screen.set_waiting(shown.waiting.as_ref().map(waiting).unwrap_or_default());
        screen.set_call(call(&shown.call));
        screen.set_other(shown.other.as_ref().map(other).unwrap_or_default());
        let meters = shown.meters.unwrap_or_default();
        screen.set_has_meters(shown.meters.is_some());
        screen.set_microphone(i32::from(meters.microphone));
        screen.set_earpiece(i32::from(meters.earpiece));
        screen.set_muted(meters.muted);
        let voice = shown.voice.as_ref();
        screen.set_heard_here(voice.and_then(|voice| voice.here.as_ref()).map(word).unwrap_or_default());
        screen.set_heard_there(voice.and_then(|voice| voice.there.as_ref()).map(word).unwrap_or_default());
        screen.set_keypad_open(shown.keypad.is_some());
        screen.set_keypad(text(shown.keypad.as_deref().unwrap_or_default()));
        screen.set_dial(text(&shown.dial));
        screen.set_dial_fault(text(&shown.dial_fault));
        screen.set_can_dial(shown.can_dial);
        screen.set_note_open(shown.note.is_some());
        screen.set_note(text(shown.note.as_ref().map_or("", |note| &note.text)));
        screen.set_note_key(text(shown.note.as_ref().map_or("", |note| &note.key)));
        screen.set_wrapping_up(shown.wrap_up.is_some());
        screen.set_countdown(text(shown.wrap_up.as_ref().map_or("", |wrap_up| &wrap_up.countdown)));
        self.bars.show(shown.bars.iter().map(bar));
        self.notes.show(shown.call.notes.iter().map(word));
        self.results.show(shown.wrap_up.iter().flat_map(|wrap_up| wrap_up.results.iter().map(result)));
        if !self.last.as_ref().is_some_and(|last| Rc::ptr_eq(&last.lists, &shown.lists)) {
            self.show_lists(&screen, &shown.lists);
            self.keep_keyboard();
        }
        self.last = Some(shown);
    }

    fn show_lists(&self, screen: &ui::Screen<'_>, lists: &Lists) {
        screen.set_counters(text(&lists.counters));
        screen.set_targets_heading(text(&lists.targets.heading));
        screen.set_targets_topic(text(&lists.targets.topic));
        screen.set_targets_topic_key(text(&lists.targets.topic_key));
        screen.set_targets_need(text(&lists.targets.need));
        screen.set_targets_enabled(lists.targets.enabled);
        screen.set_targets_can_call(lists.targets.can_call);
        screen.set_targets_query(text(&lists.targets.query));
        screen.set_targets_note(text(&lists.targets.note));
        screen.set_card_title(text(&lists.card.title));
        screen.set_card_note(text(&lists.card.note));
        screen.set_card_past(lists.card.past);
        screen.set_card_remark(text(&lists.card.remark));
        screen.set_missed_only(lists.calls.missed_only);
        screen.set_calls_note(text(&lists.calls.note));
        self.line_menu.show(lists.line_menu.iter().map(choice));
        self.verbs.show(lists.verbs.iter().map(verb));
        self.targets.show(lists.targets.rows.iter().map(target));
        self.chips.show(lists.card.chips.iter().map(word));
        self.card_rows.show(lists.card.rows.iter().map(row));
        self.candidates.show(lists.card.candidates.iter().map(candidate));
        self.calls.show(lists.calls.rows.iter().map(recent_call));
        self.palette.show(lists.palette.iter().flat_map(|palette| palette.rows.iter().map(palette_row)));
        self.hints.show(lists.hints.iter().map(hint));
        let form = lists.order.as_ref();
        screen.set_order(form.map(order).unwrap_or_default());
        self.order_choices.show(form.iter().flat_map(|form| form.choices.iter().map(order_choice)));
        self.order_lines.show(form.iter().flat_map(|form| form.lines.iter().map(order_row)));
        self.order_sums.show(form.iter().flat_map(|form| form.sums.iter().map(row)));
        self.order_offers.show(form.iter().flat_map(|form| form.offers.iter().map(order_offer)));
        self.order_steps.show(form.iter().flat_map(|form| form.steps.iter().map(order_step)));
        // Last: it puts the keyboard into its field when it opens.
        let palette = lists.palette.as_ref();
        screen.set_palette_query(text(palette.map_or("", |palette| &palette.query)));
        screen.set_palette_note(text(palette.map_or("", |palette| &palette.note)));
        screen.set_palette_chosen(palette.map_or(0, |palette| palette.chosen as i32));
        screen.set_palette_open(palette.is_some());
    }

    /// The row or button that has the keyboard may go with what it stood for, and Slint hands keys to nobody then: the
    /// window takes them. Once the rows are really gone, which is after the picture is drawn.
    fn keep_keyboard(&self) {
        let window = self.window.clone();
        slint::Timer::single_shot(SETTLED, move || {
            if let Some(window) = window.upgrade()
                && keyboard_is_lost(window.window())
            {
                window.invoke_focus_nothing();
            }
        });
    }
}

/// Nothing public tells; the field is as old as Slint 1.
fn keyboard_is_lost(window: &slint::Window) -> bool {
    let window = slint::private_unstable_api::re_exports::WindowInner::from_pub(window);
    window.focus_item.borrow().upgrade().is_none()
}

fn text(text: &str) -> SharedString {
    text.into()
}

fn state(state: screen::State) -> ui::CallState {
    match state {
        screen::State::Ready => ui::CallState::Ready,
        screen::State::Away => ui::CallState::Away,
        screen::State::Ringing => ui::CallState::Ringing,
        screen::State::Dialing => ui::CallState::Dialing,
        screen::State::Talking => ui::CallState::Talking,
        screen::State::OnHold => ui::CallState::OnHold,
        screen::State::Transferring => ui::CallState::Transferring,
        screen::State::WrapUp => ui::CallState::WrapUp,
    }
}

fn tone(tone: screen::Tone) -> ui::Tone {
    match tone {
        screen::Tone::Neutral => ui::Tone::Neutral,
        screen::Tone::Good => ui::Tone::Good,
        screen::Tone::Warning => ui::Tone::Warning,
        screen::Tone::Bad => ui::Tone::Bad,
        screen::Tone::Busy => ui::Tone::Busy,
        screen::Tone::Hold => ui::Tone::Hold,
    }
}

fn word(word: &screen::Word) -> ui::Word {
    ui::Word { tone: tone(word.tone), text: text(&word.text) }
}

fn verb(verb: &screen::Verb) -> ui::Verb {
    let weight = match verb.weight {
        screen::Weight::Go => ui::VerbWeight::Go,
        screen::Weight::Stop => ui::VerbWeight::Stop,
        screen::Weight::Plain => ui::VerbWeight::Plain,
    };
    ui::Verb {
        label: text(&verb.label),
        key: text(&verb.key),
        weight,
        enabled: verb.enabled,
        active: verb.active,
    }
}

fn choice(choice: &screen::Choice) -> ui::Choice {
    ui::Choice { label: text(&choice.label), chosen: choice.chosen }
}

fn bar(bar: &screen::Bar) -> ui::Bar {
    let button = bar.act.as_ref().map_or("", |(label, _)| label);
    ui::Bar { tone: tone(bar.tone), text: text(&bar.text), button: text(button), key: text(&bar.key) }
}

fn waiting(waiting: &screen::Waiting) -> ui::Strip {
    ui::Strip {
        shown: true,
        text: text(&waiting.text),
        time: text(&waiting.time),
        first: verb(&waiting.answer),
        second: verb(&waiting.reject),
    }
}

fn other(other: &screen::Other) -> ui::Strip {
    ui::Strip {
        shown: true,
        text: text(&other.text),
        time: text(&other.time),
        first: verb(&other.swap),
        ..ui::Strip::default()
    }
}

fn call(call: &screen::Call) -> ui::Call {
    ui::Call {
        state: text(&call.state),
        time: text(&call.time),
        who: text(&call.who),
        name: text(&call.name),
        detail: text(&call.detail),
    }
}

fn target(target: &screen::Target) -> ui::Target {
    ui::Target {
        name: text(&target.name),
        state: word(&target.state),
        detail: text(&target.detail),
        tone: tone(target.tone),
        picks: target.picks,
        key: text(&target.key),
        chosen: target.chosen,
        spoken: text(&target.spoken),
    }
}

fn row(row: &screen::Row) -> ui::Row {
    ui::Row { key: text(&row.key), value: text(&row.value), tone: tone(row.tone) }
}

fn candidate(candidate: &screen::Candidate) -> ui::Candidate {
    ui::Candidate {
        name: text(&candidate.name),
        detail: text(&candidate.detail),
        key: text(&candidate.key),
        chosen: candidate.chosen,
    }
}

fn order(form: &screen::OrderForm) -> ui::OrderForm {
    ui::OrderForm {
        open: true,
        title: text(&form.title),
        prompt: text(&form.prompt),
        text: text(&form.text),
        takes_digits: form.takes_digits,
        mistake: text(&form.mistake),
        choices_note: text(&form.choices_note),
        offers_heading: text(&form.offers_heading),
        status: word(&form.status),
        can_place: form.place.is_some(),
        place: form.place.as_ref().map(verb).unwrap_or_default(),
    }
}

fn order_choice(choice: &screen::OrderChoice) -> ui::OrderChoice {
    ui::OrderChoice {
        key: text(&choice.key),
        label: text(&choice.label),
        detail: text(&choice.detail),
        tone: tone(choice.tone),
        chosen: choice.chosen,
        spoken: text(&choice.spoken),
    }
}

fn order_row(line: &screen::OrderRow) -> ui::OrderRow {
    ui::OrderRow {
        name: text(&line.name),
        quantity: text(&line.quantity),
        counted: text(&line.counted),
        price: text(&line.price),
        sum: text(&line.sum),
        detail: text(&line.detail),
        fault: text(&line.fault),
        chosen: line.chosen,
        spoken: text(&line.spoken),
    }
}

fn order_offer(offer: &screen::OrderOffer) -> ui::OrderOffer {
    ui::OrderOffer {
        name: text(&offer.name),
        why: text(&offer.why),
        chosen: offer.chosen,
        spoken: text(&offer.spoken),
    }
}

fn order_step(step: &screen::OrderStep) -> ui::OrderStep {
    ui::OrderStep {
        label: text(&step.label),
        value: text(&step.value),
        fault: text(&step.fault),
        chosen: step.chosen,
        spoken: text(&step.spoken),
    }
}

fn recent_call(call: &screen::RecentCall) -> ui::RecentCall {
    ui::RecentCall {
        time: text(&call.time),
        direction: word(&call.direction),
        who: text(&call.who),
        number: text(&call.number),
        length: text(&call.length),
        result: text(&call.result),
        can_redial: call.can_redial,
        spoken: text(&call.spoken),
    }
}

fn result(result: &screen::CallResult) -> ui::CallResult {
    ui::CallResult { key: text(&result.key), label: text(&result.label), chosen: result.chosen }
}

fn palette_row(row: &screen::PaletteRow) -> ui::PaletteRow {
    ui::PaletteRow { label: text(&row.label), detail: text(&row.detail), key: text(&row.key) }
}

fn hint(hint: &screen::Hint) -> ui::Hint {
    ui::Hint { key: text(&hint.key), label: text(&hint.label) }
}
