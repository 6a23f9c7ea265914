//! The state of the processor, which its server and its owner share.

use parking_lot::Mutex;

use super::{failure::Failure, ledger::Ledger, saved::SavedAnswers, stripe_books::StripeBooks};

/// What the server works with.
pub(super) struct Books {
    pub(super) ledger: Mutex<Ledger>,
    /// The fault of the next request that charges, and of the next one before such a request.
    pub(super) next: Mutex<Option<Failure>>,
    pub(super) next_before: Mutex<Option<Failure>>,
    pub(super) bearer: Mutex<String>,
    pub(super) saved: Mutex<SavedAnswers>,
    pub(super) stripe: Mutex<StripeBooks>,
    /// How often it was asked for the outcome of a payment, and whether it refuses to say.
    pub(super) lookups: Mutex<u32>,
    pub(super) is_mute: Mutex<bool>,
}
