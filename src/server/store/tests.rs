use std::task::Poll;

use super::*;
use crate::desk_api::{ActOnOrder, Fault, Order, OrderAct, OrderId, OrderState};
use crate::domain::client::Money;
use crate::domain::number::NumberingPlan;
use crate::server::sample;
use crate::server::settings::Orders;

mod promises;

/// An empty database of its own, gone with the test.
struct Empty {
    database: Database,
    /// Folder of PostgreSQL's socket, and its name there.
    postgres: Option<(String, String)>,
}

impl Empty {
    fn sqlite(name: &str) -> Self {
        let name = format!("patchcord-empty-{name}-{}.db", std::process::id());
        Self { database: Database::Sqlite(std::env::temp_dir().join(name)), postgres: None }
    }

    /// None where no PostgreSQL runs for the tests.
    fn postgres(name: &str) -> Option<Self> {
        let socket = std::env::var("PATCHCORD_TEST_POSTGRES").ok()?;
        let name = format!("patchcord_{name}_{}", std::process::id());
        let url = format!("postgres://desk@{}/{name}", socket.replace('/', "%2F"));
        let empty = Self { database: Database::parse(&url).unwrap(), postgres: Some((socket, name)) };
        assert!(empty.run("createdb"));
        Some(empty)
    }

    fn on_each(name: &str) -> Vec<Self> {
        [Some(Self::sqlite(name)), Self::postgres(name)].into_iter().flatten().collect()
    }

    async fn open(&self) -> Store {
        Store::open(&self.database).await.unwrap()
    }

    fn run(&self, program: &str) -> bool {
        let Some((socket, name)) = &self.postgres else { return true };
        let done = std::process::Command::new(program).args(["-h", socket, "-U", "desk", name]).status();
        done.unwrap().success()
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        let is_gone = match &self.database {
            Database::Sqlite(file) => ["", "-lock", "-wal", "-shm"].iter().all(|end| {
                let gone = std::fs::remove_file(format!("{}{end}", file.display()));
                gone.is_ok() || !end.is_empty()
            }),
            Database::Postgres(_) => self.run("dropdb"),
        };
        assert!(is_gone || std::thread::panicking(), "{:?} is left", self.database);
    }
}

#[test]
fn a_database_is_named_by_its_kind_and_file() {
    assert_eq!(Database::parse("sqlite:a b/desk.db"), Ok(Database::Sqlite("a b/desk.db".into())));
    assert_eq!(Database::parse("sqlite:///var/desk.db"), Ok(Database::Sqlite("/var/desk.db".into())));
    assert_eq!(Database::parse("desk.db"), Err(DatabaseProblem::NoSuchKind));
    assert_eq!(Database::parse("sqlite:"), Err(DatabaseProblem::NoFile));
    assert_eq!(Database::parse("sqlite::memory:"), Err(DatabaseProblem::NoFile));
}

#[test]
fn postgresql_through_a_network_shows_its_certificate_unless_told_otherwise() {
    let url = |text: &str| Database::parse(text).map(|database| database.to_string());
    let table = [
        ("postgres://desk@db.example.com/desk", "postgres://desk@db.example.com/desk?sslmode=verify-full"),
        ("postgres://desk@10.0.0.1:5433/desk", "postgres://desk@10.0.0.1:5433/desk?sslmode=verify-full"),
        ("postgresql://desk@localhost/desk", "postgresql://desk@localhost/desk"),
        ("postgres://desk@127.0.0.1/desk", "postgres://desk@127.0.0.1/desk"),
        ("postgres://desk@[::1]/desk", "postgres://desk@[::1]/desk"),
        ("postgres://desk@%2Frun%2Fpostgresql/desk", "postgres://desk@%2Frun%2Fpostgresql/desk"),
        ("postgres://localhost/desk?host=db", "postgres://localhost/desk?host=db&sslmode=verify-full"),
        ("postgres:///desk?host=/run/postgresql", "postgres:///desk?host=/run/postgresql"),
        ("postgres://desk@db/desk?sslmode=require", "postgres://desk@db/desk?sslmode=require"),
    ];
    for (text, expected) in table {
        assert_eq!(url(text).as_deref(), Ok(expected));
    }
    assert_eq!(url("postgres://desk:secret@db/desk"), Err(DatabaseProblem::Password));
    assert_eq!(url("postgres://desk@db/desk?password=secret"), Err(DatabaseProblem::Password));
    assert_eq!(url("postgres://db"), Err(DatabaseProblem::BadUrl));
    assert_eq!(url("postgres:///desk"), Err(DatabaseProblem::BadUrl), "the environment would say where");
    assert_eq!(url("postgres://[db/desk"), Err(DatabaseProblem::BadUrl));
}

