//! What an order of one client goes by: put together from the client, the company's rules, and what the client bought
//! (duties 3, 5 to 13).

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rust_decimal::Decimal;
use sqlx::AnyConnection;

use super::orders::{self, Before};
use super::products::{self, Look, product_id};
use super::{Statement, Store, Transaction, commands, micros, search, until_done};
use crate::desk_api::{
    AddressData, Change, ClientDraft, ClientId, ClientTrade, Entity, Order, OrderState, ProductId, ServedBy,
    Terms,
};
use crate::domain::client::Money;
use crate::domain::trade::credit::CreditTerms;
use crate::domain::trade::delivery::{OpenSlot, Slot};
use crate::domain::trade::examine::{Examined, PricedLine};
use crate::domain::trade::offer::{self, Habit, Purchase, UsualQuantity};
use crate::domain::trade::order::{EntityId, OrderId, OrderLine, Receiver, Settlement};
use crate::domain::trade::price::Buyer;
use crate::domain::trade::promotion::Promotion;
use crate::domain::trade::terms::{Address, Consignee, PastOrder, PastPrice, Payer, Pushed, Waiting};
use crate::server::settings::Orders;
use crate::server::store::{Command, StoreError, WriteError};

/// Products of each kind that are told with the terms: what is said in one call.
const MOST_OFFERS: i64 = 20;
const MOST_HABITS: usize = 150;
/// Orders of before that are told.
const PAST_ORDERS: i64 = 5;
/// Rows per statement: SQLite looks for each value's name among all others.
const PRICES_AT_ONCE: usize = 100;
/// The name of the only legal entity of a client without others.
pub(crate) const ITSELF: &str = "itself";

/// For which order terms are told.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub client: ClientId,
    /// What it holds itself is not in its way.
    pub order: Option<&'a Order>,
    pub at: Timestamp,
}

impl Ask<'_> {
    fn order_id(&self) -> String {
        self.order.map(|order| order.id.to_string()).unwrap_or_default()
    }
}

/// What the company's programs wrote of this client, and what follows from it.
pub(super) struct Found {
    pub terms: Terms,
    pub data: ClientTrade,
    pub least_life: u16,
}

impl Store {
    /// What an order of this client goes by now; none: there is no such client.
    pub async fn terms(
        &self,
        client: ClientId,
        rules: &Orders,
        at: Timestamp,
    ) -> Result<Option<Terms>, StoreError> {
        let mut db = self.readers.acquire().await?;
        let found = terms(&mut db, Ask { client, order: None, at }, rules).await?;
        Ok(found.map(|found| found.terms))
    }

    /// What the company's programs wrote of this client; none: there is no such client.
    pub async fn client_trade(&self, client: ClientId) -> Result<Option<ClientTrade>, StoreError> {
        let mut db = self.readers.acquire().await?;
        let sql = "SELECT id FROM clients WHERE id = $1";
        let known: Option<String> =
            sqlx::query_scalar(sql).bind(client.to_string()).fetch_optional(&mut *db).await?;
        match known {
            Some(_) => Ok(Some(trade_of(&mut db, client).await?)),
            None => Ok(None),
        }
    }

    /// Replaces what is known of a client's buying.
    pub async fn write_client_trade(
        &self,
        command: &Command<'_>,
        client: ClientId,
        data: &ClientTrade,
    ) -> Result<Change, WriteError> {
        until_done!(self.try_write_client_trade(command, client, data))
    }

    async fn try_write_client_trade(
        &self,
        command: &Command<'_>,
        client: ClientId,
        data: &ClientTrade,
    ) -> Result<Change, WriteError> {
        let mut tx = self.begin().await?;
        if let Some(change) = commands::answered(&mut tx, command).await? {
            return Ok(change);
        }
        let sql = "SELECT id FROM clients WHERE id = $1";
        let known: Option<String> = sqlx::query_scalar(sql)
            .bind(client.to_string())
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        if known.is_none() {
            return Err(WriteError::NotFound);
        }
        put_trade(&mut tx, client, data).await?;
        search::index_clients(&mut tx, &[client.to_string()]).await?;
        commands::keep_answer(&mut tx, command, &Change::Replaced).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Change::Replaced)
    }
}

