//! A processor that this project does not know, charged by a profile in its own file: Basic authentication, decimal
//! amounts, two steps, declines with 200, and a lookup by GET.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use card_airlock::sandbox::named;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use crate::support::{Client, Log, ORDERS, World, order_of, text};

/// A claim lasts 60 s.
const CLAIM_OVER: Duration = Duration::from_secs(61);
const SECRET: &str = "shop:open sesame";
/// The same in Base64, as RFC 7617 wants it.
const BASIC: &str = "Basic c2hvcDpvcGVuIHNlc2FtZQ==";

const PROFILE: &str = r#"
name = "corner-bank"
auth = { scheme = "basic" }
requires = { amount = true, expiry = true }

[idempotency]
header = "Once"
kept_hours = 48
resend_after_unknown = "same_key"

[[steps]]
name = "store"
path = "/cards"
key_suffix = "-card"
take = { card = "/card/id" }
[steps.body]
pan = "{card.number}"
valid_to = "{card.expiry:YYYY-MM}"

[[steps.rules]]
status = [200]
when = { "/ok" = true }
outcome = "next"

[[steps.rules]]
status = [200]
when = { "/ok" = false }
outcome = "declined"
code = "/why"

[[steps]]
name = "charge"
method = "PUT"
path = "/payments/{payment_id}"
key_suffix = "-charge"
[steps.body]
card = "{taken.card}"
total = "{amount:decimal}"
currency = "{currency}"
memo = ["{order_id}", "{customer_name}"]

[[steps.rules]]
status = [200]
when = { "/ok" = true }
outcome = "submitted"
reference = "/receipt"

[[steps.rules]]
status = [200]
when = { "/ok" = false, "/never" = true }
outcome = "declined"
code = "/why"
kind = "hard"

[[steps.rules]]
status = [200]
when = { "/ok" = false }
outcome = "declined"
code = "/why"

[[steps.rules]]
status = [401]
outcome = "refused"

[lookup]
path = "/payments/{payment_id}"

[[lookup.rules]]
status = [200]
when = { "/ok" = true }
outcome = "submitted"
reference = "/receipt"
"#;

/// What the bank knows and does.
#[derive(Default)]
struct Bank {
    cards: Mutex<HashMap<String, Value>>,
    /// Payments that were charged, by their id.
    charged: Mutex<HashMap<String, Value>>,
    /// Every request: method, path, body.
    seen: Mutex<Vec<(String, String, String)>>,
    /// What the next charge answers, though it charges.
    next: Mutex<Option<Response>>,
    /// What the next card is answered.
    next_card: Mutex<Option<Response>>,
    is_mute: Mutex<bool>,
}

impl Bank {
    async fn open() -> (Arc<Self>, String) {
        let bank = Arc::new(Self::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v7", listener.local_addr().unwrap());
        let routes = Router::new()
            .route("/v7/cards", post(store))
            .route("/v7/payments/{id}", get(look_up).put(charge))
            .with_state(Arc::clone(&bank))
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&bank), admitted));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (bank, url)
    }

    fn requests(&self, method: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|(seen, ..)| seen == method).count()
    }

    fn charges(&self) -> usize {
        self.charged.lock().unwrap().len()
    }
}

/// Writes the request down, and lets in who shows the secret.
async fn admitted(State(bank): State<Arc<Bank>>, request: Request, next: axum::middleware::Next) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 10_000).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    bank.seen.lock().unwrap().push((head.method.to_string(), head.uri.path().to_owned(), text));
    if head.headers.get("authorization").is_none_or(|secret| secret != BASIC) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(Request::from_parts(head, body.into())).await
}

async fn store(State(bank): State<Arc<Bank>>, body: Bytes) -> Response {
    if let Some(answer) = bank.next_card.lock().unwrap().take() {
        return answer;
    }
    let card: Value = serde_json::from_slice(&body).unwrap();
    let mut cards = bank.cards.lock().unwrap();
    let id = format!("card-{}", cards.len() + 1);
    cards.insert(id.clone(), card);
    Json(json!({ "ok": true, "card": { "id": id } })).into_response()
}

