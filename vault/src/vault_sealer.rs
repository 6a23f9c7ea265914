//! Seals opened cards for the vault: what the worker's capability and the importer's have in common.

use std::time::{Duration, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::TransactWriteItem;
use clock::Clock;

use crate::{
    action::IncompleteActionError,
    brand_versions::Brands,
    card::Card,
    envelope::{self, Identity},
    identity::{KeyContext, VaultIdentity},
    keyring::{DataKeys, KeyringError, NewDataKey},
    last4::Last4,
    sealer::SealedCard,
    token::Token,
    vault_row::{VaultRow, WrittenOver},
};

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
    /// The vault row's put, on condition that no such row exists; or, of a card that is imported in its place, that the
    /// sample's row is still as it was read.
    pub vault_put: TransactWriteItem,
}

/// Where cards are sealed to.
#[derive(Debug, Clone)]
pub(crate) struct VaultSettings {
    /// ARN of the KMS key of the vault, to generate data keys with.
    pub(crate) key_arn: String,
    pub(crate) table: String,
    pub(crate) account: String,
    /// How long the vault keeps a card; none: until it is forgotten.
    pub(crate) retention: Option<Duration>,
}

/// The order that a card is sealed for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealedFor<'a> {
    pub(crate) token: Token,
    pub(crate) order: &'a str,
    pub(crate) owner: &'a str,
    pub(crate) acceptance: uuid::Uuid,
}

/// Why a card was not sealed for the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VaultSealError {
    /// The machine gave no random bytes, or the cipher refused.
    Cipher,
    Incomplete(IncompleteActionError),
}

pub(crate) struct VaultSealer {
    keys: DataKeys,
    settings: VaultSettings,
    clock: Clock,
}

impl VaultSealer {
    pub(crate) fn new(config: &SdkConfig, settings: VaultSettings, clock: Clock) -> Self {
        Self { keys: DataKeys::new(config, settings.key_arn.clone()), settings, clock }
    }

    /// A new data key, for the card of this token alone.
    pub(crate) async fn data_key(&self, token: Token) -> Result<NewDataKey, KeyringError> {
        self.keys.generate(KeyContext::Vault { token }).await
    }

    /// Seals a card under its data key. It writes nothing.
    pub(crate) fn seal(
        &self,
        card: &Card,
        data_key: NewDataKey,
        sealed_for: SealedFor<'_>,
        over: WrittenOver<'_>,
    ) -> Result<Tokenized, VaultSealError> {
        let VaultSettings { table, account, retention, .. } = &self.settings;
        let SealedFor { token, order, owner, acceptance } = sealed_for;
        let identity = VaultIdentity { token, account, order, owner, acceptance };
        let NewDataKey { key, wrapped, material } = data_key;
        let sealed = envelope::seal(card, &key, &Identity::Vault(identity));
        let sealed = SealedCard::from(sealed.map_err(|_| VaultSealError::Cipher)?);
        let now = self.clock.now();
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let expires_at = retention.map(|kept| since_epoch.saturating_add(kept).as_secs());
        let row = VaultRow { sealed, data_key: wrapped, expires_at };
        Ok(Tokenized {
            token,
            last4: card.last4(),
            brands: card.brands(),
            has_expiry: card.expiry.is_some(),
            expires_at,
            vault_put: row
                .put(table, token, account, now, &material, over)
                .map_err(VaultSealError::Incomplete)?,
        })
    }
}
