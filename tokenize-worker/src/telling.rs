//! The events of rows that failed or expired. They are sent beside the crossing of the batch's other orders, so that a
//! bus that hangs delays none of them.

use std::time::SystemTime;

use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use order::{Event, EventBus, QuarantineStatus};
use platform::stream::recorded_at;

use crate::{TokenizeWorker, change::Change, crossing::Again};

/// A row that failed or expired.
pub(crate) struct Ended {
    /// The place of its record in the batch.
    index: usize,
    key: AttributeValue,
    event: Event,
}

impl Ended {
    fn of(index: usize, record: &EventRecord) -> Option<Self> {
        // Most records of most batches: nothing of them is copied.
        let pending = serde_dynamo::AttributeValue::S(QuarantineStatus::Pending.word().into());
        if record.change.new_image.get("Status") == Some(&pending) {
            return None;
        }
        let recorded = recorded_at(&record.change);
        let (row, event) = match Change::of(record.clone()) {
            Change::Ended(row) => {
                let event = Event::of_quarantine_row(&row, &recorded)?;
                (row, event)
            }
            Change::CardRemovedByTtl(row) => {
                let event = Event::of_removed_row(&row, &recorded);
                (row, event)
            }
            Change::Armed(_) | Change::Other => return None,
        };
        Some(Self { index, key: row.get("CustomerOrder")?.clone(), event })
    }
}

impl TokenizeWorker {
    /// The rows of a batch that failed, expired, or were removed before they expired.
    pub(crate) fn ended(records: &[EventRecord]) -> Vec<Ended> {
        records.iter().enumerate().filter_map(|(index, record)| Ended::of(index, record)).collect()
    }

    /// Sends the events; the place in the batch of the first that is neither on the bus nor in the queue.
    pub(crate) async fn first_untold(&self, ended: Vec<Ended>, deadline: SystemTime) -> Option<usize> {
        for some in ended.chunks(EventBus::MOST) {
            // The rest waits for the next delivery too: the bus will hardly take it now.
            if self.before(deadline, self.tell(some)).await.is_err() {
                return some.first().map(|ended| ended.index);
            }
        }
        None
    }

    async fn tell(&self, ended: &[Ended]) -> Result<(), Again> {
        let events = try_join_all(ended.iter().map(|ended| self.event(ended))).await?;
        self.notifier.notify(&events).await.map_err(|_| Again)
    }

    /// An order that is across by another acceptance stays across: the end of this one is not the order's.
    async fn event(&self, ended: &Ended) -> Result<Event, Again> {
        let event = ended.event.clone();
        let is_beside =
            event.detail.position.is_some() && self.airlock.is_across(&ended.key).await.map_err(|_| Again)?;
        Ok(if is_beside { event.beside_the_order() } else { event })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(event: &str, images: &Value, user: Value) -> EventRecord {
        let mut change =
            json!({"ApproximateCreationDateTime": 1_763_751_573, "SizeBytes": 1, "SequenceNumber": "1"});
        change.as_object_mut().unwrap().extend(images.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "awsRegion": "us-east-1", "eventID": "1", "eventName": event, "userIdentity": user, "dynamodb": change,
        }))
        .unwrap()
    }

    fn row(status: &str) -> Value {
        json!({"CustomerOrder": {"S": status}, "Status": {"S": status}, "SealedCard": {"B": "AQ=="}})
    }

    #[test]
    fn each_record_of_a_row_that_ended_is_told_with_its_place() {
        let ttl = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        let written = |status| json!({"NewImage": row(status)});
        let removed = |status| json!({"OldImage": row(status)});
        let records = [
            record("INSERT", &written("PENDING"), json!(null)),
            record("MODIFY", &written("FAILED"), json!(null)),
            record("REMOVE", &removed("FAILED"), json!(null)),
            record("MODIFY", &written("EXPIRED"), json!(null)),
            record("REMOVE", &removed("PENDING"), ttl),
            record("INSERT", &written("FAILED"), json!(null)),
        ];
        let ended: Vec<_> = TokenizeWorker::ended(&records)
            .iter()
            .map(|ended| (ended.index, ended.event.kind.word()))
            .collect();
        let expected = [(1, "order.failed"), (3, "order.expired"), (4, "order.expired"), (5, "order.failed")];
        assert_eq!(ended, expected);
    }
}
