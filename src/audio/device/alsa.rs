//! The sound cards themselves, where no sound server runs: ALSA, whose library is found when the program starts, so
//! that nobody needs it to build.
//!
//! A thread per open device copies between it and the ring. The library may hold it up for as long as it likes: the
//! watcher waits for it a second at most, and sees by its beats whether the device moves.

use super::bell::Bell;
use super::pace::PERIOD;
use super::ring::{DEVICE_RATE_HZ, copy_in, copy_out, ring_out};
use super::server::List;
use crate::audio::wish::{Device, NoServer, Seen, kind};
use libloading::Library;
use rtrb::{Consumer, Producer};
use std::ffi::{CStr, CString, c_char, c_int, c_long, c_uint, c_ulong, c_void};
use std::io::{self, Error, ErrorKind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot;

/// For opening a device, and for closing one.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks at whether a device is still wanted.
const WAIT_MS: c_int = 20;
/// Four periods: what is under way to an earpiece.
const BUFFER_US: c_uint = 40_000;

/// What the user has made the default; tried even where the library does not name it.
const DEFAULT: &str = "default";
/// The cards, through conversion and, where the card allows it, shared with others. What else the library names are
/// parts of cards, converters, and devices that nobody hears.
const CARD: &str = "sysdefault:CARD=";

// From `asoundlib.h`, never to change.
const PLAYBACK: c_int = 0;
const CAPTURE: c_int = 1;
const NONBLOCK: c_int = 1;
const FLOAT_LE: c_int = 14;
const INTERLEAVED: c_int = 3;
const RUNNING: c_int = 3;

/// One sample, in bytes.
const SAMPLE: usize = size_of::<f32>();

/// The library's own.
#[repr(C)]
struct Handle {
    _opaque: [u8; 0],
}

/// Of what goes wrong on this thread. The last argument is a `va_list`.
type Report = extern "C" fn(*const c_char, c_int, *const c_char, c_int, *const c_char, *mut c_void);

/// A struct of the library's functions, found by their names.
macro_rules! functions {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) -> $result,)*
            _library: Library,
        }

        impl Functions {
            fn find() -> Result<Self, libloading::Error> {
                // SAFETY: what the library runs when it is loaded and unloaded needs nothing of us.
                let library = unsafe { Library::new("libasound.so.2") }?;
                Ok(Self {
                    // SAFETY: these are the signatures in `asoundlib.h`, the same since version 1.0.14, and the
                    // library stays as long as they do.
                    $($name: unsafe { *library.get(concat!(stringify!($name), "\0").as_bytes())? },)*
                    _library: library,
                })
            }
        }
    };
}

functions! {
    snd_lib_error_set_local(Option<Report>) -> Option<Report>;
    snd_device_name_hint(c_int, *const c_char, *mut *mut *mut c_void) -> c_int;
    snd_device_name_get_hint(*const c_void, *const c_char) -> *mut c_char;
    snd_device_name_free_hint(*mut *mut c_void) -> c_int;
    snd_pcm_open(*mut *mut Handle, *const c_char, c_int, c_int) -> c_int;
    snd_pcm_set_params(*mut Handle, c_int, c_int, c_uint, c_uint, c_int, c_uint) -> c_int;
    snd_pcm_start(*mut Handle) -> c_int;
    snd_pcm_wait(*mut Handle, c_int) -> c_int;
    snd_pcm_state(*mut Handle) -> c_int;
    snd_pcm_avail_update(*mut Handle) -> c_long;
    snd_pcm_readi(*mut Handle, *mut c_void, c_ulong) -> c_long;
    snd_pcm_writei(*mut Handle, *const c_void, c_ulong) -> c_long;
    snd_pcm_recover(*mut Handle, c_int, c_int) -> c_int;
    snd_pcm_close(*mut Handle) -> c_int;
}