pub(super) async fn put_trade(
    tx: &mut Transaction<'_>,
    client: ClientId,
    data: &ClientTrade,
) -> Result<(), StoreError> {
    for sql in ["DELETE FROM client_trade WHERE client = $1", "DELETE FROM contract_prices WHERE client = $1"]
    {
        sqlx::query(sql).bind(client.to_string()).execute(&mut **tx).await?;
    }
    insert_trades(tx, &[(client, data)]).await
}

/// Of clients of whom nothing is kept.
pub(super) async fn insert_trades(
    tx: &mut Transaction<'_>,
    trades: &[(ClientId, &ClientTrade)],
) -> Result<(), StoreError> {
    // Prices stand in a table of their own: a client may have thousands.
    let document = |data: &ClientTrade| {
        serde_json::to_string(&ClientTrade { contract_prices: BTreeMap::new(), ..data.clone() })
    };
    let mut insert = Statement::new("INSERT INTO client_trade (client, document) VALUES ");
    insert.rows(trades, |row, (client, data)| {
        row.bind(client.to_string())?.bind(document(data)?)?;
        Ok(())
    })?;
    insert.execute(tx).await?;
    let prices = trades.iter().flat_map(|(client, data)| {
        data.contract_prices.iter().map(move |(product, price)| (client, product, price))
    });
    let prices: Vec<_> = prices.collect();
    for some in prices.chunks(PRICES_AT_ONCE) {
        let mut insert = Statement::new("INSERT INTO contract_prices (client, product, price) VALUES ");
        insert.rows(some, |row, (client, product, price)| {
            row.bind(client.to_string())?.bind(product.to_string())?.bind(price.0.to_string())?;
            Ok(())
        })?;
        insert.execute(tx).await?;
    }
    Ok(())
}

/// Without contract prices, which stand in a table of their own: a client may have thousands.
pub(super) async fn put_document(
    tx: &mut Transaction<'_>,
    client: ClientId,
    data: &ClientTrade,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO client_trade (client, document) VALUES ($1, $2) \
               ON CONFLICT (client) DO UPDATE SET document = excluded.document";
    let document = ClientTrade { contract_prices: BTreeMap::new(), ..data.clone() };
    let document = serde_json::to_string(&document)?;
    sqlx::query(sql).bind(client.to_string()).bind(document).execute(&mut **tx).await?;
    Ok(())
}

