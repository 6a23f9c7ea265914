//! Alarms, and the metrics that they watch.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use order::{FailureReason, PaymentStatus};
use platform::metrics::Metric;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::SubscriberExt};

use super::{of_kind, with_everything};
use crate::template::{STACK_NAME, Template, tests::shipped};

/// A metric as a log line carries it: name, dimension, the dimension's value.
#[derive(Default)]
struct Written(BTreeMap<&'static str, String>);

impl Visit for Written {
    fn record_str(&mut self, field: &Field, text: &str) {
        self.0.insert(field.name(), text.to_owned());
    }
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<BTreeSet<(String, String, String)>>>);

impl<S: tracing::Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut written = Written::default();
        event.record(&mut written);
        let mut part = |name| written.0.remove(name).unwrap_or_default();
        self.0.lock().unwrap().insert((part("name"), part("dimension"), part("of")));
    }
}

#[test]
fn every_alarm_on_our_metrics_is_on_one_that_is_written() {
    let recorder = Recorder::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(recorder.clone()), || {
        Metric::OldestQuarantined(1).record();
        Metric::Expired.record();
        Metric::RemovedByTtl.record();
        Metric::Parked(FailureReason::EnvelopeRefused.code()).record();
        Metric::CardUnreadable.record();
        Metric::CardMissing.record();
        Metric::Payment(PaymentStatus::Unknown.word()).record();
        Metric::Detokenized.record();
        Metric::DetokenizeRefused.record();
    });
    let template = Template::shipped().unwrap();
    let stack = shipped();
    let alarms = of_kind(&template, "AWS::CloudWatch::Alarm");
    // By the stack's name: two stacks of one account must not set off each other's alarms.
    let namespace = format!("CardAirlock/{STACK_NAME}");
    for function in &stack.functions {
        assert_eq!(function.environment["METRICS_NAMESPACE"], namespace);
    }
    let mut watched = BTreeSet::new();
    for alarm in &alarms {
        let alarm = stack.properties(alarm).unwrap();
        assert_eq!(
            alarm["AlarmActions"],
            json!(["arn:aws:sns:us-east-1:123456789012:card-airlock-AlarmTopic"])
        );
        if alarm["Namespace"].as_str().unwrap().starts_with("CardAirlock") {
            assert_eq!(alarm["Namespace"], namespace.as_str());
            let dimension = &alarm["Dimensions"][0];
            let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            watched.insert((part(&alarm["MetricName"]), part(&dimension["Name"]), part(&dimension["Value"])));
        }
    }
    assert_eq!(watched, *recorder.0.lock().unwrap());
    assert_eq!(alarms.len(), 9 + 2 + 2 * stack.functions.len());
    let oldest = stack.properties("OldestQuarantinedAlarm").unwrap();
    assert_eq!(oldest["TreatMissingData"], "breaching", "a sweep that does not run tells nothing");
    assert_eq!(stack.properties("IteratorAgeAlarm").unwrap()["MetricName"], "IteratorAge");
}

#[test]
fn every_function_has_alarms_of_its_own_and_is_traced() {
    let (template, stack) = with_everything();
    for function in &stack.functions {
        let id = &function.logical_id;
        let watched: BTreeSet<_> = of_kind(&template, "AWS::CloudWatch::Alarm")
            .into_iter()
            .map(|alarm| stack.properties(alarm).unwrap())
            .filter(|alarm| alarm["Dimensions"][0]["Value"] == format!("card-airlock-{id}").as_str())
            .map(|alarm| alarm["MetricName"].as_str().unwrap())
            .collect();
        assert!(watched.is_superset(&["Errors", "Throttles"].into()), "{id}: {watched:?}");
        assert_eq!(stack.properties(id).unwrap()["Tracing"], "Active", "{id}");
        assert_eq!(stack.properties(id).unwrap()["Architectures"], json!(["arm64"]), "{id}");
    }
}
