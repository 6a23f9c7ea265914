//! Dead letters: messages about orders that could not cross. They have ids and a reason, never data.

mod queue;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use queue::{DeadLetterMessage, DeadLetterQueue, Letter, QueueError};

use crate::{failure_reason::FailureReason, order_id::OrderId, timestamp::Timestamp};

/// A message of the dead-letter queue. Duplicates do no harm, because the quarantine row decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeadLetter {
    /// What happened.
    pub kind: DeadLetterKind,
    /// The order, unless the row's key is no order id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_order: Option<OrderId>,
    /// The acceptance, unless the row has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance_id: Option<Uuid>,
    /// Why the order was parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
    /// When it happened.
    pub at: Timestamp,
}

impl Letter for DeadLetter {}

impl DeadLetter {
    /// The order's id, for a log line.
    #[must_use]
    pub fn order_text(&self) -> Option<&str> {
        self.customer_order.as_ref().map(OrderId::as_str)
    }
}

/// What happened to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeadLetterKind {
    /// It was parked; its row waits as FAILED.
    Parked,
    /// It stayed in quarantine beyond its deadline; its card is gone from the row.
    Expired,
    /// DynamoDB's TTL removed its row while a sealed card was still in it. This raises an alarm, because the row should have expired first.
    RemovedByTtl,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_holds_ids_and_a_reason_only() {
        let letter = DeadLetter {
            kind: DeadLetterKind::Parked,
            customer_order: OrderId::stored("123456789"),
            acceptance_id: Some(Uuid::nil()),
            reason: Some(FailureReason::OrderExists),
            at: "2026-11-21T18:59:33.120Z".parse().unwrap(),
        };
        assert_eq!(letter.order_text(), Some("123456789"));
        assert_eq!(DeadLetter { customer_order: None, ..letter.clone() }.order_text(), None);
        assert_eq!(
            serde_json::to_string(&letter).unwrap(),
            r#"{"Kind":"PARKED","CustomerOrder":"123456789","AcceptanceId":"00000000-0000-0000-0000-000000000000","Reason":"ORDER_EXISTS","At":"2026-11-21T18:59:33.120Z"}"#
        );
    }
}
