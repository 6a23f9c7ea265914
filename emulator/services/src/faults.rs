//! Injected faults: what AWS, or the network, can do to a call. The two most important are: the request is lost before
//! the service did anything, and the reply is lost after it did everything.

mod parse;

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};

pub use self::parse::ParseFaultError;
use crate::{answer::Answer, calls::Call, observer::ON_PURPOSE, service::Service};

/// The operations whose entries a service takes or refuses one by one.
const WITH_ENTRIES: [(Service, &str); 1] = [(Service::EventBridge, "PutEvents")];

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The request is lost: nothing is done, and no answer comes.
    LostBefore,
    /// The service does what it is asked, and the answer is lost.
    ReplyLost,
    /// The service throttles the call, with its own error.
    Throttled,
    /// The service fails (500).
    InternalError,
    /// The service begins after this time; with more than the caller's time-out, its answer is too late.
    Slow(Duration),
    /// Another transaction is in progress on the same item: `TransactionCanceledException` with that reason for a
    /// transaction, `TransactionConflictException` for a single write. Other operations throttle.
    Conflict,
    /// A transaction is cancelled because one of its writes was throttled. Other operations throttle.
    CancelledByThrottling,
    /// The service refuses every other entry of a call, beginning with the first, and answers 200: `FailedEntryCount` of
    /// PutEvents. Other operations throttle.
    EntriesRefused,
}

/// Which of the matching calls it happens to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// All.
    Always,
    /// The n-th only, counted from 1.
    Nth(u64),
    /// The first n.
    First(u64),
    /// Each with this probability, from 0 to 1.
    Probability(f64),
}

/// Which calls fail, and how. `None` matches all.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// The caller's access-key id: a function's role.
    pub role: Option<String>,
    pub service: Option<Service>,
    /// The operation, as AWS names it.
    pub operation: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// For which of the matching calls.
    pub when: When,
}

/// The faults in force. Cloning shares them: they can be changed while everything runs.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Armed>>>);

#[derive(Debug)]
struct Armed {
    rule: FaultRule,
    matched: u64,
}

impl Faults {
    /// Adds a rule. Of several that apply to a call, the first does.
    pub fn add(&self, rule: FaultRule) {
        self.rules().push(Armed { rule, matched: 0 });
    }