/// None: there is no such client.
pub(super) async fn terms(
    db: &mut AnyConnection,
    ask: Ask<'_>,
    rules: &Orders,
) -> Result<Option<Found>, StoreError> {
    let sql = "SELECT document FROM clients WHERE id = $1";
    let document: Option<String> =
        sqlx::query_scalar(sql).bind(ask.client.to_string()).fetch_optional(&mut *db).await?;
    let Some(document) = document else { return Ok(None) };
    let draft: ClientDraft = serde_json::from_str(&document)?;
    let data = trade_of(db, ask.client).await?;
    let zone = rules.zone();
    let today = ask.at.to_zoned(zone.clone()).date();
    let past = past_orders(db, ask).await?;
    let waiting = waiting(db, ask, &past, &zone).await?;
    let habits = habits(db, ask.client, today).await?;
    let (pushed, new, typical) = assortment(db, &draft, rules, today).await?;
    let mut named: Vec<ProductId> = habits.iter().map(|habit| habit.product).collect();
    named.extend(pushed.iter().map(|pushed| pushed.product).chain(new.iter().chain(&typical).copied()));
    named.extend(waiting.iter().map(|waiting| waiting.product));
    named.extend(past.iter().flat_map(|past| past.order.lines.iter().map(|line| line.product)));
    let price_list = rules.price_list();
    named.extend(price_list.promotions.iter().filter_map(Promotion::gives));
    named.extend(drafted(db, ask.client).await?);
    named.extend(ask.order.into_iter().flat_map(|order| order.lines.iter().map(|line| line.product)));
    let least_life = data.least_life_days.unwrap_or(rules.least_life_days);
    let delivered = ask.order.and_then(|order| order.delivery.slot).map_or(today, |slot| slot.date);
    let look = Look {
        client: Some(ask.client),
        order: ask.order.map(|order| order.id),
        delivered,
        least_life,
        at: ask.at,
    };
    let terms = Terms {
        client: ask.client,
        today,
        served_by: served_by(db, ask.client, &draft, rules).await?,
        buyer: Buyer {
            client_type: draft.client_type.clone(),
            contract: data.contract_column.clone(),
            month: month(db, ask).await?,
        },
        payers: payers(db, ask, &draft, &data, rules, today).await?,
        consignees: consignees(&data),
        permissions: data.permissions.clone(),
        is_regional: rules.regional_types.contains(&draft.client_type),
        addresses: addresses(db, ask, &draft, &data, rules, &zone, &past).await?,
        least_offers: rules.least_offers,
        price_list,
        goods: products::goods(db, &named, look).await?,
        habits,
        pushed,
        new,
        typical,
        waiting,
        orders: past.into_iter().map(|past| past.told(&zone)).collect(),
    };
    Ok(Some(Found { terms, data, least_life }))
}

pub(super) async fn trade_of(db: &mut AnyConnection, client: ClientId) -> Result<ClientTrade, StoreError> {
    let sql = "SELECT document FROM client_trade WHERE client = $1";
    let document: Option<String> =
        sqlx::query_scalar(sql).bind(client.to_string()).fetch_optional(db).await?;
    Ok(document.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default())
}

/// Key clients are their managers'; new ones, who have no manager and nobody has spoken with, the head's (duty 3).
async fn served_by(
    db: &mut AnyConnection,
    client: ClientId,
    draft: &ClientDraft,
    rules: &Orders,
) -> Result<ServedBy, StoreError> {
    if rules.key_types.contains(&draft.client_type) {
        return Ok(ServedBy::KeyManager);
    }
    if draft.manager.is_some() {
        return Ok(ServedBy::Operator);
    }
    let sql = "SELECT started_at FROM calls WHERE client = $1 AND was_spoken = 1 LIMIT 1";
    let spoken: Option<i64> = sqlx::query_scalar(sql).bind(client.to_string()).fetch_optional(db).await?;
    Ok(if spoken.is_some() { ServedBy::Operator } else { ServedBy::Head })
}

/// Bought in the last thirty days.
async fn month(db: &mut AnyConnection, ask: Ask<'_>) -> Result<Money, StoreError> {
    let since = ask.at.checked_sub(Span::new().hours(30 * 24)).unwrap_or(Timestamp::MIN);
    let sql = "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM orders WHERE client = $1 AND placed_at >= $2 \
               AND state NOT IN ('draft', 'held', 'awaiting_payment', 'cancelled', 'refused_at_door')";
    let total: i64 =
        sqlx::query_scalar(sql).bind(ask.client.to_string()).bind(micros(since)).fetch_one(db).await?;
    Ok(Money(Decimal::new(total, 4)))
}

