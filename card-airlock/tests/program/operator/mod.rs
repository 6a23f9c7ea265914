//! The operator's commands against a running stack, as a shell sees them: what they print, what they change, exit codes.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers fail the test by panicking"
)]

mod auditing;
mod deployed_otherwise;
mod doctor;
mod drill;
mod events;
mod listing;
mod settling;
mod status;

use std::{collections::HashMap, process::Stdio, sync::Arc};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{Router, body::to_bytes, extract::Request};
use card_airlock::{
    console::{ConsoleOptions, OrderLog},
    functions,
    operations::{Place, StackAccess},
    sign_in,
    stack::{Stack, StackOptions},
};
use clock::Clock;
use order::Timestamp;
use serde_json::Value;
use test_support::{Client, tables::ORDERS};

type Item = HashMap<String, AttributeValue>;

/// What a command came to.
struct Done {
    code: i32,
    out: String,
    told: String,
}

impl Done {
    fn is(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.told);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.told))
    }

    /// One value a line.
    fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

struct World {
    stack: Arc<Stack>,
    /// Where the commands find it.
    aws_url: String,
}

impl World {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(parameters: &[(&str, &str)]) -> Self {
        Self::on(None, parameters, Clock::system()).await
    }

    /// A stack of another template.
    async fn of(template: String, parameters: &[(&str, &str)]) -> Self {
        Self::on(Some(template), parameters, Clock::system()).await
    }

    async fn on(template: Option<String>, parameters: &[(&str, &str)], clock: Clock) -> Self {
        let given = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let options = StackOptions {
            parameters: given.collect(),
            template,
            clock,
            // As `up` has one.
            console: Some(ConsoleOptions { log: OrderLog::default(), time: None }),
            ..StackOptions::on_free_ports(sign_in::ephemeral().unwrap())
        };
        let stack = Stack::start(options).await.unwrap();
        Self { aws_url: stack.aws_url(), stack: Arc::new(stack) }
    }

    /// The same stack, whose services say this in each answer that has the member.
    async fn answering(&self, member: &'static str, value: Value) -> Self {
        let (upstream, http) = (self.stack.aws_url(), test_support::http_client());
        let forward = move |request: Request| {
            let (upstream, http, value) = (upstream.clone(), http.clone(), value.clone());
            async move {
                let (mut head, body) = request.into_parts();
                head.headers.remove("host");
                head.headers.remove("content-length");
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let url = format!("{upstream}{}", head.uri);
                let reply =
                    http.request(head.method, url).headers(head.headers).body(body).send().await.unwrap();
                let (status, mut headers) = (reply.status(), reply.headers().clone());
                headers.remove("content-length");
                let body = reply.bytes().await.unwrap();
                let edited = serde_json::from_slice::<Value>(&body).ok().and_then(|mut answer| {
                    *answer.as_object_mut()?.get_mut(member)? = value;
                    Some(answer.to_string().into())
                });
                (status, headers, edited.unwrap_or(body))
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let aws_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, Router::new().fallback(forward)).into_future());
        Self { stack: Arc::clone(&self.stack), aws_url }
    }

    /// A command, as a script runs it: nobody is at a terminal.
    async fn run(&self, arguments: &[&str]) -> Done {
        let port = self.aws_url.rsplit(':').next().unwrap().to_owned();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_card-airlock"));
        command.args(arguments).args(["--aws-port", &port]).stdin(Stdio::null());
        let output = command.output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done { code: output.status.code().unwrap(), out: text(output.stdout), told: text(output.stderr) }
    }

    async fn access(&self) -> StackAccess {
        StackAccess::open(Place::Up { aws_url: self.aws_url.clone() }).await.unwrap()
    }

