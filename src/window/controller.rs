//! Between the screen, which decides, the window, which draws, and the telephone, which acts. All of it in the window's thread.

use super::announcements::{Announcements, Manner};
use super::keys;
use super::options::Options;
use super::picture::Picture;
use super::setup::SetupForm;
use super::stage::Rehearsal;
use super::telephone::{Account, Heard, Telephone};
use super::tray::Tray;
use super::{Beginning, ui};
use crate::agent::{CardAnswer, Event, Source};
use crate::audio::{Change, Role, SoundFault};
use crate::config::TransferMode;
use crate::desk_api::{OrderNews, ProspectNews, TaskNews};
use crate::desktop::hotkey::{self, Grabbed};
use crate::desktop::notice::{self, Notices, Pressed};
use crate::instant::Instant;
use crate::phone::LineId;
use crate::screen::{Act, Field, Input, Level, Offers, Screen, ScreenConfig, Sound, State, Trouble, Wish};
use crate::secrets::Secret;
use crate::shell::{DeskTrouble, Notice, Process};
use crate::text::Catalogue;
use jiff::Zoned;
use jiff::tz::TimeZone;
use slint::ComponentHandle;
use slint::winit_030::WinitWindowAccessor as _;
use slint::winit_030::winit::window::UserAttentionType;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// How many earlier calls the list begins with.
const EARLIER_CALLS: u32 = 200;

pub struct Controller {
    process: Process,
    zone: TimeZone,
    /// In tests alone.
    rehearsal: Option<Rc<Rehearsal>>,
    pub(super) window: ui::OperatorWindow,
    pub(super) screen: Screen,
    picture: Picture,
    tray: Option<Tray>,
    notices: Option<Notices>,
    /// Held for as long as the window lives.
    answer_key: Option<Grabbed>,
    pub(super) telephone: Option<Telephone>,
    /// To start once more with, where no network was there.
    pub(super) account: Option<Account>,
    pub(super) desk_token: Option<Secret>,
    /// Of orders, while no telephone had started.
    unwritten: Vec<Write>,
    /// Which telephone is the present one: what earlier ones still say is not heard.
    generation: u64,
    /// Starts once more after a while.
    retry: slint::Timer,
    pub(super) announcements: Announcements,
    /// As the desktop was last told.
    pub(super) asks_for_attention: bool,
    pub(super) options: Options,
    pub(super) setup: SetupForm,
}

/// Something to be written, of a telephone that may not have started.
type Write = Box<dyn FnOnce(&crate::shell::Remote)>;

/// The one that the callbacks of the window share.
#[derive(Clone)]
pub struct Shared(pub(super) Rc<RefCell<Controller>>);

