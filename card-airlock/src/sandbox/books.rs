//! The state of the processor, which its server and its owner share.

use card_airlock_services::{Changes, Part};
use parking_lot::{Mutex, MutexGuard};

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
    /// What outlives the process.
    pub(super) kept: Part,
    pub(super) turn: Mutex<()>,
}

/// One request's turn. At its end everything that it changed is written down together: a charge is never kept without
/// the answer that is saved for it. No answer leaves before.
pub(super) struct Turn<'a> {
    books: &'a Books,
    _alone: MutexGuard<'a, ()>,
}

impl Books {
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn { books: self, _alone: self.turn.lock() }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Books { ledger, saved, stripe, kept, .. } = self.books;
        let mut changes = Changes::default();
        ledger.lock().write_changes(&mut changes);
        saved.lock().write_changes(&mut changes);
        stripe.lock().write_changes(&mut changes);
        if kept.keeps() {
            kept.write(changes);
        }
    }
}
