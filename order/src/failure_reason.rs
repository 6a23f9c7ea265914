//! Why an order failed: the one list of reasons to park an order.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// `FailureReason` of a parked order, or of one whose card was forgotten.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE", parse_err_ty = ParseFailureReasonError, parse_err_fn = parse_failure_reason_error)]
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
    /// The order whose card it was to replace has a payment that is not declined, or has another card now.
    CardNotReplaced,
    /// Its card was sent encrypted, and it cannot be opened, is not a card of this order that may be stored, or is one that
    /// was declined permanently. The log says which.
    CardRefused,
    /// It did not cross within the time limit.
    AttemptsExhausted,
    /// Its card was forgotten on request.
    Forgotten,
}

impl FailureReason {
    /// Whether a replay can start an order that failed for this reason again. If the card was removed, it cannot.
    #[must_use]
    pub fn is_replayable(self) -> bool {
        !matches!(self, Self::CardNotReplaced | Self::CardRefused | Self::Forgotten)
    }

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
pub struct ParseFailureReasonError;

fn parse_failure_reason_error(_: &str) -> ParseFailureReasonError {
    ParseFailureReasonError
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stored_as_they_are_shown_and_no_other_text_is_one() {
        for &reason in FailureReason::VARIANTS {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert_eq!(reason.code().parse(), Ok(reason));
        }
        assert_eq!("forgotten".parse::<FailureReason>(), Err(ParseFailureReasonError));
    }
}
