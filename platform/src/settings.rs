//! A function's settings, from the environment variables that the template sets.

use std::{str::FromStr, time::Duration};

use order::{OrderIdPattern, ParseOrderIdPatternError, Terms};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// Reads one variable.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A setting that a function cannot start with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is missing or cannot be read. The error shows its name, but not its value.
    #[error("the setting {0} is missing or wrong: \"Settings\" in the documentation says what it may be")]
    Unreadable(&'static str),
    /// `ORDER_ID_PATTERN` is refused. The error shows the part that is wrong.
    #[error("the setting ORDER_ID_PATTERN {0}")]
    OrderIdPattern(#[source] ParseOrderIdPatternError),
}

/// A text setting.
///
/// # Errors
/// [`SettingError`] when it is missing or empty.
pub fn text(lookup: Lookup<'_>, name: &'static str) -> Result<String, SettingError> {
    lookup(name).filter(|value| !value.is_empty()).ok_or(SettingError::Unreadable(name))
}

/// A setting of any type that is read from text. There are no defaults here: the template has them.
///
/// # Errors
/// [`SettingError`] when it is missing or not of that type.
pub fn parsed<T: FromStr>(lookup: Lookup<'_>, name: &'static str) -> Result<T, SettingError> {
    text(lookup, name)?.parse().map_err(|_| SettingError::Unreadable(name))
}

/// `ORDER_ID_PATTERN`: how the shop's own order ids look; empty: as any.
///
/// # Errors
/// [`SettingError`] when it is missing, cannot be read, or allows card numbers.
pub fn order_id_pattern(lookup: Lookup<'_>) -> Result<OrderIdPattern, SettingError> {
    const NAME: &str = "ORDER_ID_PATTERN";
    let pattern = lookup(NAME).ok_or(SettingError::Unreadable(NAME))?;
    pattern.parse().map_err(SettingError::OrderIdPattern)
}

/// How long an order may be in quarantine: `ORDER_DEADLINE_HOURS`, and `QUARANTINE_TTL_DAYS` after that.
///
/// # Errors
/// [`SettingError`], which names the setting that is missing or wrong.
pub fn quarantine_terms(lookup: Lookup<'_>) -> Result<Terms, SettingError> {
    let ttl_after_deadline = duration(lookup, "QUARANTINE_TTL_DAYS", DAY)?;
    Ok(Terms { deadline: order_deadline(lookup)?, ttl_after_deadline })
}

/// `ORDER_DEADLINE_HOURS`: how long an order may wait in quarantine.
///
/// # Errors
/// [`SettingError`] when it is missing or cannot be read.
pub fn order_deadline(lookup: Lookup<'_>) -> Result<Duration, SettingError> {
    duration(lookup, "ORDER_DEADLINE_HOURS", HOUR)
}

fn duration(lookup: Lookup<'_>, name: &'static str, unit: u64) -> Result<Duration, SettingError> {
    parsed::<u64>(lookup, name).map(|count| Duration::from_secs(count.saturating_mul(unit)))
}

/// The limits of data keys: `DATA_KEY_MAX_ROWS` cards, `DATA_KEY_MAX_SECONDS` seconds.
///
/// # Errors
/// [`SettingError`], which names the setting that is missing or wrong.
pub fn data_key_policy(lookup: Lookup<'_>) -> Result<vault::DataKeyPolicy, SettingError> {
    Ok(vault::DataKeyPolicy {
        max_cards: parsed(lookup, "DATA_KEY_MAX_ROWS")?,
        max_age: Duration::from_secs(parsed(lookup, "DATA_KEY_MAX_SECONDS")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_read_in_the_unit_that_its_name_says() {
        let lookup = &|name: &str| {
            let value = match name {
                "ORDER_DEADLINE_HOURS" => "72",
                "QUARANTINE_TTL_DAYS" => "7",
                "DATA_KEY_MAX_ROWS" => "100",
                "DATA_KEY_MAX_SECONDS" => "300",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let hour = Duration::from_secs(3_600);
        let terms = Terms { deadline: hour * 72, ttl_after_deadline: hour * 24 * 7 };
        assert_eq!(quarantine_terms(lookup), Ok(terms));
        assert_eq!(order_deadline(lookup), Ok(terms.deadline));
        let policy = data_key_policy(lookup).unwrap();
        assert_eq!((policy.max_cards.get(), policy.max_age), (100, Duration::from_secs(300)));
    }
}
