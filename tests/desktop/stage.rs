//! A desktop of the test's own: screen, window manager, message bus, accessibility bus, headset, PBX and order desk. Everything
//! is started here and ends with it; programs learn of it by their environment alone.

use crate::desk::Desk;
use crate::pbx::Pbx;
use crate::session::BUS;
use crate::sound_server::SoundServer;
use crate::telephone::program;
use crate::{now, seconds, until};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Starting takes its time where six tests start at once.
const START: Duration = seconds(30);
pub const OPERATOR: &str = "101";
/// The first client of the desk's sample, and his manager's extension.
pub const CLIENT: &str = "+79160000001";
pub const CLIENT_NAME: &str = "ООО «Северный ветер»";
pub const MANAGER: &str = "201";
pub const MANAGER_NAME: &str = "Иванова Анна";

/// A program beside the test: asked to end, and ended by its id if it does not.
pub struct Beside(pub Child);

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let deadline = now() + seconds(5);
        while now() < deadline && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Fields end in this order: who needs another goes first.
pub struct Stage {
    _others: Vec<Beside>,
    pub desk: Desk,
    pub sound: SoundServer,
    display: String,
    bus: String,
    home: PathBuf,
    /// Whose telephone the window is.
    operator: &'static str,
    pub pbx: Pbx,
}

impl Stage {
    pub fn set() -> Self {
        Self::set_for(OPERATOR)
    }

    pub fn set_for(operator: &'static str) -> Self {
        let pbx = Pbx::start();
        let home = pbx.scratch.path().join("home");
        std::fs::create_dir_all(home.join("run")).expect("a directory");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(home.join("run"), private).expect("permissions");
        let (server, display) = x_server();
        let (daemon, bus) = bus(&home);
        let desk = Desk::start(&pbx, 300);
        let sound = SoundServer::start(pbx.scratch.path(), &["headset"]);
        sound.make_default("headset");
        let mut stage = Self { _others: Vec::new(), desk, sound, display, bus, home, operator, pbx };
        let manager = stage.beside(Command::new("openbox").args(["--sm-disable"]));
        stage.until_manager();
        let mut launcher = Command::new("/usr/libexec/at-spi-bus-launcher");
        let reading = stage.beside(launcher.args(["--launch-immediately", "--a11y=1", "--screen-reader=1"]));
        stage.until_named("org.a11y.Bus");
        stage._others = vec![reading, manager, server, daemon];
        stage
    }

