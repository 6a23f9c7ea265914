//! The capability of the worker: opens a quarantined card only to seal it for the vault at once.

use std::{fmt, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::TransactWriteItem;
use clock::Clock;
use futures::{FutureExt, try_join};
use uuid::Uuid;

use crate::{
    action::IncompleteActionError,
    data_key::{DataKey, WrappedDataKey},
    envelope::{self, Identity, OpenError},
    identity::{KeyContext, QuarantineIdentity},
    key_cache::{DataKeyPolicy, KeyCache},
    keyring::{KeyringError, Unwrapping},
    sealer::QuarantinedCard,
    token::Token,
    vault_row::{VaultRow, WrittenOver},
    vault_sealer::{SealedFor, Tokenized, VaultSealError, VaultSealer, VaultSettings},
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

impl From<VaultSealError> for TokenizeError {
    fn from(error: VaultSealError) -> Self {
        match error {
            VaultSealError::Cipher => Self::Cipher,
            VaultSealError::Incomplete(error) => Self::Incomplete(error),
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
    vault: VaultSealer,
    vault_table: String,
    account: String,
}

impl Tokenizer {
    /// A tokenizer between the two KMS keys.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: TokenizerSettings, clock: Clock) -> Self {
        let TokenizerSettings { vault_table, account, retention, .. } = settings;
        let vault = VaultSettings {
            key_arn: settings.vault_key_arn,
            table: vault_table.clone(),
            account: account.clone(),
            retention,
        };
        Self {
            quarantine: Arc::new(Unwrapping::new(config, settings.quarantine_key_arn)),
            opened: KeyCache::new(settings.policy, OPENED_KEYS, clock.clone()),
            vault: VaultSealer::new(config, vault, clock),
            vault_table,
            account,
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
        let (opened, new) = try_join!(self.opened_key(quarantined), self.vault.data_key(token))?;
        let card = envelope::open(quarantined.sealed.as_bytes(), &opened, &Identity::Quarantine(place))?;
        if !card.is_claimed(quarantined.last4, quarantined.brand) {
            return Err(TokenizeError::Refused);
        }
        let QuarantineIdentity { order, owner, acceptance } = place;
        let sealed_for = SealedFor { token, order, owner, acceptance };
        Ok(self.vault.seal(&card, new, sealed_for, WrittenOver::Nothing)?)
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
