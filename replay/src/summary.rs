//! What a sweep found and did.

use platform::metrics::Metric;
use serde::{Deserialize, Serialize};

/// What a sweep found and did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SweepSummary {
    /// Nothing was changed: the numbers say what would be done.
    pub dry_run: bool,
    /// Rows in quarantine.
    pub rows: u64,
    /// Of them, PENDING and in the stream or in the worker.
    pub in_work: u64,
    /// Of them, PENDING until a payment with the card that they replace is over.
    pub waiting: u64,
    /// Of them, given up by Lambda when the sweep found them.
    pub given_up: u64,
    /// Of those that were given up, taken up: armed again.
    pub taken_up: u64,
    /// Of those that were given up, suspected of crashing the worker.
    pub suspected: u64,
    /// Rows that were armed again, for whatever reason.
    pub rearmed: u64,
    /// Rows that were parked by this sweep.
    pub parked: u64,
    /// Rows that expired by this sweep.
    pub expired: u64,
    /// Rows whose card was removed, because their order's card was forgotten.
    pub forgotten: u64,
    /// Cards that waited for a payment until their own deadline.
    pub not_replaced: u64,
    /// Rows that are parked and wait for a replay.
    pub failed: u64,
    /// Rows that failed or expired at or below these positions: the worker sends their events again.
    pub events_sent_again: u64,
    /// Positions that were deleted: no row is stuck because of them.
    pub positions_settled: u64,
    /// Positions that stay.
    pub positions_left: u64,
    /// Seconds since the oldest order that is pending or failed was accepted.
    pub oldest_seconds: u64,
}

impl SweepSummary {
    /// Records how many rows there are of each kind, at the end of a sweep.
    pub(crate) fn record(&self) {
        Metric::OldestQuarantined(self.oldest_seconds).record();
        Metric::InWork(self.in_work + self.rearmed).record();
        Metric::GivenUp(self.given_up.saturating_sub(self.taken_up)).record();
        Metric::WaitingForPayment(self.waiting).record();
        Metric::ParkedRows(self.failed + self.parked).record();
    }
}
