//! What ingest knows of card keys: their ids, and until when each is accepted.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use clock::Clock;

use super::table::{self, CardKeyTable};
use crate::card_key_id::CardKeyId;

/// How long a key that was read is taken for what it was.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// Why a card is not accepted under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardKeyError {
    /// There is no card key that is accepted now.
    #[error("there is no card key")]
    NoKey,
    /// No key has this id, or its time is over.
    #[error("the card key is not accepted")]
    NotAccepted,
    /// The table did not answer.
    #[error("the table of card keys is not available")]
    Unavailable,
}

/// Says which card keys are accepted. It reads the table when it does not know a key, and every five minutes.
pub struct AcceptedCardKeys {
    table: CardKeyTable,
    read: Mutex<Option<Listed>>,
    clock: Clock,
}

#[derive(Clone)]
struct Listed {
    at: SystemTime,
    keys: Vec<(CardKeyId, SystemTime)>,
}

impl AcceptedCardKeys {
    /// Of this table.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String, clock: Clock) -> Self {
        Self { table: CardKeyTable::new(config, table), read: Mutex::default(), clock }
    }

    /// Whether a card may be accepted under this key now.
    ///
    /// # Errors
    /// [`CardKeyError`] when it may not, or when nobody knows.
    pub async fn check(&self, key: CardKeyId) -> Result<(), CardKeyError> {
        let now = self.clock.now();
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_accepted = |listed: &Listed| listed.keys.iter().any(|(id, end)| *id == key && now < *end);
        let is_young = |listed: &Listed| now.duration_since(listed.at).is_ok_and(|age| age < KEPT);
        if known.is_some_and(|listed| is_young(&listed) && is_accepted(&listed)) {
            return Ok(());
        }
        let listed = Listed { at: now, keys: self.list().await? };
        let answer = match is_accepted(&listed) {
            true => Ok(()),
            false if listed.keys.iter().any(|(_, end)| now < *end) => Err(CardKeyError::NotAccepted),
            false => Err(CardKeyError::NoKey),
        };
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(listed);
        answer
    }

    async fn list(&self) -> Result<Vec<(CardKeyId, SystemTime)>, CardKeyError> {
        let items = self.table.all("Kid, AcceptedUntil").await.map_err(|_| CardKeyError::Unavailable)?;
        Ok(items.iter().filter_map(|item| table::id(item).zip(table::accepted_until(item))).collect())
    }
}

impl fmt::Debug for AcceptedCardKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AcceptedCardKeys")
    }
}
