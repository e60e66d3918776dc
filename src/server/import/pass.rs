//! One way through the files: looking, or writing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::fault::{Fault, Finding};
use super::rows::{self, Cells};
use super::standings;
use super::table::{Row, Table, Unfit};
use super::{FileReport, Import, Kind, Report, columns};
use crate::desk_api::{ClientId, ClientTrade, ProductData, ProductId};
use crate::domain::client::Money;
use crate::server::settings::StockLacks;
use crate::server::store::{ITSELF, KnownClient, Pass, Store, StoreError, client_of, product_of};

/// Rows that are looked up and written together.
const AT_ONCE: usize = 200;
/// How often all of it is done again because somebody else's write was in the way.
const ATTEMPTS: usize = 5;

/// Looks; and, unless something is wrong or nothing shall be written, writes. Says what would be done, or was.
pub(crate) async fn import(store: &Store, import: &Import<'_>, is_dry: bool) -> Result<Report, StoreError> {
    let looked = go(store.look().await?, import).await?;
    if is_dry || looked.faults > 0 {
        return Ok(looked);
    }
    let mut attempts = 1..ATTEMPTS;
    loop {
        match go(store.write().await?, import).await {
            Err(error) if error.was_in_the_way() && attempts.next().is_some() => {}
            done => return done,
        }
    }
}

/// All files; what was written stays when there is no fault.
async fn go(mut pass: Pass, import: &Import<'_>) -> Result<Report, StoreError> {
    let mut way = Way { import, report: Report::default(), seen: Seen::default() };
    for (kind, path) in &import.files {
        way.file(&mut pass, *kind, path).await?;
    }
    way.substitutes_are_there();
    if way.report.faults == 0 {
        pass.commit().await?;
    }
    Ok(way.report)
}

/// What came before, as the desk does not have it yet. A row of a file takes 40 octets here, and nothing else of it is kept.
#[derive(Default)]
struct Seen {
    clients: BTreeMap<u128, u32>,
    products: BTreeMap<u128, u32>,
    prices: BTreeMap<u128, u32>,
    batches: BTreeMap<u128, u32>,
    standings: BTreeMap<u128, u32>,
    /// Substitutes that nobody has met yet, with the code and row where they are named.
    wanted: BTreeMap<ProductId, (String, Finding)>,
}

fn key(parts: &[&str]) -> u128 {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let mut octets = [0; 16];
    octets.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
    u128::from_le_bytes(octets)
}

/// The row where it stood before.
fn first_row(seen: &mut BTreeMap<u128, u32>, key: u128, row: u32) -> Option<u32> {
    let first = *seen.entry(key).or_insert(row);
    (first != row).then_some(first)
}

struct Way<'a> {
    import: &'a Import<'a>,
    report: Report,
    seen: Seen,
}

/// What came of one row.
#[derive(Clone, Copy)]
enum Came {
    Made,
    Changed,
    Unchanged,
}

/// A client or product that a row names.
enum Named<T> {
    InDesk(T),
    /// Another file of this import makes it.
    InFiles,
}

