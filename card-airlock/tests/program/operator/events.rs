//! `events`, and a queue that is subscribed to the bus with the AWS SDK.

use std::{process::Stdio, time::Duration};

use aws_sdk_eventbridge::{
    primitives::DateTime,
    types::{PutEventsRequestEntry, Target},
};
use aws_sdk_sqs::types::QueueAttributeName;
use card_airlock::functions;
use serde_json::{Value, json};
use test_support::{eventually, order};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader, Lines},
    process::Child,
};

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
    let mistyped = world.run(&["events", "--order", "other"]).await.is(1);
    assert_eq!(
        (mistyped.out.as_str(), mistyped.told.as_str()),
        ("", "error: no table has an order of this id\n")
    );
    let nobody = tokio::process::Command::new(env!("CARGO_BIN_EXE_card-airlock"))
        .args(["events", "--aws-port", "1"])
        .output()
        .await
        .unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("no AWS endpoint answers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_events_is_told_from_one_that_nobody_knows() {
    let world = World::start().await;
    world.stop_mapping().await;
    world.user(&[]).submit(&order("A-1")).await.is(202);
    let known = world.run(&["events", "--order", "A-1", "--json"]).await.is(0);
    assert_eq!(known.told, "The bus has no event of this order since `up` was started.\n");
    assert_eq!(known.out, "");
    let mut child = following(&world, &["--order", "A-2"]);
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    assert_eq!(next(&mut told).await, "Nobody knows this order yet: this waits for one.");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    world.put_event("order.tokenized", json!({ "CustomerOrder": "A-3" })).await;
    world.put_event("order.tokenized", json!({ "CustomerOrder": "A-2" })).await;
    assert!(next(&mut lines).await.ends_with("  A-2"));
    child.kill().await.unwrap();
    assert_eq!(told.next_line().await.unwrap(), None, "it is said once");
}

/// `events --follow`, until it is killed.
fn following(world: &World, more: &[&str]) -> Child {
    let port = world.stack.aws_url().rsplit(':').next().unwrap().to_owned();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_card-airlock"));
    command.args(["events", "--follow", "--aws-port", &port]).args(more).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

async fn next<T: AsyncRead + Unpin>(lines: &mut Lines<BufReader<T>>) -> String {
    let line = tokio::time::timeout(Duration::from_secs(90), lines.next_line()).await.unwrap();
    line.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn later_events_are_printed_as_they_come() {
    let world = World::start().await;
    let mut child = following(&world, &["--json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in ["1", "2", "3"] {
        world.put_event("order.tokenized", json!({ "CustomerOrder": number })).await;
        let event: Value = serde_json::from_str(&next(&mut lines).await).unwrap();
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

/// How many events wait in the queue of refused ones.
fn refused(world: &World) -> usize {
    world.stack.aws().waiting().iter().filter(|letter| letter.body.contains("card-airlock")).count()
}

/// The orders of which the bus has this event, oldest first.
fn told(world: &World, kind: &str) -> Vec<String> {
    let events = world.stack.aws().events();
    let of_kind = events.iter().filter(|event| event.envelope["detail-type"] == kind);
    of_kind.map(|event| event.envelope["detail"]["CustomerOrder"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_the_bus_refused_are_put_again_and_none_is_lost_on_the_way() {
    let world = World::start().await;
    let faults = world.stack.aws().faults();
    faults.add("NotifyRole/events/PutEvents=entries-refused".parse().unwrap());
    for (number, id) in ["A-1", "A-2", "A-3"].into_iter().enumerate() {
        world.user(&[]).submit(&order(id)).await.is(202);
        // One after the other: each is the first of its call, and the bus refuses it.
        eventually("it waits", async || (refused(&world) == number + 1).then_some(())).await;
    }
    faults.clear();
    let replay = async |more: &[&str]| world.run(&[&["replay", "--events"], more].concat()).await;
    let status = world.run(&["status", "--json"]).await.is(3).json();
    assert_eq!((&status["refusedEvents"], &status["deadLetters"]), (&json!(3), &json!(0)), "{status}");
    assert_eq!(status["needsAttention"], true);
    let next: Vec<_> = status["next"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(next.len() == 1 && next[0].contains(" replay --events --dry-run --aws-port "), "{next:?}");
    let shown = world.run(&["status"]).await.is(3);
    assert!(shown.out.contains("Events that were refused          3"), "{}", shown.out);
    let dry = replay(&["--dry-run", "--json"]).await.is(3).json();
    let expected = json!({
        "dryRun": true, "sent": { "order.tokenized": 3 }, "refused": 0, "unreadable": 0, "others": 0,
        "stoppedAtMax": false,
    });
    assert_eq!(dry, expected);
    // Nobody is here to confirm it.
    let unconfirmed = replay(&[]).await.is(4);
    is_presentable(&unconfirmed);
    assert!(unconfirmed.told.starts_with("This is put on the bus again\n"), "{}", unconfirmed.told);
    // The bus still refuses each, or does not answer at all.
    faults.add("OperatorReplay/events/PutEvents=entries-refused".parse().unwrap());
    let again = replay(&["--max", "1", "--yes", "--json"]).await.is(3).json();
    assert_eq!(
        (&again["sent"], &again["refused"], &again["stoppedAtMax"]),
        (&json!({}), &json!(1), &json!(true))
    );
    faults.clear();
    faults.add("OperatorReplay/events/PutEvents=error".parse().unwrap());
    let failed = replay(&["--yes"]).await.is(1);
    assert!(failed.told.contains("the event bus is not available"), "{}", failed.told);
    faults.clear();
    assert_eq!((refused(&world), told(&world, "order.tokenized")), (3, vec![]), "all are where they were");
    // Those of one order; then so many; then the rest.
    let one = replay(&["--order", "A-2", "--yes", "--json"]).await.is(0).json();
    assert_eq!((&one["sent"], &one["others"]), (&json!({ "order.tokenized": 1 }), &json!(2)));
    assert_eq!((refused(&world), told(&world, "order.tokenized")), (2, vec!["A-2".to_owned()]));
    let some = replay(&["--max", "1", "--yes", "--json"]).await.is(3).json();
    assert_eq!((&some["sent"], &some["stoppedAtMax"]), (&json!({ "order.tokenized": 1 }), &json!(true)));
    assert_eq!(refused(&world), 1);
    // What is no event stays.
    let queue = &world.stack.declared.outputs["EventDeadLetterQueueUrl"].value;
    world.sqs().send_message().queue_url(queue).message_body("4111111111111111").send().await.unwrap();
    let rest = replay(&["--yes"]).await.is(3);
    assert!(!rest.told.contains("Dry run") && !rest.told.contains("left"), "{}", rest.told);
    assert!(rest.out.contains("1  messages that are no event of this release; they stay"), "{}", rest.out);
    is_presentable(&rest);
    assert_eq!((refused(&world), world.stack.aws().waiting().len()), (0, 1));
    let mut all = told(&world, "order.tokenized");
    all.sort_unstable();
    assert_eq!(all, ["A-1", "A-2", "A-3"]);
    // Each as it was refused: with the time of its change and its position.
    for event in world.stack.aws().events() {
        let detail = &event.envelope["detail"];
        assert_eq!(
            detail["At"].as_str().unwrap().get(..19),
            event.envelope["time"].as_str().unwrap().get(..19)
        );
        assert!(detail["Position"].as_str().unwrap().contains("#1#"), "{detail}");
    }
}
