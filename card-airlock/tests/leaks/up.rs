//! The real program, with everything that it stores, logs and prints.

use std::{
    fs::File,
    process::{Child, Command, Stdio},
};

use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use card_airlock::functions;
use serde_json::Value;
use tempfile::TempDir;
use test_support::{eventually, tables::QUARANTINE};

/// A running `card-airlock up`; killed when the test fails before stopping it.
pub(super) struct Up {
    child: Child,
    pub(super) home: TempDir,
    ready: Value,
}

impl Up {
    /// Starts it, with further arguments.
    pub(super) async fn start(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let ready = home.path().join("ready.json");
        let output = |name: &str| File::create(home.path().join(name)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_card-airlock"))
            .args(["up", "--port", "0", "--aws-port", "0", "--log", "trace", "--ready-file"])
            .arg(&ready)
            .args(arguments)
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

    pub(super) fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// An operator's row that no worker can carry across, so that a dead letter is among what is searched.
    pub(super) async fn park_a_row(&self) {
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
    pub(super) async fn stored(&self) -> Vec<(String, Vec<u8>)> {
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
    pub(super) fn stop(&mut self) -> String {
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
