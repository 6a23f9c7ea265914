//! The state of the processor, which its server and its owner share.

use parking_lot::Mutex;

use super::{failure::Failure, ledger::Ledger};

/// What the server works with.
pub(super) struct Books {
    pub(super) ledger: Mutex<Ledger>,
    pub(super) next: Mutex<Option<Failure>>,
    pub(super) bearer: Mutex<String>,
}
