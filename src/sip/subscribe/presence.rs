//! application/pidf+xml (RFC 3863), with activities (RFC 4480): whether somebody can be reached.

use super::xml::{child, children, root, text};
use roxmltree::Node;

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Presence {
    /// Can be reached anywhere; None where nothing is said of it.
    pub open: Option<bool>,
    /// In a call, or busy otherwise.
    pub busy: bool,
    /// Asterisk says so in its note alone.
    pub ringing: bool,
}

/// None: not such a document.
pub fn parse(body: &[u8]) -> Option<Presence> {
    root(body, "presence", |presence| {
        let mut read = Presence::default();
        for tuple in children(presence, "tuple") {
            match child(tuple, "status").and_then(|status| child(status, "basic")).and_then(text) {
                Some("open") => read.open = Some(true),
                Some("closed") => read.open = read.open.or(Some(false)),
                _ => {}
            }
        }
        // Of the person, of a tuple, or of its status: each draft has put them elsewhere.
        read.busy = presence.descendants().filter(|node| node.tag_name().name() == "activities").any(is_busy);
        read.ringing = child(presence, "note").and_then(text) == Some("Ringing");
        Some(read)
    })
}

fn is_busy(activities: Node) -> bool {
    activities.children().any(|activity| ["on-the-phone", "busy"].contains(&activity.tag_name().name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inside: &str) -> Presence {
        let text = format!(
            "<?xml version=\"1.0\"?><presence entity=\"sip:201@pbx\" xmlns=\"urn:ietf:params:xml:ns:pidf\" \
             xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\">\
             {inside}</presence>"
        );
        parse(text.as_bytes()).unwrap()
    }

    fn tuple(basic: &str) -> String {
        format!("<tuple id=\"1\"><status><basic>{basic}</basic></status></tuple>")
    }

    #[test]
    fn what_asterisk_says_is_read() {
        let on_the_phone = "<dm:person><rpid:activities><rpid:on-the-phone /></rpid:activities></dm:person>";
        let table = [
            ("Ready", "open", "<dm:person />", Presence { open: Some(true), busy: false, ringing: false }),
            ("Ringing", "open", on_the_phone, Presence { open: Some(true), busy: true, ringing: true }),
            ("On the phone", "open", on_the_phone, Presence { open: Some(true), busy: true, ringing: false }),
            ("Unavailable", "closed", "<dm:person />", Presence { open: Some(false), ..Presence::default() }),
        ];
        for (note, basic, person, wanted) in table {
            assert_eq!(read(&format!("<note>{note}</note>{}{person}", tuple(basic))), wanted, "{note}");
        }
    }

    #[test]
    fn one_open_telephone_of_several_is_enough() {
        let both = [tuple("closed"), tuple("open"), tuple("closed")].concat();
        assert_eq!(read(&both).open, Some(true));
        assert_eq!(read(&tuple("closed")).open, Some(false));
        assert_eq!(read("").open, None);
    }

    #[test]
    fn what_is_no_presence_is_refused() {
        for text in ["", "open", "<dialog-info/>", "<presence>"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
