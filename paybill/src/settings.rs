//! What paybill is told by the template.

use std::str::FromStr;

use order::{
    api::Cors,
    settings::{Lookup, SettingError, parsed, text},
};
use vault::DetokenizerSettings;

/// The settings of paybill.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `USER_POOL_CLIENT_ID`: whose ID tokens are let in.
    pub user_pool_client_id: String,
    /// `PAYMENT_PROCESSOR`: `sandbox` is the only one there is yet; it charges nobody, so it must be asked for.
    pub processor: ProcessorKind,
    /// `CORS_ORIGIN`: whose pages may read answers.
    pub cors: Cors,
    /// `VAULT_KEY_ARN`, `VAULT_TABLE`, `ACCOUNT_ID`: the way into the vault.
    pub detokenizer: DetokenizerSettings,
}

/// Which payment processor is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessorKind {
    /// [`crate::Sandbox`].
    Sandbox,
}

impl FromStr for ProcessorKind {
    type Err = SettingError;

    fn from_str(name: &str) -> Result<Self, SettingError> {
        if name == "sandbox" { Ok(Self::Sandbox) } else { Err(SettingError("PAYMENT_PROCESSOR")) }
    }
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
            processor: parsed(lookup, "PAYMENT_PROCESSOR")?,
            cors: Cors::read(lookup)?,
            detokenizer: DetokenizerSettings {
                vault_key_arn: text(lookup, "VAULT_KEY_ARN")?,
                vault_table: text(lookup, "VAULT_TABLE")?,
                account: text(lookup, "ACCOUNT_ID")?,
            },
        })
    }
}
