//! An order as the database has it.

use jiff::Timestamp;

use super::NOBODY;
use crate::desk_api::{
    Change, ClientDraft, Examined, Fault, Order, OrderEntry, OrderEvent, OrderId, OrderReceipt, OrderState,
    Severity,
};
use crate::domain::trade::order::OrderLine;
use crate::server::store::changes::{self, Kind};
use crate::server::store::trade::Found;
use crate::server::store::{Command, Statement, StoreError, Transaction, micros};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An order as it is kept.
pub(super) struct Row {
    pub revision: u32,
    pub taken_by: String,
    pub state: OrderState,
    pub number: Option<u64>,
    pub changed_at: Timestamp,
    pub placed_at: Option<Timestamp>,
    pub order: Order,
    pub examined: Examined,
    pub held_for: Vec<Fault>,
    /// It was placed like this, which stands until it is placed anew.
    pub placed: Option<Before>,
    pub history: Vec<OrderEvent>,
}

/// An order as it was placed, or given in, before it was changed.
#[derive(Serialize, Deserialize)]
pub(in crate::server::store) struct Before {
    pub order: Order,
    pub examined: Examined,
    pub state: OrderState,
}

/// What an order is read from; a condition follows.
macro_rules! columns {
    () => {
        "SELECT o.revision, o.recorded_by, o.state, o.number, o.changed_at, o.placed_at, o.document, o.examined, \
         o.held_for, o.placed, o.history, c.document FROM orders o JOIN clients c ON c.id = o.client "
    };
}

pub(super) use columns;

/// The columns of an order, and its client's document.
pub(super) type Columns = (
    i64,
    String,
    String,
    Option<i64>,
    i64,
    Option<i64>,
    String,
    String,
    String,
    Option<String>,
    String,
    String,
);

impl Row {
    pub fn read(columns: Columns) -> Result<(Self, String), StoreError> {
        let (
            revision,
            taken_by,
            state,
            number,
            changed_at,
            placed_at,
            order,
            examined,
            held_for,
            placed,
            history,
            client,
        ) = columns;
        let client: ClientDraft = serde_json::from_str(&client)?;
        let row = Self {
            revision: u32::try_from(revision).unwrap_or(u32::MAX),
            taken_by,
            state: word(&state)?,
            number: number.and_then(|number| u64::try_from(number).ok()),
            changed_at: Timestamp::from_microsecond(changed_at).unwrap_or_default(),
            placed_at: placed_at.and_then(|at| Timestamp::from_microsecond(at).ok()),
            order: serde_json::from_str(&order)?,
            examined: serde_json::from_str(&examined)?,
            held_for: serde_json::from_str(&held_for)?,
            placed: placed.as_deref().map(serde_json::from_str).transpose()?,
            history: serde_json::from_str(&history)?,
        };
        Ok((row, client.name))
    }

    pub fn entry(self, client_name: String) -> OrderEntry {
        OrderEntry {
            state: self.state,
            number: self.number,
            taken_by: self.taken_by,
            client_name,
            changed_at: self.changed_at,
            placed_at: self.placed_at,
            examined: self.examined,
            held_for: self.held_for,
            stands: self.placed.is_some(),
            history: self.history,
            order: self.order,
        }
    }

    pub fn receipt(&self, change: Change, reserved_until: Option<Timestamp>) -> OrderReceipt {
        OrderReceipt {
            id: self.order.id,
            revision: self.revision,
            change,
            state: self.state,
            number: self.number,
            examined: self.examined.clone(),
            reserved_until,
        }
    }

    /// Moves it on, and notes who did.
    pub fn become_state(&mut self, state: OrderState, command: &Command<'_>, reason: Option<String>) {
        self.state = state;
        self.changed_at = command.at;
        self.history.push(OrderEvent { at: command.at, by: command.person.to_owned(), state, reason });
    }

    /// What holds: what was placed before, or what is written.
    pub fn stands(&self) -> &Order {
        self.placed.as_ref().map_or(&self.order, |before| &before.order)
    }

    /// Lines of what was given in and stands that are no part of its delivery.
    fn undelivered(&self) -> Vec<&OrderLine> {
        if self.placed_at.is_none() {
            return Vec::new();
        }
        self.stands().lines.iter().filter(|line| !line.is_delivered()).collect()
    }

    /// Where the order is whose change this is; none: nothing stands behind it.
    pub fn stands_as(&self) -> Option<OrderState> {
        self.placed.as_ref().map(|before| before.state)
    }

    /// A change of what somebody picks, or will: it takes nothing away before it is placed itself.
    pub fn changes_what_is_firm(&self) -> bool {
        matches!(self.stands_as(), Some(OrderState::Placed | OrderState::Accepted))
    }

    /// It was placed or held once, and has its number since.
    pub fn was_given_in(&self) -> bool {
        self.number.is_some()
    }

    /// What is changed from now on stands until it is placed anew.
    pub fn begin_change(&mut self) {
        if self.state == OrderState::Draft || self.placed.is_some() {
            return;
        }
        let (order, examined) = (self.order.clone(), self.examined.clone());
        self.placed = Some(Before { order, examined, state: self.state });
    }

    /// Who pays first pays nothing more: what was paid before is enough.
    pub fn is_covered(&self) -> bool {
        let before = self.placed.as_ref().map(|before| before.examined.total.gross);
        self.was_paid() && before.is_some_and(|before| self.examined.total.gross <= before)
    }

    /// Its change is given up.
    pub fn stand_as_placed(&mut self, at: Timestamp, by: &str) {
        let Some(Before { order, examined, state }) = self.placed.take() else { return };
        // Whoever still types has an older revision, and is told so.
        self.revision += 1;
        self.order = Order { revision: self.revision, ..order };
        self.examined = examined;
        self.held_for = if state == OrderState::Held { held_for(&self.examined) } else { Vec::new() };
        self.state = state;
        self.changed_at = at;
        self.history.push(OrderEvent { at, by: by.to_owned(), state: self.state, reason: None });
    }

