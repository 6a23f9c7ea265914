//! The quarantine's stream, as much as was read: each read gets only new records.

use std::collections::VecDeque;

use card_airlock_services::AwsEndpoint;
use card_airlock_template::Stack;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;

use super::summary::{QUARANTINE, table};

/// The records of one read, and the records that are kept.
const PAGE: usize = 1_000;
const MOST: usize = 20_000;

/// The records, oldest first.
#[derive(Debug, Default)]
pub(crate) struct StreamTail(Mutex<VecDeque<Value>>);

impl StreamTail {
    /// The records by now.
    pub(super) fn read(&self, aws: &AwsEndpoint, declared: &Stack) -> MutexGuard<'_, VecDeque<Value>> {
        let mut records = self.0.lock();
        let name = table(declared, QUARANTINE);
        let stream = declared.stream_mappings.iter().find(|mapping| mapping.stream_arn.contains(name));
        let reader = stream.and_then(|mapping| aws.stream(&mapping.stream_arn).ok());
        let Some(reader) = reader else { return records };
        loop {
            let position = records.back().and_then(sequence).map(str::to_owned);
            match reader.records_after(position.as_deref(), PAGE) {
                Ok(page) if page.is_empty() => return records,
                Ok(page) => records.extend(page),
                // The stream was trimmed behind the position, so reading begins at its start again.
                Err(_) if position.is_some() => records.clear(),
                Err(_) => return records,
            }
            let over = records.len().saturating_sub(MOST);
            records.drain(..over);
        }
    }
}

/// A record's sequence number.
pub(super) fn sequence(record: &Value) -> Option<&str> {
    record.pointer("/dynamodb/SequenceNumber")?.as_str()
}