/// A desk is updated with its company's calls in it.
#[tokio::test]
async fn calls_of_the_third_schema_are_found_by_the_columns_of_the_fourth() {
    let folder = std::env::temp_dir().join(format!("patchcord-schema-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("desk.db");
    let client = ClientId(Uuid::from_u128(7));
    let call = serde_json::json!({
        "id": Uuid::from_u128(1), "revision": 2, "call_id": "a@b", "direction": "inbound", "operator": "anna",
        "caller": {"written": "89161234567", "number": "+79161234567"}, "client": client,
        "started_at": "2026-05-06T07:08:09Z", "answered_at": "2026-05-06T07:08:12Z", "ended_at": "2026-05-06T07:09:00Z",
        "transfers": [{"target": "201", "way": "return", "result": "joined", "status": 200, "seconds": 4}],
    });
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let old = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let third = connect::SQLITE_MIGRATIONS.iter().filter(|migration| migration.version <= 3).cloned();
    let third = sqlx::migrate::Migrator { migrations: third.collect(), ..sqlx::migrate::Migrator::DEFAULT };
    third.run(&old).await.unwrap();
    let sql = "INSERT INTO calls (id, revision, recorded_by, operator, client, call_id, started_at, document) \
               VALUES ('1', 2, 'anna', 'anna', $1, 'a@b', 1778051289000000, $2)";
    sqlx::query(sql).bind(client.to_string()).bind(call.to_string()).execute(&old).await.unwrap();
    old.close().await;

    let store = Store::open(&Database::Sqlite(file)).await.unwrap();
    assert!(store.has_spoken(client).await.unwrap());
    let day = jiff::civil::date(2026, 5, 6);
    let report = store.transfer_report(day, day, &jiff::tz::TimeZone::UTC).await.unwrap();
    assert_eq!(report.all.reached, 1);
    let number: Option<String> =
        sqlx::query_scalar("SELECT caller_number FROM calls").fetch_one(&store.readers).await.unwrap();
    assert_eq!(number.as_deref(), Some("+79161234567"));
    store.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A reader whose connection is still being opened or asked when its task ends would outlive the store, and fold nothing.
#[tokio::test]
async fn whoever_gives_up_a_look_up_leaves_a_log_that_is_folded_in_the_end() {
    let folder = std::env::temp_dir().join(format!("patchcord-given-up-{}", std::process::id()));
    for polls in 0..30 {
        std::fs::create_dir_all(&folder).unwrap();
        let store = Store::open(&Database::Sqlite(folder.join("desk.db"))).await.unwrap();
        let given_up = |_| {
            let (store, mut left) = (store.clone(), polls);
            let mut look_up = Box::pin(async move { store.ping().await });
            std::future::poll_fn(move |context| match left {
                0 => Poll::Ready(()),
                _ => {
                    left -= 1;
                    look_up.as_mut().poll(context).map(drop)
                }
            })
        };
        futures_util::future::join_all((0..8).map(given_up)).await;
        store.close().await;
        assert!(!folder.join("desk.db-wal").exists(), "given up at the poll {polls}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

/// A store with the sample's goods and first client, at a moment of a working day.
async fn shop(name: &str) -> (Store, Orders, ClientId, Timestamp) {
    let folder = std::env::temp_dir().join(format!("patchcord-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("desk.db");
    let _ = std::fs::remove_file(&file);
    let store = Store::open(&Database::Sqlite(file)).await.unwrap();
    let at: Timestamp = "2026-11-30T08:00:00Z".parse().unwrap();
    let today = jiff::civil::date(2026, 11, 30);
    let types = sample::usual_types();
    store.set_client_types(&types).await.unwrap();
    let people = sample::directory(&types, today);
    let (id, draft) = sample::clients(1).next().unwrap();
    let goods = sample::products(today, sample::USUAL);
    let plan = NumberingPlan::default();
    let trade = sample::trade(&draft, &sample::order_rules().route_ids());
    assert!(store.fill(&people, [(id, draft, trade)].into_iter(), &goods, &plan, at).await.unwrap());
    (store, sample::order_rules(), id, at)
}

fn command(number: u128, person: &str, at: Timestamp) -> Command<'_> {
    Command { id: Uuid::from_u128(number), person, digest: [0; 32], at }
}

/// Thirty cases, agreed to and placed.
async fn placed(store: &Store, rules: &Orders, client: ClientId, at: Timestamp) -> Order {
    let terms = store.terms(client, rules, at).await.unwrap().unwrap();
    let slot = terms.addresses[0].slots[0].slot;
    let goods = store.find_products("1001", Some(client), None, 1, rules, at).await.unwrap();
    let order = serde_json::json!({
        "id": Uuid::from_u128(77), "revision": 1, "client": client, "no_offers": true,
        "lines": [{"number": 1, "product": goods[0].product.id, "quantity": "2", "unit": "case"}],
        "delivery": {
            "address": 1, "slot": slot, "pays_on_delivery": false,
            "receiver": {"name": "Anna", "phone": "+79160000000", "may_sign": true, "confirmed": true},
        },
    });
    let mut order: Order = serde_json::from_value(order).unwrap();
    let receipt = store.write_order(&command(1, "anna", at), &order, rules).await.unwrap();
    (order.revision, order.agreed_total) = (2, Some(receipt.examined.total.gross));
    store.write_order(&command(2, "anna", at), &order, rules).await.unwrap();
    let (receipt, _) = store.place_order(&command(3, "anna", at), order.id, 2, rules).await.unwrap();
    assert_eq!(receipt.examined.faults, []);
    order
}

#[tokio::test]
async fn a_desk_that_began_empty_knows_what_it_holds_by_now() {
    let (store, ..) = shop("looked-over").await;
    store.look_over().await.unwrap();
    let sql = "SELECT COUNT(*) FROM sqlite_stat1 WHERE tbl = 'products'";
    let known: i64 = sqlx::query_scalar(sql).fetch_one(&store.readers).await.unwrap();
    assert!(known > 0);
}

/// Among all the orders of years those few are found that have something to wait for.
#[tokio::test]
async fn what_waits_is_found_without_going_through_the_orders_of_a_client() {
    let (store, _, client, _) = shop("waiting").await;
    let sql = format!("EXPLAIN QUERY PLAN {}", trade::UNDELIVERED);
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(client.to_string())
        .bind(i64::MAX)
        .bind(String::new())
        .fetch_all(&store.readers)
        .await
        .unwrap();
    let steps: Vec<String> = plan.into_iter().map(|(.., step)| step).collect();
    assert_eq!(steps, ["SEARCH orders USING INDEX orders_undelivered (client=? AND placed_at<?)"]);
}

/// Duty 8: what clients of a type buy, others of it may like; each client counts once for each product.
#[tokio::test]
async fn what_a_client_buys_for_the_first_time_counts_once() {
    let (store, rules, client, at) = shop("typical").await;
    let order = placed(&store, &rules, client, at).await;
    let again = Order { id: OrderId(Uuid::from_u128(78)), revision: 1, ..order.clone() };
    store.write_order(&command(30, "anna", at), &again, &rules).await.unwrap();
    let (receipt, is_first) = store.place_order(&command(31, "anna", at), again.id, 1, &rules).await.unwrap();
    assert!(is_first, "{:?}", receipt.examined.faults);
    // Both within one moment, and the first one once more.
    store.count_typical(&[order.id, again.id]).await.unwrap();
    store.count_typical(&[again.id]).await.unwrap();
    let counted: Vec<i64> =
        sqlx::query_scalar("SELECT clients FROM typical_products").fetch_all(&store.readers).await.unwrap();
    assert_eq!(counted, [1]);
}

/// Pays before the goods leave.
async fn prepaid(store: &Store, client: ClientId, at: Timestamp) {
    let mut trade = store.client_trade(client).await.unwrap().unwrap();
    let entity =
        serde_json::json!({"id": "ip", "name": "IP", "account": {"currency": "RUB", "terms": "prepaid"}});
    trade.entities = vec![serde_json::from_value(entity).unwrap()];
    store.write_client_trade(&command(9, "1c", at), client, &trade).await.unwrap();
}

#[tokio::test]
async fn who_has_paid_does_not_lose_the_order_because_more_is_to_be_paid() {
    let (store, rules, client, at) = shop("paid").await;
    prepaid(&store, client, at).await;
    let order = placed(&store, &rules, client, at).await;
    let act = async |number, act| {
        let act = ActOnOrder { act, reason: Some("so".into()) };
        store.act_on_order(&command(number, "anna", at), order.id, &act, |_, _| true, &rules).await.unwrap()
    };
    assert_eq!(act(20, OrderAct::Pay).await.state, OrderState::Placed);
    act(21, OrderAct::Return).await;
    let mut changed = Order { revision: 3, agreed_total: None, ..order.clone() };
    changed.lines[0].unit = crate::domain::trade::product::Unit::Piece;
    let receipt = store.write_order(&command(22, "anna", at), &changed, &rules).await.unwrap();
    (changed.revision, changed.agreed_total) = (4, Some(receipt.examined.total.gross));
    store.write_order(&command(23, "anna", at), &changed, &rules).await.unwrap();
    let (held, _) = store.place_order(&command(24, "anna", at), order.id, 4, &rules).await.unwrap();
    assert_eq!(held.state, OrderState::Held, "{:?}", held.examined.faults);
    assert_eq!(act(25, OrderAct::Release).await.state, OrderState::AwaitingPayment);
    store.tidy_orders(at + jiff::SignedDuration::from_hours(24 * 5), &rules).await.unwrap();
    let kept = store.order(order.id).await.unwrap().unwrap();
    assert_eq!(
        (kept.state, kept.number.is_some(), kept.taken_by.as_str()),
        (OrderState::Draft, true, "anna")
    );
}

/// Two cases are paid for, and then four are wanted.
#[tokio::test]
async fn a_rest_that_is_not_paid_in_time_leaves_what_was_paid_and_gives_its_goods_back() {
    let (store, rules, client, at) = shop("rest").await;
    prepaid(&store, client, at).await;
    let free = async || {
        let found = store.find_products("1001", None, None, 1, &rules, at).await.unwrap();
        found[0].available
    };
    let all = free().await;
    let taken = async || (all - free().await).normalize().to_string();
    let order = placed(&store, &rules, client, at).await;
    let may = |_: &str, _: &[Fault]| true;
    let act = async |number, act| {
        let act = ActOnOrder { act, reason: Some("so".into()) };
        store.act_on_order(&command(number, "anna", at), order.id, &act, may, &rules).await.unwrap()
    };
    let four = async |number: u128| {
        let revision = act(number, OrderAct::Change).await.revision;
        let mut changed = Order { revision: revision + 1, agreed_total: None, ..order.clone() };
        changed.lines[0].quantity = 4.into();
        let receipt = store.write_order(&command(number + 1, "anna", at), &changed, &rules).await.unwrap();
        (changed.revision, changed.agreed_total) = (revision + 2, Some(receipt.examined.total.gross));
        store.write_order(&command(number + 2, "anna", at), &changed, &rules).await.unwrap();
        let placing = command(number + 3, "anna", at);
        store.place_order(&placing, order.id, changed.revision, &rules).await.unwrap().0.state
    };
    let kept = async || {
        let kept = store.order(order.id).await.unwrap().unwrap();
        (kept.state, kept.stands, kept.order.lines[0].quantity.to_string())
    };
    let later = at + jiff::SignedDuration::from_hours(24 * 5);
    assert_eq!(act(20, OrderAct::Pay).await.state, OrderState::Placed);
    assert_eq!(taken().await, "48");

    assert_eq!(four(30).await, OrderState::AwaitingPayment);
    assert_eq!(taken().await, "96", "the rest has its goods while it may be paid");
    assert_eq!(
        kept().await,
        (OrderState::AwaitingPayment, true, "4".into()),
        "what was paid stands behind it"
    );
    store.tidy_orders(later, &rules).await.unwrap();
    assert_eq!(kept().await, (OrderState::Placed, false, "2".into()));
    assert_eq!(taken().await, "48");

    assert_eq!(four(40).await, OrderState::AwaitingPayment);
    assert_eq!(act(50, OrderAct::Cancel).await.state, OrderState::Placed);
    assert_eq!((kept().await, taken().await), ((OrderState::Placed, false, "2".into()), "48".into()));

    assert_eq!(four(60).await, OrderState::AwaitingPayment);
    assert_eq!(act(70, OrderAct::Pay).await.state, OrderState::Placed);
    store.tidy_orders(later, &rules).await.unwrap();
    assert_eq!((kept().await, taken().await), ((OrderState::Placed, false, "4".into()), "96".into()));
}

#[tokio::test]
async fn a_change_that_nobody_finishes_leaves_what_was_placed() {
    let (store, rules, client, at) = shop("unfinished").await;
    let order = placed(&store, &rules, client, at).await;
    let change = ActOnOrder { act: OrderAct::Change, reason: None };
    store.act_on_order(&command(4, "boris", at), order.id, &change, |_, _| true, &rules).await.unwrap();
    let mut changed = Order { revision: 3, note: Some("asks for more".into()), ..order.clone() };
    changed.agreed_total = None;
    store.write_order(&command(5, "boris", at), &changed, &rules).await.unwrap();
    store.tidy_orders(at + jiff::SignedDuration::from_mins(29), &rules).await.unwrap();
    assert_eq!(store.order(order.id).await.unwrap().unwrap().state, OrderState::Draft);
    store.tidy_orders(at + jiff::SignedDuration::from_mins(31), &rules).await.unwrap();
    let kept = store.order(order.id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.stands, kept.order.revision), (OrderState::Placed, false, 4));
    assert_eq!((kept.order.note, kept.order.lines == order.lines), (None, true));
    let terms = store.terms(client, &rules, at).await.unwrap().unwrap();
    assert!(
        terms.payers[0].standing.as_ref().unwrap().credit_left < Some(Money::from_hundredths(15_500_000)),
        "it counts still"
    );
    let late = store.write_order(&command(6, "boris", at), &Order { revision: 4, ..changed }, &rules).await;
    assert!(matches!(late, Err(WriteError::RevisionConflict)), "{late:?}");
}

#[tokio::test]
async fn a_change_that_nobody_releases_before_the_cut_off_leaves_what_was_placed() {
    let (store, rules, client, at) = shop("unreleased").await;
    let order = placed(&store, &rules, client, at).await;
    let change = ActOnOrder { act: OrderAct::Change, reason: None };
    store.act_on_order(&command(4, "anna", at), order.id, &change, |_, _| true, &rules).await.unwrap();
    let mut changed = Order { revision: 3, ..order.clone() };
    // Less than the lorry goes for.
    changed.lines[0].unit = crate::domain::trade::product::Unit::Piece;
    changed.agreed_total = None;
    let receipt = store.write_order(&command(5, "anna", at), &changed, &rules).await.unwrap();
    (changed.revision, changed.agreed_total) = (4, Some(receipt.examined.total.gross));
    store.write_order(&command(6, "anna", at), &changed, &rules).await.unwrap();
    let (receipt, _) = store.place_order(&command(7, "anna", at), order.id, 4, &rules).await.unwrap();
    assert_eq!(receipt.state, OrderState::Held, "{:?}", receipt.examined.faults);
    store.tidy_orders(at + jiff::SignedDuration::from_mins(31), &rules).await.unwrap();
    assert_eq!(store.order(order.id).await.unwrap().unwrap().state, OrderState::Held);
    store.tidy_orders(at + jiff::SignedDuration::from_hours(12), &rules).await.unwrap();
    let kept = store.order(order.id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.stands, kept.held_for), (OrderState::Placed, false, vec![]));
    assert!(kept.order.lines == order.lines);
}

#[tokio::test]
async fn who_does_not_pay_in_time_has_no_order_and_keeps_no_goods() {
    let (store, rules, client, at) = shop("unpaid").await;
    prepaid(&store, client, at).await;
    let free = async || {
        let found = store.find_products("1001", None, None, 1, &rules, at).await.unwrap();
        found[0].available
    };
    let before = free().await;
    let order = placed(&store, &rules, client, at).await;
    assert_eq!(store.order(order.id).await.unwrap().unwrap().state, OrderState::AwaitingPayment);
    assert_eq!(before - free().await, rust_decimal::Decimal::from(48));
    store.tidy_orders(at + jiff::SignedDuration::from_hours(71), &rules).await.unwrap();
    assert_eq!(store.order(order.id).await.unwrap().unwrap().state, OrderState::AwaitingPayment);
    store.tidy_orders(at + jiff::SignedDuration::from_hours(73), &rules).await.unwrap();
    let kept = store.order(order.id).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.history.last().unwrap().by.as_str()), (OrderState::Cancelled, "desk"));
    assert_eq!(free().await, before);
}

#[tokio::test]
async fn a_year_of_orders_makes_habits_and_leaves_every_index() {
    let (store, rules, id, at) = shop("history").await;
    let indices = || async {
        let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&store.readers).await.unwrap()
    };
    let before = indices().await;
    let today = jiff::civil::date(2026, 11, 30);
    let goods = sample::products(today, sample::USUAL);
    let history = sample::History::new(sample::clients(1), &goods, &[], 700, today);
    store.fill_history(&history).await.unwrap();
    assert_eq!(indices().await, before);
    let terms = store.terms(id, &rules, at).await.unwrap().unwrap();
    assert!(terms.habits.len() > 10, "{}", terms.habits.len());
    assert_eq!(terms.orders.len(), 5);
    assert!(terms.typical.len() > 10, "clients of this type buy it");
}

/// PostgreSQL chooses its indices by that, and nobody else looks into a transaction.
#[tokio::test]
async fn who_fills_a_database_tells_it_how_much_that_is_while_it_does() {
    let Some(empty) = Empty::postgres("growth") else { return };
    let store = empty.open().await;
    let at: Timestamp = "2026-11-30T08:00:00Z".parse().unwrap();
    let types = sample::usual_types();
    store.set_client_types(&types).await.unwrap();
    let today = jiff::civil::date(2026, 11, 30);
    let (people, goods) = (sample::directory(&types, today), sample::products(today, 700));
    let routes = sample::order_rules().route_ids();
    let clients = sample::clients(700).map(|(id, draft)| {
        let trade = sample::trade(&draft, &routes);
        (id, draft, trade)
    });
    assert!(store.fill(&people, clients, &goods, &NumberingPlan::default(), at).await.unwrap());
    for table in ["clients", "client_phones", "products", "search_items"] {
        let sql = "SELECT CAST(reltuples AS BIGINT) FROM pg_class WHERE relname = $1";
        let known: i64 = sqlx::query_scalar(sql).bind(table).fetch_one(&store.readers).await.unwrap();
        assert!(known >= 500, "{table}: {known}");
    }
    store.close().await;
}

/// The telephone rings while an import writes, and everybody's drafts wait for it.
#[tokio::test]
async fn a_look_up_is_answered_at_once_however_many_writes_wait() {
    for empty in Empty::on_each("writes") {
        let store = empty.open().await;
        let first = store.begin().await.unwrap();
        let write = |_| {
            let store = store.clone();
            tokio::spawn(async move { store.begin().await?.commit().await.map_err(StoreError::from) })
        };
        let waiting: Vec<_> = (0..40).map(write).collect();
        while store.writer.size() < store.writer.options().get_max_connections()
            || store.writer.num_idle() > 0
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let plan = NumberingPlan::default();
        let number = plan.look_up_key("89160000001").unwrap();
        let at_once = std::time::Duration::from_secs(1);
        let found = tokio::time::timeout(at_once, store.clients_by_number(number, &plan, 5)).await;
        assert!(matches!(found, Ok(Ok(_))), "{:?}", empty.database);
        first.commit().await.unwrap();
        for write in waiting {
            write.await.unwrap().unwrap();
        }
        store.close().await;
    }
}

#[tokio::test]
async fn nothing_is_written_by_whoever_only_looks() {
    for empty in Empty::on_each("reader") {
        let store = empty.open().await;
        let written =
            sqlx::query("INSERT INTO facts (name, value) VALUES ('a', 'b')").execute(&store.readers);
        let refused = StoreError::from(written.await.unwrap_err());
        assert_eq!(refused.trouble(), Trouble::TakesNoWrites, "{:?}", empty.database);
        store.close().await;
    }
}

/// Clients and goods of the sample, with their keys.
async fn searchable(store: &Store) {
    let at: Timestamp = "2026-11-30T08:00:00Z".parse().unwrap();
    let types = sample::usual_types();
    store.set_client_types(&types).await.unwrap();
    let today = jiff::civil::date(2026, 11, 30);
    let (people, goods) = (sample::directory(&types, today), sample::products(today, 30));
    let clients = sample::clients(30).map(|(id, draft)| (id, draft, Default::default()));
    assert!(store.fill(&people, clients, &goods, &NumberingPlan::default(), at).await.unwrap());
    for kind in [Kind::Client, Kind::Product] {
        assert!(store.make_keys(kind, usize::MAX).await.unwrap());
    }
}

/// An import writes for minutes: a desk that begins meanwhile finds that all have their keys, and serves.
#[tokio::test]
async fn a_desk_that_begins_beside_one_that_writes_waits_for_nobody() {
    for empty in Empty::on_each("begins_beside") {
        let store = empty.open().await;
        searchable(&store).await;
        let writes = store.begin().await.unwrap();
        for kind in [Kind::Client, Kind::Product] {
            let looked =
                tokio::time::timeout(std::time::Duration::from_secs(1), store.make_keys(kind, 1)).await;
            assert!(matches!(looked, Ok(Ok(true))), "{:?}", empty.database);
        }
        writes.commit().await.unwrap();
        store.close().await;
    }
}

/// How many have keys of this version.
async fn with_keys(store: &Store, kind: i64) -> i64 {
    let count = sqlx::query_scalar(search::WITH_KEYS).bind(kind).bind(crate::domain::search::KEYS_VERSION);
    count.fetch_one(&store.readers).await.unwrap()
}

/// A desk of another version wrote beside this one, numbers are read by another plan, or the making of keys was ended half-way.
#[tokio::test]
async fn whoever_lost_their_keys_has_them_again_after_the_next_start() {
    for empty in Empty::on_each("lost_keys") {
        let store = empty.open().await;
        searchable(&store).await;
        for lost in [
            "DELETE FROM search_items WHERE number = (SELECT MAX(number) FROM search_items WHERE kind = $1)",
            "UPDATE search_items SET version = version - 1 \
             WHERE number = (SELECT MIN(number) FROM search_items WHERE kind = $1)",
            "UPDATE search_items SET version = 0 WHERE kind = $1",
        ] {
            for (number, kind) in [(0_i64, Kind::Client), (1, Kind::Product)] {
                sqlx::query(lost).bind(number).execute(&store.writer).await.unwrap();
                assert!(with_keys(&store, number).await < 30);
                assert!(store.make_keys(kind, usize::MAX).await.unwrap());
                assert_eq!(with_keys(&store, number).await, 30, "{lost}");
            }
        }
        store.close().await;
    }
}

/// At a million that takes seconds of each start. Here one has no keys and another's stand for two, which no desk writes:
/// whoever looked through them would see it.
#[tokio::test]
async fn a_desk_that_begins_does_not_look_through_clients_who_all_have_their_keys() {
    for empty in Empty::on_each("counted_keys") {
        let store = empty.open().await;
        searchable(&store).await;
        for (number, kind) in [(0_i64, Kind::Client), (1, Kind::Product)] {
            let sql = "UPDATE search_items SET id = 'x' WHERE number = (SELECT MIN(number) FROM search_items WHERE kind = $1)";
            sqlx::query(sql).bind(number).execute(&store.writer).await.unwrap();
            assert!(store.make_keys(kind, usize::MAX).await.unwrap());
            assert_eq!(with_keys(&store, number).await, 30, "nobody was looked through");
        }
        if empty.postgres.is_none() {
            let sql = format!("EXPLAIN QUERY PLAN {}", search::WITH_KEYS);
            let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
                .bind(0_i64)
                .bind(0_i64)
                .fetch_all(&store.readers)
                .await
                .unwrap();
            let steps: Vec<String> = plan.into_iter().map(|(.., step)| step).collect();
            let step =
                "SEARCH search_items USING COVERING INDEX search_items_by_version (kind=? AND version=?)";
            assert_eq!(steps, [step], "not a key is read");
        }
        store.close().await;
    }
}

/// Text of everything in a table that had these columns, row by row; the same on both databases.
async fn rows(db: &sqlx::AnyPool, is_sqlite: bool, table: &str, columns: &[String]) -> Vec<String> {
    let quoted = columns.iter().map(|column| match is_sqlite {
        true => format!("quote({column})"),
        false => format!("COALESCE(CAST({column} AS TEXT), 'NULL')"),
    });
    let sql = format!(
        "SELECT {} AS line FROM {table} ORDER BY line",
        quoted.collect::<Vec<_>>().join(" || '|' || ")
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(db).await.unwrap()
}

async fn tables(db: &sqlx::AnyPool, is_sqlite: bool) -> Vec<(String, Vec<String>)> {
    let sql = match is_sqlite {
        true => {
            "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p \
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx%'"
        }
        false => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns \
                  WHERE table_schema = 'public' AND table_name NOT LIKE '_sqlx%'"
        }
    };
    let columns: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(db).await.unwrap();
    let mut tables: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    for (table, column) in columns {
        tables.entry(table).or_default().push(column);
    }
    tables.into_iter().collect()
}

/// One row in each table that there is, as a desk of that version wrote it.
async fn write_a_row_everywhere(db: &sqlx::AnyPool, tables: &[(String, Vec<String>)]) {
    let client_type = r#"{"id":"market","names":{"en":"market trader"}}"#;
    let client = r#"{"name":"Кафе","client_type":"market","phones":["+79160000001"],"manager":"anna"}"#;
    let person = r#"{"id":"anna","name":"Anna","job":"manager","department":"one"}"#;
    let call = r#"{"id":"00000000-0000-0000-0000-000000000001","revision":1,"call_id":"a@b","direction":"inbound","operator":"anna","caller":{"written":"1","number":"+79160000001"},"client":"00000000-0000-0000-0000-000000000007","started_at":"2026-05-06T07:08:09Z","answered_at":"2026-05-06T07:08:12Z","ended_at":"2026-05-06T07:09:00Z"}"#;
    let product = r#"{"id":"00000000-0000-0000-0000-000000000009","code":"T1","name":"Tea","packings":[{"unit":"piece","holds":"1"}],"tax_kind":"food"}"#;
    let trade = r#"{"entities":[],"addresses":[],"permissions":["alcohol"],"contract_prices":{}}"#;
    let order = r#"{"id":"00000000-0000-0000-0000-000000000008","revision":1,"client":"00000000-0000-0000-0000-000000000007","lines":[{"number":1,"product":"00000000-0000-0000-0000-000000000009","quantity":"2","unit":"piece"}]}"#;
    let examined =
        r#"{"lines":[],"total":{"net":"0","tax":"0","gross":"0"},"most":"0","columns":[],"faults":[]}"#;
    let (c, p, o) = (
        "'00000000-0000-0000-0000-000000000007'",
        "'00000000-0000-0000-0000-000000000009'",
        "'00000000-0000-0000-0000-000000000008'",
    );
    // One that was placed with something to wait for, and one that stands so while its change is written.
    let waiting = order
        .replace(r#""unit":"piece"}"#, r#""unit":"piece","settled":{"how":"wait","until":"2026-05-08"}}"#);
    let (waits, changed) =
        ("'00000000-0000-0000-0000-000000000018'", "'00000000-0000-0000-0000-000000000028'");
    let given_in = "id, revision, recorded_by, client, state, changed_at, placed_at, total, document, examined, \
                    held_for, placed, history";
    // In the order in which rows refer to each other.
    let rows = [
        ("client_types", format!("'market', 0, '{client_type}'"), "id, position, document"),
        ("departments", r#"'one', 0, '{"id":"one","names":{"en":"One"}}'"#.into(), "id, position, document"),
        ("people", format!("'anna', 0, '{person}'"), "id, position, document"),
        (
            "clients",
            format!("{c}, 'Кафе', 'кафе', 'market', 'anna', 'one', '{client}', 1778051289000000"),
            "id, name, search_name, client_type, manager, department, document, updated_at",
        ),
        ("client_phones", format!("79160000001, {c}, 0"), "number, client, position"),
        ("facts", "'numbering_plan', 'another'".into(), "name, value"),
        (
            "handovers",
            "'1', 1, 'anna', '201', '+79160000001', 1, '{}'".into(),
            "id, revision, recorded_by, target, number, written_at, document",
        ),
        (
            "products",
            format!("{p}, 'T1', '{product}', '{}', 1", r#"{"columns":{"1":"10.50"}}"#),
            "id, code, document, prices, updated_at",
        ),
        ("product_words", format!("'tea', {p}, 1"), "word, product, weight"),
        ("batches", format!("{p}, 'A', '2027-01-01', 5000"), "product, id, expires, quantity"),
        ("client_trade", format!("{c}, '{trade}'"), "client, document"),
        ("contract_prices", format!("{c}, {p}, '9.90'"), "client, product, price"),
        ("typical_products", format!("'market', {p}, 3"), "client_type, product, clients"),
        (
            "orders",
            format!("{o}, 1, 'anna', {c}, 'draft', 1, 0, '{order}', '{examined}', '[]', '[]'"),
            "id, revision, recorded_by, client, state, changed_at, total, document, examined, held_for, history",
        ),
        (
            "orders",
            format!(
                "{waits}, 1, 'anna', {c}, 'placed', 1, 1, 0, '{waiting}', '{examined}', '[]', NULL, '[]'"
            ),
            given_in,
        ),
        (
            "orders",
            format!(
                "{changed}, 2, 'anna', {c}, 'draft', 1, 2, 0, '{order}', '{examined}', '[]', '{{\"order\":{waiting},\
                 \"examined\":{examined},\"state\":\"placed\"}}', '[]'"
            ),
            given_in,
        ),
        ("order_numbers", "'0'".into(), "order_id"),
        (
            "order_lines",
            format!("{o}, 1, {c}, {p}, '2', 'piece', '2026-05-06'"),
            "order_id, line, client, product, quantity, unit, placed_on",
        ),
        ("reservations", format!("{o}, {p}, 'A', 2000, 1"), "order_id, product, batch, quantity, kept_until"),
        ("holds", format!("{o}, {c}, 'itself', 100, 1"), "order_id, client, payer, amount, kept_until"),
        ("company_clients", format!("'K1', {c}"), "own_id, client"),
    ];
    for (table, values, columns) in rows {
        if tables.iter().any(|(known, _)| known == table) {
            let sql = format!("INSERT INTO {table} ({columns}) VALUES ({values})");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(db)
                .await
                .unwrap_or_else(|error| panic!("{table}: {error}"));
        }
    }
    let has_columns = tables
        .iter()
        .any(|(table, columns)| table == "calls" && columns.iter().any(|column| column == "was_spoken"));
    let (more, values) = if has_columns {
        (", caller_number, was_spoken, transfers", ", '+79160000001', 1, 0")
    } else {
        ("", "")
    };
    let sql = format!(
        "INSERT INTO calls (id, revision, recorded_by, operator, client, call_id, started_at, document{more}) VALUES \
         ('00000000-0000-0000-0000-000000000001', 1, 'anna', 'anna', {c}, 'a@b', 1778051289000000, '{call}'{values})"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(db).await.unwrap();
    let token = "INSERT INTO tokens (hash, person, role, created_at) VALUES ($1, 'anna', 'operator', 1)";
    sqlx::query(token).bind(vec![7_u8; 32]).execute(db).await.unwrap();
    let command =
        "INSERT INTO commands (id, person, digest, answer, done_at) VALUES ('1', 'anna', $1, '{}', 1)";
    sqlx::query(command).bind(vec![9_u8; 32]).execute(db).await.unwrap();
}

/// A desk is updated from any version, with its company's data in it; on both databases.
#[tokio::test]
async fn what_each_earlier_version_kept_is_there_after_the_update() {
    sqlx::any::install_default_drivers();
    let folder = std::env::temp_dir().join(format!("patchcord-versions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let socket = std::env::var("PATCHCORD_TEST_POSTGRES").ok();
    let migrators = [(true, &connect::SQLITE_MIGRATIONS), (false, &connect::POSTGRES_MIGRATIONS)];
    for (is_sqlite, migrations) in migrators {
        if !is_sqlite && socket.is_none() {
            continue;
        }
        for version in migrations.iter().map(|migration| migration.version) {
            let name = format!("patchcord_version_{version}_{}", std::process::id());
            let postgres = |program: &str| {
                let socket = socket.as_deref().unwrap_or_default();
                let done =
                    std::process::Command::new(program).args(["-h", socket, "-U", "desk", &name]).status();
                assert!(done.unwrap().success());
            };
            let file = folder.join(&name);
            let database = if is_sqlite {
                std::fs::write(&file, []).unwrap();
                Database::Sqlite(file.clone())
            } else {
                postgres("createdb");
                let socket = socket.as_deref().unwrap_or_default().replace('/', "%2F");
                Database::parse(&format!("postgres://desk@{socket}/{name}")).unwrap()
            };
            let old = sqlx::AnyPool::connect(&database.address()).await.unwrap();
            let until = migrations.iter().filter(|migration| migration.version <= version).cloned();
            let until =
                sqlx::migrate::Migrator { migrations: until.collect(), ..sqlx::migrate::Migrator::DEFAULT };
            until.run(&old).await.unwrap();
            let tables = tables(&old, is_sqlite).await;
            write_a_row_everywhere(&old, &tables).await;
            let mut before = Vec::new();
            for (table, columns) in &tables {
                let kept = rows(&old, is_sqlite, table, columns).await;
                before.push((table, columns, kept));
            }
            old.close().await;

            let store = Store::open(&database).await.unwrap();
            // Words that goods are found by are made anew.
            let kept = before.into_iter().filter(|(table, ..)| *table != "product_words");
            for (table, columns, kept) in kept {
                let now = rows(&store.readers, is_sqlite, table, columns).await;
                assert_eq!(now, kept, "{table} after version {version}");
            }
            store.index_by(&NumberingPlan::default()).await.unwrap();
            store.make_keys(Kind::Product, usize::MAX).await.unwrap();
            let plan = NumberingPlan::default();
            let number = plan.look_up_key("89160000001").unwrap();
            let found = store.clients_by_number(number, &plan, 5).await.unwrap();
            assert_eq!(
                found.iter().map(|card| card.name.as_str()).collect::<Vec<_>>(),
                ["Кафе"],
                "{version}"
            );
            assert!(store.has_spoken(ClientId(Uuid::from_u128(7))).await.unwrap());
            assert_eq!(store.bearer([7; 32]).await.unwrap().unwrap().person, "anna");
            if tables.iter().any(|(table, _)| table == "orders") {
                let entry = store.order(crate::desk_api::OrderId(Uuid::from_u128(8))).await.unwrap().unwrap();
                assert_eq!((entry.state, entry.order.lines.len()), (OrderState::Draft, 1));
                let kept = tables.iter().find(|(table, _)| table == "orders");
                let knew = kept.is_some_and(|(_, columns)| columns.iter().any(|c| c == "undelivered"));
                let sql = "SELECT undelivered FROM orders ORDER BY id";
                let undelivered: Vec<Option<String>> =
                    sqlx::query_scalar(sql).fetch_all(&store.readers).await.unwrap();
                let lines = |text: &Option<String>| -> Vec<crate::domain::trade::order::OrderLine> {
                    text.as_deref().map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default()
                };
                let waits: Vec<usize> = undelivered
                    .iter()
                    .map(|text| lines(text).iter().filter(|l| !l.is_delivered()).count())
                    .collect();
                // What a version wrote that knew of it has it already.
                assert!(knew || waits == [0, 1, 1], "version {version}: {undelivered:?}");
                let rules = sample::order_rules();
                let at = "2026-11-30T08:00:00Z".parse().unwrap();
                let goods = store.find_products("tea", None, None, 5, &rules, at).await.unwrap();
                assert_eq!(goods[0].available, rust_decimal::Decimal::from(5));
            }
            store.close().await;
            if !is_sqlite {
                postgres("dropdb");
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// What was released once is not written anew: a database that has it would be refused.
#[test]
fn released_migrations_stay_as_they_are() {
    let sums = |migrator: &sqlx::migrate::Migrator| -> Vec<(i64, String)> {
        let short = |sum: &[u8]| sum.iter().take(4).map(|octet| format!("{octet:02x}")).collect();
        migrator.iter().map(|migration| (migration.version, short(&migration.checksum))).collect()
    };
    let sqlite = [
        (1, "51e76c21"),
        (2, "4249d32b"),
        (3, "ad53b1aa"),
        (4, "5ba4bc05"),
        (5, "6a8fa084"),
        (6, "268a4627"),
        (7, "295528c7"),
        (8, "e193336a"),
        (10, "e9f7b892"),
        (11, "592cfd67"),
    ];
    let postgres = [
        (1, "79b43219"),
        (2, "0104dfe0"),
        (3, "24d5ef45"),
        (4, "0f767b23"),
        (5, "0240d510"),
        (7, "71a56eb7"),
        (8, "592cfd67"),
    ];
    for (migrator, known) in
        [(&connect::SQLITE_MIGRATIONS, &sqlite[..]), (&connect::POSTGRES_MIGRATIONS, &postgres[..])]
    {
        let now = sums(migrator);
        for (version, sum) in known {
            assert!(now.contains(&(*version, (*sum).to_owned())), "{version} was {sum}: {now:?}");
        }
    }
}
