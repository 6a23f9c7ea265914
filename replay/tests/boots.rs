//! The built replay program, as Lambda runs it.

use serde_json::json;
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_replay");

const SETTINGS: [(&str, &str); 6] = [
    ("QUARANTINE_TABLE", "quarantine"),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
    ("ORDER_TABLE", "orders"),
    ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:1/123456789012/dead-letters"),
    ("REARM_AFTER_MINUTES", "75"),
    ("EXHAUSTED_AFTER_HOURS", "48"),
];

#[test]
fn a_sweep_without_aws_is_an_error_and_an_event_of_another_shape_is_one_that_quotes_nothing() {
    let events = [json!({ "action": "sweep" }), json!({ "action": "Canary", "order": "4111111111111111" })];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!([&*run.answers[0].0, &*run.answers[1].0], ["error", "error"]);
    assert!(!run.ended.success());
    let lines = run.lines();
    let of: Vec<_> = lines.iter().map(|(_, ids)| ids["request_id"].as_str().unwrap()).collect();
    assert_eq!(of, ["0", "0", "0", "1"], "queue, table, sweep, the other event: {}", run.written);
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
