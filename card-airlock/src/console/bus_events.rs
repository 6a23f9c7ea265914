//! The events that were put on the bus.

use serde_json::{Value, json};

use super::state::Console;

/// The events of an order, or the latest of all for `None`; oldest first.
pub(super) fn events(console: &Console, of: Option<&str>, most: usize) -> Vec<Value> {
    let events = console.aws.events();
    let is_told = |envelope: &Value| {
        of.is_none_or(|order| {
            envelope.pointer("/detail/CustomerOrder").and_then(Value::as_str) == Some(order)
        })
    };
    let told = events.iter().rev().filter(|event| is_told(&event.envelope)).take(most);
    let mut told: Vec<_> = told
        .map(|event| json!({ "number": event.number, "bus": event.bus, "envelope": event.envelope }))
        .collect();
    told.reverse();
    told
}
