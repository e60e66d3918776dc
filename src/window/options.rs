//! The settings page: looks, language, devices, what the desktop does for us. Looks and language are remembered by the window,
//! devices stand in the settings file.

use super::controller::{Shared, in_window};
use super::{Beginning, ui};
use crate::audio::{Device, Seen, Wish, Wishes};
use crate::config::{AutoSwitch, Places, Settings, Theme};
use crate::desktop::remembered::{self, Remembered};
use crate::desktop::settings_file::{self, NotKept};
use crate::desktop::{autostart, links};
use crate::media::process::{Switch, Wanted};
use crate::screen::Level;
use crate::shell::SoundTest;
use crate::text::{Catalogue, Language, say};
use slint::winit_030::winit::dpi::PhysicalPosition;
use slint::winit_030::winit::event::WindowEvent;
use slint::winit_030::{EventResult, WinitWindowAccessor as _};
use slint::{ComponentHandle, ModelRc, SharedString, VecModel};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// How often the picture is drawn again while time shows in it.
const TICK: Duration = Duration::from_millis(250);
const STEPS: f32 = 24.0;
const ZOOM: std::ops::RangeInclusive<u16> = 100..=200;
const ZOOM_STEP: u16 = 10;
/// Rows of what can be switched.
const SWITCHES: [(Switch, AutoSwitch); 3] =
    [(Switch::Auto, AutoSwitch::Auto), (Switch::On, AutoSwitch::On), (Switch::Off, AutoSwitch::Off)];
/// Rows of how much louder a device is to be, in decibels.
const GAINS: [i8; 9] = [-12, -9, -6, -3, 0, 3, 6, 9, 12];

/// What the page shows, and where it is kept.
pub struct Options {
    pub settings: Settings,
    /// The settings file.
    file: Option<PathBuf>,
    has_desk: bool,
    state_folder: PathBuf,
    /// None: for practice; nothing of the user's is read or written.
    places: Option<Places>,
    remembered: Remembered,
    language: Language,
    theme: Theme,
    zoom: u16,
    wishes: Option<Wishes>,
    inputs: Seen,
    outputs: Seen,
    test: SoundTest,
    ticker: slint::Timer,
}

impl Options {
    pub fn new(beginning: &Beginning) -> Self {
        let remembered = match beginning.places {
            Some(_) => Remembered::read(&beginning.state_folder),
            None => Remembered::default(),
        };
        let settings = &beginning.settings;
        Self {
            has_desk: settings.desk.is_some(),
            state_folder: beginning.state_folder.clone(),
            places: beginning.places.clone(),
            language: beginning.language,
            theme: remembered.theme.or(settings.theme).unwrap_or(Theme::System),
            zoom: remembered.zoom.or(settings.zoom).unwrap_or(100),
            wishes: beginning.devices.clone(),
            inputs: Seen::default(),
            outputs: Seen::default(),
            test: SoundTest::Off,
            ticker: slint::Timer::default(),
            settings: settings.clone(),
            file: beginning.file.clone(),
            remembered,
        }
    }

    pub fn has_desk(&self) -> bool {
        self.has_desk
    }