    fn user(&self, groups: &[&str]) -> Client {
        let groups: Vec<_> = groups.iter().map(|group| (*group).to_owned()).collect();
        Client::new(&self.stack.api_url(), self.stack.token("ann", &groups).unwrap())
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&functions::sdk_config(&self.stack.aws_url(), "operator"))
    }

    fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&functions::sdk_config(&self.stack.aws_url(), "operator"))
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&functions::sdk_config(&self.stack.aws_url(), "operator"))
    }

    /// Turns the worker's stream mapping off, so that what is put stays where it is. Gives its id.
    async fn stop_mapping(&self) -> String {
        self.stop_mapping_of("card-airlock-TokenizeWorkerFunction").await
    }

    async fn stop_mapping_of(&self, function: &str) -> String {
        let lambda = self.lambda();
        let of_function = || lambda.list_event_source_mappings().function_name(function);
        let mappings = of_function().send().await.unwrap();
        let uuid = mappings.event_source_mappings()[0].uuid().unwrap().to_owned();
        lambda.update_event_source_mapping().uuid(&uuid).enabled(false).send().await.unwrap();
        test_support::eventually("the mapping is off", async || {
            let read = of_function().send().await.unwrap();
            (read.event_source_mappings()[0].state() == Some("Disabled")).then_some(())
        })
        .await;
        uuid
    }

    async fn put(&self, table: &str, item: Item) {
        self.dynamodb().put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    async fn row(&self, table: &str, order: &str) -> Option<Item> {
        let read = self.dynamodb().get_item().table_name(table).key("CustomerOrder", s(order));
        read.consistent_read(true).send().await.unwrap().item
    }

    /// A clean order whose payment stands so. Its name, address and token are words that nobody may see.
    async fn put_clean(&self, order: &str, more: &[(&str, AttributeValue)]) {
        self.put(ORDERS, clean(order, more)).await;
    }
}

const PAYMENT: &str = "550e8400-e29b-41d4-a716-446655440000";
const CLAIM: &str = "550e8400-e29b-41d4-a716-446655440001";
/// What no command may print.
const HIDDEN: [&str; 4] =
    ["Ann-Hidden", "Hidden-Street", "6d7e3a44-0000-4000-8000-000000000001", "4111111111111111"];

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn item(pairs: &[(&str, AttributeValue)]) -> Item {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

/// So many seconds ago.
fn ago(seconds: u64) -> Timestamp {
    Timestamp::of_epoch_seconds(now().epoch_seconds() - seconds)
}

fn clean(order: &str, more: &[(&str, AttributeValue)]) -> Item {
    let mut row = item(&[
        ("CustomerOrder", s(order)),
        ("CustomerName", s(HIDDEN[0])),
        ("Address", s(HIDDEN[1])),
        ("CreditCardToken", s(HIDDEN[2])),
        ("CardLast4", s("1111")),
        ("CardBrand", s("visa")),
        ("Owner", s("ann")),
        ("AcceptanceId", s(PAYMENT)),
        ("AcceptedAt", s(&ago(120).to_string())),
        ("TokenizedAt", s(&ago(119).to_string())),
    ]);
    row.extend(item(more));
    row
}

/// A payment that stands so.
fn payment(status: &str) -> Vec<(&'static str, AttributeValue)> {
    let mut payment = vec![
        ("PaymentStatus", s(status)),
        ("PaymentId", s(PAYMENT)),
        ("PaymentStartedAt", s("2026-11-21T18:59:33.120Z")),
        ("PaymentAmount", n(1999)),
        ("PaymentCurrency", s("USD")),
        ("PaymentProfile", s("airlock")),
        ("PaymentProfileDigest", s("digest")),
        ("PaymentOrigin", s("https://pay.example/")),
        ("PaymentAccount", s("")),
        ("PaymentPayer", s("OWNER")),
    ];
    if status == "SUBMITTING" {
        payment.extend([("ClaimId", s(CLAIM)), ("ClaimedUntil", s("2026-11-21T19:00:33.120Z"))]);
    }
    payment
}

/// A quarantine row that was accepted so many seconds ago.
fn quarantined(order: &str, status: &str, age: u64, more: &[(&str, AttributeValue)]) -> Item {
    let mut row = item(&[
        ("CustomerOrder", s(order)),
        ("CustomerName", s(HIDDEN[0])),
        ("Address", s(HIDDEN[1])),
        ("Owner", s("ann")),
        ("AcceptanceId", s(PAYMENT)),
        ("AcceptedAt", s(&ago(age).to_string())),
        ("ArmedAt", s(&ago(age).to_string())),
        ("Attempt", n(1)),
        ("Status", s(status)),
        ("Deadline", n(now().epoch_seconds() + 3_600)),
        ("CardLast4", s("1111")),
    ]);
    row.extend(item(more));
    row
}

/// Everything that was printed fits the screen and shows nothing that it must not.
fn is_presentable(done: &Done) {
    for text in [&done.out, &done.told] {
        for hidden in HIDDEN {
            assert!(!text.contains(hidden), "{text}");
        }
        // A command stays on its line, so that it can be pasted, and an error on its own, so that it can be searched for.
        let apart = |line: &str| {
            ["{", "error: "].iter().any(|begins| line.starts_with(begins))
                || ["aws ", "card-airlock "].iter().any(|command| line.contains(command))
        };
        for line in text.lines().filter(|line| !apart(line)) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
