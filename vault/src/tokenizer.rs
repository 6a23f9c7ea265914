//! The capability of the worker: opens a quarantined card only to seal it for the vault at once.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::TransactWriteItem;
use clock::Clock;
use futures::{FutureExt, try_join};
use uuid::Uuid;

use crate::{
    action::IncompleteActionError,
    brand_versions::Brands,
    data_key::{DataKey, WrappedDataKey},
    envelope::{self, Identity, OpenError},
    identity::{KeyContext, QuarantineIdentity, VaultIdentity},
    key_cache::{DataKeyPolicy, KeyCache},
    keyring::{DataKeys, KeyringError, Unwrapping},
    last4::Last4,
    sealer::{QuarantinedCard, SealedCard},
    token::Token,
    vault_row::VaultRow,
};

/// The most opened data keys kept at once. Every process of ingest seals under its own key, and every worker needs
/// all of them: with fewer than there are processes, each key would be fetched again and again. An account has 1,000
/// processes unless it asks for more.
const OPENED_KEYS: usize = 1024;

/// Why a card was not tokenized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenizeError {
    /// No data key to open with or to seal with.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// The sealed card is of a version this program does not know.
    #[error("the sealed card has an unknown version")]
    UnknownVersion,
    /// The sealed card does not open in this place, or is not the card that its row describes.
    #[error("the sealed card does not open")]
    Refused,
    /// The machine gave no random bytes, or the cipher refused.
    #[error("the card could not be sealed")]
    Cipher,
    /// The vault's part of the transaction could not be made.
    #[error(transparent)]
    Incomplete(#[from] IncompleteActionError),
}

impl TokenizeError {
    /// Whether the same row may be tokenized later.
    #[must_use]
    pub fn retryable(self) -> bool {
        match self {
            Self::Key(error) => error.retryable(),
            Self::Cipher => true,
            Self::UnknownVersion | Self::Refused | Self::Incomplete(_) => false,
        }
    }
}

impl From<OpenError> for TokenizeError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::UnknownVersion => Self::UnknownVersion,
            OpenError::Refused => Self::Refused,
        }
    }
}

/// A card that is ready to cross: its token, the parts that may be shown, and the vault's part of the transaction.
#[derive(Debug)]
pub struct Tokenized {
    /// The token for the clean order.
    pub token: Token,
    /// Derived from the opened card.
    pub last4: Last4,
    /// Derived from the opened card.
    pub brands: Brands,
    /// Whether an expiry date was sealed with the card.
    pub has_expiry: bool,
    /// When its retention ends, in epoch seconds, as the vault row says; none: it is kept until it is forgotten.
    pub expires_at: Option<u64>,
    /// The vault row's put, on condition that no such row exists.
    pub vault_put: TransactWriteItem,
}

/// What a [`Tokenizer`] works with.
#[derive(Debug, Clone)]
pub struct TokenizerSettings {
    /// ARN of the KMS key of quarantined cards, to decrypt with.
    pub quarantine_key_arn: String,
    /// ARN of the KMS key of the vault, to generate data keys with.
    pub vault_key_arn: String,
    /// Name of the vault's table.
    pub vault_table: String,
    /// The AWS account, `Account_Id` of the vault's rows.
    pub account: String,
    /// Limits of the opened data keys that are kept.
    pub policy: DataKeyPolicy,
    /// How long the vault keeps a card; none: until it is forgotten.
    pub retention: Option<Duration>,
}

/// Turns quarantined cards into vault rows.
pub struct Tokenizer {
    quarantine: Arc<Unwrapping>,
    opened: KeyCache<(Uuid, WrappedDataKey), DataKey>,
    vault: DataKeys,
    vault_table: String,
    account: String,
    retention: Option<Duration>,
    clock: Clock,
}

impl Tokenizer {
    /// A tokenizer between the two KMS keys.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: TokenizerSettings, clock: Clock) -> Self {
        Self {
            quarantine: Arc::new(Unwrapping::new(config, settings.quarantine_key_arn)),
            opened: KeyCache::new(settings.policy, OPENED_KEYS, clock.clone()),
            vault: DataKeys::new(config, settings.vault_key_arn),
            vault_table: settings.vault_table,
            account: settings.account,
            retention: settings.retention,
            clock,
        }
    }

    /// Opens a quarantined card, makes a token and seals the card for the vault under its own data key.
    /// It writes nothing.
    ///
    /// # Errors
    /// [`TokenizeError`]; [`TokenizeError::retryable`] says whether to try the row again or to park it.
    pub async fn tokenize(
        &self,
        quarantined: &QuarantinedCard,
        place: QuarantineIdentity<'_>,
    ) -> Result<Tokenized, TokenizeError> {
        let token = Token::mint();
        let (opened, new) =
            try_join!(self.opened_key(quarantined), self.vault.generate(KeyContext::Vault { token }))?;
        let card = envelope::open(quarantined.sealed.as_bytes(), &opened, &Identity::Quarantine(place))?;
        if !card.is_claimed(quarantined.last4, quarantined.brand) {
            return Err(TokenizeError::Refused);
        }
        let identity = VaultIdentity {
            token,
            account: &self.account,
            order: place.order,
            owner: place.owner,
            acceptance: place.acceptance,
        };
        let sealed =
            envelope::seal(&card, &new.key, &Identity::Vault(identity)).map_err(|_| TokenizeError::Cipher)?;
        let now = self.clock.now();
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let expires_at = self.retention.map(|kept| since_epoch.saturating_add(kept).as_secs());
        let row = VaultRow { sealed: SealedCard::from(sealed), data_key: new.wrapped, expires_at };
        Ok(Tokenized {
            token,
            last4: card.last4(),
            brands: card.brands(),
            has_expiry: card.expiry.is_some(),
            expires_at,
            vault_put: row.put_if_absent(&self.vault_table, token, &self.account, now, &new.material)?,
        })
    }

    /// The delete that is part of the transaction that replaces a card: the row of the old card is deleted, whatever is in it.
    ///
    /// # Errors
    /// [`IncompleteActionError`].
    pub fn retire(&self, token: Token) -> Result<TransactWriteItem, IncompleteActionError> {
        VaultRow::delete(&self.vault_table, token, &self.account)
    }

    async fn opened_key(&self, quarantined: &QuarantinedCard) -> Result<Arc<DataKey>, KeyringError> {
        let name = (quarantined.key_batch, quarantined.data_key.clone());
        let fetch = || {
            let (quarantine, (key_batch, wrapped)) = (self.quarantine.clone(), name.clone());
            async move { quarantine.unwrap(&wrapped, KeyContext::Quarantine { key_batch }).await }.boxed()
        };
        self.opened.one_use(name.clone(), fetch).await
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokenizer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_worth_another_try() {
        for (error, retryable) in [
            (TokenizeError::Key(KeyringError::Unavailable), true),
            (TokenizeError::Key(KeyringError::Unusable), true),
            (TokenizeError::Key(KeyringError::Refused), false),
            (TokenizeError::Cipher, true),
            (TokenizeError::UnknownVersion, false),
            (TokenizeError::Refused, false),
            (TokenizeError::Incomplete(IncompleteActionError), false),
        ] {
            assert_eq!(error.retryable(), retryable, "{error:?}");
        }
        assert_eq!(TokenizeError::from(OpenError::UnknownVersion), TokenizeError::UnknownVersion);
        assert_eq!(TokenizeError::from(OpenError::Refused), TokenizeError::Refused);
    }
}
