//! The settings that the template gives to sweep and replay.

use std::time::Duration;

use platform::settings::{Lookup, SettingError, parsed, text};

/// The settings of sweep and replay.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QUARANTINE_TABLE`: name of the quarantine table.
    pub quarantine_table: String,
    /// `ORDER_TABLE`: name of the table of clean orders.
    pub order_table: String,
    /// `DEAD_LETTER_QUEUE_URL`: the queue that is read and written.
    pub dead_letter_queue_url: String,
    /// `REARM_AFTER_MINUTES`: how long after it was armed a pending row counts as lost that Lambda has not given up;
    /// longer than Lambda can still be retrying its record.
    pub rearm_after: Duration,
    /// `EXHAUSTED_AFTER_HOURS`: how long after it was armed first a row is parked instead of armed again.
    pub exhausted_after: Duration,
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
            rearm_after: minutes(parsed(lookup, "REARM_AFTER_MINUTES")?),
            exhausted_after: minutes(parsed::<u64>(lookup, "EXHAUSTED_AFTER_HOURS")?.saturating_mul(60)),
        })
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count.saturating_mul(60))
}
