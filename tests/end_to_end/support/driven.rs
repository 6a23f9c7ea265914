//! The pipeline with its stream mapping in the test's hand, and a clock that the test moves.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use aws_config::timeout::TimeoutConfig;
use card_airlock::stack::{Stack, StackOptions};
use card_airlock_event_source::{Did, Mapping};
use card_airlock_lambda::FunctionResult;
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use clock::TestClock;
use serde_json::{Value, json};

use super::{
    Watched,
    client::{self, Client},
    world::issuer,
};

pub(crate) struct Driven {
    pub(crate) stack: Stack,
    time: TestClock,
    _watched: Watched,
}

/// Something goes wrong with each such call of the worker's.
pub(crate) fn worker_fault(service: Service, operation: &str, kind: FaultKind) -> FaultRule {
    FaultRule {
        role: Some("TokenizeWorkerRole".into()),
        service: Some(service),
        operation: Some(operation.into()),
        kind,
        when: When::Always,
    }
}

/// What the mapping did until there was nothing left to do.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) invocations: usize,
    pub(crate) discarded: usize,
}

/// Whatever work waits for by the clock, the mapping does before then; where nothing is left to do, time passes.
pub(crate) async fn meanwhile<T>(
    mapping: &mut Mapping,
    time: &TestClock,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        let wake_at = tokio::select! {
            biased;
            done = &mut work => return done,
            wake_at = time.until_asleep() => wake_at,
        };
        while time.now() < wake_at {
            let step = mapping.step().await;
            let is_idle = matches!(step.did, Did::Polled { read: 0, .. }) && mapping.is_idle();
            let next = match step.did {
                _ if is_idle => wake_at,
                Did::Nothing => step.next.max(time.now() + Duration::from_millis(1)),
                _ => step.next,
            };
            time.advance_to(next.min(wake_at));
        }
    }
}

impl Driven {
    pub(crate) async fn start() -> Self {
        Self::start_with(BTreeMap::new()).await
    }

    /// With some of the template's parameters.
    pub(crate) async fn start_with(parameters: BTreeMap<String, String>) -> Self {
        let time = TestClock::running();
        let options = StackOptions {
            clock: time.clock(),
            parameters,
            self_driven: false,
            // A fault reaches the function at once, and a machine that has much else to do makes none.
            sdk_attempts: 1,
            sdk_timeouts: TimeoutConfig::disabled(),
            ..StackOptions::on_free_ports(issuer())
        };
        let stack = Stack::start(options).await.unwrap();
        stack.aws().answer_receives_at_once();
        let watched = Watched(stack.aws().clone());
        Self { stack, time, _watched: watched }
    }

    pub(crate) fn client(&self, user: &str) -> Client {
        client::client(&self.stack.api_url(), self.stack.token(user, &[]).unwrap())
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.time.now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.time.advance(by);
    }

    /// Something goes wrong with each such call of the worker's, from now on.
    pub(crate) fn break_worker(&self, service: Service, operation: &str, kind: FaultKind) {
        self.stack.aws().faults().add(worker_fault(service, operation, kind));
    }

    pub(crate) fn repair(&self) {
        self.stack.aws().faults().clear();
    }

    /// Steps the worker's mapping until it has nothing left, moving the clock over its waits.
    pub(crate) async fn run_dry(&mut self) -> Done {
        self.run_dry_of("TokenizeWorkerFunction").await
    }

    /// The same of another function's.
    pub(crate) async fn run_dry_of(&mut self, function: &str) -> Done {
        let mut done = Done::default();
        loop {
            let now = self.now();
            let mapping = self.stack.mapping(function).unwrap();
            let step = mapping.step().await;
            match step.did {
                Did::Polled { read: 0, .. } if mapping.is_idle() => return done,
                Did::Invoked { .. } => done.invocations += 1,
                Did::Discarded { records, .. } => done.discarded += records,
                _ => {}
            }
            if let Ok(wait) = step.next.duration_since(now) {
                self.advance(wait + Duration::from_secs(1));
            }
        }
    }

    /// Invokes a function by hand and gives its answer.
    pub(crate) async fn invoke(&self, function: &str, event: Value, time: Duration) -> Value {
        let handler = self.stack.function(function).unwrap();
        let answer = handler.invoke(event.to_string().into_bytes(), self.now() + time).await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    /// Invokes a function that may fail.
    pub(crate) async fn try_invoke(&self, function: &str, event: Value) -> FunctionResult {
        let handler = self.stack.function(function).unwrap();
        handler.invoke(event.to_string().into_bytes(), self.now() + Duration::from_secs(900)).await
    }

    pub(crate) async fn sweep(&mut self) -> Value {
        serde_json::from_slice(&self.try_sweep(json!({ "action": "sweep" })).await.unwrap()).unwrap()
    }

    /// A sweep that may fail. While it waits, the mapping and the clock continue.
    pub(crate) async fn try_sweep(&mut self, event: Value) -> FunctionResult {
        let handler = self.stack.function("ReplayFunction").unwrap().clone();
        let deadline = self.now() + Duration::from_secs(900);
        let sweep = async move { handler.invoke(event.to_string().into_bytes(), deadline).await };
        self.meanwhile(sweep).await
    }

    /// Does some work. While it waits, the mapping and the clock continue.
    pub(crate) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        meanwhile(self.stack.mapping("TokenizeWorkerFunction").unwrap(), &self.time, work).await
    }

    pub(crate) async fn replay(&self) -> Value {
        self.invoke("ReplayFunction", json!({ "action": "replay" }), Duration::from_secs(900)).await
    }

    /// The stream from its beginning, as one event for the worker.
    pub(crate) fn event(&self) -> Value {
        let stream = &self.stack.declared.stream_mapping("TokenizeWorkerFunction").unwrap().stream_arn;
        let records = self.stack.aws().stream(stream).unwrap().records_after(None, 1000).unwrap();
        json!({ "Records": records })
    }

    /// How many rows a table holds.
    pub(crate) fn rows(&self, table: &str) -> Vec<Value> {
        let snapshot = self.stack.aws().snapshot().unwrap();
        snapshot["tables"][table].as_array().unwrap().clone()
    }

    pub(crate) fn counts(&self) -> [usize; 3] {
        [super::QUARANTINE, super::VAULT, super::ORDERS].map(|table| self.rows(table).len())
    }
}
