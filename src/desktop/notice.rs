//! A ringing call as a notification of the desktop, with buttons (Desktop Notifications Specification 1.2).
//!
//! All of it happens on a thread of its own: whoever shows a notice never waits for the desktop. A desktop without
//! notifications is no fault, since the window rings by itself.
//!
//! By D-Bus itself: the crate for notifications listens for each one anew, after it is shown and after each button, and a
//! button pressed meanwhile is lost.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zbus::export::ordered_stream::OrderedStreamExt as _;
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream, Variant, connection};

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// The longest that one call of the service may take.
const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER: &str = "answer";
const REJECT: &str = "reject";
/// A click beside the buttons.
const BODY: &str = "default";
/// Urgency: stays until it is closed, and is shown over programs that fill the screen.
const CRITICAL: u8 = 2;
const NEVER: i32 = 0;

/// Who calls, in the operator's words.
#[derive(Clone, PartialEq, Eq)]
pub struct Alert {
    /// The telephone's line, 1 and up.
    pub line: u32,
    pub title: String,
    pub body: String,
    /// Labels of the buttons.
    pub answer: String,
    pub reject: String,
}

/// Without who calls.
impl fmt::Debug for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alert({})", self.line)
    }
}

/// What the operator did with a notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pressed {
    Answer,
    Reject,
    /// The notice itself: shows the window.
    Body,
}

/// The notices of all lines.
#[derive(Debug)]
pub struct Notices {
    orders: UnboundedSender<Order>,
}

#[derive(Debug)]
enum Order {
    Show(Alert),
    Over(u32),
}

impl Notices {
    /// `pressed` is called from another thread.
    pub fn start(pressed: impl Fn(u32, Pressed) + Send + 'static) -> Self {
        let (orders, incoming) = unbounded_channel();
        std::thread::spawn(move || zbus::block_on(attend(incoming, pressed)));
        Self { orders }
    }

    /// Or shows what is new about a call that rings.
    pub fn show(&self, alert: Alert) {
        let _ = self.orders.send(Order::Show(alert));
    }

    /// The call rings no more.
    pub fn over(&self, line: u32) {
        let _ = self.orders.send(Order::Over(line));
    }
}

/// Until nobody gives orders any more.
async fn attend(mut orders: UnboundedReceiver<Order>, pressed: impl Fn(u32, Pressed)) {
    // By line: the desktop's number of what is shown; None where the operator waved it away.
    let mut shown: BTreeMap<u32, Option<u32>> = BTreeMap::new();
    let mut desktop: Option<Desktop> = None;
    let mut was_absent = false;
    loop {
        tokio::select! {
            biased;
            signal = next_signal(&mut desktop) => match signal {
                Some(signal) => {
                    let line = shown.iter().find(|(_, id)| **id == Some(signal.id)).map(|(line, _)| *line);
                    let Some(line) = line else { continue };
                    match signal.pressed {
                        Some(button) => pressed(line, button),
                        None => drop(shown.insert(line, None)),
                    }
                }
                // The bus is gone, and what was shown with it.
                None => (desktop, shown) = (None, BTreeMap::new()),
            },
            order = orders.recv() => match order {
                Some(Order::Show(alert)) => {
                    if desktop.is_none() {
                        let found = Desktop::find().await;
                        if let Err(error) = found.as_ref().map_err(|error| error.to_string()) && !was_absent {
                            tracing::debug!(%error, "this desktop shows no notifications");
                            was_absent = true;
                        }
                        desktop = found.ok();
                    }
                    let before = shown.get(&alert.line).copied();
                    if let Some(desktop) = &desktop && before != Some(None) {
                        match desktop.show(&alert, before.flatten()).await {
                            Ok(id) => drop(shown.insert(alert.line, Some(id))),
                            Err(error) => tracing::debug!(%error, "a notification could not be shown"),
                        }
                    }
                }
                Some(Order::Over(line)) => {
                    if let (Some(desktop), Some(Some(id))) = (&desktop, shown.remove(&line)) {
                        desktop.close(id).await;
                    }
                }
                None => break,
            },
        }
    }
    for id in shown.into_values().flatten() {
        if let Some(desktop) = &desktop {
            desktop.close(id).await;
        }
    }
}