/// The library is there.
pub(super) struct Alsa(&'static Functions);

impl Alsa {
    pub fn find() -> Result<Self, NoServer> {
        static FUNCTIONS: OnceLock<Option<Functions>> = OnceLock::new();
        let functions = FUNCTIONS.get_or_init(|| {
            Functions::find()
                .inspect_err(|error| tracing::warn!(%error, "no sound cards without ALSA's library"))
                .ok()
        });
        functions.as_ref().map(Self).ok_or(NoServer::NoLibrary)
    }

    pub fn list(&self) -> List {
        let hints = self.hints();
        let seen = |direction| Seen { devices: devices(&hints, direction), default: Some(DEFAULT.into()) };
        List { microphones: seen("Input"), earpieces: seen("Output"), ..List::default() }
    }

    /// Without devices that are not there: the default is always listed. Opens each for a moment.
    pub async fn list_tried(&self) -> List {
        let List { mut microphones, mut earpieces, .. } = self.list();
        for (seen, direction) in [(&mut microphones, CAPTURE), (&mut earpieces, PLAYBACK)] {
            let mut there = Vec::new();
            for device in seen.devices.drain(..) {
                if self.is_there(&device.id, direction).await {
                    there.push(device);
                }
            }
            seen.devices = there;
        }
        List { microphones, earpieces, ..List::default() }
    }

    async fn is_there(&self, id: &str, direction: c_int) -> bool {
        let (functions, id) = (self.0, id.to_owned());
        let (tried, is_there) = oneshot::channel();
        let attempt = move || {
            let opened = Pcm::open(functions, &id, direction);
            let is_busy = |error: &Error| error.kind() == ErrorKind::ResourceBusy;
            let _ = tried.send(opened.map_or_else(|error| is_busy(&error), |_| true));
        };
        thread(attempt).is_ok() && matches!(tokio::time::timeout(PATIENCE, is_there).await, Ok(Ok(true)))
    }

    fn hints(&self) -> Vec<Hint> {
        self.keep_quiet();
        let mut hints = null_mut();
        // SAFETY: all cards; the result is a list that ends with a null pointer.
        if unsafe { (self.0.snd_device_name_hint)(-1, c"pcm".as_ptr(), &raw mut hints) } < 0 {
            return Vec::new();
        }
        let mut found = Vec::new();
        for index in 0.. {
            // SAFETY: not past the null pointer, where this ends.
            let hint = unsafe { *hints.add(index) };
            if hint.is_null() {
                break;
            }
            let text = |field: &CStr| self.hint(hint, field);
            if let Some(name) = text(c"NAME") {
                found.push(Hint { name, description: text(c"DESC"), direction: text(c"IOID") });
            }
        }
        // SAFETY: the list that the library gave, once.
        unsafe { (self.0.snd_device_name_free_hint)(hints) };
        found
    }

    fn hint(&self, hint: *const c_void, field: &CStr) -> Option<String> {
        // SAFETY: a hint from a list that is not freed yet; the result is null, or a string of ours to free.
        unsafe {
            let text = (self.0.snd_device_name_get_hint)(hint, field.as_ptr());
            (!text.is_null()).then(|| {
                let owned = CStr::from_ptr(text).to_string_lossy().into_owned();
                free(text.cast());
                owned
            })
        }
    }

    fn keep_quiet(&self) {
        extern "C" fn quiet(
            _: *const c_char,
            _: c_int,
            _: *const c_char,
            _: c_int,
            _: *const c_char,
            _: *mut c_void,
        ) {
        }
        // SAFETY: it looks at no argument; a `va_list` takes the place of a pointer.
        unsafe { (self.0.snd_lib_error_set_local)(Some(quiet)) };
    }

    /// `beats` counts the exchanges with the device from now on, while it moves.
    pub async fn open_microphone(
        &self,
        id: &str,
        ring: Producer<f32>,
        beats: Arc<AtomicU32>,
    ) -> Result<Stream, NoServer> {
        self.open(id, CAPTURE, beats, Way::In(ring)).await
    }

    pub async fn open_earpiece(
        &self,
        id: &str,
        mut ring: Consumer<f32>,
        beats: Arc<AtomicU32>,
    ) -> Result<Stream, NoServer> {
        self.open(id, PLAYBACK, beats, Way::Out(Box::new(move |wanted| copy_out(&mut ring, wanted)))).await
    }

    pub async fn open_ringer(
        &self,
        id: &str,
        mut bell: Bell,
        beats: Arc<AtomicU32>,
    ) -> Result<Stream, NoServer> {
        self.open(id, PLAYBACK, beats, Way::Out(Box::new(move |wanted| ring_out(&mut bell, wanted)))).await
    }

    async fn open(
        &self,
        id: &str,
        direction: c_int,
        beats: Arc<AtomicU32>,
        way: Way,
    ) -> Result<Stream, NoServer> {
        let (functions, id) = (self.0, id.to_owned());
        let is_wanted = Arc::new(AtomicBool::new(true));
        let (tell_opened, opened) = oneshot::channel();
        let (ends, ended) = channel();
        let stream = Stream { is_wanted: Arc::clone(&is_wanted), ended };
        let work = move || {
            // Dropped with the device, or without one.
            let _ends = ends;
            match Pcm::open(functions, &id, direction) {
                Ok(pcm) => {
                    if tell_opened.send(Ok(())).is_ok() {
                        pcm.run(way, &beats, &is_wanted);
                    }
                }
                Err(error) => drop(tell_opened.send(Err(error))),
            }
        };
        thread(work).map_err(refusal)?;
        match tokio::time::timeout(PATIENCE, opened).await {
            Ok(Ok(opened)) => opened.map(|()| stream).map_err(refusal),
            // One device is not all that there is.
            Ok(Err(_)) | Err(_) => Err(refusal(ErrorKind::TimedOut.into())),
        }
    }
}

unsafe extern "C" {
    /// The C library's, which every Rust program is linked to.
    fn free(memory: *mut c_void);
}

fn refusal(error: Error) -> NoServer {
    NoServer::of_system(&error)
}

fn thread(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name("alsa".into()).spawn(work).map(drop)
}

/// What the library says of a device.
#[derive(Debug)]
struct Hint {
    name: String,
    /// A line of the card, and one of the kind.
    description: Option<String>,
    /// `Input` or `Output`; none for both.
    direction: Option<String>,
}

/// Those of one direction, the default first.
fn devices(hints: &[Hint], direction: &str) -> Vec<Device> {
    let name = |hint: &Hint| {
        let line = hint.description.as_deref().and_then(|text| text.lines().next());
        line.filter(|line| !line.is_empty()).unwrap_or(&hint.name).to_owned()
    };
    let default = hints.iter().find(|hint| hint.name == DEFAULT).map_or_else(|| DEFAULT.to_owned(), name);
    let is_card = |hint: &&Hint| {
        hint.name.starts_with(CARD) && hint.direction.as_deref().is_none_or(|its| its == direction)
    };
    let cards = hints.iter().filter(is_card);
    let cards = cards.map(|hint| (hint.name.clone(), name(hint)));
    let device = |(id, name): (String, String)| Device { id, kind: kind("", "", &name), name };
    std::iter::once((DEFAULT.into(), default)).chain(cards).map(device).collect()
}

/// A device with its thread. Closed when this is dropped, which waits for it: a card may serve one at a time.
pub(super) struct Stream {
    is_wanted: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

/// Where periods go to or come from.
enum Way {
    In(Producer<f32>),
    Out(Fill),
}

/// Puts samples into all of a period.
type Fill = Box<dyn FnMut(&mut [u8]) + Send>;

/// An open device, used by one thread alone.
struct Pcm {
    functions: &'static Functions,
    handle: *mut Handle,
}

impl Pcm {
    fn open(functions: &'static Functions, id: &str, direction: c_int) -> io::Result<Self> {
        Alsa(functions).keep_quiet();
        let id = CString::new(id)?;
        let mut handle = null_mut();
        // SAFETY: a name that ends with a zero, and where to put the handle.
        checked(unsafe { (functions.snd_pcm_open)(&raw mut handle, id.as_ptr(), direction, NONBLOCK) })?;
        let pcm = Self { functions, handle };
        let (channels, may_resample) = (1, 1);
        // SAFETY: the handle is open.
        checked(unsafe {
            (functions.snd_pcm_set_params)(
                pcm.handle,
                FLOAT_LE,
                INTERLEAVED,
                channels,
                DEVICE_RATE_HZ,
                may_resample,
                BUFFER_US,
            )
        })?;
        Ok(pcm)
    }

    /// Until it is not wanted any more, or fails for good.
    fn run(&self, mut way: Way, beats: &AtomicU32, is_wanted: &AtomicBool) {
        let mut period = [0; PERIOD * SAMPLE];
        let mut running = self.begin(&way);
        while running.is_ok() && is_wanted.load(Ordering::Relaxed) {
            let exchanged = match &mut way {
                Way::In(ring) => self.take(&mut period).map(|taken| {
                    copy_in(ring, taken);
                    !taken.is_empty()
                }),
                Way::Out(fill) => self.give(&mut period, fill),
            };
            match exchanged {
                Ok(moved) => drop(beats.fetch_add(moved.into(), Ordering::Relaxed)),
                Err(error) => running = self.recover(&error).and_then(|()| self.begin(&way)),
            }
        }
        if let Err(error) = running {
            tracing::debug!(%error, "device failed");
        }
    }

    /// An earpiece begins by itself when its buffer is full.
    fn begin(&self, way: &Way) -> io::Result<()> {
        match way {
            // SAFETY: the handle is open.
            Way::In(_) => checked(unsafe { (self.functions.snd_pcm_start)(self.handle) }).map(drop),
            Way::Out(_) => Ok(()),
        }
    }

    /// Nothing when nothing came in time.
    fn take<'a>(&self, period: &'a mut [u8; PERIOD * SAMPLE]) -> io::Result<&'a [u8]> {
        if !self.wait()? {
            return Ok(&[]);
        }
        // SAFETY: the handle is open, and there is room for so many samples.
        let taken = unsafe {
            (self.functions.snd_pcm_readi)(self.handle, period.as_mut_ptr().cast(), PERIOD as c_ulong)
        };
        Ok(period.get(..unless_again(taken)? * SAMPLE).unwrap_or_default())
    }

    /// Whether the device moves: the first periods only fill its buffer.
    fn give(&self, period: &mut [u8; PERIOD * SAMPLE], fill: &mut Fill) -> io::Result<bool> {
        if !self.wait()? {
            return Ok(false);
        }
        // SAFETY: the handle is open.
        let state = unsafe { (self.functions.snd_pcm_state)(self.handle) };
        // SAFETY: the handle is open.
        let room = unless_again(unsafe { (self.functions.snd_pcm_avail_update)(self.handle) })?.min(PERIOD);
        let wanted = period.get_mut(..room * SAMPLE).unwrap_or_default();
        fill(wanted);
        // SAFETY: the handle is open, and so many samples are there.
        let given =
            unsafe { (self.functions.snd_pcm_writei)(self.handle, wanted.as_ptr().cast(), room as c_ulong) };
        Ok(unless_again(given)? > 0 && state == RUNNING)
    }

    /// For a period, but not long. Whether there is one.
    fn wait(&self) -> io::Result<bool> {
        // SAFETY: the handle is open.
        checked(unsafe { (self.functions.snd_pcm_wait)(self.handle, WAIT_MS) }).map(|ready| ready > 0)
    }

    /// After a period that came too late, and after sleep.
    fn recover(&self, error: &Error) -> io::Result<()> {
        let (code, silent) = (-error.raw_os_error().unwrap_or_default(), 1);
        // SAFETY: the handle is open.
        checked(unsafe { (self.functions.snd_pcm_recover)(self.handle, code, silent) }).map(drop)
    }
}

