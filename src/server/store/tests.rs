use super::*;

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
