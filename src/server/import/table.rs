//! A file as rows of cells: its encoding, separator and headings found out, read piece by piece.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read, Seek as _};
use std::path::Path;

use csv::StringRecord;
use encoding_rs::{Decoder, DecoderResult, EUC_KR, Encoding, UTF_8, WINDOWS_1251};

use super::cell::Comma;
use super::fault::Fault;

/// Octets that are read at once.
const PIECE: usize = 64 * 1024;
/// Octets of a row at most: more means a quotation mark that is not closed.
const LONGEST_ROW: usize = 1024 * 1024;
const SEPARATORS: [u8; 4] = *b";\t,|";

/// A column that a file may have.
pub(super) struct Column {
    /// In our words.
    pub id: String,
    /// As others head it.
    pub also: Vec<String>,
    pub is_needed: bool,
}

/// What is wrong with a file as a whole: the heading or value it is about, and what it is.
pub(super) struct Unfit {
    pub column: Option<String>,
    pub value: String,
    pub fault: Fault,
}

impl From<Fault> for Unfit {
    fn from(fault: Fault) -> Self {
        Self { column: None, value: String::new(), fault }
    }
}

impl From<io::Error> for Unfit {
    fn from(error: io::Error) -> Self {
        read_fault(&error).into()
    }
}

/// A file that is being read.
pub(super) struct Table<R: Read> {
    pub encoding: &'static Encoding,
    pub separator: char,
    reader: csv::Reader<BufReader<Decoded<R>>>,
    headings: Vec<String>,
    /// Where each column stands, by our words.
    places: BTreeMap<String, usize>,
    record: StringRecord,
    /// Octets before the reader's first.
    skipped: u64,
    /// Ends of lines before the end of the last row, and those within cells.
    ends: u32,
    ends_in_cells: u32,
}

/// One row.
pub(super) struct Row {
    /// As a spreadsheet counts.
    pub number: u32,
    cells: StringRecord,
}

impl Table<File> {
    pub fn open(path: &Path, encoding: Option<&'static Encoding>, columns: &[Column]) -> Result<Self, Unfit> {
        let mut file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(Fault::NotText.into());
        }
        let encoding = match encoding {
            Some(encoding) => encoding,
            None => find_encoding(&mut file)?,
        };
        file.rewind()?;
        Self::read(file, encoding, columns)
    }
}

impl<R: Read> Table<R> {
    pub fn read(source: R, encoding: &'static Encoding, columns: &[Column]) -> Result<Self, Unfit> {
        let mut text = BufReader::with_capacity(PIECE, Decoded::new(source, encoding));
        let first = text.fill_buf()?;
        if first.trim_ascii().is_empty() {
            return Err(Fault::Empty.into());
        }
        if first.contains(&0) {
            return Err(Fault::NotText.into());
        }
        // What spreadsheets write and obey themselves.
        let said = first.strip_prefix(b"sep=").and_then(|rest| rest.first().copied());
        let said = said.filter(|sign| SEPARATORS.contains(sign));
        let separator = said.unwrap_or_else(|| separator_of(first));
        let line = first.iter().position(|octet| *octet == b'\n').map_or(first.len(), |end| end + 1);
        let skipped = if said.is_some() { line } else { 0 };
        text.consume(skipped);
        let skipped = skipped as u64;
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(text);
        let mut table = Self {
            encoding,
            separator: char::from(separator),
            reader,
            headings: Vec::new(),
            places: BTreeMap::new(),
            record: StringRecord::new(),
            skipped,
            ends: 0,
            ends_in_cells: 0,
        };
        let headings = table.next_record()?.ok_or(Fault::Empty)?;
        table.headings = headings.cells.iter().map(|text| text.trim().to_owned()).collect();
        while table.headings.last().is_some_and(String::is_empty) {
            table.headings.pop();
        }
        table.places = places(&table.headings, columns)?;
        Ok(table)
    }

    pub fn comma(&self) -> Comma {
        match self.separator {
            ';' => Comma::Decimal,
            ',' => Comma::Thousands,
            _ => Comma::Unknown,
        }
    }

    /// As the file heads it; our word where it has none.
    pub fn heading<'a>(&'a self, column: &'a str) -> &'a str {
        self.places.get(column).and_then(|place| self.headings.get(*place)).map_or(column, String::as_str)
    }

    pub fn has(&self, column: &str) -> bool {
        self.places.contains_key(column)
    }

