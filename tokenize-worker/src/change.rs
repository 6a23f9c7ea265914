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
    /// The row failed or expired, or the sweep wants its event sent again.
    Ended(Item),
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
                let status = item.get("Status").and_then(|status| status.as_s().ok());
                match status.and_then(|word| word.parse().ok()) {
                    Some(QuarantineStatus::Pending) if !item.contains_key("ArmAfter") => Self::Armed(item),
                    Some(QuarantineStatus::Failed | QuarantineStatus::Expired) => Self::Ended(item),
                    Some(QuarantineStatus::Pending) | None => Self::Other,
                }
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
    fn only_armed_and_ended_rows_and_cards_lost_to_ttl_concern_the_worker() {
        let pending = json!({"Status": {"S": "PENDING"}});
        let failed = json!({"Status": {"S": "FAILED"}});
        let sealed = json!({"Status": {"S": "PENDING"}, "SealedCard": {"B": "AQ=="}});
        let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        assert!(matches!(change("INSERT", pending.clone(), json!(null)), Change::Armed(_)));
        assert!(matches!(change("MODIFY", pending.clone(), json!(null)), Change::Armed(_)));
        let waiting = json!({"Status": {"S": "PENDING"}, "ArmAfter": {"S": "2026-11-21T18:59:33.120Z"}});
        assert!(matches!(change("MODIFY", waiting, json!(null)), Change::Other));
        assert!(matches!(change("MODIFY", failed.clone(), json!(null)), Change::Ended(_)));
        let expired = json!({"Status": {"S": "EXPIRED"}});
        assert!(matches!(change("INSERT", expired, json!(null)), Change::Ended(_)));
        assert!(matches!(change("MODIFY", json!({"Status": {"S": "OTHER"}}), json!(null)), Change::Other));
        assert!(matches!(change("REMOVE", failed, json!(null)), Change::Other));
        assert!(matches!(change("REMOVE", sealed.clone(), json!(null)), Change::Other));
        assert!(matches!(change("REMOVE", pending, ttl.clone()), Change::Other));
        assert!(matches!(change("REMOVE", sealed, ttl), Change::CardRemovedByTtl(_)));
    }
}
