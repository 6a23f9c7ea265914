//! The payments of an order as its row stores them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use uuid::Uuid;

use super::{
    Decline, Payer, Payment, PaymentObject, PaymentRoute, PaymentStatus, Payments, ProcessorReference,
    Standing,
};
use crate::{
    amount::{Amount, Currency, MinorUnits},
    timestamp::Timestamp,
};

/// This program never writes payment attributes like these.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the payment's attributes cannot be read")]
pub(super) struct Unreadable;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    payment_status: Option<PaymentStatus>,
    payment_id: Option<Uuid>,
    payment_amount: Option<MinorUnits>,
    payment_currency: Option<Currency>,
    payment_started_at: Option<Timestamp>,
    claim_id: Option<Uuid>,
    claimed_until: Option<Timestamp>,
    payment_profile: Option<String>,
    payment_profile_digest: Option<String>,
    payment_origin: Option<String>,
    payment_account: Option<String>,
    payment_object: Option<PaymentObject>,
    payment_payer: Option<Payer>,
    processor_reference: Option<ProcessorReference>,
    looked_up_at: Option<Timestamp>,
    #[serde(default)]
    hard_declines: BTreeSet<String>,
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
        let route = match (
            row.payment_profile,
            row.payment_profile_digest,
            row.payment_origin,
            row.payment_account,
        ) {
            (Some(profile), Some(digest), Some(origin), Some(account)) => {
                Some(PaymentRoute { profile, digest, origin, account })
            }
            // A part of it is as useless as none: such a payment is not sent again.
            _ => None,
        };
        let current = match (standing, row.payment_id, row.payment_started_at) {
            (None, None, None) => None,
            (Some(standing), Some(id), Some(started_at)) => {
                let amount = Amount::of_parts(row.payment_amount, row.payment_currency);
                let amount = amount.map_err(|_| Unreadable)?;
                Some(Payment {
                    id,
                    amount,
                    started_at,
                    standing,
                    route,
                    object: row.payment_object,
                    payer: row.payment_payer,
                    reference: row.processor_reference,
                    looked_up_at: row.looked_up_at,
                })
            }
            _ => return Err(Unreadable),
        };
        Ok(Self {
            current,
            declines: row.payment_history,
            hard_declines: row.hard_declines,
            keys: row.payment_keys,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use vault::CardBrand;

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
            let payment = Payment {
                id,
                amount,
                started_at: at,
                standing,
                route: None,
                object: None,
                payer: None,
                reference: None,
                looked_up_at: None,
            };
            assert_eq!(read(row).unwrap().current, Some(payment));
        }
        assert_eq!(read(json!({"CustomerOrder": "1"})).unwrap().current, None);
    }

    #[test]
    fn where_a_payment_was_sent_is_read_whole_or_not_at_all() {
        let row = json!({
            "PaymentStatus": "UNKNOWN", "PaymentId": ID, "PaymentStartedAt": AT, "PaymentProfile": "stripe",
            "PaymentProfileDigest": "abc", "PaymentOrigin": "https://api.stripe.com/", "PaymentAccount": "",
            "PaymentObject": "pi_1", "PaymentPayer": "MERCHANT", "LookedUpAt": AT,
            "HardDeclines": ["visa:9979"],
        });
        let payments = read(row.clone()).unwrap();
        let payment = payments.current.clone().unwrap();
        let route = payment.route.unwrap();
        assert_eq!((route.profile.as_str(), route.account.as_str()), ("stripe", ""));
        assert_eq!(payment.object, Some(PaymentObject::accept("pi_1").unwrap()));
        assert_eq!((payment.payer, payment.looked_up_at), (Some(Payer::Merchant), Some(AT.parse().unwrap())));
        let card = |last4: &str| payments.is_declined_for_good(CardBrand::Visa, last4.parse().unwrap());
        assert!(card("9979") && !card("9978"));
        for missing in ["PaymentProfile", "PaymentProfileDigest", "PaymentOrigin", "PaymentAccount"] {
            let mut row = row.clone();
            row.as_object_mut().unwrap().remove(missing);
            assert_eq!(read(row).unwrap().current.unwrap().route, None, "{missing}");
        }
    }

    #[test]
    fn attributes_that_no_program_of_this_project_writes_are_refused() {
        for row in [
            json!({"PaymentStatus": "SUBMITTING", "PaymentId": ID, "PaymentStartedAt": AT}),
            json!({"PaymentStatus": "PAID", "PaymentId": ID, "PaymentStartedAt": AT}),
            json!({"PaymentStatus": "SUBMITTED", "PaymentStartedAt": AT}),
            json!({"PaymentStatus": "SUBMITTED", "PaymentId": ID}),
            // The row looks as if somebody had removed only the status. The payment may have been charged.
            json!({"PaymentId": ID, "PaymentStartedAt": AT}),
            json!({"ClaimId": ID, "ClaimedUntil": AT}),
            // Half an amount: it is not known what a takeover would charge.
            json!({"PaymentStatus": "DECLINED", "PaymentId": ID, "PaymentStartedAt": AT, "PaymentAmount": 1999}),
            json!({"PaymentStatus": "DECLINED", "PaymentId": ID, "PaymentStartedAt": AT, "PaymentCurrency": "EUR"}),
        ] {
            assert!(read(row.clone()).is_err(), "{row}");
        }
    }
}
