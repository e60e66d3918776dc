//! A PBX that gives every SIP request the same answer, or registers telephones and leaves their calls to somebody else.

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
        Self::begin(status, None, None)
    }

    /// 200 to everything, and to a call with this SDP.
    pub fn that_takes_calls(sdp: &str) -> Self {
        Self::begin(200, Some(sdp), None)
    }

    /// 200 to REGISTER and OPTIONS. All else goes to this address as it came, and what comes from there to the telephone.
    pub fn that_passes_calls_to(peer: SocketAddr) -> Self {
        Self::begin(200, None, Some(peer))
    }

    fn begin(status: u16, sdp: Option<&str>, beyond: Option<SocketAddr>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let empty = "Content-Length: 0\r\n\r\n".to_owned();
        let answer = sdp.map_or(empty.clone(), |sdp| {
            let length = sdp.len();
            format!(
                "Contact: <sip:them@{address}>\r\nContent-Type: application/sdp\r\n\
                 Content-Length: {length}\r\n\r\n{sdp}"
            )
        });
        let silent = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (quiet, heard) = (Arc::clone(&silent), Arc::clone(&requests));
        std::thread::spawn(move || {
            let mut buffer = [0; 65_535];
            let mut telephone = None;
            for count in 0.. {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { return };
                if let Some(peer) = beyond {
                    let whither = if from == peer { telephone } else { Some(peer) };
                    let own = [&b"REGISTER "[..], b"OPTIONS "].iter().any(|own| buffer.starts_with(own));
                    if from == peer || !own {
                        let _ = whither.map(|whither| socket.send_to(&buffer[..length], whither));
                        continue;
                    }
                    telephone = Some(from);
                }
                let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if !request.contains("SIP/2.0")
                    || request.starts_with("ACK ")
                    || quiet.load(Ordering::Relaxed)
                {
                    continue;
                }
                let response = respond(&request, status, count)
                    + if request.starts_with("INVITE ") { &answer } else { &empty };
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
        self.request_with(text).is_some()
    }

    /// The first request with this text in it.
    pub fn request_with(&self, text: &str) -> Option<String> {
        self.requests.lock().unwrap().iter().find(|request| request.contains(text)).cloned()
    }
}

/// All but the body and what tells of it.
fn respond(request: &str, status: u16, count: u32) -> String {
    let mut response = format!("SIP/2.0 {status} As Asked\r\n");
    for line in request.lines() {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "via" | "from" | "call-id" | "cseq" => response.push_str(&format!("{line}\r\n")),
            "to" if line.contains(";tag=") => response.push_str(&format!("{line}\r\n")),
            "to" => response.push_str(&format!("{line};tag=pbx\r\n")),
            "contact"
                if status == 200
                    && request.starts_with("REGISTER ")
                    && !line.contains("expires=0")
                    && !request.contains("Expires: 0\r\n") =>
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
    response
}
