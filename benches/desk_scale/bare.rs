//! The same statements without a desk: what the database itself takes.

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

use super::desks::Database;
use super::load::{Figures, now};

/// Clients and words that are asked for.
pub struct Sample {
    /// With a number; from everywhere.
    pub phones: Vec<String>,
    /// As often as they order.
    pub clients: Vec<Client>,
    /// Beginnings of words in names of clients, and of products, as they are typed.
    pub names: Vec<String>,
    pub words: Vec<String>,
}

pub struct Client {
    pub id: String,
    pub client_type: String,
}

impl Sample {
    pub async fn of(database: &Database) -> Self {
        let mut db = connect(database).await;
        let (mut phones, mut clients) = (Vec::new(), Vec::new());
        let (first, last): (i64, i64) = sqlx::query_as("SELECT MIN(number), MAX(number) FROM client_phones")
            .fetch_one(&mut db)
            .await
            .unwrap();
        for number in 0..2000 {
            let from = first + (mix(number) % (last - first).unsigned_abs()).cast_signed();
            let sql = "SELECT number FROM client_phones WHERE number >= $1 ORDER BY number LIMIT 1";
            let phone: i64 = sqlx::query_scalar(sql).bind(from).fetch_one(&mut db).await.unwrap();
            phones.push(format!("+{phone}"));
        }
        let sql = "SELECT MIN(placed_at), MAX(placed_at) FROM orders WHERE changed_at > 0";
        let (first, last): (i64, i64) = sqlx::query_as(sql).fetch_one(&mut db).await.unwrap();
        for number in 0..2000 {
            let from = first + (mix(number + 5000) % (last - first).unsigned_abs()).cast_signed();
            let sql = "SELECT o.client, c.client_type FROM orders o JOIN clients c ON c.id = o.client \
                       WHERE o.changed_at >= $1 ORDER BY o.changed_at LIMIT 1";
            let found: Option<(String, String)> =
                sqlx::query_as(sql).bind(from).fetch_optional(&mut db).await.unwrap();
            clients.extend(found.map(|(id, client_type)| Client { id, client_type }));
        }
        let begun = |words: &[&str]| {
            let begin = |word: &str, letters: usize| word.chars().take(letters).collect::<String>();
            words.iter().flat_map(|word| (2..=6).map(move |letters| begin(word, letters))).collect()
        };
        Self {
            phones,
            clients,
            names: begun(&["магазин", "берёзка", "абрамов", "восход", "12345", "한빛상회"]),
            words: begun(&["чай чёрн", "кофе", "рис", "печенье", "масло", "10457", "сыр росс"]),
        }
    }
}

/// Spread evenly, and the same each time.
pub fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 31)
}

async fn connect(database: &Database) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let url = database.url().replace("sqlite:", "sqlite://");
    let options = AnyConnectOptions::from_url(&url.parse().unwrap()).unwrap().disable_statement_logging();
    let mut db = AnyConnection::connect_with(&options).await.unwrap();
    let session = match database.kind() {
        "sqlite" => "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL",
        _ => "SET synchronous_commit = on",
    };
    sqlx::raw_sql(session).execute(&mut db).await.unwrap();
    db
}

pub async fn measure(database: &Database, sample: &Sample, times: usize, figures: &mut Figures) {
    let mut db = connect(database).await;
    for phone in sample.phones.iter().take(times) {
        let began = now();
        let sql = "SELECT c.id, c.document, t.document FROM client_phones f JOIN clients c ON c.id = f.client \
                   JOIN client_types t ON t.id = c.client_type WHERE f.number = $1 LIMIT 20";
        let number: i64 = phone[1..].parse().unwrap();
        sqlx::query(sql).bind(number).fetch_all(&mut db).await.unwrap();
        figures.add("look-up by phone", began.elapsed());
    }
    // Names and articles as the desk keeps them for what is typed.
    let keys = [(11, "qai"), (11, "kofe"), (11, "ris"), (11, "peqen"), (11, "masl"), (10, "1004")];
    for (place, key) in keys.iter().cycle().take(times) {
        let began = now();
        let sql = "SELECT i.id FROM search_keys k JOIN search_items i ON i.number = k.item \
                   WHERE k.place = $1 AND k.key >= $2 AND k.key < $3 ORDER BY k.key, k.item LIMIT 20";
        let found = sqlx::query(sql).bind(*place).bind(*key).bind(format!("{key}\u{10ffff}"));
        let found = found.fetch_all(&mut db).await.unwrap();
        goods(&mut db, &found.iter().map(|row| row.get(0)).collect::<Vec<_>>()).await;
        figures.add("product as typed", began.elapsed());
    }
    let mut bought = Vec::new();
    for client in sample.clients.iter().take(times) {
        let began = now();
        bought = terms(&mut db, client).await;
        figures.add("terms and offers", began.elapsed());
    }
    for (number, client) in sample.clients.iter().take(times).enumerate() {
        let began = now();
        place(&mut db, client, &bought, number).await;
        figures.add("placing, on disk", began.elapsed());
    }
    db.close().await.unwrap();
}