async fn charge(
    State(bank): State<Arc<Bank>>,
    Path(payment): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    assert_eq!(headers["once"].to_str().unwrap(), format!("{payment}-charge"));
    let card = bank.cards.lock().unwrap()[body["card"].as_str().unwrap()]["pan"].clone();
    let declined = |why: &str, never: bool| Json(json!({ "ok": false, "why": why, "never": never }));
    let known = |name: &str| named(name).unwrap().number;
    if card == known("insufficient-funds") {
        return declined("no_money", false).into_response();
    }
    if card == known("stolen") {
        return declined("stolen", true).into_response();
    }
    let mut charged = bank.charged.lock().unwrap();
    let receipt = format!("rcpt.{}", charged.len() + 1);
    let paid = charged.entry(payment).or_insert_with(|| json!({ "ok": true, "receipt": receipt })).clone();
    bank.next.lock().unwrap().take().unwrap_or_else(|| Json(paid).into_response())
}

async fn look_up(State(bank): State<Arc<Bank>>, Path(payment): Path<String>) -> Response {
    if *bank.is_mute.lock().unwrap() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match bank.charged.lock().unwrap().get(&payment) {
        Some(paid) => Json(paid.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A pipeline that charges at the bank, by the profile in a file outside of the repository.
struct Setting {
    world: World,
    bank: Arc<Bank>,
    merchant: Client,
    _profile: NamedTempFile,
}

impl Setting {
    async fn new(profile: &str) -> Self {
        let mut file = NamedTempFile::with_suffix(".toml").unwrap();
        file.write_all(profile.as_bytes()).unwrap();
        let (bank, url) = Bank::open().await;
        let path = file.path().to_str().unwrap().to_owned();
        let world = World::stepped_under([("ProcessorUrl", &*url), ("ProcessorProfile", &*path)]).await;
        let arn = &world.declared.function("PaybillFunction").unwrap().environment["PROCESSOR_SECRET_ARN"];
        world.aws.change_secret(arn, SECRET).await.unwrap();
        let merchant = world.clerk();
        Self { world, bank, merchant, _profile: file }
    }

    async fn tokenized(&self, id: &str, card: &str) {
        let mut order = order_of(id, named(card).unwrap().number);
        order["CardExpiry"] = json!("03/31");
        order["Amount"] = json!(1999);
        order["Currency"] = json!("USD");
        self.world.tokenized(&self.merchant, &order).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_of_somebody_elses_is_charged_without_a_line_of_rust() {
    let setting = Setting::new(PROFILE).await;
    let Setting { world, bank, merchant, .. } = &setting;
    setting.tokenized("1", "insufficient-funds").await;
    assert_eq!(merchant.pay("1").await.is(402).code(), "PAYMENT_DECLINED");
    assert_eq!(bank.charges(), 0);
    merchant.put_card("1", named("approve").unwrap().number).await.is(202);
    world.deliver_last().await;
    let paid = merchant.pay("1").await.is(200);
    assert_eq!(paid.text("ProcessorReference"), "rcpt.1");
    assert_eq!(bank.charges(), 1);
    let row = world.only_row(ORDERS).await;
    assert_eq!(text(&row, "PaymentProfile"), "corner-bank");
    let history = row["PaymentHistory"].as_l().unwrap()[0].as_m().unwrap();
    assert_eq!(history["DeclineCode"].as_s().unwrap(), "no_money");

    let seen = bank.seen.lock().unwrap();
    let [_, _, (method, path, stored), (put, payment, charged)] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/v7/cards"));
    assert_eq!(stored, r#"{"pan":"4242424242424242","valid_to":"2030-12"}"#);
    assert_eq!(
        (put.as_str(), payment.as_str()),
        ("PUT", &*format!("/v7/payments/{}", text(&row, "PaymentId")))
    );
    let charged: Value = serde_json::from_str(charged).unwrap();
    let expected = json!({
        "card": "card-2", "total": "19.99", "currency": "USD", "memo": ["1", "Amazon Web Services"],
    });
    assert_eq!(charged, expected, "and nothing of the card");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_an_answer_that_is_lost_is_looked_up_before_anything_is_sent_again() {
    let setting = Setting::new(PROFILE).await;
    let Setting { world, bank, merchant, .. } = &setting;
    setting.tokenized("1", "approve").await;
    *bank.next.lock().unwrap() = Some(StatusCode::BAD_GATEWAY.into_response());
    assert_eq!(merchant.pay("1").await.is(200).text("ProcessorReference"), "rcpt.1");
    assert_eq!((bank.requests("PUT"), bank.requests("GET")), (1, 1));
    // The lookup does not answer either: the same key, after the claim.
    setting.tokenized("2", "approve").await;
    *bank.is_mute.lock().unwrap() = true;
    *bank.next.lock().unwrap() = Some(StatusCode::BAD_GATEWAY.into_response());
    assert_eq!(merchant.pay("2").await.is(503).code(), "PAYMENT_UNCONFIRMED");
    world.advance(CLAIM_OVER);
    merchant.pay("2").await.is(200);
    assert_eq!((bank.requests("PUT"), bank.charges()), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_where_nothing_protects_a_repeat_only_a_lookup_settles_a_payment() {
    let setting = Setting::new(&PROFILE.replace("\"same_key\"", "\"never\"")).await;
    let Setting { world, bank, merchant, .. } = &setting;
    setting.tokenized("1", "approve").await;
    *bank.is_mute.lock().unwrap() = true;
    *bank.next.lock().unwrap() = Some(StatusCode::BAD_GATEWAY.into_response());
    merchant.pay("1").await.is(503);
    world.advance(CLAIM_OVER);
    assert_eq!(merchant.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN");
    assert_eq!(bank.requests("PUT"), 1);
    *bank.is_mute.lock().unwrap() = false;
    world.advance(CLAIM_OVER);
    assert_eq!(merchant.pay("1").await.is(200).text("ProcessorReference"), "rcpt.1");
    assert_eq!((bank.requests("PUT"), bank.charges()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_decline_by_a_step_before_the_charge_settles_only_a_payment_that_begins() {
    let decline = || Json(json!({ "ok": false, "why": "bad_card" })).into_response();
    let setting = Setting::new(PROFILE).await;
    let Setting { world, bank, merchant, .. } = &setting;
    setting.tokenized("begins", "approve").await;
    *bank.next_card.lock().unwrap() = Some(decline());
    merchant.pay("begins").await.is(402);
    assert_eq!(text(&world.row(ORDERS, "begins").await.unwrap(), "PaymentStatus"), "DECLINED");
    assert_eq!(bank.requests("PUT"), 0);
    // The first try may have charged: what the step says about the card now does not show that.
    setting.tokenized("taken-over", "approve").await;
    *bank.is_mute.lock().unwrap() = true;
    *bank.next.lock().unwrap() = Some(StatusCode::BAD_GATEWAY.into_response());
    merchant.pay("taken-over").await.is(503);
    world.advance(CLAIM_OVER);
    *bank.next_card.lock().unwrap() = Some(decline());
    assert_eq!(merchant.pay("taken-over").await.is(503).code(), "PAYMENT_UNCONFIRMED");
    let row = world.row(ORDERS, "taken-over").await.unwrap();
    assert_eq!(text(&row, "PaymentStatus"), "SUBMITTING");
    assert!(!row.contains_key("PaymentHistory"));
    world.advance(CLAIM_OVER);
    merchant.pay("taken-over").await.is(200);
    assert_eq!(bank.charges(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_decline_is_one_by_the_profiles_own_rule() {
    let setting = Setting::new(PROFILE).await;
    let Setting { world, merchant, .. } = &setting;
    setting.tokenized("1", "stolen").await;
    merchant.pay("1").await.is(402);
    let again = merchant.pay_with("two", &json!({ "CustomerOrder": "1" })).await.is(409);
    assert_eq!(again.code(), "ANOTHER_CARD_NEEDED");
    assert_eq!(world.only_row(ORDERS).await["HardDeclines"].as_ss().unwrap(), &["visa:9979"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_our_own_fault_and_charges_nothing() {
    let setting = Setting::new(PROFILE).await;
    let Setting { world, bank, merchant, .. } = &setting;
    setting.tokenized("1", "approve").await;
    let arn = &world.declared.function("PaybillFunction").unwrap().environment["PROCESSOR_SECRET_ARN"];
    world.aws.change_secret(arn, "shop:guessed").await.unwrap();
    // The first step has no rule for a 401: nothing was charged, and the claim is given back.
    merchant.pay("1").await.is(503);
    assert!(!world.only_row(ORDERS).await.contains_key("PaymentStatus"));
    world.aws.change_secret(arn, SECRET).await.unwrap();
    merchant.pay("1").await.is(200);
    assert_eq!(bank.charges(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_an_answer_that_says_nothing_leaves_the_claim_and_the_payment_is_taken_up_once() {
    let setting = Setting::new(PROFILE).await;
    let Setting { world, bank, merchant, .. } = &setting;
    let log = Log::of_all_tests();
    let card = named("approve").unwrap().number;
    let quoting = |status: StatusCode| (status, format!("m4rk-of-the-bank {card}")).into_response();
    let twice = || r#"{"ok":false,"ok":true,"receipt":"rcpt.0"}"#.into_response();
    let mut compressed = r#"{"ok":true}"#.into_response();
    compressed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let answers = [
        ("empty", ().into_response()),
        ("HTML", quoting(StatusCode::OK)),
        ("twice", twice()),
        ("compressed", compressed),
        ("long", format!(r#"{{"ok":true,"more":"{}"}}"#, "x".repeat(70 * 1024)).into_response()),
        ("another-type", r#"{"ok":"true"}"#.into_response()),
        ("no-content", StatusCode::NO_CONTENT.into_response()),
        ("moved", (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response()),
        ("declined-by-nobody", quoting(StatusCode::PAYMENT_REQUIRED)),
        ("failed", quoting(StatusCode::INTERNAL_SERVER_ERROR)),
    ];
    let count = answers.len();
    for (name, answer) in answers {
        setting.tokenized(name, "approve").await;
        *bank.is_mute.lock().unwrap() = true;
        *bank.next.lock().unwrap() = Some(answer);
        assert_eq!(merchant.pay(name).await.is(503).code(), "PAYMENT_UNCONFIRMED", "{name}");
        let row = world.row(ORDERS, name).await.unwrap();
        assert_eq!(text(&row, "PaymentStatus"), "SUBMITTING", "{name}");
        assert!(row.contains_key("ClaimId") && row.contains_key("PaymentProfile"), "{name}");
        assert_eq!(merchant.pay(name).await.is(409).code(), "PAYMENT_IN_PROGRESS", "{name}");
        world.advance(CLAIM_OVER);
        merchant.pay(name).await.is(200);
    }
    assert_eq!(bank.charges(), count);
    // The outcome is kept of an answer whose reference or code quotes the card; the text is not.
    *bank.is_mute.lock().unwrap() = false;
    setting.tokenized("quotes", "approve").await;
    *bank.next.lock().unwrap() = Some(Json(json!({ "ok": true, "receipt": card })).into_response());
    assert_eq!(merchant.pay("quotes").await.is(200).json.get("ProcessorReference"), None);
    assert!(!world.row(ORDERS, "quotes").await.unwrap().contains_key("ProcessorReference"));
    setting.tokenized("quotes-too", "approve").await;
    *bank.next.lock().unwrap() = Some(Json(json!({ "ok": false, "why": card })).into_response());
    merchant.pay("quotes-too").await.is(402);
    let row = world.row(ORDERS, "quotes-too").await.unwrap();
    let history = row["PaymentHistory"].as_l().unwrap()[0].as_m().unwrap();
    assert_eq!(history["DeclineCode"].as_s().unwrap(), "unreadable");
    let lines = log.lines();
    assert!(lines.contains("the processor answered"));
    assert!(!lines.contains("m4rk-of-the-bank") && !lines.contains(card));
}