impl Drop for Pcm {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody has it any more.
        unsafe { (self.functions.snd_pcm_close)(self.handle) };
    }
}

/// What is not negative; else the system's error.
fn checked(answer: impl Into<c_long>) -> io::Result<usize> {
    let answer = answer.into();
    let error = || Error::from_raw_os_error(i32::try_from(-answer).unwrap_or_default());
    usize::try_from(answer).map_err(|_| error())
}

/// Nothing, where it has to be tried again.
fn unless_again(answer: c_long) -> io::Result<usize> {
    checked(answer).or_else(|error| if error.kind() == ErrorKind::WouldBlock { Ok(0) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::process::Kind;

    fn hint(name: &str, description: &str, direction: Option<&str>) -> Hint {
        Hint {
            name: name.into(),
            description: Some(description.into()),
            direction: direction.map(str::to_owned),
        }
    }

    #[test]
    fn cards_are_listed_with_the_default_first_and_nothing_else() {
        let hints = [
            hint("null", "Discard all samples (playback) or generate zero samples (capture)", None),
            hint("pulse", "PulseAudio Sound Server", None),
            hint("hw:CARD=Headset,DEV=0", "USB Headset, USB Audio\nDirect hardware device", None),
            hint("sysdefault:CARD=Headset", "USB Headset, USB Audio\nDefault Audio Device", None),
            hint("sysdefault:CARD=HDMI", "HDA ATI HDMI, HDMI 0\nDefault Audio Device", Some("Output")),
            hint("sysdefault:CARD=Webcam", "", Some("Input")),
            hint("default", "Default Audio Device", None),
        ];
        for (direction, listed) in [
            (
                "Output",
                [
                    ("default", "Default Audio Device"),
                    ("sysdefault:CARD=Headset", "USB Headset, USB Audio"),
                    ("sysdefault:CARD=HDMI", "HDA ATI HDMI, HDMI 0"),
                ],
            ),
            (
                "Input",
                [
                    ("default", "Default Audio Device"),
                    ("sysdefault:CARD=Headset", "USB Headset, USB Audio"),
                    ("sysdefault:CARD=Webcam", "sysdefault:CARD=Webcam"),
                ],
            ),
        ] {
            let seen = devices(&hints, direction);
            let seen: Vec<_> = seen.iter().map(|device| (&*device.id, &*device.name)).collect();
            assert_eq!(seen, listed, "{direction}");
        }
    }

    #[test]
    fn the_default_is_tried_where_nothing_is_named() {
        let default = Device { id: "default".into(), name: "default".into(), kind: Kind::Unknown };
        assert_eq!(devices(&[], "Input"), [default]);
    }

    #[test]
    fn negative_answers_are_the_systems_errors() {
        assert_eq!(checked(3).ok(), Some(3));
        assert_eq!(checked(-19).map_err(|error| error.raw_os_error()), Err(Some(19)));
        assert_eq!(unless_again(-11).ok(), Some(0), "EAGAIN");
        assert_eq!(unless_again(-32).map_err(|error| error.kind()), Err(ErrorKind::BrokenPipe));
    }
}
