//! The demo against a fake of the pipeline, which can be told to go wrong: the demo must notice.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use card_airlock_gateway::{self as gateway, Issuer, RestApi, Route};
use card_airlock_lambda::Function;
use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::{api_client::ClientError, deployment::ACCOUNT_ID, listen, sandbox::Sandbox};

/// What the fake does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    CardInTheAnswer,
    CardInTheCleanRow,
    CardInTheVault,
    NoVaultRow,
    QuarantineLeft,
    WholeCardCharged,
    NotCharged,
    ChargedTwice,
    Refuses,
    Fails,
}

static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(|| Arc::new(crate::sign_in::ephemeral().unwrap()));

struct FakePipeline {
    api_url: String,
    aws_url: String,
    sandbox: Sandbox,
}

impl FakePipeline {
    async fn start(flaw: Flaw) -> Self {
        let aws = listen::on_loopback(0, "aws").await.unwrap();
        let aws_url = format!("http://{}", aws.local_addr().unwrap());
        crate::aws::start(aws, clock::Clock::system(), std::future::pending()).await.unwrap();
        let sandbox = Sandbox::start().await.unwrap();
        sandbox.want_bearer("token");
        let backend = Arc::new(Backend {
            flaw,
            tables: client(&aws_url).await,
            asked: Mutex::default(),
            sandbox: sandbox.clone(),
        });

        let listener = listen::on_loopback(0, "api").await.unwrap();
        let api_url = format!("http://{}/dev", listener.local_addr().unwrap());
        let function = Function::new(move |event, _| {
            let backend = Arc::clone(&backend);
            async move { Ok(backend.answer(&serde_json::from_slice(&event).unwrap()).await.to_string().into()) }
        });
        let routes =
            [(Method::POST, "/order"), (Method::GET, "/order/{CustomerOrder}"), (Method::POST, "/paybill")];
        let routes = routes.map(|(method, path)| Route {
            method,
            path: path.to_owned(),
            function: function.clone(),
            timeout: Duration::from_secs(20),
            requires_sign_in: true,
        });
        let api = RestApi {
            id: "api".to_owned(),
            stage: "dev".to_owned(),
            account_id: ACCOUNT_ID.to_owned(),
            routes: routes.into(),
            cors: None,
            error_answer: crate::front::error_answer,
            issuer: Arc::clone(&ISSUER),
            clock: clock::Clock::system(),
        };
        tokio::spawn(gateway::serve(api, listener, std::future::pending()));
        Self { api_url, aws_url, sandbox }
    }

    async fn walk(&self) -> (Result<(), DemoError>, String) {
        let token = || ISSUER.token("demo", &[]);
        let api = ApiClient::new(&self.api_url, &token).unwrap();
        let mut out = Vec::new();
        let outcome =
            walk::walk(&api, &self.aws_url, &self.sandbox, false, &mut anstream::StripStream::new(&mut out))
                .await;
        (outcome, String::from_utf8(out).unwrap())
    }

    async fn orders(&self, text: &str) -> (Result<(), DemoError>, String) {
        self.orders_with(text, Results { json: false, file: None }).await
    }

    async fn orders_with(&self, text: &str, results: Results<'_>) -> (Result<(), DemoError>, String) {
        let token = || ISSUER.token("demo", &[]);
        let api = ApiClient::new(&self.api_url, &token).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut out = Vec::new();
        let outcome = file::run(&api, file.path(), results, &mut anstream::StripStream::new(&mut out)).await;
        (outcome, String::from_utf8(out).unwrap())
    }
}

async fn client(aws_url: &str) -> Client {
    let client = Client::new(&crate::functions::sdk_config(aws_url, "operator"));
    table(&client, "OrderQuarantineTable", &["CustomerOrder"]).await;
    table(&client, "CustomerOrderTable", &["CustomerOrder"]).await;
    table(&client, "CreditCardTokenizerTable", &["Hash_Key", "Account_Id"]).await;
    client
}

