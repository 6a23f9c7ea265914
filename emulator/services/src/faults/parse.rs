//! A fault rule as a person writes it: `[ROLE/]SERVICE/OPERATION=KIND[@WHEN]`.

use std::{fmt, str::FromStr, time::Duration};

use super::{FaultKind, FaultRule, WITH_ENTRIES, When};
use crate::service::Service;

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
    #[error("SERVICE must be *, or one of {}", listed(Service::all().map(Service::signing_name)))]
    Service,
    /// The service has no such operation; `None`: no service has.
    #[error("OPERATION must be *, or one of {}", operations(*.0))]
    Operation(Option<Service>),
    /// No such fault.
    #[error(
        "KIND must be lost-before, reply-lost, throttled, error, slow, conflict, cancelled-by-throttling or entries-refused"
    )]
    Kind,
    /// None of the calls has entries.
    #[error("entries-refused needs calls whose entries are refused one by one: {}", with_entries())]
    Entries,
    /// No such choice of calls.
    #[error("WHEN must be a probability from 0 to 1, # and a number from 1, or x and a number")]
    When,
}

const KINDS: [(&str, FaultKind); 8] = [
    ("lost-before", FaultKind::LostBefore),
    ("reply-lost", FaultKind::ReplyLost),
    ("throttled", FaultKind::Throttled),
    ("error", FaultKind::InternalError),
    // Beyond the functions' time-out of an attempt, 3 s.
    ("slow", FaultKind::Slow(Duration::from_secs(4))),
    ("conflict", FaultKind::Conflict),
    ("cancelled-by-throttling", FaultKind::CancelledByThrottling),
    ("entries-refused", FaultKind::EntriesRefused),
];

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
            return Err(ParseFaultError::Operation(service));
        }
        let kind = parse_kind(kind)?;
        let is_among = |(with, its): &(Service, &str)| {
            service.is_none_or(|service| service == *with) && (operation == "*" || operation == *its)
        };
        if kind == FaultKind::EntriesRefused && !WITH_ENTRIES.iter().any(is_among) {
            return Err(ParseFaultError::Entries);
        }
        Ok(Self {
            role: any(role),
            service,
            operation: any(operation),
            kind,
            when: when.map_or(Ok(When::Always), parse_when)?,
        })
    }
}

/// As a person writes it. Another time of `slow` than that of the word is not told.
impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(role) = &self.role {
            write!(f, "{role}/")?;
        }
        let service = self.service.map_or("*", Service::signing_name);
        let is_it = |kind: &FaultKind| std::mem::discriminant(kind) == std::mem::discriminant(&self.kind);
        let kind = KINDS.iter().find(|(_, kind)| is_it(kind)).map_or("", |(word, _)| word);
        write!(f, "{service}/{}={kind}", self.operation.as_deref().unwrap_or("*"))?;
        match self.when {
            When::Always => Ok(()),
            When::Nth(n) => write!(f, "@#{n}"),
            When::First(n) => write!(f, "@x{n}"),
            When::Probability(probability) => write!(f, "@{probability}"),
        }
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
    let found = KINDS.iter().find(|(word, _)| *word == name);
    found.map(|(_, kind)| *kind).ok_or(ParseFaultError::Kind)
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

/// What the operations are called. Those of all services are too many for a line.
fn operations(service: Option<Service>) -> String {
    match service {
        Some(service) => listed(service.operations()),
        None => "the operations of the services here, as AWS names it, such as Decrypt".to_owned(),
    }
}

fn with_entries() -> String {
    listed(WITH_ENTRIES.map(|(service, operation)| format!("{}/{operation}", service.signing_name())))
}

fn listed<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| name.as_ref().to_owned()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rule_is_refused_by_the_part_that_is_wrong() {
        use ParseFaultError as Wrong;
        let no_operation = Wrong::Operation(Some(Service::Kms));
        for (text, part) in [
            ("", Wrong::Form),
            ("kms", Wrong::Form),
            ("kms/Decrypt", Wrong::Form),
            ("kms=error", Wrong::Form),
            ("/kms/Decrypt=error", Wrong::Form),
            ("a/b/c/d=error", Wrong::Form),
            ("x/Decrypt=error", Wrong::Service),
            ("KMS/Decrypt=error", Wrong::Service),
            ("kms/Decrypted=error", no_operation),
            ("kms/decrypt=error", no_operation),
            ("kms/PutItem=error", no_operation),
            ("kms/=error", no_operation),
            ("*/Nothing=error", Wrong::Operation(None)),
            ("dynamodb/GetRecords=error", Wrong::Operation(Some(Service::DynamoDb))),
            ("kms/Decrypt=odd", Wrong::Kind),
            ("kms/Decrypt=entries-refused", Wrong::Entries),
            ("kms/*=entries-refused", Wrong::Entries),
            ("*/ListRules=entries-refused", Wrong::Entries),
            ("sqs/SendMessageBatch=entries-refused", Wrong::Entries),
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
            "R/events/*=entries-refused",
            "*/PutEvents=entries-refused@x3",
            "*/*=entries-refused",
        ] {
            assert!(text.parse::<FaultRule>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_rule_is_written_as_it_was_read() {
        for (kind, _) in KINDS {
            for text in [
                format!("events/PutEvents={kind}@0.25"),
                format!("R/*/*={kind}@#3"),
                format!("*/*={kind}@x5"),
            ] {
                assert_eq!(text.parse::<FaultRule>().unwrap().to_string(), text);
            }
        }
        assert_eq!("*/kms/*=slow".parse::<FaultRule>().unwrap().to_string(), "kms/*=slow");
    }

    #[test]
    fn an_error_lists_what_there_is() {
        for (text, listed) in [
            ("kmz/Decrypt=error", "dynamodb, dynamodbstreams, kms, sqs"),
            ("sqs/Nosuch=error", "SendMessage, SendMessageBatch"),
            ("kms/Decrypt=entries-refused", "one by one: events/PutEvents"),
        ] {
            let told = text.parse::<FaultRule>().unwrap_err().to_string();
            assert!(told.contains(listed), "{text}: {told}");
        }
    }
}
