//! The latest operation, and whether it is under way.

use parking_lot::Mutex;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// The latest operation.
#[derive(Debug, Default)]
pub(crate) struct Operation(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    begun: u64,
    latest: Value,
    /// While it is under way: what cancels it.
    cancel: Option<CancellationToken>,
}

impl Operation {
    /// What the page shows of it; null when there was none.
    pub(super) fn latest(&self) -> Value {
        self.0.lock().latest.clone()
    }

    /// Begins one, unless one is under way; gives its number, by which the page that asked knows it, and what cancels it.
    pub(super) fn begin(&self) -> Option<(u64, CancellationToken)> {
        let mut inner = self.0.lock();
        if inner.cancel.is_some() {
            return None;
        }
        inner.begun += 1;
        let cancel = CancellationToken::new();
        inner.cancel = Some(cancel.clone());
        Some((inner.begun, cancel))
    }

    /// No more than the chunk under way is done.
    pub(super) fn cancel(&self) {
        if let Some(cancel) = &self.0.lock().cancel {
            cancel.cancel();
        }
    }

    /// How far it is.
    pub(super) fn tell(&self, how: Value) {
        self.0.lock().latest = how;
    }

    /// Another one may begin.
    pub(super) fn end(&self) {
        self.0.lock().cancel = None;
    }
}
