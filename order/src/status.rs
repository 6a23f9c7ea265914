//! Where a quarantined order stands, and why one that failed did.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// `Status` of a quarantine row. An order that is across has no quarantine row.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum QuarantineStatus {
    /// On its way; the worker takes it up from the stream.
    Pending,
    /// Parked with a reason; a replay re-arms it.
    Failed,
    /// Too long in quarantine: its card is gone from the row.
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

/// `FailureReason` of a parked order, or of one whose card was forgotten.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", parse_err_ty = NotAReason, parse_err_fn = not_a_reason)]
pub enum FailureReason {
    /// The sealed card does not authenticate: it, its data key or the row around it was altered.
    EnvelopeRefused,
    /// The sealed card has a version that this release does not know.
    UnknownVersion,
    /// The row lacks attributes or holds unknown ones.
    Malformed,
    /// An order of that id with other details is already tokenized.
    OrderExists,
    /// DynamoDB refuses the transaction itself.
    Rejected,
    /// The payment of the order whose card it was to replace is not declined, or its card is another by now.
    CardNotReplaced,
    /// Armed as often as the limit allows, and never got across.
    AttemptsExhausted,
    /// Its card was forgotten on request.
    Forgotten,
}

impl FailureReason {
    /// The code as stored and shown.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub(crate) fn of_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }
}

/// Not the code of a failure reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a failure reason")]
pub struct NotAReason;

fn not_a_reason(_: &str) -> NotAReason {
    NotAReason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_are_stored_as_they_are_shown() {
        for &status in QuarantineStatus::VARIANTS {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
            assert_eq!(QuarantineStatus::of_word(status.word()), Some(status));
        }
        for &reason in FailureReason::VARIANTS {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert_eq!(reason.code().parse(), Ok(reason));
        }
    }
}
