//! Where what somebody types is looked for: ranges of one index, each of them read only so far (`domain::search`).

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AnyConnection;

use super::clients::phones_of;
use super::{Statement, Store, StoreError, Transaction, set_fact, until_done};
use crate::desk_api::{ClientDraft, ClientTrade, ProductData};
use crate::domain::number::PhoneNumber;
use crate::domain::search::{Beginning, KEYS_VERSION, Keys, Place, Reading};
use crate::domain::trade::product::Product;

/// Keys of one beginning that are looked at.
const MOST_KEYS: u32 = 50;
/// Those of one word that are looked at where all of several words must fit; where each of them has more, words that have
/// nothing to do with each other still meet among so many.
const MOST_OF_A_WORD: i64 = 3000;
/// Found by several words.
const MOST_TOGETHER: i64 = 100;
/// Whose keys are made in one transaction, so that no write waits long for it.
const KEYS_AT_ONCE: i64 = 200;
/// Keys per statement: SQLite looks each value's name up among those before it.
const ROWS_AT_ONCE: usize = 200;
/// The fact that says by which version of the keys every client can be found.
const WHOLE: &str = "search_keys";

/// How many of a kind have keys of a version.
macro_rules! with_keys {
    () => {
        "SELECT COUNT(*) FROM search_items WHERE kind = $1 AND version = $2"
    };
}
#[cfg(test)]
pub(super) const WITH_KEYS: &str = with_keys!();

/// What is searched.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Client,
    Product,
}

impl Kind {
    fn number(self) -> i64 {
        match self {
            Self::Client => 0,
            Self::Product => 1,
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Client => "clients",
            Self::Product => "products",
        }
    }

    /// The best first. The end of a telephone is likelier than its beginning where both fit; articles say more than names.
    fn places(self) -> [Place; 5] {
        match self {
            Self::Client => [Place::Start, Place::Name, Place::Other, Place::End, Place::Code],
            Self::Product => [Place::Code, Place::Start, Place::Name, Place::Other, Place::End],
        }
    }

    fn place(self, place: Place) -> i64 {
        self.number() * 10 + i64::from(number_of(place))
    }
}

/// Kept in the database.
fn number_of(place: Place) -> u8 {
    match place {
        Place::Code => 0,
        Place::Start => 1,
        Place::Name => 2,
        Place::Other => 3,
        Place::End => 4,
    }
}

/// How good a find is, the best first: as typed before guesses, likelier beginnings, whole words, better places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    reading: usize,
    is_unlikely: bool,
    is_part_of_word: bool,
    place: usize,
}

/// The number of an item, and how it was found.
pub(super) struct Hit {
    pub item: i64,
    pub rank: Rank,
    /// Empty where it was found by several.
    pub key: String,
}

/// What fits, each once, the best first. Guesses are looked at where what was typed has fewer than wanted.
pub(super) async fn find(
    db: &mut AnyConnection,
    kind: Kind,
    readings: &[Reading],
    wanted: u32,
) -> Result<Vec<Hit>, StoreError> {
    let mut hits: BTreeMap<i64, (Rank, String)> = BTreeMap::new();
    for (reading, Reading { whole, words }) in readings.iter().enumerate() {
        let mut found = by_whole(db, kind, whole, reading, wanted).await?;
        if !words.is_empty() {
            found.extend(by_words(db, kind, words, reading).await?);
        }
        for Hit { item, rank, key } in found {
            let best = hits.entry(item).or_insert_with(|| (rank, key.clone()));
            if rank < best.0 {
                *best = (rank, key);
            }
        }
        if hits.len() >= wanted as usize {
            break;
        }
    }
    let mut hits: Vec<Hit> = hits.into_iter().map(|(item, (rank, key))| Hit { item, rank, key }).collect();
    hits.sort_by(|a, b| (a.rank, &a.key, a.item).cmp(&(b.rank, &b.key, b.item)));
    Ok(hits)
}

