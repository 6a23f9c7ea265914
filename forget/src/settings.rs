//! The settings that the template gives to the forget function.

use order::OrderIdPattern;
use platform::{
    api::Cors,
    settings::{Lookup, SettingError, order_id_pattern, text},
};

/// The settings of the forget function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `VAULT_TABLE`: name of the vault's table.
    pub vault_table: String,
    /// `ACCOUNT_ID`: the AWS account, `Account_Id` of the vault's rows.
    pub account: String,
    /// `USER_POOL_CLIENT_ID`: the client whose ID tokens are accepted.
    pub user_pool_client_id: String,
    /// `BILLING_GROUP`: whose members may forget the cards of other people's orders.
    pub billing_group: String,
    /// `ORDER_ID_PATTERN`: the form of the shop's own order ids.
    pub order_ids: OrderIdPattern,
    /// `CORS_ORIGIN`: the origin whose pages may read answers.
    pub cors: Cors,
}

impl Settings {
    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`], which names the setting that is missing or wrong.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        Ok(Self {
            quarantine_table: text(lookup, "QUARANTINE_TABLE")?,
            order_table: text(lookup, "ORDER_TABLE")?,
            vault_table: text(lookup, "VAULT_TABLE")?,
            account: text(lookup, "ACCOUNT_ID")?,
            user_pool_client_id: text(lookup, "USER_POOL_CLIENT_ID")?,
            billing_group: text(lookup, "BILLING_GROUP")?,
            order_ids: order_id_pattern(lookup)?,
            cors: Cors::read(lookup)?,
        })
    }
}
