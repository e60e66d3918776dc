//! One window per user and session: who starts second passes its request to the first and ends.
//!
//! A lock decides who is first, so that two that start at once never both are, and one that was killed
//! leaves nothing behind that would stop the next. Requests go over a socket of the user's own, one JSON object per
//! line, each answered by one: `{"do":"call","target":"+7…"}`, `{"ok":true}`.

use super::files;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const SOCKET: &str = "window.sock";
const LOCK: &str = "window.lock";
/// Octets in a line, more than any number with its JSON has.
const LONGEST_LINE: u64 = 4096;
/// The longest that either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(2);
/// Whoever has the lock is about to listen: asked this often, so long apart, within `PATIENCE`.
const ATTEMPTS: u32 = 100;
const APART: Duration = Duration::from_millis(20);

/// What a second start, or a link, wants of the window.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    Show,
    Call { target: String },
}

/// Without the number.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Show => "Show",
            Self::Call { .. } => "Call",
        })
    }
}

/// Why a request was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotTaken {
    /// No window runs.
    Absent,
    /// It does not answer.
    Silent,
    /// It did not understand.
    Refused,
}

/// Who we are.
#[derive(Debug)]
pub enum Claim {
    First(Listener),
    Other(Connection),
}

#[derive(Serialize, Deserialize)]
struct Answer {
    ok: bool,
}

/// Where the windows of this user and session meet: in `$XDG_RUNTIME_DIR`, else in the state folder.
pub fn folder(environment: impl Fn(&str) -> Option<String>, state_folder: &Path) -> PathBuf {
    match environment("XDG_RUNTIME_DIR").filter(|folder| folder.starts_with('/')) {
        Some(folder) => PathBuf::from(folder).join("patchcord"),
        None => state_folder.to_owned(),
    }
}

