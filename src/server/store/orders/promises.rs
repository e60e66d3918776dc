//! What an order keeps from others: stock, a place on the lorry, credit. Promised in the transaction that looked whether it
//! can be promised.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp};
use rust_decimal::Decimal;

use super::row::{Row, ten_thousandths};
use crate::desk_api::{Fault, Order, OrderId, ProductId};
use crate::domain::trade::delivery::{OpenSlot, SlotFault};
use crate::domain::trade::stock;
use crate::server::settings::Orders;
use crate::server::store::products::{self, Look, thousandths};
use crate::server::store::trade::{Found, slot_key};
use crate::server::store::{Statement, StoreError, Transaction, micros};

/// The slot of an order by the calendar alone.
pub(super) fn open_slot(
    found: &Found,
    order: &Order,
    rules: &Orders,
    at: Timestamp,
) -> Result<OpenSlot, SlotFault> {
    let address = found.data.addresses.iter().find(|known| Some(known.number) == order.delivery.address);
    let route = address.and_then(|address| rules.route(address.route.as_ref()?));
    let (route, slot) = route.zip(order.delivery.slot).ok_or(SlotFault::NoSuchSlot)?;
    let zone = rules.zone();
    route.open_slot(slot, at, &rules.warehouse(&zone), 0)
}

/// Goods that nobody picks yet may be changed; without a slot there is no end to that.
pub(super) fn is_in_time(found: &Found, order: &Order, rules: &Orders, at: Timestamp) -> bool {
    !matches!(open_slot(found, order, rules, at), Err(SlotFault::TooLate { .. }))
}

