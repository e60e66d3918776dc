//! A desktop session of the test's own: home, runtime folder and D-Bus, with nothing of the developer's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Set where a test runs for the second time.
const HOME: &str = "PATCHCORD_TEST_HOME";

/// Makes the Secret Service ready, and unlocked. It goes into the background before it has its name on the bus.
pub const KEY_STORE: &str = r#"
    printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
    for attempt in $(seq 100); do
        dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
            org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true && break
        sleep 0.1
    done
"#;
/// A bus that nobody answers on.
pub const NOTHING: &str = "";

/// The environment of a process cannot be changed safely once it has threads, and libraries look there for their bus.
/// So a test runs itself once more, alone, in a session; there its home is returned.
pub fn within(test: &str, prepare: &str) -> Option<PathBuf> {
    if let Some(home) = std::env::var_os(HOME) {
        return Some(home.into());
    }
    let home = Folder::new();
    std::fs::create_dir(home.path().join("run")).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(home.path().join("run"), private).unwrap();
    // A bus without the system's services: nothing is started that the test did not start.
    let bus = home.path().join("bus.conf");
    std::fs::write(&bus, BUS).unwrap();
    let script = format!("{prepare}\n\"$0\" --exact \"$1\" --nocapture");
    let mut run = Command::new("dbus-run-session");
    run.arg(format!("--config-file={}", bus.display())).args(["--", "sh", "-c", &script]);
    run.arg(std::env::current_exe().unwrap()).arg(test);
    run.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env(HOME, home.path());
    run.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path().join("run"));
    let ended = run.stdin(Stdio::null()).output().expect("dbus-run-session is installed");
    let said = [&ended.stdout[..], &ended.stderr].map(String::from_utf8_lossy).join("\n");
    assert!(ended.status.success() && said.contains("1 passed"), "{test}: {said}");
    None
}

pub const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// The program, in the environment of the test.
pub fn patchcord(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_patchcord")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("desktop-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // Not below the target folder: a socket's path has no more than 107 octets.
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
