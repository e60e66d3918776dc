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
