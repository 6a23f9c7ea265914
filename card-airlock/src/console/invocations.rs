//! The functions at work: how often they are invoked, with which orders, and how they are made to crash.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use card_airlock_lambda::{Function, FunctionError, FunctionResult, Processes};
use card_airlock_services::ObservedCall;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::Hub;

/// The function that orders pass through.
const WORKER: &str = "TokenizeWorkerFunction";
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

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    invocations: u64,
    failed: u64,
}

impl Invocations {
    /// The worker will die once its next transaction is done, before it hears of it.
    pub(super) fn arm_crash(&self) {
        self.crashes_armed.fetch_add(1, Ordering::SeqCst);
    }

    /// Crashes that have not struck yet.
    pub(super) fn crashes_armed(&self) -> u32 {
        self.crashes_armed.load(Ordering::SeqCst)
    }

    /// Strikes when the call is the one that an armed crash waits for. The worker has no answer to it yet.
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

    /// The orders that the worker has in its hands.
    pub(super) fn in_worker(&self) -> Vec<String> {
        self.under_way.lock().keys().cloned().collect()
    }

    /// `{function: {"invocations", "failed"}}`.
    pub(super) fn numbers(&self) -> Value {
        let counts = self.counts.lock();
        let numbers = counts.iter().map(|(name, counts)| {
            (name.clone(), json!({ "invocations": counts.invocations, "failed": counts.failed }))
        });
        Value::Object(numbers.collect())
    }

    fn count(&self, function: &str, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock();
        change(counts.entry(function.to_owned()).or_default());
    }
}

impl Hub {
    /// The same function, watched. The worker's can be made to crash: as a process it is killed, in this process
    /// its invocation is dropped where it stands.
    pub(crate) fn observe(&self, name: &str, function: Function, processes: Option<Processes>) -> Function {
        let (hub, name): (Self, Arc<str>) = (self.clone(), name.into());
        Function::new(move |event, deadline| {
            let (hub, name, function, processes) =
                (hub.clone(), Arc::clone(&name), function.clone(), processes.clone());
            async move {
                hub.invocations().count(&name, |counts| counts.invocations += 1);
                let result = if &*name == WORKER {
                    let _with = hub.begin(orders_of(&event));
                    let mut crash = pin!(hub.invocations().crash.notified());
                    crash.as_mut().enable();
                    tokio::select! {
                        biased;
                        () = crash => die(processes.as_ref()),
                        result = function.invoke(event, deadline) => result,
                    }
                } else {
                    function.invoke(event, deadline).await
                };
                if result.is_err() {
                    hub.invocations().count(&name, |counts| counts.failed += 1);
                    hub.happened("failed", &json!({ "function": &*name }));
                }
                result
            }
        })
    }

    /// The orders are in the worker until the guard is dropped, however its invocation ends.
    fn begin(&self, orders: Vec<String>) -> InWorker {
        {
            let mut under_way = self.invocations().under_way.lock();
            orders.iter().for_each(|order| *under_way.entry(order.clone()).or_default() += 1);
        }
        self.happened("worker", &json!({ "orders": orders, "begun": true }));
        InWorker { hub: self.clone(), orders }
    }
}

fn die(processes: Option<&Processes>) -> FunctionResult {
    if let Some(processes) = processes {
        processes.kill(WORKER);
    }
    Err(FunctionError::Unhandled)
}

struct InWorker {
    hub: Hub,
    orders: Vec<String>,
}

impl Drop for InWorker {
    fn drop(&mut self) {
        {
            let mut under_way = self.hub.invocations().under_way.lock();
            for order in &self.orders {
                if let Some(times) = under_way.get_mut(order) {
                    *times -= 1;
                    if *times == 0 {
                        under_way.remove(order);
                    }
                }
            }
        }
        self.hub.happened("worker", &json!({ "orders": self.orders, "begun": false }));
    }
}

/// The keys of the stream records in the worker's event; nothing else of it is looked at.
fn orders_of(event: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Event {
        #[serde(rename = "Records")]
        records: Vec<Record>,
    }
    #[derive(Deserialize)]
    struct Record {
        dynamodb: Change,
    }
    #[derive(Deserialize)]
    struct Change {
        #[serde(rename = "Keys")]
        keys: Keys,
    }
    #[derive(Deserialize)]
    struct Keys {
        #[serde(rename = "CustomerOrder")]
        order: Text,
    }
    #[derive(Deserialize)]
    struct Text {
        #[serde(rename = "S")]
        text: String,
    }
    let event: Option<Event> = serde_json::from_slice(event).ok();
    event.into_iter().flat_map(|event| event.records).map(|record| record.dynamodb.keys.order.text).collect()
}
