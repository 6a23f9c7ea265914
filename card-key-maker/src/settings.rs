//! The settings that the template gives to card-key-maker.

use platform::settings::{Lookup, SettingError, order_deadline, text};
use vault::CardKeyMakerSettings;

/// The settings of card-key-maker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `CARD_KEY_TABLE`, `CARD_KEY_KEY_ARN`: where card keys are, and what wraps them. `ORDER_DEADLINE_HOURS`: how long an
    /// order may need its card key after it was accepted.
    pub maker: CardKeyMakerSettings,
}

impl Settings {
    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`], which names the setting that is missing or wrong.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        let order_deadline = order_deadline(lookup)?;
        let (table, key_arn) = (text(lookup, "CARD_KEY_TABLE")?, text(lookup, "CARD_KEY_KEY_ARN")?);
        Ok(Self { maker: CardKeyMakerSettings { table, key_arn, order_deadline } })
    }
}