    /// The next row that is not empty.
    pub fn next(&mut self) -> Result<Option<Row>, (u32, Unfit)> {
        loop {
            let row = self.next_record().map_err(|unfit| (self.row_number() + 1, unfit))?;
            let Some(row) = row else { return Ok(None) };
            if row.cells.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let expected = self.headings.len();
            let found = row.cells.len();
            let is_fitting = found >= expected && row.cells.iter().skip(expected).all(str::is_empty);
            if is_fitting {
                return Ok(Some(row));
            }
            return Err((row.number, Fault::CellCount { expected, found }.into()));
        }
    }

    /// None: the column is not in the file.
    pub fn cell<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        let place = self.places.get(column)?;
        Some(row.cells.get(*place).unwrap_or_default().trim())
    }

    fn next_record(&mut self) -> Result<Option<Row>, Unfit> {
        self.reader.get_mut().get_mut().since_row = 0;
        let is_there = self.reader.read_record(&mut self.record).map_err(|error| match error.kind() {
            csv::ErrorKind::Io(error) => read_fault(error),
            _ => Fault::NotText,
        })?;
        if !is_there {
            return Ok(None);
        }
        let end = self.skipped + self.reader.position().byte();
        let text = self.reader.get_mut().get_mut();
        // The end of the last line itself is behind the row or its last octet.
        while text.ends.front().is_some_and(|at| at + 1 < end) {
            text.ends.pop_front();
            self.ends += 1;
        }
        let ends_in_cells = self.record.iter().flat_map(str::bytes).filter(|octet| *octet == b'\n').count();
        self.ends_in_cells += u32::try_from(ends_in_cells).unwrap_or(0);
        Ok(Some(Row { number: self.row_number(), cells: self.record.clone() }))
    }

    /// Of the last row.
    fn row_number(&self) -> u32 {
        1 + self.ends.saturating_sub(self.ends_in_cells)
    }
}

/// Where the columns stand.
fn places(headings: &[String], columns: &[Column]) -> Result<BTreeMap<String, usize>, Unfit> {
    let known = || columns.iter().map(|column| column.id.clone()).collect::<Vec<_>>();
    let mut places = BTreeMap::new();
    for (place, heading) in headings.iter().enumerate() {
        let unfit = |fault| Unfit { column: Some(heading.clone()), value: heading.clone(), fault };
        let is_it = |name: &str| plain(name) == plain(heading);
        let column =
            columns.iter().find(|column| is_it(&column.id) || column.also.iter().any(|name| is_it(name)));
        let column = column.ok_or_else(|| unfit(Fault::UnknownColumn(known())))?;
        if places.insert(column.id.clone(), place).is_some() {
            return Err(unfit(Fault::ColumnTwice));
        }
    }
    match columns.iter().find(|column| column.is_needed && !places.contains_key(&column.id)) {
        Some(column) => {
            Err(Unfit { column: None, value: column.id.clone(), fault: Fault::MissingColumn(known()) })
        }
        None => Ok(places),
    }
}

/// `Price column` is `price_column`.
fn plain(heading: &str) -> String {
    let words = heading.split(|c: char| c.is_whitespace() || c == '_').filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// The one that stands most often in the first line, outside quotation marks.
fn separator_of(text: &[u8]) -> u8 {
    let mut is_quoted = false;
    let mut counts = [0_usize; SEPARATORS.len()];
    for &octet in text.iter().take_while(|octet| **octet != b'\n') {
        is_quoted ^= octet == b'"';
        let found = SEPARATORS.iter().zip(&mut counts).find(|(sign, _)| **sign == octet && !is_quoted);
        if let Some((_, count)) = found {
            *count += 1;
        }
    }
    let most = SEPARATORS.iter().zip(counts).rev().max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| *count > 0).map_or(b',', |(sign, _)| *sign)
}

/// By its first octets, else the first that all of it can be read in.
fn find_encoding(file: &mut File) -> Result<&'static Encoding, Unfit> {
    let mut first = Vec::new();
    file.by_ref().take(4).read_to_end(&mut first)?;
    if first.is_empty() {
        return Err(Fault::Empty.into());
    }
    if first.starts_with(b"PK\x03\x04") || first.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(Fault::Spreadsheet.into());
    }
    if let Some((encoding, _)) = Encoding::for_bom(&first) {
        return Ok(encoding);
    }
    for encoding in [UTF_8, EUC_KR] {
        file.rewind()?;
        let Some(letters) = letters_of(file, encoding)? else { continue };
        // Short Russian words can be read as Chinese characters, which no Korean firm writes much of.
        if encoding == UTF_8 || letters.hangul > letters.hanja {
            return Ok(encoding);
        }
    }
    Ok(WINDOWS_1251)
}

