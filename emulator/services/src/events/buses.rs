//! The operations on buses.

use serde_json::{Value, json};

use super::{bridge::EventBridge, error::Outcome};
use crate::{event_names::bus_arn, request::Request};

pub(super) fn describe(events: &EventBridge, request: &Request) -> Outcome {
    Ok(described(events, &events.bus(request.text("Name"))?))
}

pub(super) fn list(events: &EventBridge, request: &Request) -> Outcome {
    let prefix = request.text("NamePrefix").unwrap_or_default();
    let buses = events.buses.lock();
    let listed = buses.iter().filter(|name| name.starts_with(prefix)).map(|name| described(events, name));
    Ok(json!({ "EventBuses": listed.collect::<Vec<_>>() }))
}

fn described(events: &EventBridge, name: &str) -> Value {
    json!({ "Arn": bus_arn(name, &events.account), "Name": name })
}