/// Each with its account, and with what the desk's own orders take of it.
async fn payers(
    db: &mut AnyConnection,
    ask: Ask<'_>,
    draft: &ClientDraft,
    data: &ClientTrade,
    rules: &Orders,
    today: Date,
) -> Result<Vec<Payer>, StoreError> {
    let sql = "SELECT payer, CAST(SUM(amount) AS BIGINT) FROM holds WHERE client = $1 AND order_id <> $2 \
               AND (kept_until IS NULL OR kept_until > $3) GROUP BY payer";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql)
        .bind(ask.client.to_string())
        .bind(ask.order_id())
        .bind(micros(ask.at))
        .fetch_all(db)
        .await?;
    let held: BTreeMap<String, Decimal> =
        rows.into_iter().map(|(payer, amount)| (payer, Decimal::new(amount, 4))).collect();
    let held = |payer: &str| held.get(payer).copied().unwrap_or_default();
    if data.payers().next().is_none() {
        let mut standing = draft.standing.clone();
        if let Some(standing) = &mut standing {
            let held = held(ITSELF);
            if let Some(left) = &mut standing.credit_left {
                left.0 = left.0.saturating_sub(held).max(Decimal::ZERO);
            }
            if let Some(exposure) = &mut standing.exposure {
                exposure.0 = exposure.0.saturating_add(held);
            }
        }
        let payer = Payer {
            id: EntityId(ITSELF.to_owned()),
            name: draft.name.clone(),
            standing,
            is_prepaid: false,
            payments_until: None,
            history: None,
        };
        return Ok(vec![payer]);
    }
    let payers = data.payers().map(|entity| {
        let owner = data.account_owner(entity);
        let mut account = data.account_of(entity);
        for member in data.entities.iter().filter(|member| data.account_owner(member).id == owner.id) {
            account.open_orders.0 = account.open_orders.0.saturating_add(held(&member.id.0));
        }
        // Of one whose own account is not looked at the group's is told.
        let own = if entity.owes_there { &entity.account } else { &owner.account };
        Payer {
            id: entity.id.clone(),
            name: entity.name.clone(),
            standing: Some(account.standing(rules.tolerance, today)),
            is_prepaid: account.terms == CreditTerms::Prepaid,
            payments_until: own.payments_until.or(account.payments_until),
            history: own.history.clone().or(account.history),
        }
    });
    Ok(payers.collect())
}

/// Whom goods may go to by their papers: every legal entity there is.
fn consignees(data: &ClientTrade) -> Vec<Consignee> {
    let consignee = |entity: &Entity| Consignee { id: entity.id.clone(), name: entity.name.clone() };
    data.entities.iter().map(consignee).collect()
}

async fn addresses(
    db: &mut AnyConnection,
    ask: Ask<'_>,
    draft: &ClientDraft,
    data: &ClientTrade,
    rules: &Orders,
    zone: &TimeZone,
    past: &[Past],
) -> Result<Vec<Address>, StoreError> {
    let written = if data.addresses.is_empty() {
        let text = draft.delivery.as_ref().and_then(|delivery| delivery.address.clone());
        text.map(|text| AddressData { number: 1, text, route: None, consignee: None }).into_iter().collect()
    } else {
        data.addresses.clone()
    };
    let warehouse = rules.warehouse(zone);
    let mut addresses = Vec::with_capacity(written.len());
    for AddressData { number, text, route, consignee } in written {
        let route = route.as_ref().and_then(|id| rules.route(id));
        let slots: Vec<OpenSlot> = match route {
            Some(route) => {
                let booked = booked(db, ask, &route.id.0).await?;
                let count = |slot: Slot| booked.get(&slot_key(slot)).copied().unwrap_or(0);
                route.open_slots(ask.at, &warehouse, count)
            }
            None => Vec::new(),
        };
        addresses.push(Address {
            number,
            text,
            consignee,
            minimum: route.and_then(|route| route.minimum),
            is_off_route: route.is_none(),
            slots,
            receivers: receivers(past, number),
        });
    }
    Ok(addresses)
}

/// As the columns `day` and `window_from` of a hold.
pub(super) fn slot_key(slot: Slot) -> (String, String) {
    (slot.date.to_string(), slot.window.from.to_string())
}