#[derive(Default)]
struct Letters {
    hangul: u64,
    hanja: u64,
}

/// None: it is not written so.
fn letters_of(file: &mut File, encoding: &'static Encoding) -> Result<Option<Letters>, Unfit> {
    let mut text = Decoded::new(file, encoding);
    let mut letters = Letters::default();
    let mut piece = vec![0; PIECE];
    loop {
        let count = match text.read(&mut piece) {
            Ok(count) => count,
            Err(error) if matches!(read_fault(&error), Fault::BadEncoding(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        text.since_row = 0;
        text.ends.clear();
        let some = piece.get(..count).unwrap_or_default();
        if count == 0 {
            return Ok(Some(letters));
        }
        if some.contains(&0) {
            return Err(Fault::NotText.into());
        }
        if encoding == UTF_8 {
            continue;
        }
        // A decoder gives whole characters.
        for letter in String::from_utf8_lossy(some).chars() {
            match letter {
                '\u{ac00}'..='\u{d7a3}' => letters.hangul += 1,
                '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => letters.hanja += 1,
                _ => {}
            }
        }
    }
}

/// Travels through the reader of rows.
#[derive(Debug, thiserror::Error)]
#[error("the file cannot be read as it is")]
struct Stopped(Fault);

fn stopped(fault: Fault) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, Stopped(fault))
}

fn read_fault(error: &io::Error) -> Fault {
    let stopped = error.get_ref().and_then(|inner| inner.downcast_ref::<Stopped>());
    stopped.map_or_else(|| Fault::Unreadable(error.kind()), |stopped| stopped.0.clone())
}

/// UTF-8 out of another encoding; a row's octets are counted.
struct Decoded<R> {
    source: R,
    encoding: &'static Encoding,
    decoder: Decoder,
    octets: Vec<u8>,
    /// Read, and not decoded yet.
    from: usize,
    until: usize,
    is_over: bool,
    is_done: bool,
    since_row: usize,
    /// Octets given.
    decoded: u64,
    /// Where lines end that no row has passed yet.
    ends: VecDeque<u64>,
}

impl<R: Read> Decoded<R> {
    fn new(source: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self {
            source,
            encoding,
            decoder,
            octets: vec![0; PIECE],
            from: 0,
            until: 0,
            is_over: false,
            is_done: false,
            since_row: 0,
            decoded: 0,
            ends: VecDeque::new(),
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // A decoder that is done must not be asked again.
        if self.is_done {
            return Ok(0);
        }
        // It wants room for the longest character.
        if into.len() < 4 {
            return Err(stopped(Fault::NotText));
        }
        loop {
            if self.from == self.until && !self.is_over {
                (self.from, self.until) = (0, self.source.read(&mut self.octets)?);
                self.is_over = self.until == 0;
            }
            let some = self.octets.get(self.from..self.until).unwrap_or_default();
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(some, into, self.is_over);
            self.from += read;
            if matches!(result, DecoderResult::Malformed(..)) {
                return Err(stopped(Fault::BadEncoding(self.encoding.name())));
            }
            let decoded = into.iter().take(written).enumerate().filter(|(_, octet)| **octet == b'\n');
            self.ends.extend(decoded.map(|(place, _)| self.decoded + place as u64));
            self.decoded += written as u64;
            self.since_row += written;
            if self.since_row > LONGEST_ROW + 2 * PIECE {
                return Err(stopped(Fault::RowTooLong));
            }
            self.is_done = self.is_over && result == DecoderResult::InputEmpty;
            if written > 0 || self.is_done {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let column =
            |id: &str, also: &str, is_needed| Column { id: id.into(), also: vec![also.into()], is_needed };
        vec![
            column("code", "Код", true),
            column("name", "Наименование", true),
            column("unit_price", "Цена", false),
        ]
    }

    /// A row's number, code, name and price.
    type Cells = (u32, String, String, String);

    fn read(octets: &[u8], encoding: &'static Encoding) -> Result<Vec<Cells>, (u32, Fault)> {
        let mut table = Table::read(octets, encoding, &columns()).map_err(|unfit| (0, unfit.fault))?;
        let mut rows = Vec::new();
        while let Some(row) = table.next().map_err(|(row, unfit)| (row, unfit.fault))? {
            let cell = |column| table.cell(&row, column).unwrap_or("none").to_owned();
            rows.push((row.number, cell("code"), cell("name"), cell("unit_price")));
        }
        Ok(rows)
    }

    fn row(number: u32, code: &str, name: &str, price: &str) -> Cells {
        (number, code.into(), name.into(), price.into())
    }

    #[test]
    fn separators_line_ends_and_marks_of_spreadsheets_are_found_out() {
        let expected = [
            row(2, "1", "Tea, \"black\"", "none"),
            row(3, "2", "two\nlines", "none"),
            row(5, "3", "=1+2", "none"),
        ];
        for separator in [";", "\t", ",", "|"] {
            for end in ["\n", "\r\n"] {
                let lines = [
                    "\u{feff}code;NAME",
                    "1;\"Tea, \"\"black\"\"\"",
                    "2;\"two\nlines\"",
                    ";",
                    "3;=1+2",
                    "",
                    "",
                ];
                let text = lines.join(end).replace(';', separator);
                assert_eq!(
                    read(text.as_bytes(), UTF_8).as_deref(),
                    Ok(&expected[..]),
                    "{separator:?} {end:?}"
                );
            }
        }
        let said = read(b"sep=;\r\ncode;name\r\na,b,c;x", UTF_8);
        assert_eq!(said, Ok(vec![row(3, "a,b,c", "x", "none")]));
        let text =
            encoding_rs::WINDOWS_1251.encode("Код;Наименование;Unit  price\n7;Чай;1,50\n").0.into_owned();
        assert_eq!(read(&text, WINDOWS_1251), Ok(vec![row(2, "7", "Чай", "1,50")]));
    }

    #[test]
    fn what_is_no_table_is_said() {
        let table: [(&[u8], Fault); 7] = [
            (b"", Fault::Empty),
            (b" \n\n", Fault::Empty),
            (b"code,name\0", Fault::NotText),
            (b"code,name,code\n", Fault::ColumnTwice),
            (b"code,colour\n", Fault::UnknownColumn(vec!["code".into(), "name".into(), "unit_price".into()])),
            (b"code\n", Fault::MissingColumn(vec!["code".into(), "name".into(), "unit_price".into()])),
            (b"code,name\xff\n", Fault::BadEncoding("UTF-8")),
        ];
        for (octets, fault) in table {
            assert_eq!(read(octets, UTF_8), Err((0, fault)), "{}", String::from_utf8_lossy(octets));
        }
        let short = read(b"code,name\n1,2\n3\n", UTF_8);
        assert_eq!(short, Err((3, Fault::CellCount { expected: 2, found: 1 })));
        let long = read(b"code,name\n1,2,,\n3,4,5\n", UTF_8);
        assert_eq!(long, Err((3, Fault::CellCount { expected: 2, found: 3 })));
        let endless = [b"code,name\n1,2\n3,\"".as_slice(), &b"x\n".repeat(LONGEST_ROW)].concat();
        assert_eq!(read(&endless, UTF_8), Err((3, Fault::RowTooLong)));
    }

    #[test]
    fn the_encoding_is_found_by_what_can_be_read() {
        let folder = std::env::temp_dir().join(format!("patchcord-encodings-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let found = |name: &str, octets: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, octets).unwrap();
            find_encoding(&mut File::open(path).unwrap()).map(Encoding::name).map_err(|unfit| unfit.fault)
        };
        let russian = WINDOWS_1251.encode("Код;Наименование\n1;Чай чёрный\n").0;
        // Words of an even number of letters, which Korean could be read into.
        let even = WINDOWS_1251.encode("code;name\n1;Сыры\n").0;
        let korean = EUC_KR.encode("코드;이름\n1;서울 카페 똠방각하\n").0;
        assert_eq!(found("utf8", "Чай".as_bytes()), Ok("UTF-8"));
        assert_eq!(found("1251", &russian), Ok("windows-1251"));
        assert_eq!(found("even", &even), Ok("windows-1251"));
        assert_eq!(found("949", &korean), Ok("EUC-KR"));
        assert_eq!(found("utf16", b"\xff\xfea\0"), Ok("UTF-16LE"));
        assert_eq!(found("xlsx", b"PK\x03\x04\x14"), Err(Fault::Spreadsheet));
        assert_eq!(found("binary", b"\x7fELF\0\0"), Err(Fault::NotText));
        assert_eq!(found("empty", b""), Err(Fault::Empty));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
