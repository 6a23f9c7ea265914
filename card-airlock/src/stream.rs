//! Connects the embedded DynamoDB's streams with the event source mapping.

use std::time::Duration;

use aws_config::SdkConfig;
use card_airlock_event_source::{
    DestinationError, FilterCriteria, OnFailure, Position, SequenceNumber, Settings, SettingsError,
    SourceError, StartingPosition, StreamSource,
};
use card_airlock_services::{StreamError, StreamReader};
use card_airlock_template::StreamMapping;
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};

/// A stream of the endpoint, as the mapping reads it.
pub(crate) struct TableStream(pub(crate) StreamReader);

impl StreamSource for TableStream {
    fn read<'a>(
        &'a self,
        _shard: &'a str,
        from: &'a Position,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Value>, SourceError>> {
        let position = match from {
            Position::TrimHorizon => None,
            Position::After(sequence) => Some(sequence.as_str()),
        };
        let records = self.0.records_after(position, limit).map_err(|error| match error {
            StreamError::NoSuchPosition | StreamError::Trimmed => SourceError::Trimmed,
            StreamError::NoSuchStream | StreamError::Denied | StreamError::Database => {
                SourceError::Unavailable
            }
        });
        std::future::ready(records).boxed()
    }

    fn latest<'a>(&'a self, shard: &'a str) -> BoxFuture<'a, Result<Position, SourceError>> {
        async move {
            let mut position = Position::TrimHorizon;
            loop {
                let records = self.read(shard, &position, 1_000).await?;
                let last = records.last().and_then(|record| record.pointer("/dynamodb/SequenceNumber"));
                match last.and_then(Value::as_str).and_then(SequenceNumber::parse) {
                    Some(sequence) => position = Position::After(sequence),
                    None => return Ok(position),
                }
            }
        }
        .boxed()
    }
}

/// The mapping's settings as the template declares them.
///
/// # Errors
/// [`SettingsError`] when the template asks for something that the mapping cannot do.
pub(crate) fn settings(
    declared: &StreamMapping,
    function_timeout: Duration,
) -> Result<Settings, SettingsError> {
    let starting_position = match declared.starting_position.as_str() {
        "TRIM_HORIZON" => StartingPosition::TrimHorizon,
        "LATEST" => StartingPosition::Latest,
        _ => return Err(SettingsError::OutOfBounds("StartingPosition")),
    };
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Settings {
        batch_size: count(declared.batch_size),
        maximum_batching_window: declared.maximum_batching_window,
        filter_criteria: FilterCriteria::from_patterns(&declared.filter_patterns)?,
        report_batch_item_failures: declared.report_batch_item_failures,
        bisect_batch_on_function_error: declared.bisect_batch_on_function_error,
        maximum_retry_attempts: declared.maximum_retry_attempts,
        maximum_record_age: declared.maximum_record_age,
        parallelization_factor: count(declared.parallelization_factor),
        ..Settings::new(starting_position, function_timeout)
    })
}

/// Sends positions to a queue, as the function's own role: Lambda uses the execution role for it.
#[must_use]
pub(crate) fn on_failure(config: &SdkConfig, queue_url: String) -> OnFailure {
    let sqs = aws_sdk_sqs::Client::new(config);
    OnFailure::new(move |message| {
        let send = sqs.send_message().queue_url(&queue_url).message_body(json!(message).to_string());
        async move { send.send().await.map(drop).map_err(|_| DestinationError) }
    })
}
