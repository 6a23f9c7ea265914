//! The settings that the template gives to ingest.

use order::{OrderIdPattern, Terms};
use platform::{
    api::Cors,
    settings::{Lookup, SettingError, data_key_policy, order_id_pattern, parsed, quarantine_terms, text},
};
use vault::DataKeyPolicy;

/// The settings of ingest.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `QUARANTINE_KEY_ARN`: the KMS key of quarantined cards.
    pub quarantine_key_arn: String,
    /// `USER_POOL_CLIENT_ID`: the client whose ID tokens are accepted.
    pub user_pool_client_id: String,
    /// `BILLING_GROUP`: the merchants, who may see every order and give it another card, and who say what an order costs
    /// and whose it is.
    pub billing_group: String,
    /// `DATA_KEY_MAX_ROWS`, `DATA_KEY_MAX_SECONDS`: limits of a data key.
    pub data_key_policy: DataKeyPolicy,
    /// `ORDER_DEADLINE_HOURS`, `QUARANTINE_TTL_DAYS`: how long an order may stay in quarantine.
    pub terms: Terms,
    /// `ORDER_ID_PATTERN`: the form of the shop's own order ids.
    pub order_ids: OrderIdPattern,
    /// `CARD_EXPIRY_REQUIRED`: whether a card without its expiry date is refused.
    pub card_expiry_required: bool,
    /// `CARD_KEY_TABLE`: name of the table of the keys that cards are encrypted for.
    pub card_key_table: String,
    /// `ENCRYPTED_CARD_ONLY`: whether a card that is not encrypted is refused.
    pub encrypted_card_only: bool,
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
            quarantine_key_arn: text(lookup, "QUARANTINE_KEY_ARN")?,
            user_pool_client_id: text(lookup, "USER_POOL_CLIENT_ID")?,
            billing_group: text(lookup, "BILLING_GROUP")?,
            data_key_policy: data_key_policy(lookup)?,
            terms: quarantine_terms(lookup)?,
            order_ids: order_id_pattern(lookup)?,
            card_expiry_required: parsed(lookup, "CARD_EXPIRY_REQUIRED")?,
            card_key_table: text(lookup, "CARD_KEY_TABLE")?,
            encrypted_card_only: parsed(lookup, "ENCRYPTED_CARD_ONLY")?,
            cors: Cors::read(lookup)?,
        })
    }
}
