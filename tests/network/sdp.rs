//! Descriptions of a session, as far as offer and answer can be told from them (RFC 3264).

/// One side of one call.
#[derive(Default)]
pub struct Speaker {
    version: u32,
    said: String,
    /// Whether it offers a second medium.
    video: bool,
    held: bool,
    /// An offer that waits for its answer.
    heard: Option<String>,
}

impl Speaker {
    pub fn new(video: bool) -> Self {
        Self { video, ..Self::default() }
    }

    pub fn hear(&mut self, offer: &[u8]) {
        self.heard = Some(String::from_utf8_lossy(offer).into_owned());
    }

    /// The answer to what was heard, or else an offer: as before, or put on hold and taken back.
    pub fn speak(&mut self, swap: bool) -> Vec<u8> {
        let said = match self.heard.take() {
            Some(offer) => self.answer(&offer),
            None => self.offer(swap),
        };
        if said != self.said {
            self.version += 1;
            self.said = said;
        }
        let (version, said) = (self.version, &self.said);
        format!("v=0\r\no=- 7 {version} IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n{said}").into_bytes()
    }

    fn offer(&mut self, swap: bool) -> String {
        self.held ^= swap;
        let direction = if self.held { "sendonly" } else { "sendrecv" };
        let video = if self.video { "m=video 4002 RTP/AVP 99\r\n" } else { "" };
        format!("m=audio 4000 RTP/AVP 8\r\na={direction}\r\n{video}")
    }

    fn answer(&mut self, offer: &str) -> String {
        self.video = offer.contains("m=video");
        let direction = if offer.contains("a=sendonly") { "recvonly" } else { "sendrecv" };
        let video = if self.video { "m=video 0 RTP/AVP 99\r\n" } else { "" };
        format!("m=audio 4000 RTP/AVP 8\r\na={direction}\r\n{video}")
    }
}