thread_local! {
    /// For what other threads send into the window's.
    static SHARED: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// Does this in the window's thread; nothing where the window is gone.
pub fn in_window(work: impl FnOnce(&Shared) + Send + 'static) {
    // Fails only when the event loop has ended: nobody is there to see it.
    let _ = slint::invoke_from_event_loop(move || here(work));
}

/// Does this now, in the window's thread: for timers, which fire there.
pub(super) fn here(work: impl FnOnce(&Shared)) {
    let shared = SHARED.with_borrow(Clone::clone);
    if let Some(shared) = shared {
        work(&shared);
    }
}

impl Shared {
    pub fn new(
        process: Process,
        window: ui::OperatorWindow,
        beginning: &Beginning,
        rehearsal: Option<Rc<Rehearsal>>,
    ) -> Self {
        let zone = TimeZone::system();
        let (now, wall) = time(rehearsal.as_deref(), process, &zone);
        let options = Options::new(beginning);
        let screen = Screen::new(now, wall, screen_config(&options, seed(rehearsal.as_deref(), process)));
        let controller = Controller {
            process,
            picture: Picture::new(&window),
            screen,
            zone,
            rehearsal,
            tray: None,
            notices: None,
            answer_key: None,
            telephone: None,
            account: None,
            desk_token: None,
            unwritten: Vec::new(),
            generation: 0,
            retry: slint::Timer::default(),
            announcements: Announcements::default(),
            asks_for_attention: false,
            options,
            setup: SetupForm::default(),
            window,
        };
        let shared = Self(Rc::new(RefCell::new(controller)));
        SHARED.set(Some(shared.clone()));
        shared.listen();
        shared.refresh();
        shared
    }

    /// Tray and notifications; without a session bus there are none.
    pub fn greet_desktop(&self) {
        self.grab_answer_key();
        let tray = Tray::new(self);
        let notices =
            Notices::start(|line, pressed| in_window(move |shared| shared.on_pressed(LineId(line), pressed)));
        let mut controller = self.0.borrow_mut();
        controller.tray = tray;
        controller.notices = Some(notices);
    }

    /// The key that answers from anywhere, if the settings ask for one.
    fn grab_answer_key(&self) {
        let Some(key) = self.0.borrow().options.settings.answer_key.clone() else { return };
        let environment = |name: &str| std::env::var(name).ok();
        match hotkey::grab(&key, environment, || in_window(Shared::answer_from_anywhere)) {
            Ok(grabbed) => self.0.borrow_mut().answer_key = Some(grabbed),
            Err(fault) => self.answer(fault.say(&self.cat(), &key), true),
        }
    }

    /// Who is on the card first, and of two who ring never both.
    fn answer_from_anywhere(&self) {
        self.act(Act::AnswerFirst);
    }

    /// Starts the telephone, after the one before it has said goodbye.
    pub fn start_telephone(&self, account: Account) {
        let (process, generation) = {
            let mut controller = self.0.borrow_mut();
            controller.retry.stop();
            controller.generation += 1;
            if let Some(old) = controller.telephone.take() {
                old.finish();
            }
            controller.account = Some(account.clone());
            (controller.process, controller.generation)
        };
        let tell = move |heard| in_window(move |shared| shared.on_heard(generation, heard));
        match Telephone::start(process, account, tell) {
            Ok(telephone) => self.0.borrow_mut().telephone = Some(telephone),
            Err(error) => tracing::error!(%error, "no telephone"),
        }
    }

    /// After a while, unless another account is begun with before.
    pub(super) fn start_later(&self, after: Duration) {
        let again = || in_window(Self::start_again);
        self.0.borrow().retry.start(slint::TimerMode::SingleShot, after, again);
    }

    fn start_again(&self) {
        let account = self.0.borrow().account.clone();
        if let Some(account) = account {
            self.start_telephone(account);
        }
    }

    fn on_heard(&self, generation: u64, heard: Heard) {
        if self.0.borrow().generation != generation {
            // A telephone that was given up: dropping its remote ends it.
            return;
        }
        match heard {
            Heard::Started(remote) => {
                {
                    let mut controller = self.0.borrow_mut();
                    remote.devices();
                    if controller.options.has_desk() {
                        remote.fetch_directory();
                        remote.fetch_calls(EARLIER_CALLS);
                        remote.fetch_drafts();
                        remote.watch_orders();
                    }
                    std::mem::take(&mut controller.unwritten).into_iter().for_each(|write| write(&remote));
                    if let Some(telephone) = &mut controller.telephone {
                        telephone.started(remote);
                    }
                }
                self.input(Input::NewTelephone);
            }
            Heard::Failed(fault) => self.on_start_fault(&fault),
            Heard::Gone => {
                tracing::error!("the telephone broke down; another one starts");
                self.forget_calls();
                self.wait_for_line();
            }
            Heard::Notice(notice) => self.on_notice(*notice),
        }
    }

    /// What stood on a telephone that is gone stands no more: the window could not even be closed.
    fn forget_calls(&self) {
        let mut controller = self.0.borrow_mut();
        let former = controller.begin_again();
        controller.screen.take_orders_of(former);
    }

    fn on_notice(&self, notice: Notice) {
        match notice {
            Notice::Agent(event) => {
                if let Event::Card { card, .. } = &event
                    && matches!(card.answer, CardAnswer::Found { source: Source::Desk, .. })
                {
                    self.input(Input::Trouble(Trouble::Register { waiting: false }));
                }
                self.on_registration(&event);
                self.input(Input::Agent(event));
            }
            Notice::Directory(answer) => self.input(Input::Directory(answer)),
            Notice::Calls(answer) => self.input(Input::Calls(answer)),
            Notice::Chain { question, answer } => self.input(Input::Chain { question, answer }),
            Notice::Terms { client, answer } => self.input(Input::Terms { client, answer }),
            Notice::Products { client, what, answer } => {
                self.input(Input::Products { client, what, answer });
            }
            Notice::Clients { text, answer } => self.input(Input::Clients { text, answer }),
            Notice::Order(news) => {
                match news {
                    OrderNews::Answered(_) => {
                        self.input(Input::Trouble(Trouble::Register { waiting: false }));
                    }
                    OrderNews::Kept { .. } => self.input(Input::Trouble(Trouble::Disk { missing: false })),
                    _ => {}
                }
                self.input(Input::Order(news));
            }
            Notice::Drafts(answer) => self.input(Input::Drafts(answer)),
            Notice::Orders { client, answer } => self.input(Input::Orders { client, answer }),
            Notice::OrderEntry(answer) => self.input(Input::OrderEntry(answer)),
            Notice::OrderWatch(told) => self.input(Input::OrderWatch(told)),
            Notice::Task(news) => {
                if matches!(news, TaskNews::Answered(_)) {
                    self.input(Input::Trouble(Trouble::Register { waiting: false }));
                }
                self.input(Input::Task(news));
            }
            Notice::Prospect(news) => {
                if matches!(news, ProspectNews::Answered(_)) {
                    self.input(Input::Trouble(Trouble::Register { waiting: false }));
                }
                self.input(Input::Prospect(news));
            }
            Notice::Levels { microphone, earpiece } => {
                let levels = (Level(microphone), Level(earpiece));
                if self.show_test_levels(levels) {
                    return;
                }
                self.input(Input::Levels { microphone: levels.0, earpiece: levels.1 });
            }
            Notice::Device(Change { role, device }) => {
                let missing = device.is_none();
                match role {
                    Role::Microphone => self.input(Input::Trouble(Trouble::Microphone { missing })),
                    Role::Earpiece => self.input(Input::Trouble(Trouble::Earpiece { missing })),
                    Role::Ringer => {}
                }
                self.list_devices();
            }
            Notice::Devices { inputs, outputs } => self.show_devices(inputs, outputs),
            Notice::SoundTest(test) => self.show_sound_test(test),
            Notice::Desk(DeskTrouble::NoDisk) => self.input(Input::Trouble(Trouble::Disk { missing: true })),
            Notice::Desk(_) => self.input(Input::Trouble(Trouble::Register { waiting: true })),
            Notice::Sound { line, fault } => {
                let lost = match fault {
                    SoundFault::Voice => Sound::Voice,
                    SoundFault::Record(_) => Sound::Recording,
                };
                self.input(Input::Trouble(Trouble::Sound { line, lost }));
            }
            Notice::Ready { .. } | Notice::Stopped(_) => {}
        }
    }

    /// Whether a field or a row has it.
    fn on_key(&self, event: &slint::language::KeyEvent, typed: bool) -> bool {
        keys::press(event, typed).is_some_and(|press| self.handle(Input::Press(press)))
    }

    pub fn act(&self, act: Act) {
        self.input(Input::Act(act));
    }

    pub fn input(&self, input: Input) {
        self.handle(input);
    }

    /// Whether anything is to be done.
    fn handle(&self, input: Input) -> bool {
        let mut wishes = Vec::new();
        {
            let mut controller = self.0.borrow_mut();
            let (now, wall) = controller.time();
            controller.screen.handle(now, &wall, input);
            while let Some(wish) = controller.screen.poll_wish() {
                wishes.push(wish);
            }
            controller.draw(now, &wall);
            if controller.call_stands() {
                // Never over a call.
                controller.window.global::<ui::Setup>().set_shown(false);
            }
        }
        let any = !wishes.is_empty();
        // Not while the controller is borrowed: what the window does may call back.
        for wish in wishes {
            self.grant(wish);
        }
        any
    }

    pub fn refresh(&self) {
        self.input(Input::Tick);
    }

    fn grant(&self, wish: Wish) {
        let window = self.0.borrow().window.clone_strong();
        if let Some(rehearsal) = &self.0.borrow().rehearsal {
            rehearsal.keep(&wish);
        }
        match wish {
            Wish::Intent(intent) => self.with_remote(|remote| remote.intent(intent)),
            Wish::FetchDirectory => self.with_remote(|remote| remote.fetch_directory()),
            Wish::FetchChain(question) => self.with_remote(|remote| remote.fetch_chain(question)),
            Wish::FetchCalls => self.with_remote(|remote| remote.fetch_calls(EARLIER_CALLS)),
            Wish::FetchTerms(client) => self.with_remote(|remote| remote.fetch_terms(client)),
            Wish::FindProducts { client, what, day } => {
                self.with_remote(|remote| remote.find_products(client, what, day));
            }
            Wish::FindClients(text) => self.with_remote(|remote| remote.find_clients(text)),
            Wish::KeepOrder(order) => self.write(Box::new(move |remote| remote.keep_order(order))),
            Wish::PlaceOrder { id, revision } => {
                self.write(Box::new(move |remote| remote.place_order(id, revision)));
            }
            Wish::ActOnOrder { id, act, reason } => {
                self.write(Box::new(move |remote| remote.act_on_order(id, act, reason)));
            }
            Wish::FetchDrafts => self.with_remote(|remote| remote.fetch_drafts()),
            Wish::FetchOrders(client) => self.with_remote(|remote| remote.fetch_orders(client)),
            Wish::FetchOrder(id) => self.with_remote(|remote| remote.fetch_order(id)),
            Wish::AskFor(task) => self.write(Box::new(move |remote| remote.ask_for(task))),
            Wish::WriteDown(prospect) => self.write(Box::new(move |remote| remote.write_down(prospect))),
            Wish::Focus(field) => focus(&window, field),
            Wish::Alert(alert) => {
                if let Some(notices) = &self.0.borrow().notices {
                    notices.show(notice::Alert {
                        line: alert.line.0,
                        title: alert.title,
                        body: alert.body,
                        answer: alert.answer,
                        reject: alert.reject,
                    });
                }
            }
            Wish::AlertOver(line) => {
                if let Some(notices) = &self.0.borrow().notices {
                    notices.over(line.0);
                }
            }
            Wish::Announce(text) => self.announce(text, Manner::Assertive),
            Wish::Mention(text) => self.announce(text, Manner::Polite),
            Wish::Zoom(sign) => self.zoom(sign),
            Wish::NextTheme => self.next_theme(),
            Wish::Region { back } => window.invoke_next_region(back),
            Wish::Settings => {
                window.global::<ui::Options>().set_page(ui::Page::Settings);
                self.list_devices();
            }
            Wish::Quit => self.quit(),
        }
    }

    pub(super) fn with_remote(&self, use_it: impl FnOnce(&crate::shell::Remote)) {
        let controller = self.0.borrow();
        if let Some(remote) = controller.telephone.as_ref().and_then(Telephone::remote) {
            use_it(remote);
        }
    }

    /// What is written of orders waits for a telephone where there is none yet.
    fn write(&self, write: Write) {
        let mut controller = self.0.borrow_mut();
        match controller.telephone.as_ref().and_then(Telephone::remote) {
            Some(remote) => write(remote),
            None => controller.unwritten.push(write),
        }
    }

    fn on_pressed(&self, line: LineId, pressed: Pressed) {
        match pressed {
            Pressed::Answer => self.act(Act::AnswerLine(line)),
            Pressed::Reject => self.act(Act::RejectLine(line)),
            Pressed::Body => self.show_window(),
        }
    }

    /// In front of all others, with the keyboard: for whoever asked for it, never for a call.
    pub fn show_window(&self) {
        let window = self.0.borrow().window.clone_strong();
        if let Err(error) = window.show() {
            tracing::warn!(%error, "the window cannot be shown");
        }
        window.window().set_minimized(false);
        self.keep_in_sight();
        window.window().with_winit_window(|window| window.focus_window());
    }

    /// A client is never dropped by closing a window: while a call stands it only goes out of sight.
    pub fn quit(&self) {
        let (window, stands) = {
            let controller = self.0.borrow();
            (controller.window.clone_strong(), controller.call_stands())
        };
        if stands {
            window.window().set_minimized(true);
            return;
        }
        let _ = window.hide();
        // Fails only where no event loop runs.
        let _ = slint::quit_event_loop();
    }

    /// The last thing: the telephone says goodbye, and the window's place is kept.
    pub fn finish(&self) {
        self.remember();
        // The result of the last call is kept, too.
        self.act(Act::FinishWrapUp);
        let telephone = {
            let mut controller = self.0.borrow_mut();
            controller.generation += 1;
            controller.telephone.take()
        };
        if let Some(telephone) = telephone {
            telephone.finish();
        }
        SHARED.set(None);
    }

    fn listen(&self) {
        let controller = self.0.borrow();
        let window = &controller.window;
        let screen = window.global::<ui::Screen>();
        let on = |act: fn(&Shared, i32)| {
            let shared = self.clone();
            move |index: i32| act(&shared, index)
        };
        screen.on_verb(on(|shared, at| {
            shared.by_place(at, |shown, at| Some(shown.lists.verbs.get(at)?.act.clone()))
        }));
        screen.on_choose_line(on(|shared, at| {
            shared.by_place(at, |shown, at| Some(shown.lists.line_menu.get(at)?.act.clone()));
        }));
        screen.on_bar(on(|shared, at| {
            shared.by_place(at, |shown, at| Some(shown.bars.get(at)?.act.as_ref()?.1.clone()));
        }));
        screen.on_waiting_verb(on(|shared, at| {
            shared.by_place(at, |shown, at| {
                let waiting = shown.waiting.as_ref()?;
                Some(if at == 0 { waiting.answer.act.clone() } else { waiting.reject.act.clone() })
            });
        }));
        screen.on_transfer_to(on(|shared, at| {
            shared.by_place(at, |shown, at| {
                Some(if shown.lists.targets.enabled { Act::TransferTo(at) } else { Act::CallColleague(at) })
            });
        }));
        screen.on_redial(on(|shared, at| shared.indexed(at, Act::Redial)));
        screen.on_choose_client(on(|shared, at| shared.indexed(at, Act::ChooseClient)));
        screen.on_result(on(|shared, at| shared.indexed(at, Act::Result)));
        screen.on_order_choice(on(|shared, at| shared.indexed(at, Act::OrderChoice)));
        screen.on_order_line(on(|shared, at| shared.indexed(at, Act::OrderLine)));
        screen.on_order_step(on(|shared, at| shared.indexed(at, Act::OrderStep)));
        screen.on_order_offer(on(|shared, at| shared.indexed(at, Act::OrderOffer)));
        let shared = self.clone();
        screen.on_order_move(move |down| shared.act(Act::OrderMove { down }));
        screen.on_palette_run(on(|shared, at| shared.indexed(at, Act::PaletteRun)));
        let plain = |act: Act| {
            let shared = self.clone();
            move || shared.act(act.clone())
        };
        screen.on_swap(plain(Act::Swap));
        screen.on_transfer_typed(plain(Act::TransferTyped));
        screen.on_ask_topic(plain(Act::Topic));
        screen.on_dial_now(plain(Act::Dial));
        screen.on_finish_wrap_up(plain(Act::FinishWrapUp));
        screen.on_order_enter(plain(Act::OrderEnter));
        screen.on_order_drop(plain(Act::OrderDrop));
        screen.on_order_place(plain(Act::PlaceOrder));
        screen.on_open_palette(plain(Act::Palette));
        screen.on_close(plain(Act::Close));
        let typed = |act: fn(String) -> Act| {
            let shared = self.clone();
            move |text: slint::SharedString| shared.act(act(text.into()))
        };
        screen.on_transfer_query(typed(Act::TransferQuery));
        screen.on_dial_edited(typed(Act::DialEdited));
        screen.on_note_edited(typed(Act::NoteEdited));
        screen.on_order_typed(typed(Act::OrderTyped));
        screen.on_palette_edited(typed(Act::PaletteQuery));
        let shared = self.clone();
        screen.on_digit(move |digit| {
            if let Some(digit) = digit.chars().next() {
                shared.act(Act::Digit(digit));
            }
        });
        screen.on_is_digit(|text| {
            let mut characters = text.chars();
            matches!((characters.next(), characters.next()), (Some('0'..='9' | '*' | '#'), None))
        });
        let shared = self.clone();
        screen.on_show_missed_only(move |on| shared.act(Act::MissedOnly(on)));
        let shared = self.clone();
        screen.on_key(move |event, typed| shared.on_key(&event, typed));
        let shared = self.clone();
        window.on_choose(move |by| {
            shared.steer(if by > 0 { crate::screen::Key::Down } else { crate::screen::Key::Up })
        });
        let shared = self.clone();
        window.on_run_chosen(move || shared.steer(crate::screen::Key::Enter));
        let shared = self.clone();
        window.window().on_close_requested(move || {
            shared.quit();
            slint::CloseRequestResponse::KeepWindowShown
        });
        drop(controller);
        self.listen_to_options();
        self.listen_to_setup();
    }

    /// Arrows and Enter in a field that steers a list.
    fn steer(&self, key: crate::screen::Key) {
        let press = crate::screen::Press { key, control: false, alt: false, shift: false };
        self.input(Input::Press(press));
    }

    fn indexed(&self, at: i32, act: fn(usize) -> Act) {
        if let Ok(at) = usize::try_from(at) {
            self.act(act(at));
        }
    }

    /// What stands at this place of the picture that was clicked.
    fn by_place(&self, at: i32, find: impl FnOnce(&crate::screen::Shown, usize) -> Option<Act>) {
        let act = {
            let controller = self.0.borrow();
            usize::try_from(at).ok().and_then(|at| find(controller.picture.last()?, at))
        };
        if let Some(act) = act {
            self.act(act);
        }
    }

    pub(super) fn cat(&self) -> Catalogue {
        Catalogue::new(self.0.borrow().options.language())
    }
}

impl Controller {
    fn time(&self) -> (Instant, Zoned) {
        time(self.rehearsal.as_deref(), self.process, &self.zone)
    }

    fn draw(&mut self, now: Instant, wall: &Zoned) {
        let shown = self.screen.shown(now, wall);
        if let Some(tray) = &mut self.tray {
            tray.draw(&shown);
        }
        self.options.ticks(shown.ticks);
        self.ask_for_attention(shown.state == State::Ringing || shown.waiting.is_some());
        self.picture.draw(shown);
    }

    /// While it rings and another window is in front.
    fn ask_for_attention(&mut self, rings: bool) {
        let window = self.window.window();
        let in_front = window.with_winit_window(|window| window.has_focus()).unwrap_or(false);
        let asks = rings && !in_front;
        if std::mem::replace(&mut self.asks_for_attention, asks) != asks {
            let request = asks.then_some(UserAttentionType::Critical);
            window.with_winit_window(|window| window.request_user_attention(request));
        }
    }

    pub(super) fn call_stands(&self) -> bool {
        self.screen.call_stands()
    }

    /// With nothing of what stood; that is given back.
    pub(super) fn begin_again(&mut self) -> Screen {
        let (now, wall) = self.time();
        let seed = seed(self.rehearsal.as_deref(), self.process);
        let new = Screen::new(now, wall, screen_config(&self.options, seed));
        std::mem::replace(&mut self.screen, new)
    }

    pub(super) fn tray_mut(&mut self) -> Option<&mut Tray> {
        self.tray.as_mut()
    }
}

fn focus(window: &ui::OperatorWindow, field: Field) {
    match field {
        Field::Dial => window.invoke_focus_dial(),
        Field::Transfer => window.invoke_focus_transfer(),
        Field::Results => window.invoke_focus_results(),
        Field::Calls => window.invoke_focus_calls(),
        Field::Card => window.invoke_focus_card(),
        Field::Note => window.invoke_focus_note(),
        Field::Order => window.invoke_focus_order(),
        // They take the keyboard when they open.
        Field::Palette | Field::Keypad => {}
    }
}

/// Since the start, and of the day.
fn time(rehearsal: Option<&Rehearsal>, process: Process, zone: &TimeZone) -> (Instant, Zoned) {
    match rehearsal {
        Some(rehearsal) => rehearsal.time(),
        None => (process.now(), process.wall().to_zoned(zone.clone())),
    }
}

/// For the identities of orders. Where the system gives no chance no telephone starts, and nothing is written to a desk.
fn seed(rehearsal: Option<&Rehearsal>, process: Process) -> [u8; 32] {
    match rehearsal {
        Some(_) => [0; 32],
        None => process.seed().unwrap_or_default(),
    }
}

fn screen_config(options: &Options, seed: [u8; 32]) -> ScreenConfig {
    let settings = &options.settings;
    ScreenConfig {
        language: options.language(),
        numbering: settings.numbering.clone(),
        wrap_up: settings.wrap_up.unwrap_or(super::WRAP_UP),
        has_desk: options.has_desk(),
        lacks_desk_token: settings.desk.is_some() && !options.has_desk(),
        extension: settings.user.clone().unwrap_or_default(),
        lines: settings.lines.unwrap_or(2).into(),
        passes_blindly: settings.transfer == Some(TransferMode::Blind),
        offers: Offers {
            watch: settings.watch.unwrap_or(true),
            pick_up: settings.pickup.is_some(),
            park: settings.park.is_some(),
            queue: settings.queue_pause.is_some() && settings.queue_resume.is_some(),
            log_in: settings.queue_log_in.is_some() && settings.queue_log_out.is_some(),
        },
        seed,
    }
}
