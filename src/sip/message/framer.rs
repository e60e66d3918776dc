//! Whole messages out of a stream (RFC 3261 §18.3), however it was cut on its way.
//!
//! Between messages stand line breaks that keep the connection alive (RFC 5626 §3.5.1). What `codec` would
//! read from one datagram is handed out as one message; where it ends, Content-Length alone says, and a stream
//! without one cannot be understood any further.

use super::ParseError;
use super::codec::{MAX_MESSAGE, declared_length};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// The octets of one message, for `codec::parse`.
    Message(Vec<u8>),
    /// Two line breaks: to be answered with one (RFC 5626 §4.4.1). A single one, the answer to a ping, is passed over.
    Ping,
}

/// Give octets by `push`, take what they hold by `next` until there is nothing more.
#[derive(Default)]
pub struct Framer {
    held: Vec<u8>,
    /// Where the message ends, once its head is there.
    end: Option<usize>,
    /// Up to here there is no empty line.
    searched: usize,
    /// Where the last line of that starts.
    line: usize,
    /// Line breaks in a row before the next message.
    breaks: u8,
    fault: Option<ParseError>,
}

impl Framer {
    pub fn push(&mut self, octets: &[u8]) {
        // Nothing that follows a fault is looked at.
        if self.fault.is_none() {
            self.held.extend_from_slice(octets);
        }
    }

    /// The next whole frame; None: more octets are needed. After a fault there is nothing but the fault: where the
    /// next message begins cannot be known.
    #[expect(clippy::should_implement_trait, reason = "no iterator: after None comes more")]
    pub fn next(&mut self) -> Result<Option<Frame>, ParseError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let frame = self.take();
        if let Err(fault) = &frame {
            self.fault = Some(fault.clone());
            self.held = Vec::new();
        }
        frame
    }

    fn take(&mut self) -> Result<Option<Frame>, ParseError> {
        if self.line == 0 && self.take_breaks() {
            return Ok(Some(Frame::Ping));
        }
        if self.end.is_none() {
            self.end = self.find_end()?;
        }
        let Some(end) = self.end.filter(|end| *end <= self.held.len()) else { return Ok(None) };
        let rest = self.held.split_off(end);
        let message = std::mem::replace(&mut self.held, rest);
        (self.end, self.searched, self.line, self.breaks) = (None, 0, 0, 0);
        Ok(Some(Frame::Message(message)))
    }

    fn find_end(&mut self) -> Result<Option<usize>, ParseError> {
        const TOO_LONG: ParseError = ParseError { field: "message", fault: "too long" };
        let body = self.find_body();
        if body.unwrap_or(self.held.len()) > MAX_MESSAGE {
            return Err(TOO_LONG);
        }
        let Some(body) = body else { return Ok(None) };
        let length = declared_length(self.held.get(..body).unwrap_or_default())?;
        body.checked_add(length).filter(|end| *end <= MAX_MESSAGE).map(Some).ok_or(TOO_LONG)
    }

    /// Passes over line breaks in front of a message; true at every second one.
    fn take_breaks(&mut self) -> bool {
        let length = self.held.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
        let mut taken = 0;
        for octet in self.held.get(..length).unwrap_or_default() {
            taken += 1;
            self.breaks += u8::from(*octet == b'\n');
            if self.breaks == 2 {
                break;
            }
        }
        self.held.drain(..taken);
        if self.breaks == 2 {
            self.breaks = 0;
            return true;
        }
        false
    }

    /// Behind the empty line. No octet is looked at twice.
    fn find_body(&mut self) -> Option<usize> {
        while let Some(length) =
            self.held.get(self.searched..).and_then(|rest| rest.iter().position(|octet| *octet == b'\n'))
        {
            let end = self.searched + length;
            let is_empty = matches!(self.held.get(self.line..end), Some(b"" | b"\r"));
            (self.searched, self.line) = (end + 1, end + 1);
            if is_empty {
                return Some(self.line);
            }
        }
        self.searched = self.held.len();
        None
    }
}
