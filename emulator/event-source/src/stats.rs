//! What a mapping has done so far, in numbers.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;

/// Counts since the mapping was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// The age of the last record of the latest batch when the function was invoked (CloudWatch's `IteratorAge`).
    pub iterator_age: Duration,
    /// Records read from the stream.
    pub read: u64,
    /// Of them, those that no filter wanted.
    pub filtered: u64,
    /// Records done by a successful invocation, or by its part of one.
    pub delivered: u64,
    /// Records given up, their positions sent to the destination if there is one.
    pub discarded: u64,
    /// Invocations, whatever came of them; not those throttled.
    pub invocations: u64,
    /// Invocations refused by throttling.
    pub throttled: u64,
    /// Batches put back whole, to come again.
    pub retries: u64,
    /// Batches halved.
    pub bisections: u64,
    /// Messages that the destination did not take; each was sent again.
    pub destination_failures: u64,
    /// Reads that failed.
    pub poll_failures: u64,
    /// Times that the position was trimmed and reading went on at the trim horizon.
    pub trims: u64,
}

/// Reads a mapping's numbers while it runs. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct StatsReader(Arc<Mutex<Stats>>);

impl StatsReader {
    /// The numbers now.
    #[must_use]
    pub fn snapshot(&self) -> Stats {
        *self.0.lock()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.0.lock());
    }
}