    fn reduces_motion(&self) -> bool {
        self.remembered.reduce_motion.or(self.settings.reduce_motion).unwrap_or(false)
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub fn places(&self) -> Option<&Places> {
        self.places.as_ref()
    }

    pub fn state_folder(&self) -> &PathBuf {
        &self.state_folder
    }

    pub fn wishes(&self) -> Option<&Wishes> {
        self.wishes.as_ref()
    }

    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Another account than before.
    pub fn take_over(&mut self, settings: Settings, has_desk: bool) {
        self.settings = settings;
        self.has_desk = has_desk;
    }

    /// Whether the picture changes with time alone.
    pub fn ticks(&self, on: bool) {
        if !on {
            self.ticker.stop();
        } else if !self.ticker.running() {
            let tick = || in_window(Shared::refresh);
            self.ticker.start(slint::TimerMode::Repeated, TICK, tick);
        }
    }
}

impl Shared {
    pub(super) fn listen_to_options(&self) {
        let window = self.0.borrow().window.clone_strong();
        let options = window.global::<ui::Options>();
        let on = |act: fn(&Self, i32)| {
            let shared = self.clone();
            move |index: i32| act(&shared, index)
        };
        options.on_choose_language(on(|shared, index| shared.choose_language(index)));
        options.on_choose_theme(on(|shared, index| shared.choose_theme(theme_at(index))));
        options.on_choose_zoom(on(|shared, sign| shared.zoom(if sign > 0 { '+' } else { '-' })));
        options.on_choose_microphone(on(|shared, index| {
            shared.choose_device(index, |wishes| &mut wishes.microphone, true)
        }));
        options.on_choose_earpiece(on(|shared, index| {
            shared.choose_device(index, |wishes| &mut wishes.earpiece, false)
        }));
        options.on_choose_ringer(on(|shared, index| {
            shared.choose_device(index, |wishes| &mut wishes.ringer, false)
        }));
        options.on_choose_echo(on(|shared, index| {
            shared.choose_switch(index, |wanted| &mut wanted.echo, |settings| &mut settings.cancel_echo)
        }));
        options.on_choose_noise(on(|shared, index| {
            shared.choose_switch(index, |wanted| &mut wanted.noise, |settings| &mut settings.suppress_noise)
        }));
        options.on_choose_microphone_gain(on(|shared, index| shared.choose_gain(index, true)));
        options.on_choose_earpiece_gain(on(|shared, index| shared.choose_gain(index, false)));
        let test = |test: SoundTest| {
            let shared = self.clone();
            move || shared.with_remote(|remote| remote.sound_test(test))
        };
        options.on_test_tone(test(SoundTest::Tone));
        options.on_test_ring(test(SoundTest::Ring));
        options.on_test_echo(test(SoundTest::Echo));
        options.on_test_off(test(SoundTest::Off));
        let shared = self.clone();
        options.on_choose_at_login(move |on| shared.choose_at_login(on));
        let shared = self.clone();
        options.on_choose_links(move |on| shared.choose_links(on));
        let shared = self.clone();
        options.on_choose_motion(move |less| {
            let controller = &mut *shared.0.borrow_mut();
            controller.options.remembered.reduce_motion = Some(less);
            controller.window.global::<ui::Options>().set_reduce_motion(less);
        });
        let shared = self.clone();
        options.on_set_up_again(move || shared.open_setup(true));
    }

    /// Everything of the page as it stands, and the window as it looked last time.
    pub(super) fn show_options(&self) {
        let (window, language, theme, zoom, columns) = {
            let controller = self.0.borrow();
            let options = &controller.options;
            let columns = options.remembered.columns.clone();
            (controller.window.clone_strong(), options.language, options.theme, options.zoom, columns)
        };
        let page = window.global::<ui::Options>();
        page.set_version(env!("CARGO_PKG_VERSION").into());
        page.set_reduce_motion(self.0.borrow().options.reduces_motion());
        if let Some(width) = columns.first() {
            window.set_client_width((*width as f32).clamp(260.0, 900.0));
        }
        self.speak(language);
        self.wear(theme);
        page.set_zoom(i32::from(zoom));
        let (at_login, links) = {
            let controller = self.0.borrow();
            let places = controller.options.places.as_ref();
            (places.is_some_and(autostart::is_on), places.is_some_and(links::is_on))
        };
        page.set_at_login(at_login);
        page.set_links(links);
        self.show_account();
        self.show_devices(Seen::default(), Seen::default());
    }

    pub(super) fn show_account(&self) {
        let controller = self.0.borrow();
        let settings = &controller.options.settings;
        let user = settings.user.clone().unwrap_or_default();
        let server = settings.server.as_ref().map(ToString::to_string).unwrap_or_default();
        let account = match &settings.desk {
            Some(desk) => format!("{user} @ {server}, {desk}"),
            None => format!("{user} @ {server}"),
        };
        controller.window.global::<ui::Options>().set_account(account.into());
    }

    fn choose_language(&self, index: i32) {
        let language = usize::try_from(index).ok().and_then(|index| Language::ALL.get(index).copied());
        let Some(language) = language else { return };
        self.0.borrow_mut().options.remembered.language = Some(language);
        self.speak(language);
    }

    fn speak(&self, language: Language) {
        let window = {
            let mut controller = self.0.borrow_mut();
            controller.options.language = language;
            controller.window.clone_strong()
        };
        if let Err(error) = slint::select_bundled_translation(language.code()) {
            tracing::error!(%error, "a language is missing in the window");
        }
        let index = Language::ALL.iter().position(|known| *known == language).unwrap_or_default();
        window.global::<ui::Options>().set_language(index as i32);
        self.relabel_tray();
        self.list_devices();
        self.input(crate::screen::Input::Language(language));
    }

    pub(super) fn next_theme(&self) {
        let next = match self.0.borrow().options.theme {
            Theme::System | Theme::Contrast => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Contrast,
        };
        self.choose_theme(next);
    }

