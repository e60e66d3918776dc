//! The program and the window that runs.

use crate::session::Folder;
use patchcord::desktop::instance::{self, Claim, Request};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const AT_MOST: Duration = Duration::from_secs(10);

/// A window that tells what it was asked for, and the session's runtime folder.
fn window() -> (Folder, mpsc::Receiver<Request>) {
    let session = Folder::new();
    let runtime = session.path().to_str().unwrap().to_owned();
    let folder = instance::folder(|_| Some(runtime.clone()), session.path());
    let Claim::First(listener) = instance::claim(&folder).unwrap() else { panic!("not the first") };
    let (asked, requests) = mpsc::channel();
    listener.listen(move |request| asked.send(request).unwrap());
    (session, requests)
}

fn patchcord(session: &Folder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchcord"));
    command.args(arguments).env_clear().env("XDG_RUNTIME_DIR", session.path()).stdin(Stdio::null());
    command.output().unwrap()
}

#[test]
fn a_link_is_called_by_the_window_that_runs() {
    let (session, requests) = window();
    for (link, target) in [
        ("tel:+7%20495%20123-45-67", "+7 495 123-45-67"),
        ("callto:200", "200"),
        ("sip:200@pbx.example", "sip:200@pbx.example"),
        ("8 495 123-45-67", "8 495 123-45-67"),
    ] {
        let ended = patchcord(&session, &["dial", link]);
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(requests.recv_timeout(AT_MOST).unwrap(), Request::Call { target: target.into() });
    }
}

#[test]
fn a_killed_window_is_no_window() {
    let session = Folder::new();
    let folder = session.path().join("patchcord");
    let Claim::First(killed) = instance::claim(&folder).unwrap() else { panic!("not the first") };
    drop(killed);
    let ended = patchcord(&session, &["dial", "200"]);
    assert_eq!(ended.status.code(), Some(4), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// Where the folder's permissions were opened by somebody.
#[test]
fn another_user_is_not_heard() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        // Only root can be somebody else.
        return;
    }
    let (session, requests) = window();
    let open = || std::os::unix::fs::PermissionsExt::from_mode(0o777);
    for path in ["", "patchcord", "patchcord/window.sock"] {
        std::fs::set_permissions(session.path().join(path), open()).unwrap();
    }
    let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n\
        try:\n  s.sendall(b'{\"do\":\"show\"}\\n')\n  print(s.recv(100))\nexcept OSError: print(b'')";
    let socket = session.path().join("patchcord/window.sock");
    let ask = |command: &mut Command| {
        let said = command.args(["-c", script]).arg(&socket).output().unwrap();
        String::from_utf8(said.stdout).unwrap() + &String::from_utf8_lossy(&said.stderr)
    };
    assert_eq!(ask(&mut Command::new("/usr/bin/python3")), "b'{\"ok\":true}\\n'\n", "we are heard");
    requests.recv_timeout(AT_MOST).unwrap();
    assert_eq!(ask(Command::new("/usr/bin/python3").uid(NOBODY).gid(NOBODY)), "b''\n");
    assert!(requests.try_recv().is_err());
}
