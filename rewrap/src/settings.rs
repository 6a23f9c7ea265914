//! What the rewrap function is told by the template.

use platform::settings::{Lookup, SettingError, text};
use vault::RewrapperSettings;

const PREVIOUS_KEY: &str = "PREVIOUS_VAULT_KEY_ARN";

/// The settings of the rewrap function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `PREVIOUS_VAULT_KEY_ARN`, `VAULT_KEY_ARN`, `VAULT_TABLE`, `ACCOUNT_ID`: from where to where, in which table.
    pub rewrapper: RewrapperSettings,
}

impl Settings {
    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`] naming the one that is missing or wrong; a previous key that is the present one is wrong.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        let rewrapper = RewrapperSettings {
            previous_vault_key_arn: text(lookup, PREVIOUS_KEY)?,
            vault_key_arn: text(lookup, "VAULT_KEY_ARN")?,
            vault_table: text(lookup, "VAULT_TABLE")?,
            account: text(lookup, "ACCOUNT_ID")?,
        };
        if rewrapper.previous_vault_key_arn == rewrapper.vault_key_arn {
            return Err(SettingError::Unreadable(PREVIOUS_KEY));
        }
        Ok(Self { rewrapper })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_key_is_no_previous_key() {
        let with = |previous: &str| {
            let previous = previous.to_owned();
            Settings::read(&move |name| {
                Some(if name == PREVIOUS_KEY { previous.clone() } else { "a".into() })
            })
        };
        assert_eq!(with("a").err(), Some(SettingError::Unreadable(PREVIOUS_KEY)));
        assert_eq!(with("b").unwrap().rewrapper.previous_vault_key_arn, "b");
    }
}
