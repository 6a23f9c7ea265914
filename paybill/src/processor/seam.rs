//! The interface to the payment processor: the requests to it, and their possible results.

use std::fmt;

use futures::future::BoxFuture;
use order::{Amount, OrderId, Payer, PaymentObject, PaymentRoute, Settlement};
use reqwest::RequestBuilder;
use tokio::time::Instant;
use uuid::Uuid;
use vault::{Card, Last4};

/// A request for a processor. The card is wiped once the last request that carries it is written.
#[derive(Debug)]
pub struct PaymentRequest<'a> {
    /// The order that is paid.
    pub order: &'a OrderId,
    /// The customer's name.
    pub customer_name: &'a str,
    /// What is to be charged; none: the processor knows it by the order.
    pub amount: Option<Amount>,
    /// Who pays.
    pub payer: Payer,
    /// The object that an earlier request for this payment made, from the row.
    pub object: Option<&'a PaymentObject>,
    /// The card to be charged. None: [`Processor::needs_card`] says that it is not needed.
    pub card: Option<Card>,
}

/// One conversation about a payment: all of its requests together have one time-out.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    /// The payment. The id is the idempotency key: a processor charges once per id.
    pub payment: Uuid,
    /// The last digits of its card.
    pub last4: Last4,
    pub(super) until: Instant,
}

/// A payment whose request that charges is written and not yet sent.
#[derive(Debug)]
pub struct Prepared {
    /// The object that an earlier step made. It is written before the charge.
    pub object: Option<PaymentObject>,
    pub(super) step: PreparedStep,
}

#[derive(Debug)]
pub(super) enum PreparedStep {
    /// The sandbox has decided.
    Decided(Settlement),
    Http(Box<RequestBuilder>),
}

/// Why a payment was not charged. This request has charged nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The processor was not reached, or a step before the charge failed.
    #[error("the payment processor was not reached")]
    NotReached,
    /// It refuses this service: our own fault.
    #[error("the payment processor refuses requests of this service")]
    Refused,
    /// It declined the card before anything was to be charged.
    #[error("the card was declined")]
    Declined(Settlement),
}

/// Why a processor gave no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProcessorError {
    /// The request that charges was not sent, so nothing was charged.
    #[error("the payment processor was not reached")]
    NotReached,
    /// It got the request, and no answer came: it may have charged.
    #[error("the payment processor did not answer")]
    NoAnswer,
    /// It refuses this service: our own fault, and nothing was charged.
    #[error("the payment processor refuses requests of this service")]
    Refused,
}

/// A payment processor.
pub trait Processor: fmt::Debug + Send + Sync {
    /// Where payments are sent, and how.
    fn route(&self) -> &PaymentRoute;

    /// What a payment must have to begin.
    fn requires(&self) -> Requires;

    /// Whether an amount can be expressed in the processor's units.
    fn can_charge(&self, amount: Amount) -> bool;

    /// Whether the request that charges may come again after an unknown outcome, for a payment with this object.
    fn may_resend(&self, object: Option<&PaymentObject>) -> bool;

    /// Whether the processor can be asked for the outcome of a payment.
    fn can_look_up(&self) -> bool;

    /// Whether one of the remaining requests carries the card.
    fn needs_card(&self, object: Option<&PaymentObject>) -> bool;

    /// Begins a conversation about a payment.
    fn exchange(&self, payment: Uuid, last4: Last4) -> Exchange;

    /// Does the steps before the charge.
    ///
    /// # Errors
    /// [`PrepareError`].
    fn prepare<'a>(
        &'a self,
        exchange: Exchange,
        request: PaymentRequest<'a>,
    ) -> BoxFuture<'a, Result<Prepared, PrepareError>>;

    /// Charges, once per payment id.
    ///
    /// # Errors
    /// [`ProcessorError`] when there is no outcome.
    fn charge(
        &self,
        exchange: Exchange,
        prepared: Prepared,
    ) -> BoxFuture<'_, Result<Settlement, ProcessorError>>;

    /// Asks for the outcome of a payment. It finds a final outcome or none: "not found" proves nothing.
    fn look_up<'a>(
        &'a self,
        exchange: Exchange,
        object: Option<&'a PaymentObject>,
    ) -> BoxFuture<'a, Option<Settlement>>;
}

/// What a payment must have to begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requires {
    /// An amount.
    pub amount: bool,
    /// The card's expiry date.
    pub expiry: bool,
}
