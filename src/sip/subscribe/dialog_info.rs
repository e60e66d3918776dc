//! application/dialog-info+xml (RFC 4235): the dialogs that a telephone is in, whole or as changes.

use super::xml::{child, children, root, text};
use crate::sip::message::NameAddr;
use roxmltree::Node;

/// More calls than stand at any telephone.
const MOST_DIALOGS: usize = 32;
/// Longer than any name or id that means something.
const LONGEST: usize = 256;

/// One document.
#[derive(Debug)]
pub struct DialogInfo {
    version: u32,
    /// All dialogs; else those that changed.
    full: bool,
    dialogs: Vec<WatchedDialog>,
}

/// A dialog of the telephone that is watched.
#[derive(Clone, PartialEq, Debug)]
pub struct WatchedDialog {
    id: String,
    pub state: DialogState,
    /// The call came to it; None where the PBX does not say.
    pub incoming: Option<bool>,
    /// It hears and says nothing (RFC 4235 §4.1.6.2: `+sip.rendering=no` of its target).
    pub held: bool,
    /// Who is at the other end.
    pub remote: Option<NameAddr>,
}

#[cfg(test)]
impl WatchedDialog {
    pub fn new(id: &str, state: DialogState, incoming: Option<bool>, held: bool) -> Self {
        Self { id: id.into(), state, incoming, held, remote: None }
    }
}

/// Where the dialog stands (RFC 4235 §3.7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DialogState {
    /// Trying, proceeding or early: nobody has answered yet.
    Early,
    Confirmed,
    Terminated,
}

/// What a document did to what was known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Applied {
    /// All is known.
    Whole,
    /// Something was missed: a full document is wanted.
    Gap,
    /// Older than what is known, or the same.
    Stale,
}

/// The dialogs that stand, by the documents of one subscription.
#[derive(Default)]
pub struct Table {
    version: Option<u32>,
    dialogs: Vec<WatchedDialog>,
}

impl Table {
    pub fn dialogs(&self) -> &[WatchedDialog] {
        &self.dialogs
    }

    /// RFC 4235 §4.3.
    pub fn apply(&mut self, document: DialogInfo) -> Applied {
        let known = self.version;
        if known.is_some_and(|known| document.version <= known) {
            return Applied::Stale;
        }
        self.version = Some(document.version);
        if document.full {
            self.dialogs.clear();
        }
        for dialog in document.dialogs {
            self.dialogs.retain(|known| known.id != dialog.id);
            if dialog.state != DialogState::Terminated && self.dialogs.len() < MOST_DIALOGS {
                self.dialogs.push(dialog);
            }
        }
        let follows = known.is_some_and(|known| known.checked_add(1) == self.version);
        if document.full || follows { Applied::Whole } else { Applied::Gap }
    }
}

/// None: not such a document.
pub fn parse(body: &[u8]) -> Option<DialogInfo> {
    root(body, "dialog-info", |info| {
        let full = match info.attribute("state")? {
            "full" => true,
            "partial" => false,
            _ => return None,
        };
        let dialogs = children(info, "dialog").filter_map(dialog).take(4 * MOST_DIALOGS).collect();
        Some(DialogInfo { version: info.attribute("version")?.trim().parse().ok()?, full, dialogs })
    })
}

/// None: a state that nobody knows.
fn dialog(node: Node) -> Option<WatchedDialog> {
    let state = match text(child(node, "state")?)? {
        "trying" | "proceeding" | "early" => DialogState::Early,
        "confirmed" => DialogState::Confirmed,
        "terminated" => DialogState::Terminated,
        _ => return None,
    };
    let incoming = match node.attribute("direction") {
        Some("recipient") => Some(true),
        Some("initiator") => Some(false),
        _ => None,
    };
    Some(WatchedDialog {
        id: node.attribute("id").filter(|id| id.len() <= LONGEST)?.to_owned(),
        state,
        incoming,
        held: child(node, "local").is_some_and(is_held),
        remote: child(node, "remote").and_then(party),
    })
}

fn is_held(local: Node) -> bool {
    let params = children(local, "target").flat_map(|target| children(target, "param"));
    params.into_iter().any(|param| {
        param.attribute("pname") == Some("+sip.rendering") && param.attribute("pvalue") == Some("no")
    })
}

