//! The payments of a clean order, as its row tells them.

mod key;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_with::{DisplayFromStr, serde_as};
use strum::IntoStaticStr;
use uuid::Uuid;
use vault::{CardBrand, Last4};

pub use self::key::{ParsePaymentKeyError, PaymentKey};
use crate::{
    amount::{Amount, Currency, MinorUnits},
    decline_code::DeclineCode,
    timestamp::Timestamp,
};

/// The most payments of one order: card networks count repeated declines against the merchant.
pub const MAX_ATTEMPTS: usize = 5;

/// All that a row says of its order's payments: one at a time, each but the last declined.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Attributes")]
pub struct Payments {
    /// The last one; none while nobody has tried, and again once the declined card was replaced.
    pub current: Option<Payment>,
    /// Every payment that was declined, the oldest first; the current one too.
    pub declines: Vec<Decline>,
    /// Which payment a client's key stands for. `None`: the row has no such map yet.
    pub(crate) keys: Option<BTreeMap<String, Uuid>>,
}

/// One payment: at most one charge, however often it is submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The processor knows the payment by this id, whoever submits it.
    pub id: Uuid,
    /// What is charged: the order's amount, or the one that a merchant gave for this payment.
    pub amount: Option<Amount>,
    /// When it was first claimed.
    pub started_at: Timestamp,
    /// Where it stands.
    pub standing: Standing,
}

/// `PaymentStatus`: where a payment stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum PaymentStatus {
    /// Claimed by a request that has not written an outcome.
    Submitting,
    /// The processor took it.
    Submitted,
    /// The processor declined it.
    Declined,
    /// Nobody knows what became of it.
    Unknown,
}

/// Where a payment stands: its status and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Claimed by a request that has not written an outcome.
    Submitting {
        /// The claim of that request.
        claim: Uuid,
        /// When the claim runs out and another request may take the payment over.
        until: Timestamp,
    },
    /// The processor took it.
    Submitted,
    /// The processor declined it; why stands in the last of [`Payments::declines`].
    Declined,
    /// It was interrupted, and the processor no longer tells a repeat from a second payment: only a person can
    /// find out what became of it.
    Unknown,
}

/// A payment that was declined: an entry of `PaymentHistory`.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Decline {
    pub payment_id: Uuid,
    /// What was to be charged, in minor units, with the currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<MinorUnits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<Currency>,
    /// The processor's reason.
    pub decline_code: DeclineCode,
    /// When it was written down.
    pub settled_at: Timestamp,
    /// Which card it was.
    #[serde_as(as = "DisplayFromStr")]
    pub card_last4: Last4,
    /// Of which scheme.
    #[serde_as(as = "DisplayFromStr")]
    pub card_brand: CardBrand,
}

/// A claim to be written: this request and no other submits the payment for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// This request's own id.
    pub id: Uuid,
    /// When it runs out.
    pub until: Timestamp,
    /// The payment: a new one, or that of the claim taken over.
    pub payment: Uuid,
    /// What is charged.
    pub amount: Option<Amount>,
    /// When the payment was first claimed.
    pub started_at: Timestamp,
    /// The client's key, which from now on stands for this payment.
    pub key: Option<PaymentKey>,
    /// The payment that stood there when the row was read: the claim holds only while it still does.
    pub seen: Option<Payment>,
}

/// What the processor answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It took the payment.
    Submitted,
    /// It declined the card, for that reason.
    Declined(DeclineCode),
}

impl Payments {
    /// The payment that a client's key stands for.
    #[must_use]
    pub fn of_key(&self, key: &PaymentKey) -> Option<Uuid> {
        self.keys.as_ref()?.get(key.as_str()).copied()
    }

    /// The decline of a payment, if it was declined.
    #[must_use]
    pub fn decline_of(&self, payment: Uuid) -> Option<&Decline> {
        self.declines.iter().find(|decline| decline.payment_id == payment)
    }
}

impl Claim {
    /// Whether the payment starts with this claim: nobody can have submitted it before.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.id != self.payment)
    }
}

impl Decline {
    /// What was to be charged; none: nobody has said so.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        Amount::of_parts(self.amount, self.currency).ok().flatten()
    }
}

impl Standing {
    /// The same in a word.
    #[must_use]
    pub fn status(&self) -> PaymentStatus {
        match self {
            Self::Submitting { .. } => PaymentStatus::Submitting,
            Self::Submitted => PaymentStatus::Submitted,
            Self::Declined => PaymentStatus::Declined,
            Self::Unknown => PaymentStatus::Unknown,
        }
    }

    /// The word as stored and shown.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.status().word()
    }
}