    /// A program that sees this desktop alone.
    pub fn env<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.home).env("XDG_RUNTIME_DIR", self.home.join("run"));
        command.env("DISPLAY", &self.display).env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        self.sound.env(command)
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What it complains of stands beside the other logs.
    pub fn beside(&self, command: &mut Command) -> Beside {
        let name =
            Path::new(command.get_program()).file_name().expect("a program").to_string_lossy().into_owned();
        let log = std::fs::File::create(self.pbx.scratch.path().join(format!("{name}.log"))).expect("a file");
        let command = self.env(command).stdout(Stdio::null()).stderr(log);
        Beside(
            command
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}: `scripts/test` installs it")),
        )
    }

    fn output(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        let output = self.env(command.args(arguments)).output();
        output.unwrap_or_else(|error| panic!("{program}: {error}: `scripts/test` installs it"))
    }

    fn says(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.output(program, arguments);
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn until_manager(&self) {
        let root = || self.says("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"]);
        until("the window manager", START, || root().contains("window id"));
    }

    pub fn until_named(&self, name: &str) {
        let owner = format!("string:{name}");
        let question = ["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"];
        let question = [&question[..], &["org.freedesktop.DBus.NameHasOwner", &owner]].concat();
        until(name, START, || self.says("dbus-send", &question).contains("true"));
    }

    /// Keys, one after another, to whatever has the keyboard.
    pub fn press(&self, keys: &[&str]) {
        self.says("xdotool", &[&["key", "--delay", "40"][..], keys].concat());
    }

    pub fn type_text(&self, text: &str) {
        self.says("xdotool", &["type", "--delay", "40", text]);
    }

    /// Title of the window that has the keyboard.
    pub fn active(&self) -> String {
        let output = self.output("xdotool", &["getactivewindow", "getwindowname"]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Everything on the screen, as a picture with this name; the folder of pictures is named in the environment.
    pub fn picture(&self, name: &str) {
        let folder = std::env::var_os("PATCHCORD_TEST_PICTURES").map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| self.pbx.scratch.path().to_owned());
        std::fs::create_dir_all(&folder).expect("a directory");
        self.says("import", &["-window", "root", &folder.join(format!("{name}.png")).to_string_lossy()]);
    }

    /// What the window's settings file says.
    pub fn settings(&self, text: &str) {
        let file = self.home.join(".config/patchcord/patchcord.toml");
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }

    /// The program with the account's secrets in its environment, and no settings.
    pub fn patchcord(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        self.env(&mut command).env("PATCHCORD_PASSWORD", format!("pw-{}", self.operator));
        command.env("PATCHCORD_DESK_TOKEN", &self.desk.operator);
        command
    }

    /// The operator's window, registered at the PBX. What it sends is held against the RFCs when the test ends.
    pub fn window(&self) -> Window {
        let window = self.mortal_window();
        let account = format!("sip:{}@", self.operator);
        let is_ours = |text: &str| text.starts_with("REGISTER ") && text.contains(&account);
        let captured = self.pbx.capture();
        let ours = captured.iter().filter(|sent| is_ours(&String::from_utf8_lossy(&sent.raw)));
        self.pbx.judge(ours.take(1).map(|sent| sent.peer.to_string()).collect());
        window
    }

    /// One that will be killed: nobody can say goodbye then.
    pub fn mortal_window(&self) -> Window {
        let (server, desk) = (self.pbx.server(), self.desk.url());
        let account =
            ["window", "--user", self.operator, "--server", &server, "--desk", &desk, "--lang", "en"];
        let window = self.open(&mut self.patchcord(&account));
        self.until_registered();
        window
    }

    pub fn open(&self, command: &mut Command) -> Window {
        let log = self.pbx.scratch.path().join("window.log");
        let log = std::fs::File::options().create(true).append(true).open(log).expect("a file");
        Window(Beside(command.stdout(Stdio::null()).stderr(log).spawn().expect("the program")))
    }

    pub fn until_registered(&self) {
        self.pbx.until_contact(self.operator, seconds(20));
    }

    /// A client's way in.
    pub fn number_of_the_desk(&self) -> String {
        format!("sip:{}@{}", self.operator, self.pbx.trunk())
    }
}

/// The operator's window as a process.
pub struct Window(Beside);

impl Window {
    pub fn id(&self) -> i32 {
        Pid::from_child(&self.0.0).as_raw_nonzero().get()
    }

    /// As at log-out.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.0.0), Signal::TERM).expect("a signal");
    }

    /// As when the computer fails.
    pub fn kill(mut self) {
        self.0.0.kill().expect("a signal");
        self.0.0.wait().expect("an end");
    }

    pub fn until_ended(mut self) -> Option<i32> {
        let mut code = None;
        until("the window's end", seconds(10), || match self.0.0.try_wait() {
            Ok(Some(status)) => {
                code = status.code();
                true
            }
            _ => false,
        });
        code
    }
}

/// On a display that is free.
fn x_server() -> (Beside, String) {
    let mut command = Command::new("Xvfb");
    // It would begin anew whenever nobody is connected, as between two looks for the window manager.
    command.args([
        "-displayfd",
        "1",
        "-noreset",
        "-nolisten",
        "tcp",
        "-screen",
        "0",
        "1400x900x24",
        "-dpi",
        "96",
    ]);
    let (server, number) = first_line(command.stdin(Stdio::null()));
    (server, format!(":{number}"))
}

