//! What is wrong with a file, and how it is said.

use std::io::ErrorKind;

use super::Kind;
use crate::config::io_words;
use crate::desk_api::FieldFault;
use crate::text::{Catalogue, say};

/// Of a value this much is repeated.
const SHOWN: usize = 40;

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    Unreadable(ErrorKind),
    Empty,
    /// Stock that names nothing: as likely an export that failed as an empty warehouse.
    NothingInStock,
    /// Begins like a workbook or another packed file.
    Spreadsheet,
    NotText,
    /// Octets that mean nothing in this encoding.
    BadEncoding(&'static str),
    RowTooLong,
    /// A heading that must be there, with all that may.
    MissingColumn(Vec<String>),
    UnknownColumn(Vec<String>),
    ColumnTwice,
    CellCount {
        expected: usize,
        found: usize,
    },
    Missing,
    NotNumber,
    Ambiguous,
    Damaged,
    OutOfRange,
    NotDate,
    NotYesNo,
    Control,
    /// With what there is, where that is a short list.
    Unknown(Vec<String>),
    /// A row before it.
    Twice(u32),
    /// Several of the desk's have this code.
    SeveralHaveIt,
    OtherCurrency(String),
    NotCurrency,
    Field(FieldFault),
    /// It is kept as it is written; nobody is recognised by it.
    UnreadablePhone,
    /// This row says the same of the account on which the legal entity buys: it is counted once.
    SameDebt(u32),
}

/// Where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    pub kind: Kind,
    /// As a spreadsheet counts them, the headings are 1; 0: the whole file.
    pub row: u32,
    /// As it is headed.
    pub column: Option<String>,
    /// What stands there.
    pub value: String,
    pub fault: Fault,
}

impl Finding {
    /// Something that should be known, and stops nothing.
    pub fn is_remark(&self) -> bool {
        matches!(self.fault, Fault::UnreadablePhone | Fault::SameDebt(_))
    }

    /// What it is and what to do, without the place.
    pub fn say(&self, cat: &Catalogue) -> String {
        let value = shown(&self.value);
        match &self.fault {
            Fault::Unreadable(kind) => say!(
                cat,
                "it cannot be read: {why}. Check the path and its permissions.",
                why = io_words(cat, *kind)
            ),
            Fault::Empty => say!(cat, "it is empty. The first row names the columns."),
            Fault::NothingInStock => say!(
                cat,
                "it has no rows. A stock file is the whole warehouse: name what is there, with 0 where it is gone."
            ),
            Fault::Spreadsheet => say!(cat, "it is a workbook. Save it as CSV, in UTF-8 at best."),
            Fault::NotText => say!(cat, "it is no text. Save it as CSV, in UTF-8 at best."),
            Fault::BadEncoding(encoding) => say!(
                cat,
                "it is not written in {encoding}. Say in which with --encoding.",
                encoding = encoding
            ),
            Fault::RowTooLong => {
                say!(cat, "a row without an end. Look for a quotation mark that is not closed.")
            }
            Fault::MissingColumn(known) => say!(
                cat,
                "the column “{column}” is missing. Possible: {known}.",
                column = value,
                known = known.join(", ")
            ),
            Fault::UnknownColumn(known) => {
                say!(cat, "nobody knows this column. Possible: {known}.", known = known.join(", "))
            }
            Fault::ColumnTwice => say!(cat, "the column is there twice. Take one away."),
            Fault::CellCount { expected, found } => say!(
                cat,
                "the row has {found} cells instead of {expected}. Look for a separator in a text that is not in quotation marks.",
                found = found,
                expected = expected
            ),
            Fault::Missing => say!(cat, "nothing stands here, and something must."),
            Fault::NotNumber => say!(cat, "“{value}” is no number. Write it like 1234.50.", value = value),
            Fault::Ambiguous => {
                say!(cat, "“{value}” may mean thousands or a fraction. Write it like 1234.50.", value = value)
            }
            Fault::Damaged => say!(
                cat,
                "“{value}” was made of a longer number by a spreadsheet, and the rest is lost. Format the column as text and export it anew.",
                value = value
            ),
            Fault::OutOfRange => say!(cat, "“{value}” is too small or too large.", value = value),
            Fault::NotDate => say!(cat, "“{value}” is no date. Write it like 2026-12-31.", value = value),
            Fault::NotYesNo => say!(cat, "“{value}” is neither yes nor no.", value = value),
            Fault::Control => say!(cat, "there are characters in it that belong to no text."),
            Fault::Unknown(known) if known.is_empty() => {
                say!(cat, "there is no “{value}”.", value = value)
            }
            Fault::Unknown(known) => {
                say!(
                    cat,
                    "there is no “{value}”. Possible: {known}.",
                    value = value,
                    known = known.join(", ")
                )
            }
            Fault::Twice(row) => {
                say!(cat, "“{value}” stands in row {row} already.", value = value, row = row)
            }
            Fault::SeveralHaveIt => {
                say!(
                    cat,
                    "several in the desk have the code “{value}”. Give each its own there.",
                    value = value
                )
            }
            Fault::OtherCurrency(currency) => say!(
                cat,
                "the client's other legal entities are in {currency}. One client has one currency.",
                currency = currency
            ),
            Fault::NotCurrency => {
                say!(cat, "“{value}” is no currency. Write three capital letters, like RUB.", value = value)
            }
            Fault::Field(FieldFault::TooLong) => say!(cat, "it is too long."),
            Fault::Field(FieldFault::TooShort) => say!(cat, "it is too short."),
            Fault::Field(_) => say!(cat, "“{value}” cannot be used here.", value = value),
            Fault::UnreadablePhone => say!(
                cat,
                "“{value}” is no telephone number. It is kept; the client is not recognised by it.",
                value = value
            ),
            Fault::SameDebt(row) => say!(
                cat,
                "“{value}” stands in row {row}, too, on whose account this one buys: it is counted once. If each of them owes it, write yes in a column own_debt.",
                value = value,
                row = row
            ),
        }
    }
}

/// In one line, without what a terminal would obey.
fn shown(value: &str) -> String {
    let mut letters = value.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut text: String = letters.by_ref().take(SHOWN).collect();
    if letters.next().is_some() {
        text.push('…');
    }
    text
}
