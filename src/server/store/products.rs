//! Products: written by the company's other programs, found by what an operator types, told with a client's price and with
//! what is free of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use sqlx::AnyConnection;

use super::{Kind, Statement, Store, Transaction, commands, micros, search, trade, until_done};
use crate::desk_api::{Change, ClientId, Goods, OrderId, Product, ProductData, ProductId};
use crate::domain::client::Money;
use crate::domain::search::readings;
use crate::domain::trade::price::Prices;
use crate::domain::trade::stock::{self, Batch};
use crate::server::settings::{Orders, StockLacks};
use crate::server::store::{Command, StoreError, WriteError};

/// For whom and when goods are looked at.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// Contract prices are this client's.
    pub client: Option<ClientId>,
    /// What is kept for this order is free for it.
    pub order: Option<OrderId>,
    /// The day they come.
    pub delivered: Date,
    /// Days that they live then.
    pub least_life: u16,
    pub at: Timestamp,
}

impl Store {
    /// Products that fit what was typed, with prices and stock for a client.
    pub async fn find_products(
        &self,
        text: &str,
        client: Option<ClientId>,
        day: Option<Date>,
        limit: u32,
        rules: &Orders,
        at: Timestamp,
    ) -> Result<Vec<Goods>, StoreError> {
        let mut db = self.readers.acquire().await?;
        let look = look_for(&mut db, client, day, rules, at).await?;
        let ids = find(&mut db, text, limit).await?;
        goods(&mut db, &ids, look).await
    }

    /// What may be sold instead of a product, the best first, with prices and stock for a client; none: there is no such product.
    pub async fn substitutes(
        &self,
        product: ProductId,
        client: Option<ClientId>,
        day: Option<Date>,
        limit: u32,
        rules: &Orders,
        at: Timestamp,
    ) -> Result<Option<Vec<Goods>>, StoreError> {
        let mut db = self.readers.acquire().await?;
        let sql = "SELECT document FROM products WHERE id = $1";
        let document: Option<String> =
            sqlx::query_scalar(sql).bind(product.to_string()).fetch_optional(&mut *db).await?;
        let Some(document) = document else { return Ok(None) };
        let mut ids = serde_json::from_str::<Product>(&document)?.substitutes;
        ids.truncate(limit as usize);
        let look = look_for(&mut db, client, day, rules, at).await?;
        goods(&mut db, &ids, look).await.map(Some)
    }

    /// Makes or replaces a product, with its prices and its stock.
    pub async fn write_product(
        &self,
        command: &Command<'_>,
        data: &ProductData,
        rules: &Orders,
    ) -> Result<Change, WriteError> {
        until_done!(self.try_write_product(command, data, rules))
    }

    async fn try_write_product(
        &self,
        command: &Command<'_>,
        data: &ProductData,
        rules: &Orders,
    ) -> Result<Change, WriteError> {
        let mut tx = self.begin().await?;
        if let Some(change) = commands::answered(&mut tx, command).await? {
            return Ok(change);
        }
        let existed: Option<String> = sqlx::query_scalar("SELECT id FROM products WHERE id = $1")
            .bind(data.product.id.to_string())
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        put_product(&mut tx, data, command.at).await?;
        if rules.stock_lacks == StockLacks::Picked {
            forget_picked(&mut tx, Some(data.product.id)).await?;
        }
        let change = if existed.is_some() { Change::Replaced } else { Change::Created };
        commands::keep_answer(&mut tx, command, &change).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(change)
    }
}

/// The stock that was just written, of one product or of all, lacks what is picked: nothing more is to be taken off for it.
pub(super) async fn forget_picked(
    tx: &mut Transaction<'_>,
    product: Option<ProductId>,
) -> Result<(), StoreError> {
    let mut delete = Statement::new(
        "DELETE FROM reservations WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = reservations.order_id \
         AND o.state IN ('picking', 'delivered_in_part'))",
    );
    if let Some(product) = product {
        delete.push(" AND product = ").bind(product.to_string())?;
    }
    delete.execute(tx).await
}