impl PaymentStatus {
    /// The word as stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }
}

impl Outcome {
    /// Where a payment stands after it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::Submitted => Standing::Submitted,
            Self::Declined(_) => Standing::Declined,
        }
    }
}

/// The payment attributes say nothing that this program writes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the payment's attributes cannot be read")]
struct Unreadable;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    payment_status: Option<PaymentStatus>,
    payment_id: Option<Uuid>,
    payment_amount: Option<MinorUnits>,
    payment_currency: Option<Currency>,
    payment_started_at: Option<Timestamp>,
    claim_id: Option<Uuid>,
    claimed_until: Option<Timestamp>,
    #[serde(default)]
    payment_history: Vec<Decline>,
    payment_keys: Option<BTreeMap<String, Uuid>>,
}

impl TryFrom<Attributes> for Payments {
    type Error = Unreadable;

    fn try_from(row: Attributes) -> Result<Self, Unreadable> {
        let standing = match (row.payment_status, row.claim_id, row.claimed_until) {
            (None, None, None) => None,
            (Some(PaymentStatus::Submitting), Some(claim), Some(until)) => {
                Some(Standing::Submitting { claim, until })
            }
            (Some(PaymentStatus::Submitted), None, None) => Some(Standing::Submitted),
            (Some(PaymentStatus::Declined), None, None) => Some(Standing::Declined),
            (Some(PaymentStatus::Unknown), None, None) => Some(Standing::Unknown),
            _ => return Err(Unreadable),
        };
        let current = match (standing, row.payment_id, row.payment_started_at) {
            (None, None, None) => None,
            (Some(standing), Some(id), Some(started_at)) => {
                let amount = Amount::of_parts(row.payment_amount, row.payment_currency);
                let amount = amount.map_err(|_| Unreadable)?;
                Some(Payment { id, amount, started_at, standing })
            }
            _ => return Err(Unreadable),
        };
        Ok(Self { current, declines: row.payment_history, keys: row.payment_keys })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "550e8400-e29b-41d4-a716-446655440000";
    const AT: &str = "2026-11-21T18:59:33.000Z";

    fn read(row: Value) -> Result<Payments, serde_json::Error> {
        serde_json::from_value(row)
    }

    #[test]
    fn a_payment_is_read_from_its_attributes() {
        let (id, at): (Uuid, Timestamp) = (ID.parse().unwrap(), AT.parse().unwrap());
        let euros = Amount { minor_units: 1999.try_into().unwrap(), currency: "EUR".parse().unwrap() };
        for (row, standing, amount) in [
            (json!({"PaymentStatus": "SUBMITTED"}), Standing::Submitted, None),
            (
                json!({"PaymentStatus": "DECLINED", "PaymentAmount": 1999, "PaymentCurrency": "EUR"}),
                Standing::Declined,
                Some(euros),
            ),
            (json!({"PaymentStatus": "UNKNOWN"}), Standing::Unknown, None),
            (
                json!({"PaymentStatus": "SUBMITTING", "ClaimId": ID, "ClaimedUntil": AT}),
                Standing::Submitting { claim: id, until: at },
                None,
            ),
        ] {
            let mut row = row;
            row["PaymentId"] = ID.into();
            row["PaymentStartedAt"] = AT.into();
            let payment = Payment { id, amount, started_at: at, standing };
            assert_eq!(read(row).unwrap().current, Some(payment));
        }
        assert_eq!(read(json!({"CustomerOrder": "1"})).unwrap().current, None);
    }

    #[test]
    fn attributes_that_no_program_of_this_project_writes_are_refused() {
        for row in [
            json!({"PaymentStatus": "SUBMITTING", "PaymentId": ID, "PaymentStartedAt": AT}),
            json!({"PaymentStatus": "PAID", "PaymentId": ID, "PaymentStartedAt": AT}),
            json!({"PaymentStatus": "SUBMITTED", "PaymentStartedAt": AT}),
            json!({"PaymentStatus": "SUBMITTED", "PaymentId": ID}),
            // As it would look if somebody had removed the status alone: it may have been charged.
            json!({"PaymentId": ID, "PaymentStartedAt": AT}),
            json!({"ClaimId": ID, "ClaimedUntil": AT}),
            // Half an amount: what was it that a takeover would charge?
            json!({"PaymentStatus": "DECLINED", "PaymentId": ID, "PaymentStartedAt": AT, "PaymentAmount": 1999}),
            json!({"PaymentStatus": "DECLINED", "PaymentId": ID, "PaymentStartedAt": AT, "PaymentCurrency": "EUR"}),
        ] {
            assert!(read(row.clone()).is_err(), "{row}");
        }
    }
}