async fn table(client: &Client, name: &str, keys: &[&str]) {
    let mut table = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        let element = KeySchemaElement::builder().attribute_name(*key).key_type(kind).build().unwrap();
        let attribute =
            AttributeDefinition::builder().attribute_name(*key).attribute_type(ScalarAttributeType::S);
        table = table.key_schema(element).attribute_definitions(attribute.build().unwrap());
    }
    table.send().await.unwrap();
}

/// The functions: one look at a status is PENDING, the next is the end.
struct Backend {
    flaw: Flaw,
    tables: Client,
    asked: Mutex<HashMap<String, AtomicU64>>,
    sandbox: Sandbox,
}

const CARD: &str = "0000-0000-0000-0000";

impl Backend {
    async fn answer(&self, event: &Value) -> Value {
        let body: Value = serde_json::from_str(event["body"].as_str().unwrap_or("{}")).unwrap();
        match event["resource"].as_str().unwrap() {
            "/order" => self.order(&body).await,
            "/paybill" => self.pay(body["CustomerOrder"].as_str().unwrap()).await,
            _ => self.status(event["pathParameters"]["CustomerOrder"].as_str().unwrap()),
        }
    }

    async fn order(&self, body: &Value) -> Value {
        let order = body["CustomerOrder"].as_str().unwrap();
        if self.flaw == Flaw::Refuses || body["CreditCard"].is_null() {
            return answer(422, &json!({ "message": "no", "code": "CARD_INVALID", "requestId": "r" }));
        }
        self.store(order, body).await;
        let answered = json!({
            "message": "Order Accepted",
            "CustomerOrder": order,
            "Status": "PENDING",
            "AcceptanceId": uuid::Uuid::new_v4(),
            "AcceptedAt": "2026-01-01T00:00:00Z",
            "Echo": if self.flaw == Flaw::CardInTheAnswer { CARD } else { "" },
        });
        let mut accepted = answer(202, &answered);
        accepted["headers"] = json!({ "Location": format!("/dev/order/{order}"), "Retry-After": "1" });
        accepted
    }

    fn status(&self, order: &str) -> Value {
        let mut asked = self.asked.lock().unwrap();
        let before = asked.entry(order.to_owned()).or_default().fetch_add(1, Ordering::Relaxed);
        let ended = if self.flaw == Flaw::Fails { "FAILED" } else { "TOKENIZED" };
        let status = if before == 0 { "PENDING" } else { ended };
        let mask = "****-****-****-0000";
        let shown = json!({ "CustomerOrder": order, "Status": status, "CreditCardToken": token(order), "CreditCard": mask });
        answer(200, &shown)
    }

    async fn pay(&self, order: &str) -> Value {
        let times = match self.flaw {
            Flaw::NotCharged => 0,
            Flaw::ChargedTwice => 2,
            _ => 1,
        };
        for _ in 0..times {
            let payment = uuid::Uuid::new_v4().to_string();
            let body =
                json!({ "PaymentId": payment, "CustomerOrder": order, "CreditCard": CARD.replace('-', "") });
            let http = test_support::http_client();
            let request = http.post(self.sandbox.url()).bearer_auth("token").body(body.to_string());
            assert_eq!(request.header("Idempotency-Key", payment).send().await.unwrap().status(), 200);
        }
        let charged = if self.flaw == Flaw::WholeCardCharged { CARD } else { "****-****-****-0000" };
        answer(200, &json!({ "message": "Payment Submitted Successfully", "CreditCard Charged": charged }))
    }

