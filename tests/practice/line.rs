//! The practice PBX's core alone on a UDP socket, with everything kept that goes over it. Nobody speaks.

use crate::now;
use crate::wire::{self, Captured};
use patchcord::instant::Instant;
use patchcord::practice::{MediaOrder, Output, Plays, Practice, PracticeConfig, Programme};
use patchcord::transmit::{Received, Transport};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

pub struct Line {
    local: SocketAddr,
    capture: Arc<Mutex<Vec<Captured>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Driver {
    practice: Practice,
    socket: UdpSocket,
    begun: std::time::Instant,
    capture: Arc<Mutex<Vec<Captured>>>,
    /// Bound for the calls, and never read.
    ports: Vec<UdpSocket>,
}

impl Line {
    pub fn open() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(5))).expect("a socket");
        let local = socket.local_addr().expect("an address");
        let capture = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let programme = Programme::new(Plays::Calls(2), 4, 5);
        let practice = Practice::new(PracticeConfig { local, programme }, [5; 32]);
        let driver =
            Driver { practice, socket, begun: now(), capture: Arc::clone(&capture), ports: Vec::new() };
        let stop = Arc::clone(&over);
        let thread = std::thread::spawn(move || driver.run(&stop));
        Self { local, capture, over, thread: Some(thread) }
    }

    pub fn server(&self) -> String {
        self.local.to_string()
    }

    pub fn capture_of(&self, telephone: &str) -> Vec<Captured> {
        let address = telephone.parse().expect("an address");
        wire::of_telephone(&self.capture.lock().expect("a lock"), &[address])
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Driver {
    fn run(mut self, over: &AtomicBool) {
        let local = self.socket.local_addr().expect("an address");
        let mut buffer = [0; 65_535];
        self.drain();
        while !over.load(Ordering::Relaxed) {
            if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
                let bytes = buffer[..length].to_vec();
                self.keep(true, from, &bytes);
                let received = Received { transport: Transport::Udp, from, local, bytes };
                self.practice.handle_input(self.time(), received);
                self.drain();
            }
            self.practice.handle_timeout(self.time());
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.practice.poll_output() {
                Output::Send(sent) => {
                    self.keep(false, sent.to, &sent.bytes);
                    let _ = self.socket.send_to(&sent.bytes, sent.to);
                }
                Output::Media(MediaOrder::TakePort) => {
                    let port = UdpSocket::bind("127.0.0.1:0").expect("a port");
                    self.practice.give_port(port.local_addr().expect("an address"));
                    self.ports.push(port);
                }
                Output::Media(_) | Output::Note(_) => {}
                Output::Idle => return,
            }
        }
    }

    fn keep(&self, outgoing: bool, peer: SocketAddr, bytes: &[u8]) {
        // Two ends of line keep a way open, and are no message.
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            let at = self.begun.elapsed().as_secs_f64();
            self.capture.lock().expect("a lock").push(Captured::new(at, outgoing, peer, bytes.to_vec()));
        }
    }

    fn time(&self) -> Instant {
        Instant::from_start(self.begun.elapsed())
    }
}
