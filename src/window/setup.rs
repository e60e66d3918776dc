//! The first run: account, PBX and desk from a form, or all of it from a provisioning file or link.

use super::controller::{Shared, in_window};
use super::telephone::Account;
use super::{Secrets, ui};
use crate::agent::Event;
use crate::config::{HostPort, Setting as _, Settings, is_desk_url};
use crate::desktop::{keys, provision};
use crate::domain::number::NumberingPlan;
use crate::phone;
use crate::screen::{self, Act, Input};
use crate::secrets::Secret;
use crate::shell::StartFault;
use crate::sip::Failure;
use crate::text::{Catalogue, Language, say};
use crate::transmit::Transport;
use slint::ComponentHandle;
use std::path::Path;
use std::time::Duration;

/// Where a test call goes unless the settings say otherwise: the practice PBX has its echo there.
const ECHO: &str = "600";

/// How long a network that is not there is waited for.
const AGAIN: Duration = Duration::from_secs(5);

/// What the form waits for.
#[derive(Default)]
pub struct SetupForm {
    /// The account was just set up: whether it works is said in the form.
    waits: bool,
    /// What is not as it should be though it works.
    warning: Option<String>,
}

impl Shared {
    pub(super) fn listen_to_setup(&self) {
        let window = self.0.borrow().window.clone_strong();
        let form = window.global::<ui::Setup>();
        let on = |act: fn(&Self)| {
            let shared = self.clone();
            move || act(&shared)
        };
        form.on_save(on(Self::save_setup));
        form.on_take_file(on(Self::take_file));
        form.on_close(on(|shared| shared.form(|form| form.set_shown(false))));
        form.on_test_call(on(|shared| {
            shared.form(|form| form.set_shown(false));
            let echo = shared.0.borrow().options.settings.echo.clone();
            shared.act(Act::Call(echo.unwrap_or_else(|| ECHO.into())));
        }));
    }

