//! Outages of every service and length, and a record that crashes the worker, by a clock that the drill moves: how
//! long it takes until everything is across, without any manual work. `scripts/drill` prints the tables of
//! docs/operating.md; the suite runs a small version.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use card_airlock_event_source::Did;
use card_airlock_lambda::{Function, FunctionError};
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::simulation::{
    at_rest::text,
    details::DETAILS,
    world::{WORKER, World},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// How often the schedule sweeps.
const SWEEP_PERIOD: Duration = order::SWEEP_PERIOD;

/// The command runs everything; the suite, what takes seconds.
fn is_full() -> bool {
    std::env::var("AIRLOCK_DRILL").is_ok_and(|drill| drill == "full")
}

#[tokio::test]
async fn promise_7_after_an_outage_of_any_service_everything_is_across_within_two_sweeps_without_hands() {
    let (lengths, rate) = if is_full() {
        (vec![5 * SECOND, 16 * SECOND, 2 * MINUTE, 30 * MINUTE, HOUR], 40)
    } else {
        (vec![16 * SECOND, 30 * MINUTE], 12)
    };
    println!(
        "| service | outage | orders | records given up by its end | sweeps after its end | until all are across |"
    );
    println!("|---|---|---|---|---|---|");
    for service in [Service::Kms, Service::DynamoDb, Service::Sqs] {
        for length in &lengths {
            let every = (*length / rate).max(SECOND / 4);
            let recovery = outage(service, *length, every).await;
            println!(
                "| {service:?} | {} | {} | {} | {} | {} s |",
                humantime::format_duration(*length),
                recovery.orders,
                recovery.given_up,
                recovery.sweeps,
                recovery.time.as_secs()
            );
            assert!(recovery.sweeps <= 2, "{service:?} {length:?}: {recovery:?}");
            assert!(recovery.time < 2 * SWEEP_PERIOD + MINUTE, "{service:?} {length:?}: {recovery:?}");
        }
    }
}

#[tokio::test]
async fn promise_7_a_record_that_crashes_the_worker_holds_its_shard_up_ever_more_seldom() {
    let hours = if is_full() { 6 } else { 2 };
    let held = crashes(hours).await;
    println!("| hour | tries of the record | crashes | the shard was held up |");
    println!("|---|---|---|---|");
    for (hour, held) in held.iter().enumerate() {
        println!("| {} | {} | {} | {} s |", hour + 1, held.tries, held.crashes, held.time.as_secs());
    }
    let (first, second) = (&held[0], &held[1]);
    assert!(first.tries <= 8 && first.time <= 3 * MINUTE, "{first:?}");
    assert!(second.tries <= 3 && second.time < first.time, "{second:?}");
}

/// What came of an outage.
#[derive(Debug, Default)]
struct Recovery {
    orders: usize,
    /// Records that Lambda gave up, each as often as it did.
    given_up: usize,
    /// Sweeps that began after the end of the outage, until everything was across.
    sweeps: usize,
    /// From the end of the outage on.
    time: Duration,
}

/// Orders come in before, during and after an outage of a service.
async fn outage(service: Service, length: Duration, every: Duration) -> Recovery {
    let mut drill = Drill::new().await;
    let begins = drill.world.now() + MINUTE;
    let ends = begins + length;
    let mut recovery = Recovery::default();
    let mut next_order = begins - 5 * SECOND;
    let last_order = ends + 5 * SECOND;
    let (mut is_broken, mut is_over, mut has_poison) = (false, false, false);
    loop {
        let now = drill.world.now();
        if now >= begins && !is_broken {
            is_broken = true;
            break_service(&drill.world, service);
        }
        if now >= ends && !is_over {
            is_over = true;
            drill.world.faults().clear();
            recovery.given_up = drill.positions();
            drill.sweeps = 0;
        }
        if now >= next_order && now <= last_order {
            next_order = now + every;
            let order = format!("order-{}", recovery.orders);
            let answer = drill.world.submit(&order, "ada", &DETAILS[0]).await;
            assert_eq!(answer.status, 202, "{answer:?}");
            // One of them cannot be opened, and has to be parked with a dead letter.
            if service == Service::Sqs && is_broken && !is_over && !has_poison {
                has_poison = true;
                alter(&drill.world, &order).await;
            }
            recovery.orders += 1;
        }
        if is_over && now > last_order && drill.is_everything_across() {
            recovery.sweeps = drill.sweeps;
            recovery.time = now.duration_since(ends).unwrap();
            return recovery;
        }
        assert!(now < ends + 4 * SWEEP_PERIOD, "it does not come to an end");
        let due = [begins, ends, next_order].into_iter().filter(|time| *time > now).min();
        let next = drill.step(due).await;
        // When nothing is left to do, it is over; not when the next sweep looks.
        if !(is_over && now > last_order && drill.is_everything_across()) {
            drill.world.time.advance_to(next);
        }
    }
}

/// The functions that carry orders across do not get at the service. Ingest does: orders come in all the while.
fn break_service(world: &World, service: Service) {
    for role in [WORKER, "ReplayRole"] {
        world.faults().add(FaultRule {
            role: Some(role.into()),
            service: Some(service),
            operation: None,
            kind: FaultKind::InternalError,
            when: When::Always,
        });
    }
}

async fn alter(world: &World, order: &str) {
    let mut row = world.quarantined(order).await.unwrap();
    let mut sealed = row["SealedCard"].as_b().unwrap().clone().into_inner();
    *sealed.last_mut().unwrap() ^= 1;
    row.insert("SealedCard".into(), AttributeValue::B(Blob::new(sealed)));
    world.put_quarantined(row).await;
}

/// How one hour was for the shard.
#[derive(Debug, Default, Clone)]
struct Held {
    tries: usize,
    crashes: u64,
    time: Duration,
}

/// One record crashes the worker, each time within a second; other orders come in all the while, and go across.
async fn crashes(hours: usize) -> Vec<Held> {
    let mut drill = Drill::new().await;
    let crashes = Arc::new(AtomicU64::new(0));
    let worker = drill.world.stack.function("TokenizeWorkerFunction").unwrap().clone();
    let (count, time) = (crashes.clone(), drill.world.time.clone());
    let crashing = Function::new(move |event, deadline| {
        let (worker, count, time) = (worker.clone(), count.clone(), time.clone());
        async move {
            if String::from_utf8_lossy(&event).contains("crasher") {
                count.fetch_add(1, Ordering::SeqCst);
                time.advance(SECOND);
                return Err(FunctionError::Unhandled);
            }
            worker.invoke(event, deadline).await
        }
    });
    drill.world.stack.mapping("TokenizeWorkerFunction").unwrap().set_function(crashing);
    let begins = drill.world.now();
    let mut held = vec![Held::default(); hours];
    let (mut orders, mut next_order, mut attempts) = (0, begins, 0);
    drill.world.submit("crasher", "ada", &DETAILS[0]).await;
    loop {
        let now = drill.world.now();
        let Some(hour) = held.get_mut((now.duration_since(begins).unwrap().as_secs() / 3600) as usize) else {
            break;
        };
        if now >= next_order {
            next_order = now + 2 * MINUTE;
            drill.world.submit(&format!("order-{orders}"), "ada", &DETAILS[0]).await;
            orders += 1;
        }
        let before = crashes.load(Ordering::SeqCst);
        let is_held = !drill.world.stack.mapping("TokenizeWorkerFunction").unwrap().is_idle() && attempts > 0;
        let next = drill.step(Some(next_order)).await;
        drill.world.time.advance_to(next);
        let crashed = crashes.load(Ordering::SeqCst) - before;
        hour.crashes += crashed;
        if crashed > 0 || is_held {
            hour.time += drill.world.now().duration_since(now).unwrap();
        }
        attempts = if drill.world.stack.mapping("TokenizeWorkerFunction").unwrap().is_idle() {
            0
        } else {
            attempts + crashed
        };
        if drill.discarded {
            drill.discarded = false;
            hour.tries += 1;
        }
    }
    let rest = drill.world.at_rest();
    assert!(rest.clean.len() >= orders - 1, "the others went across: {} of {orders}", rest.clean.len());
    assert_eq!(text(&rest.quarantine["crasher"], "Status"), "PENDING");
    held
}

/// A world whose schedule sweeps.
struct Drill {
    world: World,
    next_sweep: SystemTime,
    sweep: Option<BoxFuture<'static, bool>>,
    /// Sweeps that began.
    sweeps: usize,
    /// Whether the mapping gave records up since this was last asked.
    discarded: bool,
}

impl Drill {
    async fn new() -> Self {
        let world = World::new().await;
        let next_sweep = world.now() + SWEEP_PERIOD;
        Self { world, next_sweep, sweep: None, sweeps: 0, discarded: false }
    }

    /// Does the next thing that is due. Gives the time of the one after it, `due` at the latest.
    async fn step(&mut self, due: Option<SystemTime>) -> SystemTime {
        let now = self.world.now();
        if now >= self.next_sweep && self.sweep.is_none() {
            self.next_sweep += SWEEP_PERIOD;
            self.sweeps += 1;
            self.sweep = Some(self.begin_sweep());
        }
        let mut wake_at = None;
        if let Some(sweep) = &mut self.sweep {
            tokio::select! {
                biased;
                _ = sweep => self.sweep = None,
                time = self.world.time.until_asleep() => wake_at = Some(time),
            }
        }
        let mapping = self.world.stack.mapping("TokenizeWorkerFunction").unwrap();
        let step = mapping.step().await;
        let is_idle = matches!(step.did, Did::Polled { read: 0, .. }) && mapping.is_idle();
        self.discarded |= matches!(step.did, Did::Discarded { .. });
        let mapping_due = (!is_idle).then(|| match step.did {
            Did::Nothing => step.next.max(now + Duration::from_millis(1)),
            _ => step.next,
        });
        let next = [mapping_due, due, wake_at, Some(self.next_sweep)].into_iter().flatten().min();
        next.unwrap_or(now)
    }

    fn begin_sweep(&self) -> BoxFuture<'static, bool> {
        let function = self.world.stack.function("ReplayFunction").unwrap().clone();
        let deadline =
            self.world.now() + self.world.stack.declared.function("ReplayFunction").unwrap().timeout;
        let event = json!({ "action": "sweep" }).to_string().into_bytes();
        Box::pin(async move { function.invoke(event, deadline).await.is_ok() })
    }

    /// Rows that are in quarantine and neither with the mapping nor parked, when an outage ends.
    fn positions(&self) -> usize {
        let waiting = self.world.stack.aws().waiting();
        let records = waiting.iter().filter_map(|waiting| {
            let body: Value = serde_json::from_str(&waiting.body).ok()?;
            body["DDBStreamBatchInfo"]["batchSize"].as_u64()
        });
        usize::try_from(records.sum::<u64>()).unwrap()
    }

    /// No row waits but parked ones, and no position is left.
    fn is_everything_across(&mut self) -> bool {
        let is_idle =
            self.world.stack.mapping("TokenizeWorkerFunction").unwrap().is_idle() && self.sweep.is_none();
        is_idle && {
            let snapshot = self.world.stack.aws().snapshot().unwrap();
            let rows = snapshot["tables"]["OrderQuarantineTable"].as_array().unwrap();
            rows.iter().all(|row| text(row, "Status") == "FAILED") && self.positions() == 0
        }
    }
}
