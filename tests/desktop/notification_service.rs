//! A desktop's notification service, as small as it can be: says what it is told to show, and presses buttons.

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::Duration;
use zbus::export::ordered_stream::OrderedStreamExt as _;
use zbus::message::Type;
use zbus::{Connection, MessageStream, OwnedVariant, Type as DBusType, block_on};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What it was told.
#[derive(PartialEq, Debug)]
pub enum Told {
    Show { id: u32, summary: String, body: String, buttons: Vec<String>, urgent: bool, resident: bool },
    Close { id: u32 },
}

pub struct NotificationService {
    connection: Connection,
    told: mpsc::Receiver<Told>,
}

type Notify = (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedVariant>, i32);

impl NotificationService {
    pub fn start() -> Self {
        let connection = block_on(Connection::session()).unwrap();
        let calls = MessageStream::from(&connection);
        block_on(connection.request_name(NAME)).unwrap();
        let (telling, told) = mpsc::channel();
        let serving = connection.clone();
        std::thread::spawn(move || block_on(serve(serving, calls, telling)));
        Self { connection, told }
    }

    pub fn next(&self) -> Told {
        self.told.recv_timeout(Duration::from_secs(10)).expect("the service is told something")
    }

    pub fn press(&self, id: u32, button: &str) {
        self.signal("ActionInvoked", &(id, button));
    }

    pub fn wave_away(&self, id: u32) {
        self.signal("NotificationClosed", &(id, 2u32));
    }

    fn signal<B: serde::Serialize + DBusType>(&self, name: &str, body: &B) {
        block_on(self.connection.emit_signal(None::<&str>, PATH, NAME, name, body)).unwrap();
    }
}

async fn serve(connection: Connection, mut calls: MessageStream, telling: mpsc::Sender<Told>) {
    let mut last = 0;
    while let Some(Ok(message)) = calls.next().await {
        let header = message.header();
        if header.message_type() != Type::MethodCall {
            continue;
        }
        match header.member().map(|member| member.as_str()) {
            Some("GetCapabilities") => {
                connection.reply(&header, &vec!["actions", "body", "body-markup"]).await.unwrap();
            }
            Some("Notify") => {
                let (_, replaced, _, summary, body, buttons, hints, _): Notify =
                    message.body().deserialize().unwrap();
                last = if replaced == 0 { last + 1 } else { replaced };
                let urgent = hints.get("urgency").is_some_and(|hint| u8::try_from(hint) == Ok(2));
                let resident = hints.get("resident").is_some_and(|hint| bool::try_from(hint) == Ok(true));
                connection.reply(&header, &last).await.unwrap();
                telling.send(Told::Show { id: last, summary, body, buttons, urgent, resident }).unwrap();
            }
            Some("CloseNotification") => {
                let id: u32 = message.body().deserialize().unwrap();
                connection.reply(&header, &()).await.unwrap();
                let _ = telling.send(Told::Close { id });
            }
            _ => {}
        }
    }
}