    /// Its payment has come once.
    pub fn was_paid(&self) -> bool {
        let waits = |event: &&OrderEvent| event.state == OrderState::AwaitingPayment;
        let after = self.history.iter().skip_while(|event| !waits(event)).find(|event| !waits(event));
        after.is_some_and(|event| event.state == OrderState::Placed)
    }

    pub fn moves_by_itself(&mut self, state: OrderState, at: Timestamp) {
        (self.state, self.changed_at) = (state, at);
        self.history.push(OrderEvent { at, by: NOBODY.to_owned(), state, reason: None });
    }
}

/// What somebody must release of it.
pub(super) fn held_for(examined: &Examined) -> Vec<Fault> {
    examined.faults.iter().filter(|fault| fault.severity() == Severity::Holds).cloned().collect()
}

pub(super) async fn find(tx: &mut Transaction<'_>, id: OrderId) -> Result<Option<Row>, StoreError> {
    let sql = concat!(columns!(), "WHERE o.id = $1");
    let row: Option<Columns> = sqlx::query_as(sql).bind(id.to_string()).fetch_optional(&mut **tx).await?;
    row.map(|row| Row::read(row).map(|(row, _)| row)).transpose()
}

pub(super) async fn keep(tx: &mut Transaction<'_>, row: &Row) -> Result<(), StoreError> {
    let sql = "INSERT INTO orders (id, revision, recorded_by, client, state, number, delivery, changed_at, placed_at, \
               total, document, examined, held_for, placed, history, undelivered) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
               ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, recorded_by = excluded.recorded_by, \
               client = excluded.client, state = excluded.state, number = excluded.number, delivery = excluded.delivery, \
               changed_at = excluded.changed_at, placed_at = excluded.placed_at, total = excluded.total, \
               document = excluded.document, examined = excluded.examined, held_for = excluded.held_for, \
               placed = excluded.placed, history = excluded.history, undelivered = excluded.undelivered";
    let undelivered = row.undelivered();
    sqlx::query(sql)
        .bind(row.order.id.to_string())
        .bind(i64::from(row.revision))
        .bind(&row.taken_by)
        .bind(row.order.client.to_string())
        .bind(as_word(&row.state)?)
        .bind(row.number.and_then(|number| i64::try_from(number).ok()))
        .bind(row.order.delivery.slot.map(|slot| slot.date.to_string()))
        .bind(micros(row.changed_at))
        .bind(row.placed_at.map(micros))
        .bind(ten_thousandths(row.examined.total.gross.0))
        .bind(serde_json::to_string(&row.order)?)
        .bind(serde_json::to_string(&row.examined)?)
        .bind(serde_json::to_string(&row.held_for)?)
        .bind(row.placed.as_ref().map(serde_json::to_string).transpose()?)
        .bind(serde_json::to_string(&row.history)?)
        .bind((!undelivered.is_empty()).then(|| serde_json::to_string(&undelivered)).transpose()?)
        .execute(&mut **tx)
        .await?;
    changes::note(tx, Kind::Order, row.order.id).await
}

/// A number for people, the same as often as it is asked for.
pub(super) async fn number(tx: &mut Transaction<'_>, id: OrderId) -> Result<u64, StoreError> {
    let sql = "INSERT INTO order_numbers (order_id) VALUES ($1) ON CONFLICT (order_id) DO NOTHING";
    sqlx::query(sql).bind(id.to_string()).execute(&mut **tx).await?;
    let sql = "SELECT CAST(number AS BIGINT) FROM order_numbers WHERE order_id = $1";
    let number: i64 = sqlx::query_scalar(sql).bind(id.to_string()).fetch_one(&mut **tx).await?;
    Ok(u64::try_from(number).unwrap_or(0))
}

/// What the client bought, for the habits.
pub(super) async fn keep_lines(tx: &mut Transaction<'_>, row: &Row, found: &Found) -> Result<(), StoreError> {
    let sql = "DELETE FROM order_lines WHERE order_id = $1";
    sqlx::query(sql).bind(row.order.id.to_string()).execute(&mut **tx).await?;
    let lines: Vec<_> = row.order.lines.iter().filter(|line| line.is_delivered()).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let mut insert = Statement::new(
        "INSERT INTO order_lines (order_id, line, client, product, quantity, unit, placed_on) VALUES ",
    );
    insert.rows(lines, |values, line| {
        values
            .bind(row.order.id.to_string())?
            .bind(i64::from(line.number))?
            .bind(row.order.client.to_string())?
            .bind(line.product.to_string())?
            .bind(line.quantity.to_string())?
            .bind(as_word(&line.unit)?)?
            .bind(found.terms.today.to_string())?;
        Ok(())
    })?;
    insert.execute(tx).await
}

pub(in crate::server::store) fn state(text: &str) -> Result<OrderState, StoreError> {
    word(text)
}

fn word<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(text.to_owned()))?)
}

pub(in crate::server::store) fn as_word(value: &impl serde::Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

/// More than any order; so many can be added up.
const MOST_AMOUNT: i64 = i64::MAX / 1_000_000;

/// As the columns of amounts: rounded up, so that credit is never less than what is bought on it.
pub(in crate::server::store) fn ten_thousandths(amount: Decimal) -> i64 {
    amount.checked_mul(Decimal::from(10_000)).and_then(|amount| amount.ceil().to_i64()).unwrap_or(MOST_AMOUNT)
}

pub(in crate::server::store) fn order_id(text: &str) -> Result<OrderId, StoreError> {
    Ok(OrderId(text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?))
}
