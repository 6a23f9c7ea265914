//! EventBridge: the buses of the stack, the events that are put on them, and the rules that bring them to queues.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html>

mod archive;
mod bridge;
mod buses;
mod delivery;
mod entry;
mod error;
mod put;
mod rules;
mod target;
mod targets;
#[cfg(test)]
mod tests;

use error::{EventsError, Outcome};

pub use archive::BusEvent;
pub(crate) use bridge::{DUE, EventBridge};
pub use delivery::EventDelivery;
pub(crate) use delivery::{Queues, run as deliver};
pub(crate) use put::chunks;

use crate::{answer::Answer, members::stray, request::Request};

type Perform = fn(&EventBridge, &Request) -> Outcome;

/// An operation, and its members.
const OPERATIONS: [(&str, &[&str], Perform); 14] = [
    ("DeleteRule", &["EventBusName", "Name"], rules::delete),
    ("DescribeEventBus", &["Name"], buses::describe),
    ("DescribeRule", &["EventBusName", "Name"], rules::describe),
    ("DisableRule", &["EventBusName", "Name"], rules::disable),
    ("EnableRule", &["EventBusName", "Name"], rules::enable),
    ("ListEventBuses", &["NamePrefix"], buses::list),
    ("ListRuleNamesByTarget", &["EventBusName", "TargetArn"], rules::list_by_target),
    ("ListRules", &["EventBusName", "NamePrefix"], rules::list),
    ("ListTargetsByRule", &["EventBusName", "Rule"], targets::list),
    ("PutEvents", &["Entries"], put::put),
    ("PutRule", &["Description", "EventBusName", "EventPattern", "Name", "State"], rules::put),
    ("PutTargets", &["EventBusName", "Rule", "Targets"], targets::put),
    ("RemoveTargets", &["EventBusName", "Ids", "Rule"], targets::remove),
    ("TestEventPattern", &["Event", "EventPattern"], rules::test_pattern),
];

/// The operations, in alphabetical order.
pub(crate) fn operations() -> Vec<&'static str> {
    OPERATIONS.iter().map(|(operation, ..)| *operation).collect()
}

pub(crate) fn perform(events: &EventBridge, request: &Request) -> Answer {
    outcome(events, request).map_or_else(|error| error.answer(), |members| Answer::ok(&members))
}

fn outcome(events: &EventBridge, request: &Request) -> Outcome {
    let found = OPERATIONS.iter().find(|(operation, ..)| *operation == request.operation);
    let (_, members, perform) = found.ok_or_else(|| EventsError::Unsupported(request.operation.clone()))?;
    match stray(&request.json, members) {
        Some(name) => Err(EventsError::Unsupported(name)),
        None => {
            let done = perform(events, request);
            events.keep();
            done
        }
    }
}
