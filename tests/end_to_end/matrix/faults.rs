//! One stage of an order's life, run once for each of its AWS calls and each fault, and the state it may end in.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_config::timeout::TimeoutConfig;
use card_airlock::sandbox::Dialect;
use card_airlock_services::{Call, FaultKind, FaultRule, When};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::simulation::{
    at_rest::{AtRest, is_decline, text},
    client::Answer,
    details::{DETAILS, Details},
    events::check_told,
    world::{LATER, World},
};

/// Who sends the orders.
pub(super) const ADA: &str = "0ada0ada-0000-4000-8000-00000000000a";
/// What is ordered.
pub(super) const ORDERED: &Details = &DETAILS[0];
/// The same, with a card that is declined.
pub(super) const DECLINING: &Details = &DETAILS[3];

/// How long the functions' SDK waits for an answer here. What is slower is done late, its caller gone.
const PATIENCE: Duration = Duration::from_millis(1_000);
/// More would take each other the time that an answer may take.
const SLOW_AT_ONCE: usize = 8;
const TOO_SLOW: FaultKind = FaultKind::Slow(Duration::from_millis(1_200));

/// After each fault all that is at rest is searched, and that grows.
const IN_ONE_WORLD: usize = 16;

/// The faults that differ for a call, beside being too slow. What changes nothing is as good as lost when its
/// answer is; a conflict or a cancellation of what is no such write is plain throttling.
fn faults_of(call: &Call) -> Vec<FaultKind> {
    let mut faults = vec![FaultKind::LostBefore, FaultKind::Throttled, FaultKind::InternalError];
    if changes_something(call) {
        faults.push(FaultKind::ReplyLost);
    }
    match call.operation.as_str() {
        "TransactWriteItems" => faults.extend([FaultKind::Conflict, FaultKind::CancelledByThrottling]),
        "PutItem" | "UpdateItem" => faults.push(FaultKind::Conflict),
        "PutEvents" => faults.push(FaultKind::EntriesRefused),
        _ => {}
    }
    faults
}

/// Only its caller keeps a new data key. Receiving hides messages.
fn changes_something(call: &Call) -> bool {
    !matches!(
        call.operation.as_str(),
        "GetItem"
            | "Query"
            | "Scan"
            | "Decrypt"
            | "GenerateDataKey"
            | "GenerateMac"
            | "ReEncrypt"
            | "GetSecretValue"
    )
}

/// A part of an order's life.
pub(super) trait Stage {
    /// Brings the order to where the stage begins. No fault strikes here.
    async fn begin(&self, world: &mut World, order: &str);
    /// What customers, schedules and operator do then, each as often as the answers ask for it.
    async fn go(&self, world: &mut World, order: &str);
    /// How the order ends once the fault is over and everybody has had another turn.
    fn end(&self) -> End;
    /// Whether each item of the audit must be witnessed at its end.
    fn is_witnessed(&self) -> bool {
        false
    }
    /// In whose format payments are charged.
    fn processor(&self) -> Dialect {
        Dialect::Airlock
    }
}

/// How an order ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Tokenized,
    Paid,
    /// So many payments were declined, and none was charged.
    Declined(usize),
    /// Declined so often, and paid with another card.
    PaidWithAnotherCard(usize),
    /// Paid; or UNKNOWN, where the processor cannot tell and nothing protects a repeat. Charged once at most.
    PaidOrUnknown,
    /// Submitted once, charged perhaps, and never sent again.
    Unknown,
    /// Another order of that id was first.
    OrderExists,
    Expired,
    /// Its card was sent encrypted, and the worker refused it: the card is gone, and nobody is called.
    CardRefused,
    /// In no table, with a dead letter.
    Mourned,
    /// Across, and its card is gone from the vault.
    Forgotten,
    /// The same, and the card of another order of that id is gone from quarantine.
    ForgottenTwice,
    /// Across, and no card of it is left, also none that came after it was forgotten.
    ForgottenLate,
}

