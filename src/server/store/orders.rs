//! Orders: drafts that are written again and again, and what is promised with them. A promise — stock, a slot, credit — is
//! made in the transaction that looked whether it can be made.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Span, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::de::DeserializeOwned;

use super::changes::{self, Kind};
use super::products::{self, Look, thousandths};
use super::trade::{self, Ask, Found, slot_key};
use super::{Statement, Store, Transaction, commands, micros, until_done};
use crate::desk_api::{
    ActOnOrder, Change, ClientDraft, ClientId, Examined, Fault, Order, OrderAct, OrderEntry, OrderEvent,
    OrderId, OrderReceipt, OrderState, ProductId, Severity,
};
use crate::domain::trade::delivery::{OpenSlot, SlotFault};
use crate::domain::trade::examine::examine;
use crate::domain::trade::order::LifeFault;
use crate::domain::trade::stock;
use crate::server::reach::Reach;
use crate::server::settings::Orders;
use crate::server::store::{Command, StoreError, WriteError};

/// Which orders are asked for.
#[derive(Default)]
pub(crate) struct OrderFilter {
    pub client: Option<ClientId>,
    /// None of them: all.
    pub states: Vec<OrderState>,
    /// Of clients whom this person follows.
    pub reach: Option<Reach>,
    pub taken_by: Option<String>,
    pub limit: u32,
}

/// An order as it is kept.
struct Row {
    revision: u32,
    taken_by: String,
    state: OrderState,
    number: Option<u64>,
    changed_at: Timestamp,
    placed_at: Option<Timestamp>,
    order: Order,
    examined: Examined,
    held_for: Vec<Fault>,
    /// It was placed like this, which stands until it is placed anew.
    placed: Option<(Order, Examined)>,
    history: Vec<OrderEvent>,
}

/// A change of a placed order is finished within this time, or was not meant.
const CHANGED_IN: SignedDuration = SignedDuration::from_mins(30);
/// Who did what time did.
const NOBODY: &str = "desk";

/// What a write made of it.
type Written = Result<OrderReceipt, WriteError>;

pub(super) fn state(text: &str) -> Result<OrderState, StoreError> {
    word(text)
}

fn word<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(text.to_owned()))?)
}

