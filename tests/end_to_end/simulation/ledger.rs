//! A payment processor that remembers which card it was given: what came out of the vault is compared with what
//! went in.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures::future::BoxFuture;
use order::Outcome;
use paybill::{PaymentRequest, Processor, ProcessorError};

/// Charges every card, once per payment id.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    charges: Mutex<BTreeMap<String, Charge>>,
    next: Mutex<Option<ProcessorError>>,
}

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) order: String,
    pub(crate) card: String,
}

impl Ledger {
    /// What was charged.
    pub(crate) fn charges(&self) -> Vec<Charge> {
        lock(&self.charges).values().cloned().collect()
    }

    /// Whether the next submission fails: with [`ProcessorError::NoAnswer`] it is charged all the same.
    pub(crate) fn fail_next(&self, error: Option<ProcessorError>) {
        *lock(&self.next) = error;
    }
}

impl Processor for Ledger {
    fn submit<'a>(&'a self, request: PaymentRequest<'a>) -> BoxFuture<'a, Result<Outcome, ProcessorError>> {
        let failure = lock(&self.next).take();
        if failure != Some(ProcessorError::NotReached) {
            #[expect(
                clippy::disallowed_methods,
                reason = "EXPOSE: a test's processor compares the card with the one that was sent"
            )]
            let card = request.card.pan.expose().to_owned();
            let charge = Charge { order: request.order.to_string(), card };
            let mut charges = lock(&self.charges);
            let first = charges.entry(request.payment_id.to_string()).or_insert_with(|| charge.clone());
            assert_eq!(*first, charge, "one payment id for two payments");
        }
        Box::pin(std::future::ready(failure.map_or(Ok(Outcome::Submitted), Err)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
