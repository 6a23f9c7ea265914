//! The capability of the worker: opens a quarantined card only to seal it for the vault at once.

use std::{fmt, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::TransactWriteItem;
use clock::Clock;
use futures::{FutureExt, TryFutureExt, try_join};
use uuid::Uuid;

use crate::{
    action::IncompleteActionError,
    card::Card,
    card_keys::{OpenCardKeyError, OpenedCardKeys},
    data_key::{DataKey, WrappedDataKey},
    envelope::{self, Identity, OpenError},
    identity::{KeyContext, QuarantineIdentity},
    jwe::{CardRefusal, EncryptedCard},
    key_cache::{DataKeyPolicy, KeyCache},
    keyring::{KeyringError, Unwrapping},
    p256::PrivateKey,
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
    /// The table of card keys did not answer.
    #[error("the table of card keys is not available")]
    CardKeys,
    /// The card that the client encrypted is refused.
    #[error(transparent)]
    CardRefused(#[from] CardRefusal),
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
            Self::Cipher | Self::CardKeys => true,
            Self::UnknownVersion | Self::Refused | Self::CardRefused(_) | Self::Incomplete(_) => false,
        }
    }
}

impl From<OpenCardKeyError> for TokenizeError {
    fn from(error: OpenCardKeyError) -> Self {
        match error {
            OpenCardKeyError::Gone => Self::CardRefused(CardRefusal::KeyGone),
            OpenCardKeyError::Table => Self::CardKeys,
            OpenCardKeyError::Kms(error) => Self::Key(error),
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
    /// Name of the table of card keys.
    pub card_key_table: String,
    /// ARN of the KMS key of card keys, to decrypt with.
    pub card_key_key_arn: String,
    /// Whether an encrypted card without its expiry is refused. Of a card in plaintext, ingest has judged it.
    pub card_expiry_required: bool,
    /// Limits of the opened data keys that are kept.
    pub policy: DataKeyPolicy,
    /// How long the vault keeps a card; none: until it is forgotten.
    pub retention: Option<Duration>,
}

/// Turns quarantined cards into vault rows.
pub struct Tokenizer {
    quarantine: Arc<Unwrapping>,
    opened: KeyCache<(Uuid, WrappedDataKey), DataKey>,
    card_keys: OpenedCardKeys,
    card_expiry_required: bool,
    vault: VaultSealer,
    vault_table: String,
    account: String,
}

/// What a quarantined card is opened with.
enum Found {
    DataKey(Arc<DataKey>),
    CardKey(Box<EncryptedCard>, Arc<PrivateKey>),
}

impl Tokenizer {
    /// A tokenizer between the two KMS keys.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: TokenizerSettings, clock: Clock) -> Self {
        let TokenizerSettings { vault_table, account, retention, policy, card_expiry_required, .. } =
            settings;
        let card_keys = OpenedCardKeys::new(
            config,
            settings.card_key_table,
            settings.card_key_key_arn,
            policy.max_age,
            clock.clone(),
        );
        let vault = VaultSettings {
            key_arn: settings.vault_key_arn,
            table: vault_table.clone(),
            account: account.clone(),
            retention,
        };
        Self {
            quarantine: Arc::new(Unwrapping::new(config, settings.quarantine_key_arn)),
            opened: KeyCache::new(policy, OPENED_KEYS, clock.clone()),
            card_keys,
            card_expiry_required,
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
        let new = self.vault.data_key(token).map_err(TokenizeError::from);
        // No card is opened while a key is waited for.
        let (found, new) = try_join!(self.find_keys(quarantined, place), new)?;
        let card = self.open(quarantined, place, found)?;
        let QuarantineIdentity { order, owner, acceptance, .. } = place;
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

    async fn find_keys(
        &self,
        quarantined: &QuarantinedCard,
        place: QuarantineIdentity<'_>,
    ) -> Result<Found, TokenizeError> {
        let key = self.opened_key(quarantined).await?;
        let sealed = quarantined.sealed.as_bytes();
        if !envelope::holds_jwe(sealed) {
            return Ok(Found::DataKey(key));
        }
        let text = envelope::open_jwe(sealed, &key, place)?;
        let jwe = std::str::from_utf8(&text).ok().and_then(|text| EncryptedCard::parse(text).ok());
        // Ingest has parsed it.
        let jwe = jwe.ok_or(TokenizeError::Refused)?;
        if quarantined.jwe_digest != Some(jwe.digest()) {
            return Err(TokenizeError::Refused);
        }
        let private = self.card_keys.one_use(jwe.card_key()).await?;
        Ok(Found::CardKey(Box::new(jwe), private))
    }

    fn open(
        &self,
        quarantined: &QuarantinedCard,
        place: QuarantineIdentity<'_>,
        found: Found,
    ) -> Result<Card, TokenizeError> {
        let QuarantinedCard { sealed, last4, brand, jwe_digest, .. } = quarantined;
        let refused = TokenizeError::Refused;
        match found {
            Found::DataKey(key) => {
                let card = envelope::open(sealed.as_bytes(), &key, &Identity::Quarantine(place))?;
                let (last4, brand) = last4.zip(*brand).filter(|_| jwe_digest.is_none()).ok_or(refused)?;
                card.is_claimed(last4, brand).then_some(card).ok_or(refused)
            }
            // Nobody has seen the card yet, so nobody can have described it.
            Found::CardKey(..) if last4.is_some() || brand.is_some() => Err(refused),
            Found::CardKey(jwe, key) => Ok(jwe.open(&key, place, self.card_expiry_required)?),
        }
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
            (TokenizeError::CardKeys, true),
            (TokenizeError::CardRefused(CardRefusal::NotOpened), false),
            (TokenizeError::from(OpenCardKeyError::Gone), false),
            (TokenizeError::from(OpenCardKeyError::Table), true),
            (TokenizeError::from(OpenCardKeyError::Kms(KeyringError::Unavailable)), true),
            (TokenizeError::from(OpenCardKeyError::Kms(KeyringError::Refused)), false),
            (TokenizeError::Incomplete(IncompleteActionError), false),
        ] {
            assert_eq!(error.retryable(), retryable, "{error:?}");
        }
        assert_eq!(TokenizeError::from(OpenError::UnknownVersion), TokenizeError::UnknownVersion);
        assert_eq!(TokenizeError::from(OpenError::Refused), TokenizeError::Refused);
        assert_eq!(
            TokenizeError::from(OpenCardKeyError::Gone),
            TokenizeError::CardRefused(CardRefusal::KeyGone)
        );
    }
}
