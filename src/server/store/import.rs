//! What an import looks up and writes, some hundred rows at a time, all of it in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection};
use uuid::Uuid;

use super::growth::Growth;
use super::products::{forget_picked, product_id, put_product, thousandths};
use super::{Statement, Store, Transaction, clients, company, micros, search, trade};
use crate::desk_api::{ClientDraft, ClientId, ClientTrade, Directory, ProductData, ProductId};
use crate::domain::client::Money;
use crate::domain::number::NumberingPlan;
use crate::domain::trade::price::Prices;
use crate::domain::trade::stock::Batch;
use crate::server::store::StoreError;

/// Batches that are looked at together.
const PAGE: i64 = 1000;

/// An import looks at everything first, and writes afterwards.
pub(crate) enum Pass {
    Look(PoolConnection<Any>),
    Write(Transaction<'static>, Growth),
}

/// A client as the desk has it.
#[derive(Clone)]
pub(crate) struct KnownClient {
    pub id: ClientId,
    pub draft: ClientDraft,
    pub trade: ClientTrade,
}

impl Store {
    /// Looks without being in anybody's way.
    pub async fn look(&self) -> Result<Pass, StoreError> {
        Ok(Pass::Look(self.readers.acquire().await?))
    }

    /// Writes all or nothing: nothing before `commit`.
    pub async fn write(&self) -> Result<Pass, StoreError> {
        Ok(Pass::Write(self.begin_long().await?, Growth::of(self)))
    }
}

impl Pass {
    pub fn writes(&self) -> bool {
        matches!(self, Self::Write(..))
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Look(_) => Ok(()),
            Self::Write(tx, _) => Ok(tx.commit().await?),
        }
    }

    /// Another file, and thus another table, begins.
    pub fn begin_file(&mut self) {
        if let Self::Write(_, growth) = self {
            growth.begin();
        }
    }

    /// So many rows more of it were gone through.
    pub async fn went_on(&mut self, rows: usize) -> Result<(), StoreError> {
        match self {
            Self::Look(_) => Ok(()),
            Self::Write(tx, growth) => growth.by(tx, rows).await,
        }
    }

    fn db(&mut self) -> &mut AnyConnection {
        match self {
            Self::Look(connection) => connection,
            Self::Write(tx, _) => tx,
        }
    }

