//! What can be subscribed to here, and what its notifications say.

use super::dialog_info::{self, Applied, Table, WatchedDialog};
use super::message_summary::{self, MessageSummary};
use super::presence::{self, Presence};
use crate::sip::message::{ContentType, Request, StatusCode};

/// An event package (RFC 6665 §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Package {
    /// RFC 4235
    Dialog,
    /// RFC 3856
    Presence,
    /// RFC 3842
    MessageSummary,
}

/// What is known now, whole, after a notification.
#[derive(Clone, PartialEq, Debug)]
pub enum News {
    /// The dialogs that stand.
    Dialogs(Vec<WatchedDialog>),
    Presence(Presence),
    Messages(MessageSummary),
}

/// What a body brought.
pub enum Read {
    News(News),
    /// The same, but something was missed: all of it is wanted.
    NewsWithGap(News),
    Nothing,
}

impl Package {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dialog => "dialog",
            Self::Presence => "presence",
            Self::MessageSummary => "message-summary",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Dialog, Self::Presence, Self::MessageSummary];
        all.into_iter().find(|package| package.name().eq_ignore_ascii_case(name))
    }

    /// The one kind of body.
    pub const fn accepts(self) -> &'static str {
        match self {
            Self::Dialog => "application/dialog-info+xml",
            Self::Presence => "application/pidf+xml",
            Self::MessageSummary => "application/simple-message-summary",
        }
    }

    /// `table`: what the subscription knows of dialogs so far. `Err`: what the NOTIFY is refused with.
    pub fn read(self, notify: &Request, table: &mut Table) -> Result<Read, StatusCode> {
        if notify.body.is_empty() {
            return Ok(Read::Nothing);
        }
        let kind = notify.headers.typed::<ContentType>().ok().flatten();
        if kind.is_none_or(|kind| kind.kind != self.accepts()) {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        self.read_body(&notify.body, table).ok_or(StatusCode::BAD_REQUEST)
    }

    fn read_body(self, body: &[u8], table: &mut Table) -> Option<Read> {
        match self {
            Self::Presence => presence::parse(body).map(News::Presence).map(Read::News),
            Self::MessageSummary => message_summary::parse(body).map(News::Messages).map(Read::News),
            Self::Dialog => {
                let applied = table.apply(dialog_info::parse(body)?);
                let news = News::Dialogs(table.dialogs().to_vec());
                Some(match applied {
                    Applied::Whole => Read::News(news),
                    Applied::Gap => Read::NewsWithGap(news),
                    Applied::Stale => Read::Nothing,
                })
            }
        }
    }

    /// What the bodies of one subscription say, one after the other.
    #[doc(hidden)]
    pub fn news_in<'a>(self, bodies: impl Iterator<Item = &'a [u8]>) -> Vec<News> {
        let mut table = Table::default();
        let read = bodies.filter_map(|body| self.read_body(body, &mut table));
        let news = read.filter_map(|read| match read {
            Read::News(news) | Read::NewsWithGap(news) => Some(news),
            Read::Nothing => None,
        });
        news.collect()
    }

    /// Message counts in a NOTIFY that belongs to no subscription (RFC 3842 §3.2).
    pub fn unasked(notify: &Request) -> Result<Option<News>, StatusCode> {
        match Self::MessageSummary.read(notify, &mut Table::default())? {
            Read::News(news) | Read::NewsWithGap(news) => Ok(Some(news)),
            Read::Nothing => Ok(None),
        }
    }
}
