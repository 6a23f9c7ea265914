//! The capability of ingest: seals cards for quarantine, and cannot open a card.

use std::{fmt, sync::Arc};

use aws_config::SdkConfig;
use clock::Clock;
use futures::FutureExt;
use uuid::Uuid;

use crate::{
    brand::CardBrand,
    card::Card,
    data_key::{DataKey, WrappedDataKey},
    envelope::{self, Identity},
    identity::{KeyContext, QuarantineIdentity},
    jwe::{EncryptedCard, JweDigest},
    key_cache::{DataKeyPolicy, KeyCache},
    keyring::{DataKeys, KeyringError, NewDataKey},
    last4::Last4,
    opaque_id::opaque_id,
};

/// The bytes of a sealed card: version, nonce, ciphertext, tag.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCard(Vec<u8>);

impl SealedCard {
    /// The bytes as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether stored bytes are a sealed card of a version that this release does not know.
    #[must_use]
    pub fn has_unknown_version(stored: &[u8]) -> bool {
        envelope::has_unknown_version(stored)
    }
}

impl From<Vec<u8>> for SealedCard {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SealedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedCard({} bytes)", self.0.len())
    }
}

/// A card for quarantine: sealed, with the parts that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedCard {
    /// The sealed card.
    pub sealed: SealedCard,
    /// The data key that sealed it, wrapped by the quarantine key.
    pub data_key: WrappedDataKey,
    /// The batch of cards that share the data key; bound to it by KMS.
    pub key_batch: Uuid,
    /// The last four digits. Not verified until they are compared with the opened card. None of an encrypted card.
    pub last4: Option<Last4>,
    /// The scheme, by any version of the issuers' table. Not verified until it is compared with the opened card. None of
    /// an encrypted card.
    pub brand: Option<CardBrand>,
    /// The digest of the JWE that an encrypted card came in. Not verified until it is compared with the opened envelope.
    pub jwe_digest: Option<JweDigest>,
}

/// Why a card was not sealed. Nothing is stored then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No data key.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// The machine gave no random bytes, or the cipher refused.
    #[error("the card could not be sealed")]
    Cipher,
}

impl SealError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn retryable(self) -> bool {
        match self {
            Self::Key(error) => error.retryable(),
            Self::Cipher => true,
        }
    }
}

/// Seals cards for quarantine under data keys that are reused within the policy's bounds.
pub struct Sealer {
    keys: Arc<DataKeys>,
    batches: KeyCache<(), KeyBatch>,
}

struct KeyBatch {
    id: Uuid,
    key: DataKey,
    wrapped: WrappedDataKey,
}

impl Sealer {
    /// A sealer that asks the quarantine key for data keys, within the policy.
    #[must_use]
    pub fn new(config: &SdkConfig, quarantine_key_arn: String, policy: DataKeyPolicy, clock: Clock) -> Self {
        Self {
            keys: Arc::new(DataKeys::new(config, quarantine_key_arn)),
            batches: KeyCache::new(policy, 1, clock),
        }
    }

    /// Seals a card for its place in quarantine. The card is wiped when this ends, also after an error.
    ///
    /// # Errors
    /// [`SealError`] when KMS gives no data key; nothing has changed then.
    pub async fn seal(
        &self,
        card: Card,
        place: QuarantineIdentity<'_>,
    ) -> Result<QuarantinedCard, SealError> {
        let batch = self.batches.one_use((), || new_batch(self.keys.clone()).boxed()).await?;
        let sealed =
            envelope::seal(&card, &batch.key, &Identity::Quarantine(place)).map_err(|_| SealError::Cipher)?;
        Ok(QuarantinedCard {
            sealed: sealed.into(),
            data_key: batch.wrapped.clone(),
            key_batch: batch.id,
            last4: Some(card.last4()),
            brand: Some(card.brands().first()),
            jwe_digest: None,
        })
    }

    /// Seals an encrypted card, as it is, for its place in quarantine.
    ///
    /// # Errors
    /// [`SealError`] when KMS gives no data key; nothing has changed then.
    pub async fn seal_encrypted(
        &self,
        card: &EncryptedCard,
        place: QuarantineIdentity<'_>,
    ) -> Result<QuarantinedCard, SealError> {
        let batch = self.batches.one_use((), || new_batch(self.keys.clone()).boxed()).await?;
        let sealed = envelope::seal_jwe(card.compact(), &batch.key, place).map_err(|_| SealError::Cipher)?;
        Ok(QuarantinedCard {
            sealed: sealed.into(),
            data_key: batch.wrapped.clone(),
            key_batch: batch.id,
            last4: None,
            brand: None,
            jwe_digest: Some(card.digest()),
        })
    }
}

async fn new_batch(keys: Arc<DataKeys>) -> Result<KeyBatch, KeyringError> {
    let id = opaque_id();
    let NewDataKey { key, wrapped, .. } = keys.generate(KeyContext::Quarantine { key_batch: id }).await?;
    Ok(KeyBatch { id, key, wrapped })
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_key_is_not_worth_another_try() {
        for (error, retryable) in [
            (SealError::Key(KeyringError::Unavailable), true),
            (SealError::Key(KeyringError::Unusable), true),
            (SealError::Key(KeyringError::Refused), false),
            (SealError::Cipher, true),
        ] {
            assert_eq!(error.retryable(), retryable, "{error:?}");
        }
    }
}
