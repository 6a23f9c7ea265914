//! The settings that the template gives to the worker.

use std::time::Duration;

use platform::settings::{Lookup, SettingError, data_key_policy, parsed, text};
use vault::TokenizerSettings;

const DAY: u64 = 24 * 60 * 60;

/// The settings of the worker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `DEAD_LETTER_QUEUE_URL`: the queue for messages about parked orders.
    pub dead_letter_queue_url: String,
    /// `EVENT_BUS`: name of the event bus.
    pub event_bus: String,
    /// `EVENT_DEAD_LETTER_QUEUE_URL`: the queue of the events that the bus refused.
    pub event_dead_letter_queue_url: String,
    /// `QUARANTINE_KEY_ARN`, `VAULT_KEY_ARN`, `VAULT_TABLE`, `ACCOUNT_ID`, `DATA_KEY_MAX_ROWS`,
    /// `DATA_KEY_MAX_SECONDS`: the way from quarantine into the vault. `CARD_RETENTION_DAYS`: how long the vault
    /// keeps a card; 0: until it is forgotten. `CARD_KEY_TABLE`, `CARD_KEY_KEY_ARN`, `CARD_EXPIRY_REQUIRED`: what opens and
    /// judges cards that clients encrypted.
    pub tokenizer: TokenizerSettings,
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
            dead_letter_queue_url: text(lookup, "DEAD_LETTER_QUEUE_URL")?,
            event_bus: text(lookup, "EVENT_BUS")?,
            event_dead_letter_queue_url: text(lookup, "EVENT_DEAD_LETTER_QUEUE_URL")?,
            tokenizer: TokenizerSettings {
                quarantine_key_arn: text(lookup, "QUARANTINE_KEY_ARN")?,
                vault_key_arn: text(lookup, "VAULT_KEY_ARN")?,
                vault_table: text(lookup, "VAULT_TABLE")?,
                account: text(lookup, "ACCOUNT_ID")?,
                card_key_table: text(lookup, "CARD_KEY_TABLE")?,
                card_key_key_arn: text(lookup, "CARD_KEY_KEY_ARN")?,
                card_expiry_required: parsed(lookup, "CARD_EXPIRY_REQUIRED")?,
                policy: data_key_policy(lookup)?,
                retention: retention(parsed(lookup, "CARD_RETENTION_DAYS")?),
            },
        })
    }
}

fn retention(days: u64) -> Option<Duration> {
    (days > 0).then(|| Duration::from_secs(days.saturating_mul(DAY)))
}
