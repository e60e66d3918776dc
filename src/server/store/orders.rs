//! Orders: drafts that are written again and again, placed once, and moved on.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Span, Timestamp};

use super::trade::{self, Ask, Found};
use super::{After, Statement, Store, Transaction, commands, micros, until_done};
use crate::desk_api::{
    ActOnOrder, Change, ClientId, Examined, Fault, Order, OrderAct, OrderEntry, OrderId, OrderReceipt,
    OrderState, Severity,
};
use crate::domain::trade::delivery::SlotFault;
use crate::domain::trade::examine::examine;
use crate::domain::trade::order::{Circumstances, LifeFault};
use crate::server::reach::Reach;
use crate::server::settings::Orders;
use crate::server::store::{Command, StoreError, WriteError};

mod promises;
mod row;

use promises::{is_in_time, keep_until, let_go, open_slot, payment_ends, promise, ship, take_credit};
pub(super) use row::{Before, as_word, order_id, state, ten_thousandths};
use row::{Columns, Row, columns, find, held_for, keep, keep_lines, number};

/// Which orders are asked for.
#[derive(Default)]
pub(crate) struct OrderFilter {
    pub client: Option<ClientId>,
    /// None of them: all.
    pub states: Vec<OrderState>,
    /// Of clients whom this person follows.
    pub reach: Option<Reach>,
    pub taken_by: Option<String>,
    /// Those behind this place of the list.
    pub after: Option<After>,
    pub limit: u32,
}

/// A change of a placed order is finished within this time, or was not meant.
const CHANGED_IN: SignedDuration = SignedDuration::from_mins(30);
/// Orders in one statement.
const COUNTED_AT_ONCE: usize = 500;
/// Who did what time did.
const NOBODY: &str = "desk";

/// What the client agreed to is in both, from the same stock, on the same lorry, on the same account.
fn takes_the_same(before: &Order, now: &Order) -> bool {
    let of = |order: &Order| {
        let (address, slot) = (order.delivery.address, order.delivery.slot);
        (order.payer.clone(), order.column.clone(), order.agreed_total, address, slot)
    };
    now.agreed_total.is_some() && before.lines == now.lines && of(before) == of(now)
}

