//! The status of a quarantined order.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// `Status` of a quarantine row. An order that is across has no quarantine row.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum QuarantineStatus {
    /// It waits; the stream brings it to the worker.
    Pending,
    /// Parked with a reason; a replay re-arms it.
    Failed,
    /// Too long in quarantine: its card was removed from the row.
    Expired,
}

impl QuarantineStatus {
    /// The word as stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stored_as_they_are_shown() {
        for &status in QuarantineStatus::VARIANTS {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
            assert_eq!(QuarantineStatus::of_word(status.word()), Some(status));
        }
    }
}
