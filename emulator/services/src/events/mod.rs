//! EventBridge: the buses of the stack, and the events that are put on them.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html>

mod archive;
mod buses;
mod entry;
mod error;
mod names;
mod put;
#[cfg(test)]
mod tests;

use clock::Clock;
use error::EventsError;
use serde_json::Value;

pub use archive::BusEvent;
pub(crate) use archive::Archive;
pub(crate) use names::{DEFAULT_BUS, bus_arn};
pub(crate) use put::chunks;

use crate::{account::Account, answer::Answer, members::stray, request::Request};
use buses::Buses;

type Outcome = Result<Value, EventsError>;
type Perform = fn(&EventBridge, &Request) -> Outcome;

/// An operation, and its members.
const OPERATIONS: [(&str, &[&str], Perform); 3] = [
    ("DescribeEventBus", &["Name"], buses::describe),
    ("ListEventBuses", &["NamePrefix"], buses::list),
    ("PutEvents", &["Entries"], put::put),
];

/// The operations, in alphabetical order.
pub(crate) fn operations() -> Vec<&'static str> {
    OPERATIONS.iter().map(|(operation, ..)| *operation).collect()
}

/// The bus of each entry, or the one thing that another call is about.
pub(crate) fn resources<'a>(operation: &str, asked: &'a Value) -> Vec<&'a str> {
    let text = |value: &'a Value, name: &str| value.get(name).and_then(Value::as_str);
    if operation == "PutEvents" {
        let entries = asked.get("Entries").and_then(Value::as_array).into_iter().flatten();
        return entries.map(|entry| text(entry, "EventBusName").unwrap_or(DEFAULT_BUS)).collect();
    }
    text(asked, "Name").into_iter().collect()
}

/// The buses of an account in one region.
pub(crate) struct EventBridge {
    account: Account,
    clock: Clock,
    buses: Buses,
    pub(crate) archive: Archive,
}

impl EventBridge {
    pub(crate) fn new(account: Account, clock: Clock) -> Self {
        Self { account, clock, buses: Buses::default(), archive: Archive::default() }
    }

    /// Makes a bus, and gives its ARN. One that is there already stays as it is.
    pub(crate) fn make_bus(&self, name: &str) -> String {
        self.buses.make(name);
        bus_arn(name, &self.account)
    }

    pub(crate) fn perform(&self, request: &Request) -> Answer {
        self.outcome(request).map_or_else(|error| error.answer(), |members| Answer::ok(&members))
    }

    fn outcome(&self, request: &Request) -> Outcome {
        let found = OPERATIONS.iter().find(|(operation, ..)| *operation == request.operation);
        let (_, members, perform) =
            found.ok_or_else(|| EventsError::Unsupported(request.operation.clone()))?;
        match stray(&request.json, members) {
            Some(name) => Err(EventsError::Unsupported(name)),
            None => perform(self, request),
        }
    }
}