/// Orders of others in each slot of a route, from today on.
async fn booked(
    db: &mut AnyConnection,
    ask: Ask<'_>,
    route: &str,
) -> Result<BTreeMap<(String, String), u32>, StoreError> {
    let yesterday = ask.at.to_zoned(TimeZone::UTC).date().yesterday().unwrap_or(Date::MIN);
    let sql = "SELECT day, window_from, COUNT(*) FROM holds WHERE route = $1 AND day >= $2 AND order_id <> $3 \
               AND (kept_until IS NULL OR kept_until > $4) GROUP BY day, window_from";
    let rows: Vec<(String, String, i64)> = sqlx::query_as(sql)
        .bind(route.to_owned())
        .bind(yesterday.to_string())
        .bind(ask.order_id())
        .bind(micros(ask.at))
        .fetch_all(db)
        .await?;
    let count = |(day, from, count)| ((day, from), u32::try_from(count).unwrap_or(u32::MAX));
    Ok(rows.into_iter().map(count).collect())
}

/// Who took goods at this address, the last one first; being there is asked anew each time.
fn receivers(past: &[Past], address: u32) -> Vec<Receiver> {
    let mut receivers: Vec<Receiver> = Vec::new();
    for past in past.iter().filter(|past| past.order.delivery.address == Some(address)) {
        let Some(receiver) = past.order.delivery.receiver.clone() else { continue };
        let is_same = |known: &Receiver| known.name == receiver.name && known.phone == receiver.phone;
        if !receivers.iter().any(is_same) {
            receivers.push(Receiver { confirmed: false, ..receiver });
        }
    }
    receivers
}

/// An order of before, whole.
struct Past {
    order: Order,
    examined: Examined,
    state: OrderState,
    number: Option<u64>,
    placed_at: Timestamp,
}

impl Past {
    fn told(self, zone: &TimeZone) -> PastOrder {
        let price = |line: &PricedLine| PastPrice { line: line.number, amount: line.price.amount };
        PastOrder {
            id: self.order.id,
            number: self.number,
            state: self.state,
            placed_at: self.placed_at,
            placed_on: Some(self.placed_at.to_zoned(zone.clone()).date()),
            slot: self.order.delivery.slot,
            total: self.examined.total.gross,
            prices: self.examined.lines.iter().map(price).collect(),
            currency: self.examined.currency.unwrap_or_default(),
            lines: self.order.lines,
        }
    }
}

/// One that is being changed is told as it was placed.
async fn past_orders(db: &mut AnyConnection, ask: Ask<'_>) -> Result<Vec<Past>, StoreError> {
    type Row = (String, String, String, Option<i64>, i64, Option<String>);
    let sql = "SELECT document, examined, state, number, placed_at, placed FROM orders WHERE client = $1 \
               AND placed_at IS NOT NULL AND (state <> 'draft' OR placed IS NOT NULL) AND id <> $2 \
               ORDER BY placed_at DESC LIMIT $3";
    let rows: Vec<Row> = sqlx::query_as(sql)
        .bind(ask.client.to_string())
        .bind(ask.order_id())
        .bind(PAST_ORDERS)
        .fetch_all(db)
        .await?;
    let past = |(order, examined, state, number, placed_at, placed): Row| {
        let Before { order, examined, state } = match placed {
            Some(placed) => serde_json::from_str(&placed)?,
            None => Before {
                order: serde_json::from_str(&order)?,
                examined: serde_json::from_str(&examined)?,
                state: orders::state(&state)?,
            },
        };
        Ok(Past {
            order,
            examined,
            state,
            number: number.and_then(|number| u64::try_from(number).ok()),
            placed_at: Timestamp::from_microsecond(placed_at).unwrap_or_default(),
        })
    };
    rows.into_iter().map(past).collect()
}

/// Orders of a client, older than a moment, with lines that are no part of their delivery: few have any. One that was not wanted
/// is none, nor one that its operator has back.
pub(super) const UNDELIVERED: &str = "SELECT id, undelivered, placed_at FROM orders WHERE client = $1 \
    AND undelivered IS NOT NULL AND placed_at < $2 AND id <> $3 AND state <> 'cancelled' \
    AND (state <> 'draft' OR placed IS NOT NULL) ORDER BY placed_at DESC";

