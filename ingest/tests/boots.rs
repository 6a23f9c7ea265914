//! The built program, as Lambda runs it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail the test by panicking")]

#[path = "../../tests/stand_in/runtime_api.rs"]
mod runtime_api;

use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ingest");

const SETTINGS: [(&str, &str); 9] = [
    ("QUARANTINE_TABLE", "quarantine"),
    ("ORDER_TABLE", "orders"),
    ("BILLING_GROUP", "billing"),
    ("QUARANTINE_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/quarantine"),
    ("USER_POOL_CLIENT_ID", "client"),
    ("ORDER_DEADLINE_HOURS", "72"),
    ("QUARANTINE_TTL_DAYS", "7"),
    ("DATA_KEY_MAX_ROWS", "100"),
    ("DATA_KEY_MAX_SECONDS", "300"),
];

fn request(claims: Option<Value>, body: &Value) -> Value {
    json!({
        "httpMethod": "POST", "path": "/order", "resource": "/order", "body": body, "isBase64Encoded": false,
        "headers": { "Content-Type": "application/json" },
        "requestContext": {
            "httpMethod": "POST", "path": "/dev/order", "authorizer": claims.map(|claims| json!({ "claims": claims })),
        },
    })
}

fn order() -> Value {
    let order = json!({
        "CustomerOrder": "booted-1", "CustomerName": "Canary Name", "CreditCard": "4111111111111111",
        "Address": "Canary Street",
    });
    Value::String(order.to_string())
}

#[test]
fn it_answers_one_invocation_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    let claims = json!({ "sub": "user", "aud": "client", "token_use": "id" });
    let events = [request(None, &order()), request(Some(claims), &order())];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    let status = |index: usize| (run.answers[index].0.as_str(), run.answers[index].1["statusCode"].as_u64());
    assert_eq!(status(0), ("response", Some(401)));
    assert_eq!(status(1), ("response", Some(503)), "there is no AWS endpoint");
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let claims = json!({ "sub": "user", "aud": "client", "token_use": "id" });
    let events = [
        request(Some(claims.clone()), &order()),
        request(Some(claims.clone()), &json!("4111111111111111 Canary")),
        // No proxy event: the error of the runtime's own parser quotes what it did not expect.
        request(Some(claims), &json!(4_111_111_111_111_111_u64)),
    ];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!(run.answers[2].0, "error");
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