/// A bus without the system's services: nothing is started that the test did not start.
fn bus(home: &Path) -> (Beside, String) {
    let configuration = home.join("bus.conf");
    std::fs::write(&configuration, BUS).expect("a file");
    let mut command = Command::new("dbus-daemon");
    command.arg(format!("--config-file={}", configuration.display()));
    first_line(command.args(["--nofork", "--print-address=1"]).stdin(Stdio::null()))
}

/// Starts it, and waits for the first line that it writes.
fn first_line(command: &mut Command) -> (Beside, String) {
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child =
        spawned.unwrap_or_else(|error| panic!("{command:?}: {error}: `scripts/test` installs it"));
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    out.read_line(&mut line).expect("a line");
    assert!(!line.is_empty(), "{command:?} ended at once");
    (Beside(child), line.trim().to_owned())
}

/// A key store that is open.
pub fn key_store(stage: &Stage) -> Beside {
    let mut command = Command::new("gnome-keyring-daemon");
    stage.env(command.args(["--foreground", "--unlock", "--components=secrets"]));
    let command = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("gnome-keyring-daemon: `scripts/test` installs it");
    child.stdin.take().expect("a pipe").write_all(b"test").expect("a password");
    let store = Beside(child);
    stage.until_named("org.freedesktop.secrets");
    store
}

/// Another program that is written into. It says what it gets: `xev`.
pub struct Editor {
    _program: Beside,
    log: PathBuf,
}

impl Editor {
    fn events(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Every character that was pressed here.
    pub fn written(&self) -> String {
        let events = self.events();
        let pressed = events.split("\n\n").filter(|event| event.contains("KeyPress event"));
        let typed = pressed.filter_map(|event| {
            let (code, _) = event.split_once("XLookupString gives 1 bytes: (")?.1.split_once(')')?;
            Some(char::from(u8::from_str_radix(code, 16).ok()?))
        });
        typed.collect()
    }

    /// How often the keyboard went elsewhere.
    pub fn focus_lost(&self) -> usize {
        self.events().matches("FocusOut event").count()
    }
}

/// Keys that are pressed while the test goes on.
pub struct Typing(Beside);

impl Typing {
    pub fn until_done(mut self) {
        until("the last key", seconds(60), || matches!(self.0.0.try_wait(), Ok(Some(_))));
    }
}

/// Which windows were the active one, one after another.
pub struct ActiveWindows {
    _program: Beside,
    log: PathBuf,
}

impl ActiveWindows {
    pub fn seen(&self) -> Vec<String> {
        std::fs::read_to_string(&self.log).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Stage {
    /// Has the keyboard when it returns.
    pub fn editor(&self) -> Editor {
        let log = self.pbx.scratch.path().join("editor.log");
        let program = self.logged("xev", &["-name", "Editor", "-event", "keyboard", "-event", "focus"], &log);
        until("the editor with the keyboard", START, || {
            let _ = self.output("xdotool", &["search", "--name", "^Editor$", "windowactivate"]);
            self.active() == "Editor"
        });
        Editor { _program: program, log }
    }

    pub fn typing(&self, text: &str) -> Typing {
        Typing(self.beside(Command::new("xdotool").args(["type", "--delay", "60", text])))
    }

    pub fn watch_active_window(&self) -> ActiveWindows {
        let log = self.pbx.scratch.path().join("active.log");
        let program = self.logged("xprop", &["-root", "-spy", "_NET_ACTIVE_WINDOW"], &log);
        until("the first active window", START, || log.metadata().is_ok_and(|log| log.len() > 0));
        ActiveWindows { _program: program, log }
    }

    fn logged(&self, program: &str, arguments: &[&str], log: &Path) -> Beside {
        let mut command = Command::new(program);
        self.env(command.args(arguments)).stderr(Stdio::null());
        let spawned = command.stdout(std::fs::File::create(log).expect("a file")).spawn();
        Beside(spawned.unwrap_or_else(|error| panic!("{program}: {error}: `scripts/test` installs it")))
    }
}
