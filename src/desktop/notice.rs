//! A ringing call as a notification of the desktop, with buttons (Desktop Notifications Specification 1.2).
//!
//! All of it happens on a thread of its own: whoever shows a notice never waits for the desktop. A desktop without
//! notifications is no fault, since the window rings by itself.

use notify_rust::{Hint, Notification, NotificationResponse, Timeout, Urgency};
use std::collections::BTreeMap;
use std::fmt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

const ANSWER: &str = "answer";
const REJECT: &str = "reject";

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
    pub fn start(pressed: impl Fn(u32, Pressed) + Clone + Send + 'static) -> Self {
        let (orders, incoming) = unbounded_channel();
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
            let tasks = LocalSet::new();
            tasks.block_on(&runtime, attend(incoming, pressed));
            // Whatever is shown is taken away before the thread ends.
            runtime.block_on(tasks);
        });
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
async fn attend(
    mut orders: UnboundedReceiver<Order>,
    pressed: impl Fn(u32, Pressed) + Clone + Send + 'static,
) {
    let mut ringing: BTreeMap<u32, UnboundedSender<Alert>> = BTreeMap::new();
    let mut desktop = None;
    while let Some(order) = orders.recv().await {
        match order {
            Order::Show(alert) => {
                if let Some(news) = ringing.get(&alert.line) {
                    let _ = news.send(alert);
                    continue;
                }
                let Some(markup) = *desktop.get_or_insert_with(takes_markup) else { continue };
                let (news, incoming) = unbounded_channel();
                ringing.insert(alert.line, news);
                tokio::task::spawn_local(ring(alert, markup, incoming, pressed.clone()));
            }
            // Its task sees that no more news can come.
            Order::Over(line) => drop(ringing.remove(&line)),
        }
    }
}

/// Whether the desktop reads the body as markup; None if it has no notifications.
fn takes_markup() -> Option<bool> {
    match notify_rust::get_capabilities() {
        Ok(capabilities) => Some(capabilities.iter().any(|capability| capability == "body-markup")),
        Err(error) => {
            tracing::debug!(%error, "this desktop shows no notifications");
            None
        }
    }
}

/// From ringing to its end.
async fn ring(
    alert: Alert,
    markup: bool,
    mut news: UnboundedReceiver<Alert>,
    pressed: impl Fn(u32, Pressed),
) {
    let line = alert.line;
    let mut shown = match notification(&alert, markup).show_async().await {
        Ok(shown) => shown,
        Err(error) => {
            tracing::debug!(%error, "a notification could not be shown");
            return;
        }
    };
    loop {
        let mut response = None;
        let is_news = tokio::select! {
            biased;
            alert = news.recv() => Some(alert),
            () = shown.wait_for_action_async(|said| response = Some(said.clone())) => None,
        };
        match (is_news, response) {
            (Some(Some(alert)), _) => {
                *shown = notification(&alert, markup);
                if let Err(error) = shown.update() {
                    tracing::debug!(%error, "a notification could not be renewed");
                }
            }
            (Some(None), _) => {
                shown.close_async().await;
                return;
            }
            (None, Some(NotificationResponse::Action(name))) if name == ANSWER => {
                pressed(line, Pressed::Answer);
            }
            (None, Some(NotificationResponse::Action(name))) if name == REJECT => {
                pressed(line, Pressed::Reject);
            }
            (None, Some(NotificationResponse::Default)) => pressed(line, Pressed::Body),
            // The operator waved it away: it does not come again for this call.
            (None, _) => {
                while news.recv().await.is_some() {}
                return;
            }
        }
    }
}

fn notification(alert: &Alert, markup: bool) -> Notification {
    let body = if markup { escaped(&alert.body) } else { alert.body.clone() };
    let mut notification = Notification::new();
    notification
        .appname("Patchcord")
        .icon("call-start")
        .summary(&alert.title)
        .body(&body)
        .action("default", "")
        .action(ANSWER, &alert.answer)
        .action(REJECT, &alert.reject)
        .hint(Hint::Category("call.incoming".to_owned()))
        .hint(Hint::Resident(true))
        .hint(Hint::DesktopEntry("patchcord".to_owned()))
        .urgency(Urgency::Critical)
        .timeout(Timeout::Never);
    notification
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
