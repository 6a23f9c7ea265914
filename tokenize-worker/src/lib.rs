//! The inner door: from the stream of the quarantine table to vault and clean order. Can only pass on.

mod change;
mod crossing;
mod dead_letter;
mod queue;
pub mod replay;
mod settings;

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use aws_config::SdkConfig;
use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use futures::{StreamExt, stream};
use order::{Airlock, OrderId, OrderTable, QuarantineTable};
use tracing::Instrument;
use vault::{Clock, Tokenizer};

pub use dead_letter::{DeadLetter, DeadLetterKind};
pub use queue::QueueUnavailable;
pub use settings::Settings;

use crate::{change::Change, queue::DeadLetterQueue};

/// Orders that cross at once. Each waits for KMS and DynamoDB most of its time.
const AT_ONCE: usize = 16;

/// Work stops this long before Lambda's deadline, so that the answer still gets out.
const MARGIN: Duration = Duration::from_secs(2);

/// The function behind the stream.
#[derive(Debug)]
pub struct TokenizeWorker {
    tokenizer: Tokenizer,
    airlock: Airlock,
    quarantine: QuarantineTable,
    dead_letters: DeadLetterQueue,
    clock: Clock,
}

impl TokenizeWorker {
    /// Clients are made once and reused by every batch.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        let quarantine = QuarantineTable::new(config, settings.quarantine_table);
        let orders = OrderTable::new(config, settings.order_table);
        Self {
            tokenizer: Tokenizer::new(config, settings.tokenizer, clock.clone()),
            airlock: Airlock::new(config, quarantine.clone(), orders),
            quarantine,
            dead_letters: DeadLetterQueue::new(config, settings.dead_letter_queue_url),
            clock,
        }
    }

    /// Processes one batch: orders at once, records of one order in their order. Reports the first record that
    /// is not done; what comes after it is delivered again and converges.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
    pub async fn handle(&self, event: Event, deadline: SystemTime) -> DynamoDbEventResponse {
        let sequence_numbers: Vec<_> =
            event.records.iter().map(|record| record.change.sequence_number.clone()).collect();
        let first_undone = stream::iter(by_order(event.records))
            .map(|records| self.in_order(records, deadline))
            .buffer_unordered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect::<Vec<_>>()
            .await
            .into_iter()
            .min();
        let mut response = DynamoDbEventResponse::default();
        if let Some(index) = first_undone {
            // A record without a number gives an empty identifier, which fails the whole batch: as it should.
            let number = sequence_numbers.into_iter().nth(index).flatten().unwrap_or_default();
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(number);
            response.batch_item_failures.push(failure);
        }
        response
    }

    /// The records of one order, one after the other, up to the first that is not done.
    async fn in_order(&self, records: Vec<(usize, EventRecord)>, deadline: SystemTime) -> Option<usize> {
        for (index, record) in records {
            let left = deadline.duration_since(self.clock.now()).unwrap_or_default().saturating_sub(MARGIN);
            if left.is_zero() {
                return Some(index);
            }
            let span = about(key(&record).and_then(|key| key.parse().ok()).as_ref());
            // Stopping anywhere is safe: whatever was begun converges when it is delivered again.
            match tokio::time::timeout(left, self.process(Change::of(record)).instrument(span)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Some(index),
            }
        }
        None
    }
}

/// Records by order, in the order of the batch, each with its place in it.
fn by_order(records: Vec<EventRecord>) -> Vec<Vec<(usize, EventRecord)>> {
    let mut groups: Vec<Vec<(usize, EventRecord)>> = Vec::new();
    let mut group_of: HashMap<String, usize> = HashMap::new();
    for (index, record) in records.into_iter().enumerate() {
        let key = key(&record).unwrap_or_default().to_owned();
        let group = *group_of.entry(key).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push((index, record)),
            None => groups.push(vec![(index, record)]),
        }
    }
    groups
}

fn key(record: &EventRecord) -> Option<&str> {
    match record.change.keys.get("CustomerOrder") {
        Some(serde_dynamo::AttributeValue::S(id)) => Some(id),
        _ => None,
    }
}

/// The span whose lines are about one order. The key of a row that somebody else wrote may be anything.
fn about(order: Option<&OrderId>) -> tracing::Span {
    tracing::error_span!("order", order = order.map(OrderId::as_str))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_of_one_order_stay_together_in_their_order() {
        let record = |id: &str, number: usize| -> EventRecord {
            serde_json::from_value(json!({
                "awsRegion": "us-east-1", "eventID": "1", "eventName": "INSERT",
                "dynamodb": { "SizeBytes": 1, "SequenceNumber": number.to_string(), "Keys": {"CustomerOrder": {"S": id}} },
            }))
            .unwrap()
        };
        let groups =
            by_order(vec![record("a", 1), record("b", 2), record("a", 3), record("c", 4), record("a", 5)]);
        let places: Vec<Vec<usize>> =
            groups.iter().map(|group| group.iter().map(|(index, _)| *index).collect()).collect();
        assert_eq!(places, [vec![0, 2, 4], vec![1], vec![3]]);
    }
}