/// What the operator did with a notification; None: it is closed.
struct Signal {
    id: u32,
    pressed: Option<Pressed>,
}

impl Signal {
    fn read(message: &Message) -> Option<Self> {
        let header = message.header();
        match header.member()?.as_str() {
            "NotificationClosed" => {
                let (id, _): (u32, u32) = message.body().deserialize().ok()?;
                Some(Self { id, pressed: None })
            }
            "ActionInvoked" => {
                let (id, action): (u32, String) = message.body().deserialize().ok()?;
                let pressed = match action.as_str() {
                    ANSWER => Pressed::Answer,
                    REJECT => Pressed::Reject,
                    BODY => Pressed::Body,
                    _ => return None,
                };
                Some(Self { id, pressed: Some(pressed) })
            }
            _ => None,
        }
    }
}

/// None when the bus is gone; waits for ever where there is none.
async fn next_signal(desktop: &mut Option<Desktop>) -> Option<Signal> {
    let Some(desktop) = desktop else { return std::future::pending().await };
    loop {
        let message = desktop.signals.next().await?.ok()?;
        if let Some(signal) = Signal::read(&message) {
            return Some(signal);
        }
    }
}

/// One that shows notifications.
struct Desktop {
    connection: Connection,
    /// Heard from before the first notification on.
    signals: MessageStream,
    /// Whether it reads the body as markup.
    markup: bool,
}

impl Desktop {
    async fn find() -> zbus::Result<Self> {
        let connection = connection::Builder::session().method_timeout(PATIENCE).build().await?;
        let rule = MatchRule::builder().msg_type(Type::Signal).interface(SERVICE).path(PATH).build()?;
        let signals = MessageStream::for_match_rule(rule, &connection, None).await?;
        let answer =
            connection.call_method(Some(SERVICE), PATH, Some(SERVICE), "GetCapabilities", &()).await?;
        let capabilities: Vec<String> = answer.body().deserialize()?;
        let markup = capabilities.iter().any(|capability| capability == "body-markup");
        Ok(Self { connection, signals, markup })
    }

    /// In the place of `before`. Returns its number.
    async fn show(&self, alert: &Alert, before: Option<u32>) -> zbus::Result<u32> {
        let body = if self.markup { escaped(&alert.body) } else { alert.body.clone() };
        let buttons = [BODY, "", ANSWER, &alert.answer, REJECT, &alert.reject];
        let hints = HashMap::from([
            ("urgency", Variant::from(CRITICAL)),
            ("resident", Variant::from(true)),
            ("category", Variant::from("call.incoming")),
            ("desktop-entry", Variant::from("patchcord")),
        ]);
        let content = (
            "Patchcord",
            before.unwrap_or_default(),
            "call-start",
            alert.title.as_str(),
            body.as_str(),
            buttons.as_slice(),
            hints,
            NEVER,
        );
        let answer =
            self.connection.call_method(Some(SERVICE), PATH, Some(SERVICE), "Notify", &content).await?;
        answer.body().deserialize()
    }

    async fn close(&self, id: u32) {
        let closed =
            self.connection.call_method(Some(SERVICE), PATH, Some(SERVICE), "CloseNotification", &id).await;
        if let Err(error) = closed {
            tracing::debug!(%error, "a notification could not be closed");
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_name_is_no_markup() {
        assert_eq!(escaped("<b>Kim & Sons</b>"), "&lt;b&gt;Kim &amp; Sons&lt;/b&gt;");
    }

    #[test]
    fn debug_shows_nobody() {
        let text = || "Anna".to_owned();
        let alert = Alert { line: 1, title: text(), body: text(), answer: text(), reject: text() };
        assert_eq!(format!("{alert:?}"), "Alert(1)");
    }
}