    fn choose_theme(&self, theme: Theme) {
        self.0.borrow_mut().options.remembered.theme = Some(theme);
        self.wear(theme);
    }

    fn wear(&self, theme: Theme) {
        let window = {
            let mut controller = self.0.borrow_mut();
            controller.options.theme = theme;
            controller.window.clone_strong()
        };
        window.global::<ui::Options>().set_theme(theme_index(theme));
        window.invoke_choose_theme(theme_index(theme));
    }

    /// `+`, `-`, or `0` for what the system says.
    pub(super) fn zoom(&self, sign: char) {
        let zoom = {
            let mut controller = self.0.borrow_mut();
            let options = &mut controller.options;
            let zoom = match sign {
                '+' => options.zoom + ZOOM_STEP,
                '-' => options.zoom - ZOOM_STEP,
                _ => *ZOOM.start(),
            };
            options.zoom = zoom.clamp(*ZOOM.start(), *ZOOM.end());
            options.remembered.zoom = Some(options.zoom);
            options.zoom
        };
        self.apply_zoom();
        self.0.borrow().window.global::<ui::Options>().set_zoom(i32::from(zoom));
    }

    /// Everything grows, text and what is around it.
    pub(super) fn apply_zoom(&self) {
        let (window, zoom) = {
            let controller = self.0.borrow();
            (controller.window.clone_strong(), controller.options.zoom)
        };
        let window = window.window();
        let factor = scale(window) * f32::from(zoom) / 100.0;
        if (window.scale_factor() - factor).abs() > f32::EPSILON {
            let size = window.size();
            window.dispatch_event(slint::platform::WindowEvent::ScaleFactorChanged { scale_factor: factor });
            // The window stays as large as it is; what is in it gets less room.
            let size = size.to_logical(factor);
            window.dispatch_event(slint::platform::WindowEvent::Resized { size });
        }
    }

    /// When it appears, or comes to another screen, the window has that one's scale without our zoom.
    pub(super) fn keep_zoom(&self) {
        self.0.borrow().window.window().on_winit_window_event(|_, event| {
            if matches!(event, WindowEvent::ScaleFactorChanged { .. } | WindowEvent::Resized(_)) {
                in_window(Self::apply_zoom);
            }
            EventResult::Propagate
        });
    }

    pub(super) fn list_devices(&self) {
        self.with_remote(|remote| remote.devices());
    }

    pub(super) fn show_devices(&self, inputs: Seen, outputs: Seen) {
        let cat = self.cat();
        let mut controller = self.0.borrow_mut();
        let wishes = controller.options.wishes.clone().unwrap_or_default();
        let page = controller.window.global::<ui::Options>();
        page.set_microphones(list(&cat, &inputs, &wishes.microphone));
        page.set_earpieces(list(&cat, &outputs, &wishes.earpiece));
        page.set_ringers(list(&cat, &outputs, &wishes.ringer));
        page.set_echo(switch_index(wishes.processing.echo));
        page.set_noise(switch_index(wishes.processing.noise));
        let gains = |device| gain_list(&cat, device, &wishes.gain);
        page.set_microphone_gains(gains(in_use(&inputs, &wishes.microphone)));
        page.set_earpiece_gains(gains(in_use(&outputs, &wishes.earpiece)));
        controller.options.inputs = inputs;
        controller.options.outputs = outputs;
    }

    fn choose_device(&self, index: i32, role: fn(&mut Wishes) -> &mut Wish, input: bool) {
        let wishes = {
            let mut controller = self.0.borrow_mut();
            let options = &mut controller.options;
            let seen = if input { &options.inputs } else { &options.outputs };
            // The first row is the system's default.
            let device = usize::try_from(index - 1).ok().and_then(|index| seen.devices.get(index));
            let wish = device.map_or(Wish::Default, |device| Wish::Named(device.id.clone()));
            let Some(wishes) = &mut options.wishes else { return };
            *role(wishes) = wish;
            wishes.clone()
        };
        self.keep(|settings| {
            settings.microphone = name(&wishes.microphone);
            settings.earpiece = name(&wishes.earpiece);
            settings.ringer = name(&wishes.ringer);
        });
        self.use_devices(wishes);
    }

