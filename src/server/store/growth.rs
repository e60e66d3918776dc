//! What a transaction that fills tables must see to.

use super::{Store, StoreError, Transaction};

/// Rows after which the database looks for the first time; then whenever they have doubled.
const FIRST: usize = 500;

/// PostgreSQL chooses its indices by what a table held when somebody last looked, and nobody looks into a transaction from
/// outside: without this, the keys of the thousandth row are still sought as if the table were empty, row by row.
pub(crate) struct Growth {
    look: Option<&'static str>,
    rows: usize,
    next: usize,
}

impl Growth {
    pub fn of(store: &Store) -> Self {
        Self { look: store.look_within, rows: 0, next: FIRST }
    }

    /// Another table is filled from now on.
    pub fn begin(&mut self) {
        (self.rows, self.next) = (0, FIRST);
    }

    /// So many rows more were written.
    pub async fn by(&mut self, tx: &mut Transaction<'_>, rows: usize) -> Result<(), StoreError> {
        self.rows += rows;
        let Some(look) = self.look.filter(|_| self.rows >= self.next) else { return Ok(()) };
        self.next = self.rows * 2;
        sqlx::query(look).execute(&mut **tx).await?;
        Ok(())
    }
}
