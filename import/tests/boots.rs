//! The built import program, as Lambda runs it.

use serde_json::json;
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_import");

const SETTINGS: [(&str, &str); 17] = [
    ("IMPORT_TABLE", "Legacy"),
    ("IMPORT_KEY_ATTRIBUTE", "Id"),
    ("IMPORT_NUMBER_ATTRIBUTE", "Card"),
    ("IMPORT_ORDER_ATTRIBUTE", "Id"),
    ("IMPORT_NAME_ATTRIBUTE", "Name"),
    ("IMPORT_ADDRESS_ATTRIBUTE", "Address"),
    ("IMPORT_OWNER", "550e8400-e29b-41d4-a716-446655440000"),
    ("IMPORT_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/import"),
    ("QUARANTINE_TABLE", "quarantine"),
    ("ORDER_TABLE", "orders"),
    ("QUARANTINE_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/quarantine"),
    ("DATA_KEY_MAX_ROWS", "100"),
    ("DATA_KEY_MAX_SECONDS", "300"),
    ("ORDER_DEADLINE_HOURS", "72"),
    ("QUARANTINE_TTL_DAYS", "7"),
    ("CARD_EXPIRY_REQUIRED", "false"),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
];

/// The settings with the one that may be empty.
fn settings() -> Vec<(&'static str, &'static str)> {
    SETTINGS.into_iter().chain([("ORDER_ID_PATTERN", "")]).collect()
}

#[test]
fn it_answers_one_invocation_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    // There is no AWS endpoint; a request that is none is refused before anything is asked.
    let events = [json!({ "action": "check" }), json!({ "action": "import", "dryRun": true })];
    let run = runtime_api::run(PROGRAM, &settings(), &events);
    assert_eq!(run.answers[0].0, "error");
    assert!(run.answers[0].1.to_string().contains("KMS is not available"), "{:?}", run.answers[0]);
    assert_eq!(run.answers[1].0, "error");
    assert!(run.answers[1].1.to_string().contains("the event cannot be read"), "{:?}", run.answers[1]);
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let events = [
        json!({ "action": "import", "cursor": "4111111111111111" }),
        json!({ "action": 4_111_111_111_111_111_u64 }),
        json!({ "action": "scrub", "Canary": true }),
    ];
    let run = runtime_api::run(PROGRAM, &settings(), &events);
    assert!(run.answers.iter().all(|(kind, _)| kind == "error"));
    let answers = format!("{:?}", run.answers);
    for secret in ["4111111111111111", "Canary"] {
        assert!(!run.written.contains(secret), "{}", run.written);
        assert!(!answers.contains(secret), "{answers}");
    }
}

#[test]
fn a_missing_setting_is_named_and_ends_it() {
    for (name, _) in SETTINGS {
        let (ended, written) = runtime_api::run_without(PROGRAM, &settings(), name);
        assert!(!ended.success() && written.contains(name), "{name}: {written}");
    }
}
