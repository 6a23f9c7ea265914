//! The built forget program, as Lambda runs it.

use serde_json::{Value, json};
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_forget");

const SETTINGS: [(&str, &str); 9] = [
    ("QUARANTINE_TABLE", "quarantine"),
    ("ORDER_TABLE", "orders"),
    ("VAULT_TABLE", "vault"),
    ("ACCOUNT_ID", "123456789012"),
    ("USER_POOL_CLIENT_ID", "client"),
    ("BILLING_GROUP", "billing"),
    ("CORS_ORIGIN", ""),
    ("ORDER_ID_PATTERN", ""),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
];

fn request(claims: Option<Value>, order: &str) -> Value {
    let resource = "/order/{CustomerOrder}/card";
    json!({
        "httpMethod": "DELETE", "path": format!("/order/{order}/card"), "resource": resource,
        "pathParameters": { "CustomerOrder": order }, "body": null, "isBase64Encoded": false,
        "requestContext": {
            "httpMethod": "DELETE", "path": format!("/dev/order/{order}/card"),
            "authorizer": claims.map(|claims| json!({ "claims": claims })),
        },
    })
}

fn claims() -> Option<Value> {
    Some(json!({ "sub": "user", "aud": "client", "token_use": "id" }))
}

#[test]
fn it_answers_one_invocation_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    let events = [request(None, "booted-1"), request(claims(), "booted-1")];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    let status = |index: usize| (run.answers[index].0.as_str(), run.answers[index].1["statusCode"].as_u64());
    assert_eq!(status(0), ("response", Some(401)));
    assert_eq!(status(1), ("response", Some(503)), "there is no AWS endpoint");
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let mut with_body = request(claims(), "booted-1");
    with_body["body"] = "4111111111111111 Canary".into();
    // The last is no proxy event: the error of the runtime's own parser quotes what it did not expect.
    let events = [
        request(claims(), "4111111111111111"),
        with_body,
        json!({ "httpMethod": 4_111_111_111_111_111_u64 }),
    ];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    assert_eq!(run.answers[0].1["statusCode"], 422);
    assert_eq!(run.answers[2].0, "error");
    for secret in ["4111111111111111", "Canary"] {
        assert!(!run.written.contains(secret), "{}", run.written);
    }
}

#[test]
fn every_line_of_a_request_has_its_ids_and_its_order() {
    let mut event = request(claims(), "booted-1");
    event["requestContext"]["requestId"] = "api-0".into();
    let run = runtime_api::run(PROGRAM, &SETTINGS, &[event]);
    let lines = run.lines();
    assert!(lines.len() > 1, "{}", run.written);
    for (line, ids) in lines {
        let ids = ["request_id", "api_request_id", "order"].map(|name| ids[name].as_str().unwrap());
        assert_eq!(ids, ["0", "api-0", "booted-1"], "{line}");
    }
}

#[test]
fn a_missing_setting_is_named_and_ends_it() {
    for (name, _) in SETTINGS {
        let (ended, written) = runtime_api::run_without(PROGRAM, &SETTINGS, name);
        assert!(!ended.success() && written.contains(name), "{name}: {written}");
    }
}
