//! The functions at work: how often they are invoked, with which orders, and how they are made to crash.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

use card_airlock_services::ObservedCall;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, futures::Notified};

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
    under_way: Mutex<BTreeMap<String, u32>>,
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

    /// The orders that the worker is processing.
    pub(super) fn in_worker(&self) -> Vec<String> {
        self.under_way.lock().keys().cloned().collect()
    }

    /// `{function: {"invocations", "failed"}}`.
    pub(super) fn numbers(&self) -> Value {
        let counts = self.counts.lock();
        let numbers = counts.iter().map(|(name, counts)| {
            (name.clone(), json!({ "invocations": counts.invocations, "failed": counts.failed, "failing": counts.failing }))
        });
        Value::Object(numbers.collect())
    }

    /// An invocation of the function begins.
    pub(super) fn count_invocation(&self, function: &str) {
        self.count(function, |counts| counts.invocations += 1);
    }

    /// An invocation of the function is over.
    pub(super) fn count_end(&self, function: &str, end: End) {
        self.count(function, |counts| {
            counts.failed += u64::from(end == End::Failed);
            counts.failing = if end == End::Done { 0 } else { counts.failing + 1 };
        });
    }

    /// Completes when an armed crash happens.
    pub(super) fn crash(&self) -> Notified<'_> {
        self.crash.notified()
    }

    /// The worker processes these orders from now on.
    pub(super) fn begin(&self, orders: &[String]) {
        let mut under_way = self.under_way.lock();
        orders.iter().for_each(|order| *under_way.entry(order.clone()).or_default() += 1);
    }

    /// One invocation of the worker with these orders is over.
    pub(super) fn end(&self, orders: &[String]) {
        let mut under_way = self.under_way.lock();
        for order in orders {
            if let Some(times) = under_way.get_mut(order) {
                *times -= 1;
                if *times == 0 {
                    under_way.remove(order);
                }
            }
        }
    }

    fn count(&self, function: &str, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock();
        change(counts.entry(function.to_owned()).or_default());
    }
}
