//! `events`, and a queue that is subscribed to the bus with the AWS SDK.

use std::{process::Stdio, time::Duration};

use aws_sdk_eventbridge::{
    primitives::DateTime,
    types::{PutEventsRequestEntry, Target},
};
use aws_sdk_sqs::types::QueueAttributeName;
use card_airlock::functions;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{World, is_presentable};

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:story";

impl World {
    fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&functions::sdk_config(&self.stack.aws_url(), "operator"))
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&functions::sdk_config(&self.stack.aws_url(), "operator"))
    }

    /// Puts an event of a test's own on the default bus.
    async fn put_event(&self, kind: &str, detail: Value) {
        let entry = PutEventsRequestEntry::builder()
            .source("test")
            .detail_type(kind)
            .time(DateTime::from_secs(1_795_914_000))
            .detail(detail.to_string());
        let put = self.eventbridge().put_events().entries(entry.build()).send().await.unwrap();
        assert_eq!((put.failed_entry_count(), put.entries().len()), (0, 1));
        assert!(put.entries()[0].event_id().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_a_line_each_of_one_order_too() {
    let world = World::start().await;
    world.put_event("order.tokenized", json!({ "CustomerOrder": "A-1" })).await;
    world
        .put_event("order.failed", json!({ "CustomerOrder": "x".repeat(64), "Reason": "ENVELOPE_REFUSED" }))
        .await;
    world
        .put_event("payment.submitted", json!({ "CustomerOrder": "A-1", "At": "2026-11-29T01:00:02.500Z" }))
        .await;
    let all = world.run(&["events"]).await.is(0);
    is_presentable(&all);
    assert!(
        all.out.contains("payment.submitted  A-1\n") && all.out.contains("ENVELOPE_REFUSED"),
        "{}",
        all.out
    );
    assert!(all.out.contains("2026-11-29 01:00:02  payment.submitted  A-1"), "{}", all.out);
    let one = world.run(&["events", "--order", "A-1", "--json"]).await.is(0).lines();
    let kinds: Vec<&Value> = one.iter().map(|event| &event["detail-type"]).collect();
    assert_eq!(kinds, ["order.tokenized", "payment.submitted"]);
    let envelopes: Vec<Value> =
        world.stack.aws().events().iter().map(|event| event.envelope.clone()).collect();
    assert_eq!(one[0], *envelopes.iter().find(|event| event["source"] == "test").unwrap());
    assert_eq!(world.run(&["events", "--order", "other"]).await.is(0).out, "");
    let nobody = tokio::process::Command::new(env!("CARGO_BIN_EXE_card-airlock"))
        .args(["events", "--aws-port", "1"])
        .output()
        .await
        .unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("no AWS endpoint answers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn later_events_are_printed_as_they_come() {
    let world = World::start().await;
    let port = world.stack.aws_url().rsplit(':').next().unwrap().to_owned();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.args(["events", "--follow", "--json", "--aws-port", &port]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in ["1", "2", "3"] {
        world.put_event("order.tokenized", json!({ "CustomerOrder": number })).await;
        let line = tokio::time::timeout(Duration::from_secs(90), lines.next_line()).await.unwrap();
        let event: Value = serde_json::from_str(&line.unwrap().unwrap()).unwrap();
        assert_eq!(event["detail"]["CustomerOrder"], number);
    }
    assert!(child.try_wait().unwrap().is_none(), "it waits for more");
}

/// The commands of docs/events.md, by the SDK.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_subscribed_and_gets_what_its_rule_matches() {
    let world = World::start().await;
    let (events, sqs) = (world.eventbridge(), world.sqs());
    let pattern = json!({ "source": ["test"], "detail-type": [{ "prefix": "payment." }] }).to_string();
    let rule = events.put_rule().name("payments").event_pattern(pattern).send().await.unwrap();
    let rule = rule.rule_arn().unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage",
        "Resource": QUEUE, "Condition": { "ArnEquals": { "aws:SourceArn": rule } },
    }] });
    let made = sqs.create_queue().queue_name("story");
    let made = made.attributes(QueueAttributeName::Policy, policy.to_string()).send().await.unwrap();
    let target = Target::builder().id("story").arn(QUEUE).build().unwrap();
    let put = events.put_targets().rule("payments").targets(target).send().await.unwrap();
    assert_eq!(put.failed_entry_count(), 0);
    let rules = events.list_rules().send().await.unwrap();
    assert_eq!(rules.rules()[0].name(), Some("payments"));
    let targets = events.list_targets_by_rule().rule("payments").send().await.unwrap();
    assert_eq!(targets.targets()[0].arn(), QUEUE);
    for kind in ["order.tokenized", "payment.submitted"] {
        world.put_event(kind, json!({ "CustomerOrder": "A-1" })).await;
    }
    let url = made.queue_url().unwrap();
    let received = sqs.receive_message().queue_url(url).wait_time_seconds(20).send().await.unwrap();
    let body: Value = serde_json::from_str(received.messages()[0].body().unwrap()).unwrap();
    assert_eq!(
        (&body["detail-type"], &body["time"]),
        (&json!("payment.submitted"), &json!("2026-11-29T01:00:00Z"))
    );
    assert_eq!((received.messages().len(), &body["detail"]["CustomerOrder"]), (1, &json!("A-1")));
    let refused = events.put_rule().name("bad").event_pattern("{}").send().await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_event_pattern_exception());
}
