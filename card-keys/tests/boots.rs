//! The built card-keys program, as Lambda runs it.

use serde_json::{Value, json};
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_card-keys");

const SETTINGS: [(&str, &str); 4] = [
    ("CARD_KEY_TABLE", "card-keys"),
    ("USER_POOL_CLIENT_ID", "client"),
    ("CORS_ORIGIN", ""),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
];

fn request(method: &str, claims: Option<Value>) -> Value {
    json!({
        "httpMethod": method, "path": "/card-keys", "resource": "/card-keys",
        "body": null, "isBase64Encoded": false,
        "requestContext": {
            "httpMethod": method, "path": "/dev/card-keys",
            "authorizer": claims.map(|claims| json!({ "claims": claims })),
        },
    })
}

fn claims() -> Option<Value> {
    Some(json!({ "sub": "user", "aud": "client", "token_use": "id" }))
}

#[test]
fn it_answers_one_invocation_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    let events = [request("GET", None), request("POST", claims()), request("GET", claims())];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    let status: Vec<_> = run.answers.iter().map(|(_, answer)| answer["statusCode"].as_u64()).collect();
    assert_eq!(status, [Some(401), Some(405), Some(503)], "there is no AWS endpoint");
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let mut with_body = request("GET", claims());
    with_body["body"] = "4111111111111111 Canary".into();
    // The last is no proxy event: the error of the runtime's own parser quotes what it did not expect.
    let events = [with_body, json!({ "httpMethod": 4_111_111_111_111_111_u64 })];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!(run.answers[1].0, "error");
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