/// Panics with the names of the combinations that end otherwise.
pub(super) async fn survives_every_fault(name: &'static str, stage: impl Stage) {
    let calls = recorded_once(name, &stage).await;
    assert!(!calls.is_empty(), "the stage calls nobody");
    let strike = |(call, nth): &(Call, u64), kind: FaultKind| FaultRule {
        role: Some(call.role.clone()),
        service: Some(call.service),
        operation: Some(call.operation.clone()),
        kind,
        when: When::Nth(*nth),
    };
    // Several slow ones at once, each in its own world: they mostly wait.
    let late = calls.iter().filter(|(call, _)| changes_something(call));
    let slow = late.map(async |call| {
        let mut world = impatient_world(&stage).await;
        run(&mut world, &stage, "order", strike(call, TOO_SLOW)).await
    });
    let others = async {
        let mut all = Vec::new();
        for call in &calls {
            all.extend(faults_of(&call.0).into_iter().map(|fault| (call, fault)));
        }
        let mut wrongs = Vec::new();
        for some in all.chunks(IN_ONE_WORLD) {
            let mut world = impatient_world(&stage).await;
            for &(call, fault) in some {
                let order = format!("order-{}-{fault:?}", wrongs.len());
                wrongs.push(run(&mut world, &stage, &order, strike(call, fault)).await);
            }
        }
        wrongs
    };
    let (slow, others) =
        futures::future::join(stream::iter(slow).buffer_unordered(SLOW_AT_ONCE).collect::<Vec<_>>(), others)
            .await;
    let combinations = slow.len() + others.len();
    let wrongs: Vec<String> = slow.into_iter().chain(others).filter_map(Result::err).collect();
    assert!(wrongs.is_empty(), "{} of {combinations}:\n{}", wrongs.len(), wrongs.join("\n"));
}

type Recorded = Vec<(Call, u64)>;

/// What is recorded of a stage, for all tests that ask for it. On the heap: who asks for all stages has no stack for them.
pub(super) fn recorded_once(name: &'static str, stage: &impl Stage) -> impl Future<Output = Recorded> {
    static RECORDED: Mutex<BTreeMap<&str, Arc<OnceCell<Recorded>>>> = Mutex::new(BTreeMap::new());
    let cell = RECORDED.lock().unwrap().entry(name).or_default().clone();
    Box::pin(async move { cell.get_or_init(async || recorded(stage).await).await.clone() })
}

/// The AWS calls that the functions make in a stage when nothing goes wrong, each with the number it has among
/// its like.
async fn recorded(stage: &impl Stage) -> Recorded {
    let mut world = impatient_world(stage).await;
    world.advance(LATER);
    stage.begin(&mut world, "order").await;
    let before = world.stack.aws().calls().len();
    stage.go(&mut world, "order").await;
    let calls = functions_calls(&world, before);
    recover(&mut world, stage, "order").await;
    check(&world, stage, "order").expect("without a fault");
    let like = |call: &Call| (call.role.clone(), call.service, call.operation.clone());
    let nth =
        |place: usize| calls[..=place].iter().filter(|other| like(other) == like(&calls[place])).count();
    (0..calls.len()).map(|place| (calls[place].clone(), nth(place) as u64)).collect()
}

async fn impatient_world(stage: &impl Stage) -> World {
    let patience = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).operation_timeout(PATIENCE);
    World::charged_by(stage.processor(), patience.build()).await
}

fn functions_calls(world: &World, from: usize) -> Vec<Call> {
    let calls = world.stack.aws().calls().split_off(from);
    let functions = &world.stack.declared.functions;
    calls.into_iter().filter(|call| functions.iter().any(|function| function.role == call.role)).collect()
}

/// The stage, with a fault.
async fn run(world: &mut World, stage: &impl Stage, order: &str, strike: FaultRule) -> Result<(), String> {
    // No data key is at hand, as at the recording.
    world.advance(LATER);
    stage.begin(world, order).await;
    let before = world.stack.aws().calls().len();
    let name = format!("{strike:?}");
    world.faults().add(strike.clone());
    stage.go(world, order).await;
    world.late_calls_done().await;
    let FaultRule { role, operation, when, .. } = strike;
    let is_like =
        |call: &&Call| Some(&call.role) == role.as_ref() && Some(&call.operation) == operation.as_ref();
    let like = functions_calls(world, before).iter().filter(is_like).count() as u64;
    assert!(matches!(when, When::Nth(n) if like >= n), "the fault struck no call: {name}");
    recover(world, stage, order).await;
    let outcome = check(world, stage, order).map_err(|wrong| format!("{name}: {wrong}"));
    world.remove_quarantined(order).await;
    world.settle().await;
    outcome
}

/// The fault is over, and everybody has another turn.
async fn recover(world: &mut World, stage: &impl Stage, order: &str) {
    world.faults().clear();
    world.settle().await;
    world.advance(LATER);
    if world.quarantined(order).await.is_some() {
        world.sweep().await.expect("a sweep without a fault");
        world.settle().await;
        world.replay(json!({})).await.expect("a replay without a fault");
        world.settle().await;
    }
    let expected = match stage.end() {
        End::Paid | End::PaidWithAnotherCard(_) => 200,
        End::Declined(_) => 402,
        End::Unknown => 409,
        _ => return,
    };
    assert_eq!(world.pay(order, ADA).await.status, expected, "paying without a fault");
    if stage.is_witnessed() {
        world.witness_all().await;
        let [items, witnessed] = world.audit_and_witnessed().await;
        assert_eq!(witnessed, items);
    }
}

