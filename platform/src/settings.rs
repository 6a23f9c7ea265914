//! A function's settings, from the environment variables that the template sets.

use std::str::FromStr;

/// Reads one variable.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A setting that is missing or cannot be read. Names it; its value is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the setting {0} is missing or cannot be read")]
pub struct SettingError(pub &'static str);

/// A text setting.
///
/// # Errors
/// [`SettingError`] when it is missing or empty.
pub fn text(lookup: Lookup<'_>, name: &'static str) -> Result<String, SettingError> {
    lookup(name).filter(|value| !value.is_empty()).ok_or(SettingError(name))
}

/// A setting of any type that is read from text. There are no defaults here: the template has them.
///
/// # Errors
/// [`SettingError`] when it is missing or not of that type.
pub fn parsed<T: FromStr>(lookup: Lookup<'_>, name: &'static str) -> Result<T, SettingError> {
    text(lookup, name)?.parse().map_err(|_| SettingError(name))
}

/// The bounds on data keys: `DATA_KEY_MAX_ROWS` cards, `DATA_KEY_MAX_SECONDS` seconds.
///
/// # Errors
/// [`SettingError`] naming the one that is missing or wrong.
pub fn data_key_policy(lookup: Lookup<'_>) -> Result<vault::DataKeyPolicy, SettingError> {
    Ok(vault::DataKeyPolicy {
        max_cards: parsed(lookup, "DATA_KEY_MAX_ROWS")?,
        max_age: std::time::Duration::from_secs(parsed(lookup, "DATA_KEY_MAX_SECONDS")?),
    })
}
