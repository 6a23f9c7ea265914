use std::time::Duration;

use card_airlock_services::Keep;
use order::Outcome;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

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

/// A sandbox that keeps its state in this folder.
async fn kept_in(folder: &TempDir) -> World {
    let sandbox = Sandbox::keeping(Keep::open(folder.path()).unwrap().store()).await.unwrap();
    let http = Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(60));
    World { token: sandbox.secret(), sandbox, http: http.build().unwrap() }
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    Keep::make(folder.path()).unwrap();
    folder
}

impl World {
    /// As a kill leaves it: nothing is done at the end.
    async fn stopped(self) -> (String, String) {
        let known_by = (self.sandbox.url(), self.token.clone());
        self.sandbox.shutdown().await;
        known_by
    }

    async fn stripe(&self, key: &str, path: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(format!("{}/v1/{path}", self.sandbox.url_of(Dialect::Stripe)));
        let request = request.bearer_auth(&self.token).header("Idempotency-Key", key).body(body);
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }
}

#[tokio::test]
async fn a_kept_sandbox_is_known_by_the_same_address_and_secret_and_remembers_what_it_charged() {
    let folder = folder();
    let before = kept_in(&folder).await;
    let (payment, declined) = (Uuid::new_v4(), Uuid::new_v4());
    assert_eq!(before.pay(payment, "approve").await, Some(200));
    assert_eq!(before.pay(declined, "decline").await, Some(402));
    let once = Uuid::new_v4();
    assert_eq!(before.pay(once, "error-once").await, Some(500));
    let known_by = before.stopped().await;

    let after = kept_in(&folder).await;
    assert_eq!((after.sandbox.url(), after.token.clone()), known_by);
    let charges = after.sandbox.ledger();
    let [charge, refusal] = &charges[..] else { panic!("{charges:?}") };
    assert_eq!((charge.payment_id, charge.requests, charge.dialect), (payment, 1, Dialect::Airlock));
    assert_eq!((charge.order.as_str(), charge.last4.to_string().as_str()), ("1", "4242"));
    let amount = charge.amount.unwrap();
    assert_eq!((amount.minor_units.count(), amount.currency.to_string().as_str()), (5, "EUR"));
    assert!(charge.charged_with("4242424242424242") && !charge.charged_with("4000000000000002"));
    assert_eq!((&charge.outcome, refusal.payment_id), (&Outcome::Submitted, declined));
    assert!(matches!(&refusal.outcome, Outcome::Declined(code) if code.to_string() == "card_declined"));
    // The same payment is not charged again, another card under its key is refused, and a card fails once only.
    assert_eq!(after.pay(payment, "approve").await, Some(200));
    assert_eq!(after.pay(payment, "4111111111111111").await, Some(400));
    assert_eq!(after.pay(once, "error-once").await, Some(200));
    assert_eq!(after.sandbox.ledger().len(), 3);
    assert_eq!(after.sandbox.ledger()[0].requests, 3);
}

#[tokio::test]
async fn a_kept_sandbox_has_no_card_and_stripe_charges_once_across_a_restart() {
    let folder = folder();
    let before = kept_in(&folder).await;
    let method = [
        ("type", "card"),
        ("card[number]", "4242424242424242"),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2030"),
    ];
    let (_, made) = before.stripe("a", "payment_methods", &method).await;
    let method_id = made["id"].as_str().unwrap().to_owned();
    let payment = Uuid::new_v4().to_string();
    let intent = [
        ("amount", "5"),
        ("currency", "eur"),
        ("payment_method", &method_id),
        ("metadata[payment_id]", &payment),
        ("metadata[order]", "1"),
    ];
    let (_, made) = before.stripe("b", "payment_intents", &intent).await;
    let confirm = format!("payment_intents/{}/confirm", made["id"].as_str().unwrap());
    before.stopped().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(16).any(|part| part == b"4242424242424242"));
    }

    let after = kept_in(&folder).await;
    assert_eq!(after.stripe("b", "payment_intents", &intent).await, (StatusCode::OK, made));
    let (status, _) = after.stripe("c", &confirm, &[]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "the card is not there");
    assert!(after.sandbox.ledger().is_empty());
    let (status, again) = after.stripe("a", "payment_methods", &method).await;
    assert_eq!((status, again["id"].as_str()), (StatusCode::OK, Some(method_id.as_str())), "the same one");
    let charged = after.stripe("d", &confirm, &[]).await;
    assert_eq!((charged.0, &charged.1["status"]), (StatusCode::OK, &json!("succeeded")));
    after.stopped().await;

    let last = kept_in(&folder).await;
    assert_eq!(last.stripe("d", &confirm, &[]).await, charged, "the saved answer");
    let (status, _) = last.stripe("e", &confirm, &[]).await;
    assert_eq!((status, last.sandbox.ledger().len()), (StatusCode::BAD_REQUEST, 1), "by no other key either");
}

#[tokio::test]
async fn a_port_that_somebody_else_took_is_given_up() {
    let folder = folder();
    let before = kept_in(&folder).await;
    let (url, _) = before.stopped().await;
    let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    // Should another test have taken it meanwhile, it is taken, too.
    let _taken = std::net::TcpListener::bind(address);
    let after = kept_in(&folder).await;
    assert_ne!(after.sandbox.url(), url);
    assert_eq!(after.pay(Uuid::new_v4(), "approve").await, Some(200));
}
