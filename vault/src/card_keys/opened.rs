//! What the worker has of card keys: private halves, unwrapped once and kept within bounds.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use clock::Clock;
use futures::FutureExt;

use super::table::CardKeyTable;
use crate::{
    card_key_id::CardKeyId,
    identity::KeyContext,
    key_cache::{DataKeyPolicy, KeyCache},
    keyring::{KeyringError, Unwrapping},
    p256::PrivateKey,
};

/// The most private halves in memory. Two keys are accepted on one day in thirty, and orders wait for three days.
const KEPT: usize = 4;
/// The most cards that a private half opens before it is unwrapped again.
const MOST_CARDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);

/// Why there is no private half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenCardKeyError {
    /// The table has none, or none any more.
    Gone,
    /// The table did not answer.
    Table,
    Kms(KeyringError),
}

/// Opens private halves.
pub(crate) struct OpenedCardKeys {
    source: Arc<Source>,
    opened: KeyCache<CardKeyId, PrivateKey, OpenCardKeyError>,
}

struct Source {
    table: CardKeyTable,
    kms: Unwrapping,
}

impl OpenedCardKeys {
    /// Keeps a half as long as opened data keys are kept.
    pub(crate) fn new(
        config: &SdkConfig,
        table: String,
        key_arn: String,
        max_age: Duration,
        clock: Clock,
    ) -> Self {
        let source =
            Source { table: CardKeyTable::new(config, table), kms: Unwrapping::new(config, key_arn) };
        let policy = DataKeyPolicy { max_cards: MOST_CARDS, max_age };
        Self { source: Arc::new(source), opened: KeyCache::new(policy, KEPT, clock) }
    }

    /// The private half, for one card.
    pub(crate) async fn one_use(&self, key: CardKeyId) -> Result<Arc<PrivateKey>, OpenCardKeyError> {
        let source = self.source.clone();
        self.opened.one_use(key, || async move { source.open(key).await }.boxed()).await
    }
}

impl Source {
    async fn open(&self, key: CardKeyId) -> Result<PrivateKey, OpenCardKeyError> {
        let wrapped = self.table.wrapped(key).await.map_err(|_| OpenCardKeyError::Table)?;
        let wrapped = wrapped.ok_or(OpenCardKeyError::Gone)?;
        self.kms
            .unwrap_private(&wrapped, KeyContext::CardKey { kid: key })
            .await
            .map_err(OpenCardKeyError::Kms)
    }
}
