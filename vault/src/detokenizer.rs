//! The billing capability: takes one card out of the vault, for a token in its own order.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use clock::Clock;

use crate::{
    brand::CardBrand,
    card::Card,
    data_key::{DataKey, WrappedDataKey},
    envelope::{self, Identity, OpenError},
    identity::{KeyContext, VaultIdentity},
    keyring::{KeyringError, Unwrapping},
    last4::Last4,
    token::Token,
    vault_row::{VaultReadError, VaultRow},
};

/// Why a card was not taken out of the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DetokenizeError {
    /// The vault's table did not answer.
    #[error("the vault is not available")]
    Unavailable,
    /// KMS gave no data key.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// The vault has no row for this token, or its retention has ended.
    #[error("the vault holds no card for this token")]
    Missing,
    /// The row lacks an attribute, or has a version that this program does not know.
    #[error("the vault row cannot be read")]
    Malformed,
    /// The card does not open in this order, or is not the card the order claims.
    #[error("the card does not open in this order")]
    Refused,
}

impl DetokenizeError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn retryable(self) -> bool {
        match self {
            Self::Unavailable => true,
            Self::Key(error) => error.retryable(),
            Self::Missing | Self::Malformed | Self::Refused => false,
        }
    }
}

/// The card that a clean order names, and what the order says about it.
#[derive(Debug, Clone, Copy)]
pub struct CardReference<'a> {
    /// The token in the clean order.
    pub token: Token,
    /// The order id.
    pub order: &'a str,
    /// The order's owner.
    pub owner: &'a str,
    /// The order's acceptance.
    pub acceptance: uuid::Uuid,
    /// The last four digits that the order shows.
    pub last4: Last4,
    /// The scheme that the order shows, by any version of the issuers' table.
    pub brand: CardBrand,
}

/// What a [`Detokenizer`] works with.
#[derive(Debug, Clone)]
pub struct DetokenizerSettings {
    /// ARN of the KMS key of the vault, to decrypt with.
    pub vault_key_arn: String,
    /// ARN of the key before it, which may have wrapped rows that are not re-wrapped yet.
    pub previous_vault_key_arn: Option<String>,
    /// Name of the vault's table.
    pub vault_table: String,
    /// The AWS account, `Account_Id` of the vault's rows.
    pub account: String,
}

/// Opens cards of the vault, one at a time; keeps no keys and no cards.
pub struct Detokenizer {
    dynamodb: Client,
    keys: Unwrapping,
    previous_keys: Option<Unwrapping>,
    vault_table: String,
    account: String,
    clock: Clock,
}

impl Detokenizer {
    /// A detokenizer for one vault.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: DetokenizerSettings, clock: Clock) -> Self {
        Self {
            dynamodb: Client::new(config),
            keys: Unwrapping::new(config, settings.vault_key_arn),
            previous_keys: settings.previous_vault_key_arn.map(|arn| Unwrapping::new(config, arn)),
            vault_table: settings.vault_table,
            account: settings.account,
            clock,
        }
    }

    /// Takes out the card of an order. KMS records the token with the call (CloudTrail).
    ///
    /// # Errors
    /// [`DetokenizeError`]; nothing has changed then.
    pub async fn detokenize(&self, reference: CardReference<'_>) -> Result<Card, DetokenizeError> {
        let CardReference { token, order, owner, acceptance, last4, brand } = reference;
        let row = VaultRow::read(&self.dynamodb, &self.vault_table, token, &self.account)
            .await
            .map_err(|error| match error {
                VaultReadError::Unavailable => DetokenizeError::Unavailable,
                VaultReadError::Malformed => DetokenizeError::Malformed,
            })?
            .filter(|row| !has_ended(row.expires_at, self.clock.now()))
            .ok_or(DetokenizeError::Missing)?;
        let key = self.unwrap(&row.data_key, KeyContext::Vault { token }).await?;
        let place = VaultIdentity { token, account: &self.account, order, owner, acceptance };
        let card =
            envelope::open(row.sealed.as_bytes(), &key, &Identity::Vault(place)).map_err(
                |error| match error {
                    OpenError::UnknownVersion => DetokenizeError::Malformed,
                    OpenError::Refused => DetokenizeError::Refused,
                },
            )?;
        if card.is_claimed(last4, brand) { Ok(card) } else { Err(DetokenizeError::Refused) }
    }

    /// The present key is asked first, and only when it did not wrap the data key the previous one is. What the row says
    /// of its key is not asked: whoever may write the row could choose the key by it.
    async fn unwrap(&self, wrapped: &WrappedDataKey, context: KeyContext) -> Result<DataKey, KeyringError> {
        match (self.keys.unwrap(wrapped, context).await, &self.previous_keys) {
            (Err(KeyringError::OtherKey), Some(previous)) => previous.unwrap(wrapped, context).await,
            (unwrapped, _) => unwrapped,
        }
    }
}

/// DynamoDB removes expired rows late, so their end is checked on read.
fn has_ended(end: Option<u64>, now: SystemTime) -> bool {
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    end.is_some_and(|end| end <= now)
}

impl fmt::Debug for Detokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detokenizer")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_card_is_gone_from_the_second_in_which_its_retention_ends() {
        let now = UNIX_EPOCH + Duration::from_millis(1_000_900);
        for (end, is_over) in [(None, false), (Some(1_001), false), (Some(1_000), true), (Some(999), true)] {
            assert_eq!(has_ended(end, now), is_over, "{end:?}");
        }
    }

    #[test]
    fn only_what_passes_is_worth_another_try() {
        for (error, retryable) in [
            (DetokenizeError::Unavailable, true),
            (DetokenizeError::Key(KeyringError::Unavailable), true),
            (DetokenizeError::Key(KeyringError::Unusable), true),
            (DetokenizeError::Key(KeyringError::Refused), false),
            (DetokenizeError::Missing, false),
            (DetokenizeError::Malformed, false),
            (DetokenizeError::Refused, false),
        ] {
            assert_eq!(error.retryable(), retryable, "{error:?}");
        }
    }
}
