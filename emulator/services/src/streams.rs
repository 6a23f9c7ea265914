//! A table's stream, as Lambda's poller reads it.

use std::sync::Arc;

use card_airlock_iam::Iam;
use dynoxide::{
    Database,
    actions::{
        get_records::{GetRecordsRequest, Record},
        get_shard_iterator::GetShardIteratorRequest,
    },
    streams::shard_id,
};
use serde_json::{Value, json};

use crate::{authorization::reading_stream, retention::Retention};

/// GetRecords' own limit.
const MAX_RECORDS: usize = 1000;

/// Why a stream could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// No table, or a table without a stream.
    #[error("there is no such stream")]
    NoSuchStream,
    /// A position that no record of this stream has had.
    #[error("no record of the stream has this sequence number")]
    NoSuchPosition,
    /// Records behind the position are gone (`TrimmedDataAccessException`): read again from the beginning.
    #[error("the records behind this position are trimmed")]
    Trimmed,
    /// The role that reads may not (`AccessDeniedException`).
    #[error("the role may not read the stream")]
    Denied,
    /// The embedded database failed.
    #[error("the embedded DynamoDB failed")]
    Database,
}

/// Reads the one shard of a table's stream. Cloning shares the stream, not a position: the reader has none.
#[derive(Clone)]
pub struct StreamReader {
    database: Database,
    retention: Retention,
    stream_arn: String,
    region: String,
    shard_id: String,
    /// The role that reads, if it is checked.
    reader: Option<(String, Arc<Iam>)>,
}

impl StreamReader {
    pub(crate) fn open(
        database: Database,
        retention: Retention,
        stream_arn: &str,
        region: &str,
    ) -> Result<Self, StreamError> {
        let table = table_of(stream_arn).ok_or(StreamError::NoSuchStream)?;
        let metadata = database.get_table_metadata(table).map_err(|_| StreamError::Database)?;
        if !metadata.is_some_and(|metadata| metadata.stream_enabled) {
            return Err(StreamError::NoSuchStream);
        }
        Ok(Self {
            shard_id: shard_id(table),
            stream_arn: stream_arn.to_owned(),
            region: region.to_owned(),
            retention,
            database,
            reader: None,
        })
    }

    /// The same, read by a role.
    pub(crate) fn held_to(self, role: &str, iam: Arc<Iam>) -> Self {
        Self { reader: Some((role.to_owned(), iam)), ..self }
    }

    /// The stream's ARN.
    #[must_use]
    pub fn stream_arn(&self) -> &str {
        &self.stream_arn
    }

    /// The shard's id.
    #[must_use]
    pub fn shard_id(&self) -> &str {
        &self.shard_id
    }

    /// Up to `limit` (at most 1000) records after the one with sequence number `position`, oldest first, or from
    /// the stream's beginning; none: there are no more yet. Each is a record of a Lambda event
    /// (`{"Records": […]}`).
    ///
    /// # Errors
    /// A position that is no sequence number, or behind which records are trimmed; a stream that is gone or may
    /// not be read.
    pub fn records_after(&self, position: Option<&str>, limit: usize) -> Result<Vec<Value>, StreamError> {
        if let Some((role, iam)) = &self.reader {
            iam.authorize(role, reading_stream(&self.stream_arn)).map_err(|_| StreamError::Denied)?;
        }
        let mut shard_iterator = self.iterator(position)?;
        loop {
            let request = GetRecordsRequest { shard_iterator, limit: Some(limit.min(MAX_RECORDS)) };
            let page = self.database.get_records(request).map_err(|_| StreamError::Database)?;
            let read = page.records.len();
            let records = page.records.iter().map(|record| self.lambda_record(record));
            let mut records: Vec<Value> = records.collect::<Result<_, _>>()?;
            records.retain(|record| self.retention.holds(record));
            if position.is_some() && records.len() < read {
                return Err(StreamError::Trimmed);
            }
            records.retain(changes_something);
            match page.next_shard_iterator {
                Some(next) if records.is_empty() && read > 0 => shard_iterator = next,
                _ => return Ok(records),
            }
        }
    }

    fn iterator(&self, position: Option<&str>) -> Result<String, StreamError> {
        let kind = if position.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
        let from = GetShardIteratorRequest {
            stream_arn: self.stream_arn.clone(),
            shard_id: self.shard_id.clone(),
            shard_iterator_type: kind.to_owned(),
            sequence_number: position.map(str::to_owned),
        };
        let refused =
            if position.is_some() { StreamError::NoSuchPosition } else { StreamError::NoSuchStream };
        let iterator = self.database.get_shard_iterator(from).map_err(|_| refused)?;
        iterator.shard_iterator.ok_or(StreamError::Database)
    }

    fn lambda_record(&self, record: &Record) -> Result<Value, StreamError> {
        let mut record = serde_json::to_value(record).map_err(|_| StreamError::Database)?;
        let members = record.as_object_mut().ok_or(StreamError::Database)?;
        members.insert("awsRegion".to_owned(), json!(self.region));
        members.insert("eventSourceARN".to_owned(), json!(self.stream_arn));
        Ok(record)
    }
}

/// The table of a stream.
pub(crate) fn table_of(stream_arn: &str) -> Option<&str> {
    let (_, path) = stream_arn.split_once(":table/")?;
    path.split_once("/stream/").map(|(table, _)| table)
}

/// A write that changes nothing leaves no record on AWS; dynoxide writes one.
pub(crate) fn changes_something(record: &Value) -> bool {
    let image = |name: &str| record.get("dynamodb").and_then(|change| change.get(name));
    match (image("OldImage"), image("NewImage")) {
        (Some(old), Some(new)) => old != new,
        _ => true,
    }
}

impl std::fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StreamReader").field(&self.stream_arn).finish()
    }
}
