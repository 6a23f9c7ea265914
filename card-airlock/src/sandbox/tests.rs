use std::time::Duration;

use order::Outcome;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::*;

struct World {
    sandbox: Sandbox,
    token: String,
    http: Client,
}

impl World {
    async fn new() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        sandbox.want_bearer("token");
        let http = Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(60));
        Self { sandbox, token: "token".into(), http: http.build().unwrap() }
    }

    async fn ask(&self, key: Uuid, body: &Value) -> Option<(StatusCode, Value)> {
        let request = self.http.post(self.sandbox.url()).bearer_auth(&self.token);
        let request = request.header("Idempotency-Key", key.to_string()).body(body.to_string());
        let response = request.send().await.ok()?;
        let status = response.status();
        Some((status, serde_json::from_slice(&response.bytes().await.ok()?).unwrap_or_default()))
    }

    async fn pay(&self, payment: Uuid, card: &str) -> Option<u16> {
        let number = named(card).map_or(card, |card| card.number);
        self.ask(payment, &body(payment, number)).await.map(|(status, _)| status.as_u16())
    }
}

fn body(payment: Uuid, number: &str) -> Value {
    json!({ "PaymentId": payment, "CustomerOrder": "1", "Amount": 5, "Currency": "EUR", "CreditCard": number })
}

#[tokio::test]
async fn a_payment_is_charged_once_per_key_and_remembered_without_its_card() {
    let world = World::new().await;
    let payment = Uuid::new_v4();
    for _ in 0..3 {
        assert_eq!(world.pay(payment, "approve").await, Some(200));
    }
    assert_eq!(world.pay(Uuid::new_v4(), "0000-0000-0000-0000").await, Some(200), "the sample's");
    let charges = world.sandbox.ledger();
    let [charge, _] = &charges[..] else { panic!("{charges:?}") };
    assert_eq!((charge.payment_id, charge.requests), (payment, 3));
    assert_eq!((charge.order.as_str(), charge.last4.to_string().as_str()), ("1", "4242"));
    assert_eq!(charge.outcome, Outcome::Submitted);
    let amount = charge.amount.unwrap();
    assert_eq!((amount.minor_units.count(), amount.currency.to_string().as_str()), (5, "EUR"));
    assert!(charge.charged_with("4242424242424242") && !charge.charged_with("4000000000000002"));
    let page = world.http.get(world.sandbox.ledger_url()).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("4242") && !page.contains("42424242"), "{page}");
    assert!(!format!("{charges:?}").contains("42424242"));
}

#[tokio::test]
async fn a_key_is_of_one_payment_only() {
    let world = World::new().await;
    let payment = Uuid::new_v4();
    assert_eq!(world.pay(payment, "approve").await, Some(200));
    assert_eq!(world.pay(payment, "4111111111111111").await, Some(400));
    let mut dearer = body(payment, "4242424242424242");
    dearer["Amount"] = 6.into();
    assert_eq!(world.ask(payment, &dearer).await.unwrap().0, 400);
    assert_eq!(world.ask(Uuid::new_v4(), &body(payment, "4242424242424242")).await.unwrap().0, 400);
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test]
async fn each_test_card_does_what_its_name_says() {
    let world = World::new().await;
    for (card, code) in [("decline", "card_declined"), ("insufficient-funds", "insufficient_funds")] {
        let payment = Uuid::new_v4();
        let answer = world.ask(payment, &body(payment, named(card).unwrap().number)).await.unwrap();
        assert_eq!(answer, (StatusCode::PAYMENT_REQUIRED, json!({ "DeclineCode": code })));
    }
    for (card, first) in [("error-once", 500), ("refuse-once", 401)] {
        let (payment, before) = (Uuid::new_v4(), world.sandbox.ledger().len());
        assert_eq!(world.pay(payment, card).await, Some(first));
        assert_eq!(world.sandbox.ledger().len(), before, "{card}: nothing is charged");
        assert_eq!(world.pay(payment, card).await, Some(200));
        assert_eq!(world.sandbox.ledger()[before].requests, 2);
    }
    for card in ["timeout-once", "late"] {
        let (payment, before) = (Uuid::new_v4(), world.sandbox.ledger().len());
        let first = world.pay(payment, card);
        tokio::pin!(first);
        loop {
            let soon = tokio::time::timeout(Duration::from_millis(10), &mut first).await;
            assert!(soon.is_err(), "{card}: no answer yet");
            if world.sandbox.ledger().len() > before {
                break;
            }
        }
        assert_eq!(world.pay(payment, card).await, Some(200), "{card}");
        assert_eq!(world.sandbox.ledger().len(), before + 1, "{card}");
    }
}

#[tokio::test]
async fn the_next_request_goes_wrong_as_a_test_wants_it() {
    for (failure, answer, charged) in
        [(Failure::AnswerLost, None, 1), (Failure::Error, Some(500), 0), (Failure::Refused, Some(401), 0)]
    {
        let world = World::new().await;
        let payment = Uuid::new_v4();
        world.sandbox.fail_next(Some(failure));
        let first = world.pay(payment, "approve").await;
        assert!(first == answer || first == Some(500), "{failure:?}: {first:?}");
        assert_eq!(world.sandbox.ledger().len(), charged, "{failure:?}");
        assert_eq!(world.pay(payment, "approve").await, Some(200));
        assert_eq!(world.sandbox.ledger()[0].requests, 2);
    }
}

#[tokio::test]
async fn out_of_reach_no_connection_is_taken_and_back_it_remembers() {
    let world = World::new().await;
    let payment = Uuid::new_v4();
    assert_eq!(world.pay(payment, "approve").await, Some(200));
    world.sandbox.set_reachable(false).await.unwrap();
    let refused = world.http.post(world.sandbox.url()).send().await.unwrap_err();
    assert!(refused.is_connect());
    world.sandbox.set_reachable(true).await.unwrap();
    assert_eq!(world.pay(payment, "approve").await, Some(200));
    assert_eq!(world.sandbox.ledger()[0].requests, 2);
}

#[tokio::test]
async fn only_who_has_the_token_and_speaks_the_format_is_heard() {
    let mut world = World::new().await;
    let payment = Uuid::new_v4();
    let right = body(payment, "4242424242424242");
    for (name, value) in [
        ("PaymentId", json!("1")),
        ("CustomerOrder", json!("4111111111111111")),
        ("Amount", json!(0)),
        ("Currency", json!(null)),
        ("CreditCard", json!("4242424242424241")),
        ("CardExpiry", json!("13/30")),
        ("More", json!(1)),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value;
        assert_eq!(world.ask(payment, &wrong).await.unwrap().0, 400, "{name}");
    }
    let foreign = world.http.post(world.sandbox.url()).header("Host", "pay.example").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    world.token = "another".into();
    assert_eq!(world.ask(payment, &right).await.unwrap().0, 401);
    assert!(world.sandbox.ledger().is_empty());
}
