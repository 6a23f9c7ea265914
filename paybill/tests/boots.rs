//! The built program, as Lambda runs it.

use serde_json::{Value, json};
use test_support::runtime_api;

const PROGRAM: &str = env!("CARGO_BIN_EXE_paybill");

const SETTINGS: [(&str, &str); 21] = [
    ("QUARANTINE_TABLE", "quarantine"),
    ("ORDER_TABLE", "orders"),
    ("VAULT_TABLE", "vault"),
    ("VAULT_KEY_ARN", "arn:aws:kms:us-east-1:123456789012:key/vault"),
    ("ACCOUNT_ID", "123456789012"),
    ("USER_POOL_CLIENT_ID", "client"),
    ("CORS_ORIGIN", ""),
    ("ORDER_ID_PATTERN", ""),
    ("METRICS_NAMESPACE", "CardAirlock/booted"),
    ("PROCESSOR_URL", "sandbox"),
    ("PROCESSOR_PROFILE", "airlock"),
    ("STORED_CARD_AGREEMENT", "false"),
    ("PROCESSOR_CONNECT_SECONDS", "3"),
    ("PROCESSOR_TIMEOUT_SECONDS", "15"),
    ("PROCESSOR_IDEMPOTENCY_HOURS", "23"),
    ("BILLING_GROUP", "billing"),
    ("REVEAL_CARD", "false"),
    ("OWNER_MAY_PAY", "true"),
    ("AMOUNT_REQUIRED", "auto"),
    ("AUDIT_TABLE", "audit"),
    ("DETOKENIZE_LIMIT_PER_MINUTE", "60"),
];

fn request(claims: Option<Value>, body: &Value) -> Value {
    json!({
        "httpMethod": "POST", "path": "/paybill", "resource": "/paybill", "body": body, "isBase64Encoded": false,
        "headers": { "Content-Type": "application/json" },
        "requestContext": {
            "httpMethod": "POST", "path": "/dev/paybill", "authorizer": claims.map(|claims| json!({ "claims": claims })),
        },
    })
}

fn payment() -> Value {
    Value::String(json!({ "CustomerOrder": "booted-1" }).to_string())
}

#[test]
fn it_answers_one_invocation_after_the_other_and_ends_when_the_runtime_api_is_gone() {
    let claims = json!({ "sub": "user", "aud": "client", "token_use": "id" });
    let events = [request(None, &payment()), request(Some(claims), &payment())];
    let run = runtime_api::run(PROGRAM, &SETTINGS, &events);
    let status = |index: usize| (run.answers[index].0.as_str(), run.answers[index].1["statusCode"].as_u64());
    assert_eq!(status(0), ("response", Some(401)));
    assert_eq!(status(1), ("response", Some(503)), "there is no AWS endpoint");
    assert!(!run.ended.success());
}

#[test]
fn promise_1_nothing_of_an_event_is_written_at_any_level() {
    let claims = json!({ "sub": "user", "aud": "client", "token_use": "id" });
    let by_card = json!({ "CustomerOrder": "4111111111111111", "Canary": 1 }).to_string();
    let events = [
        request(Some(claims.clone()), &json!(by_card)),
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
fn every_line_of_a_request_has_its_ids_and_its_order() {
    let claims = json!({ "sub": "user", "aud": "client", "token_use": "id" });
    let mut event = request(Some(claims), &payment());
    event["requestContext"]["requestId"] = json!("api-0");
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

#[test]
fn a_processor_elsewhere_without_tls_ends_it() {
    let mut settings = SETTINGS.to_vec();
    settings.retain(|(name, _)| *name != "PROCESSOR_URL");
    settings.extend([("PROCESSOR_URL", "http://pay.example/charges"), ("NOTHING", "")]);
    let (ended, written) = runtime_api::run_without(PROGRAM, &settings, "NOTHING");
    assert!(!ended.success() && written.contains("PROCESSOR_URL"), "{written}");
    assert!(!written.contains("pay.example"), "{written}");
}

/// Other systems do not keep their certificates in files.
#[cfg(target_os = "linux")]
#[test]
fn a_processor_elsewhere_needs_the_systems_certificates_and_one_on_this_machine_does_not() {
    let without_certificates = |url: &'static str| {
        let mut settings = SETTINGS.to_vec();
        settings.retain(|(name, _)| *name != "PROCESSOR_URL");
        settings.extend([("PROCESSOR_URL", url), ("SSL_CERT_FILE", "/dev/null"), ("NOTHING", "")]);
        settings
    };
    let elsewhere = without_certificates("https://pay.example/charges");
    let (ended, written) = runtime_api::run_without(PROGRAM, &elsewhere, "NOTHING");
    assert!(!ended.success() && written.contains("NoClient"), "{written}");
    let run = runtime_api::run(PROGRAM, &without_certificates("http://127.0.0.1:1/charges"), &[]);
    assert!(!run.written.contains("NoClient"), "{}", run.written);
}
