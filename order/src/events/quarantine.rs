//! Which state of a quarantine row gives which event.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Detail, Event, EventKind, OrderState,
    change::{Image, RecordedAt},
    position::{Place, Position},
};
use crate::{failure_reason::FailureReason, status::QuarantineStatus};

impl Event {
    /// The event of a row that was written. Whatever changes such a row gives its event once more: so the sweep has the
    /// event sent again.
    ///
    /// | the row is | event | of a row with `Replaces` |
    /// |---|---|---|
    /// | FAILED | `order.failed` | `card.not_replaced`, without a position |
    /// | EXPIRED | `order.expired` | the same |
    /// | PENDING, or anything else | none | none |
    #[must_use]
    pub fn of_quarantine_row(row: &HashMap<String, AttributeValue>, recorded: &RecordedAt) -> Option<Self> {
        let row = Image(row);
        match row.text("Status").and_then(QuarantineStatus::of_word)? {
            QuarantineStatus::Pending => None,
            QuarantineStatus::Failed => {
                Some(ended(row, EventKind::OrderFailed, OrderState::Failed, recorded))
            }
            QuarantineStatus::Expired => Some(expired(row, recorded)),
        }
    }

    /// The event of a row that DynamoDB's TTL removed with its sealed card: nobody expired it before.
    #[must_use]
    pub fn of_removed_row(row: &HashMap<String, AttributeValue>, recorded: &RecordedAt) -> Self {
        expired(Image(row), recorded)
    }
}

fn expired(row: Image<'_>, recorded: &RecordedAt) -> Event {
    ended(row, EventKind::OrderExpired, OrderState::Expired, recorded)
}

/// A card that was to replace another is not the order: its end says nothing about the order's state.
fn ended(row: Image<'_>, of_order: EventKind, status: OrderState, recorded: &RecordedAt) -> Event {
    let accepted_at = row.parsed("AcceptedAt");
    let is_replacement = row.has("Replaces");
    let position = accepted_at
        .filter(|_| !is_replacement)
        .and_then(|at| Position::new(at, Place::Quarantine, &recorded.sequence_number));
    let detail = Detail {
        customer_order: row.order(),
        acceptance_id: row.parsed("AcceptanceId"),
        accepted_at,
        at: recorded.time,
        status,
        reason: row.text("FailureReason").and_then(FailureReason::of_code),
        card_replaced_at: None,
        card_forgotten_at: None,
        payment_status: None,
        payment_id: None,
        position,
    };
    Event::new(if is_replacement { EventKind::CardNotReplaced } else { of_order }, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

    fn row(more: &Value) -> HashMap<String, AttributeValue> {
        let mut row = json!({
            "CustomerOrder": "A-1", "CustomerName": "Ada", "Address": "Las Vegas", "Owner": "me",
            "AcceptanceId": ID, "AcceptedAt": "2026-11-21T18:59:33.120Z", "CardLast4": "1111",
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_dynamo::aws_sdk_dynamodb_1::to_item(row).unwrap()
    }

    fn recorded() -> RecordedAt {
        let time = "2026-11-21T19:00:00.000Z".parse().unwrap();
        RecordedAt { sequence_number: "17".into(), time }
    }

    fn told(more: Value) -> Option<Value> {
        let event = Event::of_quarantine_row(&row(&more), &recorded())?;
        assert_eq!(event.time, event.detail.at);
        Some(json!({"DetailType": event.kind, "Detail": event.detail}))
    }

    #[test]
    fn a_row_that_failed_or_expired_gives_its_event_without_data() {
        for (status, kind) in [("FAILED", "order.failed"), ("EXPIRED", "order.expired")] {
            let expected = json!({
                "DetailType": kind,
                "Detail": {
                    "CustomerOrder": "A-1", "AcceptanceId": ID, "AcceptedAt": "2026-11-21T18:59:33.120Z",
                    "At": "2026-11-21T19:00:00.000Z", "Status": status, "Reason": "MALFORMED",
                    "Position": format!("2026-11-21T18:59:33.120Z#0#{:0>40}", 17),
                },
            });
            assert_eq!(told(json!({"Status": status, "FailureReason": "MALFORMED"})), Some(expected));
        }
    }

    #[test]
    fn a_card_that_was_to_replace_another_gives_an_event_of_its_own_without_a_position() {
        for status in ["FAILED", "EXPIRED"] {
            let expected = json!({
                "DetailType": "card.not_replaced",
                "Detail": {
                    "CustomerOrder": "A-1", "AcceptanceId": ID, "AcceptedAt": "2026-11-21T18:59:33.120Z",
                    "At": "2026-11-21T19:00:00.000Z", "Status": status,
                },
            });
            assert_eq!(told(json!({"Status": status, "Replaces": ID})), Some(expected));
        }
    }

    #[test]
    fn a_row_that_is_pending_or_in_no_known_state_gives_none() {
        for more in
            [json!({"Status": "PENDING"}), json!({"Status": "OTHER"}), json!({"Status": 1}), json!({})]
        {
            assert_eq!(told(more.clone()), None, "{more}");
        }
    }

    #[test]
    fn a_row_that_ttl_removed_has_expired_whatever_it_said() {
        for (more, kind) in [
            (json!({"Status": "PENDING"}), EventKind::OrderExpired),
            (json!({"Status": "FAILED"}), EventKind::OrderExpired),
            (json!({"Status": "PENDING", "Replaces": ID}), EventKind::CardNotReplaced),
        ] {
            let event = Event::of_removed_row(&row(&more), &recorded());
            assert_eq!((event.kind, event.detail.status), (kind, OrderState::Expired), "{more}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_gives_what_it_says() {
        let broken = json!({"Status": "FAILED", "CustomerOrder": "4111111111111111", "AcceptedAt": 1, "AcceptanceId": "x"});
        let expected = json!({
            "DetailType": "order.failed", "Detail": {"At": "2026-11-21T19:00:00.000Z", "Status": "FAILED"},
        });
        assert_eq!(told(broken), Some(expected));
    }

    #[test]
    fn an_event_beside_its_order_has_no_position() {
        let row = row(&json!({"Status": "FAILED"}));
        let event = Event::of_quarantine_row(&row, &recorded()).unwrap();
        assert!(event.detail.position.is_some());
        assert_eq!(event.beside_the_order().detail.position, None);
    }
}
