//! Collects all events: AWS calls, invocations and log lines mark orders as touched. Their rows are read again, and
//! changes go to every open page.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Instant,
};

use card_airlock_services::{AwsEndpoint, ObservedCall};
use card_airlock_template::Stack;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast};

use super::{
    history::History,
    invocations::{self, Invocations},
    known::{self, Known},
    shown,
    summary::{self, Rows},
};

/// Calls kept for the orders' stories.
const MOST_CALLS: usize = 20_000;
/// How many frames a slow page may be behind. After that it gets the whole state again.
const MOST_FRAMES: usize = 1_024;

/// The events, for the pages. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    /// Another one for each run.
    stack: String,
    invocations: Invocations,
    known: Mutex<Known>,
    history: Mutex<History>,
    calls: Mutex<Calls>,
    touched: Mutex<BTreeSet<String>>,
    wake: Notify,
    frames: broadcast::Sender<Arc<Frame>>,
}

#[derive(Default)]
struct Calls {
    total: u64,
    latest: VecDeque<Arc<Kept>>,
}

/// A call, and the orders that it may belong to.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) seen: ObservedCall,
    /// For a failed call of the worker: the orders that it was processing. The token that such a call names belongs to
    /// a try that left no other trace.
    pub(super) in_worker: Vec<String>,
}

/// One server-sent event.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) event: &'static str,
    pub(super) data: String,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            stack: vault::opaque_id().to_string(),
            invocations: Invocations::default(),
            known: Mutex::default(),
            history: Mutex::default(),
            calls: Mutex::default(),
            touched: Mutex::default(),
            wake: Notify::new(),
            frames: broadcast::channel(MOST_FRAMES).0,
        }
    }
}

impl Hub {
    /// Watches all calls to the endpoint from now on.
    pub(crate) fn watch(&self, aws: &AwsEndpoint) {
        let hub = self.clone();
        aws.watch(move |seen| hub.saw(seen));
    }

    /// Learns the orders that are there before the first call, the newest ones. They are no news for the rates.
    pub(crate) fn take_up(&self, aws: &AwsEndpoint, declared: &Stack) {
        let ids = summary::newest(aws, declared, known::MOST);
        let mut known = self.known();
        for id in &ids {
            known.update(id, &Rows::read(aws, declared, id), Instant::now());
        }
        known.forget_times();
    }

    /// The id of this run of the stack: a page that reconnects sees by it that everything before is gone.
    pub(super) fn stack(&self) -> &str {
        &self.0.stack
    }

    pub(super) fn invocations(&self) -> &Invocations {
        &self.0.invocations
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock()
    }

    /// The numbers of the last minutes.
    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.0.history.lock()
    }

    /// The latest calls, oldest first.
    pub(super) fn calls(&self) -> Vec<Arc<Kept>> {
        self.latest_calls().latest.iter().cloned().collect()
    }

    /// How many calls there were.
    pub(super) fn calls_total(&self) -> u64 {
        self.latest_calls().total
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Frame>> {
        self.0.frames.subscribe()
    }

    /// Tells every open page.
    pub(super) fn happened(&self, event: &'static str, what: &Value) {
        if self.is_watched() {
            let data = shown::text(what.clone());
            // The last page may have been closed meanwhile.
            let _ = self.0.frames.send(Arc::new(Frame { event, data }));
        }
    }

    pub(super) fn is_watched(&self) -> bool {
        self.0.frames.receiver_count() > 0
    }

    fn saw(&self, seen: ObservedCall) {
        if self.0.invocations.saw(&seen) {
            self.happened("crash", &json!({}));
        }
        self.touch(seen.mentions.iter().cloned());
        let failed_in_worker = invocations::is_workers(&seen) && seen.outcome != "ok";
        let in_worker = if failed_in_worker { self.invocations().runs().orders() } else { Vec::new() };
        let mut calls = self.latest_calls();
        calls.total += 1;
        calls.latest.push_back(Arc::new(Kept { seen, in_worker }));
        if calls.latest.len() > MOST_CALLS {
            calls.latest.pop_front();
        }
    }

    pub(super) fn touch(&self, orders: impl Iterator<Item = String>) {
        self.0.touched.lock().extend(orders);
        self.0.wake.notify_one();
    }

    fn latest_calls(&self) -> MutexGuard<'_, Calls> {
        self.0.calls.lock()
    }

    /// Completes when an order was touched.
    pub(super) async fn touched(&self) {
        self.0.wake.notified().await;
    }

    pub(super) fn take_touched(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.0.touched.lock())
    }
}
