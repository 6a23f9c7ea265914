//! The message about discarded records: positions only, no content.

use std::time::SystemTime;

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use uuid::Uuid;

use crate::{
    batch::{Batch, Condition, Fault, GivenUp},
    mapping::Names,
    record::Record,
};

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

impl Condition {
    /// As `requestContext.condition` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
        }
    }
}

/// The body of Lambda's invocation record for a DynamoDB stream.
///
/// Lambda developer guide, "Retain discarded records for a DynamoDB event source"; where the guide is silent,
/// as recorded against AWS by LocalStack: `functionError` is "Unhandled" after an error or a timeout and null
/// after reported failures, the status is 200 either way, and records discarded for their age have no
/// `responseContext`.
pub(crate) fn message(names: &Names, batch: &Batch, given_up: GivenUp) -> Option<Value> {
    let (first, last) = (batch.records.first()?, batch.records.last()?);
    let mut message = json!({
        "requestContext": {
            "requestId": request_id(names, first, last, given_up),
            "functionArn": names.function_arn,
            "condition": given_up.condition.as_str(),
            "approximateInvokeCount": batch.invocations,
        },
        "version": "1.0",
        "timestamp": text(given_up.at, MILLISECONDS),
        "DDBStreamBatchInfo": {
            "shardId": names.shard_id,
            "startSequenceNumber": first.sequence.as_str(),
            "endSequenceNumber": last.sequence.as_str(),
            "approximateArrivalOfFirstRecord": text(first.arrived, SECONDS),
            "approximateArrivalOfLastRecord": text(last.arrived, SECONDS),
            "batchSize": batch.records.len(),
            "streamArn": names.stream_arn,
        },
    });
    if let (Condition::RetryAttemptsExhausted, Some(fields)) = (given_up.condition, message.as_object_mut()) {
        let error = (batch.fault == Some(Fault::Function)).then_some("Unhandled");
        let context = json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": error});
        fields.insert("responseContext".into(), context);
    }
    Some(message)
}

/// The same for a message that is sent again, so that a duplicate can be recognized.
fn request_id(names: &Names, first: &Record, last: &Record, given_up: GivenUp) -> String {
    let (from, to) = (first.sequence.as_str(), last.sequence.as_str());
    let at = text(given_up.at, MILLISECONDS);
    let name = format!("{} {} {} {from} {to} {at}", names.function_arn, names.stream_arn, names.shard_id);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

fn text(time: SystemTime, format: &[BorrowedFormatItem<'_>]) -> String {
    // Writing into a string cannot fail for a time of four-digit years, and a clock gives no others.
    OffsetDateTime::from(time).format(format).unwrap_or_default()
}
