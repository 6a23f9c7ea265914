//! A charge as it is written down: without its card, of which there is a keyed hash.

use std::sync::Arc;

use aws_lc_rs::hmac;
use order::{Amount, Currency, DeclineCode, DeclineKind, MinorUnits, OrderId, Outcome};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    charge::{Charge, Fingerprint},
    dialect::Dialect,
};

#[derive(Serialize, Deserialize)]
pub(super) struct KeptCharge {
    payment_id: Uuid,
    order: String,
    amount: Option<(MinorUnits, Currency)>,
    last4: String,
    /// Of a decline.
    declined: Option<String>,
    kind: DeclineKind,
    profile: String,
    reference: Option<String>,
    card: Vec<u8>,
}

impl KeptCharge {
    pub(super) fn of(charge: &Charge) -> Self {
        Self {
            payment_id: charge.payment_id,
            order: charge.order.as_str().to_owned(),
            amount: charge.amount.map(|amount| (amount.minor_units, amount.currency)),
            last4: charge.last4.to_string(),
            declined: match &charge.outcome {
                Outcome::Declined(code) => Some(code.to_string()),
                Outcome::Submitted => None,
            },
            kind: charge.kind,
            profile: charge.dialect.profile().to_owned(),
            reference: charge.reference.clone(),
            card: charge.card.tag.clone(),
        }
    }

    /// The charge, if it is one of this program's.
    pub(super) fn read(self, key: &Arc<hmac::Key>) -> Option<Charge> {
        Some(Charge {
            payment_id: self.payment_id,
            order: OrderId::stored(self.order)?,
            amount: self.amount.map(|(minor_units, currency)| Amount { minor_units, currency }),
            last4: self.last4.parse().ok()?,
            outcome: match self.declined {
                Some(code) => Outcome::Declined(DeclineCode::stored(code)?),
                None => Outcome::Submitted,
            },
            kind: self.kind,
            dialect: Dialect::ALL.into_iter().find(|dialect| dialect.profile() == self.profile)?,
            reference: self.reference,
            requests: 0,
            card: Fingerprint { key: Arc::clone(key), tag: self.card },
        })
    }
}