async fn goods(db: &mut AnyConnection, ids: &[String]) {
    let list = ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
    let list = if list.is_empty() { "''".to_owned() } else { list };
    for sql in [
        format!("SELECT id, document, prices FROM products WHERE id IN ({list})"),
        format!(
            "SELECT b.product, b.id, b.expires, CAST(b.quantity - COALESCE((SELECT SUM(r.quantity) FROM reservations r \
             WHERE r.product = b.product AND r.batch = b.id), 0) AS BIGINT) FROM batches b WHERE b.product IN ({list})"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *db).await.unwrap();
    }
}

async fn terms(db: &mut AnyConnection, client: &Client) -> Vec<String> {
    for sql in [
        "SELECT document FROM clients WHERE id = $1",
        "SELECT document FROM client_trade WHERE client = $1",
        "SELECT document, examined, state FROM orders WHERE client = $1 AND placed_at IS NOT NULL AND state <> 'draft' \
         ORDER BY placed_at DESC LIMIT 5",
        "SELECT payer, CAST(SUM(amount) AS BIGINT) FROM holds WHERE client = $1 GROUP BY payer",
        "SELECT product, price FROM contract_prices WHERE client = $1",
    ] {
        sqlx::query(sql).bind(&client.id).fetch_all(&mut *db).await.unwrap();
    }
    let sql = "SELECT product, placed_on, quantity, unit FROM order_lines WHERE client = $1 AND placed_on >= '2000'";
    let lines = sqlx::query(sql).bind(&client.id).fetch_all(&mut *db).await.unwrap();
    let sql =
        "SELECT product FROM typical_products WHERE client_type = $1 ORDER BY clients DESC, product LIMIT 20";
    let typical = sqlx::query(sql).bind(&client.client_type).fetch_all(&mut *db).await.unwrap();
    let mut products: Vec<String> = lines.iter().chain(&typical).map(|row| row.get(0)).collect();
    products.sort();
    products.dedup();
    goods(db, &products).await;
    products
}

async fn place(db: &mut AnyConnection, client: &Client, products: &[String], number: usize) {
    let (id, document) = (format!("{:016x}-bare", mix(number as u64)), "x".repeat(1500));
    let mut tx = db.begin().await.unwrap();
    sqlx::query("DELETE FROM orders WHERE id = $1").bind(&id).execute(&mut *tx).await.unwrap();
    let sql = "INSERT INTO orders (id, revision, recorded_by, client, state, changed_at, placed_at, total, document, \
               examined, held_for, history) VALUES ($1, 1, 'bare', $2, 'closed', 1, 1, 1, $3, $3, '[]', '[]')";
    sqlx::query(sql).bind(&id).bind(&client.id).bind(&document).execute(&mut *tx).await.unwrap();
    for (line, product) in (0..8).zip(products) {
        let sql = "INSERT INTO order_lines (order_id, line, client, product, quantity, unit, placed_on) \
                   VALUES ($1, $2, $3, $4, '1', 'case', '1999-01-01')";
        sqlx::query(sql).bind(&id).bind(line).bind(&client.id).bind(product).execute(&mut *tx).await.unwrap();
        let sql = "INSERT INTO reservations (order_id, product, batch, quantity, kept_until) VALUES ($1, $2, 'Z', 1, 1)";
        sqlx::query(sql).bind(&id).bind(product).execute(&mut *tx).await.unwrap();
    }
    let sql = "INSERT INTO holds (order_id, client, payer, amount, kept_until) VALUES ($1, $2, '', 0, 1)";
    sqlx::query(sql).bind(&id).bind(&client.id).execute(&mut *tx).await.unwrap();
    let sql = "INSERT INTO commands (id, person, digest, answer, done_at) VALUES ($1, 'bare', $2, $3, 1)";
    sqlx::query(sql).bind(&id).bind(vec![0u8; 32]).bind(&document).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    for sql in [
        "DELETE FROM order_lines WHERE order_id = $1",
        "DELETE FROM reservations WHERE order_id = $1",
        "DELETE FROM holds WHERE order_id = $1",
        "DELETE FROM commands WHERE id = $1",
        "DELETE FROM orders WHERE id = $1",
    ] {
        sqlx::query(sql).bind(&id).execute(&mut *db).await.unwrap();
    }
}
