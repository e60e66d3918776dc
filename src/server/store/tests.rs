use super::*;

#[test]
fn a_database_is_named_by_its_kind_and_file() {
    assert_eq!(DatabaseFile::parse("sqlite:a b/desk.db"), Ok(DatabaseFile("a b/desk.db".into())));
    assert_eq!(DatabaseFile::parse("sqlite:///var/desk.db"), Ok(DatabaseFile("/var/desk.db".into())));
    assert_eq!(DatabaseFile::parse("postgres://db/desk"), Err(DatabaseProblem::NotYet));
    assert_eq!(DatabaseFile::parse("desk.db"), Err(DatabaseProblem::NoSuchKind));
    assert_eq!(DatabaseFile::parse("sqlite:"), Err(DatabaseProblem::NoFile));
    assert_eq!(DatabaseFile::parse("sqlite::memory:"), Err(DatabaseProblem::NoFile));
}