    fn choose_switch(
        &self,
        index: i32,
        role: fn(&mut Wanted) -> &mut Switch,
        setting: fn(&mut Settings) -> &mut Option<AutoSwitch>,
    ) {
        let chosen = usize::try_from(index).ok().and_then(|index| SWITCHES.get(index).copied());
        let Some((switch, kept)) = chosen else { return };
        let wishes = {
            let mut controller = self.0.borrow_mut();
            let Some(wishes) = &mut controller.options.wishes else { return };
            *role(&mut wishes.processing) = switch;
            wishes.clone()
        };
        self.keep(|settings| *setting(settings) = Some(kept));
        self.use_devices(wishes);
    }

    /// Of the device in use: another one has its own.
    fn choose_gain(&self, index: i32, input: bool) {
        let (wishes, device, gain) = {
            let mut controller = self.0.borrow_mut();
            let options = &mut controller.options;
            let Some(wishes) = &mut options.wishes else { return };
            let device = if input {
                in_use(&options.inputs, &wishes.microphone)
            } else {
                in_use(&options.outputs, &wishes.earpiece)
            };
            let Some(device) = device.map(|device| device.id.clone()) else { return };
            let rows = gains(wishes.gain.get(&device).copied());
            let Some(gain) = usize::try_from(index).ok().and_then(|index| rows.get(index).copied()) else {
                return;
            };
            wishes.gain.insert(device.clone(), gain);
            (wishes.clone(), device, gain)
        };
        self.keep(|settings| {
            settings.gain.insert(device.clone(), gain);
        });
        self.use_devices(wishes);
    }

    /// From now on, in a call too; the page shows it.
    fn use_devices(&self, wishes: Wishes) {
        let (inputs, outputs) = {
            let options = &self.0.borrow().options;
            (options.inputs.clone(), options.outputs.clone())
        };
        // At once: a next choice counts in the rows that are shown.
        self.show_devices(inputs, outputs);
        self.with_remote(|remote| remote.use_devices(wishes));
    }

    /// For now, and in the settings file.
    pub(super) fn keep(&self, change: impl Fn(&mut Settings)) {
        let kept = {
            let options = &mut self.0.borrow_mut().options;
            change(&mut options.settings);
            options.file().map_or(Ok(()), |file| settings_file::change(file, change))
        };
        if let Err(why) = kept {
            self.complain(&why);
        }
    }

    fn complain(&self, why: &NotKept) {
        tracing::error!(?why, "a setting could not be kept");
        self.answer(why.say(&self.cat()), true);
    }

    pub(super) fn answer(&self, words: String, bad: bool) {
        let controller = self.0.borrow();
        let page = controller.window.global::<ui::Options>();
        page.set_said(words.into());
        page.set_said_bad(bad);
    }

    fn choose_at_login(&self, on: bool) {
        self.set_on_desktop(on, autostart::set, |page, on| page.set_at_login(on));
    }

    fn choose_links(&self, on: bool) {
        self.set_on_desktop(on, links::set, |page, on| page.set_links(on));
    }

    fn set_on_desktop(
        &self,
        on: bool,
        set: fn(&Places, &std::path::Path, bool) -> std::io::Result<()>,
        show: fn(&ui::Options, bool),
    ) {
        let done = {
            let controller = self.0.borrow();
            let Some(places) = controller.options.places() else { return };
            std::env::current_exe().and_then(|program| set(places, &program, on))
        };
        match done {
            Ok(()) => {
                show(&self.0.borrow().window.global::<ui::Options>(), on);
                self.answer(String::new(), false);
            }
            Err(error) => self.complain(&NotKept::Unwritable(error.kind())),
        }
    }

    /// Whether a sound test runs; its levels are not a call's.
    pub(super) fn show_test_levels(&self, (microphone, earpiece): (Level, Level)) -> bool {
        let controller = self.0.borrow();
        if controller.options.test == SoundTest::Off {
            return false;
        }
        let page = controller.window.global::<ui::Options>();
        page.set_test_microphone(steps(microphone));
        page.set_test_earpiece(steps(earpiece));
        true
    }

    pub(super) fn show_sound_test(&self, test: SoundTest) {
        let mut controller = self.0.borrow_mut();
        controller.options.test = test;
        let page = controller.window.global::<ui::Options>();
        page.set_testing(test != SoundTest::Off);
        page.set_test_microphone(0);
        page.set_test_earpiece(0);
    }

    /// Size, place, looks; for the next time.
    pub(super) fn remember(&self) {
        let controller = self.0.borrow();
        let options = &controller.options;
        if options.places.is_none() {
            return;
        }
        let window = controller.window.window();
        let (size, position) = (window.size(), window.position());
        let column = controller.window.get_client_width();
        let mut remembered = options.remembered.clone();
        if size.width > 0 {
            let size = size.to_logical(scale(window));
            remembered.size = Some((size.width as u32, size.height as u32));
            remembered.position = Some((position.x, position.y));
        }
        remembered.columns = vec![column as u32];
        if let Err(error) = remembered.write(&options.state_folder) {
            tracing::warn!(%error, "the window's place could not be kept");
        }
    }

