//! What clients get of card keys: the public halves.

use std::{fmt, time::SystemTime};

use aws_config::SdkConfig;

use super::{
    public_key::CardPublicKey,
    table::{self, CardKeyTable, CardKeyTableError},
};

/// A public half that is accepted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedCardKey {
    /// The key.
    pub key: CardPublicKey,
    /// Until when cards are accepted under it.
    pub accepted_until: SystemTime,
}

/// The public halves in the table.
pub struct PublishedCardKeys {
    table: CardKeyTable,
}

impl PublishedCardKeys {
    /// Of this table.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: CardKeyTable::new(config, table) }
    }

    /// The keys that are accepted at that time, the newest first.
    ///
    /// # Errors
    /// [`CardKeyTableError`].
    pub async fn at(&self, now: SystemTime) -> Result<Vec<PublishedCardKey>, CardKeyTableError> {
        let items = self.table.all("Kid, PublicKey, AcceptedUntil").await?;
        let mut keys: Vec<_> = items
            .iter()
            .filter_map(|item| table::public_key(item).zip(table::accepted_until(item)))
            .map(|(key, accepted_until)| PublishedCardKey { key, accepted_until })
            .filter(|published| now < published.accepted_until)
            .collect();
        keys.sort_by_key(|published| std::cmp::Reverse(published.accepted_until));
        Ok(keys)
    }
}

impl fmt::Debug for PublishedCardKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublishedCardKeys")
    }
}
