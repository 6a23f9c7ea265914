//! The payment sandbox's ledger, for the page.

use order::Outcome;
use serde_json::{Value, json};

use super::state::Console;

/// Every payment that the sandbox charged or declined, oldest first.
pub(super) fn charges(console: &Console) -> Vec<Value> {
    let charges = console.sandbox.ledger().into_iter().map(|charge| {
        json!({
            "payment": charge.payment_id,
            "order": charge.order,
            "last4": charge.last4.to_string(),
            "outcome": if matches!(charge.outcome, Outcome::Declined(_)) { "declined" } else { "charged" },
            "requests": charge.requests,
            "profile": charge.dialect.profile(),
            "reference": charge.reference,
            "kind": matches!(charge.outcome, Outcome::Declined(_)).then(|| charge.kind.word()),
        })
    });
    charges.collect()
}