    /// Removes one such rule.
    pub fn remove(&self, rule: &FaultRule) {
        let mut rules = self.rules();
        if let Some(place) = rules.iter().position(|armed| armed.rule == *rule) {
            rules.remove(place);
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn in_force(&self) -> Vec<FaultRule> {
        self.rules().iter().map(|armed| armed.rule.clone()).collect()
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// The fault of this call.
    pub(crate) fn strike(&self, call: &Call) -> Option<FaultKind> {
        let mut struck = None;
        for armed in self.rules().iter_mut().filter(|armed| armed.rule.matches(call)) {
            armed.matched += 1;
            let strikes = match armed.rule.when {
                When::Always => true,
                When::Nth(n) => armed.matched == n,
                When::First(n) => armed.matched <= n,
                When::Probability(probability) => fastrand::f64() < probability,
            };
            if strikes && struck.is_none() {
                struck = Some(armed.rule.kind);
            }
        }
        struck
    }

    fn rules(&self) -> parking_lot::MutexGuard<'_, Vec<Armed>> {
        self.0.lock()
    }
}

impl FaultRule {
    fn matches(&self, call: &Call) -> bool {
        self.role.as_ref().is_none_or(|role| *role == call.role)
            && self.service.is_none_or(|service| service == call.service)
            && self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
    }
}

impl FaultKind {
    /// The answer that the caller gets in place of the service's, for the faults that have one.
    pub(crate) fn answer(self, call: &Call) -> Option<Answer> {
        let is_transaction = call.operation == "TransactWriteItems";
        let is_write = matches!(call.operation.as_str(), "PutItem" | "UpdateItem" | "DeleteItem");
        match self {
            Self::LostBefore | Self::ReplyLost | Self::Slow(_) => None,
            Self::EntriesRefused if WITH_ENTRIES.contains(&(call.service, call.operation.as_str())) => None,
            Self::InternalError => {
                Some(refusal(StatusCode::INTERNAL_SERVER_ERROR, internal_error(call.service), None))
            }
            Self::Conflict if is_transaction => Some(cancelled(call, "TransactionConflict")),
            Self::CancelledByThrottling if is_transaction => Some(cancelled(call, "ThrottlingError")),
            Self::Conflict if is_write => {
                Some(refusal(StatusCode::BAD_REQUEST, "TransactionConflictException", None))
            }
            Self::Throttled | Self::Conflict | Self::CancelledByThrottling | Self::EntriesRefused => {
                Some(refusal(StatusCode::BAD_REQUEST, throttled(call.service), None))
            }
        }
    }
}

fn cancelled(call: &Call, reason: &str) -> Answer {
    let reasons = (0..call.resources.len()).map(|place| match place {
        0 => json!({ "Code": reason, "Message": "injected" }),
        _ => json!({ "Code": "None" }),
    });
    let reasons = Value::Array(reasons.collect());
    refusal(StatusCode::BAD_REQUEST, "TransactionCanceledException", Some(reasons))
}

fn refusal(status: StatusCode, code: &str, reasons: Option<Value>) -> Answer {
    let mut body = json!({ "__type": code, "message": ON_PURPOSE });
    if let (Some(reasons), Some(body)) = (reasons, body.as_object_mut()) {
        body.insert("CancellationReasons".into(), reasons);
    }
    Answer::new(status, Bytes::from(body.to_string()))
}

fn throttled(service: Service) -> &'static str {
    match service {
        Service::DynamoDb | Service::DynamoDbStreams => "ThrottlingException",
        Service::Kms | Service::SecretsManager => "ThrottlingException",
        Service::Sqs => "RequestThrottled",
        Service::CloudFormation => "Throttling",
        Service::Lambda | Service::Cognito | Service::ApiGateway => "TooManyRequestsException",
        Service::CloudWatch | Service::CloudWatchLogs | Service::CloudTrail => "ThrottlingException",
        Service::EventBridge => "ThrottlingException",
        Service::Sns => "Throttled",
    }
}

fn internal_error(service: Service) -> &'static str {
    match service {
        Service::DynamoDb | Service::DynamoDbStreams => "InternalServerError",
        Service::Kms => "KMSInternalException",
        Service::Sqs => "InternalError",
        Service::SecretsManager => "InternalServiceError",
        Service::CloudFormation => "InternalFailure",
        Service::Lambda => "ServiceException",
        Service::Cognito => "InternalErrorException",
        Service::CloudWatch => "InternalServiceFault",
        Service::CloudWatchLogs | Service::ApiGateway => "ServiceUnavailableException",
        Service::CloudTrail => "InternalFailure",
        Service::Sns => "InternalError",
        Service::EventBridge => "InternalException",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(role: &str, operation: &str) -> Call {
        Call::new(role, Service::DynamoDb, operation, &["a", "b"], None)
    }

    fn rule(text: &str) -> FaultRule {
        text.parse().unwrap()
    }

    #[test]
    fn a_rule_strikes_the_calls_it_names_as_often_as_it_says() {
        let strikes = |text: &str| -> Vec<bool> {
            let faults = Faults::default();
            faults.add(rule(text));
            (0..4).map(|_| faults.strike(&call("W", "PutItem")).is_some()).collect()
        };
        assert_eq!(strikes("dynamodb/PutItem=throttled"), [true; 4]);
        assert_eq!(strikes("W/*/*=throttled"), [true; 4]);
        assert_eq!(strikes("dynamodb/PutItem=throttled@#2"), [false, true, false, false]);
        assert_eq!(strikes("dynamodb/PutItem=throttled@x2"), [true, true, false, false]);
        assert_eq!(strikes("dynamodb/PutItem=throttled@0"), [false; 4]);
        assert_eq!(strikes("dynamodb/PutItem=throttled@1"), [true; 4]);
        for other in ["kms/Decrypt=error", "dynamodb/GetItem=error", "V/*/*=error"] {
            assert_eq!(strikes(other), [false; 4], "{other}");
        }
    }

    #[test]
    fn a_rule_that_is_taken_away_strikes_no_more_and_others_stay() {
        let faults = Faults::default();
        let (gone, stays) = (rule("dynamodb/PutItem=throttled"), rule("dynamodb/PutItem=conflict"));
        faults.add(gone.clone());
        faults.add(stays.clone());
        faults.remove(&gone);
        assert_eq!(faults.in_force(), [stays]);
        assert_eq!(faults.strike(&call("W", "PutItem")), Some(FaultKind::Conflict));
        faults.remove(&gone);
        assert_eq!(faults.in_force().len(), 1);
    }

    #[test]
    fn only_a_call_with_entries_has_entries_that_are_refused() {
        let answer = |operation: &str| {
            let call = Call::new("N", Service::EventBridge, operation, &["bus"], None);
            FaultKind::EntriesRefused.answer(&call).map(|answer| answer.body)
        };
        assert!(answer("PutEvents").is_none(), "the service answers it");
        let body: Value = serde_json::from_slice(&answer("ListEventBuses").unwrap()).unwrap();
        assert_eq!(body["__type"], "ThrottlingException");
    }

    #[test]
    fn a_cancelled_transaction_has_a_reason_for_every_action() {
        let answer = FaultKind::Conflict.answer(&call("W", "TransactWriteItems")).unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["CancellationReasons"].as_array().unwrap().len(), 2);
        assert_eq!(body["CancellationReasons"][0]["Code"], "TransactionConflict");
    }
}