pub(super) async fn put_product(
    tx: &mut Transaction<'_>,
    data: &ProductData,
    at: Timestamp,
) -> Result<(), StoreError> {
    let id = data.product.id.to_string();
    let prices = Prices { contract: None, ..data.prices.clone() };
    let sql = "INSERT INTO products (id, code, document, prices, new_since, pushed, phrase, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET code = excluded.code, \
               document = excluded.document, prices = excluded.prices, new_since = excluded.new_since, \
               pushed = excluded.pushed, phrase = excluded.phrase, updated_at = excluded.updated_at";
    sqlx::query(sql)
        .bind(&id)
        .bind(&data.product.code)
        .bind(serde_json::to_string(&data.product)?)
        .bind(serde_json::to_string(&prices)?)
        .bind(data.new_since.map(|day| day.to_string()))
        .bind(data.pushed.map(i64::from))
        .bind(&data.phrase)
        .bind(micros(at))
        .execute(&mut **tx)
        .await?;
    search::index_product(tx, data).await?;
    sqlx::query("DELETE FROM batches WHERE product = $1").bind(&id).execute(&mut **tx).await?;
    if data.batches.is_empty() {
        return Ok(());
    }
    let mut insert = Statement::new("INSERT INTO batches (product, id, expires, quantity) VALUES ");
    insert.rows(&data.batches, |row, batch| {
        row.bind(id.clone())?
            .bind(batch.id.clone())?
            .bind(batch.expires.map(|day| day.to_string()))?
            .bind(thousandths(batch.free))?;
        Ok(())
    })?;
    insert.execute(tx).await
}

/// Goods for whom and when; today where no day is said.
async fn look_for(
    db: &mut AnyConnection,
    client: Option<ClientId>,
    day: Option<Date>,
    rules: &Orders,
    at: Timestamp,
) -> Result<Look, StoreError> {
    let least_life = match client {
        Some(client) => trade::trade_of(db, client).await?.least_life_days,
        None => None,
    };
    Ok(Look {
        client,
        order: None,
        delivered: day.unwrap_or_else(|| at.to_zoned(rules.zone()).date()),
        least_life: least_life.unwrap_or(rules.least_life_days),
        at,
    })
}

/// Products that fit what was typed, the best first.
pub(super) async fn find(
    db: &mut AnyConnection,
    text: &str,
    limit: u32,
) -> Result<Vec<ProductId>, StoreError> {
    let mut hits = search::find(db, Kind::Product, &readings(text, &[]), limit).await?;
    hits.truncate(limit as usize);
    if hits.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = Statement::new("SELECT number, id FROM search_items WHERE number IN ");
    select.list(hits.iter().map(|hit| hit.item))?;
    let (text, values) = select.into_parts();
    let rows: Vec<(i64, String)> = sqlx::query_as_with(text, values).fetch_all(db).await?;
    let ids: BTreeMap<i64, String> = rows.into_iter().collect();
    hits.iter().filter_map(|hit| ids.get(&hit.item)).map(|id| product_id(id)).collect()
}

pub(super) fn product_id(text: &str) -> Result<ProductId, StoreError> {
    Ok(ProductId(text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?))
}

