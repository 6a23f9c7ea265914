//! The current numbers.

use std::time::{Instant, SystemTime};

use order::Timestamp;
use serde_json::{Value, json};

use super::{health, history::Point, ledger, shown::milliseconds, state::Console, switches};

/// How many given-up orders are named; all are counted.
const MOST_NAMED: usize = 300;

/// Counts, rates, times, switches and the ledger's sums.
pub(super) fn document(console: &Console) -> Value {
    let numbers = console.hub.known().numbers();
    let ahead = console.options.time.as_ref().map(|time| time.ahead().as_secs());
    let charges = ledger::charges(console);
    let charged = charges.iter().filter(|charge| charge["outcome"] == "charged").count();
    json!({
        "now": milliseconds(console.front.clock.now()),
        "ahead": ahead,
        "clockIsOff": console.clock_is_off(),
        "orders": numbers,
        "speed": point(console).document(),
        "letters": console.aws.waiting().len(),
        "calls": console.hub.calls_total(),
        "functions": console.hub.invocations().numbers(),
        "faults": console.aws.faults().in_force().len(),
        "services": health::services(&console.hub.calls(), SystemTime::now()),
        "givenUp": given_up(console),
        "inWorker": console.hub.invocations().runs().orders().len(),
        "crashesArmed": console.hub.invocations().crashes_armed(),
        "switches": switches::states(console.aws.faults()),
        "ledger": { "charged": charged, "declined": charges.len() - charged },
    })
}

/// This moment's point of the charts.
pub(super) fn point(console: &Console) -> Point {
    let speed = console.hub.known().speed(Instant::now());
    Point {
        at: milliseconds(console.front.clock.now()),
        accepted_per_second: speed.accepted_per_second,
        crossed_per_second: speed.crossed_per_second,
        held: speed.held,
    }
}

/// The orders that Lambda gave up, and when the next sweep takes each up, at the latest.
fn given_up(console: &Console) -> Value {
    let known = console.hub.known();
    let orders = known.given_up(Timestamp::from(console.front.clock.now()));
    let named = orders.iter().take(MOST_NAMED);
    let named = named.map(|(id, again_by)| json!({ "id": id, "againBy": again_by.to_string() }));
    json!({ "count": orders.len(), "orders": named.collect::<Vec<_>>() })
}
