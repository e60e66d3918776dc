//! Files of the company's other programs: clients, products, prices, stock and standings, as CSV.
//!
//! Files are read twice, row by row: first everything is looked at, so that all faults are told at once and nothing waits for
//! a writer who reads; then what differs is written, in one transaction. What a column does not say stays as it is; an empty
//! cell says that there is nothing.

mod cell;
mod columns;
mod fault;
mod pass;
mod rows;
mod standings;
mod table;

pub(crate) use fault::Finding;
pub(crate) use pass::import;

use std::path::PathBuf;

use encoding_rs::Encoding;
use jiff::Timestamp;

use super::settings::Settings;
use crate::desk_api::Directory;

/// Faults that are told one by one.
const MOST_FINDINGS: usize = 1000;

/// What a file is about, in the order in which they are taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Clients,
    Products,
    Prices,
    Stock,
    Standings,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Clients, Self::Products, Self::Prices, Self::Stock, Self::Standings];

    /// Of the flag, and of the file in a folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Products => "products",
            Self::Prices => "prices",
            Self::Stock => "stock",
            Self::Standings => "standings",
        }
    }
}

/// What is to be read, and by what.
pub(crate) struct Import<'a> {
    /// One of a kind at most, in the order of kinds.
    pub files: Vec<(Kind, PathBuf)>,
    /// None: found out, file by file.
    pub encoding: Option<&'static Encoding>,
    pub settings: &'a Settings,
    pub directory: &'a Directory,
    pub at: Timestamp,
}

/// What was found in one file.
#[derive(Debug)]
pub(crate) struct FileReport {
    pub kind: Kind,
    pub encoding: &'static str,
    pub separator: char,
    pub rows: u32,
    pub made: u32,
    pub changed: u32,
    pub unchanged: u32,
    /// Batches that the desk has and the warehouse has no more.
    pub gone: u64,
}

/// What an import would do, or has done.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub files: Vec<FileReport>,
    /// The first of them.
    pub findings: Vec<Finding>,
    /// All that stop the import.
    pub faults: u64,
    pub remarks: u64,
}

/// Reads octets as a file of any kind, and each cell as whatever may stand in one: how many cells there are. For inputs that nobody
/// would send on purpose.
pub fn read_anyhow(octets: &[u8]) -> usize {
    let orders = super::sample::order_rules();
    let encodings =
        [encoding_rs::UTF_8, encoding_rs::EUC_KR, encoding_rs::WINDOWS_1251, encoding_rs::UTF_16LE];
    let mut cells = 0;
    for (kind, encoding) in Kind::ALL.into_iter().flat_map(|kind| encodings.map(|encoding| (kind, encoding)))
    {
        let columns = columns::of(kind, &orders);
        let Ok(mut table) = table::Table::read(octets, encoding, &columns) else { continue };
        // A row of too few cells is followed by others.
        for _ in 0..octets.len() {
            let Ok(Some(row)) = table.next() else { continue };
            for text in columns.iter().filter_map(|column| table.cell(&row, &column.id)) {
                cells += 1;
                let _ =
                    (cell::number(text, table.comma()), cell::date(text), cell::list(text), cell::yes(text));
            }
        }
    }
    cells
}

impl Report {
    fn add(&mut self, finding: Finding) {
        *(if finding.is_remark() { &mut self.remarks } else { &mut self.faults }) += 1;
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
    }
}
