//! The built rewrap program, as Lambda runs it.

use serde_json::json;
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rewrap");

const SETTINGS: [(&str, &str); 5] = [
    ("VAULT_TABLE", "vault"),
    ("ACCOUNT_ID", "123456789012"),
    ("VAULT_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/present"),
    ("PREVIOUS_VAULT_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/previous"),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
];

#[test]
fn it_answers_one_invocation_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    // There is no AWS endpoint; a request that is none is refused before anything is asked.
    let events = [json!({ "action": "count" }), json!({ "action": "count", "dryRun": true })];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!(run.answers[0].0, "error");
    assert!(run.answers[0].1.to_string().contains("the vault is not available"), "{:?}", run.answers[0]);
    assert_eq!(run.answers[1].0, "error");
    assert!(run.answers[1].1.to_string().contains("the event cannot be read"), "{:?}", run.answers[1]);
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let events = [
        json!({ "action": "rewrap", "cursor": "4111111111111111" }),
        json!({ "action": 4_111_111_111_111_111_u64 }),
        json!({ "action": "rewrap", "Canary": true }),
    ];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
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
        let (ended, written) = runtime_api::run_without(PROGRAM, &SETTINGS, name);
        assert!(!ended.success() && written.contains(name), "{name}: {written}");
    }
}