fn as_word(value: &impl serde::Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

/// As the columns of amounts: rounded up, so that credit is never less than what is bought on it.
fn ten_thousandths(amount: Decimal) -> i64 {
    (amount * Decimal::from(10_000)).ceil().to_i64().unwrap_or(i64::MAX)
}

macro_rules! columns {
    () => {
        "SELECT o.revision, o.recorded_by, o.state, o.number, o.changed_at, o.placed_at, o.document, o.examined, \
         o.held_for, o.placed, o.history, c.document FROM orders o JOIN clients c ON c.id = o.client "
    };
}

/// The columns of an order, and its client's document.
type Columns = (
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
    fn read(columns: Columns) -> Result<(Self, String), StoreError> {
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

    fn entry(self, client_name: String) -> OrderEntry {
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

    fn receipt(&self, change: Change, reserved_until: Option<Timestamp>) -> OrderReceipt {
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
    fn become_state(&mut self, state: OrderState, command: &Command<'_>, reason: Option<String>) {
        self.state = state;
        self.changed_at = command.at;
        self.history.push(OrderEvent { at: command.at, by: command.person.to_owned(), state, reason });
    }

    /// What holds: what was placed before, or what is written.
    fn stands(&self) -> &Order {
        self.placed.as_ref().map_or(&self.order, |(order, _)| order)
    }

    /// Its change is given up.
    fn stand_as_placed(&mut self, at: Timestamp, by: &str) {
        let Some((order, examined)) = self.placed.take() else { return };
        let before = self.history.iter().rev().map(|event| event.state);
        let before = before.into_iter().find(|state| *state != OrderState::Draft);
        // Whoever still types has an older revision, and is told so.
        self.revision += 1;
        self.order = Order { revision: self.revision, ..order };
        self.examined = examined;
        self.state = before.unwrap_or(OrderState::Placed);
        self.changed_at = at;
        self.history.push(OrderEvent { at, by: by.to_owned(), state: self.state, reason: None });
    }

    /// Its payment has come once.
    fn was_paid(&self) -> bool {
        let waits = |event: &&OrderEvent| event.state == OrderState::AwaitingPayment;
        let after = self.history.iter().skip_while(|event| !waits(event)).find(|event| !waits(event));
        after.is_some_and(|event| event.state == OrderState::Placed)
    }

    fn moves_by_itself(&mut self, state: OrderState, at: Timestamp) {
        (self.state, self.changed_at) = (state, at);
        self.history.push(OrderEvent { at, by: NOBODY.to_owned(), state, reason: None });
    }
}

impl Store {
    /// An order with all that has become of it.
    pub async fn order(&self, id: OrderId) -> Result<Option<OrderEntry>, StoreError> {
        let sql = concat!(columns!(), "WHERE o.id = $1");
        let row: Option<Columns> =
            sqlx::query_as(sql).bind(id.to_string()).fetch_optional(&self.readers).await?;
        row.map(|row| Row::read(row).map(|(row, name)| row.entry(name))).transpose()
    }

    /// The latest change first.
    pub async fn orders(&self, filter: &OrderFilter) -> Result<Vec<OrderEntry>, StoreError> {
        let mut select = Statement::new(concat!(columns!(), "WHERE o.changed_at > 0"));
        if let Some(client) = filter.client {
            select.push(" AND o.client = ").bind(client.to_string())?;
        }
        for (i, state) in filter.states.iter().enumerate() {
            select.push(if i == 0 { " AND o.state IN (" } else { ", " }).bind(as_word(state)?)?;
        }
        if !filter.states.is_empty() {
            select.push(")");
        }
        if let Some(reach) = &filter.reach {
            select.push(" AND ").covered_by(reach)?;
        }
        if let Some(person) = &filter.taken_by {
            select.push(" AND o.recorded_by = ").bind(person.clone())?;
        }
        select.push(" ORDER BY o.changed_at DESC, o.id DESC LIMIT ").bind(i64::from(filter.limit))?;
        let (text, values) = select.into_parts();
        let rows: Vec<Columns> = sqlx::query_as_with(text, values).fetch_all(&self.readers).await?;
        rows.into_iter().map(|row| Row::read(row).map(|(row, name)| row.entry(name))).collect()
    }

    /// Keeps a draft, and what it takes from the read-back on.
    pub async fn write_order(&self, command: &Command<'_>, order: &Order, rules: &Orders) -> Written {
        until_done!(self.try_write_order(command, order, rules))
    }

    async fn try_write_order(&self, command: &Command<'_>, order: &Order, rules: &Orders) -> Written {
        let mut tx = self.begin().await?;
        if let Some(receipt) = commands::answered(&mut tx, command).await? {
            return Ok(receipt);
        }
        let kept = find(&mut tx, order.id).await?;
        if let Some(kept) = &kept {
            if kept.taken_by != command.person {
                return Err(WriteError::NotYours);
            }
            let is_older = order.revision < kept.revision;
            if order.revision == kept.revision && *order != kept.order {
                return Err(WriteError::RevisionConflict);
            }
            if is_older || order.revision == kept.revision {
                let receipt =
                    kept.receipt(if is_older { Change::Superseded } else { Change::Unchanged }, None);
                return finish(tx, command, receipt).await;
            }
            if kept.state != OrderState::Draft {
                return Err(WriteError::NotNow);
            }
        }
        let change = if kept.is_some() { Change::Replaced } else { Change::Created };
        let Some((found, examined)) = examined(&mut tx, order, rules, command.at).await? else {
            return Err(WriteError::Unknown(vec!["client"]));
        };
        let mut row = kept.unwrap_or_else(|| Row {
            revision: 0,
            taken_by: command.person.to_owned(),
            state: OrderState::Draft,
            number: None,
            changed_at: command.at,
            placed_at: None,
            order: order.clone(),
            examined: examined.clone(),
            held_for: Vec::new(),
            placed: None,
            history: Vec::new(),
        });
        (row.revision, row.changed_at) = (order.revision, command.at);
        (row.order, row.examined) = (order.clone(), examined);
        // What stands keeps what it has.
        let mut reserved = None;
        if row.placed.is_none() {
            let is_agreed = order.agreed_total.is_some() && row.examined.severity() < Some(Severity::Stops);
            reserved = is_agreed
                .then(|| command.at.checked_add(Span::new().minutes(i64::from(rules.keep_minutes))).ok())
                .flatten();
            match reserved {
                Some(_) => promise(&mut tx, &row, &found, rules, command.at, reserved).await?,
                None => let_go(&mut tx, order.id).await?,
            }
        }
        keep(&mut tx, &row).await?;
        finish(tx, command, row.receipt(change, reserved)).await
    }

    /// Places an order as the client agreed to it. What stops it is told in the receipt, whose state is then a draft's.
    pub async fn place_order(
        &self,
        command: &Command<'_>,
        id: OrderId,
        revision: u32,
        rules: &Orders,
    ) -> Written {
        let (receipt, is_first) = until_done!(self.try_place_order(command, id, revision, rules))?;
        // Beside the order, not with it: many clients buy the same, and would be in each other's way.
        if is_first && let Err(error) = self.count_typical(id).await {
            tracing::warn!(%error, "typical products are not counted");
        }
        Ok(receipt)
    }

    async fn try_place_order(
        &self,
        command: &Command<'_>,
        id: OrderId,
        revision: u32,
        rules: &Orders,
    ) -> Result<(OrderReceipt, bool), WriteError> {
        let mut tx = self.begin().await?;
        if let Some(receipt) = commands::answered(&mut tx, command).await? {
            return Ok((receipt, false));
        }
        let mut row = find(&mut tx, id).await?.ok_or(WriteError::NotFound)?;
        if row.taken_by != command.person {
            return Err(WriteError::NotYours);
        }
        if row.revision != revision {
            return Err(WriteError::RevisionConflict);
        }
        if row.state != OrderState::Draft {
            let receipt = row.receipt(Change::Unchanged, None);
            return Ok((finish(tx, command, receipt).await?, false));
        }
        let Some((found, examined)) = examined(&mut tx, &row.order, rules, command.at).await? else {
            return Err(WriteError::NotFound);
        };
        // What was to be picked is picked, however it is changed now.
        if row.placed.is_some() && !is_in_time(&found, row.stands(), rules, command.at) {
            return Err(WriteError::AfterCutOff);
        }
        row.examined = examined;
        if row.examined.severity() == Some(Severity::Stops) {
            keep(&mut tx, &row).await?;
            let receipt = row.receipt(Change::Unchanged, None);
            return Ok((finish(tx, command, receipt).await?, false));
        }
        let is_held = |fault: &&Fault| fault.severity() == Severity::Holds;
        row.held_for = row.examined.faults.iter().filter(is_held).cloned().collect();
        let pays_first = found.terms.payer(&row.order).is_some_and(|payer| payer.is_prepaid);
        let was_paid = row.was_paid();
        let is_covered = || {
            let before = row.placed.as_ref().map(|(_, examined)| examined.total.gross);
            was_paid && before.is_some_and(|before| row.examined.total.gross <= before)
        };
        let next = match (row.held_for.is_empty(), pays_first) {
            (false, _) => OrderState::Held,
            (true, true) if !is_covered() => OrderState::AwaitingPayment,
            (true, _) => OrderState::Placed,
        };
        // Who has paid once does not lose the order because more is to be paid.
        let waits = next == OrderState::AwaitingPayment && !was_paid;
        let until = waits.then(|| payment_ends(rules, command.at)).flatten();
        promise(&mut tx, &row, &found, rules, command.at, until).await?;
        let is_first = row.number.is_none();
        row.number = Some(number(&mut tx, id).await?);
        row.placed_at = Some(command.at);
        row.placed = None;
        row.become_state(next, command, None);
        keep_lines(&mut tx, &row, &found).await?;
        keep(&mut tx, &row).await?;
        Ok((finish(tx, command, row.receipt(Change::Replaced, until)).await?, is_first))
    }

    /// What this order's client buys for the first time, others of its type may like (duty 8).
    async fn count_typical(&self, id: OrderId) -> Result<(), StoreError> {
        let sql = "INSERT INTO typical_products (client_type, product, clients) \
                   SELECT c.client_type, l.product, 1 FROM order_lines l JOIN clients c ON c.id = l.client \
                   WHERE l.order_id = $1 AND NOT EXISTS (SELECT 1 FROM order_lines o WHERE o.client = l.client \
                   AND o.product = l.product AND o.order_id <> $1) GROUP BY c.client_type, l.product \
                   ON CONFLICT (client_type, product) DO UPDATE SET clients = typical_products.clients + 1";
        sqlx::query(sql).bind(id.to_string()).execute(&self.writer).await?;
        Ok(())
    }

    /// Moves an order on. `may` says whether this person may do that to what is held for these faults.
    pub async fn act_on_order(
        &self,
        command: &Command<'_>,
        id: OrderId,
        act: &ActOnOrder,
        may: impl Fn(&str, &[Fault]) -> bool,
        rules: &Orders,
    ) -> Written {
        until_done!(self.try_act_on_order(command, id, act, &may, rules))
    }

    async fn try_act_on_order(
        &self,
        command: &Command<'_>,
        id: OrderId,
        act: &ActOnOrder,
        may: &impl Fn(&str, &[Fault]) -> bool,
        rules: &Orders,
    ) -> Written {
        let mut tx = self.begin().await?;
        if let Some(receipt) = commands::answered(&mut tx, command).await? {
            return Ok(receipt);
        }
        let mut row = find(&mut tx, id).await?.ok_or(WriteError::NotFound)?;
        if !may(&row.taken_by, &row.held_for) {
            return Err(WriteError::NotAllowed);
        }
        let ask = Ask { client: row.order.client, order: Some(row.stands()), at: command.at };
        let found = trade::terms(&mut tx, ask, rules).await?.ok_or(WriteError::NotFound)?;
        let in_time = is_in_time(&found, row.stands(), rules, command.at);
        if act.act == OrderAct::Cancel && row.placed.is_some() {
            // A change is given up: what was placed stands.
            row.stand_as_placed(command.at, command.person);
            keep(&mut tx, &row).await?;
            return finish(tx, command, row.receipt(Change::Replaced, None)).await;
        }
        if matches!(act.act, OrderAct::Release | OrderAct::Pay) && !in_time {
            // Nobody picks it any more: it has to be returned, and placed for another day.
            return Err(WriteError::AfterCutOff);
        }
        if act.act == OrderAct::Pay && has_lapsed(&mut tx, id, command.at).await? {
            return Err(WriteError::NotNow);
        }
        let pays_first = found.terms.payer(&row.order).is_some_and(|payer| payer.is_prepaid);
        let next = row.state.after(act.act, in_time).map_err(|fault| match fault {
            LifeFault::NotNow => WriteError::NotNow,
            LifeFault::AfterCutOff => WriteError::AfterCutOff,
        })?;
        let next =
            if act.act == OrderAct::Release && pays_first { OrderState::AwaitingPayment } else { next };
        match act.act {
            OrderAct::Change => {
                // Whoever changes it has it now; what was placed stands until it is placed anew.
                if matches!(row.state, OrderState::Placed | OrderState::Accepted) {
                    row.placed = Some((row.order.clone(), row.examined.clone()));
                } else if row.state != OrderState::Draft {
                    let_go(&mut tx, id).await?;
                }
                command.person.clone_into(&mut row.taken_by);
            }
            OrderAct::Release => {
                row.held_for.clear();
                match pays_first {
                    true => keep_until(&mut tx, id, payment_ends(rules, command.at)).await?,
                    false => take_credit(&mut tx, &row).await?,
                }
            }
            OrderAct::Pay => keep_until(&mut tx, id, None).await?,
            OrderAct::Deliver | OrderAct::Close => ship(&mut tx, id).await?,
            OrderAct::Return | OrderAct::Cancel | OrderAct::RefuseAtDoor => {
                row.placed = None;
                let_go(&mut tx, id).await?;
            }
            OrderAct::Accept | OrderAct::Pick | OrderAct::DeliverPart => {}
        }
        row.become_state(next, command, act.reason.clone());
        keep(&mut tx, &row).await?;
        finish(tx, command, row.receipt(Change::Replaced, None)).await
    }
}

impl Store {
    /// What time brings: who did not pay has no order, a change that nobody finished leaves what was placed, and what was
    /// kept for too long is free.
    pub async fn tidy_orders(&self, at: Timestamp) -> Result<(), WriteError> {
        let long_ago = micros(at.checked_sub(CHANGED_IN).unwrap_or(Timestamp::MIN));
        let sql = "SELECT id FROM orders WHERE state = 'draft' AND changed_at < $1 AND placed IS NOT NULL";
        let forgotten: Vec<String> = sqlx::query_scalar(sql)
            .bind(long_ago)
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::from)?;
        for id in forgotten {
            let id = order_id(&id)?;
            until_done!(self.take_back_change(id, long_ago, at))?;
        }
        let sql = "SELECT o.id FROM holds h JOIN orders o ON o.id = h.order_id \
                   WHERE h.kept_until < $1 AND o.state = 'awaiting_payment'";
        let unpaid: Vec<String> = sqlx::query_scalar(sql)
            .bind(micros(at))
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::from)?;
        for id in unpaid {
            let id = order_id(&id)?;
            until_done!(self.cancel_unpaid(id, at))?;
        }
        for sql in [
            "DELETE FROM reservations WHERE kept_until < $1 AND order_id IN (SELECT id FROM orders WHERE state = 'draft')",
            "DELETE FROM holds WHERE kept_until < $1 AND order_id IN (SELECT id FROM orders WHERE state = 'draft')",
        ] {
            sqlx::query(sql).bind(micros(at)).execute(&self.writer).await.map_err(StoreError::from)?;
        }
        Ok(())
    }

    async fn take_back_change(&self, id: OrderId, long_ago: i64, at: Timestamp) -> Result<(), WriteError> {
        let mut tx = self.begin().await?;
        let Some(mut row) = find(&mut tx, id).await? else { return Ok(()) };
        if row.state != OrderState::Draft || micros(row.changed_at) >= long_ago {
            return Ok(());
        }
        if row.placed.is_none() {
            return Ok(());
        }
        row.stand_as_placed(at, NOBODY);
        keep(&mut tx, &row).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn cancel_unpaid(&self, id: OrderId, at: Timestamp) -> Result<(), WriteError> {
        let mut tx = self.begin().await?;
        let Some(mut row) = find(&mut tx, id).await? else { return Ok(()) };
        if row.state != OrderState::AwaitingPayment {
            return Ok(());
        }
        let_go(&mut tx, id).await?;
        row.moves_by_itself(OrderState::Cancelled, at);
        keep(&mut tx, &row).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn order_id(text: &str) -> Result<OrderId, StoreError> {
    Ok(OrderId(text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?))
}

async fn finish(mut tx: Transaction<'_>, command: &Command<'_>, receipt: OrderReceipt) -> Written {
    commands::keep_answer(&mut tx, command, &receipt).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(receipt)
}

async fn find(tx: &mut Transaction<'_>, id: OrderId) -> Result<Option<Row>, StoreError> {
    let sql = concat!(columns!(), "WHERE o.id = $1");
    let row: Option<Columns> = sqlx::query_as(sql).bind(id.to_string()).fetch_optional(&mut **tx).await?;
    row.map(|row| Row::read(row).map(|(row, _)| row)).transpose()
}

async fn keep(tx: &mut Transaction<'_>, row: &Row) -> Result<(), StoreError> {
    let sql = "INSERT INTO orders (id, revision, recorded_by, client, state, number, delivery, changed_at, placed_at, \
               total, document, examined, held_for, placed, history) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
               ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, recorded_by = excluded.recorded_by, \
               client = excluded.client, state = excluded.state, number = excluded.number, delivery = excluded.delivery, \
               changed_at = excluded.changed_at, placed_at = excluded.placed_at, total = excluded.total, \
               document = excluded.document, examined = excluded.examined, held_for = excluded.held_for, \
               placed = excluded.placed, history = excluded.history";
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
        .execute(&mut **tx)
        .await?;
    changes::note(tx, Kind::Order, row.order.id).await
}

/// By what is true in this transaction; none: there is no such client.
async fn examined(
    tx: &mut Transaction<'_>,
    order: &Order,
    rules: &Orders,
    at: Timestamp,
) -> Result<Option<(Found, Examined)>, StoreError> {
    let ask = Ask { client: order.client, order: Some(order), at };
    let Some(found) = trade::terms(&mut *tx, ask, rules).await? else { return Ok(None) };
    let mut facts = found.terms.facts(order, &BTreeMap::new());
    if facts.slot.is_err() {
        facts.slot = Err(open_slot(&found, order, rules, at).err().unwrap_or(SlotFault::Full));
    }
    let examined = examine(order, &facts);
    Ok(Some((found, examined)))
}

/// The slot of an order by the calendar alone.
fn open_slot(found: &Found, order: &Order, rules: &Orders, at: Timestamp) -> Result<OpenSlot, SlotFault> {
    let address = found.data.addresses.iter().find(|known| Some(known.number) == order.delivery.address);
    let route = address.and_then(|address| rules.route(address.route.as_ref()?));
    let (route, slot) = route.zip(order.delivery.slot).ok_or(SlotFault::NoSuchSlot)?;
    let zone = rules.zone();
    route.open_slot(slot, at, &rules.warehouse(&zone), 0)
}

/// Goods that nobody picks yet may be changed; without a slot there is no end to that.
fn is_in_time(found: &Found, order: &Order, rules: &Orders, at: Timestamp) -> bool {
    !matches!(open_slot(found, order, rules, at), Err(SlotFault::TooLate { .. }))
}

/// Takes stock, slot and credit for an order, until a moment or for good, in place of what it had.
async fn promise(
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
async fn let_go(tx: &mut Transaction<'_>, id: OrderId) -> Result<(), StoreError> {
    for sql in ["DELETE FROM reservations WHERE order_id = $1", "DELETE FROM holds WHERE order_id = $1"] {
        sqlx::query(sql).bind(id.to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// An order that was held takes its credit, whatever is left of it.
async fn take_credit(tx: &mut Transaction<'_>, row: &Row) -> Result<(), StoreError> {
    sqlx::query("UPDATE holds SET amount = $2 WHERE order_id = $1")
        .bind(row.order.id.to_string())
        .bind(ten_thousandths(row.examined.most.0))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// None: for good.
async fn keep_until(
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

/// Others may have what was kept for it.
async fn has_lapsed(tx: &mut Transaction<'_>, id: OrderId, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT order_id FROM holds WHERE order_id = $1 AND kept_until <= $2";
    let found: Option<String> =
        sqlx::query_scalar(sql).bind(id.to_string()).bind(micros(at)).fetch_optional(&mut **tx).await?;
    Ok(found.is_some())
}

/// Who pays first has so much time for it.
fn payment_ends(rules: &Orders, at: Timestamp) -> Option<Timestamp> {
    at.checked_add(Span::new().hours(24 * i64::from(rules.payment_days))).ok()
}

/// What was promised has left the warehouse. Its invoice comes from the company's programs.
async fn ship(tx: &mut Transaction<'_>, id: OrderId) -> Result<(), StoreError> {
    let sql = "UPDATE batches SET quantity = quantity - (SELECT r.quantity FROM reservations r WHERE r.order_id = $1 \
               AND r.product = batches.product AND r.batch = batches.id) WHERE EXISTS (SELECT 1 FROM reservations r \
               WHERE r.order_id = $1 AND r.product = batches.product AND r.batch = batches.id)";
    sqlx::query(sql).bind(id.to_string()).execute(&mut **tx).await?;
    let_go(tx, id).await
}

/// A number for people, the same as often as it is asked for.
async fn number(tx: &mut Transaction<'_>, id: OrderId) -> Result<u64, StoreError> {
    let sql = "INSERT INTO order_numbers (order_id) VALUES ($1) ON CONFLICT (order_id) DO NOTHING";
    sqlx::query(sql).bind(id.to_string()).execute(&mut **tx).await?;
    let sql = "SELECT CAST(number AS BIGINT) FROM order_numbers WHERE order_id = $1";
    let number: i64 = sqlx::query_scalar(sql).bind(id.to_string()).fetch_one(&mut **tx).await?;
    Ok(u64::try_from(number).unwrap_or(0))
}

/// What the client bought, for the habits.
async fn keep_lines(tx: &mut Transaction<'_>, row: &Row, found: &Found) -> Result<(), StoreError> {
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
