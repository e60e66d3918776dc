//! What the PBX tells of its extensions' lines to who has subscribed (RFC 6665, RFC 4235, RFC 3863): all of it, at each change.

use crate::aside::Aside;
use crate::proxy;
use patchcord::instant::Instant;
use patchcord::sip::message::{Expires, Method, Request, StatusCode, To};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Lines {
    /// Of the dialog there (RFC 4235 §3.7.1); nothing known is none.
    states: BTreeMap<String, &'static str>,
    subscriptions: Vec<Subscription>,
    made: u32,
}

struct Subscription {
    subscribe: Request,
    /// Our end, with its tag.
    own: To,
    extension: String,
    package: String,
    version: u32,
}

impl Lines {
    pub fn state(&self, extension: &str) -> &'static str {
        self.states.get(extension).copied().unwrap_or("terminated")
    }

    pub fn forget(&mut self) {
        self.subscriptions.clear();
    }

    /// The answer; all is told after it.
    pub fn on_subscribe(&mut self, now: Instant, aside: &mut Aside, subscribe: &Request) -> Option<Vec<u8>> {
        let mut own = subscribe.headers.require::<To>().unwrap();
        let expires = subscribe.headers.require::<Expires>().unwrap();
        let known = match own.tag().map(str::to_owned) {
            Some(tag) => self.subscriptions.iter().position(|known| known.own.tag() == Some(&tag)),
            None => Some(self.begin(subscribe, &mut own)),
        };
        let Some(at) = known else {
            return Some(subscribe.response(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST).to_bytes());
        };
        let mut response = subscribe.response(StatusCode::OK);
        response.headers.set(&own);
        response.headers.push("Expires", expires.0.to_string());
        response.headers.push("Contact", format!("<sip:{}>", proxy::ADDRESS));
        let over = expires.0 == 0;
        self.tell(now, aside, at, over);
        if over {
            self.subscriptions.remove(at);
        }
        Some(response.to_bytes())
    }

    /// A repeated SUBSCRIBE begins nothing anew.
    fn begin(&mut self, subscribe: &Request, own: &mut To) -> usize {
        let call_id = subscribe.headers.first("Call-ID");
        let same = |known: &Subscription| known.subscribe.headers.first("Call-ID") == call_id;
        if let Some(at) = self.subscriptions.iter().position(same) {
            *own = self.subscriptions[at].own.clone();
            return at;
        }
        self.made += 1;
        own.set_tag(&format!("line{}", self.made));
        self.subscriptions.push(Subscription {
            subscribe: subscribe.clone(),
            own: own.clone(),
            extension: subscribe.uri.user.clone().unwrap_or_default(),
            package: subscribe.headers.first("Event").unwrap_or_default().to_owned(),
            version: 0,
        });
        self.subscriptions.len() - 1
    }

    pub fn set(&mut self, now: Instant, aside: &mut Aside, extension: &str, state: &'static str) {
        self.states.insert(extension.to_owned(), state);
        for at in 0..self.subscriptions.len() {
            if self.subscriptions[at].extension == extension {
                self.tell(now, aside, at, false);
            }
        }
    }

    fn tell(&mut self, now: Instant, aside: &mut Aside, at: usize, over: bool) {
        let state = self.state(&self.subscriptions[at].extension);
        let subscription = &mut self.subscriptions[at];
        let version = subscription.version;
        subscription.version += 1;
        let (kind, body) = match subscription.package.as_str() {
            "dialog" => (
                "application/dialog-info+xml",
                format!(
                    "<dialog-info version=\"{version}\" state=\"full\"><dialog id=\"1\" \
                     direction=\"recipient\"><state>{state}</state></dialog></dialog-info>"
                ),
            ),
            "presence" => (
                "application/pidf+xml",
                "<presence><tuple id=\"1\"><status><basic>open</basic></status></tuple></presence>".into(),
            ),
            _ => ("application/simple-message-summary", "Messages-Waiting: no\r\n".into()),
        };
        let (home, contact) = (proxy::ADDRESS.parse().unwrap(), format!("sip:{}", proxy::ADDRESS));
        let mut notify = aside.request(
            Method::Notify,
            &subscription.subscribe,
            &subscription.own,
            &contact.parse().unwrap(),
            home,
        );
        notify.headers.push("Event", subscription.package.clone());
        notify.headers.push("Subscription-State", if over { "terminated" } else { "active" });
        notify.headers.push("Content-Type", kind);
        notify.body = body.into_bytes();
        aside.ask(now, &notify);
    }
}
