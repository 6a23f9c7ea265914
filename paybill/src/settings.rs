//! What paybill is told by the template.

use order::settings::{Lookup, SettingError, text};
use vault::DetokenizerSettings;

use crate::processor::ProcessorSettings;

/// The settings of paybill.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `USER_POOL_CLIENT_ID`: whose ID tokens are let in.
    pub user_pool_client_id: String,
    /// The payment processor's.
    pub processor: ProcessorSettings,
    /// `VAULT_KEY_ARN`, `VAULT_TABLE`, `ACCOUNT_ID`: the way into the vault.
    pub detokenizer: DetokenizerSettings,
}

impl Settings {
    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`] naming the one that is missing or wrong.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        Ok(Self {
            quarantine_table: text(lookup, "QUARANTINE_TABLE")?,
            order_table: text(lookup, "ORDER_TABLE")?,
            user_pool_client_id: text(lookup, "USER_POOL_CLIENT_ID")?,
            processor: ProcessorSettings::read(lookup)?,
            detokenizer: DetokenizerSettings {
                vault_key_arn: text(lookup, "VAULT_KEY_ARN")?,
                vault_table: text(lookup, "VAULT_TABLE")?,
                account: text(lookup, "ACCOUNT_ID")?,
            },
        })
    }
}
