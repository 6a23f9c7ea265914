//! The settings that the template gives to paybill.

use std::{num::NonZeroU8, time::Duration};

use order::OrderIdPattern;
use platform::{
    api::Cors,
    settings::{Lookup, SettingError, order_id_pattern, parsed, text},
};
use vault::DetokenizerSettings;

use crate::{
    audit::AuditSettings,
    processor::{ProcessorSettings, ProcessorUrl},
};

/// The settings of paybill.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `USER_POOL_CLIENT_ID`: the client whose ID tokens are accepted.
    pub user_pool_client_id: String,
    /// `BILLING_GROUP`: the group of the user pool whose members may pay every order.
    pub billing_group: String,
    /// `PROCESSOR_IDEMPOTENCY_HOURS`: how long the processor recognizes a repeated payment by its id.
    pub processor_idempotency: Duration,
    /// `REVEAL_CARD`: `true` shows the whole card number to the billing group, as the AWS sample shows it to
    /// everybody.
    pub reveal_card: bool,
    /// `ORDER_ID_PATTERN`: the form of the shop's own order ids.
    pub order_ids: OrderIdPattern,
    /// `OWNER_MAY_PAY`: with `false`, only the billing group may pay.
    pub owner_may_pay: bool,
    /// `AMOUNT_REQUIRED`: whether a payment needs an amount to begin; see [`amount_required`].
    pub amount_required: bool,
    /// `CORS_ORIGIN`: the origin whose pages may read answers.
    pub cors: Cors,
    /// The settings of the payment processor.
    pub processor: ProcessorSettings,
    /// `VAULT_KEY_ARN`, `PREVIOUS_VAULT_KEY_ARN`, `VAULT_TABLE`, `ACCOUNT_ID`: the access to the vault.
    pub detokenizer: DetokenizerSettings,
    /// `AUDIT_TABLE`, `DETOKENIZE_LIMIT_PER_MINUTE`: where each card that is taken out is recorded, and the limit.
    pub audit: AuditSettings,
}

impl Settings {
    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`], which names the setting that is missing or wrong.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        let processor = ProcessorSettings::read(lookup)?;
        Ok(Self {
            quarantine_table: text(lookup, "QUARANTINE_TABLE")?,
            order_table: text(lookup, "ORDER_TABLE")?,
            user_pool_client_id: text(lookup, "USER_POOL_CLIENT_ID")?,
            billing_group: text(lookup, "BILLING_GROUP")?,
            processor_idempotency: hours(parsed(lookup, "PROCESSOR_IDEMPOTENCY_HOURS")?),
            reveal_card: parsed(lookup, "REVEAL_CARD")?,
            order_ids: order_id_pattern(lookup)?,
            owner_may_pay: parsed(lookup, "OWNER_MAY_PAY")?,
            amount_required: amount_required(&text(lookup, "AMOUNT_REQUIRED")?, &processor.url)?,
            cors: Cors::read(lookup)?,
            processor,
            detokenizer: DetokenizerSettings {
                vault_key_arn: text(lookup, "VAULT_KEY_ARN")?,
                previous_vault_key_arn: lookup("PREVIOUS_VAULT_KEY_ARN").filter(|arn| !arn.is_empty()),
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

/// `true`, `false` or `auto`: with the sandbox, which charges nobody, the AWS sample's payment without an amount works;
/// any other processor needs an amount.
fn amount_required(word: &str, processor: &ProcessorUrl) -> Result<bool, SettingError> {
    match word {
        "auto" => Ok(*processor != ProcessorUrl::Sandbox),
        word => word.parse().map_err(|_| SettingError::Unreadable("AMOUNT_REQUIRED")),
    }
}

/// 1 to 255 hours: with 0, every interrupted payment would be given up at once.
fn hours(hours: NonZeroU8) -> Duration {
    Duration::from_hours(hours.get().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_required_where_somebody_charges_unless_the_operator_says_otherwise() {
        let (sandbox, real) = ("sandbox".parse().unwrap(), "https://pay.example/charges".parse().unwrap());
        for (word, processor, required) in [
            ("auto", &sandbox, Ok(false)),
            ("auto", &real, Ok(true)),
            ("true", &sandbox, Ok(true)),
            ("true", &real, Ok(true)),
            ("false", &sandbox, Ok(false)),
            ("false", &real, Ok(false)),
            ("Auto", &sandbox, Err(SettingError::Unreadable("AMOUNT_REQUIRED"))),
            ("yes", &real, Err(SettingError::Unreadable("AMOUNT_REQUIRED"))),
        ] {
            assert_eq!(amount_required(word, processor), required, "{word} {processor:?}");
        }
    }
}
