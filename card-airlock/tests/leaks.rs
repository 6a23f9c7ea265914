//! Promise 1 at the real program: everything it writes, logs at TRACE included, is searched for cards that were sent
//! to it.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test's helpers fail the test by panicking, and tell what they did"
)]

#[path = "../../tests/end_to_end/leaks/mod.rs"]
mod leaks;

use std::{
    fs::File,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use card_airlock::{
    functions,
    stack::{Stack, StackOptions},
};
use card_airlock_lambda::{Lines, ProcessOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::tables::{AUDIT, QUARANTINE};
use test_support::{eventually, http_client};

use leaks::{Attempt, Cards, Searched, attempts, planted_forms};

/// Far more than anything here takes on a busy machine.

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_the_real_program_logs_stores_and_answers_no_card_at_trace() {
    let mut up = Up::start().await;
    let mut cards = Cards::random();
    let canary = cards.mint();
    let attempts: Vec<_> = ["1", "2"].iter().flat_map(|round| attempts(&mut cards, round)).collect();
    let mut searched =
        Searched::for_cards(&attempts.iter().map(|attempt| attempt.card.clone()).collect::<Vec<_>>());
    let http = http_client();
    for attempt in &attempts {
        let (status, answer) = attempt.send(&http, up.text("api"), up.text("token")).await;
        searched.bytes(&format!("the answer to a card {}", attempt.what), answer.as_bytes());
        assert_eq!(status, attempt.status, "{}: {answer}", attempt.what);
    }
    for attempt in attempts.iter().filter(|attempt| attempt.status == 202) {
        searched.bytes(attempt.what, paid(&http, up.text("api"), up.text("token"), attempt).await.as_bytes());
    }
    up.park_a_row().await;
    let accepted = attempts.iter().filter(|attempt| attempt.status == 202);
    let shown = accepted.map(|attempt| format!("orders/{}", attempt.order)).chain(["recent".to_owned()]);
    for what in shown {
        let (origin, _) = up.text("api").rsplit_once('/').unwrap();
        let console = http.get(format!("{origin}/console/{what}")).send().await.unwrap();
        assert_eq!(console.status(), 200, "{what}");
        searched.bytes(&format!("the console's {what}"), &console.bytes().await.unwrap());
    }

    let stored = up.stored().await;
    assert!(stored.iter().any(|(place, _)| place == AUDIT));
    for (place, rows) in &stored {
        assert!(!rows.is_empty(), "there is something in {place}");
        searched.bytes(place, rows);
    }
    let log = up.stop();
    for line in
        ["accepted", "tokenized", "detokenized", "settled", "parked", "Card Airlock is up", "Stopped."]
    {
        assert!(log.contains(line), "no {line} in the log:\n{log}");
    }
    searched.bytes("what the program printed and logged", log.as_bytes());
    assert_eq!(searched.found(), [""; 0]);

    for (form, text) in planted_forms(&canary) {
        let mut searched = Searched::for_cards(std::slice::from_ref(&canary));
        searched.bytes("planted", format!("{log} [{text}] {log}").as_bytes());
        assert!(!searched.found().is_empty(), "not found: {form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_the_functions_as_processes_write_no_card_at_trace() {
    let written = Arc::new(Mutex::new(String::new()));
    let keeper = Arc::clone(&written);
    let lines = Lines::new(move |line| keeper.lock().unwrap().push_str(&format!("{line}\n")));
    let processes = ProcessOptions { lines, ..ProcessOptions::beside_this_program().unwrap() };
    // Somebody who may set a function's environment may ask for more than is safe.
    let namespace = "        METRICS_NAMESPACE:";
    let loud = format!(
        "        LOG_LEVEL: TRACE\n        RUST_LOG: trace\n        AWS_LAMBDA_LOG_LEVEL: TRACE\n{namespace}"
    );
    let template = include_str!("../../template.yaml").replacen(namespace, &loud, 1);
    let options = StackOptions {
        processes: Some(processes),
        template: Some(template),
        ..StackOptions::on_free_ports(card_airlock::sign_in::ephemeral().unwrap())
    };
    let stack = Stack::start(options).await.unwrap();
    let (api, token) = (stack.api_url(), stack.token("ann", &[]).unwrap());
    let mut cards = Cards::random();
    let attempts = attempts(&mut cards, "processes");
    let sent: Vec<_> = attempts.iter().map(|attempt| attempt.card.clone()).collect();
    let mut searched = Searched::for_cards(&sent);
    let http = test_support::http_client();
    for attempt in &attempts {
        let (status, answer) = attempt.send(&http, &api, &token).await;
        searched.bytes(&format!("the answer to a card {}", attempt.what), answer.as_bytes());
        assert_eq!(status, attempt.status, "{}: {answer}", attempt.what);
    }
    for attempt in attempts.iter().filter(|attempt| attempt.status == 202) {
        searched.bytes(attempt.what, paid(&http, &api, &token, attempt).await.as_bytes());
    }
    stack.shutdown().await;
    let written = written.lock().unwrap();
    for line in ["accepted", "tokenized", "detokenized", "settled", "refused", "request_id"] {
        assert!(written.contains(line), "no {line} in what the processes wrote:\n{written}");
    }
    assert!(!written.contains("hyper::proto"), "dependencies stay at WARN");
    searched.bytes("what the processes wrote", written.as_bytes());
    assert_eq!(searched.found(), [""; 0]);
}

/// A running `card-airlock up`; killed when the test fails before stopping it.
struct Up {
    child: Child,
    home: TempDir,
    ready: Value,
}

impl Up {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let ready = home.path().join("ready.json");
        let output = |name: &str| File::create(home.path().join(name)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_card-airlock"))
            .args(["up", "--port", "0", "--aws-port", "0", "--log", "trace", "--ready-file"])
            .arg(&ready)
            .env("XDG_STATE_HOME", home.path())
            .envs([("RUST_LOG", "trace"), ("LOG_LEVEL", "TRACE"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE")])
            .stdin(Stdio::null())
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .spawn()
            .unwrap();
        let mut up = Self { child, home, ready: Value::Null };
        let text = eventually("up is ready", async || {
            assert!(up.child.try_wait().unwrap().is_none(), "up has ended");
            std::fs::read(&ready).ok()
        })
        .await;
        up.ready = serde_json::from_slice(&text).unwrap();
        up
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// An operator's row that no worker can carry across, so that a dead letter is among what is searched.
    async fn park_a_row(&self) {
        let dynamodb = aws_sdk_dynamodb::Client::new(&functions::sdk_config(self.text("aws"), "operator"));
        let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.into());
        let mut put = dynamodb.put_item().table_name(QUARANTINE);
        for (name, value) in [("CustomerOrder", "poison"), ("Owner", "somebody"), ("Status", "PENDING")] {
            put = put.item(name, text(value));
        }
        put.send().await.unwrap();
        eventually("the poison is parked", async || {
            let read = dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", text("poison"));
            let row = read.send().await.unwrap().item.unwrap();
            (row["Status"] == text("FAILED")).then_some(())
        })
        .await;
    }

    /// Everything at rest, as the real SDK reads it from outside; binary attributes as they are.
    async fn stored(&self) -> Vec<(String, Vec<u8>)> {
        let config = functions::sdk_config(self.text("aws"), "operator");
        let mut stored = Vec::new();
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        for table in dynamodb.list_tables().send().await.unwrap().table_names.unwrap() {
            let mut rows = Vec::new();
            let mut pages = dynamodb.scan().table_name(&table).into_paginator().send();
            while let Some(page) = pages.next().await {
                for value in page.unwrap().items.unwrap().iter().flat_map(|row| row.values()) {
                    rows.extend(
                        value.as_b().map_or_else(|_| format!("{value:?}").into(), |b| b.clone().into_inner()),
                    );
                    rows.push(b'\n');
                }
            }
            stored.push((table, rows));
        }
        stored.push(("the stream".into(), streamed(&config).await));
        let sqs = aws_sdk_sqs::Client::new(&config);
        let mut messages = Vec::new();
        for queue in sqs.list_queues().send().await.unwrap().queue_urls.unwrap() {
            let read = sqs.receive_message().queue_url(queue).max_number_of_messages(10);
            messages.extend(
                format!("{:?}", read.send().await.unwrap().messages.unwrap_or_default()).into_bytes(),
            );
        }
        stored.push(("the queues".into(), messages));
        stored
    }

    /// Stops it; gives all it printed and logged.
    fn stop(&mut self) -> String {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success() && self.child.wait().unwrap().success());
        let read = |name: &str| std::fs::read(self.home.path().join(name)).unwrap();
        String::from_utf8([read("stdout"), read("stderr")].concat()).unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Follows an order until it is tokenized, pays it, and gives every answer.
async fn paid(http: &reqwest::Client, api: &str, token: &str, attempt: &Attempt) -> String {
    let url = format!("{}/order/{}", api, attempt.order);
    let status = eventually("the order is tokenized", async || {
        let answer = http.get(&url).header("Authorization", token).send().await.unwrap();
        let answer = format!("{:?}", answer.headers()) + &answer.text().await.unwrap();
        assert!(!answer.contains("FAILED"), "{}: {answer}", attempt.what);
        answer.contains("TOKENIZED").then_some(answer)
    })
    .await;
    let pay = http.post(format!("{}/paybill", api)).header("Authorization", token);
    let pay = pay.header("Content-Type", "application/json");
    let paid = pay.body(json!({ "CustomerOrder": attempt.order }).to_string()).send().await.unwrap();
    assert_eq!(paid.status(), 200, "{}", attempt.what);
    status + &format!("{:?}", paid.headers()) + &paid.text().await.unwrap()
}

/// Every image of every stream, as the real SDK reads it.
async fn streamed(config: &aws_config::SdkConfig) -> Vec<u8> {
    let client = aws_sdk_dynamodbstreams::Client::new(config);
    let mut images = Vec::new();
    for stream in client.list_streams().send().await.unwrap().streams.unwrap() {
        let arn = stream.stream_arn.unwrap();
        let described = client.describe_stream().stream_arn(&arn).send().await.unwrap();
        for shard in described.stream_description.unwrap().shards.unwrap() {
            let first = client.get_shard_iterator().stream_arn(&arn).shard_id(shard.shard_id.unwrap());
            let first = first.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
            let mut next = first.shard_iterator;
            while let Some(iterator) = next {
                let page = client.get_records().shard_iterator(iterator).send().await.unwrap();
                let records = page.records.unwrap();
                next = page.next_shard_iterator.filter(|_| !records.is_empty());
                for change in records.into_iter().map(|record| record.dynamodb.unwrap()) {
                    let both = change.old_image.into_iter().chain(change.new_image);
                    for value in both.flat_map(|image| image.into_values()) {
                        images.extend(
                            value
                                .as_b()
                                .map_or_else(|_| format!("{value:?}").into(), |b| b.clone().into_inner()),
                        );
                        images.push(b'\n');
                    }
                }
            }
        }
    }
    images
}
