//! What the sandbox has charged: once per payment id, also if it was asked several times.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use aws_lc_rs::hmac;
use order::{Amount, DeclineCode, DeclineKind, OrderId, Outcome};
use uuid::Uuid;
use vault::{Card, Last4};

use super::{
    cards::{self, Does},
    dialect::Dialect,
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
    card: Fingerprint,
}

/// A hash of the card, with a key that exists only in this process.
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
    pub(super) dialect: Dialect,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Entry {
    /// It is in the ledger, and how to keep the answer from arriving, if it is to.
    Settled(Charge, Option<Failure>),
    /// Nothing was charged; the card is given back.
    Failed(Failure, Option<Card>),
    /// The payment id is another payment's.
    Mismatch,
}

pub(super) struct Ledger {
    key: Arc<hmac::Key>,
    asked: HashMap<Uuid, u32>,
    /// Orders, each with the last four digits of a card that was tried for it.
    tried: HashSet<(String, String)>,
    charges: Vec<Charge>,
    /// The place of a payment among the charges.
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

    /// Takes in a request of a format whose payment id is its idempotency key. `failure` is the fault that a test
    /// asks for; otherwise the card decides.
    pub(super) fn enter(&mut self, request: Asked, failure: Option<Failure>) -> Entry {
        let (outcome, kind, failure) = self.decide(&request, failure);
        if let Some(failure) = failure.filter(|failure| !failure.charges()) {
            return Entry::Failed(failure, Some(request.card));
        }
        let place = self.places.get(&request.payment_id);
        if let Some(before) = place.and_then(|place| self.charges.get(*place)) {
            return match before.is_for(&request) {
                true => Entry::Settled(before.clone(), failure),
                false => Entry::Mismatch,
            };
        }
        self.places.insert(request.payment_id, self.charges.len());
        Entry::Settled(self.write(&request, outcome, kind, None), failure)
    }

    /// Charges, whether or not there was such a payment before: what a key protects is the format's own affair.
    pub(super) fn charge(&mut self, request: Asked, failure: Option<Failure>, reference: &str) -> Entry {
        let (outcome, kind, failure) = self.decide(&request, failure);
        match failure.filter(|failure| !failure.charges()) {
            Some(failure) => Entry::Failed(failure, Some(request.card)),
            None => Entry::Settled(self.write(&request, outcome, kind, Some(reference.to_owned())), failure),
        }
    }

    fn decide(
        &mut self,
        request: &Asked,
        failure: Option<Failure>,
    ) -> (Outcome, DeclineKind, Option<Failure>) {
        *self.asked.entry(request.payment_id).or_default() += 1;
        // Of the order, not of the payment: after a refusal the order is paid under another id.
        let first = self.tried.insert((request.order.to_string(), request.card.last4().to_string()));
        let declined = |code: &str| Outcome::Declined(DeclineCode::of(code));
        let (outcome, kind, of_card) = match cards::does(number(&request.card)) {
            Does::Decline(code) => (declined(code), DeclineKind::Soft, None),
            Does::DeclineForGood(code) => (declined(code), DeclineKind::Hard, None),
            Does::Approve => (Outcome::Submitted, DeclineKind::Soft, None),
            Does::FailOnce(failure) => {
                (Outcome::Submitted, DeclineKind::Soft, Some(failure).filter(|_| first))
            }
        };
        (outcome, kind, failure.or(of_card))
    }

    fn write(
        &mut self,
        request: &Asked,
        outcome: Outcome,
        kind: DeclineKind,
        reference: Option<String>,
    ) -> Charge {
        let charge = Charge {
            payment_id: request.payment_id,
            order: request.order.clone(),
            amount: request.amount,
            last4: request.card.last4(),
            outcome,
            kind,
            dialect: request.dialect,
            reference,
            requests: 0,
            card: Fingerprint {
                key: Arc::clone(&self.key),
                tag: hmac::sign(&self.key, number(&request.card).as_bytes()),
            },
        };
        self.charges.push(charge.clone());
        charge
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
            .field("kind", &self.kind)
            .field("dialect", &self.dialect)
            .field("reference", &self.reference)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}