/// Whether we are the first. The claim holds until the listener, or its process, is gone.
pub fn claim(folder: &Path) -> io::Result<Claim> {
    files::make_folder(folder)?;
    let found = std::fs::metadata(folder)?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if found.mode() & 0o077 != 0 {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    let lock = File::options().create(true).append(true).open(folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => {
            let socket = folder.join(SOCKET);
            // Left by one that was killed: nobody who lives listens there, since the lock is ours.
            files::remove(&socket)?;
            Ok(Claim::First(Listener { socket: UnixListener::bind(socket)?, lock }))
        }
        Err(TryLockError::WouldBlock) => {
            Ok(Claim::Other(Connection { socket: folder.join(SOCKET), attempts: ATTEMPTS }))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The way to the window that runs, if one does.
#[derive(Debug)]
pub struct Connection {
    socket: PathBuf,
    attempts: u32,
}

impl Connection {
    /// Without a claim of our own.
    pub fn to_window(folder: &Path) -> Self {
        Self { socket: folder.join(SOCKET), attempts: 1 }
    }

    /// Returns when the window has taken the request, after a few seconds at most.
    pub fn ask(&self, request: &Request) -> Result<(), NotTaken> {
        let stream = self.connect().ok_or(NotTaken::Absent)?;
        let answer = exchange(&stream, request).map_err(|_| NotTaken::Silent)?;
        if answer.ok { Ok(()) } else { Err(NotTaken::Refused) }
    }

    fn connect(&self) -> Option<UnixStream> {
        for attempt in 0..self.attempts {
            if attempt > 0 {
                std::thread::sleep(APART);
            }
            if let Ok(stream) = UnixStream::connect(&self.socket) {
                return Some(stream);
            }
        }
        None
    }
}

fn exchange(stream: &UnixStream, request: &Request) -> io::Result<Answer> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    say(stream, request)?;
    let line = next_line(&mut BufReader::new(stream))?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(serde_json::from_slice(&line)?)
}

/// The first window's end.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    lock: File,
}

impl Listener {
    /// Hands on each request, from threads of its own, until the process ends. `on_request` must not wait.
    pub fn listen(self, on_request: impl Fn(Request) + Send + 'static) {
        let Self { socket, lock } = self;
        let on_request = Arc::new(Mutex::new(on_request));
        std::thread::spawn(move || {
            let _held_as_long = lock;
            loop {
                let Ok((stream, _)) = socket.accept() else {
                    // Too many files are open: for a while.
                    std::thread::sleep(APART);
                    continue;
                };
                if !is_our_user(&stream) {
                    tracing::warn!("another user asked for the window and was refused");
                    continue;
                }
                let on_request = Arc::clone(&on_request);
                std::thread::spawn(move || {
                    let hand_on =
                        |request| on_request.lock().unwrap_or_else(PoisonError::into_inner)(request);
                    if let Err(error) = serve(&stream, hand_on) {
                        tracing::debug!(%error, "a request to the window broke off");
                    }
                });
            }
        });
    }
}

fn serve(stream: &UnixStream, hand_on: impl Fn(Request)) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    while let Some(line) = next_line(&mut reader)? {
        let request = serde_json::from_slice(&line).ok();
        let ok = request.is_some();
        request.into_iter().for_each(&hand_on);
        say(stream, &Answer { ok })?;
    }
    Ok(())
}

/// None at the end of the stream. What is too long is an error: nobody knows where the next line begins.
fn next_line(reader: &mut impl io::BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        Some(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn say(mut stream: &UnixStream, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    stream.write_all(&line)
}

#[cfg(target_os = "linux")]
fn is_our_user(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid();
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == ours)
}

/// There the folder's permissions are what keeps others out.
#[cfg(not(target_os = "linux"))]
fn is_our_user(_stream: &UnixStream) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::testing::Folder;
    use std::sync::mpsc;

    fn first(folder: &Path) -> Listener {
        match claim(folder).unwrap() {
            Claim::First(listener) => listener,
            Claim::Other(_) => panic!("another window runs in {}", folder.display()),
        }
    }

    fn other(folder: &Path) -> Connection {
        match claim(folder).unwrap() {
            Claim::Other(connection) => connection,
            Claim::First(_) => panic!("a second window is the first, too"),
        }
    }

    /// A window, and what it was asked for.
    fn window(folder: &Path) -> mpsc::Receiver<Request> {
        let (asked, requests) = mpsc::channel();
        first(folder).listen(move |request| asked.send(request).unwrap());
        requests
    }

    /// What the window answers to octets that no program of ours sends.
    fn answer_to(folder: &Path, octets: &[u8]) -> String {
        let mut stream = UnixStream::connect(folder.join(SOCKET)).unwrap();
        // It may have hung up before all was said.
        let _ = stream.write_all(octets);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    #[test]
    fn a_second_start_passes_its_number_to_the_window_that_runs() {
        let folder = Folder::new();
        let requests = window(folder.path());
        let call = Request::Call { target: "+79161234567".into() };
        assert_eq!(other(folder.path()).ask(&Request::Show), Ok(()));
        assert_eq!(Connection::to_window(folder.path()).ask(&call), Ok(()));
        assert_eq!([requests.recv().unwrap(), requests.recv().unwrap()], [Request::Show, call]);
    }

    #[test]
    fn a_second_start_waits_for_one_that_does_not_listen_yet() {
        let folder = Folder::new();
        let begun = first(folder.path());
        let second = other(folder.path());
        let asking = std::thread::spawn(move || second.ask(&Request::Show));
        let (asked, requests) = mpsc::channel();
        begun.listen(move |request| asked.send(request).unwrap());
        assert_eq!(asking.join().unwrap(), Ok(()));
        assert_eq!(requests.recv().unwrap(), Request::Show);
    }

    #[test]
    fn what_a_killed_window_left_is_taken_over() {
        let folder = Folder::new();
        drop(first(folder.path()));
        assert!(folder.path().join(SOCKET).exists(), "a killed window does not clear up");
        assert_eq!(Connection::to_window(folder.path()).ask(&Request::Show), Err(NotTaken::Absent));
        let requests = window(folder.path());
        assert_eq!(other(folder.path()).ask(&Request::Show), Ok(()));
        assert_eq!(requests.recv().unwrap(), Request::Show);
    }

    #[test]
    fn of_many_that_start_at_once_exactly_one_is_first() {
        let folder = Folder::new();
        let barrier = Arc::new(std::sync::Barrier::new(8));
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let (path, barrier) = (folder.path().to_owned(), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    barrier.wait();
                    claim(&path).unwrap()
                })
            })
            .collect();
        let claims: Vec<Claim> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert_eq!(claims.iter().filter(|claim| matches!(claim, Claim::First(_))).count(), 1);
    }

    #[test]
    fn what_is_no_request_is_refused_and_the_window_goes_on() {
        let folder = Folder::new();
        let requests = window(folder.path());
        for octets in [&b"{\"do\":\"format\"}\n"[..], b"call me\n", b"{\"do\":\"call\"}\n", b"\xff\n"] {
            assert_eq!(answer_to(folder.path(), octets), "{\"ok\":false}\n");
        }
        assert_eq!(answer_to(folder.path(), &[b'x'; 100_000]), "");
        assert_eq!(answer_to(folder.path(), b"{\"do\":\"show\"}"), "", "half a line is no request");
        assert_eq!(other(folder.path()).ask(&Request::Show), Ok(()));
        assert_eq!(requests.recv().unwrap(), Request::Show);
        assert!(requests.try_recv().is_err());
    }

    #[test]
    fn the_folder_is_closed_to_others() {
        let folder = Folder::new();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let _first = first(folder.path());
        assert_eq!(std::fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn windows_of_one_session_meet_in_its_runtime_folder() {
        let state = Path::new("/home/a/.local/state/patchcord");
        let meet = |runtime: Option<&str>| folder(|_| runtime.map(str::to_owned), state);
        assert_eq!(meet(Some("/run/user/1000")), Path::new("/run/user/1000/patchcord"));
        for unset in [None, Some(""), Some("relative")] {
            assert_eq!(meet(unset), state);
        }
    }

    #[test]
    fn a_number_is_not_shown_by_debug() {
        assert!(!format!("{:?}", Request::Call { target: "+79161234567".into() }).contains("4567"));
    }
}
