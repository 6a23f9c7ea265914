//! What the answers that processors publish, and broken ones, mean by the shipped profiles.

use serde_json::{Value, json};
use vault::Last4;

use super::judge::{Verdict, judge_body};
use crate::processor::profile::Profile;

/// The verdict of a profile's last step, in a word, with its code and reference.
fn charged(profile: &str, status: u16, body: &[u8]) -> String {
    let profile = Profile::load(profile).unwrap();
    let step = profile.steps.last().unwrap();
    said(judge_body(&step.rules, &[], last4(), status, Some(body)).verdict)
}

fn looked_up(profile: &str, status: u16, body: &Value) -> String {
    let profile = Profile::load(profile).unwrap();
    let lookup = profile.lookup.as_ref().unwrap();
    said(judge_body(&lookup.rules, &[], last4(), status, Some(body.to_string().as_bytes())).verdict)
}

fn last4() -> Last4 {
    "4242".parse().unwrap()
}

fn said(verdict: Verdict) -> String {
    let reference = |reference: Option<order::ProcessorReference>| {
        reference.map(|reference| format!(" {reference}")).unwrap_or_default()
    };
    match verdict {
        Verdict::Next(_) => "next".to_owned(),
        Verdict::Submitted { reference: id } => format!("submitted{}", reference(id)),
        Verdict::Declined { code, kind, reference: id } => format!("{kind} {code}{}", reference(id)),
        Verdict::Refused => "refused".to_owned(),
        Verdict::InProgress => "in progress".to_owned(),
        Verdict::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn adyens_answers_have_their_meaning() {
    // The first six are Adyen's own examples (adyen-openapi, CheckoutService-v72).
    for (status, body, meaning) in [
        (
            200,
            json!({ "additionalData": { "authCode": "044925" }, "pspReference": "993617895204576J", "resultCode": "Authorised" }),
            "submitted 993617895204576J",
        ),
        (
            400,
            json!({ "status": 400, "errorCode": "702", "message": "Unexpected input", "errorType": "validation" }),
            "refused",
        ),
        (401, json!({ "status": 401, "errorCode": "000", "errorType": "security" }), "refused"),
        (
            403,
            json!({ "status": 403, "errorCode": "901", "errorType": "security", "pspReference": "881611827877203B" }),
            "refused",
        ),
        (
            422,
            json!({ "status": 422, "errorCode": "14_030", "errorType": "validation", "pspReference": "8816118280275544" }),
            "refused",
        ),
        (
            500,
            json!({ "status": 500, "errorCode": "905", "errorType": "configuration", "pspReference": "8516091485743033" }),
            "unknown",
        ),
        (
            200,
            json!({ "pspReference": "A1", "resultCode": "Refused", "refusalReason": "Refused", "refusalReasonCode": "2" }),
            "SOFT 2 A1",
        ),
        (
            200,
            json!({ "pspReference": "A1", "resultCode": "Refused", "refusalReasonCode": "5" }),
            "HARD 5 A1",
        ),
        (200, json!({ "resultCode": "Cancelled" }), "SOFT Cancelled"),
        (200, json!({ "resultCode": "Error", "refusalReasonCode": "4" }), "SOFT 4"),
        (200, json!({ "resultCode": "RedirectShopper" }), "SOFT authentication_required"),
        (200, json!({ "resultCode": "ChallengeShopper" }), "SOFT authentication_required"),
        (200, json!({ "resultCode": "Received" }), "unknown"),
        (200, json!({ "resultCode": "PartiallyAuthorised" }), "unknown"),
        (200, json!({}), "unknown"),
        (422, json!({ "errorCode": "704" }), "in progress"),
        (429, json!({}), "in progress"),
    ] {
        assert_eq!(charged("adyen", status, body.to_string().as_bytes()), meaning, "{status} {body}");
    }
}

#[test]
fn stripes_answers_have_their_meaning() {
    let error = |error: Value| json!({ "error": error });
    for (status, body, meaning) in [
        (200, json!({ "id": "pi_1", "status": "succeeded" }), "submitted pi_1"),
        (200, json!({ "id": "pi_1", "status": "processing" }), "unknown"),
        (200, json!({ "id": "pi_1", "status": "requires_action" }), "SOFT authentication_required pi_1"),
        (
            200,
            json!({ "id": "pi_1", "status": "requires_payment_method", "last_payment_error": { "decline_code": "x" } }),
            "SOFT x pi_1",
        ),
        (
            402,
            error(
                json!({ "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds" }),
            ),
            "SOFT insufficient_funds",
        ),
        (402, error(json!({ "type": "card_error", "code": "expired_card" })), "SOFT expired_card"),
        (402, error(json!({ "type": "card_error", "decline_code": "stolen_card" })), "HARD stolen_card"),
        (
            402,
            error(
                json!({ "type": "card_error", "decline_code": "x", "advice_code": "do_not_try_again", "payment_intent": { "id": "pi_2" } }),
            ),
            "HARD x pi_2",
        ),
        (402, error(json!({ "type": "api_error" })), "unknown"),
        (400, error(json!({ "type": "idempotency_error" })), "unknown"),
        (
            400,
            error(json!({ "type": "invalid_request_error", "code": "payment_intent_unexpected_state" })),
            "unknown",
        ),
        (400, error(json!({ "type": "invalid_request_error" })), "refused"),
        (401, json!({}), "refused"),
        (409, json!({}), "in progress"),
        (429, json!({}), "in progress"),
        (500, json!({}), "unknown"),
    ] {
        assert_eq!(charged("stripe", status, body.to_string().as_bytes()), meaning, "{status} {body}");
    }
    for (status, body, meaning) in [
        (200, json!({ "id": "pi_1", "status": "succeeded" }), "submitted pi_1"),
        (200, json!({ "id": "pi_1", "status": "requires_confirmation" }), "unknown"),
        (200, json!({ "id": "pi_1", "status": "processing" }), "unknown"),
        (200, json!({ "id": "pi_1", "status": "requires_action" }), "unknown"),
        (
            200,
            json!({ "id": "pi_1", "status": "requires_payment_method", "last_payment_error": null }),
            "unknown",
        ),
        (
            200,
            json!({ "id": "pi_1", "status": "requires_payment_method", "last_payment_error": { "type": "card_error", "code": "c" } }),
            "SOFT c pi_1",
        ),
        (200, json!({ "id": "pi_1", "status": "canceled" }), "SOFT canceled pi_1"),
        (404, json!({}), "unknown"),
    ] {
        assert_eq!(looked_up("stripe", status, &body), meaning, "{status} {body}");
    }
}

#[test]
fn checkouts_answers_have_their_meaning() {
    for (status, body, meaning) in [
        (
            201,
            json!({ "id": "pay_1", "approved": true, "status": "Authorized", "response_code": "10000" }),
            "submitted pay_1",
        ),
        (201, json!({ "id": "pay_1", "approved": true, "status": "Card Verified" }), "unknown"),
        (
            201,
            json!({ "id": "pay_1", "approved": false, "status": "Declined", "response_code": "20005" }),
            "SOFT 20005 pay_1",
        ),
        (
            201,
            json!({ "id": "pay_1", "approved": false, "status": "Declined", "response_code": "30004" }),
            "HARD 30004 pay_1",
        ),
        (
            202,
            json!({ "id": "pay_1", "status": "Pending", "_links": { "redirect": { "href": "x" } } }),
            "SOFT authentication_required pay_1",
        ),
        (202, json!({ "id": "pay_1", "status": "Pending" }), "unknown"),
        (422, json!({}), "refused"),
        (409, json!({}), "in progress"),
        (502, json!({}), "unknown"),
    ] {
        assert_eq!(charged("checkout", status, body.to_string().as_bytes()), meaning, "{status} {body}");
    }
    let found = |status: &str, count: usize| json!({ "total_count": count, "data": vec![json!({ "id": "pay_1", "status": status, "response_code": "20005" }); count] });
    for (body, meaning) in [
        (found("Captured", 1), "submitted pay_1"),
        (found("Declined", 1), "SOFT 20005 pay_1"),
        (found("Pending", 1), "unknown"),
        (found("Captured", 2), "unknown"),
        (found("Captured", 0), "unknown"),
    ] {
        assert_eq!(looked_up("checkout", 200, &body), meaning, "{body}");
    }
}

#[test]
fn an_answer_that_cannot_be_read_is_unknown_and_one_that_quotes_the_card_keeps_its_outcome() {
    let deep = format!(
        r#"{{"x":{}{},"resultCode":"Authorised","pspReference":"P1"}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    for (body, meaning) in [
        (&b""[..], "unknown"),
        (br#"{"resultCode":"Authorised""#, "unknown"),
        (b"<html>Authorised</html>", "unknown"),
        (b"\x1f\x8b\x08\x00", "unknown"),
        (b"\xff\xfe{\x00}\x00", "unknown"),
        (br#"{"resultCode":"Authorised","resultCode":"Refused"}"#, "unknown"),
        (br#"{"resultCode":"Authorised","pspReference":"1","pspReference":"2"}"#, "submitted"),
        (br#"{"resultCode":"Authorised","pspReference":"4242424242424242"}"#, "submitted"),
        (br#"{"resultCode":"Refused","refusalReasonCode":"4242424242424242"}"#, "SOFT unreadable"),
        (br#"{"resultCode":"Authoris\u0065d","pspReference":"P1"}"#, "submitted P1"),
        (deep.as_bytes(), "submitted P1"),
    ] {
        assert_eq!(
            charged("adyen", 200, body),
            meaning,
            "{}",
            String::from_utf8_lossy(body).get(..40).unwrap_or_default()
        );
    }
    let profile = Profile::load("adyen").unwrap();
    let rules = &profile.steps[0].rules;
    assert_eq!(
        said(judge_body(rules, &[], last4(), 200, None).verdict),
        "unknown",
        "too long, or broken off"
    );
    assert_eq!(said(judge_body(rules, &[], last4(), 401, None).verdict), "refused", "the status says it all");
}
