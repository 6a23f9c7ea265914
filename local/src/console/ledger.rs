//! What the payment sandbox has on its books: the one place that knows how it keeps them.

use order::Outcome;
use serde_json::{Value, json};

use super::Console;

/// Every payment the sandbox was asked for, by order; none where the sandbox is in another process.
pub(super) fn charges(console: &Console) -> Option<Vec<Value>> {
    let sandbox = console.options.sandbox.as_ref()?;
    let mut charges: Vec<_> = sandbox.ledger().into_iter().collect();
    charges.sort_by(|(_, a), (_, b)| a.order.as_str().cmp(b.order.as_str()));
    let charges = charges.into_iter().map(|(payment, charge)| {
        json!({
            "payment": payment,
            "order": charge.order,
            "outcome": if matches!(charge.outcome, Outcome::Declined(_)) { "declined" } else { "charged" },
            "requests": charge.requests,
        })
    });
    Some(charges.collect())
}
