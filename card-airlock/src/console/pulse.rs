//! The current numbers.

use std::time::Instant;

use serde_json::{Value, json};

use super::{ledger, shown::milliseconds, state::Console, switches};

/// Counts, rates, times, switches and the ledger's sums.
pub(super) fn document(console: &Console) -> Value {
    let numbers = console.hub.known().numbers(Instant::now());
    let ahead = console.options.time.as_ref().map(|time| time.ahead().as_secs());
    let charges = ledger::charges(console);
    let charged = charges.iter().filter(|charge| charge["outcome"] == "charged").count();
    json!({
        "now": milliseconds(console.front.clock.now()),
        "ahead": ahead,
        "orders": numbers,
        "letters": console.aws.waiting().len(),
        "calls": console.hub.calls_total(),
        "functions": console.hub.invocations().numbers(),
        "inWorker": console.hub.invocations().in_worker().len(),
        "crashesArmed": console.hub.invocations().crashes_armed(),
        "switches": switches::states(console.aws.faults()),
        "ledger": { "charged": charged, "declined": charges.len() - charged },
    })
}