/// What the client waits for since orders that are older than those that are told (T12), the latest first: of each product the last
/// word of those older orders.
async fn waiting(
    db: &mut AnyConnection,
    ask: Ask<'_>,
    told: &[Past],
    zone: &TimeZone,
) -> Result<Vec<Waiting>, StoreError> {
    // Most clients have no older ones, and are not asked about.
    let Some(oldest) = told.last().filter(|_| told.len() as i64 == PAST_ORDERS) else {
        return Ok(Vec::new());
    };
    let rows: Vec<(String, String, i64)> = sqlx::query_as(UNDELIVERED)
        .bind(ask.client.to_string())
        .bind(micros(oldest.placed_at))
        .bind(ask.order_id())
        .fetch_all(&mut *db)
        .await?;
    let (mut latest, mut waiting) = (BTreeMap::new(), Vec::new());
    for (order, lines, placed_at) in rows {
        let order: OrderId = orders::order_id(&order)?;
        let lines: Vec<OrderLine> = serde_json::from_str(&lines)?;
        let since = Timestamp::from_microsecond(placed_at).unwrap_or_default().to_zoned(zone.clone()).date();
        let waits = |line: &&OrderLine| matches!(line.settled, Some(Settlement::Wait { .. }));
        let (waits, others): (Vec<&OrderLine>, _) = lines.iter().partition(waits);
        for line in waits.into_iter().chain(others) {
            if latest.contains_key(&line.product) {
                continue;
            }
            latest.insert(line.product, placed_at);
            if let Some(Settlement::Wait { until }) = line.settled {
                let ordered = UsualQuantity { quantity: line.quantity, unit: line.unit };
                waiting.push(Waiting { order, product: line.product, ordered, until, since });
            }
        }
    }
    if waiting.is_empty() {
        return Ok(waiting);
    }
    let mut select = Statement::new(
        "SELECT l.product, CAST(MAX(o.placed_at) AS BIGINT) FROM order_lines l JOIN orders o ON o.id = l.order_id \
         WHERE o.state <> 'cancelled' AND (o.state <> 'draft' OR o.placed IS NOT NULL) AND l.client = ",
    );
    select.bind(ask.client.to_string())?;
    select.push(" AND o.placed_at < ").bind(micros(oldest.placed_at))?;
    select.push(" AND o.id <> ").bind(ask.order_id())?.push(" AND l.product IN ");
    select.list(waiting.iter().map(|waiting| waiting.product.to_string()))?;
    select.push(" GROUP BY l.product");
    let (text, values) = select.into_parts();
    let rows: Vec<(String, i64)> = sqlx::query_as_with(text, values).fetch_all(db).await?;
    for (product, bought_at) in rows {
        let product = product_id(&product)?;
        if latest.get(&product).is_some_and(|waits_since| bought_at > *waits_since) {
            waiting.retain(|waiting| waiting.product != product);
        }
    }
    Ok(waiting)
}

/// Products in drafts of this client: whoever goes on with one sees what stands in it.
async fn drafted(db: &mut AnyConnection, client: ClientId) -> Result<Vec<ProductId>, StoreError> {
    let sql =
        "SELECT document FROM orders WHERE client = $1 AND state = 'draft' ORDER BY changed_at DESC LIMIT 3";
    let rows: Vec<String> = sqlx::query_scalar(sql).bind(client.to_string()).fetch_all(db).await?;
    let orders = rows.iter().map(|document| serde_json::from_str::<Order>(document));
    let orders = orders.collect::<Result<Vec<_>, _>>()?;
    Ok(orders.into_iter().flat_map(|order| order.lines).map(|line| line.product).collect())
}