    async fn store(&self, order: &str, body: &Value) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let member = |name: &str| text(body[name].as_str().unwrap_or_default());
        let mut clean = vec![
            ("CustomerOrder", text(order)),
            ("CustomerName", member("CustomerName")),
            ("Address", member("Address")),
            ("CreditCardToken", text(&token(order))),
        ];
        if self.flaw == Flaw::CardInTheCleanRow {
            clean.push(("Note", text("card 0000 0000 0000 0000")));
        }
        self.put("CustomerOrderTable", clean).await;
        if self.flaw == Flaw::QuarantineLeft {
            self.put("OrderQuarantineTable", vec![("CustomerOrder", text(order))]).await;
        }
        if self.flaw != Flaw::NoVaultRow {
            let sealed = if self.flaw == Flaw::CardInTheVault { CARD.as_bytes() } else { b"\x01 sealed" };
            let vault = vec![
                ("Hash_Key", text(&token(order))),
                ("Account_Id", text(ACCOUNT_ID)),
                ("CandidateString", AttributeValue::B(Blob::new(sealed))),
                ("DataKey", AttributeValue::B(Blob::new(*b"wrapped"))),
            ];
            self.put("CreditCardTokenizerTable", vault).await;
        }
    }

    async fn put(&self, table: &str, row: Vec<(&str, AttributeValue)>) {
        let row = row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.tables.put_item().table_name(table).set_item(Some(row)).send().await.unwrap();
    }
}

fn answer(status: u16, body: &Value) -> Value {
    json!({ "statusCode": status, "body": body.to_string() })
}

/// A random-looking UUID for an order.
fn token(order: &str) -> String {
    let mut bytes = *uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, order.as_bytes()).as_bytes();
    bytes[6] = 0x40 | (bytes[6] & 0x0f);
    uuid::Uuid::from_bytes(bytes).to_string()
}

#[tokio::test]
async fn the_walk_passes_over_a_sound_pipeline_and_shows_no_card() {
    let (outcome, shown) = FakePipeline::start(Flaw::None).await.walk().await;
    outcome.unwrap_or_else(|error| panic!("{error}\n{shown}"));
    for wanted in ["1. ", "7. ", "202 Accepted", "TOKENIZED", "asked 2 times", "0 rows", "All 7 steps"] {
        assert!(shown.contains(wanted), "{wanted}\n{shown}");
    }
    assert!(!readable::in_bytes(CARD, shown.as_bytes()), "{shown}");
}

#[tokio::test]
async fn the_walk_notices_each_thing_that_is_off_and_says_in_which_step() {
    let flaws = [
        (Flaw::Refuses, 1),
        (Flaw::CardInTheAnswer, 1),
        (Flaw::Fails, 2),
        (Flaw::WholeCardCharged, 3),
        (Flaw::CardInTheCleanRow, 4),
        (Flaw::CardInTheVault, 5),
        (Flaw::NoVaultRow, 5),
        (Flaw::QuarantineLeft, 6),
        (Flaw::NotCharged, 7),
        (Flaw::ChargedTwice, 7),
    ];
    for (flaw, expected) in flaws {
        let (outcome, shown) = FakePipeline::start(flaw).await.walk().await;
        let Err(DemoError::Unexpected { step, .. }) = outcome else { panic!("{flaw:?}: {outcome:?}") };
        assert_eq!(step, expected, "{flaw:?}");
        assert!(shown.contains('✗'), "{flaw:?}");
    }
}

fn order(id: &str) -> String {
    json!({ "CustomerOrder": id, "CustomerName": "n", "CreditCard": CARD, "Address": "a" }).to_string()
}

#[tokio::test]
async fn a_file_of_good_orders_comes_through() {
    let orders: Vec<String> = (0..40).map(|number| order(&format!("o-{number}"))).collect();
    let (outcome, shown) = FakePipeline::start(Flaw::None).await.orders(&orders.join("\n")).await;
    outcome.unwrap_or_else(|error| panic!("{error}\n{shown}"));
    let counts: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    for name in ["orders", "accepted", "tokenized", "paid"] {
        assert!(counts.contains(&vec![name, "40"]), "{shown}");
    }
}