impl Way<'_> {
    async fn file(&mut self, pass: &mut Pass, kind: Kind, path: &Path) -> Result<(), StoreError> {
        let columns = columns::of(kind, &self.import.settings.orders);
        let mut table = match Table::open(path, self.import.encoding, &columns) {
            Ok(table) => table,
            Err(unfit) => {
                self.unfit(kind, 0, unfit);
                return Ok(());
            }
        };
        self.report.files.push(FileReport {
            kind,
            encoding: table.encoding.name(),
            separator: table.separator,
            rows: 0,
            made: 0,
            changed: 0,
            unchanged: 0,
            gone: 0,
        });
        pass.begin_file();
        loop {
            let (rows, is_over) = self.some(kind, &mut table);
            match kind {
                Kind::Clients => self.clients(pass, &table, &rows).await?,
                Kind::Products => self.products(pass, &table, &rows).await?,
                Kind::Prices => self.prices(pass, &table, &rows).await?,
                Kind::Stock => self.stock(pass, &table, &rows).await?,
                Kind::Standings => self.standings(pass, &table, &rows).await?,
            }
            pass.went_on(rows.len()).await?;
            if is_over {
                break;
            }
        }
        if kind == Kind::Stock && self.report.files.last().is_some_and(|report| report.rows == 0) {
            self.unfit(kind, 0, Fault::NothingInStock.into());
        }
        // A file with faults may lack what it means to say.
        if kind == Kind::Stock && self.report.faults == 0 {
            let seen = &self.seen.batches;
            let gone = pass
                .drop_batches(|product, batch| seen.contains_key(&key(&[&product.to_string(), batch])))
                .await?;
            if let Some(report) = self.report.files.last_mut() {
                report.gone = gone;
            }
            if self.import.settings.orders.stock_lacks == StockLacks::Picked {
                pass.forget_picked().await?;
            }
        }
        Ok(())
    }

    fn unfit(&mut self, kind: Kind, row: u32, Unfit { column, value, fault }: Unfit) {
        self.report.add(Finding { kind, row, column, value, fault });
    }

    /// Some rows, and whether they are the last.
    fn some(&mut self, kind: Kind, table: &mut Table<File>) -> (Vec<Row>, bool) {
        let mut rows = Vec::new();
        while rows.len() < AT_ONCE {
            match table.next() {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => return (rows, true),
                Err((row, unfit)) => {
                    let goes_on = matches!(unfit.fault, Fault::CellCount { .. });
                    self.unfit(kind, row, unfit);
                    if !goes_on {
                        return (rows, true);
                    }
                }
            }
        }
        (rows, false)
    }

    /// Takes what is wrong in a row; says whether it can be used.
    fn take(&mut self, cells: Cells<'_>, came: Came) {
        let is_sound = cells.is_sound();
        for finding in cells.findings {
            self.report.add(finding);
        }
        let Some(file) = self.report.files.last_mut() else { return };
        file.rows += 1;
        match came {
            _ if !is_sound => {}
            Came::Made => file.made += 1,
            Came::Changed => file.changed += 1,
            Came::Unchanged => file.unchanged += 1,
        }
    }

    async fn clients(
        &mut self,
        pass: &mut Pass,
        table: &Table<File>,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let import = self.import;
        let codes = codes(table, rows, "code");
        let known = pass.clients(&as_texts(&codes)).await?;
        let mut made = Vec::new();
        for row in rows {
            let mut cells = Cells::new(table, row, Kind::Clients);
            let Some(code) = cells.code("code") else {
                self.take(cells, Came::Unchanged);
                continue;
            };
            let before = known.get(&code);
            let id = before.map_or_else(|| client_of(&code), |client| client.id);
            if let Some(first) = first_row(&mut self.seen.clients, id.0.as_u128(), row.number) {
                cells.fault("code", Fault::Twice(first));
            }
            let mut trade = before.map(|client| client.trade.clone()).unwrap_or_default();
            let draft =
                rows::client(&mut cells, import, before.map(|client| client.draft.clone()), &mut trade);
            let is_same = before.is_some_and(|client| client.draft == draft && client.trade == trade);
            let client = KnownClient { id, draft, trade };
            let came = match before {
                _ if !cells.is_sound() => Came::Unchanged,
                None => {
                    made.push((code, client));
                    Came::Made
                }
                Some(_) if is_same => Came::Unchanged,
                Some(_) => {
                    pass.put_client(&client, import.directory, &import.settings.plan, import.at).await?;
                    Came::Changed
                }
            };
            self.take(cells, came);
        }
        pass.add_clients(&made, import.directory, &import.settings.plan, import.at).await
    }

    async fn products(
        &mut self,
        pass: &mut Pass,
        table: &Table<File>,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let mut codes = codes(table, rows, "code");
        for row in rows {
            let named = table.cell(row, "substitutes").and_then(|text| super::cell::list(text).ok());
            codes.extend(named.unwrap_or_default());
        }
        let known = pass.products(&as_texts(&codes)).await?;
        let ids = known.values().flatten().map(|data| data.product.id).collect();
        let batches = if pass.writes() { pass.batches(&ids).await? } else { BTreeMap::new() };
        for row in rows {
            let mut cells = Cells::new(table, row, Kind::Products);
            let Some(code) = cells.code("code") else {
                self.take(cells, Came::Unchanged);
                continue;
            };
            let before = known.get(&code).map(Vec::as_slice).unwrap_or_default();
            if before.len() > 1 {
                cells.fault("code", Fault::SeveralHaveIt);
            }
            let before = before.first();
            let id = before.map_or_else(|| product_of(&code), |data| data.product.id);
            if let Some(first) = first_row(&mut self.seen.products, id.0.as_u128(), row.number) {
                cells.fault("code", Fault::Twice(first));
            }
            let (mut data, substitutes) = rows::product(&mut cells, self.import, id, &code, before.cloned());
            if let Some(substitutes) = substitutes {
                data.product.substitutes = self.substitutes(&mut cells, &known, substitutes);
            }
            rows::check_product(&mut cells, &data);
            let came = match before {
                None => Came::Made,
                Some(before) if *before == data => Came::Unchanged,
                Some(_) => Came::Changed,
            };
            if cells.is_sound() && !matches!(came, Came::Unchanged) {
                data.batches = batches.get(&id).cloned().unwrap_or_default();
                pass.put_product(&data, self.import.at).await?;
            }
            self.take(cells, came);
        }
        Ok(())
    }

    /// Their ids; those that nobody has met yet must come later in the file.
    fn substitutes(
        &mut self,
        cells: &mut Cells<'_>,
        known: &BTreeMap<String, Vec<ProductData>>,
        codes: Vec<String>,
    ) -> Vec<ProductId> {
        let mut ids = Vec::new();
        for code in codes {
            let in_desk = known.get(&code).and_then(|found| found.first()).map(|data| data.product.id);
            let id = in_desk.unwrap_or_else(|| product_of(&code));
            if in_desk.is_none() && !self.seen.products.contains_key(&id.0.as_u128()) {
                let finding = Finding {
                    kind: Kind::Products,
                    row: cells.row.number,
                    column: Some(cells.table.heading("substitutes").to_owned()),
                    value: code.clone(),
                    fault: Fault::Unknown(Vec::new()),
                };
                self.seen.wanted.entry(id).or_insert((code, finding));
            }
            ids.push(id);
        }
        ids
    }

    fn substitutes_are_there(&mut self) {
        for (id, (_, finding)) in std::mem::take(&mut self.seen.wanted) {
            if !self.seen.products.contains_key(&id.0.as_u128()) {
                self.report.add(finding);
            }
        }
    }

    async fn prices(&mut self, pass: &mut Pass, table: &Table<File>, rows: &[Row]) -> Result<(), StoreError> {
        let known = pass.products(&as_texts(&codes(table, rows, "product"))).await?;
        let clients = pass.clients(&as_texts(&codes(table, rows, "client"))).await?;
        let both = |row: &Row| {
            let client = clients.get(table.cell(row, "client")?)?.id;
            let product = known.get(table.cell(row, "product")?)?.first()?.product.id;
            Some((client, product))
        };
        let agreed = pass.contract_prices(&rows.iter().filter_map(both).collect()).await?;
        for row in rows {
            let mut cells = Cells::new(table, row, Kind::Prices);
            let product = self.product(&mut cells, &known);
            let client = match cells.code_or_none("client") {
                Some(_) => self.client(&mut cells, &clients).map(Some),
                None => Some(None),
            };
            let (Some(product), Some(client)) = (product, client) else {
                self.take(cells, Came::Unchanged);
                continue;
            };
            let came = match client {
                Some(client) => self.contract_price(pass, &mut cells, &product, client, &agreed).await?,
                None => self.column_prices(pass, &mut cells, product).await?,
            };
            self.take(cells, came);
        }
        Ok(())
    }

    async fn column_prices(
        &mut self,
        pass: &mut Pass,
        cells: &mut Cells<'_>,
        product: Named<&ProductData>,
    ) -> Result<Came, StoreError> {
        let code = cells.code("product").unwrap_or_default();
        if let Some(first) = first_row(&mut self.seen.prices, key(&[&code]), cells.row.number) {
            cells.fault("product", Fault::Twice(first));
        }
        if cells.table.cell(cells.row, "contract_price").is_some_and(|text| !text.is_empty()) {
            cells.fault("client", Fault::Missing);
        }
        let before = match &product {
            Named::InDesk(data) => data.prices.clone(),
            Named::InFiles => Default::default(),
        };
        let mut prices = before.clone();
        rows::prices(cells, self.import, &mut prices);
        if prices == before {
            return Ok(Came::Unchanged);
        }
        if let (Named::InDesk(data), true) = (product, cells.is_sound()) {
            pass.put_prices(data.product.id, &prices, self.import.at).await?;
        }
        Ok(if before.columns.is_empty() { Came::Made } else { Came::Changed })
    }

    async fn contract_price(
        &mut self,
        pass: &mut Pass,
        cells: &mut Cells<'_>,
        product: &Named<&ProductData>,
        client: Named<ClientId>,
        agreed: &BTreeMap<(ClientId, ProductId), Money>,
    ) -> Result<Came, StoreError> {
        let (code, of) =
            (cells.code("product").unwrap_or_default(), cells.code("client").unwrap_or_default());
        if let Some(first) = first_row(&mut self.seen.prices, key(&[&code, &of]), cells.row.number) {
            cells.fault("product", Fault::Twice(first));
        }
        let price = rows::contract_price(cells);
        let both = match (product, client) {
            (Named::InDesk(data), Named::InDesk(client)) => Some((client, data.product.id)),
            _ => None,
        };
        let before = both.and_then(|both| agreed.get(&both).copied());
        if price == before {
            return Ok(Came::Unchanged);
        }
        if let (Some(both), true) = (both, cells.is_sound()) {
            pass.put_contract_price(both, price).await?;
        }
        Ok(if before.is_none() { Came::Made } else { Came::Changed })
    }

    async fn stock(&mut self, pass: &mut Pass, table: &Table<File>, rows: &[Row]) -> Result<(), StoreError> {
        let known = pass.products(&as_texts(&codes(table, rows, "product"))).await?;
        let ids = known.values().flatten().map(|data| data.product.id).collect();
        let batches = pass.batches(&ids).await?;
        let mut changed = Vec::new();
        for row in rows {
            let mut cells = Cells::new(table, row, Kind::Stock);
            let product = self.product(&mut cells, &known);
            let (batch, expires, quantity) = rows::batch(&mut cells);
            let (Some(product), Some(quantity)) = (product, quantity) else {
                self.take(cells, Came::Unchanged);
                continue;
            };
            let id = match &product {
                Named::InDesk(data) => data.product.id,
                Named::InFiles => product_of(&cells.code("product").unwrap_or_default()),
            };
            let place = key(&[&id.to_string(), &batch]);
            if let Some(first) = first_row(&mut self.seen.batches, place, row.number) {
                cells.fault(if table.has("batch") { "batch" } else { "product" }, Fault::Twice(first));
            }
            let before = batches.get(&id).and_then(|known| known.iter().find(|known| known.id == batch));
            let is_same = |free: Decimal| free == quantity.round_dp(3);
            let came = match before {
                None => Came::Made,
                Some(known) if known.expires == expires && is_same(known.free) => Came::Unchanged,
                Some(_) => Came::Changed,
            };
            if cells.is_sound() && !matches!(came, Came::Unchanged) {
                changed.push((id, batch, expires, quantity));
            }
            self.take(cells, came);
        }
        pass.put_batches(&changed).await
    }

    async fn standings(
        &mut self,
        pass: &mut Pass,
        table: &Table<File>,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let import = self.import;
        // Rows of one client build on each other.
        let mut known = pass.clients(&as_texts(&codes(table, rows, "client"))).await?;
        let mut changed = BTreeSet::new();
        for row in rows {
            let mut cells = Cells::new(table, row, Kind::Standings);
            let Some(code) = cells.code("client") else {
                self.take(cells, Came::Unchanged);
                continue;
            };
            let Some(found) = self.client(&mut cells, &known) else {
                self.take(cells, Came::Unchanged);
                continue;
            };
            let entity = cells.code_or_none("entity").unwrap_or_default();
            if let Some(first) = first_row(&mut self.seen.standings, key(&[&code, &entity]), row.number) {
                cells.fault("client", Fault::Twice(first));
            }
            let seen = &self.seen.standings;
            let named =
                |entity: &str| seen.get(&key(&[&code, entity])).copied().filter(|found| *found < row.number);
            // The client itself stands in a row that names no entity.
            let row_of = |entity: &str| named(entity).or_else(|| named("").filter(|_| entity == ITSELF));
            let came = match (found, known.get_mut(&code)) {
                (Named::InDesk(_), Some(client)) => {
                    let before = client.clone();
                    standings::standing(&mut cells, import, &mut client.draft, &mut client.trade, row_of);
                    if !cells.is_sound() {
                        *client = before;
                        Came::Unchanged
                    } else if client.draft == before.draft && client.trade == before.trade {
                        Came::Unchanged
                    } else {
                        let is_new = client.trade.entities.len() > before.trade.entities.len();
                        changed.insert(code);
                        if is_new { Came::Made } else { Came::Changed }
                    }
                }
                _ => {
                    let mut draft = rows::nobody();
                    standings::standing(&mut cells, import, &mut draft, &mut ClientTrade::default(), row_of);
                    Came::Made
                }
            };
            self.take(cells, came);
        }
        for client in changed.iter().filter_map(|code| known.get(code)) {
            pass.put_client(client, import.directory, &import.settings.plan, import.at).await?;
        }
        Ok(())
    }

    /// None, and a fault: nobody has it.
    fn product<'k>(
        &self,
        cells: &mut Cells<'_>,
        known: &'k BTreeMap<String, Vec<ProductData>>,
    ) -> Option<Named<&'k ProductData>> {
        let code = cells.code("product")?;
        match known.get(&code).map(Vec::as_slice) {
            Some([data]) => Some(Named::InDesk(data)),
            Some(_) => {
                cells.fault("product", Fault::SeveralHaveIt);
                None
            }
            None if self.seen.products.contains_key(&product_of(&code).0.as_u128()) => Some(Named::InFiles),
            None => {
                cells.fault("product", Fault::Unknown(Vec::new()));
                None
            }
        }
    }

    fn client(
        &self,
        cells: &mut Cells<'_>,
        known: &BTreeMap<String, KnownClient>,
    ) -> Option<Named<ClientId>> {
        let code = cells.code("client")?;
        match known.get(&code) {
            Some(client) => Some(Named::InDesk(client.id)),
            None if self.seen.clients.contains_key(&client_of(&code).0.as_u128()) => Some(Named::InFiles),
            None => {
                cells.fault("client", Fault::Unknown(Vec::new()));
                None
            }
        }
    }
}

/// What stands in a column, once each.
fn codes(table: &Table<File>, rows: &[Row], column: &str) -> BTreeSet<String> {
    let cells = rows.iter().filter_map(|row| table.cell(row, column));
    cells.filter(|text| !text.is_empty()).filter_map(|text| super::cell::line(text).ok()).collect()
}

fn as_texts(codes: &BTreeSet<String>) -> BTreeSet<&str> {
    codes.iter().map(String::as_str).collect()
}
