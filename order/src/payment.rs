//! The payment of a clean order, as its row tells it.

use serde::Deserialize;
use uuid::Uuid;

use crate::{decline_code::DeclineCode, timestamp::Timestamp};

/// The payment attributes of a clean order; none before the first claim.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Attributes")]
pub enum Payment {
    /// Nobody has tried to pay.
    Unpaid,
    /// Claimed by a request that has not written an outcome.
    Submitting(ClaimedPayment),
    /// The processor took it.
    Submitted,
    /// The processor declined it.
    Declined,
    /// The attributes say nothing that this program writes.
    Malformed,
}

/// A claim that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedPayment {
    /// The payment; the processor knows it by this id, whoever submits it.
    pub payment_id: Uuid,
    /// The claim of one request.
    pub claim_id: Uuid,
    /// When the claim runs out and another request may take the payment over.
    pub until: Timestamp,
}

/// A claim to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The payment: a new one, or that of the claim taken over.
    pub payment_id: Uuid,
    /// This request's own.
    pub claim_id: Uuid,
    /// When it runs out.
    pub until: Timestamp,
}

/// What the processor answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It took the payment.
    Submitted,
    /// It declined the card, for that reason.
    Declined(DeclineCode),
}

impl Outcome {
    /// The word as stored and shown.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Declined(_) => "DECLINED",
        }
    }
}

impl From<Outcome> for Payment {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Submitted => Self::Submitted,
            Outcome::Declined(_) => Self::Declined,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    payment_status: Option<String>,
    payment_id: Option<Uuid>,
    claim_id: Option<Uuid>,
    claimed_until: Option<Timestamp>,
}

impl From<Attributes> for Payment {
    fn from(row: Attributes) -> Self {
        match (row.payment_status.as_deref(), row.payment_id, row.claim_id, row.claimed_until) {
            (None, ..) => Self::Unpaid,
            (Some("SUBMITTING"), Some(payment_id), Some(claim_id), Some(until)) => {
                Self::Submitting(ClaimedPayment { payment_id, claim_id, until })
            }
            (Some("SUBMITTED"), Some(_), ..) => Self::Submitted,
            (Some("DECLINED"), Some(_), ..) => Self::Declined,
            _ => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payment_is_read_from_its_attributes() {
        let id = "550e8400-e29b-41d4-a716-446655440000";
        let until = "2026-11-21T18:59:33.000Z";
        let claimed = ClaimedPayment {
            payment_id: id.parse().unwrap(),
            claim_id: id.parse().unwrap(),
            until: until.parse().unwrap(),
        };
        for (row, payment) in [
            (json!({"CustomerOrder": "1"}), Payment::Unpaid),
            (json!({"PaymentStatus": "SUBMITTED", "PaymentId": id}), Payment::Submitted),
            (json!({"PaymentStatus": "DECLINED", "PaymentId": id}), Payment::Declined),
            (
                json!({"PaymentStatus": "SUBMITTING", "PaymentId": id, "ClaimId": id, "ClaimedUntil": until}),
                Payment::Submitting(claimed),
            ),
            (json!({"PaymentStatus": "SUBMITTING", "PaymentId": id}), Payment::Malformed),
            (json!({"PaymentStatus": "PAID", "PaymentId": id}), Payment::Malformed),
        ] {
            assert_eq!(serde_json::from_value::<Payment>(row).unwrap(), payment);
        }
    }
}
