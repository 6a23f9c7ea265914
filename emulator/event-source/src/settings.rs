//! The properties of an event source mapping, named and bounded as in a template.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{filter::FilterCriteria, filter_error::FilterError};

/// Lambda's limit on the payload of an invocation, bytes.
const INVOCATION_PAYLOAD: usize = 6 * 1024 * 1024;
/// How long DynamoDB keeps a stream record.
const STREAM_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How the records of a stream are delivered to a function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `BatchSize`: the most records of one invocation, 1 to 10,000.
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long a batch may wait to fill, up to 300 s.
    pub maximum_batching_window: Duration,
    /// `StartingPosition`: where to begin without a checkpoint.
    pub starting_position: StartingPosition,
    /// `FilterCriteria`: the records the function gets; the others count as done.
    pub filter_criteria: FilterCriteria,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_batch_item_failures: bool,
    /// `BisectBatchOnFunctionError`: halve a failed batch instead of retrying it.
    pub bisect_batch_on_function_error: bool,
    /// `MaximumRetryAttempts`, up to 10,000; `None` (−1): until the records expire.
    pub maximum_retry_attempts: Option<u32>,
    /// `MaximumRecordAgeInSeconds`, 60 to 604,800; `None` (−1): until the stream's retention ends.
    pub maximum_record_age: Option<Duration>,
    /// `ParallelizationFactor`, 1 to 10: the number of lanes for the items of a shard, each with its own
    /// batches and retries. Records of one item stay in one lane, in order.
    pub parallelization_factor: usize,
    /// The function's timeout: its deadline is this long after the invocation begins.
    pub function_timeout: Duration,
    /// How long after an empty poll to poll again. Lambda polls 4 times a second; here it is faster.
    pub idle_poll: Duration,
    /// The waits between retries of a batch, of a poll and of a message to the destination.
    pub backoff: Backoff,
    /// Records older than this have expired: discarded like those beyond the maximum age.
    pub stream_retention: Duration,
    /// The most bytes of one invocation's event.
    pub payload_limit: usize,
}

/// Where a mapping without a checkpoint begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// At the oldest record of the stream.
    TrimHorizon,
    /// Behind the newest.
    Latest,
}

/// Exponential waits: `base`, twice as long each time, never more than `cap`.
///
/// AWS documents that Lambda backs off exponentially, but not the numbers: these are ours.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The first wait.
    pub base: Duration,
    /// The longest wait.
    pub cap: Duration,
}

impl Backoff {
    pub(crate) fn after(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.base.checked_mul(1 << doublings).map_or(self.cap, |wait| wait.min(self.cap))
    }
}

/// A property that Lambda would refuse, or that is not supported here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The property is required.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The value has the wrong type or lies outside Lambda's bounds.
    #[error("{0} has a value outside its bounds")]
    OutOfBounds(&'static str),
    /// The property is unknown, or does what is not supported here.
    #[error("{0} is not supported by the event source mapping")]
    Unsupported(String),
    /// A pattern in `FilterCriteria`.
    #[error("FilterCriteria: {0}")]
    Filter(#[from] FilterError),
}

impl Settings {
    /// Lambda's defaults.
    #[must_use]
    pub fn new(starting_position: StartingPosition, function_timeout: Duration) -> Self {
        Self {
            batch_size: 100,
            maximum_batching_window: Duration::ZERO,
            starting_position,
            filter_criteria: FilterCriteria::default(),
            report_batch_item_failures: false,
            bisect_batch_on_function_error: false,
            maximum_retry_attempts: None,
            maximum_record_age: None,
            parallelization_factor: 1,
            function_timeout,
            idle_poll: Duration::from_millis(25),
            backoff: Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(60) },
            stream_retention: STREAM_RETENTION,
            payload_limit: INVOCATION_PAYLOAD,
        }
    }

    /// Reads the properties of a SAM event of type `DynamoDB` or of an `AWS::Lambda::EventSourceMapping`,
    /// with intrinsic functions resolved. Numbers and booleans may be strings, as parameters are.
    ///
    /// `Stream`, `EventSourceArn`, `FunctionName`, `Enabled` and `DestinationConfig` are left to the caller.
    ///
    /// # Errors
    ///
    /// When a property is unknown, unsupported (a tumbling window) or outside Lambda's bounds.
    pub fn from_properties(
        properties: &Map<String, Value>,
        function_timeout: Duration,
    ) -> Result<Self, SettingsError> {
        use SettingsError::{OutOfBounds, Unsupported};
        let starting =
            properties.get("StartingPosition").ok_or(SettingsError::Missing("StartingPosition"))?;
        let starting = match starting.as_str() {
            Some("TRIM_HORIZON") => StartingPosition::TrimHorizon,
            Some("LATEST") => StartingPosition::Latest,
            _ => return Err(OutOfBounds("StartingPosition")),
        };
        let mut settings = Self::new(starting, function_timeout);
        for (name, value) in properties {
            match name.as_str() {
                "StartingPosition" | "Stream" | "EventSourceArn" | "FunctionName" | "Enabled"
                | "DestinationConfig" => {}
                "BatchSize" => settings.batch_size = within(value, 1, 10_000, "BatchSize")?,
                "MaximumBatchingWindowInSeconds" => {
                    let seconds = within(value, 0, 300, "MaximumBatchingWindowInSeconds")?;
                    settings.maximum_batching_window = Duration::from_secs(seconds);
                }
                "FilterCriteria" => settings.filter_criteria = FilterCriteria::from_property(value)?,
                "FunctionResponseTypes" => settings.report_batch_item_failures = response_types(value)?,
                "BisectBatchOnFunctionError" => {
                    settings.bisect_batch_on_function_error =
                        boolean(value).ok_or(OutOfBounds("BisectBatchOnFunctionError"))?;
                }
                "MaximumRetryAttempts" => {
                    settings.maximum_retry_attempts =
                        bounded_or_infinite(value, 0, 10_000, "MaximumRetryAttempts")?;
                }
                "MaximumRecordAgeInSeconds" => {
                    // The API allows −1 and 60 or more, though its range begins at −1.
                    let age = bounded_or_infinite(value, 60, 604_800, "MaximumRecordAgeInSeconds")?;
                    settings.maximum_record_age = age.map(|seconds| Duration::from_secs(seconds.into()));
                }
                "ParallelizationFactor" => {
                    settings.parallelization_factor = within(value, 1, 10, "ParallelizationFactor")?;
                }
                "TumblingWindowInSeconds" if integer(value) == Some(0) => {}
                _ => return Err(Unsupported(name.clone())),
            }
        }
        Ok(settings)
    }

    /// The age from which a record is discarded.
    pub(crate) fn oldest(&self) -> Duration {
        self.maximum_record_age.unwrap_or(self.stream_retention).min(self.stream_retention)
    }
}

