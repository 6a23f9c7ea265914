//! The API's answers: each status and code, and what comes with it.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, ORDERS, World, order};

/// What is wrong with an order, how it is answered, and the fields that make it so (null takes one away).
const WRONG_ORDERS: [(u16, &str, &str); 22] = [
    (400, "ORDER_ID_MISSING", r#"{"CustomerOrder": null}"#),
    (400, "ORDER_ID_MISSING", r#"{"CustomerOrder": 123456789}"#),
    (400, "NAME_MISSING", r#"{"CustomerName": null}"#),
    (400, "ADDRESS_MISSING", r#"{"Address": ["Las Vegas"]}"#),
    (400, "CARD_MISSING", r#"{"CreditCard": null}"#),
    (400, "CARD_MISSING", r#"{"CreditCard": 4111111111111111}"#),
    (400, "EXPIRY_INVALID", r#"{"CardExpiry": 1230}"#),
    (400, "FIELD_UNKNOWN", r#"{"Tip": "1"}"#),
    (400, "FIELD_FORBIDDEN", r#"{"CVV": "123"}"#),
    (422, "ORDER_ID_INVALID", r#"{"CustomerOrder": ""}"#),
    (422, "ORDER_ID_INVALID", r#"{"CustomerOrder": "a/b"}"#),
    (422, "ORDER_ID_CARD_SHAPED", r#"{"CustomerOrder": "4111111111111111"}"#),
    (422, "NAME_INVALID", r#"{"CustomerName": " "}"#),
    (422, "NAME_CARD_SHAPED", r#"{"CustomerName": "4111 1111 1111 1111"}"#),
    (422, "ADDRESS_INVALID", r#"{"Address": "bell \u0007"}"#),
    (422, "ADDRESS_CARD_SHAPED", r#"{"Address": "4111-1111-1111-1111"}"#),
    (422, "CARD_INVALID", r#"{"CreditCard": "4111111111111112"}"#),
    (422, "CARD_INVALID", r#"{"CreditCard": "41111111111"}"#),
    (422, "CARD_INVALID", r#"{"CreditCard": "41111111111111111111"}"#),
    (422, "CARD_INVALID", r#"{"CreditCard": "4111--1111--1111--1111"}"#),
    (422, "EXPIRY_INVALID", r#"{"CardExpiry": "13/30"}"#),
    (422, "CARD_EXPIRED", r#"{"CardExpiry": "10/26"}"#),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_order_is_answered_with_its_own_code_and_leaves_nothing_behind() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for (status, code, fields) in WRONG_ORDERS {
        let mut body = order("1");
        for (name, value) in serde_json::from_str::<Value>(fields).unwrap().as_object().unwrap() {
            body[name] = value.clone();
        }
        is_problem(client.submit(&body).await, status, code, fields);
    }
    assert_eq!(world.counts().await, [0, 0, 0]);
    assert_eq!(kms_calls(&world), 0, "nothing is sealed before all is checked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_no_order_is_answered_with_its_own_code() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for path in ["/order", "/paybill"] {
        for (status, code, body) in [
            (400, "BODY_MISSING", String::new()),
            (400, "BODY_MALFORMED", "{".into()),
            (400, "BODY_MALFORMED", "[]".into()),
            (400, "BODY_MALFORMED", r#""4111111111111111""#.into()),
            (400, "FIELD_TWICE", r#"{"CustomerOrder":"1","CustomerOrder":"1"}"#.into()),
            (413, "BODY_TOO_LARGE", format!(r#"{{"CustomerOrder":"{}"}}"#, "1".repeat(17_000))),
            (413, "REQUEST_TOO_LARGE", " ".repeat(10 * 1024 * 1024 + 1)),
        ] {
            is_problem(client.post(path, body).await, status, code, path);
        }
        let with_type = |kind: &str| client.request(Method::POST, path).header("Content-Type", kind);
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            is_problem(client.send(with_type(kind).body("{}")).await, 415, "NOT_JSON", kind);
        }
        is_problem(client.send(client.request(Method::POST, path).body("{}")).await, 415, "NOT_JSON", path);
        is_problem(client.post(&format!("{path}?a=4111111111111111"), "{}").await, 422, "CARD_IN_URL", path);
    }
    for (method, path) in [
        (Method::GET, "/"),
        (Method::POST, "/nowhere"),
        (Method::PUT, "/order/1/card/2"),
        (Method::GET, "/card"),
    ] {
        let answer = client.send(client.request(method, path)).await;
        is_problem(answer, 404, "ROUTE_NOT_FOUND", path);
    }
    for (methods, path, allowed) in [
        (&[Method::GET, Method::PUT, Method::DELETE, Method::PATCH][..], "/order", "POST"),
        (&[Method::POST, Method::PUT, Method::DELETE, Method::PATCH], "/order/1", "GET"),
        (&[Method::GET, Method::POST, Method::PATCH], "/order/1/card", "DELETE, PUT"),
        (&[Method::GET, Method::PUT, Method::DELETE, Method::PATCH], "/paybill", "POST"),
    ] {
        for method in methods {
            let answer = client.send(client.request(method.clone(), path)).await;
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
            is_problem(answer, 405, "METHOD_NOT_ALLOWED", path);
            let nobody = client.showing("none");
            let answer = nobody.send(nobody.request(method.clone(), path)).await;
            is_problem(answer, 401, "UNAUTHORIZED", path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_good_token_is_let_in_nowhere() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    let strangers = card_airlock::sign_in::ephemeral().unwrap().token("ann", &[]).unwrap();
    let (body, signature) = ann.token.rsplit_once('.').unwrap();
    let forged = format!("{body}.{}", signature.chars().rev().collect::<String>());
    for token in ["", "none", &world.expired_token("ann"), &strangers, &forged] {
        let nobody = ann.showing(token);
        is_problem(nobody.submit(&order("2")).await, 401, "UNAUTHORIZED", token);
        is_problem(nobody.status("1").await, 401, "UNAUTHORIZED", token);
        is_problem(nobody.pay("1").await, 401, "UNAUTHORIZED", token);
    }
    ann.showing(&format!("Bearer {}", ann.token)).status("1").await.is(200);
    assert_eq!(world.counts().await, [1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_answers_by_where_it_stands_and_to_its_owner_only() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    let mut other = order("1");
    other["Address"] = "Reno".into();

    not_there(&ann).await;
    let accepted = ann.submit(&order("1")).await.is(202);
    assert_eq!(accepted.json["message"], "Order Accepted");
    assert_eq!((accepted.text("CustomerOrder"), accepted.text("Status")), ("1", "PENDING"));
    assert_eq!(accepted.header("location"), format!("/{}/order/1", world.declared.api.stage));
    assert_eq!((accepted.header("retry-after"), accepted.header("cache-control")), ("1", "no-store"));
    not_there(&bob).await;
    for (client, order) in [(&ann, &other), (&bob, &order("1"))] {
        is_problem(client.submit(order).await, 409, "ORDER_CONFLICT", "pending");
    }
    let pending = ann.status("1").await.is(200);
    assert_eq!((pending.text("Status"), pending.header("retry-after")), ("PENDING", "1"));
    let unpaid = ann.pay("1").await;
    assert_eq!(unpaid.header("retry-after"), "1");
    is_problem(unpaid, 409, "ORDER_PENDING", "pay");

    world.alter_card().await;
    world.deliver_last().await;
    let failed = ann.status("1").await.is(200);
    assert_eq!((failed.text("Status"), failed.text("FailureReason")), ("FAILED", "ENVELOPE_REFUSED"));
    is_problem(ann.pay("1").await, 409, "ORDER_FAILED", "pay");
    is_problem(bob.submit(&order("1")).await, 409, "ORDER_CONFLICT", "failed");
    not_there(&bob).await;

    // An operator expires it as the sweep will: the card, the name and the address are gone.
    let mut row = world.only_row(crate::support::QUARANTINE).await;
    for name in ["SealedCard", "DataKey", "CustomerName", "Address"] {
        row.remove(name);
    }
    row.insert("Status".into(), aws_sdk_dynamodb::types::AttributeValue::S("EXPIRED".into()));
    world.put(crate::support::QUARANTINE, row).await;
    assert_eq!(ann.status("1").await.is(200).text("Status"), "EXPIRED");
    is_problem(ann.pay("1").await, 409, "ORDER_EXPIRED", "pay");
    is_problem(bob.submit(&order("1")).await, 409, "ORDER_CONFLICT", "expired");

    ann.submit(&order("1")).await.is(202);
    world.advance(std::time::Duration::from_secs(1));
    assert_eq!(world.deliver_last().await, None);
    let status = ann.status("1").await.is(200);
    assert_eq!((status.text("Status"), status.text("CardBrand")), ("TOKENIZED", "visa"));
    assert_eq!(status.text("CreditCard"), "****-****-****-1111");
    let row = world.only_row(ORDERS).await;
    for name in ["CreditCardToken", "AcceptanceId", "AcceptedAt", "TokenizedAt"] {
        assert_eq!(status.text(name), row[name].as_s().unwrap(), "{name}");
    }
    not_there(&bob).await;
    for (client, order) in [(&ann, &other), (&bob, &order("1"))] {
        is_problem(client.submit(order).await, 409, "ORDER_CONFLICT", "tokenized");
    }
    ann.submit(&order("1")).await.is(200);
    let paid = ann.pay("1").await.is(200);
    let expected = json!({
        "message": "Payment Submitted Successfully", "CreditCard Charged": "****-****-****-1111",
        "PaymentId": world.only_row(ORDERS).await["PaymentId"].as_s().unwrap(),
    });
    assert_eq!(paid.json, expected);
    ann.submit(&order("1")).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_own_order_is_taken_and_paid() {
    let world = World::running().await;
    let client = world.client("ann");
    let sample = json!({
        "CustomerOrder": "123456789", "CustomerName": "Amazon Web Services",
        "CreditCard": "0000-0000-0000-0000", "Address": "Reinvent2019, Las Vegas, USA",
    });
    client.submit(&sample).await.is(202);
    assert_eq!(client.settled("123456789").await.text("Status"), "TOKENIZED");
    let paid = client.pay("123456789").await.is(200);
    assert_eq!(paid.text("CreditCard Charged"), "****-****-****-0000");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_aws_every_route_says_when_to_try_again_and_nothing_is_lost() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    // A port of our own that hangs up on everybody: a free one could be taken by another test's endpoint.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            drop(nobody.accept().await);
        }
    });
    let cut_off = ann.at(&world.front(&format!("http://{address}")).await);
    let new = order("2");
    let answers = futures::join!(cut_off.submit(&new), cut_off.status("1"), cut_off.pay("1"));
    for answer in [answers.0, answers.1, answers.2] {
        assert_eq!(answer.header("retry-after"), "1");
        is_problem(answer, 503, "UNAVAILABLE", "no AWS");
    }
    ann.submit(&new).await.is(202);
    ann.pay("1").await.is(200);
}

async fn not_there(client: &Client) {
    is_problem(client.status("1").await, 404, "ORDER_NOT_FOUND", "status");
    is_problem(client.pay("1").await, 404, "ORDER_NOT_FOUND", "pay");
}

/// An error has its status, its code, a text for people, the request's id, and nothing else.
#[track_caller]
fn is_problem(answer: Answer, status: u16, code: &str, what: &str) {
    assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{what}");
    let members: BTreeSet<&str> = answer.json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["message", "code", "requestId"]), "{what}");
    assert!(!answer.text("message").is_empty());
    assert_eq!(answer.text("requestId").len(), 36, "{what}");
    assert_eq!(answer.header("content-type"), "application/json", "{what}");
}

fn kms_calls(world: &World) -> usize {
    let calls = world.aws.calls();
    calls.iter().filter(|call| ["Decrypt", "GenerateDataKey"].contains(&&*call.operation)).count()
}
