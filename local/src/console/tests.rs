//! The console as a browser and as an intruder see it: over a real socket, before a running stack.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use paybill::Sandbox;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{ConsoleOptions, MovableClock, OrderLog, test_cards::TEST_CARDS};
use crate::{
    issuer::Issuer,
    stack::{Stack, StackOptions},
};

const PATIENCE: Duration = Duration::from_secs(90);
/// Making an RSA key is the slow part: the tests share its file.
static KEY: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// A running stack with its console.
struct Page {
    stack: Stack,
    address: SocketAddr,
}

impl Page {
    async fn start() -> Self {
        let sandbox = Arc::new(Sandbox::default());
        let time = MovableClock::default();
        let console = ConsoleOptions {
            log: OrderLog::default(),
            time: Some(time.clone()),
            sandbox: Some(Arc::clone(&sandbox)),
        };
        let stack = Stack::start(StackOptions {
            clock: time.clock(),
            processor: sandbox,
            sdk_attempts: 1,
            console: Some(console),
            ..StackOptions::on_free_ports(Issuer::kept_in(KEY.path()).unwrap())
        })
        .await
        .unwrap();
        let url = stack.api_url();
        let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap().parse().unwrap();
        Self { stack, address }
    }

    /// One request with exactly these headers; the answer whole.
    async fn raw(&self, line: &str, headers: &[&str], body: &str) -> String {
        let mut request =
            format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        headers.iter().for_each(|header| request += &format!("{header}\r\n"));
        request += &format!("\r\n{body}");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let host = format!("Host: {}", self.address);
        let origin = format!("Origin: http://{}", self.address);
        let headers = [host.as_str(), &origin, "Content-Type: application/json"];
        parsed(&self.raw(&format!("POST {path}"), &headers, &body.to_string()).await)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        parsed(&self.raw(&format!("GET {path}"), &[&format!("Host: {}", self.address)], "").await)
    }

    async fn place(&self, order: &str, card: &str) -> (u16, Value) {
        let order = json!({ "order": order, "name": "A", "address": "B", "testCard": card });
        self.post("/console/orders", order).await
    }

    async fn stage(&self, order: &str) -> String {
        let (_, inside) = self.get(&format!("/console/orders/{order}")).await;
        inside["summary"]["stage"].as_str().unwrap_or("none").to_owned()
    }

    async fn until(&self, order: &str, stage: &str) {
        eventually(&format!("{order} is {stage}"), async || self.stage(order).await == stage).await;
    }
}

