//! Brings events to the queues of rules: at least once, in no order, with retries, and then to the target's dead-letter
//! queue.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use card_airlock_iam::{Context, Policies, Request as Permission};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{archive::BusEvent, target::Target};
use crate::{
    account::Account,
    answer::{Fault, Reply},
    calls::SERVICE_OF_EVENTS,
    keep::Part,
    request::Request,
    service::Service,
};

/// AWS waits longer each time and does not say how long; these are chosen.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How events go to their targets beside what EventBridge promises: at least once, and in any order. A test can make more
/// of both.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EventDelivery {
    /// The probability that an event comes twice.
    pub duplicates: f64,
    /// Each copy comes after a random time up to this.
    pub scattered_over: Duration,
}

/// An event on its way to one target.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Due {
    pub(super) id: Uuid,
    pub(super) event: Arc<BusEvent>,
    pub(super) rule_arn: String,
    pub(super) target: Target,
}

/// Why an event did not reach its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    NoQueue,
    NotAllowed,
    Throttled,
    Refused,
    TimedOut,
}

impl Failure {
    /// As the attributes of a dead letter say it.
    fn code(self) -> &'static str {
        match self {
            Self::NoQueue => "NO_RESOURCE",
            Self::NotAllowed => "NO_PERMISSIONS",
            Self::Throttled => "THROTTLING",
            Self::Refused => "ERROR_FROM_TARGET",
            Self::TimedOut => "TIMEOUT",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::NoQueue => "The specified queue does not exist.",
            Self::NotAllowed => {
                "The queue's policy does not let events.amazonaws.com send messages for this rule."
            }
            Self::Throttled => "The queue throttles.",
            Self::Refused => "The queue refused the message.",
            Self::TimedOut => "The queue did not answer.",
        }
    }

    /// What a retry would not change goes to the dead letters at once.
    fn is_for_ever(self) -> bool {
        matches!(self, Self::NoQueue | Self::NotAllowed)
    }
}

/// How the queues of the endpoint are reached.
pub(crate) struct Queues {
    pub(crate) account: Account,
    /// Where the endpoint is.
    pub(crate) url: String,
    pub(crate) delivery: Arc<Mutex<EventDelivery>>,
    /// What is on its way and outlives the process.
    pub(crate) kept_due: Part,
    /// Looks at a queue, without a call.
    pub(crate) look: Ask,
    /// Calls SQS as EventBridge does.
    pub(crate) call: Ask,
}

/// Asks SQS something.
pub(crate) type Ask = Box<dyn Fn(Request) -> BoxFuture<'static, Result<Reply, Fault>> + Send + Sync>;

/// Brings what is due until the endpoint stops.
pub(crate) async fn run(queues: Queues, mut due: UnboundedReceiver<Due>, stopping: CancellationToken) {
    let queues = Arc::new(queues);
    loop {
        let next = tokio::select! {
            () = stopping.cancelled() => return,
            next = due.recv() => next,
        };
        let Some(next) = next else { return };
        let (queues, stopping) = (Arc::clone(&queues), stopping.clone());
        tokio::spawn(async move {
            tokio::select! { () = stopping.cancelled() => {}, () = bring_copies(&queues, &next) => {} }
        });
    }
}

async fn bring_copies(queues: &Queues, due: &Due) {
    let EventDelivery { duplicates, scattered_over } = *queues.delivery.lock();
    let copies = if fastrand::f64() < duplicates { 2 } else { 1 };
    let copy = async || {
        if !scattered_over.is_zero() {
            tokio::time::sleep(scattered_over.mul_f64(fastrand::f64())).await;
        }
        bring(queues, due).await;
    };
    futures::future::join_all((0..copies).map(|_| copy())).await;
    queues.kept_due.remove(&due.id.to_string());
}

