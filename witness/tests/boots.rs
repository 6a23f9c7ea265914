//! The built witness, as Lambda runs it.

use serde_json::{Value, json};
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_witness");

const SETTINGS: [(&str, &str); 2] =
    [("WITNESS_TABLE", "witness"), ("METRICS_NAMESPACE", "CardAirlock/booted")];

/// A stream record of an audit item that was removed, with a card number where none belongs.
fn record(sequence_number: &Value) -> Value {
    json!({
        "awsRegion": "us-east-1", "eventID": "1", "eventName": "REMOVE",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_763_751_573, "SizeBytes": 1, "SequenceNumber": sequence_number,
            "OldImage": {
                "Principal": { "S": "Canary" }, "At": { "S": "4111111111111111" }, "Purpose": { "S": "Canary" },
            },
        },
    })
}

/// There is no AWS endpoint: what is to be witnessed waits. The alarm does not.
#[test]
fn it_answers_one_batch_after_the_other_and_raises_the_alarm_without_its_table() {
    let events = [json!({ "Records": [] }), json!({ "Records": [record(&json!("7"))] })];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!(run.answers[0], ("response".to_owned(), json!({ "batchItemFailures": [] })));
    let not_done = json!({ "batchItemFailures": [{ "itemIdentifier": "7" }] });
    assert_eq!(run.answers[1], ("response".to_owned(), not_done));
    assert!(run.written.contains(r#""AuditAltered":1"#), "{}", run.written);
    assert!(!run.written.contains("WitnessHead"), "{}", run.written);
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let events = [
        json!({ "Records": [record(&json!("7"))] }),
        // No stream event: the error of the runtime's own parser quotes what it did not expect.
        json!({ "Records": [record(&json!(4_111_111_111_111_111_u64))] }),
        json!({ "Records": "Canary" }),
    ];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!([&*run.answers[1].0, &*run.answers[2].0], ["error", "error"]);
    for secret in ["4111111111111111", "Canary"] {
        assert!(!run.written.contains(secret), "{}", run.written);
    }
}

#[test]
fn a_missing_setting_is_named_and_ends_it() {
    for (name, _) in SETTINGS {
        let (ended, written) = runtime_api::run_without(PROGRAM, &SETTINGS, name);
        assert!(!ended.success() && written.contains(name), "{name}: {written}");
    }
}
