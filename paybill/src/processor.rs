//! The seam to the payment processor, and the sandbox that stands in for one.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use futures::future::BoxFuture;
use order::{Amount, DeclineCode, OrderId, Outcome};
use uuid::Uuid;
use vault::Card;

/// What a processor is asked. The card is borrowed: it is not to outlive the request.
#[derive(Debug, Clone, Copy)]
pub struct PaymentRequest<'a> {
    /// The payment. A processor charges once per id, however often it is asked: its idempotency key.
    pub payment_id: Uuid,
    /// The order that is paid.
    pub order: &'a OrderId,
    /// What is to be charged, when the client said so.
    pub amount: Option<Amount>,
    /// The card to be charged.
    pub card: &'a Card,
}

/// Why a processor gave no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProcessorError {
    /// Nothing was sent, so nothing was charged.
    #[error("the payment processor was not reached")]
    NotReached,
    /// It was asked, and no answer came: it may or may not have charged.
    #[error("the payment processor did not answer")]
    NoAnswer,
    /// It refuses this service (400, 401, 403, 404): our own fault, and nothing was charged.
    #[error("the payment processor refuses requests of this service")]
    Refused,
}

/// A payment processor.
pub trait Processor: fmt::Debug + Send + Sync {
    /// Submits a payment, once per payment id.
    ///
    /// # Errors
    /// [`ProcessorError`] when there is no outcome.
    fn submit<'a>(&'a self, request: PaymentRequest<'a>) -> BoxFuture<'a, Result<Outcome, ProcessorError>>;
}

/// A processor in memory that charges nobody: approves every card but [`Sandbox::DECLINED`]. Keeps a ledger, so
/// that it can be seen what would have been charged.
#[derive(Debug, Default)]
pub struct Sandbox {
    ledger: Mutex<HashMap<Uuid, Charge>>,
}

/// One payment in the sandbox's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The order that was paid.
    pub order: OrderId,
    /// What came of it.
    pub outcome: Outcome,
    /// How often the payment was submitted; it was charged once at most.
    pub requests: u32,
}

impl Sandbox {
    /// The card that is always declined.
    pub const DECLINED: &'static str = "4000000000000002";

    /// The ledger, by payment id.
    #[must_use]
    pub fn ledger(&self) -> HashMap<Uuid, Charge> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "EXPOSE: the processor tells its test cards by their number"
    )]
    fn decide(card: &Card) -> Outcome {
        match "card_declined".parse::<DeclineCode>() {
            Ok(code) if card.pan.expose() == Self::DECLINED => Outcome::Declined(code),
            _ => Outcome::Submitted,
        }
    }
}

impl Processor for Sandbox {
    fn submit<'a>(&'a self, request: PaymentRequest<'a>) -> BoxFuture<'a, Result<Outcome, ProcessorError>> {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let charge = ledger.entry(request.payment_id).or_insert_with(|| Charge {
            order: request.order.clone(),
            outcome: Self::decide(request.card),
            requests: 0,
        });
        charge.requests += 1;
        Box::pin(std::future::ready(Ok(charge.outcome.clone())))
    }
}