fn check(world: &World, stage: &impl Stage, order: &str) -> Result<(), String> {
    let rest = world.at_rest();
    let charges = world.charges();
    rest.check(&charges)?;
    check_told(world, &rest, order)?;
    let stuck = rest.quarantine.get(order);
    let clean = rest.clean.get(order).map(|row| text(row, "CustomerName"));
    let is_forgotten = rest.clean.get(order).is_some_and(|row| !text(row, "CardForgottenAt").is_empty());
    let payment = rest.clean.get(order).map_or("", |row| text(row, "PaymentStatus"));
    let of_order = || charges.iter().filter(|charge| charge.order.as_str() == order);
    let declined = of_order().filter(|charge| is_decline(charge)).count();
    let paid = of_order().count() - declined;
    let payments = (payment, paid, declined);
    let is_allowed = match stage.end() {
        End::Tokenized => stuck.is_none() && clean == Some(ORDERED.name),
        End::Paid => stuck.is_none() && clean == Some(ORDERED.name) && payments == ("SUBMITTED", 1, 0),
        End::Declined(times) => stuck.is_none() && payments == ("DECLINED", 0, times),
        End::PaidWithAnotherCard(times) => {
            // A put of ingest's that came after the crossing ends: there is no card to replace any more.
            let is_late = |row: &Value| {
                (text(row, "Status"), text(row, "FailureReason")) == ("FAILED", "CARD_NOT_REPLACED")
                    && row.get("SealedCard").is_none()
                    && !has_letter(&rest, order, "PARKED")
            };
            stuck.is_none_or(is_late) && payments == ("SUBMITTED", 1, times)
        }
        End::PaidOrUnknown => {
            stuck.is_none() && matches!(payments, ("SUBMITTED", 1, 0) | ("UNKNOWN", 0 | 1, 0))
        }
        End::Unknown => payments == ("UNKNOWN", 1, 0) && of_order().all(|charge| charge.requests == 1),
        End::OrderExists => {
            stuck.is_some_and(|row| {
                (text(row, "Status"), text(row, "FailureReason")) == ("FAILED", "ORDER_EXISTS")
            }) && clean.is_some_and(|name| name != ORDERED.name)
                && has_letter(&rest, order, "PARKED")
        }
        End::Expired => {
            stuck.is_some_and(|row| text(row, "Status") == "EXPIRED" && row.get("SealedCard").is_none())
                && clean.is_none()
                && has_letter(&rest, order, "EXPIRED")
        }
        End::CardRefused => {
            clean.is_none()
                && !has_letter(&rest, order, "PARKED")
                && stuck.is_some_and(|row| {
                    let said = (text(row, "Status"), text(row, "FailureReason"));
                    said == ("FAILED", "CARD_REFUSED") && row.get("SealedCard").is_none()
                })
        }
        // That the vault has just the cards of the others, the check at rest has seen.
        End::Forgotten => stuck.is_none() && is_forgotten,
        End::ForgottenTwice => {
            is_forgotten
                && stuck.is_some_and(|row| {
                    let said = (text(row, "Status"), text(row, "FailureReason"));
                    said == ("EXPIRED", "FORGOTTEN") && row.get("SealedCard").is_none()
                })
        }
        End::ForgottenLate => is_forgotten && stuck.is_none_or(|row| row.get("SealedCard").is_none()),
        End::Mourned => stuck.is_none() && clean.is_none() && has_letter(&rest, order, "REMOVED_BY_TTL"),
    };
    if is_allowed {
        Ok(())
    } else {
        Err(format!("quarantine {stuck:?}, clean {clean:?}, payments {payments:?}"))
    }
}

fn has_letter(rest: &AtRest, order: &str, kind: &str) -> bool {
    rest.messages.iter().any(|letter| letter["CustomerOrder"] == order && letter["Kind"] == kind)
}

/// A customer who sends the same again as long as the answer asks for it.
pub(super) async fn insist(world: &World, request: impl AsyncFn(&World) -> Answer) -> Answer {
    for _ in 0..5 {
        let answer = request(world).await;
        if !answer.is_unclear() && answer.text("code") != "PAYMENT_IN_PROGRESS" {
            return answer;
        }
        assert_ne!(answer.status, 500, "{answer:?}");
        world.advance(Duration::from_secs(61));
    }
    panic!("no answer, however often it is asked");
}

/// A schedule or an operator: one more run after one that stopped.
pub(super) async fn run_again<T>(world: &World, run: impl AsyncFn(&World) -> Option<T>) -> T {
    for _ in 0..3 {
        if let Some(summary) = run(world).await {
            return summary;
        }
    }
    panic!("it stops every time");
}