async fn bring(queues: &Queues, due: &Due) {
    let Due { event, rule_arn, target, .. } = due;
    let (body, began, mut retries) = (event.envelope.to_string(), Instant::now(), 0);
    loop {
        let Err(failure) = send(queues, &target.arn, rule_arn, &body, json!({})).await else { return };
        let wait = FIRST_WAIT
            .saturating_mul(1 << retries.min(16))
            .min(LONGEST_WAIT)
            .mul_f64(0.5 + fastrand::f64() / 2.0);
        let exhausted = if failure.is_for_ever() {
            None
        } else if retries >= target.retries {
            Some("MaximumRetryAttempts")
        } else if began.elapsed() + wait > target.patience {
            Some("MaximumEventAgeInSeconds")
        } else {
            tokio::time::sleep(wait).await;
            retries += 1;
            continue;
        };
        return give_up(queues, due, &body, failure, exhausted, retries).await;
    }
}

async fn give_up(
    queues: &Queues,
    due: &Due,
    body: &str,
    failure: Failure,
    exhausted: Option<&str>,
    retries: u32,
) {
    let Due { rule_arn, target, .. } = due;
    tracing::warn!(
        rule = rule_arn.as_str(),
        target = target.arn.as_str(),
        code = failure.code(),
        "EventBridge could not bring an event to a queue: {}",
        failure.message()
    );
    let Some(queue) = &target.dead_letters else { return };
    let text = |value: &str| json!({ "DataType": "String", "StringValue": value });
    let mut attributes = json!({
        "RULE_ARN": text(rule_arn),
        "TARGET_ARN": text(&target.arn),
        "ERROR_CODE": text(failure.code()),
        "ERROR_MESSAGE": text(failure.message()),
        "RETRY_ATTEMPTS": { "DataType": "Number", "StringValue": retries.to_string() },
    });
    if let (Some(exhausted), Some(attributes)) = (exhausted, attributes.as_object_mut()) {
        attributes.insert("EXHAUSTED_RETRY_CONDITION".to_owned(), text(exhausted));
    }
    if let Err(failure) = send(queues, queue, rule_arn, body, attributes).await {
        tracing::error!(
            rule = rule_arn.as_str(),
            queue = queue.as_str(),
            code = failure.code(),
            "EventBridge lost an event: its dead-letter queue does not take it either"
        );
    }
}

/// Sends one message, if the queue's own policy lets EventBridge do so for this rule.
async fn send(
    queues: &Queues,
    queue_arn: &str,
    rule_arn: &str,
    body: &str,
    attributes: Value,
) -> Result<(), Failure> {
    let name = queue_arn.rsplit(':').next().unwrap_or_default();
    let url = format!("{}/{}/{name}", queues.url, queues.account.id);
    let policy = queue_policy(queues, &url).await?.ok_or(Failure::NotAllowed)?;
    let context = Context::default()
        .with("aws:SourceArn", [rule_arn.to_owned()])
        .with("aws:SourceAccount", [queues.account.id.clone()])
        .with("aws:SecureTransport", ["true".to_owned()]);
    let asked = Permission {
        action: "sqs:SendMessage".to_owned(),
        resource: Some(queue_arn.to_owned()),
        context: Some(context),
    };
    let allowed = Policies::lets_service(&queues.account.id, &policy, SERVICE_OF_EVENTS, &asked);
    if !allowed.unwrap_or(false) {
        return Err(Failure::NotAllowed);
    }
    let asked = json!({ "QueueUrl": url, "MessageBody": body, "MessageAttributes": attributes });
    match (queues.call)(Request::own(Service::Sqs, "SendMessage", asked)).await {
        Ok(Reply::Answer(answer)) if answer.status.is_success() => Ok(()),
        Ok(Reply::Answer(answer)) => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let code = body.get("__type").and_then(Value::as_str).unwrap_or_default();
            Err(if code.ends_with("RequestThrottled") { Failure::Throttled } else { Failure::Refused })
        }
        Ok(Reply::Lost) => Err(Failure::TimedOut),
        Err(_) => Err(Failure::Refused),
    }
}

/// The policy of a queue, if it has one.
async fn queue_policy(queues: &Queues, url: &str) -> Result<Option<Value>, Failure> {
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["Policy"] });
    let reply = (queues.look)(Request::own(Service::Sqs, "GetQueueAttributes", asked)).await;
    let Ok(Reply::Answer(answer)) = reply else { return Err(Failure::NoQueue) };
    if !answer.status.is_success() {
        return Err(Failure::NoQueue);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = body.pointer("/Attributes/Policy").and_then(Value::as_str);
    Ok(text.and_then(|text| serde_json::from_str(text).ok()))
}
