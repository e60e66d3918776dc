//! Documents that are written again and again, whole: the highest revision stays, whatever overtakes what.

use serde::de::DeserializeOwned;

use super::Transaction;
use crate::desk_api::{CallRecordId, Change};
use crate::server::store::{StoreError, WriteError};

/// What is kept under an id, beside what is to be written there.
pub(super) struct Kept {
    revision: u32,
    pub recorded_by: String,
    is_same: bool,
}

impl Kept {
    /// `select`: `revision, recorded_by, document` by the id.
    pub async fn find<T: DeserializeOwned + PartialEq>(
        tx: &mut Transaction<'_>,
        select: &'static str,
        id: CallRecordId,
        new: &T,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<(i64, String, String)> =
            sqlx::query_as(select).bind(id.to_string()).fetch_optional(&mut **tx).await?;
        let kept = |(revision, recorded_by, document): (i64, String, String)| {
            let is_same = serde_json::from_str::<T>(&document)? == *new;
            Ok(Self { revision: u32::try_from(revision).unwrap_or(u32::MAX), recorded_by, is_same })
        };
        row.map(kept).transpose()
    }
}

/// What a write does, and the revision that stays. `may_correct` lets a person write what another has begun.
pub(super) fn judge(
    kept: Option<&Kept>,
    revision: u32,
    person: &str,
    may_correct: bool,
) -> Result<(Change, u32), WriteError> {
    let Some(kept) = kept else { return Ok((Change::Created, revision)) };
    if kept.recorded_by != person && !may_correct {
        return Err(WriteError::NotYours);
    }
    match revision.cmp(&kept.revision) {
        std::cmp::Ordering::Greater => Ok((Change::Replaced, revision)),
        std::cmp::Ordering::Less => Ok((Change::Superseded, kept.revision)),
        std::cmp::Ordering::Equal if kept.is_same => Ok((Change::Unchanged, revision)),
        std::cmp::Ordering::Equal => Err(WriteError::RevisionConflict),
    }
}
