//! The functions at work: how often they are invoked, and how they are made to crash.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

use card_airlock_services::ObservedCall;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, futures::Notified};

use super::runs::Runs;

/// The function that orders pass through.
pub(super) const WORKER: &str = "TokenizeWorkerFunction";
const WORKER_ROLE: &str = "TokenizeWorkerRole";
const CROSSING: &str = "TransactWriteItems";

/// Whether the worker made the call.
pub(super) fn is_workers(seen: &ObservedCall) -> bool {
    seen.call.role == WORKER_ROLE
}

/// What is known of all functions.
#[derive(Debug, Default)]
pub(super) struct Invocations {
    counts: Mutex<BTreeMap<String, Counts>>,
    runs: Runs,
    repaired_at: Mutex<Option<Instant>>,
    crashes_armed: AtomicU32,
    crash: Notify,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// It reported items of its batch as failed.
    InPart,
    Failed,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    invocations: u64,
    failed: u64,
    /// How many of the latest in succession failed, or left a part of their batch undone.
    failing: u64,
    /// When the latest of these began.
    failing_since: Option<Instant>,
}

impl Invocations {
    /// The worker will crash after its next transaction, before it gets the answer.
    pub(super) fn arm_crash(&self) {
        self.crashes_armed.fetch_add(1, Ordering::SeqCst);
    }

    /// No crash that has not happened yet will.
    pub(super) fn disarm_crashes(&self) {
        self.crashes_armed.store(0, Ordering::SeqCst);
    }

    /// Crashes that have not happened yet.
    pub(super) fn crashes_armed(&self) -> u32 {
        self.crashes_armed.load(Ordering::SeqCst)
    }

    /// Crashes the worker if an armed crash waits for this call. The worker has no answer to it yet.
    pub(super) fn saw(&self, seen: &ObservedCall) -> bool {
        let is_crossing = is_workers(seen) && seen.call.operation == CROSSING;
        let strikes = is_crossing
            && self
                .crashes_armed
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |armed| armed.checked_sub(1))
                .is_ok();
        if strikes {
            self.crash.notify_waiters();
        }
        strikes
    }

    /// The worker's runs.
    pub(super) fn runs(&self) -> &Runs {
        &self.runs
    }

    /// A fault has ended: what failed before does not tell how the functions are now.
    pub(super) fn repaired(&self) {
        *self.repaired_at.lock() = Some(Instant::now());
    }

    /// `{function: {"invocations", "failed", "failing", "untried"}}`. Untried: no run began since a fault has ended.
    pub(super) fn numbers(&self) -> Value {
        let repaired_at = *self.repaired_at.lock();
        let counts = self.counts.lock();
        let numbers = counts.iter().map(|(name, counts)| {
            let untried = counts.failing_since.zip(repaired_at).is_some_and(|(begun, at)| begun <= at);
            let Counts { invocations, failed, failing, .. } = counts;
            let numbers = json!({
                "invocations": invocations, "failed": failed, "failing": failing, "untried": untried,
            });
            (name.clone(), numbers)
        });
        Value::Object(numbers.collect())
    }

    /// An invocation of the function begins.
    pub(super) fn count_invocation(&self, function: &str) {
        self.count(function, |counts| counts.invocations += 1);
    }

    /// An invocation of the function, which began at that time, is over.
    pub(super) fn count_end(&self, function: &str, begun: Instant, end: End) {
        self.count(function, |counts| {
            let is_done = end == End::Done;
            counts.failed += u64::from(end == End::Failed);
            counts.failing = if is_done { 0 } else { counts.failing + 1 };
            counts.failing_since = (!is_done).then_some(begun);
        });
    }

    /// Completes when an armed crash happens.
    pub(super) fn crash(&self) -> Notified<'_> {
        self.crash.notified()
    }

    fn count(&self, function: &str, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock();
        change(counts.entry(function.to_owned()).or_default());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_run_that_began_before_the_repair_does_not_tell_how_the_function_is() {
        let invocations = Invocations::default();
        let is_untried = || invocations.numbers()["a"]["untried"] == true;
        let now = Instant::now();
        invocations.count_end("a", now, End::InPart);
        assert!(!is_untried());
        invocations.repaired();
        assert!(is_untried());
        // It failed after the repair, by a fault of before.
        invocations.count_end("a", now, End::Failed);
        assert!(is_untried());
        invocations.count_end("a", Instant::now() + Duration::from_secs(1), End::Failed);
        assert!(!is_untried());
        invocations.repaired();
        invocations.count_end("a", now, End::Done);
        assert_eq!((is_untried(), &invocations.numbers()["a"]["failing"]), (false, &json!(0)));
    }
}