fn parsed(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn only_a_loopback_host_is_served_and_every_answer_has_the_strict_policy() {
    let page = Page::start().await;
    let own = format!("Host: {}", page.address);
    for path in ["/", "/console/recent", "/console/js/main.js"] {
        let refused = page.raw(&format!("GET {path}"), &["Host: evil.example"], "").await;
        assert!(refused.starts_with("HTTP/1.1 403"), "{path}: {refused}");
        let served = page.raw(&format!("GET {path}"), &[&own], "").await;
        assert!(served.starts_with("HTTP/1.1 200"), "{path}: {served}");
        for answer in [refused, served] {
            let policy = answer.lines().find(|line| line.starts_with("content-security-policy: ")).unwrap();
            for rule in
                ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"]
            {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
        }
    }
}

#[test]
fn the_page_needs_no_inline_script_or_style_and_nothing_from_elsewhere() {
    let html = include_str!("../../console/index.html");
    for forbidden in ["<style", "style=", "onclick", "onload", "http://", "https://", "javascript:"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let scripts = html.matches("<script").count();
    assert_eq!((scripts, html.matches(r#"<script type="module" src="/console/"#).count()), (1, 1));
}

#[tokio::test]
async fn nothing_changes_without_the_pages_own_origin() {
    let page = Page::start().await;
    let own = format!("Host: {}", page.address);
    let origin = format!("Origin: http://{}", page.address);
    let body = r#"{"name":"kms","on":true}"#;
    let json = "Content-Type: application/json";
    for headers in [
        vec![own.as_str(), json],
        vec![&own, "Origin: http://evil.example", json],
        vec![&own, "Origin: null", json],
        vec![&own, &origin, json, "Sec-Fetch-Site: cross-site"],
        vec![&own, &origin, "Content-Type: text/plain"],
        vec!["Host: evil.example", "Origin: http://evil.example", json],
    ] {
        let answer = page.raw("POST /console/switch", &headers, body).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{headers:?}: {answer}");
        assert!(page.stack.aws().faults().in_force().is_empty(), "{headers:?}");
    }
    for path in ["orders", "pay", "crash", "poison", "clock", "replay", "sweep"] {
        let answer = page.raw(&format!("POST /console/{path}"), &[&own, json], "{}").await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{path}: {answer}");
        let answer = page.raw(&format!("GET /console/{path}"), &[&own], "").await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{path}: {answer}");
    }
    let foreign = page.raw("GET /console/recent", &[&own, "Sec-Fetch-Site: same-site"], "").await;
    assert!(foreign.starts_with("HTTP/1.1 403"), "{foreign}");
    let answer = page.raw("POST /console/switch", &[&own, &origin, json], body).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(page.stack.aws().faults().in_force().len(), 1);
}

#[tokio::test]
async fn a_stack_without_a_console_serves_none() {
    let issuer = Issuer::kept_in(KEY.path()).unwrap();
    let stack = Stack::start(StackOptions::on_free_ports(issuer)).await.unwrap();
    let answer = reqwest::get(format!("{}/../", stack.api_url())).await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn an_order_is_placed_seen_inside_and_paid() {
    let page = Page::start().await;
    let (status, placed) = page.place("a-1", "declined").await;
    assert_eq!(
        (status, &placed["status"], &placed["answer"]["Status"]),
        (200, &json!(202), &json!("PENDING"))
    );
    page.until("a-1", "tokenized").await;
    let (_, inside) = page.get("/console/orders/a-1").await;
    let rows = &inside["rows"];
    assert!(rows["quarantine"].is_null());
    assert_eq!(rows["clean"]["CreditCardToken"]["value"], rows["vault"]["Hash_Key"]["value"]);
    assert_eq!(
        (&rows["vault"]["CandidateString"]["type"], &rows["clean"]["CardLast4"]["value"]),
        (&json!("B"), &json!("0002"))
    );
    let events: Vec<_> = inside["stream"].as_array().unwrap().iter().map(|record| &record["event"]).collect();
    assert_eq!(events, ["INSERT", "REMOVE"]);
    let calls: Vec<_> =
        inside["calls"].as_array().unwrap().iter().map(|call| call["operation"].as_str().unwrap()).collect();
    for call in ["GenerateDataKey", "PutItem", "Decrypt", "TransactWriteItems"] {
        assert!(calls.contains(&call), "{call} in {calls:?}");
    }
    assert_eq!(inside["charges"], json!([]));

    let (_, paid) = page.post("/console/pay", json!({ "order": "a-1" })).await;
    assert_eq!((&paid["status"], &paid["answer"]["code"]), (&json!(402), &json!("PAYMENT_DECLINED")));
    let (_, inside) = page.get("/console/orders/a-1").await;
    assert_eq!(inside["summary"]["stage"], "declined");
    assert_eq!(inside["charges"][0]["outcome"], "declined");
}

#[tokio::test]
async fn a_refusal_is_the_apis_own_and_many_orders_are_counted() {
    let page = Page::start().await;
    let (_, refused) = page.place("b", "wrong").await;
    assert_eq!((&refused["status"], &refused["answer"]["code"]), (&json!(422), &json!("CARD_INVALID")));
    let many = json!({ "order": "many", "name": "A", "address": "B", "testCard": "amex", "count": 12 });
    let (_, placed) = page.post("/console/orders", many).await;
    assert_eq!(placed, json!({ "placed": 12, "outcomes": { "202": 12 } }));
    page.until("many-012", "tokenized").await;
    for nonsense in
        [json!({}), json!({ "order": "x", "name": "A", "address": "B" }), json!("4111 1111 1111 1111")]
    {
        let (status, answer) = page.post("/console/orders", nonsense).await;
        assert_eq!(status, 400, "{answer}");
    }
    assert_eq!(page.get("/console/orders/never-placed").await.0, 404);
    assert_eq!(page.get("/console/orders/4111111111111111").await.0, 404);
}

#[tokio::test]
async fn an_order_is_held_while_kms_is_down_and_a_replay_mends_it() {
    let page = Page::start().await;
    // The key of the first order's batch is in the worker's hands already: only the vault's key fails.
    page.place("before", "visa").await;
    page.until("before", "tokenized").await;
    page.post("/console/switch", json!({ "name": "kms-worker", "on": true })).await;
    page.place("held", "visa").await;
    eventually("Lambda gives up", async || !page.stack.aws().waiting().is_empty()).await;
    assert_eq!(page.stage("held").await, "quarantine");
    let (_, inside) = page.get("/console/orders/held").await;
    assert_eq!(inside["letters"].as_array().unwrap().len(), 1, "positions that cover its record");
    let failed = inside["calls"].as_array().unwrap().iter().filter(|call| call["onPurpose"] == true).count();
    assert!(failed > 0, "{inside}");

    page.post("/console/switch", json!({ "name": "kms-worker", "on": false })).await;
    let (_, dry) = page.post("/console/replay", json!({ "dryRun": true })).await;
    assert_eq!((&dry["dryRun"], &dry["rearmed"]), (&json!(true), &json!(1)));
    assert_eq!(page.stage("held").await, "quarantine", "a dry run changes nothing");
    let (_, replayed) = page.post("/console/replay", json!({})).await;
    assert_eq!((&replayed["rearmed"], &replayed["messagesSettled"]), (&json!(1), &json!(1)));
    page.until("held", "tokenized").await;
    assert!(page.stack.aws().waiting().is_empty());
}

#[tokio::test]
async fn a_crash_strikes_after_the_transaction_and_doubles_nothing() {
    let page = Page::start().await;
    let (_, pulse) = page.post("/console/crash", json!({})).await;
    assert_eq!(pulse["crashesArmed"], 1);
    page.place("crashed", "visa").await;
    let worker = || page.stack.aws().tally("TokenizeWorkerRole", "TransactWriteItems").calls;
    eventually("the worker is invoked again", async || worker() == 2).await;
    page.until("crashed", "tokenized").await;
    let (_, pulse) = page.post("/console/switch", json!({ "name": "kms", "on": false })).await;
    assert_eq!(
        (&pulse["crashesArmed"], &pulse["functions"]["TokenizeWorkerFunction"]["failed"]),
        (&json!(0), &json!(1))
    );
    let rows = page.stack.aws().snapshot().unwrap();
    assert_eq!(rows["tables"]["CreditCardTokenizerTable"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_poison_order_is_parked_with_its_reason() {
    let page = Page::start().await;
    assert_eq!(page.post("/console/poison", json!({})).await.0, 409, "there is nothing to copy");
    page.place("source", "visa").await;
    page.until("source", "tokenized").await;
    let (_, poison) = page.post("/console/poison", json!({})).await;
    let order = poison["order"].as_str().unwrap();
    page.until(order, "failed").await;
    let (_, inside) = page.get(&format!("/console/orders/{order}")).await;
    assert_eq!(inside["summary"]["reason"], "ENVELOPE_REFUSED");
    assert_eq!(inside["letters"][0]["body"]["Kind"], "PARKED");
}

#[tokio::test]
async fn putting_the_clock_forward_sweeps_and_past_the_deadline_expires() {
    let page = Page::start().await;
    page.post("/console/switch", json!({ "name": "kms-worker", "on": true })).await;
    page.place("late", "visa").await;
    page.until("late", "quarantine").await;
    let (_, forward) = page.post("/console/clock", json!({ "minutes": 73 * 60 })).await;
    assert_eq!((&forward["ahead"], &forward["swept"]["expired"]), (&json!(73 * 3600), &json!(1)));
    assert_eq!(page.stage("late").await, "expired");
    let (_, swept) = page.post("/console/sweep", json!({})).await;
    assert_eq!((&swept["rows"], &swept["expired"]), (&json!(1), &json!(0)));
}

/// Promise 1 at the console: what it answers and streams is searched for every card that was placed.
#[tokio::test]
async fn promise_1_no_card_is_in_any_answer_or_event_of_the_console() {
    let page = Page::start().await;
    let typed = "4929 1234 5678 1236";
    let mut events = BufReader::new(TcpStream::connect(page.address).await.unwrap());
    let ask = format!("GET /console/events HTTP/1.1\r\nHost: {}\r\n\r\n", page.address);
    events.get_mut().write_all(ask.as_bytes()).await.unwrap();
    let reader = tokio::spawn(async move {
        let mut heard = String::new();
        while !heard.contains("\"typed\",") || !heard.contains("\"paid\":1") {
            if events.read_line(&mut heard).await.unwrap() == 0 {
                break;
            }
        }
        heard
    });
    let mut said = String::new();
    for card in &TEST_CARDS {
        said += &page.place(&format!("card-{}", card.name), card.name).await.1.to_string();
    }
    let order = json!({ "order": "typed", "name": "A", "address": "B", "number": typed, "expiry": "12/39" });
    let (_, placed) = page.post("/console/orders", order).await;
    assert_eq!(placed["status"], 202, "{placed}");
    said += &placed.to_string();
    let wrong = json!({ "order": typed, "name": typed, "address": typed, "number": typed, "odd": typed });
    said += &page.post("/console/orders", wrong).await.1.to_string();
    page.until("typed", "tokenized").await;
    page.until("card-visa", "tokenized").await;
    said += &page.post("/console/pay", json!({ "order": "typed" })).await.1.to_string();
    for path in ["recent", "orders/typed", "orders/card-visa", "orders/card-sample"] {
        said += &page.get(&format!("/console/{path}")).await.1.to_string();
    }
    said += &tokio::time::timeout(PATIENCE, reader).await.unwrap().unwrap();
    assert!(
        said.contains("event: state") && said.contains("SealedCard") && said.contains("TransactWriteItems")
    );
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let unseparated = said.replace([' ', '-'], "");
    for number in
        TEST_CARDS.iter().map(|card| card.number).chain([typed]).filter(|number| digits(number).len() > 12)
    {
        assert!(!unseparated.contains(&digits(number)), "{number}");
    }
}