/// What a write made of it.
type Written = Result<OrderReceipt, WriteError>;

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
        if let Some(after) = filter.after {
            select.behind("o.changed_at", "o.id", after)?;
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
            // Two programs of one operator: the second is told before it overwrites what it has not seen.
            if order.overlooks(&kept.order) {
                return Err(WriteError::RevisionConflict);
            }
        }
        let change = if kept.is_some() { Change::Replaced } else { Change::Created };
        let takes_the_same = kept.as_ref().is_some_and(|kept| takes_the_same(&kept.order, order));
        let was_given_in = kept.as_ref().is_some_and(Row::was_given_in);
        let Some((found, examined)) = examined(&mut tx, order, was_given_in, rules, command.at).await? else {
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
                None => {
                    if takes_the_same {
                        // Another receiver is being written down, say: what was agreed is kept for as long as it was promised.
                        reserved = promises::kept_until(&mut tx, order.id, command.at).await?;
                    }
                    if reserved.is_none() {
                        let_go(&mut tx, order.id).await?;
                    }
                }
            }
        }
        keep(&mut tx, &row).await?;
        finish(tx, command, row.receipt(change, reserved)).await
    }

    /// Places an order as the client agreed to it. What stops it is told in the receipt, whose state is then a draft's. Says
    /// besides whether it was placed for the first time.
    pub async fn place_order(
        &self,
        command: &Command<'_>,
        id: OrderId,
        revision: u32,
        rules: &Orders,
    ) -> Result<(OrderReceipt, bool), WriteError> {
        until_done!(self.try_place_order(command, id, revision, rules))
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
        let examination = examined(&mut tx, &row.order, row.was_given_in(), rules, command.at).await?;
        let Some((found, examined)) = examination else { return Err(WriteError::NotFound) };
        // What was to be picked is picked, however it is changed now.
        if row.changes_what_is_firm() && !is_in_time(&found, row.stands(), rules, command.at) {
            return Err(WriteError::AfterCutOff);
        }
        row.examined = examined;
        if row.examined.severity() == Some(Severity::Stops) {
            keep(&mut tx, &row).await?;
            let receipt = row.receipt(Change::Unchanged, None);
            return Ok((finish(tx, command, receipt).await?, false));
        }
        row.held_for = held_for(&row.examined);
        let pays_first = found.terms.payer(&row.order).is_some_and(|payer| payer.is_prepaid);
        let next = match (row.held_for.is_empty(), pays_first) {
            (false, _) => OrderState::Held,
            (true, true) if !row.is_covered() => OrderState::AwaitingPayment,
            (true, _) => OrderState::Placed,
        };
        if next == OrderState::Held && row.changes_what_is_firm() {
            // What was placed stands, with all that it has, until somebody lets the change pass.
            row.become_state(next, command, None);
            keep(&mut tx, &row).await?;
            let receipt = row.receipt(Change::Replaced, None);
            return Ok((finish(tx, command, receipt).await?, false));
        }
        let waits = next == OrderState::AwaitingPayment;
        let until = waits.then(|| payment_ends(rules, command.at)).flatten();
        promise(&mut tx, &row, &found, rules, command.at, until).await?;
        let is_first = row.number.is_none();
        row.number = Some(number(&mut tx, id).await?);
        row.placed_at = Some(command.at);
        // What was paid stands until the rest is paid, too.
        if !(waits && row.changes_what_is_firm()) {
            row.placed = None;
        }
        row.become_state(next, command, None);
        keep_lines(&mut tx, &row, &found).await?;
        keep(&mut tx, &row).await?;
        Ok((finish(tx, command, row.receipt(Change::Replaced, until)).await?, is_first))
    }

    /// What clients of these orders buy for the first time, others of their type may like (duty 8).
    pub async fn count_typical(&self, orders: &[OrderId]) -> Result<(), StoreError> {
        for some in orders.chunks(COUNTED_AT_ONCE) {
            until_done!(self.try_count_typical(some))?;
        }
        Ok(())
    }

    /// Of several orders of one client the earliest counts. Two desks that count the same goods do so in the same order.
    async fn try_count_typical(&self, orders: &[OrderId]) -> Result<(), StoreError> {
        let mut insert = Statement::new(
            "INSERT INTO typical_products (client_type, product, clients) \
             SELECT c.client_type, l.product, COUNT(DISTINCT l.client) FROM order_lines l \
             JOIN clients c ON c.id = l.client WHERE l.order_id IN ",
        );
        insert.list(orders.iter().map(ToString::to_string))?;
        insert.push(
            " AND NOT EXISTS (SELECT 1 FROM order_lines o WHERE o.client = l.client AND o.product = l.product \
             AND (o.placed_on < l.placed_on OR o.placed_on = l.placed_on AND o.order_id < l.order_id)) \
             GROUP BY c.client_type, l.product ORDER BY c.client_type, l.product \
             ON CONFLICT (client_type, product) DO UPDATE SET clients = typical_products.clients + excluded.clients",
        );
        // Without the lock: what is placed meanwhile is in nobody's way.
        let (text, values) = insert.into_parts();
        sqlx::query_with(text, values).execute(&self.writer).await?;
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
        let pays_first = found.terms.payer(&row.order).is_some_and(|payer| payer.is_prepaid);
        let circumstances = Circumstances {
            in_time: is_in_time(&found, row.stands(), rules, command.at),
            must_pay: pays_first && !row.is_covered(),
            has_lapsed: promises::has_lapsed(&mut tx, id, command.at).await?,
            stands: row.stands_as(),
        };
        let next = row.state.after(act.act, &circumstances).map_err(|fault| match fault {
            LifeFault::NotNow => WriteError::NotNow,
            LifeFault::AfterCutOff => WriteError::AfterCutOff,
        })?;
        let is_change = row.placed.is_some();
        match act.act {
            OrderAct::Change => {
                // Whoever changes it has it now; what was placed stands until it is placed anew.
                row.begin_change();
                command.person.clone_into(&mut row.taken_by);
            }
            OrderAct::Release => {
                let examination =
                    examined(&mut tx, &row.order, row.was_given_in(), rules, command.at).await?;
                let (now, examined) = examination.ok_or(WriteError::NotFound)?;
                // What has come since is released by those alone who may release that.
                let held = held_for(&examined);
                let is_for_others = !may(&row.taken_by, &held);
                if is_for_others {
                    row.held_for = held;
                }
                let is_stopped = is_change && examined.severity() == Some(Severity::Stops);
                if is_change || is_for_others {
                    row.examined = examined;
                }
                if is_for_others || is_stopped {
                    keep(&mut tx, &row).await?;
                    return finish(tx, command, row.receipt(Change::Unchanged, None)).await;
                }
                if is_change {
                    let pays_rest = circumstances.must_pay && row.changes_what_is_firm();
                    take_place(&mut tx, &mut row, &now, pays_rest, rules, command.at).await?;
                }
                row.held_for.clear();
                if circumstances.must_pay {
                    keep_until(&mut tx, id, payment_ends(rules, command.at)).await?;
                } else if !pays_first {
                    take_credit(&mut tx, &row).await?;
                }
            }
            OrderAct::Pay => {
                if row.state == OrderState::Draft {
                    // It was paid as it was placed, whatever somebody is writing.
                    row.stand_as_placed(command.at, command.person);
                } else {
                    row.placed = None;
                }
                keep_until(&mut tx, id, None).await?;
            }
            OrderAct::Deliver => ship(&mut tx, id, rules, command.at).await?,
            OrderAct::Close => {
                // How much has come of what was delivered in part, the next stock of the company's programs says: until then
                // rather all of it is gone than something sold that is not there.
                ship(&mut tx, id, rules, command.at).await?;
                let_go(&mut tx, id).await?;
            }
            OrderAct::Cancel if is_change => {
                give_up(&mut tx, &mut row, rules, command.at, command.person).await?;
                keep(&mut tx, &row).await?;
                return finish(tx, command, row.receipt(Change::Replaced, None)).await;
            }
            // A change that is held goes back to its operator, and what was placed still stands.
            OrderAct::Return if is_change => {}
            OrderAct::Return | OrderAct::Cancel | OrderAct::RefuseAtDoor => let_go(&mut tx, id).await?,
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
    pub async fn tidy_orders(&self, at: Timestamp, rules: &Orders) -> Result<(), WriteError> {
        let long_ago = at.checked_sub(CHANGED_IN).unwrap_or(Timestamp::MIN);
        let sql = "SELECT id FROM orders WHERE placed IS NOT NULL \
                   AND (state = 'draft' AND changed_at < $1 OR state IN ('held', 'awaiting_payment'))";
        let forgotten: Vec<String> = sqlx::query_scalar(sql)
            .bind(micros(long_ago))
            .fetch_all(&self.readers)
            .await
            .map_err(StoreError::from)?;
        for id in forgotten {
            let id = order_id(&id)?;
            until_done!(self.take_back_change(id, long_ago, at, rules))?;
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
            until_done!(self.end_unpaid(id, at, rules))?;
        }
        // Order by order of those few that lapsed, not through all that were ever delivered.
        for sql in [
            "DELETE FROM reservations WHERE kept_until < $1 AND EXISTS (SELECT 1 FROM orders o \
             WHERE o.id = reservations.order_id AND o.state IN ('draft', 'delivered') AND o.placed IS NULL)",
            "DELETE FROM holds WHERE kept_until < $1 AND EXISTS (SELECT 1 FROM orders o \
             WHERE o.id = holds.order_id AND o.state IN ('draft', 'delivered') AND o.placed IS NULL)",
        ] {
            sqlx::query(sql).bind(micros(at)).execute(&self.writer).await.map_err(StoreError::from)?;
        }
        Ok(())
    }

    async fn take_back_change(
        &self,
        id: OrderId,
        long_ago: Timestamp,
        at: Timestamp,
        rules: &Orders,
    ) -> Result<(), WriteError> {
        let mut tx = self.begin().await?;
        let Some(mut row) = find(&mut tx, id).await? else { return Ok(()) };
        let is_over = match row.state {
            OrderState::Draft => row.changed_at < long_ago,
            // What was placed is about to be picked, and nobody has let the change pass, or paid the rest.
            OrderState::Held | OrderState::AwaitingPayment => {
                let ask = Ask { client: row.order.client, order: Some(row.stands()), at };
                let found = trade::terms(&mut tx, ask, rules).await?;
                found.is_none_or(|found| !is_in_time(&found, row.stands(), rules, at))
            }
            _ => false,
        };
        if !is_over || row.placed.is_none() {
            return Ok(());
        }
        give_up(&mut tx, &mut row, rules, at, NOBODY).await?;
        keep(&mut tx, &row).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// What was paid before stands again; with a payment and nothing that stands, it goes back to who took it.
    async fn end_unpaid(&self, id: OrderId, at: Timestamp, rules: &Orders) -> Result<(), WriteError> {
        let mut tx = self.begin().await?;
        let Some(mut row) = find(&mut tx, id).await? else { return Ok(()) };
        if row.state != OrderState::AwaitingPayment {
            return Ok(());
        }
        if row.placed.is_some() {
            give_up(&mut tx, &mut row, rules, at, NOBODY).await?;
        } else {
            let_go(&mut tx, id).await?;
            let next = if row.was_paid() { OrderState::Draft } else { OrderState::Cancelled };
            row.moves_by_itself(next, at);
        }
        keep(&mut tx, &row).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

async fn finish(mut tx: Transaction<'_>, command: &Command<'_>, receipt: OrderReceipt) -> Written {
    commands::keep_answer(&mut tx, command, &receipt).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(receipt)
}

/// A change that somebody lets pass takes the place of what was placed, which stands on where a rest is to be paid.
async fn take_place(
    tx: &mut Transaction<'_>,
    row: &mut Row,
    found: &Found,
    pays_rest: bool,
    rules: &Orders,
    at: Timestamp,
) -> Result<(), StoreError> {
    promise(tx, row, found, rules, at, None).await?;
    if !pays_rest {
        row.placed = None;
    }
    row.placed_at = Some(at);
    keep_lines(tx, row, found).await
}

/// A change is given up, and what was placed stands. What the change took while its rest was to be paid, it gives back.
async fn give_up(
    tx: &mut Transaction<'_>,
    row: &mut Row,
    rules: &Orders,
    at: Timestamp,
    by: &str,
) -> Result<(), StoreError> {
    let is_firm = row.changes_what_is_firm();
    row.stand_as_placed(at, by);
    if !is_firm || !promises::ends(tx, row.order.id).await? {
        return Ok(());
    }
    let ask = Ask { client: row.order.client, order: Some(&row.order), at };
    if let Some(found) = trade::terms(&mut *tx, ask, rules).await? {
        promise(tx, row, &found, rules, at, None).await?;
        keep_lines(tx, row, &found).await?;
    }
    Ok(())
}

/// By what is true in this transaction; none: there is no such client.
async fn examined(
    tx: &mut Transaction<'_>,
    order: &Order,
    was_given_in: bool,
    rules: &Orders,
    at: Timestamp,
) -> Result<Option<(Found, Examined)>, StoreError> {
    let ask = Ask { client: order.client, order: Some(order), at };
    let Some(found) = trade::terms(&mut *tx, ask, rules).await? else { return Ok(None) };
    let mut facts = found.terms.facts(order, &BTreeMap::new(), was_given_in);
    if facts.slot.is_err() {
        facts.slot = Err(open_slot(&found, order, rules, at).err().unwrap_or(SlotFault::Full));
    }
    let examined = examine(order, &facts);
    Ok(Some((found, examined)))
}
