//! The seam to the payment processor: what it is asked, and what can come of it.

use std::fmt;

use futures::future::BoxFuture;
use order::{Amount, OrderId, Outcome};
use uuid::Uuid;
use vault::Card;

/// What a processor is asked. Whoever submits it lets go of the card once it is sent.
#[derive(Debug)]
pub struct PaymentRequest<'a> {
    /// The payment. A processor charges once per id, however often it is asked: its idempotency key.
    pub payment_id: Uuid,
    /// The order that is paid.
    pub order: &'a OrderId,
    /// What is to be charged; none: the processor knows it by the order.
    pub amount: Option<Amount>,
    /// The card to be charged.
    pub card: Card,
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

/// The processor cannot be used: the system's root certificates or the proxy's address cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client of the payment processor cannot be made")]
pub struct ClientNotBuiltError;
