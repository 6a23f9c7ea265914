//! The functions, watched: each invocation is counted, and the worker can be made to crash.

use std::{pin::pin, sync::Arc, time::Instant};

use card_airlock_lambda::{Function, FunctionError, FunctionResult, Processes};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

use super::{
    hub::Hub,
    invocations::{End, WORKER},
};

impl Hub {
    /// The same function, watched. The worker's can be made to crash: as a process it is killed, in this process
    /// its invocation is dropped at that moment.
    pub(crate) fn observe(&self, name: &str, function: Function, processes: Option<Processes>) -> Function {
        let (hub, name): (Self, Arc<str>) = (self.clone(), name.into());
        Function::new(move |event, deadline| {
            let (hub, name, function, processes) =
                (hub.clone(), Arc::clone(&name), function.clone(), processes.clone());
            async move {
                hub.invocations().count_invocation(&name);
                let begun = Instant::now();
                let result = if &*name == WORKER {
                    let _with = hub.begin(orders_of(&event));
                    let mut crash = pin!(hub.invocations().crash());
                    crash.as_mut().enable();
                    tokio::select! {
                        biased;
                        () = crash => die(processes.as_ref()),
                        result = function.invoke(event, deadline) => result,
                    }
                } else {
                    function.invoke(event, deadline).await
                };
                let end = end_of(&result);
                hub.invocations().count_end(&name, begun, end);
                if end == End::Failed {
                    hub.happened("failed", &json!({ "function": &*name }));
                }
                result
            }
        })
    }

    /// The orders are in the worker until the guard is dropped, however its invocation ends.
    fn begin(&self, orders: Vec<String>) -> InWorker {
        let number = self.invocations().runs().begin(orders.clone());
        self.happened("worker", &json!({ "orders": orders, "begun": true }));
        InWorker { hub: self.clone(), number, orders }
    }
}

/// A worker that cannot reach KMS does not fail: it reports the records that it could not do.
fn end_of(result: &FunctionResult) -> End {
    #[derive(Deserialize)]
    struct Report {
        #[serde(rename = "batchItemFailures")]
        failures: Vec<IgnoredAny>,
    }
    match result {
        Err(_) => End::Failed,
        Ok(answer) => match serde_json::from_slice::<Report>(answer) {
            Ok(report) if !report.failures.is_empty() => End::InPart,
            _ => End::Done,
        },
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
    number: u64,
    orders: Vec<String>,
}

impl Drop for InWorker {
    fn drop(&mut self) {
        self.hub.invocations().runs().end(self.number);
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