async fn by_whole(
    db: &mut AnyConnection,
    kind: Kind,
    whole: &[Beginning],
    reading: usize,
    wanted: u32,
) -> Result<Vec<Hit>, StoreError> {
    let mut ranges = Vec::new();
    for (likely, beginning) in whole.iter().enumerate() {
        for (better, place) in
            kind.places().into_iter().enumerate().filter(|(_, place)| beginning.is_of(*place))
        {
            ranges.push((beginning, likely > 0 && !beginning.is_end, better, place));
        }
    }
    let mut select = Statement::new("");
    for (number, (beginning, is_unlikely, _, place)) in ranges.iter().enumerate() {
        select.push(if number == 0 { "" } else { " UNION ALL " });
        select.push(&format!(
            "SELECT * FROM (SELECT item, key, CAST({number} AS BIGINT) FROM search_keys WHERE "
        ));
        within(&mut select, kind, *place, beginning)?;
        let most = if *is_unlikely { wanted } else { wanted.max(MOST_KEYS) };
        select.push(&format!(" ORDER BY key LIMIT {most}) r{number}"));
    }
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let (text, values) = select.into_parts();
    let rows: Vec<(i64, String, i64)> = sqlx::query_as_with(text, values).fetch_all(db).await?;
    let hit = |(item, key, number): (i64, String, i64)| {
        let (beginning, is_unlikely, place, _) = ranges.get(usize::try_from(number).ok()?)?;
        let rest = key.strip_prefix(beginning.text.as_str()).unwrap_or("");
        let is_part_of_word = !(rest.is_empty() || rest.starts_with(' '));
        Some(Hit {
            item,
            rank: Rank { reading, is_unlikely: *is_unlikely, is_part_of_word, place: *place },
            key,
        })
    };
    Ok(rows.into_iter().filter_map(hit).collect())
}

