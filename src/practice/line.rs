//! The state of a line, and the documents that tell it: dialog-info (RFC 4235), PIDF (RFC 3863, RFC 4480), message-summary
//! (RFC 3842).

use std::fmt::Write;

/// What is known of an extension.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Line {
    /// A telephone is there.
    pub open: bool,
    pub legs: Vec<Leg>,
}

/// A call at that telephone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Leg {
    /// Of no other leg of this line.
    pub id: String,
    pub stage: LegStage,
    /// It called.
    pub called: bool,
    pub remote: Option<Remote>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LegStage {
    Rings,
    Talks,
    /// It has the other side on hold.
    Holds,
}

/// Who is at the other end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Remote {
    pub name: Option<String>,
    pub uri: String,
}

/// All legs, or what has changed since `told` was told.
pub(super) fn dialog_info(entity: &str, version: u32, line: &Line, told: Option<&Line>) -> String {
    let known = told.map_or(&[][..], |told| &told.legs);
    let state = if told.is_some() { "partial" } else { "full" };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" \
         version=\"{version}\" state=\"{state}\" entity=\"{}\">\n",
        escaped(entity)
    );
    for leg in line.legs.iter().filter(|leg| !known.contains(leg)) {
        write_leg(&mut text, entity, leg, leg.stage.word());
    }
    let stands = |gone: &Leg| line.legs.iter().any(|leg| leg.id == gone.id);
    for gone in known.iter().filter(|leg| !stands(leg)) {
        write_leg(&mut text, entity, gone, "terminated");
    }
    text + "</dialog-info>\n"
}

impl LegStage {
    const fn word(self) -> &'static str {
        match self {
            Self::Rings => "early",
            Self::Talks | Self::Holds => "confirmed",
        }
    }
}

fn write_leg(text: &mut String, entity: &str, leg: &Leg, state: &str) {
    let direction = if leg.called { "initiator" } else { "recipient" };
    let rendering = if leg.stage == LegStage::Holds { "no" } else { "yes" };
    let remote = leg.remote.as_ref().map_or_else(String::new, |remote| {
        let display = remote.name.as_deref().map(|name| format!(" display=\"{}\"", escaped(name)));
        let (display, uri) = (display.unwrap_or_default(), escaped(&remote.uri));
        format!("<remote><identity{display}>{uri}</identity><target uri=\"{uri}\"/></remote>")
    });
    // Writing to a text does not fail.
    let _ = writeln!(
        text,
        "<dialog id=\"{}\" direction=\"{direction}\"><state>{state}</state><local><target uri=\"{}\">\
         <param pname=\"+sip.rendering\" pvalue=\"{rendering}\"/></target></local>{remote}</dialog>",
        escaped(&leg.id),
        escaped(entity)
    );
}

pub(super) fn presence(entity: &str, line: &Line) -> String {
    let entity = escaped(entity);
    let basic = if line.open { "open" } else { "closed" };
    let activity = if line.legs.is_empty() { "" } else { "<rpid:on-the-phone/>" };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" \
         entity=\"{entity}\">\n<tuple id=\"telephone\"><status><basic>{basic}</basic></status>\
         <contact>{entity}</contact></tuple>\n<dm:person id=\"person\"><rpid:activities>{activity}</rpid:activities>\
         </dm:person>\n</presence>\n"
    )
}

/// Nobody leaves messages here.
pub(super) fn message_summary(entity: &str) -> String {
    format!("Messages-Waiting: no\r\nMessage-Account: {entity}\r\nVoice-Message: 0/0 (0/0)\r\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
