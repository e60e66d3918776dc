//! A PBX that gives every SIP request the same answer: for what a telephone does before any call.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub struct AnsweringPbx {
    address: SocketAddr,
    silent: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl AnsweringPbx {
    /// 401 asks anew each time, as a PBX does that does not accept the password. The thread ends with
    /// the test's process.
    pub fn start(status: u16) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let silent = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (quiet, heard) = (Arc::clone(&silent), Arc::clone(&requests));
        std::thread::spawn(move || {
            let mut buffer = [0; 65_535];
            for count in 0.. {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { return };
                let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if !request.contains("SIP/2.0") || quiet.load(Ordering::Relaxed) {
                    continue;
                }
                let response = respond(&request, status, count);
                heard.lock().unwrap().push(request);
                socket.send_to(response.as_bytes(), from).unwrap();
            }
        });
        Self { address, silent, requests }
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    pub fn heard(&self, text: &str) -> bool {
        self.requests.lock().unwrap().iter().any(|request| request.contains(text))
    }
}

fn respond(request: &str, status: u16, count: u32) -> String {
    let mut response = format!("SIP/2.0 {status} As Asked\r\n");
    for line in request.lines() {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "via" | "from" | "call-id" | "cseq" => response.push_str(&format!("{line}\r\n")),
            "to" => response.push_str(&format!("{line};tag=pbx\r\n")),
            "contact"
                if status == 200 && !line.contains("expires=0") && !request.contains("Expires: 0\r\n") =>
            {
                let contact = line.split(";expires").next().unwrap_or_default();
                response.push_str(&format!("{contact};expires=60\r\n"));
            }
            _ => {}
        }
    }
    if status == 401 {
        response.push_str(&format!("WWW-Authenticate: Digest realm=\"test\", nonce=\"{count}\"\r\n"));
    }
    response.push_str("Content-Length: 0\r\n\r\n");
    response
}
