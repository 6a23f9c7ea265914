//! The settings that the template gives to notify.

use platform::settings::{Lookup, SettingError, text};

/// The settings of notify.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `EVENT_BUS`: name of the event bus.
    pub event_bus: String,
    /// `EVENT_DEAD_LETTER_QUEUE_URL`: the queue of the events that the bus refused.
    pub event_dead_letter_queue_url: String,
}

impl Settings {
    /// Reads the settings from environment variables.
    ///
    /// # Errors
    /// [`SettingError`], which names the setting that is missing or wrong.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingError> {
        Ok(Self {
            event_bus: text(lookup, "EVENT_BUS")?,
            event_dead_letter_queue_url: text(lookup, "EVENT_DEAD_LETTER_QUEUE_URL")?,
        })
    }
}
