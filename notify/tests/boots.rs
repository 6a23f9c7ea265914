//! The built notify program, as Lambda runs it.

use serde_json::{Value, json};
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_notify");

const SETTINGS: [(&str, &str); 3] = [
    ("EVENT_BUS", "events"),
    ("EVENT_DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:1/123456789012/event-dead-letters"),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
];

/// A stream record of an order that came across, with a card number where none belongs.
fn record(event: &str, sequence_number: &Value) -> Value {
    json!({
        "awsRegion": "us-east-1", "eventID": "1", "eventName": event,
        "dynamodb": {
            "ApproximateCreationDateTime": 1_763_751_573, "SizeBytes": 1, "SequenceNumber": sequence_number,
            "Keys": { "CustomerOrder": { "S": "booted-1" } },
            "NewImage": {
                "CustomerOrder": { "S": "booted-1" }, "CustomerName": { "S": "Canary" },
                "CardLast4": { "S": "4111111111111111" },
            },
        },
    })
}

/// There is no AWS endpoint: what is to be told is told later.
#[test]
fn it_answers_one_batch_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    let events = [json!({ "Records": [] }), json!({ "Records": [record("INSERT", &json!("7"))] })];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!(run.answers[0], ("response".to_owned(), json!({ "batchItemFailures": [] })));
    let not_done = json!({ "batchItemFailures": [{ "itemIdentifier": "7" }] });
    assert_eq!(run.answers[1], ("response".to_owned(), not_done));
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let events = [
        json!({ "Records": [record("INSERT", &json!("7"))] }),
        // No stream event: the error of the runtime's own parser quotes what it did not expect.
        json!({ "Records": [record("INSERT", &json!(4_111_111_111_111_111_u64))] }),
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
