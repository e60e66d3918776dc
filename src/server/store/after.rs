//! Where a list goes on that is told page by page.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Statement, StoreError, micros};

/// A place in a list whose latest comes first: behind what has this time and this id. As text, `2026-05-06T07:08:09Z_` and the id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct After {
    pub at: Timestamp,
    pub id: Uuid,
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.at, self.id)
    }
}

impl FromStr for After {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('_').ok_or(())?;
        Ok(Self { at: at.parse().map_err(|_| ())?, id: id.parse().map_err(|_| ())? })
    }
}

impl Statement {
    /// Those behind this place of a list `ORDER BY time DESC, id DESC`.
    pub(super) fn behind(&mut self, time: &str, id: &str, after: After) -> Result<&mut Self, StoreError> {
        let at = micros(after.at);
        self.push(&format!(" AND ({time} < ")).bind(at)?.push(&format!(" OR ({time} = ")).bind(at)?;
        Ok(self.push(&format!(" AND {id} < ")).bind(after.id.to_string())?.push("))"))
    }
}

/// Where a list goes on, if what was asked for is full. `place`: of its last item.
pub(crate) fn next<T, P: ToString>(
    items: &[T],
    limit: u32,
    place: impl FnOnce(&T) -> Option<P>,
) -> Option<String> {
    let is_full = items.len() as u64 == u64::from(limit);
    items.last().filter(|_| is_full).and_then(place).map(|place| place.to_string())
}
