//! The capability of card-key-maker: has KMS make a key pair when one is due, and deletes private halves that are not needed
//! any more. It sees no private half.

use std::{
    collections::HashSet,
    fmt,
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use clock::Clock;

use super::{
    public_key::CardPublicKey,
    table::{self, CardKeyTable, CardKeyTableError, Item, NewCardKey, Written},
};
use crate::{
    card_key_id::CardKeyId,
    identity::KeyContext,
    keyring::{KeyPairs, KeyringError, NewKeyPair},
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A new key is made this long after the last one.
const RENEWED_AFTER: Duration = DAY.saturating_mul(30);
/// How long the old key is still accepted when a new one is there: clients keep what they have read.
const OVERLAP: Duration = DAY;
/// How much longer than the last order may wait a private half is kept: clocks differ.
const MARGIN: Duration = HOUR;

/// What a [`CardKeyMaker`] works with.
#[derive(Debug, Clone)]
pub struct CardKeyMakerSettings {
    /// Name of the table of card keys.
    pub table: String,
    /// ARN of the KMS key of card keys.
    pub key_arn: String,
    /// How long an order may wait in quarantine.
    pub order_deadline: Duration,
}

/// Why no key was made, or no half deleted. What was written stays, and the next run does the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MakeCardKeyError {
    /// The table.
    #[error(transparent)]
    Table(#[from] CardKeyTableError),
    /// KMS.
    #[error(transparent)]
    Key(#[from] KeyringError),
}

/// How the table was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardKeysKept {
    /// The key that this run wrote.
    pub made: Option<CardKeyId>,
    /// How many private halves this run deleted.
    pub deleted: u32,
    /// How long the newest key is still accepted.
    pub accepted_for: Duration,
}

/// Makes card keys, and deletes their private halves.
pub struct CardKeyMaker {
    pairs: KeyPairs,
    table: CardKeyTable,
    settings: CardKeyMakerSettings,
    clock: Clock,
}

impl CardKeyMaker {
    /// A maker for one table and one KMS key.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: CardKeyMakerSettings, clock: Clock) -> Self {
        Self {
            pairs: KeyPairs::new(config, settings.key_arn.clone()),
            table: CardKeyTable::new(config, settings.table.clone()),
            settings,
            clock,
        }
    }

    /// Does what is due. Running it twice, or two at once, makes one key.
    ///
    /// # Errors
    /// [`MakeCardKeyError`]; the next run does what is left.
    pub async fn run(&self) -> Result<CardKeysKept, MakeCardKeyError> {
        let now = self.clock.now();
        let items = self.table.all("Kid, AcceptedUntil, OpenedUntil").await?;
        let last = items.iter().filter_map(table::accepted_until).max();
        let lasting = last.filter(|end| end.duration_since(now).is_ok_and(|left| left > OVERLAP));
        let made = if lasting.is_some() { None } else { self.make(&items, now).await? };
        let accepted_until = lasting.unwrap_or(now + RENEWED_AFTER + OVERLAP);
        let mut deleted = 0;
        for item in &items {
            if let Some((id, opened_until)) = self.not_needed(item, now)
                && self.table.delete_halves(id, opened_until).await? == Written::Done
            {
                deleted += 1;
            }
        }
        Ok(CardKeysKept {
            made,
            deleted,
            accepted_for: accepted_until.duration_since(now).unwrap_or_default(),
        })
    }

    /// `None`: another run has written it meanwhile, or the reply of this one's write was lost and it was sent again.
    async fn make(&self, items: &[Item], now: SystemTime) -> Result<Option<CardKeyId>, MakeCardKeyError> {
        let id = self.next_id(items);
        let NewKeyPair { public, wrapped } = self.pairs.generate(KeyContext::CardKey { kid: id }).await?;
        // What no client could use is not written: the next run asks again.
        CardPublicKey::of_spki(id, &public).ok_or(KeyringError::Unavailable)?;
        let accepted_until = now + RENEWED_AFTER + OVERLAP;
        let opened_until = accepted_until + self.settings.order_deadline + MARGIN;
        let key = NewCardKey { id, public, wrapped, created_at: now, accepted_until, opened_until };
        Ok((self.table.put(&key).await? == Written::Done).then_some(id))
    }

    /// The first id of the chain that no row has.
    fn next_id(&self, items: &[Item]) -> CardKeyId {
        let taken: HashSet<_> = items.iter().filter_map(table::id).collect();
        let mut id = CardKeyId::after(None, &self.settings.key_arn);
        while taken.contains(&id) {
            id = CardKeyId::after(Some(id), &self.settings.key_arn);
        }
        id
    }

    /// A private half under which no order waits any more, by the deadline of today and by that of its making.
    fn not_needed(&self, item: &Item, now: SystemTime) -> Option<(CardKeyId, SystemTime)> {
        let (accepted, opened) = table::accepted_until(item).zip(table::opened_until(item))?;
        let is_over = now > opened && now > accepted + self.settings.order_deadline + MARGIN;
        table::id(item).filter(|_| is_over).map(|id| (id, opened))
    }
}

impl fmt::Debug for CardKeyMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardKeyMaker")
    }
}
