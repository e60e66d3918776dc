//! Headsets of the test's own, in place of the system's.

use super::{Bus, Device, Input, Output, Watcher};
use crate::clock::Clock;
use crate::headset::Press;
use crate::hid::Headsets;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

const ENOUGH: Duration = Duration::from_secs(20);

/// What is plugged in now, by path; shared with the thread that looks.
#[derive(Clone, Default)]
pub struct Computer(Arc<Mutex<BTreeMap<CString, Socket>>>);

struct Socket {
    descriptor: Vec<u8>,
    /// Refuses so often.
    refuses: u32,
    opened: u32,
    /// What the next one who opens it reads, and where it writes.
    reports: Option<Receiver<Vec<u8>>>,
    written: Sender<Vec<u8>>,
}

/// A headset in somebody's hand: dropped, it is pulled out.
pub struct Plugged {
    computer: Computer,
    path: CString,
    reports: Option<Sender<Vec<u8>>>,
    written: Receiver<Vec<u8>>,
}

impl Computer {
    pub fn plug_in(&self, name: &str, descriptor: &[u8], refuses: u32) -> Plugged {
        let path = CString::new(name).unwrap();
        let (reports, read) = channel();
        let (write, written) = channel();
        let descriptor = descriptor.to_vec();
        let socket = Socket { descriptor, refuses, opened: 0, reports: Some(read), written: write };
        self.0.lock().unwrap().insert(path.clone(), socket);
        Plugged { computer: self.clone(), path, reports: Some(reports), written }
    }

    pub fn watched(&self) -> (Headsets, UnboundedReceiver<Press>) {
        let (presses, pressed) = tokio::sync::mpsc::unbounded_channel();
        let (orders, words) = channel();
        Watcher::start(self.clone(), Clock::start(), orders.clone(), words, presses).unwrap();
        (Headsets { orders }, pressed)
    }
}

impl Plugged {
    pub fn reports(&self, octets: &[u8]) {
        self.reports.as_ref().unwrap().send(octets.to_vec()).unwrap();
    }

    pub fn shows(&self) -> Vec<u8> {
        self.written.recv_timeout(ENOUGH).expect("lights are switched")
    }

    /// None: nothing is switched for so long.
    pub fn shows_within(&self, wait: Duration) -> Option<Vec<u8>> {
        self.written.recv_timeout(wait).ok()
    }

    pub fn opened(&self) -> u32 {
        self.computer.0.lock().unwrap().get(&self.path).unwrap().opened
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        self.computer.0.lock().unwrap().remove(&self.path);
        self.reports = None;
    }
}

impl Bus for Computer {
    fn look(&mut self) -> Vec<CString> {
        self.0.lock().unwrap().keys().cloned().collect()
    }

    fn open(&mut self, path: &CString) -> io::Result<Device> {
        let mut sockets = self.0.lock().unwrap();
        let socket = sockets.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        socket.opened += 1;
        if socket.opened <= socket.refuses {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let reports = socket.reports.take().ok_or(io::ErrorKind::ResourceBusy)?;
        Ok(Device {
            name: "test".into(),
            vendor: 0x1209,
            descriptor: socket.descriptor.clone(),
            input: Box::new(Reader(reports)),
            output: Box::new(Writer(socket.written.clone())),
        })
    }
}

struct Reader(Receiver<Vec<u8>>);
struct Writer(Sender<Vec<u8>>);

impl Input for Reader {
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        match self.0.recv_timeout(wait) {
            Ok(report) => {
                buffer[..report.len()].copy_from_slice(&report);
                Ok(report.len())
            }
            Err(RecvTimeoutError::Timeout) => Ok(0),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Output for Writer {
    fn write(&mut self, report: &[u8]) -> io::Result<()> {
        self.0.send(report.to_vec()).map_err(|_| io::ErrorKind::NotConnected.into())
    }
}
