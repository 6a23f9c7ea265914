//! A payment that came to an outcome.

use std::{fmt, sync::Arc};

use aws_lc_rs::hmac;
use order::{Amount, DeclineKind, OrderId, Outcome};
use uuid::Uuid;
use vault::Last4;

use super::dialect::Dialect;

/// A payment that was charged or declined. The card's number is not kept.
#[derive(Clone)]
pub struct Charge {
    /// The payment: the idempotency key.
    pub payment_id: Uuid,
    /// The order that was paid.
    pub order: OrderId,
    /// How much; none: the request did not say.
    pub amount: Option<Amount>,
    /// The last four digits of the card.
    pub last4: Last4,
    /// The outcome.
    pub outcome: Outcome,
    /// Of a decline: whether the card may be tried again.
    pub kind: DeclineKind,
    /// The format in which it was asked for.
    pub dialect: Dialect,
    /// The processor's own id of the payment, where its format has one.
    pub reference: Option<String>,
    /// How often the payment was asked for, also when that went wrong. It was charged once at most.
    pub requests: u32,
    pub(super) card: Fingerprint,
}

/// A hash of the card, with the sandbox's own key.
#[derive(Clone)]
pub(super) struct Fingerprint {
    pub(super) key: Arc<hmac::Key>,
    pub(super) tag: Vec<u8>,
}

impl Charge {
    /// Whether it was asked of the card with that number.
    #[must_use]
    pub fn charged_with(&self, number: &str) -> bool {
        hmac::verify(&self.card.key, number.as_bytes(), &self.card.tag).is_ok()
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge")
            .field("payment_id", &self.payment_id)
            .field("order", &self.order)
            .field("amount", &self.amount)
            .field("last4", &self.last4)
            .field("outcome", &self.outcome)
            .field("kind", &self.kind)
            .field("dialect", &self.dialect)
            .field("reference", &self.reference)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}
