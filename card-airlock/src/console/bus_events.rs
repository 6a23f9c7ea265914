//! The events that were put on the bus: for the page, and for `card-airlock events`, which asks for what is new.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Query, State},
    response::Response,
};
use card_airlock_services::BusEvent;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{shown, state::Console};

/// The most events of one answer to a question for later ones.
const PAGE: usize = 500;
/// How long a question for later events waits for one.
const PATIENCE: Duration = Duration::from_secs(20);

/// After which event, and whether to wait for one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct After {
    after: u64,
    wait: bool,
}

/// `GET /console/bus?after=N&wait=true`: the oldest events after the one with that number, or, with `wait`, the next one.
pub(super) async fn after(State(console): State<Arc<Console>>, Query(asked): Query<After>) -> Response {
    let mut numbers = console.aws.event_numbers();
    if asked.wait {
        tokio::select! {
            _ = numbers.wait_for(|number| *number > asked.after) => {}
            () = tokio::time::sleep(PATIENCE) => {}
            () = console.stopping.cancelled() => {}
        }
    }
    let events = console.aws.events_after(asked.after);
    shown::ok(json!({ "events": events.iter().take(PAGE).map(|event| told(event)).collect::<Vec<_>>() }))
}

/// The events of an order, or the latest of all for `None`; oldest first.
pub(super) fn events(console: &Console, of: Option<&str>, most: usize) -> Vec<Value> {
    let events = console.aws.events();
    let is_told = |envelope: &Value| {
        of.is_none_or(|order| {
            envelope.pointer("/detail/CustomerOrder").and_then(Value::as_str) == Some(order)
        })
    };
    let latest = events.iter().rev().filter(|event| is_told(&event.envelope)).take(most);
    let mut latest: Vec<_> = latest.map(|event| told(event)).collect();
    latest.reverse();
    latest
}

fn told(event: &BusEvent) -> Value {
    json!({ "number": event.number, "bus": event.bus, "envelope": event.envelope })
}
