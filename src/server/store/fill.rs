//! Filling an empty database at once, with statements of many rows.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::growth::Growth;
use super::orders::{as_word, ten_thousandths};
use super::products::thousandths;
use super::trade::slot_key;
use super::{
    Statement, Store, StoreError, Transaction, clients, directory, micros, products, trade, until_done,
};
use crate::desk_api::{ClientDraft, ClientId, ClientTrade, Directory, ProductData};
use crate::domain::number::NumberingPlan;
use crate::server::sample::{History, OldOrder};

/// Rows per statement. To SQLite `$1` is a name, which it looks for among all others of the statement: more rows take longer.
const AT_ONCE: usize = 50;
/// Tables whose indices are made when they are full: to keep them in order all the while takes several times as long.
const LARGE: [&str; 2] = ["orders", "order_lines"];

impl Store {
    /// Fills an empty database, all or nothing; says whether it was empty.
    pub async fn fill(
        &self,
        people: &Directory,
        clients: impl Iterator<Item = (ClientId, ClientDraft, ClientTrade)> + Clone,
        goods: &[ProductData],
        plan: &NumberingPlan,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        until_done!(self.try_fill(people, clients.clone(), goods, plan, at))
    }

    async fn try_fill(
        &self,
        people: &Directory,
        mut clients: impl Iterator<Item = (ClientId, ClientDraft, ClientTrade)>,
        goods: &[ProductData],
        plan: &NumberingPlan,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_long().await?;
        let used: Option<i64> = sqlx::query_scalar(
            "SELECT CAST(1 AS BIGINT) WHERE EXISTS (SELECT 1 FROM clients) OR EXISTS (SELECT 1 FROM people) \
             OR EXISTS (SELECT 1 FROM departments)",
        )
        .fetch_optional(&mut *tx)
        .await?;
        if used.is_some() {
            return Ok(false);
        }
        directory::insert_directory(&mut tx, people).await?;
        let mut growth = Growth::of(self);
        loop {
            let (some, trades): (Vec<_>, Vec<_>) =
                clients.by_ref().take(AT_ONCE).map(|(id, draft, trade)| ((id, draft), (id, trade))).unzip();
            if some.is_empty() {
                break;
            }
            clients::insert_many(&mut tx, &some, people, plan, at).await?;
            let trades: Vec<_> = trades.iter().map(|(id, trade)| (*id, trade)).collect();
            trade::insert_trades(&mut tx, &trades).await?;
            growth.by(&mut tx, some.len()).await?;
        }
        growth.begin();
        for product in goods {
            products::put_product(&mut tx, product, at).await?;
            growth.by(&mut tx, 1).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Adds what the sample's clients bought to a database without orders, all or nothing.
    pub async fn fill_history(&self, history: &History) -> Result<(), StoreError> {
        let mut tx = self.begin_long().await?;
        let mut definitions = Vec::new();
        for table in LARGE {
            let found: Vec<(String, String)> =
                sqlx::query_as(self.indices).bind(table).fetch_all(&mut *tx).await?;
            for (name, definition) in found {
                Statement::new(&format!("DROP INDEX {name}")).execute(&mut tx).await?;
                definitions.push(definition);
            }
        }
        let mut orders = history.orders();
        let mut growth = Growth::of(self);
        loop {
            let some: Vec<_> = orders.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                break;
            }
            insert_orders(&mut tx, &some).await?;
            growth.by(&mut tx, some.len()).await?;
        }
        let typical: Vec<_> = history.typical().into_iter().collect();
        for some in typical.chunks(AT_ONCE) {
            let mut insert =
                Statement::new("INSERT INTO typical_products (client_type, product, clients) VALUES ");
            insert.rows(some, |row, ((client_type, product), clients)| {
                row.bind(client_type.0.clone())?.bind(product.to_string())?.bind(*clients)?;
                Ok(())
            })?;
            insert.execute(&mut tx).await?;
        }
        for definition in definitions {
            Statement::new(&definition).execute(&mut tx).await?;
        }
        // Here no statement has too little time.
        sqlx::query("ANALYZE").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn insert_orders(tx: &mut Transaction<'_>, orders: &[OldOrder]) -> Result<(), StoreError> {
    let mut insert = Statement::new("INSERT INTO order_numbers (order_id) VALUES ");
    insert.rows(orders, |row, old| {
        row.bind(old.order.id.to_string())?;
        Ok(())
    })?;
    insert.push(" RETURNING order_id, CAST(number AS BIGINT)");
    let (text, values) = insert.into_parts();
    let numbers: Vec<(String, i64)> = sqlx::query_as_with(text, values).fetch_all(&mut **tx).await?;
    let numbers: std::collections::BTreeMap<_, _> = numbers.into_iter().collect();
    let mut insert = Statement::new(
        "INSERT INTO orders (id, revision, recorded_by, client, state, number, delivery, changed_at, placed_at, total, \
         document, examined, held_for, history) VALUES ",
    );
    insert.rows(orders, |row, old| {
        let OldOrder { order, examined, .. } = old;
        let id = order.id.to_string();
        let number = numbers.get(&id).copied();
        row.bind(id)?
            .bind(i64::from(order.revision))?
            .bind(old.taken_by.clone())?
            .bind(order.client.to_string())?
            .bind(as_word(&old.state)?)?
            .bind(number)?
            .bind(order.delivery.slot.map(|slot| slot.date.to_string()))?
            .bind(micros(old.placed_at))?
            .bind(micros(old.placed_at))?
            .bind(ten_thousandths(examined.total.gross.0))?
            .bind(serde_json::to_string(order)?)?
            .bind(serde_json::to_string(examined)?)?
            .bind("[]".to_owned())?
            .bind(serde_json::to_string(&old.history)?)?;
        Ok(())
    })?;
    insert.execute(tx).await?;
    let lines = orders.iter().flat_map(|old| {
        let day = old.placed_at.to_zoned(TimeZone::UTC).date().to_string();
        old.order.lines.iter().map(move |line| (&old.order, line, day.clone()))
    });
    let lines: Vec<_> = lines.collect();
    for some in lines.chunks(AT_ONCE) {
        let mut insert = Statement::new(
            "INSERT INTO order_lines (order_id, line, client, product, quantity, unit, placed_on) VALUES ",
        );
        insert.rows(some, |row, (order, line, day)| {
            row.bind(order.id.to_string())?
                .bind(i64::from(line.number))?
                .bind(order.client.to_string())?
                .bind(line.product.to_string())?
                .bind(line.quantity.to_string())?
                .bind(as_word(&line.unit)?)?
                .bind(day.clone())?;
            Ok(())
        })?;
        insert.execute(tx).await?;
    }
    insert_held(tx, orders).await
}

/// What open orders keep from others.
async fn insert_held(tx: &mut Transaction<'_>, orders: &[OldOrder]) -> Result<(), StoreError> {
    let open: Vec<_> = orders.iter().filter_map(|old| Some((old, old.held.as_ref()?))).collect();
    if open.is_empty() {
        return Ok(());
    }
    let mut insert = Statement::new(
        "INSERT INTO holds (order_id, client, payer, amount, route, day, window_from) VALUES ",
    );
    insert.rows(&open, |row, (old, held)| {
        let (day, window_from) = held.route.as_ref().and(old.order.delivery.slot).map(slot_key).unzip();
        row.bind(old.order.id.to_string())?
            .bind(old.order.client.to_string())?
            .bind(held.payer.clone())?
            .bind(ten_thousandths(old.examined.most.0))?
            .bind(held.route.as_ref().map(|route| route.0.clone()))?
            .bind(day)?
            .bind(window_from)?;
        Ok(())
    })?;
    insert.execute(tx).await?;
    let goods = open.iter().flat_map(|(old, held)| held.goods.iter().map(move |goods| (&old.order, goods)));
    let goods: Vec<_> = goods.collect();
    for some in goods.chunks(AT_ONCE) {
        let mut insert =
            Statement::new("INSERT INTO reservations (order_id, product, batch, quantity) VALUES ");
        insert.rows(some, |row, (order, (product, batch, quantity))| {
            row.bind(order.id.to_string())?
                .bind(product.to_string())?
                .bind((*batch).to_owned())?
                .bind(thousandths(*quantity))?;
            Ok(())
        })?;
        insert.execute(tx).await?;
    }
    Ok(())
}
