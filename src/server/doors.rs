//! Checks of passwords: off the thread that serves, a few at a time, and never so often that they can be guessed.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::password;
use super::problem::Refusal;
use super::store::{Bearer, Store};
use super::tries::{Key, Tries};
use crate::clock;
use crate::desk_api::ProblemCode;
use crate::secrets::Secret;

/// Strangers who wait for the check of their password.
const WAITING: usize = 16;
/// What whoever finds no place to wait is told, seconds.
const COME_BACK: u32 = 5;

/// A check takes a processor and 19 MiB: strangers share one, and those whose browser is known another.
#[derive(Clone)]
pub(crate) struct Doors(Arc<Inside>);

struct Inside {
    tries: Mutex<Tries>,
    hall: Semaphore,
    strangers: Semaphore,
    known: Semaphore,
}

impl Doors {
    pub fn new() -> Self {
        Self(Arc::new(Inside {
            tries: Mutex::default(),
            hall: Semaphore::new(WAITING),
            strangers: Semaphore::new(1),
            known: Semaphore::new(1),
        }))
    }

    /// Who it is; or, where the password is another's, whose account was tried.
    pub async fn let_in(
        &self,
        store: &Store,
        keys: &[Key],
        person: &str,
        password: Secret,
    ) -> Result<Result<Bearer, Option<Bearer>>, Refusal> {
        let tries = || self.0.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries().take(keys, clock::wall()).map_err(|wait| {
            Refusal::too_many_tries(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
        })?;
        let is_known = matches!(keys, [Key::Browser(_)]);
        let (door, _place) = if is_known {
            (&self.0.known, None)
        } else {
            let place = self.0.hall.try_acquire().map_err(|_| Refusal::too_many_tries(COME_BACK))?;
            (&self.0.strangers, Some(place))
        };
        let _turn: SemaphorePermit<'_> =
            door.acquire().await.map_err(|_| Refusal::from(ProblemCode::Unavailable))?;
        let (bearer, kept) = store.password_of(person).await?.unzip();
        let checked =
            tokio::task::spawn_blocking(move || password::is_password(&password, kept.as_deref())).await;
        let is_right = checked.ok().and_then(Result::ok).ok_or(Refusal::from(ProblemCode::Internal))?;
        match bearer {
            Some(bearer) if is_right => {
                tries().give_back(keys);
                Ok(Ok(bearer))
            }
            bearer => Ok(Err(bearer)),
        }
    }
}
