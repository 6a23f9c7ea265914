//! What the sandbox has charged: once per payment id, however often it was asked.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use aws_lc_rs::hmac;
use order::{Amount, DeclineCode, OrderId, Outcome};
use uuid::Uuid;
use vault::{Card, Last4};

use super::{
    cards::{self, Does},
    failure::Failure,
};

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
    /// What came of it.
    pub outcome: Outcome,
    /// How often the payment was asked for, also when that went wrong. It was charged once at most.
    pub requests: u32,
    card: Fingerprint,
}

/// Which card it was, by a key that nobody has outside of this process.
#[derive(Clone)]
struct Fingerprint {
    key: Arc<hmac::Key>,
    tag: hmac::Tag,
}

impl Charge {
    /// Whether it was asked of the card with that number.
    #[must_use]
    pub fn charged_with(&self, number: &str) -> bool {
        hmac::verify(&self.card.key, number.as_bytes(), self.card.tag.as_ref()).is_ok()
    }

    fn is_for(&self, request: &Asked) -> bool {
        (&self.order, self.amount) == (&request.order, request.amount)
            && self.charged_with(number(&request.card))
    }
}

/// A request that could be read.
pub(super) struct Asked {
    pub(super) payment_id: Uuid,
    pub(super) order: OrderId,
    pub(super) amount: Option<Amount>,
    pub(super) card: Card,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Entry {
    /// The outcome is in the ledger, and how to keep the answer from arriving, if it is to.
    Settled(Outcome, Option<Failure>),
    /// Nothing was charged.
    Failed(Failure),
    /// The payment id is another payment's.
    Mismatch,
}

pub(super) struct Ledger {
    key: Arc<hmac::Key>,
    asked: HashMap<Uuid, u32>,
    /// Orders, each with the last four digits of a card that was tried for it.
    tried: HashSet<(String, String)>,
    charges: Vec<Charge>,
    /// Where a payment stands among the charges.
    places: HashMap<Uuid, usize>,
}

impl Ledger {
    pub(super) fn new(key: hmac::Key) -> Self {
        Self {
            key: Arc::new(key),
            asked: HashMap::new(),
            tried: HashSet::new(),
            charges: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Every payment that has come to an outcome, oldest first.
    pub(super) fn charges(&self) -> Vec<Charge> {
        let requests = |charge: &Charge| self.asked.get(&charge.payment_id).copied().unwrap_or_default();
        self.charges.iter().map(|charge| Charge { requests: requests(charge), ..charge.clone() }).collect()
    }

    /// Takes a request in. `failure` is what a test wants of it; else the card tells.
    pub(super) fn enter(&mut self, request: Asked, failure: Option<Failure>) -> Entry {
        *self.asked.entry(request.payment_id).or_default() += 1;
        // Of the order, not of the payment: after a refusal the order is paid under another id.
        let first = self.tried.insert((request.order.to_string(), request.card.last4().to_string()));
        let (outcome, of_card) = match cards::does(number(&request.card)) {
            Does::Decline(code) => (DeclineCode::accept(code).map(Outcome::Declined), None),
            Does::Approve => (Ok(Outcome::Submitted), None),
            Does::FailOnce(failure) => (Ok(Outcome::Submitted), Some(failure).filter(|_| first)),
        };
        let outcome = outcome.unwrap_or(Outcome::Submitted);
        let failure = failure.or(of_card);
        if let Some(failure) = failure.filter(|failure| !failure.charges()) {
            return Entry::Failed(failure);
        }
        let place = self.places.get(&request.payment_id);
        if let Some(before) = place.and_then(|place| self.charges.get(*place)) {
            return match before.is_for(&request) {
                true => Entry::Settled(before.outcome.clone(), failure),
                false => Entry::Mismatch,
            };
        }
        self.places.insert(request.payment_id, self.charges.len());
        self.charges.push(Charge {
            payment_id: request.payment_id,
            amount: request.amount,
            last4: request.card.last4(),
            outcome: outcome.clone(),
            requests: 0,
            card: Fingerprint {
                key: Arc::clone(&self.key),
                tag: hmac::sign(&self.key, number(&request.card).as_bytes()),
            },
            order: request.order,
        });
        Entry::Settled(outcome, failure)
    }
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: a processor tells cards by their number")]
fn number(card: &Card) -> &str {
    card.pan.expose()
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge")
            .field("payment_id", &self.payment_id)
            .field("order", &self.order)
            .field("amount", &self.amount)
            .field("last4", &self.last4)
            .field("outcome", &self.outcome)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}