    /// Clients by the company's own codes.
    pub async fn clients(
        &mut self,
        codes: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, KnownClient>, StoreError> {
        let sql = "SELECT k.own_id, c.id, c.document, t.document FROM company_clients k \
                   JOIN clients c ON c.id = k.client LEFT JOIN client_trade t ON t.client = c.id WHERE k.own_id IN ";
        let rows: Vec<(String, String, String, Option<String>)> = match among(sql, codes)? {
            Some((text, values)) => sqlx::query_as_with(text, values).fetch_all(self.db()).await?,
            None => Vec::new(),
        };
        let mut found = BTreeMap::new();
        for (code, id, draft, trade) in rows {
            let trade = trade.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
            found.insert(
                code,
                KnownClient { id: client_id(&id)?, draft: serde_json::from_str(&draft)?, trade },
            );
        }
        Ok(found)
    }

    /// Makes clients that the desk does not have, with their codes.
    pub async fn add_clients(
        &mut self,
        clients: &[(String, KnownClient)],
        people: &Directory,
        plan: &NumberingPlan,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Self::Write(tx, _) = self else { return Ok(()) };
        if clients.is_empty() {
            return Ok(());
        }
        let drafts: Vec<_> = clients.iter().map(|(_, client)| (client.id, client.draft.clone())).collect();
        clients::insert_many(tx, &drafts, people, plan, at).await?;
        let mut insert = Statement::new("INSERT INTO company_clients (own_id, client) VALUES ");
        insert.rows(clients, |row, (code, client)| {
            row.bind(code.clone())?.bind(client.id.to_string())?;
            Ok(())
        })?;
        insert.execute(tx).await?;
        for (_, client) in clients.iter().filter(|(_, client)| client.trade != ClientTrade::default()) {
            trade::put_document(tx, client.id, &client.trade).await?;
        }
        let ids: Vec<String> = clients.iter().map(|(_, client)| client.id.to_string()).collect();
        search::index_clients(tx, &ids).await
    }

    /// Replaces what the desk has of a client, but for its contract prices.
    pub async fn put_client(
        &mut self,
        client: &KnownClient,
        people: &Directory,
        plan: &NumberingPlan,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Self::Write(tx, _) = self else { return Ok(()) };
        let department = clients::department_of(people, &client.draft);
        clients::upsert(tx, client.id, &client.draft, department.as_deref(), at).await?;
        clients::index_phones(tx, client.id, &client.draft, plan).await?;
        trade::put_document(tx, client.id, &client.trade).await?;
        search::index_clients(tx, &[client.id.to_string()]).await
    }

    /// Products by their codes; of several with one code each.
    pub async fn products(
        &mut self,
        codes: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Vec<ProductData>>, StoreError> {
        // A product that once had one of the codes and has another now still has its id.
        let ids: BTreeSet<String> = codes.iter().map(|code| product_of(code).to_string()).collect();
        let mut select = Statement::new(
            "SELECT id, document, prices, new_since, pushed, phrase FROM products WHERE code IN ",
        );
        if codes.is_empty() {
            return Ok(BTreeMap::new());
        }
        list(&mut select, codes.iter().copied())?;
        select.push(" OR id IN ");
        list(&mut select, ids.iter().map(String::as_str))?;
        type Row = (String, String, String, Option<String>, Option<i64>, Option<String>);
        let (text, values) = select.into_parts();
        let rows: Vec<Row> = sqlx::query_as_with(text, values).fetch_all(self.db()).await?;
        let mut found: BTreeMap<String, Vec<ProductData>> = BTreeMap::new();
        for (_, product, prices, new_since, pushed, phrase) in rows {
            let data = ProductData {
                product: serde_json::from_str(&product)?,
                prices: serde_json::from_str(&prices)?,
                batches: Vec::new(),
                new_since: new_since.and_then(|day| day.parse().ok()),
                pushed: pushed.and_then(|pushed| u32::try_from(pushed).ok()),
                phrase,
            };
            found.entry(data.product.code.clone()).or_default().push(data);
        }
        // Whoever took over an id under another code is in the way of the code that made it.
        let taken: Vec<(String, ProductData)> = codes
            .iter()
            .filter(|code| !found.contains_key(**code))
            .filter_map(|code| {
                let id = product_of(code);
                let other = found.values().flatten().find(|data| data.product.id == id)?;
                Some(((*code).to_owned(), other.clone()))
            })
            .collect();
        found.retain(|code, _| codes.contains(code.as_str()));
        for (code, other) in taken {
            found.insert(code, vec![other.clone(), other]);
        }
        Ok(found)
    }

    /// What lies in the warehouse of these, what is promised of it included.
    pub async fn batches(
        &mut self,
        products: &BTreeSet<ProductId>,
    ) -> Result<BTreeMap<ProductId, Vec<Batch>>, StoreError> {
        let ids: BTreeSet<String> = products.iter().map(ToString::to_string).collect();
        let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let sql = "SELECT product, id, expires, quantity FROM batches WHERE product IN ";
        let rows: Vec<(String, String, Option<String>, i64)> = match among(sql, &ids)? {
            Some((text, values)) => sqlx::query_as_with(text, values).fetch_all(self.db()).await?,
            None => Vec::new(),
        };
        let mut found: BTreeMap<ProductId, Vec<Batch>> = BTreeMap::new();
        for (product, id, expires, quantity) in rows {
            let expires = expires.and_then(|day| day.parse().ok());
            let batch = Batch { id, expires, free: Decimal::new(quantity, 3) };
            found.entry(product_id(&product)?).or_default().push(batch);
        }
        Ok(found)
    }

    /// Makes or replaces a product, its prices and stock included.
    pub async fn put_product(&mut self, data: &ProductData, at: Timestamp) -> Result<(), StoreError> {
        let Self::Write(tx, _) = self else { return Ok(()) };
        put_product(tx, data, at).await
    }

    pub async fn put_prices(
        &mut self,
        product: ProductId,
        prices: &Prices,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Self::Write(tx, _) = self else { return Ok(()) };
        sqlx::query("UPDATE products SET prices = $1, updated_at = $2 WHERE id = $3")
            .bind(serde_json::to_string(prices)?)
            .bind(micros(at))
            .bind(product.to_string())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    pub async fn contract_prices(
        &mut self,
        of: &BTreeSet<(ClientId, ProductId)>,
    ) -> Result<BTreeMap<(ClientId, ProductId), Money>, StoreError> {
        if of.is_empty() {
            return Ok(BTreeMap::new());
        }
        let clients: BTreeSet<String> = of.iter().map(|(client, _)| client.to_string()).collect();
        let products: BTreeSet<String> = of.iter().map(|(_, product)| product.to_string()).collect();
        let mut select =
            Statement::new("SELECT client, product, price FROM contract_prices WHERE client IN ");
        list(&mut select, clients.iter().map(String::as_str))?;
        select.push(" AND product IN ");
        list(&mut select, products.iter().map(String::as_str))?;
        let (text, values) = select.into_parts();
        let rows: Vec<(String, String, String)> =
            sqlx::query_as_with(text, values).fetch_all(self.db()).await?;
        let mut found = BTreeMap::new();
        for (client, product, price) in rows {
            let price = serde_json::from_value(serde_json::Value::String(price))?;
            found.insert((client_id(&client)?, product_id(&product)?), price);
        }
        Ok(found)
    }

    /// None: it is agreed no more.
    pub async fn put_contract_price(
        &mut self,
        (client, product): (ClientId, ProductId),
        price: Option<Money>,
    ) -> Result<(), StoreError> {
        let Self::Write(tx, _) = self else { return Ok(()) };
        let sql = match price {
            Some(_) => {
                "INSERT INTO contract_prices (client, product, price) VALUES ($1, $2, $3) \
                 ON CONFLICT (client, product) DO UPDATE SET price = excluded.price"
            }
            None => "DELETE FROM contract_prices WHERE client = $1 AND product = $2",
        };
        let mut query = sqlx::query(sql).bind(client.to_string()).bind(product.to_string());
        if let Some(price) = price {
            query = query.bind(price.0.to_string());
        }
        query.execute(&mut **tx).await?;
        Ok(())
    }

    pub async fn put_batches(
        &mut self,
        batches: &[(ProductId, String, Option<Date>, Decimal)],
    ) -> Result<(), StoreError> {
        let Self::Write(tx, _) = self else { return Ok(()) };
        if batches.is_empty() {
            return Ok(());
        }
        let mut insert = Statement::new("INSERT INTO batches (product, id, expires, quantity) VALUES ");
        insert.rows(batches, |row, (product, id, expires, quantity)| {
            row.bind(product.to_string())?
                .bind(id.clone())?
                .bind(expires.map(|day| day.to_string()))?
                .bind(thousandths(*quantity))?;
            Ok(())
        })?;
        insert.push(
            " ON CONFLICT (product, id) DO UPDATE SET expires = excluded.expires, quantity = excluded.quantity",
        );
        insert.execute(tx).await
    }

    /// The stock that was written is without what is being picked.
    pub async fn forget_picked(&mut self) -> Result<(), StoreError> {
        let Self::Write(tx, _) = self else { return Ok(()) };
        forget_picked(tx, None).await
    }

    /// Those that `is_there` does not know are there no more; says how many.
    pub async fn drop_batches(
        &mut self,
        is_there: impl Fn(ProductId, &str) -> bool,
    ) -> Result<u64, StoreError> {
        let (mut after, mut count) = ((String::new(), String::new()), 0);
        loop {
            let sql = "SELECT product, id FROM batches WHERE product > $1 OR (product = $1 AND id > $2) \
                       ORDER BY product, id LIMIT $3";
            let rows: Vec<(String, String)> = sqlx::query_as(sql)
                .bind(after.0.clone())
                .bind(after.1.clone())
                .bind(PAGE)
                .fetch_all(self.db())
                .await?;
            let Some(last) = rows.last() else { return Ok(count) };
            after.clone_from(last);
            for (product, id) in rows {
                if is_there(product_id(&product)?, &id) {
                    continue;
                }
                count += 1;
                if let Self::Write(tx, _) = self {
                    let sql = "DELETE FROM batches WHERE product = $1 AND id = $2";
                    sqlx::query(sql).bind(product).bind(id).execute(&mut **tx).await?;
                }
            }
        }
    }
}

/// The id of a client that the desk has not got yet: the same on every desk.
pub(crate) fn client_of(code: &str) -> ClientId {
    company::id_of(code)
}

/// The id of a product that the desk has not got yet: the same on every desk.
pub(crate) fn product_of(code: &str) -> ProductId {
    ProductId(company::uuid_of("patchcord product", code))
}

fn client_id(text: &str) -> Result<ClientId, StoreError> {
    Ok(ClientId(Uuid::parse_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))?))
}

/// `… IN ($1, $2)`; none where there is nothing to look for.
fn among(
    sql: &str,
    values: &BTreeSet<&str>,
) -> Result<Option<(sqlx::AssertSqlSafe<String>, sqlx::any::AnyArguments)>, StoreError> {
    if values.is_empty() {
        return Ok(None);
    }
    let mut select = Statement::new(sql);
    list(&mut select, values.iter().copied())?;
    Ok(Some(select.into_parts()))
}

fn list<'a>(select: &mut Statement, values: impl Iterator<Item = &'a str>) -> Result<(), StoreError> {
    for (number, value) in values.enumerate() {
        select.push(if number == 0 { "(" } else { ", " }).bind(value.to_owned())?;
    }
    select.push(")");
    Ok(())
}