    fn form<T>(&self, with: impl FnOnce(&ui::Setup<'_>) -> T) -> T {
        let window = self.0.borrow().window.clone_strong();
        with(&window.global::<ui::Setup>())
    }

    /// `again`: an account stands already, and the form may be closed.
    pub(super) fn open_setup(&self, again: bool) {
        let (settings, language) = {
            let options = &self.0.borrow().options;
            (options.settings.clone(), options.language())
        };
        let plan = match language {
            Language::Korean if !settings.is_complete() => NumberingPlan::korea(),
            _ => settings.numbering,
        };
        self.form(|form| {
            form.set_country(format!("+{}", plan.country()).into());
            form.set_server(settings.server.map(|server| server.to_string()).unwrap_or_default().into());
            form.set_user(settings.user.unwrap_or_default().into());
            form.set_desk(settings.desk.unwrap_or_default().into());
            form.set_transport(i32::from(settings.transport == Some(Transport::Tcp)));
            form.set_password(Default::default());
            form.set_token(Default::default());
            form.set_said(Default::default());
            form.set_can_close(again);
            form.set_can_test(false);
            form.set_shown(true);
        });
    }

    /// What the settings do not say has been found, or why not; too late where another account was set up meanwhile.
    pub(super) fn on_secrets(&self, secrets: Secrets) {
        let settings = {
            let mut controller = self.0.borrow_mut();
            if controller.account.is_some() {
                return;
            }
            controller.desk_token = secrets.desk_token.clone();
            controller.options.settings.clone()
        };
        if !settings.is_complete() {
            return;
        }
        match secrets.password {
            Ok(password) => {
                let lacks_token = settings.desk.is_some() && secrets.desk_token.is_none();
                self.begin(settings, password, secrets.desk_token);
                // Else what was wished of the screen already stays with it.
                if lacks_token {
                    self.0.borrow_mut().begin_again();
                    self.refresh();
                }
            }
            Err(words) => {
                // Before the keyboard comes there, so that a screen reader says it then.
                self.form(|form| form.set_password_fault(words.into()));
                self.open_setup(false);
                self.show_window();
            }
        }
    }

    fn save_setup(&self) {
        let Some((settings, password, token)) = self.read_form() else { return };
        let kept_token = {
            let controller = self.0.borrow();
            let before = &controller.options.settings.desk;
            let for_this_desk = before.is_none() || *before == settings.desk;
            controller.desk_token.clone().filter(|_| for_this_desk)
        };
        // An empty field leaves the token as it is.
        let desk_token = token.clone().or(kept_token);
        if !self.begin_with(settings.clone(), password.clone(), desk_token) {
            return;
        }
        self.keep(|kept| {
            kept.server = settings.server.clone();
            kept.user = settings.user.clone();
            kept.transport = settings.transport;
            kept.desk = settings.desk.clone();
            kept.password_file = settings.password_file.clone();
            kept.auth_user = settings.auth_user.clone();
            kept.domain = settings.domain.clone();
            kept.realm = settings.realm.clone();
            if kept.numbering.country() != settings.numbering.country() {
                kept.numbering = settings.numbering.clone();
            }
            kept.proxy = settings.proxy.clone();
        });
        if self.0.borrow().options.places().is_none() {
            return;
        }
        // A store that is locked asks its owner first, for as long as that takes.
        std::thread::spawn(move || {
            let kept = keep_secret(keys::Account::of_password(&settings), &password).and_then(|()| {
                token.as_ref().map_or(Ok(()), |token| keep_secret(keys::Account::of_desk(&settings), token))
            });
            if let Err(fault) = kept {
                // The telephone works all the same, until it is closed.
                in_window(move |shared| {
                    let words = fault.say(&shared.cat());
                    shared.0.borrow_mut().setup.warning = Some(words.clone());
                    shared.say_in_form(words, true);
                });
            }
        });
    }

    /// Each fault stands under its field.
    fn read_form(&self) -> Option<(Settings, Secret, Option<Secret>)> {
        let cat = self.cat();
        let before = self.0.borrow().options.settings.clone();
        self.form(|form| {
            let (server, user) = (form.get_server(), form.get_user());
            let (desk, password) = (form.get_desk(), form.get_password());
            let host = HostPort::parse(server.trim());
            let desk = Some(desk.trim()).filter(|desk| !desk.is_empty());
            let code = form.get_country();
            let code = code.trim();
            let plan = code.strip_prefix('+').unwrap_or(code).parse().ok();
            let plan = plan.and_then(|code| NumberingPlan::new(code).ok());
            let bad_desk = desk.is_some_and(|desk| !is_desk_url(desk));
            let or_none = |bad: bool, words: String| if bad { words.into() } else { Default::default() };
            form.set_server_fault(or_none(
                host.is_none(),
                say!(&cat, "A host name or address, as pbx.example.com or 192.0.2.10:5060."),
            ));
            form.set_user_fault(or_none(
                user.trim().is_empty(),
                say!(&cat, "The extension is missing, as 101."),
            ));
            form.set_password_fault(or_none(password.is_empty(), say!(&cat, "The password is missing.")));
            form.set_country_fault(or_none(
                plan.is_none(),
                say!(&cat, "A country's calling code, as +7 for Russia or +82 for Korea."),
            ));
            form.set_desk_fault(or_none(
                bad_desk,
                say!(&cat, "An address that begins with https://, or nothing."),
            ));
            let (host, plan) = (host?, plan?);
            if user.trim().is_empty() || password.is_empty() || bad_desk {
                return None;
            }
            let same_account =
                before.server.as_ref() == Some(&host) && before.user.as_deref() == Some(user.trim());
            // What belonged to another account would only stand in this one's way.
            let before = match same_account {
                true => before,
                false => Settings { auth_user: None, domain: None, realm: None, proxy: None, ..before },
            };
            let numbering = match plan.country() == before.numbering.country() {
                true => before.numbering.clone(),
                false => plan,
            };
            let settings = Settings {
                server: Some(host),
                user: Some(user.trim().to_owned()),
                transport: (form.get_transport() == 1).then_some(Transport::Tcp),
                desk: desk.map(str::to_owned),
                password_file: None,
                numbering,
                ..before
            };
            let token = Some(form.get_token().to_string()).filter(|token| !token.is_empty());
            Some((settings, Secret::new(password.to_string()), token.map(Secret::new)))
        })
    }

    fn take_file(&self) {
        let (from, file) = {
            let controller = self.0.borrow();
            let Some(file) = controller.options.file().map(Path::to_owned) else { return };
            (controller.window.global::<ui::Setup>().get_file().to_string(), file)
        };
        self.form(|form| form.set_busy(true));
        // It waits for network and key store.
        std::thread::spawn(move || {
            let result = provision::provision(from.trim(), &file);
            in_window(move |shared| {
                shared.form(|form| form.set_busy(false));
                match result {
                    Ok(provision) => {
                        shared.form(|form| form.set_file_fault(Default::default()));
                        let password = provision.password.clone().unwrap_or_else(|| Secret::new(""));
                        let _ = shared.begin_with(provision.settings, password, provision.desk_token);
                    }
                    Err(fault) => {
                        let words = fault.say(&shared.cat());
                        shared.form(|form| form.set_file_fault(words.into()));
                    }
                }
            });
        });
    }

    /// Not while a call stands: it would be cut off.
    fn begin_with(&self, settings: Settings, password: Secret, desk_token: Option<Secret>) -> bool {
        if self.0.borrow().call_stands() {
            self.say_in_form(say!(&self.cat(), "A call stands. Do this again when it is over."), true);
            return false;
        }
        self.form(|form| {
            form.set_password(Default::default());
            form.set_token(Default::default());
        });
        self.begin(settings, password, desk_token);
        {
            let mut controller = self.0.borrow_mut();
            controller.begin_again();
            controller.setup.waits = true;
        }
        self.show_account();
        self.say_in_form(say!(&self.cat(), "Connecting…"), false);
        self.refresh();
        true
    }

    /// With this account, after the one before it has said goodbye.
    fn begin(&self, settings: Settings, password: Secret, desk_token: Option<Secret>) {
        let account = {
            let mut controller = self.0.borrow_mut();
            let has_desk = settings.desk.is_some() && desk_token.is_some();
            controller.desk_token = desk_token.clone();
            controller.options.take_over(settings.clone(), has_desk);
            Account {
                settings,
                password,
                desk_token,
                state_folder: controller.options.state_folder().clone(),
                devices: controller.options.wishes().cloned(),
            }
        };
        self.start_telephone(account);
    }

    fn say_in_form(&self, words: String, bad: bool) {
        self.form(|form| {
            form.set_said(words.into());
            form.set_said_bad(bad);
        });
    }

    /// Whether the account that was just set up works.
    pub(super) fn on_registration(&self, event: &Event) {
        if !self.0.borrow().setup.waits {
            return;
        }
        let cat = self.cat();
        match event {
            Event::Phone(phone::Event::Registered { .. }) => {
                let warning = self.0.borrow_mut().setup.warning.take();
                let works = say!(&cat, "The telephone works: calls ring here now.");
                let bad = warning.is_some();
                self.say_in_form([works].into_iter().chain(warning).collect::<Vec<_>>().join(" "), bad);
                self.form(|form| {
                    form.set_can_close(true);
                    form.set_can_test(true);
                });
                self.0.borrow_mut().setup.waits = false;
            }
            Event::Phone(phone::Event::RegistrationFailed { cause, .. }) => {
                self.say_in_form(screen::why_no_line(&cat, cause), true);
            }
            _ => {}
        }
    }

    /// Nothing was sent at all. A network or name server that is not there yet, as at log-in, is waited for; what cannot
    /// work as it is, is asked for again.
    pub(super) fn on_start_fault(&self, fault: &StartFault) {
        tracing::warn!(?fault, "the telephone did not start");
        let words = start_words(&self.cat(), fault);
        let comes_back = matches!(
            fault,
            StartFault::NameUnknown { .. } | StartFault::NoNameServer { .. } | StartFault::NoRoute { .. }
        );
        if !comes_back || self.0.borrow().setup.waits {
            if !self.form(|form| form.get_shown()) {
                self.open_setup(false);
            }
            // It asks for something: nobody sees that in the tray.
            self.show_window();
            return self.say_in_form(words, true);
        }
        self.wait_for_line();
    }

    /// No telephone runs; another one starts after a while.
    pub(super) fn wait_for_line(&self) {
        self.input(Input::Agent(Event::Phone(phone::Event::RegistrationFailed {
            cause: Failure::Unreachable,
            retry_in: Some(AGAIN),
        })));
        self.start_later(AGAIN);
    }
}

fn start_words(cat: &Catalogue, fault: &StartFault) -> String {
    match fault {
        StartFault::NameUnknown { host } => {
            say!(cat, "There is no host named {host}. Check its spelling.", host = host)
        }
        StartFault::NoNameServer { host } => {
            say!(cat, "No name server answered when asked for {host}. Check the network.", host = host)
        }
        StartFault::NoRoute { server } => {
            say!(cat, "No network leads to {server}. Check the network connection.", server = server)
        }
        StartFault::BadDesk(_) => say!(cat, "The desk's address, token or certificate cannot be used."),
        StartFault::Bind { local, .. } => {
            say!(cat, "The address {local} of the settings cannot be used on this computer.", local = local)
        }
        StartFault::NoServer | StartFault::NoUser => say!(cat, "The account is not complete."),
        StartFault::NoTlsYet => say!(cat, "Transport tls is not there yet. Use udp or tcp."),
        StartFault::NoEntropy | StartFault::NoDevices(_) => {
            say!(cat, "The telephone cannot start on this computer; its log says why.")
        }
    }
}

fn keep_secret(account: Option<keys::Account<'_>>, secret: &Secret) -> Result<(), keys::KeyFault> {
    account.map_or(Ok(()), |account| keys::write(account, secret))
}