/// Goods with prices, and what is free of them; those that there are, in the order of the ids.
pub(super) async fn goods(
    db: &mut AnyConnection,
    ids: &[ProductId],
    look: Look,
) -> Result<Vec<Goods>, StoreError> {
    let ids: Vec<ProductId> = {
        let mut seen = BTreeSet::new();
        ids.iter().copied().filter(|id| seen.insert(*id)).collect()
    };
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = Statement::new("SELECT id, document, prices FROM products WHERE id IN ");
    select.list(ids.iter().map(ProductId::to_string))?;
    let (text, values) = select.into_parts();
    let rows: Vec<(String, String, String)> = sqlx::query_as_with(text, values).fetch_all(&mut *db).await?;
    let contract = contract_prices(db, &ids, look.client).await?;
    let batches = batches(db, &ids, look).await?;
    let mut found = BTreeMap::new();
    for (id, product, prices) in rows {
        let id = product_id(&id)?;
        let prices = Prices { contract: contract.get(&id).copied(), ..serde_json::from_str(&prices)? };
        let free = batches.get(&id).map_or(&[][..], Vec::as_slice);
        let available = stock::available(free, look.delivered, look.least_life);
        found.insert(id, Goods { product: serde_json::from_str(&product)?, prices, available });
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn list(select: &mut Statement, ids: &[ProductId]) -> Result<(), StoreError> {
    for (number, id) in ids.iter().enumerate() {
        select.push(if number == 0 { "(" } else { ", " }).bind(id.to_string())?;
    }
    select.push(")");
    Ok(())
}

async fn contract_prices(
    db: &mut AnyConnection,
    ids: &[ProductId],
    client: Option<ClientId>,
) -> Result<BTreeMap<ProductId, Money>, StoreError> {
    let Some(client) = client else { return Ok(BTreeMap::new()) };
    let mut select = Statement::new("SELECT product, price FROM contract_prices WHERE client = ");
    select.bind(client.to_string())?.push(" AND product IN ");
    list(&mut select, ids)?;
    let (text, values) = select.into_parts();
    let rows: Vec<(String, String)> = sqlx::query_as_with(text, values).fetch_all(db).await?;
    let price = |(product, price): (String, String)| {
        Ok((product_id(&product)?, serde_json::from_value(serde_json::Value::String(price))?))
    };
    rows.into_iter().map(price).collect()
}

/// What nobody else was promised, batch by batch.
pub(super) async fn batches(
    db: &mut AnyConnection,
    ids: &[ProductId],
    look: Look,
) -> Result<BTreeMap<ProductId, Vec<Batch>>, StoreError> {
    let mut select = Statement::new(
        "SELECT b.product, b.id, b.expires, CAST(b.quantity - COALESCE((SELECT SUM(r.quantity) FROM reservations r \
         WHERE r.product = b.product AND r.batch = b.id AND (r.kept_until IS NULL OR r.kept_until > ",
    );
    select.bind(micros(look.at))?.push(") AND r.order_id <> ");
    select.bind(look.order.map(|order| order.to_string()).unwrap_or_default())?;
    select.push("), 0) AS BIGINT) FROM batches b WHERE b.product IN ");
    list(&mut select, ids)?;
    let (text, values) = select.into_parts();
    let mut rows: Vec<(String, String, Option<String>, i64)> =
        sqlx::query_as_with(text, values).fetch_all(&mut *db).await?;
    rows.extend(promised_of_nothing(db, ids, look).await?);
    let mut batches: BTreeMap<ProductId, Vec<Batch>> = BTreeMap::new();
    for (product, id, expires, free) in rows {
        let expires = expires.and_then(|day| day.parse().ok());
        let batch = Batch { id, expires, free: Decimal::new(free, 3) };
        batches.entry(product_id(&product)?).or_default().push(batch);
    }
    Ok(batches)
}

/// Promises of batches that the warehouse has under this name no more: others have to serve them.
async fn promised_of_nothing(
    db: &mut AnyConnection,
    ids: &[ProductId],
    look: Look,
) -> Result<Vec<(String, String, Option<String>, i64)>, StoreError> {
    let mut select = Statement::new(
        "SELECT r.product, r.batch, CAST(NULL AS TEXT), CAST(-SUM(r.quantity) AS BIGINT) FROM reservations r \
         WHERE (r.kept_until IS NULL OR r.kept_until > ",
    );
    select.bind(micros(look.at))?.push(") AND r.order_id <> ");
    select.bind(look.order.map(|order| order.to_string()).unwrap_or_default())?;
    select.push(" AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.product = r.product AND b.id = r.batch) AND r.product IN ");
    list(&mut select, ids)?;
    select.push(" GROUP BY r.product, r.batch");
    let (text, values) = select.into_parts();
    Ok(sqlx::query_as_with(text, values).fetch_all(db).await?)
}

/// What can be counted of it: a promise is never less than what was ordered.
pub(super) fn thousandths(quantity: Decimal) -> i64 {
    let thousandths = quantity.checked_mul(Decimal::ONE_THOUSAND);
    thousandths.and_then(|thousandths| thousandths.ceil().to_i64()).unwrap_or(i64::MAX)
}