    /// As large and where it was.
    pub(super) fn place(&self) {
        let (window, remembered) = {
            let controller = self.0.borrow();
            (controller.window.clone_strong(), controller.options.remembered.clone())
        };
        if let Some((width, height)) = remembered.size {
            window.window().set_size(slint::LogicalSize::new(width as f32, height as f32));
        }
        if let Some((x, y)) = remembered.position {
            window.window().set_position(slint::PhysicalPosition::new(x, y));
        }
    }

    /// The screen that it was on may be gone.
    pub(super) fn keep_in_sight(&self) {
        let window = self.0.borrow().window.clone_strong();
        window.window().with_winit_window(|window| {
            let Ok(at) = window.outer_position() else { return };
            let screens = window.available_monitors().map(|screen| {
                let (at, size) = (screen.position(), screen.size());
                ((at.x, at.y), (size.width, size.height))
            });
            let width = window.outer_size().width;
            if let Some((x, y)) = remembered::back_in_sight((at.x, at.y), width, &screens.collect::<Vec<_>>())
            {
                window.set_outer_position(PhysicalPosition::new(x, y));
            }
        });
    }
}

/// Of the screen that the window is on, without our zoom.
fn scale(window: &slint::Window) -> f32 {
    window.with_winit_window(|window| window.scale_factor() as f32).unwrap_or(1.0)
}

fn list(cat: &Catalogue, seen: &Seen, wish: &Wish) -> ui::DeviceList {
    let default = seen.devices.iter().find(|device| Some(&device.id) == seen.default.as_ref());
    let default = match default {
        Some(device) => say!(cat, "As the system: {device}", device = device.name),
        None => say!(cat, "As the system"),
    };
    let names = std::iter::once(default).chain(seen.devices.iter().map(|device| device.name.clone()));
    let names: Vec<SharedString> = names.map(SharedString::from).collect();
    let chosen = wish.find(seen).and_then(|wished| seen.devices.iter().position(|device| device == wished));
    ui::DeviceList {
        names: ModelRc::from(Rc::new(VecModel::from(names))),
        chosen: chosen.map_or(0, |index| index as i32 + 1),
    }
}

fn in_use<'a>(seen: &'a Seen, wish: &Wish) -> Option<&'a Device> {
    let default = || seen.devices.iter().find(|device| Some(&device.id) == seen.default.as_ref());
    wish.find(seen).or_else(default)
}

/// The rows, with what somebody has written into the settings among them.
fn gains(written: Option<i8>) -> Vec<i8> {
    let mut rows: Vec<i8> = GAINS.into_iter().chain(written).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

fn gain_list(cat: &Catalogue, device: Option<&Device>, written: &BTreeMap<String, i8>) -> ui::DeviceList {
    let Some(device) = device else { return ui::DeviceList::default() };
    let gain = written.get(&device.id).copied();
    let rows = gains(gain);
    let chosen = rows.iter().position(|row| *row == gain.unwrap_or(0)).unwrap_or_default();
    let names = rows.into_iter().map(|row| match row {
        0 => say!(cat, "as it comes"),
        row => say!(cat, "{decibels} dB", decibels = format!("{row:+}")),
    });
    let names: Vec<SharedString> = names.map(SharedString::from).collect();
    ui::DeviceList { names: ModelRc::from(Rc::new(VecModel::from(names))), chosen: chosen as i32 }
}

fn switch_index(switch: Switch) -> i32 {
    SWITCHES.iter().position(|(known, _)| *known == switch).unwrap_or_default() as i32
}

fn name(wish: &Wish) -> Option<String> {
    match wish {
        Wish::Default => None,
        Wish::Named(name) => Some(name.clone()),
    }
}

fn steps(level: Level) -> i32 {
    (level.0.clamp(0.0, 1.0) * STEPS).round() as i32
}

fn theme_at(index: i32) -> Theme {
    match index {
        1 => Theme::Light,
        2 => Theme::Dark,
        3 => Theme::Contrast,
        _ => Theme::System,
    }
}

fn theme_index(theme: Theme) -> i32 {
    match theme {
        Theme::System => 0,
        Theme::Light => 1,
        Theme::Dark => 2,
        Theme::Contrast => 3,
    }
}
