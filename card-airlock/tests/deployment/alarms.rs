//! Alarms, and the metrics that they watch.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use card_airlock::deployment::{self, STACK_NAME};
use order::{FailureReason, PaymentStatus};
use platform::metrics::Metric;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::SubscriberExt};

use super::{of_kind, shipped, with_everything};

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
        Metric::CardKeyAcceptedFor(1).record();
        Metric::AuditAltered.record();
    });
    let template = deployment::shipped().unwrap();
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
    assert_eq!(alarms.len(), 11 + 7 + 2 * stack.functions.len());
    let watches = |alarm: &str, metric: &str| {
        let alarm = stack.properties(alarm).unwrap();
        assert_eq!((&alarm["MetricName"], &alarm["Threshold"]), (&json!(metric), &json!(1)));
    };
    watches("DeadLettersAlarm", "ApproximateNumberOfMessagesVisible");
    watches("DeadLetterArrivedAlarm", "NumberOfMessagesSent");
    watches("ApiErrorsAlarm", "5XXError");
    let oldest = stack.properties("OldestQuarantinedAlarm").unwrap();
    assert_eq!(oldest["TreatMissingData"], "breaching", "a sweep that does not run tells nothing");
    // Renewed a day before its end, and missed while a client can still encrypt.
    let card_key = stack.properties("CardKeyNotRenewedAlarm").unwrap();
    assert_eq!(card_key["TreatMissingData"], "breaching", "a maker that does not run tells nothing");
    let ends = [&card_key["MetricName"], &card_key["ComparisonOperator"], &card_key["Threshold"]];
    assert_eq!(ends, [&json!("CardKeyAcceptedFor"), &json!("LessThanThreshold"), &json!(18 * 60 * 60)]);
    watches("EventDeadLettersAlarm", "ApproximateNumberOfMessagesVisible");
    // At once: a change of the audit is never an order's.
    watches("AuditAlteredAlarm", "AuditAltered");
    let altered = stack.properties("AuditAlteredAlarm").unwrap();
    assert_eq!((&altered["Period"], &altered["EvaluationPeriods"]), (&json!(60), &json!(1)));
    for (alarm, function) in [
        ("IteratorAgeAlarm", "TokenizeWorkerFunction"),
        ("NotifyIteratorAgeAlarm", "NotifyFunction"),
        ("WitnessIteratorAgeAlarm", "WitnessFunction"),
    ] {
        let alarm = stack.properties(alarm).unwrap();
        assert_eq!(alarm["MetricName"], "IteratorAge");
        let of = json!([{"Name": "FunctionName", "Value": format!("{STACK_NAME}-{function}")}]);
        assert_eq!(alarm["Dimensions"], of);
    }
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

#[test]
fn the_dashboard_shows_metrics_that_are_written_and_functions_that_exist() {
    let (_, stack) = with_everything();
    let body = stack.properties("Dashboard").unwrap()["DashboardBody"].as_str().unwrap();
    let dashboard: Value = serde_json::from_str(body).unwrap();
    let metrics: Vec<_> = dashboard["widgets"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap())
        .filter(|metric| metric[0].is_string())
        .map(|metric| (metric[0].as_str().unwrap(), metric[1].as_str().unwrap(), metric[3].as_str()))
        .collect();
    let ours = format!("CardAirlock/{STACK_NAME}");
    for name in ["Accepted", "Tokenized", "OldestQuarantined", "Rearmed", "Expired", "CardMissing"] {
        assert!(metrics.contains(&(&ours, name, None)) || metrics.iter().any(|m| m.0 == ours && m.1 == name));
    }
    for function in &stack.functions {
        let name = format!("{STACK_NAME}-{}", function.logical_id);
        assert!(metrics.contains(&("AWS/Lambda", "Errors", Some(name.as_str()))), "{name}");
    }
    assert!(
        body.contains("Outcome") && body.contains("Reason"),
        "payments by outcome, parked rows by reason"
    );
}