fn party(remote: Node) -> Option<NameAddr> {
    let identity = child(remote, "identity")?;
    let display = identity.attribute("display").map(str::trim).filter(|name| !name.is_empty());
    Some(NameAddr {
        display: display.filter(|name| name.len() <= LONGEST).map(str::to_owned),
        ..NameAddr::new(text(identity)?.parse().ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: u32, state: &str, dialogs: &str) -> DialogInfo {
        let text = format!(
            "<?xml version=\"1.0\"?><dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" \
             version=\"{version}\" state=\"{state}\" entity=\"sip:201@pbx\">{dialogs}</dialog-info>"
        );
        parse(text.as_bytes()).unwrap()
    }

    fn leg(id: &str, state: &str) -> String {
        format!("<dialog id=\"{id}\"><state>{state}</state></dialog>")
    }

    fn ids(table: &Table) -> Vec<&str> {
        table.dialogs().iter().map(|dialog| dialog.id.as_str()).collect()
    }

    #[test]
    fn who_rings_there_is_read() {
        let dialogs = "<dialog id=\"201\" direction=\"recipient\"><remote>\
             <identity display=\"Ivan Petrov\">sip:+79161234567@127.0.0.1</identity></remote>\
             <state>early</state></dialog>";
        let dialog = &info(2, "full", dialogs).dialogs[0];
        assert_eq!((dialog.state, dialog.incoming), (DialogState::Early, Some(true)));
        let remote = dialog.remote.as_ref().unwrap();
        assert_eq!(remote.display.as_deref(), Some("Ivan Petrov"));
        assert_eq!(remote.uri.user.as_deref(), Some("+79161234567"));
        assert!(!format!("{dialog:?}").contains("Ivan"), "{dialog:?}");
    }

    #[test]
    fn states_are_read() {
        let table = [
            ("trying", Some(DialogState::Early)),
            ("proceeding", Some(DialogState::Early)),
            ("early", Some(DialogState::Early)),
            (" confirmed\n", Some(DialogState::Confirmed)),
            ("terminated", Some(DialogState::Terminated)),
            ("dreaming", None),
        ];
        for (word, state) in table {
            let read = info(1, "full", &leg("1", word)).dialogs.first().map(|dialog| dialog.state);
            assert_eq!(read, state, "{word}");
        }
    }

    #[test]
    fn a_target_that_renders_nothing_is_on_hold() {
        for (value, held) in [("no", true), ("yes", false)] {
            let dialogs = format!(
                "<dialog id=\"1\"><state>confirmed</state><local><target uri=\"sip:201@pbx\">\
                 <param pname=\"+sip.rendering\" pvalue=\"{value}\"/></target></local></dialog>"
            );
            assert_eq!(info(1, "full", &dialogs).dialogs[0].held, held);
        }
    }

    #[test]
    fn changes_are_put_together_and_a_full_document_begins_anew() {
        let mut table = Table::default();
        assert_eq!(table.apply(info(0, "full", &leg("a", "confirmed"))), Applied::Whole);
        assert_eq!(table.apply(info(1, "partial", &leg("b", "early"))), Applied::Whole);
        assert_eq!(ids(&table), ["a", "b"]);
        assert_eq!(table.apply(info(2, "partial", &leg("a", "terminated"))), Applied::Whole);
        assert_eq!(ids(&table), ["b"]);
        assert_eq!(table.apply(info(9, "full", &leg("c", "early"))), Applied::Whole);
        assert_eq!(ids(&table), ["c"]);
    }

    #[test]
    fn a_gap_asks_for_all_and_what_is_old_is_dropped() {
        let mut table = Table::default();
        assert_eq!(
            table.apply(info(4, "partial", &leg("a", "early"))),
            Applied::Gap,
            "the first is no change"
        );
        assert_eq!(table.apply(info(6, "partial", &leg("b", "early"))), Applied::Gap);
        assert_eq!(ids(&table), ["a", "b"]);
        for version in [6, 5] {
            assert_eq!(table.apply(info(version, "full", "")), Applied::Stale);
        }
        assert_eq!(ids(&table), ["a", "b"]);
    }

    #[test]
    fn no_more_dialogs_are_kept_than_may() {
        let many: String = (0..1000).map(|id| leg(&id.to_string(), "early")).collect();
        let mut table = Table::default();
        table.apply(info(0, "full", &many));
        assert_eq!(table.dialogs().len(), MOST_DIALOGS);
    }

    #[test]
    fn what_is_no_dialog_info_is_refused() {
        for text in [
            "",
            "busy",
            "<presence/>",
            "<dialog-info version=\"1\"/>",
            "<dialog-info state=\"full\"/>",
            "<dialog-info version=\"-1\" state=\"full\"/>",
            "<dialog-info version=\"1\" state=\"half\"/>",
        ] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }
}
