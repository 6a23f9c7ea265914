//! The settings that the template gives to card-keys.

use platform::{
    api::Cors,
    settings::{Lookup, SettingError, text},
};

/// The settings of card-keys.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `CARD_KEY_TABLE`: name of the table of card keys.
    pub card_key_table: String,
    /// `USER_POOL_CLIENT_ID`: the client whose ID tokens are accepted.
    pub user_pool_client_id: String,
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
            card_key_table: text(lookup, "CARD_KEY_TABLE")?,
            user_pool_client_id: text(lookup, "USER_POOL_CLIENT_ID")?,
            cors: Cors::read(lookup)?,
        })
    }
}
