//! The built program, as Lambda runs it.

use serde_json::{Value, json};
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tokenize-worker");

const SETTINGS: [(&str, &str); 16] = [
    ("QUARANTINE_TABLE", "quarantine"),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
    ("ORDER_TABLE", "orders"),
    ("VAULT_TABLE", "vault"),
    ("QUARANTINE_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/quarantine"),
    ("VAULT_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/vault"),
    ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:1/123456789012/dead-letters"),
    ("EVENT_BUS", "events"),
    ("EVENT_DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:1/123456789012/event-dead-letters"),
    ("ACCOUNT_ID", "123456789012"),
    ("CARD_KEY_TABLE", "card-keys"),
    ("CARD_KEY_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/card-keys"),
    ("CARD_EXPIRY_REQUIRED", "false"),
    ("DATA_KEY_MAX_ROWS", "100"),
    ("CARD_RETENTION_DAYS", "0"),
    ("DATA_KEY_MAX_SECONDS", "300"),
];

/// A stream record of an armed row that no worker can make sense of.
fn record(sequence_number: &Value) -> Value {
    json!({
        "awsRegion": "us-east-1", "eventID": "1", "eventName": "INSERT",
        "dynamodb": {
            "SizeBytes": 1, "SequenceNumber": sequence_number, "Keys": { "CustomerOrder": { "S": "booted-1" } },
            "NewImage": {
                "CustomerOrder": { "S": "booted-1" }, "Status": { "S": "PENDING" },
                "CustomerName": { "S": "Canary" }, "SealedCard": { "S": "4111111111111111" },
            },
        },
    })
}

#[test]
fn it_answers_one_batch_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    let events = [json!({ "Records": [] }), json!({ "Records": [record(&json!("7"))] })];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!(run.answers[0], ("response".to_owned(), json!({ "batchItemFailures": [] })));
    let not_done = json!({ "batchItemFailures": [{ "itemIdentifier": "7" }] });
    assert_eq!(run.answers[1], ("response".to_owned(), not_done), "there is no AWS endpoint");
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
fn every_line_about_a_record_has_the_invocations_id_and_the_records_order() {
    let mut other = record(&json!("8"));
    other["dynamodb"]["Keys"]["CustomerOrder"] = json!({ "S": "booted-2" });
    // A key that is no order id is nobody's to write.
    let mut odd = record(&json!("9"));
    odd["dynamodb"]["Keys"]["CustomerOrder"] = json!({ "S": "4111111111111111" });
    let run =
        runtime_api::run(PROGRAM, &SETTINGS, &[json!({ "Records": [record(&json!("7")), other, odd] })]);
    let lines = run.lines();
    let named: Vec<_> = lines.iter().map(|(_, ids)| (&ids["request_id"], ids.get("order"))).collect();
    for order in [Some(&json!("booted-1")), Some(&json!("booted-2")), None] {
        assert!(named.contains(&(&json!("0"), order)), "{}", run.written);
    }
    assert!(named.iter().all(|(id, _)| **id == "0"), "{}", run.written);
}

#[test]
fn a_missing_setting_is_named_and_ends_it() {
    for (name, _) in SETTINGS {
        let (ended, written) = runtime_api::run_without(PROGRAM, &SETTINGS, name);
        assert!(!ended.success() && written.contains(name), "{name}: {written}");
    }
}
