//! Accounts of the page, and their sessions as hashes.

use jiff::{SignedDuration, Timestamp};

use super::{Store, micros};
use crate::desk_api::Role;
use crate::server::store::{Bearer, StoreError};

/// Without an act of its person a session ends after this. The page stands open beside other work, and shows who is passed on
/// when the telephone rings: it has to outlive a meeting.
const IDLE: SignedDuration = SignedDuration::from_hours(4);
/// When its person was there last is written so often.
const TOUCH: SignedDuration = SignedDuration::from_mins(1);
/// And after this whatever its person does: a working day.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// A browser is known for so long as one that this person has used.
const KNOWN: SignedDuration = SignedDuration::from_hours(90 * 24);

/// An account as `patchcord-desk account list` shows it.
pub(crate) struct Account {
    pub person: String,
    pub role: Role,
    pub is_disabled: bool,
    pub created_at: Timestamp,
}

impl Store {
    /// False: there is one already.
    pub async fn add_account(
        &self,
        bearer: &Bearer,
        password: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO accounts (person, role, password, disabled, created_at) VALUES ($1, $2, $3, 0, $4) \
                   ON CONFLICT (person) DO NOTHING";
        let query = sqlx::query(sql).bind(&bearer.person).bind(bearer.role.as_str()).bind(password);
        Ok(query.bind(micros(at)).execute(&self.writer).await?.rows_affected() > 0)
    }

    /// In the order of their names.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let sql = "SELECT person, role, disabled, created_at FROM accounts ORDER BY person";
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(sql).fetch_all(&self.readers).await?;
        let account = |(person, role, disabled, at): (String, String, i64, i64)| {
            let created_at = Timestamp::from_microsecond(at).unwrap_or_default();
            Some(Account { person, role: Role::parse(&role)?, is_disabled: disabled != 0, created_at })
        };
        Ok(rows.into_iter().filter_map(account).collect())
    }

    /// A new password opens a disabled account, and ends all that the old one began. False: no such account.
    pub async fn set_password(&self, person: &str, password: &str) -> Result<bool, StoreError> {
        self.change_account(
            "UPDATE accounts SET password = $2, disabled = 0 WHERE person = $1",
            person,
            password,
        )
        .await
    }

    /// Nobody logs in to it, and whoever is in is out. False: no such account.
    pub async fn disable_account(&self, person: &str) -> Result<bool, StoreError> {
        self.change_account("UPDATE accounts SET disabled = 1 WHERE person = $1 AND $2 = $2", person, "")
            .await
    }

    async fn change_account(&self, sql: &'static str, person: &str, value: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(sql).bind(person).bind(value).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM sessions WHERE person = $1").bind(person).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// What somebody who logs in is checked by; none: no account that anybody may log in to.
    pub async fn password_of(&self, person: &str) -> Result<Option<(Bearer, String)>, StoreError> {
        let sql = "SELECT role, password FROM accounts WHERE person = $1 AND disabled = 0";
        let row: Option<(String, String)> =
            sqlx::query_as(sql).bind(person).fetch_optional(&self.readers).await?;
        let found = |(role, password): (String, String)| {
            let role = Role::parse(&role)?;
            Some((Bearer { person: person.to_owned(), role }, password))
        };
        Ok(row.and_then(found))
    }

    pub async fn begin_session(&self, hash: [u8; 32], person: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO sessions (hash, person, begun_at, seen_at) VALUES ($1, $2, $3, $3)";
        let query = sqlx::query(sql).bind(hash.as_slice()).bind(person).bind(micros(at));
        query.execute(&self.writer).await?;
        Ok(())
    }

    /// Whose session it is, as long as it goes on, and whether it is to be written that its person is there. A role that this
    /// version does not know may do nothing.
    pub async fn session(&self, hash: [u8; 32], at: Timestamp) -> Result<Option<(Bearer, bool)>, StoreError> {
        let sql = "SELECT s.person, a.role, s.seen_at FROM sessions s JOIN accounts a ON a.person = s.person \
                   WHERE s.hash = $1 AND s.ended_at IS NULL AND a.disabled = 0 AND s.begun_at > $2 AND s.seen_at > $3";
        let row: Option<(String, String, i64)> = sqlx::query_as(sql)
            .bind(hash.as_slice())
            .bind(micros(at - LONGEST))
            .bind(micros(at - IDLE))
            .fetch_optional(&self.readers)
            .await?;
        let session = |(person, role, seen): (String, String, i64)| {
            Some((Bearer { person, role: Role::parse(&role)? }, seen < micros(at - TOUCH)))
        };
        Ok(row.and_then(session))
    }

    /// Its person has done something.
    pub async fn touch_session(&self, hash: [u8; 32], at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET seen_at = $2 WHERE hash = $1";
        sqlx::query(sql).bind(hash.as_slice()).bind(micros(at)).execute(&self.writer).await?;
        Ok(())
    }

    pub async fn end_session(&self, hash: [u8; 32], at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET ended_at = $2 WHERE hash = $1 AND ended_at IS NULL";
        sqlx::query(sql).bind(hash.as_slice()).bind(micros(at)).execute(&self.writer).await?;
        Ok(())
    }

    /// This person has logged in with this browser before.
    pub async fn is_known_browser(&self, hash: [u8; 32], person: &str) -> Result<bool, StoreError> {
        let sql = "SELECT person FROM sessions WHERE hash = $1 AND person = $2";
        let found: Option<String> =
            sqlx::query_scalar(sql).bind(hash.as_slice()).bind(person).fetch_optional(&self.readers).await?;
        Ok(found.is_some())
    }

    pub async fn forget_sessions(&self, at: Timestamp) -> Result<(), StoreError> {
        let sql = "DELETE FROM sessions WHERE begun_at < $1";
        sqlx::query(sql).bind(micros(at - KNOWN)).execute(&self.writer).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::Database;

    #[tokio::test]
    async fn a_session_ends_after_four_hours_without_an_act_and_after_twelve_in_any_case() {
        let folder = std::env::temp_dir().join(format!("patchcord-sessions-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Store::open(&Database::Sqlite(folder.join("desk.db"))).await.unwrap();
        let at = |minutes: i64| Timestamp::from_second(1_800_000_000 + 60 * minutes).unwrap();
        let bearer = Bearer { person: "ivanova".into(), role: Role::Manager };
        assert!(store.add_account(&bearer, "hash", at(0)).await.unwrap());
        let hash = [7; 32];
        store.begin_session(hash, "ivanova", at(0)).await.unwrap();
        assert_eq!(store.session(hash, at(1)).await.unwrap(), Some((bearer.clone(), false)));
        assert_eq!(store.session(hash, at(239)).await.unwrap(), Some((bearer.clone(), true)));
        assert_eq!(store.session(hash, at(240)).await.unwrap(), None);
        for minutes in [200, 400, 600] {
            store.touch_session(hash, at(minutes)).await.unwrap();
        }
        assert!(store.session(hash, at(719)).await.unwrap().is_some());
        assert_eq!(store.session(hash, at(720)).await.unwrap(), None);
        // The browser is known long after, and then is not.
        store.forget_sessions(at(90 * 24 * 60)).await.unwrap();
        assert!(store.is_known_browser(hash, "ivanova").await.unwrap());
        assert!(!store.is_known_browser(hash, "orlova").await.unwrap());
        store.forget_sessions(at(90 * 24 * 60 + 1)).await.unwrap();
        assert!(!store.is_known_browser(hash, "ivanova").await.unwrap());
        store.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
