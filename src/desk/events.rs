//! Changes of orders as the desk tells them: server-sent events over one connection of its own, made again whenever it breaks.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use reqwest::Response;
use tokio::sync::mpsc::UnboundedSender;

use super::{Desk, Waits};
use crate::desk_api::{BadAnswer, OrderWatch, Unavailable, paths};

/// The desk says something at least every 20 s; a connection that was silent for so long leads nowhere.
const SILENCE: Duration = Duration::from_secs(50);
/// Longest event, octets: a change of an order has some two hundred.
const LONGEST: usize = 64 * 1024;

impl Desk {
    /// Tells what changes of this operator's orders, until nobody listens. Attempts follow each other with growing waits, which
    /// differ from one telephone to the next.
    pub async fn watch_orders(&self, seed: [u8; 32], waits: Waits, tell: UnboundedSender<OrderWatch>) {
        let mut chance = ChaCha20Rng::from_seed(seed);
        let mut failures = 0;
        let mut is_refused = false;
        loop {
            match self.heard(self.http.stream(paths::EVENTS, self.look_up_budget)).await {
                Ok(stream) => {
                    (failures, is_refused) = (0, false);
                    let _ = tell.send(OrderWatch::Live);
                    let why = follow(stream, &tell).await;
                    tracing::debug!(?why, "changes of orders are not heard any more");
                }
                // Once until it is taken again: what the operator goes on with is not theirs to lose at every attempt.
                Err(Unavailable::WrongToken) => {
                    if !std::mem::replace(&mut is_refused, true) {
                        let _ = tell.send(OrderWatch::Revoked);
                    }
                }
                Err(_) => {}
            }
            if tell.send(OrderWatch::Away).is_err() {
                return;
            }
            tokio::time::sleep(waits.after(failures, chance.next_u32())).await;
            failures = failures.saturating_add(1);
        }
    }
}

/// Until it breaks.
async fn follow(mut stream: Response, tell: &UnboundedSender<OrderWatch>) -> Unavailable {
    let mut reader = EventReader::default();
    loop {
        let chunk = match tokio::time::timeout(SILENCE, stream.chunk()).await {
            Err(_) => return Unavailable::Slow,
            Ok(Err(_) | Ok(None)) => return Unavailable::Down,
            Ok(Ok(Some(chunk))) => chunk,
        };
        if !reader.take(&chunk) {
            return Unavailable::BadAnswer(BadAnswer::TooLarge);
        }
        while let Some(event) = reader.next() {
            if tell.send(event).is_err() {
                return Unavailable::Down;
            }
        }
    }
}

/// Events out of octets as they come (WHATWG HTML §9.2.6), as far as they are ours: kinds that are not known mean nothing.
#[derive(Default)]
struct EventReader {
    unread: Vec<u8>,
    kind: String,
    data: String,
}

impl EventReader {
    /// Whether it still is an event's length.
    fn take(&mut self, octets: &[u8]) -> bool {
        self.unread.extend_from_slice(octets);
        self.unread.len() + self.data.len() <= LONGEST
    }

    fn next(&mut self) -> Option<OrderWatch> {
        while let Some(end) = self.unread.iter().position(|octet| *octet == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.kind),
                "data" => self.data.push_str(value),
                "" if line.is_empty() => {
                    let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
                    match kind.as_str() {
                        "order" => match serde_json::from_str(&data) {
                            Ok(changed) => return Some(OrderWatch::Changed(changed)),
                            // Of a later version: what is shown is asked for anew.
                            Err(_) => return Some(OrderWatch::Missed),
                        },
                        "lost" => return Some(OrderWatch::Missed),
                        _ => {}
                    }
                }
                // A comment, or what says nothing here.
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::desk::DeskConfig;
    use crate::desk_api::OrderChanged;
    use crate::secrets::Secret;

    /// Answers one request after the other with these, and ends.
    async fn answers(texts: &'static [&'static str]) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for text in texts {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await.unwrap();
                let head = format!("HTTP/1.1 {text}\r\nConnection: close\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
            }
        });
        url
    }

    #[tokio::test]
    async fn that_the_token_is_refused_is_told_once_until_it_is_taken_again() {
        const NO: &str = "401 Unauthorized";
        let url = answers(&[NO, NO, "200 OK\r\nContent-Type: text/event-stream", NO, NO]).await;
        let config = DeskConfig::new(url, Secret::new("token"));
        let desk = Desk::new(config, Clock::start()).unwrap();
        let soon = Duration::from_millis(1);
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let mut heard = Vec::new();
        let story = async {
            while heard.iter().filter(|told| **told == OrderWatch::Away).count() < 5 {
                heard.extend(told.recv().await);
            }
        };
        tokio::select! {
            () = desk.watch_orders([1; 32], Waits { first: soon, longest: soon }, tell) => {}
            () = story => {}
        }
        use OrderWatch::{Away, Live, Revoked};
        assert_eq!(heard, [Revoked, Away, Away, Live, Away, Revoked, Away, Away]);
    }

    const CHANGED: &str = concat!(
        r#"{"id":"0198c0de-0000-7000-8000-000000000001","client":"0198c0de-0000-7000-8000-000000000002","#,
        r#""revision":4,"state":"accepted","changed_at":"2026-05-06T07:08:09Z","more":1}"#
    );

    fn read(chunks: &[&str]) -> Vec<String> {
        let mut reader = EventReader::default();
        let mut read = Vec::new();
        for chunk in chunks {
            assert!(reader.take(chunk.as_bytes()));
            while let Some(event) = reader.next() {
                read.push(match event {
                    OrderWatch::Changed(OrderChanged { revision, state, .. }) => {
                        format!("r{revision} {state:?}")
                    }
                    event => format!("{event:?}"),
                });
            }
        }
        read
    }

    #[test]
    fn events_are_read_however_they_are_cut_and_what_is_not_known_is_left_out() {
        let text = format!(
            ":alive\n\nevent: order\r\ndata: {CHANGED}\r\n\r\nevent: note\ndata: {{}}\n\nevent:lost\ndata:{{}}\n\n\
             id: 7\nevent: order\ndata: what is this\n\ndata: {CHANGED}\n\n"
        );
        let whole = ["r4 Accepted", "Missed", "Missed"];
        assert_eq!(read(&[&text]), whole);
        let octets: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(read(&octets.iter().map(String::as_str).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn a_line_without_an_end_is_not_read_for_ever() {
        let mut reader = EventReader::default();
        assert!(reader.take(&[b'a'; LONGEST]));
        assert!(reader.next().is_none() && !reader.take(b"a"));
    }
}
