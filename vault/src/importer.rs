//! The capability of importing: opens rows of the AWS sample's vault only to seal their cards for this vault at once.
//! It gives no card out.

use std::{collections::HashMap, fmt, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use clock::Clock;
use uuid::Uuid;

use crate::{
    brand::CardBrand,
    card::Card,
    ddbec::{ImportRowError, SampleRow, SignedRow},
    keyring::Unwrapping,
    last4::Last4,
    token::Token,
    vault_row::WrittenOver,
    vault_sealer::{SealedFor, Tokenized, VaultSealError, VaultSealer, VaultSettings},
};

/// The order that an imported card belongs to. The source never bound a token to its order: whoever calls this says
/// which order names the token, and this pairing is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedOrder<'a> {
    /// The order id, `CustomerOrder`.
    pub order: &'a str,
    /// Whose order it is (Cognito `sub`).
    pub owner: &'a str,
    /// The acceptance that the clean order will have.
    pub acceptance: Uuid,
}

/// What may be told of a row that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Importable {
    /// Its token, which stays.
    pub token: Token,
    /// Derived from the opened card.
    pub last4: Last4,
    /// Derived from the opened card.
    pub brand: CardBrand,
}

/// What an [`Importer`] works with.
#[derive(Debug, Clone)]
pub struct ImporterSettings {
    /// The name that the source had when its rows were written: the KMS context and the signature have it.
    pub source_table: String,
    /// ARN of the KMS key of the sample's vault, to decrypt with.
    pub source_key_arn: String,
    /// ARN of the KMS key of the vault, to generate data keys with.
    pub vault_key_arn: String,
    /// Name of the vault's table.
    pub vault_table: String,
    /// Whether the sample's rows are in the vault's own table, so that each is replaced.
    pub in_place: bool,
    /// The AWS account, `Account_Id` of the vault's rows.
    pub account: String,
    /// How long the vault keeps a card; none: until it is forgotten.
    pub retention: Option<Duration>,
}

/// Turns rows of the AWS sample's vault into rows of this one.
pub struct Importer {
    source: Unwrapping,
    source_table: String,
    in_place: bool,
    vault: VaultSealer,
}

impl Importer {
    /// An importer from one source.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: ImporterSettings, clock: Clock) -> Self {
        let ImporterSettings { source_table, source_key_arn, in_place, .. } = settings;
        let vault = VaultSettings {
            key_arn: settings.vault_key_arn,
            table: settings.vault_table,
            account: settings.account,
            retention: settings.retention,
        };
        Self {
            source: Unwrapping::new(config, source_key_arn),
            source_table,
            in_place,
            vault: VaultSealer::new(config, vault, clock),
        }
    }

    /// The token of a row that has the form of the sample's rows. KMS is not asked, so nothing of it is verified.
    ///
    /// # Errors
    /// [`ImportRowError::NotASampleRow`], [`ImportRowError::TokenMalformed`], [`ImportRowError::DescriptionUnknown`].
    pub fn token_of(row: &HashMap<String, AttributeValue>) -> Result<Token, ImportRowError> {
        SampleRow::parse(row).map(|row| row.token)
    }

    /// Whether a row of the sample's vault can be imported. One request to KMS; nothing is sealed.
    ///
    /// # Errors
    /// [`ImportRowError`].
    pub async fn check_row(
        &self,
        row: &HashMap<String, AttributeValue>,
    ) -> Result<Importable, ImportRowError> {
        let row = SampleRow::parse(row)?;
        let number = self.verified(&row).await?.open()?;
        Ok(Importable { token: row.token, last4: number.last4(), brand: number.brand() })
    }

    /// Opens a row of the sample's vault and seals its card for this vault under its own data key and the same token.
    /// It writes nothing.
    ///
    /// # Errors
    /// [`ImportRowError`]; [`ImportRowError::retryable`] says whether to try the row again or to report it.
    pub async fn import_row(
        &self,
        row: &HashMap<String, AttributeValue>,
        order: ImportedOrder<'_>,
    ) -> Result<Tokenized, ImportRowError> {
        let row = SampleRow::parse(row)?;
        let signed = self.verified(&row).await?;
        // Before the row is opened, so that no card waits in plaintext for KMS.
        let data_key = self.vault.data_key(row.token).await?;
        let card = Card { pan: signed.open()?, expiry: None };
        let ImportedOrder { order, owner, acceptance } = order;
        let sealed_for = SealedFor { token: row.token, order, owner, acceptance };
        let over = if self.in_place {
            WrittenOver::SampleRow { signature: row.signature }
        } else {
            WrittenOver::Nothing
        };
        Ok(self.vault.seal(&card, data_key, sealed_for, over)?)
    }

    async fn verified<'a>(&self, row: &SampleRow<'a>) -> Result<SignedRow<'a>, ImportRowError> {
        let context = row.key_context(&self.source_table);
        let data_key = self.source.unwrap_foreign(&row.data_key, context).await?;
        row.verify(&data_key, &self.source_table)
    }
}

impl From<VaultSealError> for ImportRowError {
    fn from(error: VaultSealError) -> Self {
        match error {
            VaultSealError::Cipher => Self::NotSealed,
            VaultSealError::Incomplete(error) => error.into(),
        }
    }
}

impl fmt::Debug for Importer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Importer")
    }
}