async fn habits(db: &mut AnyConnection, client: ClientId, today: Date) -> Result<Vec<Habit>, StoreError> {
    let year_ago = today.checked_sub(Span::new().days(365)).unwrap_or(Date::MIN);
    let sql =
        "SELECT product, placed_on, quantity, unit FROM order_lines WHERE client = $1 AND placed_on >= $2";
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as(sql).bind(client.to_string()).bind(year_ago.to_string()).fetch_all(db).await?;
    let mut purchases = Vec::with_capacity(rows.len());
    for (product, day, quantity, unit) in rows {
        let (Ok(day), Ok(quantity)) = (day.parse(), quantity.parse()) else { continue };
        let unit = serde_json::from_value(serde_json::Value::String(unit))?;
        purchases.push(Purchase {
            product: product_id(&product)?,
            day,
            ordered: UsualQuantity { quantity, unit },
        });
    }
    let mut habits = offer::habits(&purchases);
    habits.truncate(MOST_HABITS);
    Ok(habits)
}

/// What is pushed, new, and typical of the client's type.
async fn assortment(
    db: &mut AnyConnection,
    draft: &ClientDraft,
    rules: &Orders,
    today: Date,
) -> Result<(Vec<Pushed>, Vec<ProductId>, Vec<ProductId>), StoreError> {
    let sql = "SELECT id, phrase FROM products WHERE pushed IS NOT NULL ORDER BY pushed, id LIMIT $1";
    let rows: Vec<(String, Option<String>)> =
        sqlx::query_as(sql).bind(MOST_OFFERS).fetch_all(&mut *db).await?;
    let push = |(product, phrase): (String, _)| Ok(Pushed { product: product_id(&product)?, phrase });
    let pushed = rows.into_iter().map(push).collect::<Result<Vec<_>, StoreError>>()?;
    let since = today.checked_sub(Span::new().days(i64::from(rules.new_days))).unwrap_or(Date::MIN);
    let sql = "SELECT id FROM products WHERE new_since >= $1 AND new_since <= $2 ORDER BY new_since DESC, id LIMIT $3";
    let rows: Vec<String> = sqlx::query_scalar(sql)
        .bind(since.to_string())
        .bind(today.to_string())
        .bind(MOST_OFFERS)
        .fetch_all(&mut *db)
        .await?;
    let new = rows.iter().map(|id| product_id(id)).collect::<Result<Vec<_>, _>>()?;
    let sql =
        "SELECT product FROM typical_products WHERE client_type = $1 ORDER BY clients DESC, product LIMIT $2";
    let rows: Vec<String> =
        sqlx::query_scalar(sql).bind(draft.client_type.0.clone()).bind(MOST_OFFERS).fetch_all(db).await?;
    let typical = rows.iter().map(|id| product_id(id)).collect::<Result<Vec<_>, _>>()?;
    Ok((pushed, new, typical))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_of_before_is_of_the_day_that_it_was_at_the_office() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let order = serde_json::json!({"id": id, "revision": 1, "client": id});
        let nothing = serde_json::json!({"net": "0", "tax": "0", "gross": "0"});
        let examined =
            serde_json::json!({"lines": [], "total": nothing, "most": "0", "columns": [], "faults": []});
        for (placed_at, zone, day) in [
            ("2026-03-05T23:30:00Z", "UTC", "2026-03-05"),
            ("2026-03-05T23:30:00Z", "Europe/Moscow", "2026-03-06"),
            ("2026-03-05T09:59:00Z", "Pacific/Kiritimati", "2026-03-05"),
            ("2026-03-05T10:01:00Z", "Pacific/Kiritimati", "2026-03-06"),
            ("2026-03-05T10:59:00Z", "Pacific/Niue", "2026-03-04"),
        ] {
            let past = Past {
                order: serde_json::from_value(order.clone()).unwrap(),
                examined: serde_json::from_value(examined.clone()).unwrap(),
                state: OrderState::Placed,
                number: Some(1),
                placed_at: placed_at.parse().unwrap(),
            };
            let told = past.told(&TimeZone::get(zone).unwrap());
            assert_eq!(told.placed_on, Some(day.parse().unwrap()), "{placed_at} {zone}");
        }
    }
}