fn response_types(value: &Value) -> Result<bool, SettingsError> {
    const NAME: &str = "FunctionResponseTypes";
    let types = value.as_array().ok_or(SettingsError::OutOfBounds(NAME))?;
    if types.iter().any(|one| one.as_str() != Some("ReportBatchItemFailures")) {
        return Err(SettingsError::OutOfBounds(NAME));
    }
    Ok(!types.is_empty())
}

fn bounded_or_infinite(
    value: &Value,
    least: i64,
    most: i64,
    name: &'static str,
) -> Result<Option<u32>, SettingsError> {
    if integer(value) == Some(-1) { Ok(None) } else { within(value, least, most, name).map(Some) }
}

fn within<T: TryFrom<i64>>(
    value: &Value,
    least: i64,
    most: i64,
    name: &'static str,
) -> Result<T, SettingsError> {
    let number = integer(value).filter(|number| (least..=most).contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or(SettingsError::OutOfBounds(name))
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn boolean(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(properties: Value) -> Result<Settings, SettingsError> {
        Settings::from_properties(properties.as_object().unwrap(), Duration::from_secs(30))
    }

    #[test]
    fn every_property_of_a_template_is_read() {
        let settings = read(json!({
            "Stream": "arn", "StartingPosition": "LATEST", "BatchSize": "7", "MaximumBatchingWindowInSeconds": 5,
            "FunctionResponseTypes": ["ReportBatchItemFailures"], "BisectBatchOnFunctionError": "true",
            "MaximumRetryAttempts": 0, "MaximumRecordAgeInSeconds": 60, "ParallelizationFactor": 10,
            "TumblingWindowInSeconds": 0, "DestinationConfig": {"OnFailure": {"Destination": "arn"}},
            "FilterCriteria": {"Filters": [{"Pattern": "{\"eventName\":[\"INSERT\"]}"}]}
        }))
        .unwrap();
        assert_eq!(settings.starting_position, StartingPosition::Latest);
        assert_eq!((settings.batch_size, settings.parallelization_factor), (7, 10));
        assert_eq!(settings.maximum_batching_window, Duration::from_secs(5));
        assert!(settings.report_batch_item_failures && settings.bisect_batch_on_function_error);
        assert_eq!(settings.maximum_retry_attempts, Some(0));
        assert_eq!(settings.oldest(), Duration::from_secs(60));
        assert!(!settings.filter_criteria.matches(&json!({"eventName": "REMOVE"})));
    }

    #[test]
    fn without_properties_it_has_lambdas_defaults() {
        let settings = read(json!({"StartingPosition": "TRIM_HORIZON", "MaximumRetryAttempts": -1,
                                   "MaximumRecordAgeInSeconds": -1}))
        .unwrap();
        assert_eq!((settings.batch_size, settings.parallelization_factor), (100, 1));
        assert_eq!((settings.maximum_retry_attempts, settings.maximum_record_age), (None, None));
        assert_eq!(settings.oldest(), STREAM_RETENTION);
        assert!(!settings.report_batch_item_failures && !settings.bisect_batch_on_function_error);
    }

    #[test]
    fn what_lambda_or_the_mapping_cannot_do_is_an_error() {
        for (name, value) in [
            ("BatchSize", json!(0)),
            ("BatchSize", json!(10_001)),
            ("MaximumBatchingWindowInSeconds", json!(301)),
            ("MaximumRetryAttempts", json!(-2)),
            ("MaximumRecordAgeInSeconds", json!(59)),
            ("ParallelizationFactor", json!(11)),
            ("FunctionResponseTypes", json!(["Other"])),
            ("BisectBatchOnFunctionError", json!("yes")),
            ("TumblingWindowInSeconds", json!(30)),
            ("Surprise", json!(1)),
            ("FilterCriteria", json!({"Filters": [{"Pattern": "{"}]})),
        ] {
            assert!(read(json!({"StartingPosition": "LATEST", name: value})).is_err(), "{name}");
        }
        assert_eq!(read(json!({})).unwrap_err(), SettingsError::Missing("StartingPosition"));
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(5) };
        let waits: Vec<_> = [1, 2, 3, 4, 500].map(|failures| backoff.after(failures).as_secs()).into();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }
}
