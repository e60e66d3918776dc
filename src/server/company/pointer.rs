//! Where a value stands in an answer: JSON pointers (RFC 6901), with `*` for each element of an array.

use serde_json::Value;

use crate::desk_api::GapWhy;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pointer {
    text: String,
    steps: Vec<String>,
}

/// What stands at one place.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A text, number or yes and no.
    Text(String),
    /// Known to be none: null, an empty text, 1C's empty reference.
    Nothing,
    /// An object or array.
    Odd,
    /// No such place.
    Missing,
}

/// 1C's reference to nothing.
const EMPTY_REFERENCE: &str = "00000000-0000-0000-0000-000000000000";
const EACH: &str = "*";

impl Pointer {
    pub fn parse(text: &str) -> Option<Self> {
        let steps = match text.strip_prefix('/') {
            Some(steps) => steps.split('/').map(unescape).collect::<Option<_>>()?,
            None if text.is_empty() => Vec::new(),
            None => return None,
        };
        Some(Self { text: text.to_owned(), steps })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// One cell, or one for each element; none for an array without elements.
    pub fn find(&self, answer: &Value) -> Vec<Cell> {
        let mut cells = Vec::new();
        walk(answer, &self.steps, &mut cells);
        cells
    }
}

/// `~1` is a slash and `~0` a tilde (RFC 6901 §3).
fn unescape(step: &str) -> Option<String> {
    let is_escape = |rest: &str| rest.starts_with(['0', '1']);
    let escapes = step.split('~').skip(1).all(is_escape);
    escapes.then(|| step.replace("~1", "/").replace("~0", "~"))
}

fn walk(value: &Value, steps: &[String], cells: &mut Vec<Cell>) {
    let Some((step, rest)) = steps.split_first() else {
        cells.push(Cell::of(value));
        return;
    };
    match value {
        Value::Array(elements) if step == EACH => elements.iter().for_each(|each| walk(each, rest, cells)),
        Value::Array(elements) => match index(step).and_then(|index| elements.get(index)) {
            Some(element) => walk(element, rest, cells),
            None => cells.push(Cell::Missing),
        },
        Value::Object(members) => match members.get(step) {
            Some(member) => walk(member, rest, cells),
            None => cells.push(Cell::Missing),
        },
        // A reference that leads nowhere: what would stand behind it is none.
        Value::Null => cells.push(Cell::Nothing),
        _ => cells.push(Cell::Missing),
    }
}

/// Without leading zeros (RFC 6901 §4).
fn index(step: &str) -> Option<usize> {
    step.parse().ok().filter(|index: &usize| index.to_string() == step)
}

impl Cell {
    fn of(value: &Value) -> Self {
        let text = match value {
            Value::Null => return Self::Nothing,
            Value::Array(_) | Value::Object(_) => return Self::Odd,
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(is_so) => is_so.to_string(),
        };
        if text.is_empty() || text == EMPTY_REFERENCE { Self::Nothing } else { Self::Text(text) }
    }
}

/// The texts among cells; where there is none, whether there is known to be none.
pub(crate) fn texts(cells: &[Cell]) -> Result<Vec<&str>, GapWhy> {
    let texts = cells.iter().filter_map(|cell| match cell {
        Cell::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let mut distinct: Vec<&str> = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    if !distinct.is_empty() {
        return Ok(distinct);
    }
    match cells {
        _ if cells.contains(&Cell::Odd) => Err(GapWhy::Unreadable),
        _ if cells.contains(&Cell::Missing) => Err(GapWhy::Missing),
        _ => Ok(distinct),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(pointer: &str, answer: &Value) -> Result<Vec<String>, GapWhy> {
        let cells = Pointer::parse(pointer).unwrap().find(answer);
        texts(&cells).map(|texts| texts.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn values_are_found_as_rfc_6901_says_and_in_each_element() {
        let answer = json!({
            "value": [{"Ref_Key": "a", "Долг": 5.5}, {"Ref_Key": "b", "Долг": 0}, {"Ref_Key": "a", "Долг": 1}],
            "a/b": {"m~n": true}, "empty": [], "null": null, "blank": " ",
            "nobody": "00000000-0000-0000-0000-000000000000",
        });
        let table: [(&str, Result<&[&str], GapWhy>); 13] = [
            ("/value/0/Ref_Key", Ok(&["a"])),
            ("/value/*/Ref_Key", Ok(&["a", "b"])),
            ("/value/*/Долг", Ok(&["5.5", "0", "1"])),
            ("/a~1b/m~0n", Ok(&["true"])),
            ("/empty/*/x", Ok(&[])),
            ("/null", Ok(&[])),
            ("/null/Description", Ok(&[])),
            ("/blank", Ok(&[])),
            ("/nobody", Ok(&[])),
            ("/value/*/Code", Err(GapWhy::Missing)),
            ("/value/00/Ref_Key", Err(GapWhy::Missing)),
            ("/values/*/Ref_Key", Err(GapWhy::Missing)),
            ("/value", Err(GapWhy::Unreadable)),
        ];
        for (pointer, expected) in table {
            let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(found(pointer, &answer), expected, "{pointer}");
        }
        for wrong in ["value", "/a~2b", "/a~"] {
            assert!(Pointer::parse(wrong).is_none(), "{wrong}");
        }
    }
}
