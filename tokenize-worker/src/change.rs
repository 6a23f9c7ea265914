//! What a stream record means for the worker.

use std::collections::HashMap;

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodb::types::AttributeValue;
use order::QuarantineStatus;

/// An item, in the SDK's form.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A change of a quarantine row that the worker handles.
#[derive(Debug)]
pub(crate) enum Change {
    /// The row was armed: it is PENDING now, and does not wait for a payment.
    Armed(Item),
    /// DynamoDB's TTL removed the row while it still held a sealed card.
    CardRemovedByTtl(Item),
    /// Nothing to do.
    Other,
}

impl Change {
    /// Reads a record. The mapping filters too, but a filter is a setting: this is the rule.
    pub(crate) fn of(record: EventRecord) -> Self {
        let by_ttl =
            record.user_identity.is_some_and(|identity| identity.principal_id == "dynamodb.amazonaws.com");
        let change = record.change;
        match record.event_name.as_str() {
            "INSERT" | "MODIFY" => {
                let item: Item = change.new_image.into();
                let pending = AttributeValue::S(QuarantineStatus::Pending.word().into());
                let is_armed = item.get("Status") == Some(&pending) && !item.contains_key("ArmAfter");
                if is_armed { Self::Armed(item) } else { Self::Other }
            }
            "REMOVE" if by_ttl => {
                let item: Item = change.old_image.into();
                if item.contains_key("SealedCard") { Self::CardRemovedByTtl(item) } else { Self::Other }
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn change(event: &str, image: Value, user: Value) -> Change {
        let images = if event == "REMOVE" { "OldImage" } else { "NewImage" };
        let record = json!({
            "awsRegion": "us-east-1", "eventID": "1", "eventName": event, "userIdentity": user,
            "dynamodb": { "SizeBytes": 1, "SequenceNumber": "1", images: image },
        });
        Change::of(serde_json::from_value(record).unwrap())
    }

    #[test]
    fn only_armed_rows_and_cards_lost_to_ttl_concern_the_worker() {
        let pending = json!({"Status": {"S": "PENDING"}});
        let failed = json!({"Status": {"S": "FAILED"}});
        let sealed = json!({"Status": {"S": "PENDING"}, "SealedCard": {"B": "AQ=="}});
        let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        assert!(matches!(change("INSERT", pending.clone(), json!(null)), Change::Armed(_)));
        assert!(matches!(change("MODIFY", pending.clone(), json!(null)), Change::Armed(_)));
        let waiting = json!({"Status": {"S": "PENDING"}, "ArmAfter": {"S": "2026-11-21T18:59:33.120Z"}});
        assert!(matches!(change("MODIFY", waiting, json!(null)), Change::Other));
        assert!(matches!(change("MODIFY", failed, json!(null)), Change::Other));
        assert!(matches!(change("REMOVE", sealed.clone(), json!(null)), Change::Other));
        assert!(matches!(change("REMOVE", pending, ttl.clone()), Change::Other));
        assert!(matches!(change("REMOVE", sealed, ttl), Change::CardRemovedByTtl(_)));
    }
}
