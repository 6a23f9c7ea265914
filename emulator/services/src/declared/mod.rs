//! What tells only what the stack's template declares: CloudWatch's alarms, log groups, subscriptions, the API's
//! settings, trails, and whether tables can be restored. What they would do is not done here: no alarm is evaluated.

mod alarms;
mod api;
mod backups;
mod error;
mod log_groups;
mod subscriptions;
mod trails;

pub(crate) use error::DeclaredError;
use serde_json::Value;

use crate::{
    answer::Answer,
    deployed::{Deployed, StackResource},
    members::stray,
    request::Request,
    service::Service,
};

type Outcome = Result<Value, DeclaredError>;
type Perform = fn(Option<&Deployed>, &Request) -> Outcome;

/// A service, an operation, and its members.
const OPERATIONS: [(Service, &str, &[&str], Perform); 9] = [
    (Service::ApiGateway, "GetRestApi", &["restApiId"], api::rest_api),
    (Service::ApiGateway, "GetStage", &["restApiId", "stageName"], api::stage),
    (
        Service::CloudWatch,
        "DescribeAlarms",
        &["AlarmNamePrefix", "AlarmNames", "AlarmTypes", "MaxRecords", "StateValue"],
        alarms::describe,
    ),
    (Service::CloudWatchLogs, "DescribeLogGroups", &["limit", "logGroupNamePrefix"], log_groups::describe),
    (Service::CloudTrail, "DescribeTrails", &[], trails::describe),
    (Service::CloudTrail, "GetEventSelectors", &["TrailName"], trails::selectors),
    (Service::CloudTrail, "GetTrailStatus", &["Name"], trails::status),
    (Service::Sns, "ListSubscriptionsByTopic", &["Action", "TopicArn", "Version"], subscriptions::of_topic),
    (Service::DynamoDb, backups::OPERATION, &["TableName"], backups::describe),
];

/// What a service can be asked, in alphabetical order.
pub(crate) fn operations(service: Service) -> Vec<&'static str> {
    OPERATIONS.iter().filter(|(of, ..)| *of == service).map(|(_, operation, ..)| *operation).collect()
}

/// Whether an operation is one of these.
pub(crate) fn is_declared(service: Service, operation: &str) -> bool {
    operations(service).contains(&operation)
}

pub(crate) fn perform(deployed: Option<&Deployed>, request: &Request) -> Answer {
    match outcome(deployed, request) {
        Ok(members) => Answer::ok(&members),
        Err(error) => error.answer(request.service),
    }
}

fn outcome(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let is_asked = |(service, operation, ..): &&(Service, &str, &[&str], Perform)| {
        (*service, *operation) == (request.service, request.operation.as_str())
    };
    let found = OPERATIONS.iter().find(is_asked);
    let (_, _, members, perform) =
        found.ok_or_else(|| DeclaredError::Unsupported(request.operation.clone()))?;
    match stray(&request.json, members) {
        Some(name) => Err(DeclaredError::Unsupported(name)),
        None => perform(deployed, request),
    }
}

/// The resources of a type.
fn of_kind<'a>(deployed: Option<&'a Deployed>, kind: &'a str) -> impl Iterator<Item = &'a StackResource> {
    let all = deployed.into_iter().flat_map(|deployed| &deployed.stack.resources);
    all.filter(move |resource| resource.kind == kind)
}

/// A number that a template may write as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The same without a fraction.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A truth that a template may write as text.
fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}
