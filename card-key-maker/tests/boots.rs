//! The built card-key-maker program, as Lambda runs it.

use serde_json::json;
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_card-key-maker");

const SETTINGS: [(&str, &str); 4] = [
    ("CARD_KEY_TABLE", "card-keys"),
    ("CARD_KEY_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/card-keys"),
    ("ORDER_DEADLINE_HOURS", "72"),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
];

#[test]
fn it_answers_one_invocation_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    let run = runtime_api::run(PROGRAM, &SETTINGS, &[json!({}), json!({})]);
    for (kind, answer) in &run.answers {
        assert_eq!(kind, "error", "there is no AWS endpoint");
        assert!(answer.to_string().contains("the table of card keys is not available"), "{answer}");
    }
    assert_eq!(run.answers.len(), 2);
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let events = [json!({ "Canary": "4111111111111111" }), json!("4111111111111111 Canary")];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
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