/// Takes stock, slot and credit for an order, until a moment or for good, in place of what it had.
pub(super) async fn promise(
    tx: &mut Transaction<'_>,
    row: &Row,
    found: &Found,
    rules: &Orders,
    at: Timestamp,
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    let Row { order, examined, .. } = row;
    let_go(tx, order.id).await?;
    let delivered = order.delivery.slot.map_or(found.terms.today, |slot| slot.date);
    let look = Look { client: None, order: Some(order.id), delivered, least_life: found.least_life, at };
    let product_of = |number| order.lines.iter().find(|line| line.number == number).map(|line| line.product);
    let mut wanted: BTreeMap<ProductId, Decimal> = BTreeMap::new();
    for line in &examined.lines {
        let gifts = line.gifts.iter().map(|gift| (gift.product, gift.quantity));
        for (product, quantity) in
            product_of(line.number).map(|product| (product, line.counted)).into_iter().chain(gifts)
        {
            *wanted.entry(product).or_default() += quantity;
        }
    }
    let products: Vec<ProductId> = wanted.keys().copied().collect();
    let batches = if products.is_empty() {
        BTreeMap::new()
    } else {
        products::batches(&mut *tx, &products, look).await?
    };
    let mut taken: Vec<(ProductId, String, i64)> = Vec::new();
    for (product, quantity) in wanted {
        let batches = batches.get(&product).map_or(&[][..], Vec::as_slice);
        let allocation = stock::allocate(batches, quantity, delivered, found.least_life);
        taken.extend(allocation.from.into_iter().map(|(batch, part)| (product, batch, thousandths(part))));
    }
    let until = until.map(micros);
    if !taken.is_empty() {
        let mut insert = Statement::new(
            "INSERT INTO reservations (order_id, product, batch, quantity, kept_until) VALUES ",
        );
        insert.rows(taken, |row, (product, batch, quantity)| {
            row.bind(order.id.to_string())?
                .bind(product.to_string())?
                .bind(batch)?
                .bind(quantity)?
                .bind(until)?;
            Ok(())
        })?;
        insert.execute(tx).await?;
    }
    let payer = found.terms.payer(order);
    // What is beyond the credit takes none until somebody has released it, or it would be in the way of what is not.
    let is_beyond = examined.faults.iter().any(|fault| matches!(fault, Fault::OverCredit { .. }));
    let pays_first = payer.is_some_and(|payer| payer.is_prepaid);
    let amount = if pays_first || is_beyond { Decimal::ZERO } else { examined.most.0 };
    let address = found.data.addresses.iter().find(|known| Some(known.number) == order.delivery.address);
    let route = address.and_then(|address| address.route.as_ref()).filter(|id| rules.route(id).is_some());
    let slot = route.and(order.delivery.slot).map(slot_key);
    let (day, window_from) = slot.unzip();
    let sql = "INSERT INTO holds (order_id, client, payer, amount, route, day, window_from, kept_until) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    sqlx::query(sql)
        .bind(order.id.to_string())
        .bind(order.client.to_string())
        .bind(payer.map(|payer| payer.id.0.clone()).unwrap_or_default())
        .bind(ten_thousandths(amount))
        .bind(route.map(|route| route.0.clone()))
        .bind(day)
        .bind(window_from)
        .bind(until)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Others may have what it had.
pub(super) async fn let_go(tx: &mut Transaction<'_>, id: OrderId) -> Result<(), StoreError> {
    for sql in ["DELETE FROM reservations WHERE order_id = $1", "DELETE FROM holds WHERE order_id = $1"] {
        sqlx::query(sql).bind(id.to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// An order that was held takes its credit, whatever is left of it.
pub(super) async fn take_credit(tx: &mut Transaction<'_>, row: &Row) -> Result<(), StoreError> {
    sqlx::query("UPDATE holds SET amount = $2 WHERE order_id = $1")
        .bind(row.order.id.to_string())
        .bind(ten_thousandths(row.examined.most.0))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// None: for good.
pub(super) async fn keep_until(
    tx: &mut Transaction<'_>,
    id: OrderId,
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    for sql in [
        "UPDATE reservations SET kept_until = $2 WHERE order_id = $1",
        "UPDATE holds SET kept_until = $2 WHERE order_id = $1",
    ] {
        sqlx::query(sql).bind(id.to_string()).bind(until.map(micros)).execute(&mut **tx).await?;
    }
    Ok(())
}

/// The end of what is kept for it; none where nothing is, or not any more.
pub(super) async fn kept_until(
    tx: &mut Transaction<'_>,
    id: OrderId,
    at: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT kept_until FROM holds WHERE order_id = $1 AND kept_until > $2";
    let until: Option<i64> =
        sqlx::query_scalar(sql).bind(id.to_string()).bind(micros(at)).fetch_optional(&mut **tx).await?;
    Ok(until.and_then(|until| Timestamp::from_microsecond(until).ok()))
}

/// What is kept for it is kept for a while.
pub(super) async fn ends(tx: &mut Transaction<'_>, id: OrderId) -> Result<bool, StoreError> {
    let sql = "SELECT order_id FROM holds WHERE order_id = $1 AND kept_until IS NOT NULL";
    let found: Option<String> =
        sqlx::query_scalar(sql).bind(id.to_string()).fetch_optional(&mut **tx).await?;
    Ok(found.is_some())
}

/// Others may have what was kept for it.
pub(super) async fn has_lapsed(
    tx: &mut Transaction<'_>,
    id: OrderId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT order_id FROM holds WHERE order_id = $1 AND kept_until <= $2";
    let found: Option<String> =
        sqlx::query_scalar(sql).bind(id.to_string()).bind(micros(at)).fetch_optional(&mut **tx).await?;
    Ok(found.is_some())
}

/// Who pays first has so much time for it.
pub(super) fn payment_ends(rules: &Orders, at: Timestamp) -> Option<Timestamp> {
    at.checked_add(Span::new().hours(24 * i64::from(rules.payment_days))).ok()
}

/// What was promised has left the warehouse, and a place on the lorry is of no use any more. Its credit stays taken until
/// the invoice is known, which comes from the company's programs: until the order is closed, or for some days.
pub(super) async fn ship(
    tx: &mut Transaction<'_>,
    id: OrderId,
    rules: &Orders,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE batches SET quantity = quantity - (SELECT r.quantity FROM reservations r WHERE r.order_id = $1 \
               AND r.product = batches.product AND r.batch = batches.id) WHERE EXISTS (SELECT 1 FROM reservations r \
               WHERE r.order_id = $1 AND r.product = batches.product AND r.batch = batches.id)";
    sqlx::query(sql).bind(id.to_string()).execute(&mut **tx).await?;
    let sql = "DELETE FROM reservations WHERE order_id = $1";
    sqlx::query(sql).bind(id.to_string()).execute(&mut **tx).await?;
    let until = at.checked_add(Span::new().hours(24 * i64::from(rules.invoice_days))).ok();
    let sql =
        "UPDATE holds SET route = NULL, day = NULL, window_from = NULL, kept_until = $2 WHERE order_id = $1";
    sqlx::query(sql).bind(id.to_string()).bind(until.map(micros)).execute(&mut **tx).await?;
    Ok(())
}
