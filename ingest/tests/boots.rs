//! The built program, as Lambda runs it.

use serde_json::{Value, json};
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ingest");

const SETTINGS: [(&str, &str); 15] = [
    ("QUARANTINE_TABLE", "quarantine"),
    ("ORDER_TABLE", "orders"),
    ("BILLING_GROUP", "billing"),
    ("QUARANTINE_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/quarantine"),
    ("USER_POOL_CLIENT_ID", "client"),
    ("CORS_ORIGIN", ""),
    ("ORDER_ID_PATTERN", ""),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
    ("ORDER_DEADLINE_HOURS", "72"),
    ("CARD_EXPIRY_REQUIRED", "false"),
    ("CARD_KEY_TABLE", "keys"),
    ("ENCRYPTED_CARD_ONLY", "false"),
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
fn every_line_of_a_request_has_its_ids_and_its_order_once_it_is_known() {
    let claims = json!({ "sub": "user", "aud": "client", "token_use": "id" });
    let mut events = [request(None, &order()), request(Some(claims), &order())];
    for (id, event) in events.iter_mut().enumerate() {
        event["requestContext"]["requestId"] = json!(format!("api-{id}"));
    }
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    let said =
        |id: &str| -> Vec<_> { run.lines().into_iter().filter(|(_, ids)| ids["request_id"] == id).collect() };
    let (stranger, known) = (said("0"), said("1"));
    assert_eq!(stranger.len() + known.len(), run.lines().len(), "{}", run.written);
    // Denied and refused, each a line and a metric; with an order, two services that are not there, and refused.
    assert_eq!((stranger.len(), known.len()), (4, 4), "{}", run.written);
    for (line, ids) in stranger {
        assert_eq!((&ids["api_request_id"], ids.get("order")), (&json!("api-0"), None), "{line}");
    }
    for (line, ids) in known {
        assert_eq!((&ids["api_request_id"], &ids["order"]), (&json!("api-1"), &json!("booted-1")), "{line}");
    }
}

#[test]
fn a_missing_setting_is_named_and_ends_it() {
    for (name, _) in SETTINGS {
        let (ended, written) = runtime_api::run_without(PROGRAM, &SETTINGS, name);
        assert!(!ended.success() && written.contains(name), "{name}: {written}");
    }
}
