//! XML bodies of notifications: no document types, hence no entities; so many nodes, as few levels as are asked for.

use roxmltree::{Document, Node, ParsingOptions};

/// Far more than a telephone with all its calls needs. A message's own limit bounds the octets.
const MOST_NODES: u32 = 4_000;

/// What `read` makes of the root element, if that has this name.
pub fn root<T>(body: &[u8], name: &str, read: impl FnOnce(Node) -> Option<T>) -> Option<T> {
    let text = std::str::from_utf8(body).ok()?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).ok()?;
    let root = document.root_element();
    if root.tag_name().name() != name {
        return None;
    }
    read(root)
}

/// By name alone: PBXs write namespaces as they like, and nothing else is called so here.
pub fn children<'a, 'input>(
    of: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    of.children().filter(move |child| child.tag_name().name() == name)
}

pub fn child<'a, 'input>(of: Node<'a, 'input>, name: &'static str) -> Option<Node<'a, 'input>> {
    children(of, name).next()
}

/// Text without the blanks around it; none where there is nothing else.
pub fn text<'a>(of: Node<'a, '_>) -> Option<&'a str> {
    of.text().map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::root;

    fn is_read(text: &str) -> bool {
        root(text.as_bytes(), "a", |_| Some(())).is_some()
    }

    #[test]
    fn document_types_and_entities_are_refused() {
        assert!(is_read("<?xml version=\"1.0\"?><a/>"));
        assert!(!is_read("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>"));
        assert!(!is_read("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"));
        assert!(!is_read("<a>&unknown;</a>"));
    }

    #[test]
    fn neither_many_nodes_nor_many_levels_harm() {
        assert!(!is_read(&format!("<a>{}</a>", "<b/>".repeat(10_000))));
        assert!(!is_read(&format!("<a>{}{}</a>", "<b>".repeat(9_000), "</b>".repeat(9_000))));
        assert!(is_read(&format!("<a>{}{}</a>", "<b>".repeat(1_900), "</b>".repeat(1_900))));
        assert!(!is_read("<a><b></a>"));
    }
}
