//! Injected faults: what AWS, or the network, can do to a call. The two most important are: the request is lost before
//! the service did anything, and the reply is lost after it did everything.

use std::{str::FromStr, sync::Arc, time::Duration};

use axum::body::Bytes;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{answer::Answer, calls::Call, observer::ON_PURPOSE, service::Service};

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

/// The text is not a fault rule. The error is shown to the user, without the user's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseFaultError {
    /// Not two or three parts, `=` and a kind.
    #[error(
        "a fault is [ROLE/]SERVICE/OPERATION=KIND[@WHEN], such as kms/Decrypt=throttled@0.3; SERVICE as the AWS CLI \
         names it, such as dynamodb, kms or sqs, or *; OPERATION as AWS names it, or *; KIND: lost-before, reply-lost, \
         throttled, error, slow, conflict, cancelled-by-throttling, entries-refused; WHEN: a probability such as 0.2, #3 for the third \
         call only, or x5 for the first five; always without it"
    )]
    Form,
    /// There is no such service here.
    #[error(
        "SERVICE must be a service that emulator/services/README.md lists, as the AWS CLI names it, or *"
    )]
    Service,
    /// The service has no such operation.
    #[error(
        "OPERATION must be an operation that emulator/services/README.md lists for SERVICE, as AWS names it, or *"
    )]
    Operation,
    /// No such fault.
    #[error(
        "KIND must be lost-before, reply-lost, throttled, error, slow, conflict, cancelled-by-throttling or entries-refused"
    )]
    Kind,
    /// No such choice of calls.
    #[error("WHEN must be a probability from 0 to 1, # and a number from 1, or x and a number")]
    When,
}

impl FromStr for FaultRule {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let (calls, fault) = text.split_once('=').ok_or(ParseFaultError::Form)?;
        let (kind, when) = fault.split_once('@').map_or((fault, None), |(kind, when)| (kind, Some(when)));
        let parts: Vec<&str> = calls.split('/').collect();
        let (role, service, operation) = match parts.as_slice() {
            [service, operation] => ("*", *service, *operation),
            [role, service, operation] if !role.is_empty() => (*role, *service, *operation),
            _ => return Err(ParseFaultError::Form),
        };
        let any = |name: &str| Some(name.to_owned()).filter(|name| name != "*");
        let service = parse_service(service)?;
        let has = |operation: &str| match service {
            Some(service) => service.has(operation),
            None => Service::all().any(|service| service.has(operation)),
        };
        if operation != "*" && !has(operation) {
            return Err(ParseFaultError::Operation);
        }
        Ok(Self {
            role: any(role),
            service,
            operation: any(operation),
            kind: parse_kind(kind)?,
            when: when.map_or(Ok(When::Always), parse_when)?,
        })
    }
}

fn parse_service(name: &str) -> Result<Option<Service>, ParseFaultError> {
    if name == "*" {
        return Ok(None);
    }
    let found = Service::all().find(|service| service.signing_name() == name);
    found.map(Some).ok_or(ParseFaultError::Service)
}

fn parse_kind(name: &str) -> Result<FaultKind, ParseFaultError> {
    Ok(match name {
        "lost-before" => FaultKind::LostBefore,
        "reply-lost" => FaultKind::ReplyLost,
        "throttled" => FaultKind::Throttled,
        "error" => FaultKind::InternalError,
        // Beyond the functions' time-out of an attempt, 3 s.
        "slow" => FaultKind::Slow(Duration::from_secs(4)),
        "conflict" => FaultKind::Conflict,
        "cancelled-by-throttling" => FaultKind::CancelledByThrottling,
        "entries-refused" => FaultKind::EntriesRefused,
        _ => return Err(ParseFaultError::Kind),
    })
}

fn parse_when(text: &str) -> Result<When, ParseFaultError> {
    if let Some(number) = text.strip_prefix('#') {
        let number = number.parse().ok().filter(|number| *number > 0);
        return number.map(When::Nth).ok_or(ParseFaultError::When);
    }
    if let Some(number) = text.strip_prefix('x') {
        return number.parse().map(When::First).map_err(|_| ParseFaultError::When);
    }
    let probability: f64 = text.parse().map_err(|_| ParseFaultError::When)?;
    let is_one = (0.0..=1.0).contains(&probability);
    if is_one { Ok(When::Probability(probability)) } else { Err(ParseFaultError::When) }
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
            Self::EntriesRefused if call.operation == "PutEvents" => None,
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
    fn what_is_no_rule_is_refused_by_the_part_that_is_wrong() {
        use ParseFaultError as Wrong;
        for (text, part) in [
            ("", Wrong::Form),
            ("kms", Wrong::Form),
            ("kms/Decrypt", Wrong::Form),
            ("kms=error", Wrong::Form),
            ("/kms/Decrypt=error", Wrong::Form),
            ("a/b/c/d=error", Wrong::Form),
            ("x/Decrypt=error", Wrong::Service),
            ("KMS/Decrypt=error", Wrong::Service),
            ("kms/Decrypted=error", Wrong::Operation),
            ("kms/decrypt=error", Wrong::Operation),
            ("kms/PutItem=error", Wrong::Operation),
            ("kms/=error", Wrong::Operation),
            ("*/Nothing=error", Wrong::Operation),
            ("dynamodb/GetRecords=error", Wrong::Operation),
            ("kms/Decrypt=odd", Wrong::Kind),
            ("kms/Decrypt=error@2", Wrong::When),
            ("kms/Decrypt=error@-0.1", Wrong::When),
            ("kms/Decrypt=error@NaN", Wrong::When),
            ("kms/Decrypt=error@#0", Wrong::When),
            ("kms/Decrypt=error@x", Wrong::When),
        ] {
            assert_eq!(text.parse::<FaultRule>(), Err(part), "{text}");
        }
        for text in [
            "*/*=error",
            "*/Decrypt=error",
            "R/kms/*=slow@#1",
            "sqs/SendMessage=error@1",
            "events/PutEvents=entries-refused",
        ] {
            assert!(text.parse::<FaultRule>().is_ok(), "{text}");
        }
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