/// Those that have all the words. The rarest leads: its items are gone through.
async fn by_words(
    db: &mut AnyConnection,
    kind: Kind,
    words: &[Vec<Beginning>],
    reading: usize,
) -> Result<Vec<Hit>, StoreError> {
    if words.iter().any(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let mut counts = Vec::with_capacity(words.len());
    for word in words {
        let mut count = Statement::new("SELECT COUNT(*) FROM (");
        items(&mut count, kind, word)?;
        count.push(") n");
        let (text, values) = count.into_parts();
        let count: i64 = sqlx::query_scalar_with(text, values).fetch_one(&mut *db).await?;
        if count == 0 {
            return Ok(Vec::new());
        }
        counts.push(count);
    }
    // Of common words the longest is the rarest.
    let length = |word: &[Beginning]| word.first().map_or(0, |first| first.text.chars().count());
    let order = words.iter().zip(&counts).enumerate();
    let leader = order.min_by_key(|(_, (word, count))| (**count, std::cmp::Reverse(length(word))));
    let Some((leader, (led, _))) = leader else { return Ok(Vec::new()) };
    let mut select = Statement::new("SELECT DISTINCT s.number FROM (");
    items(&mut select, kind, led)?;
    // In this order: SQLite would rather go through all items.
    select.push(") n CROSS JOIN search_items s WHERE s.number = n.item");
    for (_, word) in words.iter().enumerate().filter(|(number, _)| *number != leader) {
        for (number, beginning) in word.iter().enumerate() {
            select.push(if number == 0 { " AND (" } else { " OR " });
            // Nothing in a beginning is a wildcard.
            let sign = if beginning.is_end { END_SIGN } else { SIGN };
            select.push("s.keys LIKE ").bind(format!("%{sign}_{}%", beginning.text))?;
        }
        select.push(")");
    }
    select.push(&format!(" LIMIT {MOST_TOGETHER}"));
    let (text, values) = select.into_parts();
    let found: Vec<i64> = sqlx::query_scalar_with(text, values).fetch_all(db).await?;
    let rank = Rank { reading, is_unlikely: false, is_part_of_word: true, place: kind.places().len() };
    Ok(found.into_iter().map(|item| Hit { item, rank, key: String::new() }).collect())
}

/// Items of a word, so many at most.
fn items(select: &mut Statement, kind: Kind, word: &[Beginning]) -> Result<(), StoreError> {
    let mut is_first = true;
    for beginning in word {
        for place in kind.places().into_iter().filter(|place| beginning.is_of(*place)) {
            select.push(if is_first { "SELECT item FROM (" } else { " UNION ALL " });
            select.push("SELECT item FROM search_keys WHERE ");
            within(select, kind, place, beginning)?;
            is_first = false;
        }
    }
    select.push(&format!(") w LIMIT {MOST_OF_A_WORD}"));
    Ok(())
}

fn within(select: &mut Statement, kind: Kind, place: Place, beginning: &Beginning) -> Result<(), StoreError> {
    select.push(&format!("place = {} AND key >= ", kind.place(place))).bind(beginning.text.clone())?;
    select.push(" AND key < ").bind(format!("{}\u{10ffff}", beginning.text))?;
    Ok(())
}

/// Before the number of the place of each key, in the column that has them all.
const SIGN: char = '\n';
const END_SIGN: char = '\r';

/// All keys in one text.
fn in_one_text(keys: &Keys) -> String {
    let sign = |place| if place == Place::End { END_SIGN } else { SIGN };
    keys.iter().map(|(place, key)| format!("{}{}{key}", sign(place), number_of(place))).collect()
}

/// Number of the place and key.
fn from_one_text(text: &str) -> impl Iterator<Item = (i64, &str)> {
    let lines = text.split([SIGN, END_SIGN]).filter_map(|line| line.split_at_checked(1));
    lines.filter_map(|(place, key)| Some((place.parse().ok()?, key)))
}

impl Store {
    /// Makes the keys of whatever has none of this version, at most so many at a time; says whether nothing is left.
    pub async fn make_keys(&self, kind: Kind, most: usize) -> Result<bool, StoreError> {
        if !self.have_all_keys(kind).await? && !self.make_missing_keys(kind, most).await? {
            return Ok(false);
        }
        if kind == Kind::Client && !self.finds_all_clients().await? {
            until_done!(self.try_find_all_clients())?;
        }
        Ok(true)
    }

    async fn make_missing_keys(&self, kind: Kind, most: usize) -> Result<bool, StoreError> {
        let (mut last, mut made) = (String::new(), 0);
        loop {
            let ids = self.without_keys(kind, &last).await?;
            let Some(id) = ids.last() else { return Ok(true) };
            last.clone_from(id);
            until_done!(self.try_make_keys(kind, &ids))?;
            made += ids.len();
            if made >= most {
                return Ok(false);
            }
        }
    }

    /// Several desks may come to this at once.
    async fn try_find_all_clients(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        set_fact(&mut tx, WHOLE, &KEYS_VERSION.to_string()).await?;
        Ok(tx.commit().await?)
    }

    /// False while a desk of this version works on its first keys.
    pub async fn finds_all_clients(&self) -> Result<bool, StoreError> {
        Ok(self.fact(WHOLE).await? == Some(KEYS_VERSION.to_string()))
    }

    /// As many have keys as there are, and nobody is ever deleted. Counted, not remembered: so it holds whoever wrote them, an
    /// older desk beside this one as well, and takes a moment where looking for those without takes seconds.
    async fn have_all_keys(&self, kind: Kind) -> Result<bool, StoreError> {
        let sql = match kind {
            Kind::Client => concat!("SELECT (SELECT COUNT(*) FROM clients) - (", with_keys!(), ")"),
            Kind::Product => concat!("SELECT (SELECT COUNT(*) FROM products) - (", with_keys!(), ")"),
        };
        let left = sqlx::query_scalar(sql).bind(kind.number()).bind(KEYS_VERSION);
        // A disk that has read none of it yet may need longer than a statement has.
        let mut tx = self.begin_long_look().await?;
        let left: i64 = left.fetch_one(&mut *tx).await?;
        Ok(left == 0)
    }

    async fn without_keys(&self, kind: Kind, after: &str) -> Result<Vec<String>, StoreError> {
        let table = kind.table();
        let mut select = Statement::new(&format!("SELECT c.id FROM {table} c WHERE c.id > "));
        select.bind(after.to_owned())?.push(" AND NOT EXISTS (SELECT 1 FROM search_items s WHERE s.kind = ");
        select.bind(kind.number())?.push(" AND s.id = c.id AND s.version = ").bind(KEYS_VERSION)?;
        select.push(&format!(") ORDER BY c.id LIMIT {KEYS_AT_ONCE}"));
        let (text, values) = select.into_parts();
        Ok(sqlx::query_scalar_with(text, values).fetch_all(&self.readers).await?)
    }

    async fn try_make_keys(&self, kind: Kind, ids: &[String]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // Another desk may have made them meanwhile.
        let mut select = Statement::new("SELECT id FROM search_items WHERE kind = ");
        select.bind(kind.number())?.push(" AND version = ").bind(KEYS_VERSION)?.push(" AND id IN ");
        select.list(ids.iter().cloned())?;
        let (text, values) = select.into_parts();
        let made: BTreeSet<String> =
            sqlx::query_scalar_with(text, values).fetch_all(&mut *tx).await?.into_iter().collect();
        let ids: Vec<String> = ids.iter().filter(|id| !made.contains(*id)).cloned().collect();
        match kind {
            _ if ids.is_empty() => {}
            Kind::Client => index_clients(&mut tx, &ids).await?,
            Kind::Product => {
                let mut select = Statement::new("SELECT id, document FROM products WHERE id IN ");
                select.list(ids)?;
                let (text, values) = select.into_parts();
                let rows: Vec<(String, String)> =
                    sqlx::query_as_with(text, values).fetch_all(&mut *tx).await?;
                let keys =
                    |(id, document): (String, String)| Ok((id, keys_of(&serde_json::from_str(&document)?)));
                let keys = rows.into_iter().map(keys).collect::<Result<Vec<_>, StoreError>>()?;
                put_keys(&mut tx, kind, keys).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// After whatever was written of these clients.
pub(super) async fn index_clients(tx: &mut Transaction<'_>, ids: &[String]) -> Result<(), StoreError> {
    let mut select = Statement::new(
        "SELECT c.id, c.document, t.document FROM clients c LEFT JOIN client_trade t ON t.client = c.id WHERE c.id IN ",
    );
    select.list(ids.iter().cloned())?;
    let (text, values) = select.into_parts();
    let rows: Vec<(String, String, Option<String>)> =
        sqlx::query_as_with(text, values).fetch_all(&mut **tx).await?;
    let phones = phones_of(tx, ids).await?;
    let mut keys = Vec::with_capacity(rows.len());
    for (id, client, trade) in rows {
        let trade = trade.as_deref().map(serde_json::from_str).transpose()?;
        let numbers = phones.get(&id).map_or(&[][..], Vec::as_slice);
        let found = keys_of_client(&serde_json::from_str(&client)?, trade.as_ref(), numbers);
        keys.push((id, found));
    }
    put_keys(tx, Kind::Client, keys).await
}

/// After a product was written.
pub(super) async fn index_product(tx: &mut Transaction<'_>, data: &ProductData) -> Result<(), StoreError> {
    put_keys(tx, Kind::Product, vec![(data.product.id.to_string(), keys_of(&data.product))]).await
}

fn keys_of_client(client: &ClientDraft, trade: Option<&ClientTrade>, numbers: &[PhoneNumber]) -> Keys {
    let mut keys = Keys::default();
    keys.add_name(&client.name);
    client.contacts.iter().for_each(|contact| keys.add_other(&contact.name));
    for number in numbers {
        keys.add_phone(&number.national(), &number.to_string());
    }
    // Numbers that nobody could read are found by their digits.
    let written =
        client.phones.iter().chain(client.contacts.iter().filter_map(|contact| contact.phone.as_ref()));
    for written in written {
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        if !numbers.iter().any(|number| digits.contains(&number.national())) {
            keys.add_number(&digits);
        }
    }
    for entity in trade.into_iter().flat_map(|trade| &trade.entities) {
        keys.add_other(&entity.name);
        entity.tax_number.iter().chain(&entity.contracts).for_each(|code| keys.add_code(code));
    }
    keys
}

fn keys_of(product: &Product) -> Keys {
    let mut keys = Keys::default();
    keys.add_name(&product.name);
    keys.add_code(&product.code);
    product.barcodes.iter().for_each(|barcode| keys.add_number(barcode));
    product.synonyms.iter().for_each(|synonym| keys.add_other(synonym));
    keys
}

/// Replaces the keys of these items.
async fn put_keys(
    tx: &mut Transaction<'_>,
    kind: Kind,
    items: Vec<(String, Keys)>,
) -> Result<(), StoreError> {
    if items.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = items.iter().map(|(id, _)| id.clone()).collect();
    let mut select = Statement::new("SELECT id, keys FROM search_items WHERE kind = ");
    select.bind(kind.number())?.push(" AND id IN ").list(ids)?;
    let (text, values) = select.into_parts();
    let rows: Vec<(String, String)> = sqlx::query_as_with(text, values).fetch_all(&mut **tx).await?;
    let before: BTreeMap<String, String> = rows.into_iter().collect();
    let mut insert = Statement::new("INSERT INTO search_items (kind, id, version, keys) VALUES ");
    insert.rows(&items, |row, (id, keys)| {
        row.bind(kind.number())?.bind(id.clone())?.bind(KEYS_VERSION)?.bind(in_one_text(keys))?;
        Ok(())
    })?;
    insert.push(
        " ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, keys = excluded.keys RETURNING id, number",
    );
    let (text, values) = insert.into_parts();
    let rows: Vec<(String, i64)> = sqlx::query_as_with(text, values).fetch_all(&mut **tx).await?;
    let numbers: BTreeMap<String, i64> = rows.into_iter().collect();
    let mut added = Vec::new();
    for (id, keys) in &items {
        let Some(&item) = numbers.get(id) else { continue };
        let place = |place: i64| kind.number() * 10 + place;
        let old: BTreeSet<(i64, &str)> =
            before.get(id).into_iter().flat_map(|text| from_one_text(text)).collect();
        let new: BTreeSet<(i64, &str)> =
            keys.iter().map(|(place, key)| (number_of(place).into(), key)).collect();
        for (old, key) in old.difference(&new) {
            sqlx::query("DELETE FROM search_keys WHERE place = $1 AND key = $2 AND item = $3")
                .bind(place(*old))
                .bind((*key).to_owned())
                .bind(item)
                .execute(&mut **tx)
                .await?;
        }
        added.extend(new.difference(&old).map(|(new, key)| (place(*new), (*key).to_owned(), item)));
    }
    added.sort_unstable();
    for some in added.chunks(ROWS_AT_ONCE) {
        let mut insert = Statement::new("INSERT INTO search_keys (place, key, item) VALUES ");
        insert.rows(some, |row, (place, key, item)| {
            row.bind(*place)?.bind(key.clone())?.bind(*item)?;
            Ok(())
        })?;
        insert.execute(tx).await?;
    }
    Ok(())
}