#[tokio::test]
async fn results_are_written_in_the_order_of_the_file_with_token_and_mask_and_no_card() {
    let text = format!("\u{feff}{}\n{}\nnot json\n{}", order("b"), order("a"), order("b"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let results = Results { json: true, file: Some(file.path()) };
    let (outcome, shown) = FakePipeline::start(Flaw::None).await.orders_with(&text, results).await;
    assert!(matches!(outcome, Err(DemoError::Incomplete)));
    let written = std::fs::read_to_string(file.path()).unwrap();
    let lines: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let paid = |line: u64, id: &str| json!({ "line": line, "order": id, "token": token(id), "card": "****-****-****-0000", "status": "PAID" });
    let bad = json!({ "line": 3, "status": "REFUSED", "reason": "NOT_JSON" });
    assert_eq!(lines[..4], [paid(1, "b"), paid(2, "a"), bad, paid(4, "b")]);
    assert_eq!(
        lines[4..],
        [
            json!({ "orders": 4, "accepted": 3, "tokenized": 3, "paid": 3, "refused": 1, "failed": 0, "unpaid": 0 })
        ]
    );
    assert_eq!(written.lines().collect::<Vec<_>>(), shown.lines().take(4).collect::<Vec<_>>());
    assert!(!readable::in_bytes(CARD, shown.as_bytes()), "{shown}");
}

#[tokio::test]
async fn a_file_without_an_order_or_that_cannot_be_read_is_an_error_that_names_it() {
    for text in ["", "\n \n", "\u{feff}"] {
        let (outcome, shown) = FakePipeline::start(Flaw::None).await.orders(text).await;
        assert!(matches!(outcome, Err(DemoError::NoOrders(_))), "{text:?} {shown}");
    }
    let error = std::io::Error::other("why");
    let error = DemoError::Orders { path: "orders.jsonl".into(), error };
    assert_eq!(error.to_string(), "cannot read the orders in orders.jsonl: why");
}

#[tokio::test]
async fn bad_lines_are_counted_by_number_never_echoed_and_fail_the_run() {
    let card = "4929123456781234";
    let without_card = json!({ "CustomerOrder": "o-2" }).to_string();
    let text = format!("{}\n\nnot json {card}\n{without_card}\n{{\"a\": {card}\n", order("o-1"));
    let (outcome, shown) = FakePipeline::start(Flaw::None).await.orders(&text).await;
    assert!(matches!(outcome, Err(DemoError::Incomplete)));
    assert!(shown.contains("2  NOT_JSON: lines 3, 5\n"), "{shown}");
    assert!(shown.contains("1  422 CARD_INVALID: line 4\n"), "{shown}");
    assert!(!shown.contains(card));
}

#[tokio::test]
async fn orders_that_end_failed_fail_the_run() {
    let (outcome, shown) = FakePipeline::start(Flaw::Fails).await.orders(&order("o-1")).await;
    assert!(matches!(outcome, Err(DemoError::Incomplete)));
    assert!(shown.contains("1  FAILED: line 1\n"), "{shown}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_an_error() {
    let fake = FakePipeline::start(Flaw::None).await;
    let token = || ISSUER.token("demo", &[]);
    let api = ApiClient::new(&fake.api_url, &token).unwrap();
    let results = Results { json: false, file: None };
    let outcome = file::run(&api, std::path::Path::new("/no/such/file"), results, &mut Vec::new()).await;
    assert!(matches!(outcome, Err(DemoError::Orders { .. })));
}

#[tokio::test]
async fn the_token_does_not_follow_a_location_to_another_server() {
    let token = || ISSUER.token("demo", &[]);
    let api = ApiClient::new("http://127.0.0.1:9/dev", &token).unwrap();
    for elsewhere in ["http://evil.example/dev/order/1", "//evil.example/x", "http://127.0.0.1:10/dev"] {
        assert!(matches!(api.status(Some(elsewhere), "1").await, Err(ClientError::ForeignLocation)));
    }
    assert_eq!(api.status_url(Some("/dev/order/1"), "1").unwrap().as_str(), "http://127.0.0.1:9/dev/order/1");
    assert_eq!(api.status_url(None, "a/b").unwrap().as_str(), "http://127.0.0.1:9/dev/order/a%2Fb");
}
