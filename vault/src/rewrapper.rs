//! The capability of re-wrapping: moves the vault's data keys from one KMS key to another. Opens nothing.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

use crate::{
    identity::KeyContext,
    key_material::KeyMaterial,
    keyring::{KeyringError, Moving},
    token::Token,
    wrapped_row::{self, RowWritten, TableUnavailableError, WrappedRow},
};

/// Why re-wrapping stopped at a row, or before it. Nothing was lost: the row has its key as it was, or the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RewrapError {
    /// The vault's table did not answer.
    #[error("the vault is not available")]
    Unavailable,
    /// KMS is not available, or one of the two keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyringError),
}

impl From<TableUnavailableError> for RewrapError {
    fn from(_: TableUnavailableError) -> Self {
        Self::Unavailable
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrapped {
    /// Its data key is under the present key now.
    Moved,
    /// Another writer was first: the row was forgotten, replaced or re-wrapped meanwhile.
    ChangedMeanwhile,
    /// The previous key did not wrap its data key, so there is nothing to move.
    OfAnotherKey,
    /// Its data key, its token and the previous key do not belong together: nobody can open it.
    Refused,
}

/// Whether a row still needs the previous key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// The previous key wrapped its data key.
    Previous,
    /// Another key did.
    Another,
    /// Its data key, its token and the previous key do not belong together: nobody can open it.
    Refused,
}

/// Some rows of the vault.
#[derive(Debug)]
pub struct WrappedPage {
    /// Those that can be read.
    pub rows: Vec<WrappedRow>,
    /// How many cannot: without a token, of another account, or without a data key.
    pub unreadable: u64,
    /// After which token the next page begins; none: this is the last one.
    pub next: Option<Token>,
}

/// What a [`Rewrapper`] works with.
#[derive(Debug, Clone)]
pub struct RewrapperSettings {
    /// ARN of the KMS key that the data keys are moved away from.
    pub previous_vault_key_arn: String,
    /// ARN of the KMS key that they are moved to.
    pub vault_key_arn: String,
    /// Name of the vault's table.
    pub vault_table: String,
    /// The AWS account, `Account_Id` of the vault's rows.
    pub account: String,
}

/// Moves data keys of the vault to another KMS key, one row at a time.
pub struct Rewrapper {
    dynamodb: Client,
    keys: Moving,
    settings: RewrapperSettings,
}

impl Rewrapper {
    /// A re-wrapper between the two keys.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: RewrapperSettings) -> Self {
        let (from, to) = (settings.previous_vault_key_arn.clone(), settings.vault_key_arn.clone());
        Self { dynamodb: Client::new(config), keys: Moving::new(config, from, to), settings }
    }

    /// Reads up to so many rows, consistently; some more where the last ones have no token, for a page ends at a token.
    ///
    /// # Errors
    /// [`RewrapError::Unavailable`].
    pub async fn page(&self, after: Option<Token>, limit: u32) -> Result<WrappedPage, RewrapError> {
        let RewrapperSettings { vault_table, account, .. } = &self.settings;
        let mut from = after.map(|token| wrapped_row::key(token, account));
        let mut page = WrappedPage { rows: Vec::new(), unreadable: 0, next: None };
        loop {
            let scanned = wrapped_row::scan(&self.dynamodb, vault_table, from, limit).await?;
            for item in scanned.items {
                match WrappedRow::parse(item, account) {
                    Some(row) => page.rows.push(row),
                    None => page.unreadable += 1,
                }
            }
            let Some(last) = scanned.last else { return Ok(page) };
            page.next = wrapped_row::token_of(&last, account);
            if page.next.is_some() {
                return Ok(page);
            }
            from = Some(last);
        }
    }

    /// Whether the row says of itself that its data key is under the present key. It may be wrong.
    #[must_use]
    pub fn says_present(&self, row: &WrappedRow) -> bool {
        row.material().is_some_and(|material| material.is_of(&self.settings.vault_key_arn))
    }

    /// Moves a row's data key, whatever the row says of it: KMS decides. The write is conditional on the wrapped key as
    /// it was read, so whoever was first stays.
    ///
    /// # Errors
    /// [`RewrapError`]; the same call may succeed later.
    pub async fn rewrap(&self, row: &WrappedRow) -> Result<Rewrapped, RewrapError> {
        let (wrapped, material) = match self.keys.rewrap(&row.data_key, row.context()).await {
            Ok(moved) => moved,
            Err(KeyringError::OtherKey) => return Ok(Rewrapped::OfAnotherKey),
            Err(KeyringError::Refused) => return Ok(Rewrapped::Refused),
            Err(error) => return Err(error.into()),
        };
        let RewrapperSettings { vault_table, account, .. } = &self.settings;
        let written = row.replace_key(&self.dynamodb, vault_table, account, &wrapped, &material).await?;
        Ok(match written {
            RowWritten::Done => Rewrapped::Moved,
            RowWritten::LostRace => Rewrapped::ChangedMeanwhile,
        })
    }

    /// Asks KMS whether the previous key wrapped a row's data key, whatever the row says of it. Writes nothing.
    ///
    /// # Errors
    /// [`RewrapError`]; the same call may succeed later.
    pub async fn wrapping(&self, row: &WrappedRow) -> Result<Wrapping, RewrapError> {
        match self.keys.rewrap(&row.data_key, row.context()).await {
            Ok(_) => Ok(Wrapping::Previous),
            Err(KeyringError::OtherKey) => Ok(Wrapping::Another),
            Err(KeyringError::Refused) => Ok(Wrapping::Refused),
            Err(error) => Err(error.into()),
        }
    }
}

impl WrappedRow {
    /// Which key wrapped its data key, as the row says; none: it does not say, or not in a form that is known.
    #[must_use]
    pub fn material(&self) -> Option<&KeyMaterial> {
        self.material.as_ref()
    }

    fn context(&self) -> KeyContext {
        KeyContext::Vault { token: self.token }
    }
}

impl fmt::Debug for Rewrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rewrapper")
    }
}
