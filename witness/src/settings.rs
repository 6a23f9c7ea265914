//! The settings that the template gives to the witness.

use platform::settings::{Lookup, SettingError, text};

/// The settings of the witness.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `WITNESS_TABLE`: name of the table of the chains.
    pub witness_table: String,
}

impl Settings {
    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`], which names the setting that is missing or wrong.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        Ok(Self { witness_table: text(lookup, "WITNESS_TABLE")? })
    }
}
