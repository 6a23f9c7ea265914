//! Where a quarantined order stands, and why one that failed did.

use serde::{Deserialize, Serialize};

/// `Status` of a quarantine row. An order that is across has no quarantine row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
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
        match self {
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Failed, Self::Expired].into_iter().find(|status| status.word() == word)
    }
}

/// `FailureReason` of a parked order, or of one whose card was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
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
        match self {
            Self::EnvelopeRefused => "ENVELOPE_REFUSED",
            Self::UnknownVersion => "UNKNOWN_VERSION",
            Self::Malformed => "MALFORMED",
            Self::OrderExists => "ORDER_EXISTS",
            Self::Rejected => "REJECTED",
            Self::CardNotReplaced => "CARD_NOT_REPLACED",
            Self::AttemptsExhausted => "ATTEMPTS_EXHAUSTED",
            Self::Forgotten => "FORGOTTEN",
        }
    }

    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::EnvelopeRefused,
        Self::UnknownVersion,
        Self::Malformed,
        Self::OrderExists,
        Self::Rejected,
        Self::CardNotReplaced,
        Self::AttemptsExhausted,
        Self::Forgotten,
    ];

    pub(crate) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Not the code of a failure reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a failure reason")]
pub struct NotAReason;

impl std::str::FromStr for FailureReason {
    type Err = NotAReason;

    fn from_str(code: &str) -> Result<Self, NotAReason> {
        Self::of_code(code).ok_or(NotAReason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_are_stored_as_they_are_shown() {
        for status in [QuarantineStatus::Pending, QuarantineStatus::Failed, QuarantineStatus::Expired] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
            assert_eq!(QuarantineStatus::of_word(status.word()), Some(status));
        }
        for reason in FailureReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert_eq!(reason.code().parse(), Ok(reason));
        }
    }
}
