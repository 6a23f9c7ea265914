//! What paybill is told by the template.

use std::{num::NonZeroU8, time::Duration};

use order::OrderIdPattern;
use platform::{
    api::Cors,
    settings::{Lookup, SettingError, order_id_pattern, parsed, text},
};
use vault::DetokenizerSettings;

use crate::{audit::AuditSettings, processor::ProcessorSettings};

/// The settings of paybill.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `USER_POOL_CLIENT_ID`: whose ID tokens are let in.
    pub user_pool_client_id: String,
    /// `BILLING_GROUP`: the group of the user pool whose members may pay anybody's order.
    pub billing_group: String,
    /// `PROCESSOR_IDEMPOTENCY_HOURS`: how long the processor knows a repeated payment by its id.
    pub processor_idempotency: Duration,
    /// `REVEAL_CARD`: `true` shows the whole card number to the billing group, as the AWS sample shows it to
    /// everybody.
    pub reveal_card: bool,
    /// `ORDER_ID_PATTERN`: how the shop's own order ids look.
    pub order_ids: OrderIdPattern,
    /// `CORS_ORIGIN`: whose pages may read answers.
    pub cors: Cors,
    /// The payment processor's.
    pub processor: ProcessorSettings,
    /// `VAULT_KEY_ARN`, `VAULT_TABLE`, `ACCOUNT_ID`: the way into the vault.
    pub detokenizer: DetokenizerSettings,
    /// `AUDIT_TABLE`, `DETOKENIZE_LIMIT_PER_MINUTE`: what each card taken out is recorded in, and how many may be.
    pub audit: AuditSettings,
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
            billing_group: text(lookup, "BILLING_GROUP")?,
            processor_idempotency: hours(parsed(lookup, "PROCESSOR_IDEMPOTENCY_HOURS")?),
            reveal_card: parsed(lookup, "REVEAL_CARD")?,
            order_ids: order_id_pattern(lookup)?,
            cors: Cors::read(lookup)?,
            processor: ProcessorSettings::read(lookup)?,
            detokenizer: DetokenizerSettings {
                vault_key_arn: text(lookup, "VAULT_KEY_ARN")?,
                vault_table: text(lookup, "VAULT_TABLE")?,
                account: text(lookup, "ACCOUNT_ID")?,
            },
            audit: AuditSettings {
                table: text(lookup, "AUDIT_TABLE")?,
                limit_per_minute: parsed(lookup, "DETOKENIZE_LIMIT_PER_MINUTE")?,
            },
        })
    }
}

/// 1 to 255 hours: none at all would give every interrupted payment up at once.
fn hours(hours: NonZeroU8) -> Duration {
    Duration::from_hours(hours.get().into())
}
