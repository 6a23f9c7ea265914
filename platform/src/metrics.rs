//! Metrics, written as log lines that CloudWatch turns into metrics (embedded metric format).
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{
    fmt,
    io::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};
use strum::{IntoStaticStr, VariantNames};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    fmt::{FormattedFields, format::JsonFields},
    layer::Context,
    registry::LookupSpan,
};

use crate::settings::{Lookup, SettingError, text};

const TARGET: &str = "platform::metrics";

/// What is measured; a metric has its variant's name. The dimension, if there is one, has few values, and never an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantNames)]
pub enum Metric {
    /// An order was accepted.
    Accepted,
    /// A request was refused or failed, by its code.
    Refused(&'static str),
    /// A caller was denied, by [`crate::api::Denied`].
    Denied(&'static str),
    /// An order is across.
    Tokenized,
    /// How long it was in quarantine, in milliseconds.
    TimeInQuarantine(u64),
    /// An order was parked, by its reason.
    Parked(&'static str),
    /// A card that was sent encrypted was refused by the worker, by its reason.
    CardRefused(&'static str),
    /// An order was re-armed.
    Rearmed,
    /// An order that Lambda had given up was re-armed by the sweep.
    TakenUp,
    /// How many rows are in the stream or in the worker, at the end of a sweep.
    InWork(u64),
    /// How many rows Lambda has given up, which the next sweep may take up, at the end of a sweep.
    GivenUp(u64),
    /// How many cards wait for a payment before they replace another, at the end of a sweep.
    WaitingForPayment(u64),
    /// How many rows are parked and wait for a replay, at the end of a sweep.
    ParkedRows(u64),
    /// An order expired.
    Expired,
    /// The age of the oldest order in quarantine that is pending or failed, in seconds.
    OldestQuarantined(u64),
    /// DynamoDB's TTL removed an order that was not across.
    RemovedByTtl,
    /// A card was taken out of the vault.
    Detokenized,
    /// A card was shown in an answer.
    Revealed,
    /// A card was not taken out of the vault, because the user is at the limit.
    DetokenizeRefused,
    /// A card could not be taken out of the vault for a reason that no retry fixes.
    CardUnreadable,
    /// An order's card is not in the vault, although nobody forgot it and its retention has not ended.
    CardMissing,
    /// A card was forgotten on request.
    Forgotten,
    /// A payment was settled or given up, by its outcome.
    Payment(&'static str),
    /// How long the newest card key is still accepted, in seconds, at the end of a run of card-key-maker.
    CardKeyAcceptedFor(u64),
    /// A row of the audit was altered or removed.
    AuditAltered,
    /// The number of the last link of a chain of the witness.
    WitnessHead(&'static str, u64),
}

impl Metric {
    /// Value, unit, and the dimension with its value.
    fn parts(self) -> (u64, &'static str, Option<(&'static str, &'static str)>) {
        match self {
            Self::Accepted => (1, "Count", None),
            Self::Refused(code) => (1, "Count", Some(("Code", code))),
            Self::Denied(reason) => (1, "Count", Some(("Reason", reason))),
            Self::Tokenized => (1, "Count", None),
            Self::TimeInQuarantine(time) => (time, "Milliseconds", None),
            Self::Parked(reason) => (1, "Count", Some(("Reason", reason))),
            Self::CardRefused(reason) => (1, "Count", Some(("Reason", reason))),
            Self::Rearmed => (1, "Count", None),
            Self::TakenUp => (1, "Count", None),
            Self::InWork(rows) => (rows, "Count", None),
            Self::GivenUp(rows) => (rows, "Count", None),
            Self::WaitingForPayment(rows) => (rows, "Count", None),
            Self::ParkedRows(rows) => (rows, "Count", None),
            Self::Expired => (1, "Count", None),
            Self::OldestQuarantined(age) => (age, "Seconds", None),
            Self::RemovedByTtl => (1, "Count", None),
            Self::Detokenized => (1, "Count", None),
            Self::Revealed => (1, "Count", None),
            Self::DetokenizeRefused => (1, "Count", None),
            Self::CardUnreadable => (1, "Count", None),
            Self::CardMissing => (1, "Count", None),
            Self::Forgotten => (1, "Count", None),
            Self::Payment(outcome) => (1, "Count", Some(("Outcome", outcome))),
            Self::CardKeyAcceptedFor(time) => (time, "Seconds", None),
            Self::AuditAltered => (1, "Count", None),
            Self::WitnessHead(chain, number) => (number, "Count", Some(("Chain", chain))),
        }
    }

    /// Writes the metric. Without [`EmbeddedMetrics`] it is a log line like any other.
    pub fn record(self) {
        let name: &'static str = self.into();
        let (value, unit, dimension) = self.parts();
        let (dimension, of) = dimension.unwrap_or_default();
        tracing::info!(target: TARGET, name, value, unit, dimension, of);
    }
}

/// Whether a line is a metric's.
#[must_use]
pub fn is_metric(line: &Metadata<'_>) -> bool {
    line.target() == TARGET
}

/// `METRICS_NAMESPACE`: the namespace of every metric, one for each stack.
///
/// # Errors
/// [`SettingError`] when it is missing.
pub fn namespace(lookup: Lookup<'_>) -> Result<String, SettingError> {
    text(lookup, "METRICS_NAMESPACE")
}

/// Writes metrics to standard output as CloudWatch reads them, with the ids that every line of a request has.
/// It ignores every other line.
#[derive(Debug, Clone)]
pub struct EmbeddedMetrics {
    namespace: String,
}

impl EmbeddedMetrics {
    /// Metrics of this namespace.
    #[must_use]
    pub fn new(namespace: String) -> Self {
        Self { namespace }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for EmbeddedMetrics {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !is_metric(event.metadata()) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut line = fields.line(&self.namespace, u64::try_from(now).unwrap_or_default());
        // In the same form as in the layer that writes the other lines.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(ids) = span.extensions().get::<FormattedFields<JsonFields>>() {
                line.extend(serde_json::from_str::<Map<String, Value>>(ids).unwrap_or_default());
            }
        }
        // If the output is closed, nothing more can be done.
        let _ = writeln!(std::io::stdout(), "{}", Value::Object(line));
    }
}

#[derive(Default)]
struct Fields {
    name: String,
    value: u64,
    unit: String,
    dimension: String,
    of: String,
}

impl Fields {
    fn line(self, namespace: &str, timestamp: u64) -> Map<String, Value> {
        let dimensions = if self.dimension.is_empty() { vec![] } else { vec![self.dimension.as_str()] };
        let mut line = Map::from_iter([(
            "_aws".to_owned(),
            json!({
                "Timestamp": timestamp,
                "CloudWatchMetrics": [{
                    "Namespace": namespace,
                    "Dimensions": [dimensions],
                    "Metrics": [{ "Name": self.name, "Unit": self.unit }],
                }],
            }),
        )]);
        if !self.dimension.is_empty() {
            line.insert(self.dimension, json!(self.of));
        }
        line.insert(self.name, json!(self.value));
        line
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, text: &str) {
        let slot = match field.name() {
            "name" => &mut self.name,
            "unit" => &mut self.unit,
            "dimension" => &mut self.dimension,
            "of" => &mut self.of,
            _ => return,
        };
        text.clone_into(slot);
    }

    fn record_u64(&mut self, _: &Field, value: u64) {
        self.value = value;
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// The lines that a layer like [`EmbeddedMetrics`] would write.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Value>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            if is_metric(event.metadata()) {
                let mut fields = Fields::default();
                event.record(&mut fields);
                self.0.lock().unwrap().push(Value::Object(fields.line("CardAirlock/stack", 7)));
            }
        }
    }

    #[test]
    fn a_metric_is_a_line_of_the_embedded_metric_format() {
        let kept = Kept::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(kept.clone()), || {
            tracing::info!("no metric");
            Metric::Parked("MALFORMED").record();
            Metric::TimeInQuarantine(1234).record();
        });
        let lines = kept.0.lock().unwrap().clone();
        assert_eq!(
            lines,
            [
                json!({
                    "_aws": {"Timestamp": 7, "CloudWatchMetrics": [{
                        "Namespace": "CardAirlock/stack", "Dimensions": [["Reason"]],
                        "Metrics": [{"Name": "Parked", "Unit": "Count"}],
                    }]},
                    "Reason": "MALFORMED", "Parked": 1,
                }),
                json!({
                    "_aws": {"Timestamp": 7, "CloudWatchMetrics": [{
                        "Namespace": "CardAirlock/stack", "Dimensions": [[]],
                        "Metrics": [{"Name": "TimeInQuarantine", "Unit": "Milliseconds"}],
                    }]},
                    "TimeInQuarantine": 1234,
                }),
            ]
        );
    }
}
