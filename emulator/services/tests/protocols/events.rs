//! EventBridge over the wire.

use std::time::Duration;

use card_airlock_services::{EventDelivery, FaultKind, FaultRule, Service, When};
use serde_json::{Value, json};

use crate::wire::{Up, ask, up};

const BUS: &str = "arn:aws:events:us-east-1:123456789012:event-bus/shop";

async fn with_a_bus() -> Up {
    let up = up().await;
    assert_eq!(up.aws.create_event_bus("shop"), BUS);
    up
}

async fn call(up: &Up, caller: &str, operation: &str, asked: Value) -> (u16, Value) {
    let headers =
        format!("X-Amz-Target: AWSEvents.{operation}\r\nContent-Type: application/x-amz-json-1.1\r\n");
    let (status, head, answer) = ask(&up.aws, "POST /", caller, "events", &headers, asked.to_string()).await;
    assert!(head.contains("content-type: application/x-amz-json-1.1"), "{head}");
    (status, serde_json::from_slice(&answer).unwrap())
}

fn entry(detail_type: &str) -> Value {
    json!({ "Source": "shop", "DetailType": detail_type, "Detail": "{}", "EventBusName": "shop" })
}

#[tokio::test]
async fn events_are_put_and_read() {
    let up = with_a_bus().await;
    let mut numbers = up.aws.event_numbers();
    let (status, answer) =
        call(&up, "operator", "PutEvents", json!({ "Entries": [entry("sold"), entry("sent")] })).await;
    assert_eq!((status, &answer["FailedEntryCount"]), (200, &json!(0)));
    assert!(numbers.has_changed().unwrap());
    assert_eq!(*numbers.borrow_and_update(), 2);
    let types: Vec<Value> =
        up.aws.events().iter().map(|event| event.envelope["detail-type"].clone()).collect();
    assert_eq!(types, ["sold", "sent"]);
    assert_eq!(up.aws.events_after(1).len(), 1);
    assert_eq!(up.aws.snapshot().unwrap()["events"][1]["detail-type"], "sent");
    let call = up.aws.calls().pop().unwrap();
    assert_eq!((call.service, call.resources), (Service::EventBridge, vec!["shop".to_owned(); 2]));
}

#[tokio::test]
async fn errors_have_the_names_of_eventbridge() {
    let up = with_a_bus().await;
    for (operation, asked, code) in [
        ("PutEvents", json!({ "Entries": [] }), "ValidationException"),
        ("PutEvents", json!({ "Entries": 1 }), "SerializationException"),
        ("PutEvents", json!({ "Entries": [entry("sold")], "EndpointId": "e" }), "ValidationException"),
        ("DescribeEventBus", json!({ "Name": "other" }), "ResourceNotFoundException"),
        ("CreateArchive", json!({}), "UnknownOperationException"),
    ] {
        let (status, answer) = call(&up, "operator", operation, asked).await;
        assert_eq!((status, &answer["__type"]), (400, &json!(code)), "{operation}");
    }
}

#[tokio::test]
async fn a_role_puts_what_its_policy_names() {
    let up = with_a_bus().await;
    let put = async |types: &[&str]| {
        let entries: Vec<Value> = types.iter().map(|kind| entry(kind)).collect();
        let (status, answer) = call(&up, "R", "PutEvents", json!({ "Entries": entries })).await;
        (status, answer["__type"].as_str().unwrap_or_default().to_owned())
    };
    let denied = (400, "AccessDeniedException".to_owned());
    assert_eq!(put(&["sold"]).await, denied);
    up.allow("events:PutEvents", &BUS.replace("shop", "other"));
    assert_eq!(put(&["sold"]).await, denied);
    up.allow("events:PutEvents", BUS);
    assert_eq!(put(&["sold"]).await.0, 200);
    up.allow_if("events:PutEvents", BUS, json!({ "StringEquals": { "events:detail-type": "sold" } }));
    assert_eq!(put(&["sold"]).await.0, 200);
    let before = up.aws.events().len();
    assert_eq!(put(&["sold", "sent"]).await, denied, "one that is denied refuses the call");
    assert_eq!(up.aws.events().len(), before);
    assert_eq!(up.aws.tally("R", "PutEvents").refused, 3);
}

#[tokio::test]
async fn a_call_or_single_entries_of_it_can_be_made_to_fail() {
    let up = with_a_bus().await;
    let put = async || {
        call(&up, "operator", "PutEvents", json!({ "Entries": [entry("a"), entry("b"), entry("c")] })).await
    };
    let fault = |kind| FaultRule {
        role: None,
        service: Some(Service::EventBridge),
        operation: Some("PutEvents".to_owned()),
        kind,
        when: When::First(1),
    };
    for (kind, status, code) in [
        (FaultKind::Throttled, 400, "ThrottlingException"),
        (FaultKind::InternalError, 500, "InternalException"),
    ] {
        up.aws.faults().add(fault(kind));
        let (told, answer) = put().await;
        assert_eq!((told, &answer["__type"]), (status, &json!(code)));
        assert!(up.aws.events().is_empty());
        up.aws.faults().clear();
    }
    up.aws.faults().add(fault(FaultKind::EntriesRefused));
    let (status, answer) = put().await;
    assert_eq!((status, &answer["FailedEntryCount"]), (200, &json!(2)));
    let codes: Vec<&Value> =
        answer["Entries"].as_array().unwrap().iter().map(|entry| &entry["ErrorCode"]).collect();
    assert_eq!(codes, [&json!("InternalFailure"), &Value::Null, &json!("InternalFailure")]);
    let types: Vec<Value> =
        up.aws.events().iter().map(|event| event.envelope["detail-type"].clone()).collect();
    assert_eq!(types, ["b"]);
    assert_eq!(put().await.1["FailedEntryCount"], 0, "the fault is over");
}

#[tokio::test]
async fn what_a_bus_took_is_metered() {
    let up = with_a_bus().await;
    up.aws.meter_units();
    let mut large = entry("large");
    large["Detail"] = json!(format!("{{\"x\":\"{}\"}}", "x".repeat(64 * 1024)));
    let mut refused = entry("refused");
    refused["EventBusName"] = json!("other");
    let (_, answer) =
        call(&up, "operator", "PutEvents", json!({ "Entries": [large, refused, entry("a")] })).await;
    assert_eq!(answer["FailedEntryCount"], 1);
    assert_eq!(up.aws.tally("operator", "PutEvents").units.events, 3.0);
}

const RULE: &str = "arn:aws:events:us-east-1:123456789012:rule/shop/R";

fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:123456789012:{name}")
}

/// The policy that lets a rule send to a queue.
fn policy(queue: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage",
        "Resource": queue_arn(queue), "Condition": { "ArnEquals": { "aws:SourceArn": RULE } },
    }] })
}

async fn sqs(up: &Up, operation: &str, asked: Value) -> Value {
    let headers =
        format!("X-Amz-Target: AmazonSQS.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n");
    let (status, _, answer) = ask(&up.aws, "POST /", "operator", "sqs", &headers, asked.to_string()).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    serde_json::from_slice(&answer).unwrap_or_default()
}

/// A queue, and its URL.
async fn queue(up: &Up, name: &str, policy: Option<&Value>) -> String {
    let attributes = policy.map_or_else(|| json!({}), |policy| json!({ "Policy": policy.to_string() }));
    let made = sqs(up, "CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await;
    made["QueueUrl"].as_str().unwrap().to_owned()
}

/// Brings all that the source `shop` puts on the bus to the queue `Q`, which has this policy.
async fn subscribed(policy: Option<&Value>, more: Value) -> (Up, String) {
    let up = with_a_bus().await;
    let url = queue(&up, "Q", policy).await;
    let pattern = json!({ "source": ["shop"] }).to_string();
    let asked = json!({ "Name": "R", "EventBusName": "shop", "EventPattern": pattern });
    let made = call(&up, "operator", "PutRule", asked).await;
    assert_eq!(made, (200, json!({ "RuleArn": RULE })));
    let mut target = json!({ "Id": "1", "Arn": queue_arn("Q") });
    target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let asked = json!({ "Rule": "R", "EventBusName": "shop", "Targets": [target] });
    assert_eq!(call(&up, "operator", "PutTargets", asked).await.1["FailedEntryCount"], 0);
    (up, url)
}

async fn put(up: &Up, detail_types: impl IntoIterator<Item = String>) {
    for detail_type in detail_types {
        let asked = json!({ "Entries": [entry(&detail_type)] });
        assert_eq!(call(up, "operator", "PutEvents", asked).await.1["FailedEntryCount"], 0);
    }
}

/// Messages of a queue, until there are so many of them.
async fn received(up: &Up, url: &str, most: usize) -> Vec<Value> {
    let mut messages = Vec::new();
    while messages.len() < most {
        let asked = json!({
            "QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20, "MessageAttributeNames": ["All"],
        });
        let page = sqs(up, "ReceiveMessage", asked).await;
        messages.extend(page["Messages"].as_array().cloned().unwrap_or_default());
    }
    messages
}

fn body(message: &Value) -> Value {
    serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_queue_gets_the_events_of_its_rule_as_eventbridge_writes_them() {
    let (up, url) = subscribed(Some(&policy("Q")), json!({})).await;
    put(&up, ["sold".to_owned()]).await;
    let messages = received(&up, &url, 1).await;
    assert_eq!(body(&messages[0]), up.aws.events()[0].envelope);
    let sent = up.aws.tally("events.amazonaws.com", "SendMessage");
    assert_eq!((sent.calls, sent.refused), (1, 0));
}

#[tokio::test]
async fn a_queue_whose_policy_does_not_let_eventbridge_send_gets_nothing() {
    let of_other_rule = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage",
        "Resource": queue_arn("Q"), "Condition": { "ArnEquals": { "aws:SourceArn": RULE.replace("/R", "/S") } },
    }] });
    for policy_of_queue in [None, Some(of_other_rule)] {
        let dead_letters = json!({ "DeadLetterConfig": { "Arn": queue_arn("D") } });
        let (up, _) = subscribed(policy_of_queue.as_ref(), dead_letters).await;
        let dead = queue(&up, "D", Some(&policy("D"))).await;
        put(&up, ["sold".to_owned()]).await;
        let letter = received(&up, &dead, 1).await.remove(0);
        assert_eq!(body(&letter), up.aws.events()[0].envelope);
        let attribute = |name: &str| letter["MessageAttributes"][name]["StringValue"].clone();
        assert_eq!(attribute("ERROR_CODE"), "NO_PERMISSIONS");
        assert_eq!((attribute("RULE_ARN"), attribute("TARGET_ARN")), (json!(RULE), json!(queue_arn("Q"))));
        assert_eq!(
            (attribute("RETRY_ATTEMPTS"), attribute("EXHAUSTED_RETRY_CONDITION")),
            (json!("0"), Value::Null)
        );
        assert_eq!(up.aws.waiting().len(), 1, "only the dead letter");
    }
}

#[tokio::test]
async fn a_queue_that_fails_is_tried_again_and_then_the_event_is_a_dead_letter() {
    let more = json!({
        "DeadLetterConfig": { "Arn": queue_arn("D") }, "RetryPolicy": { "MaximumRetryAttempts": 2 },
    });
    let (up, url) = subscribed(Some(&policy("Q")), more).await;
    let dead = queue(&up, "D", Some(&policy("D"))).await;
    let fail = |times| {
        up.aws.faults().clear();
        let rule = format!("events.amazonaws.com/sqs/SendMessage=throttled@x{times}");
        up.aws.faults().add(rule.parse().unwrap());
    };
    fail(2);
    put(&up, ["late".to_owned()]).await;
    assert_eq!(body(&received(&up, &url, 1).await[0])["detail-type"], "late");
    assert_eq!(up.aws.tally("events.amazonaws.com", "SendMessage").calls, 3);
    fail(3);
    put(&up, ["never".to_owned()]).await;
    let letter = received(&up, &dead, 1).await.remove(0);
    assert_eq!(body(&letter)["detail-type"], "never");
    let attribute = |name: &str| letter["MessageAttributes"][name]["StringValue"].clone();
    assert_eq!((attribute("ERROR_CODE"), attribute("RETRY_ATTEMPTS")), (json!("THROTTLING"), json!("2")));
    assert_eq!(attribute("EXHAUSTED_RETRY_CONDITION"), "MaximumRetryAttempts");
}

#[tokio::test]
async fn an_event_for_a_queue_that_is_gone_is_a_dead_letter_at_once() {
    let dead_letters = json!({ "DeadLetterConfig": { "Arn": queue_arn("D") } });
    let (up, url) = subscribed(Some(&policy("Q")), dead_letters).await;
    let dead = queue(&up, "D", Some(&policy("D"))).await;
    sqs(&up, "DeleteQueue", json!({ "QueueUrl": url })).await;
    put(&up, ["sold".to_owned()]).await;
    let letter = received(&up, &dead, 1).await.remove(0);
    assert_eq!(letter["MessageAttributes"]["ERROR_CODE"]["StringValue"], "NO_RESOURCE");
}

#[tokio::test]
async fn events_can_be_made_to_come_twice_and_in_another_order() {
    let (up, url) = subscribed(Some(&policy("Q")), json!({})).await;
    up.aws.deliver_events(EventDelivery { duplicates: 1.0, scattered_over: Duration::from_millis(300) });
    let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    put(&up, names.clone()).await;
    let came: Vec<String> = received(&up, &url, 20)
        .await
        .iter()
        .map(|message| body(message)["detail-type"].as_str().unwrap().to_owned())
        .collect();
    let mut sorted = came.clone();
    sorted.sort();
    let twice: Vec<String> = names.iter().flat_map(|name| [name.clone(), name.clone()]).collect();
    assert_eq!(sorted, twice);
    assert_ne!(came, twice, "twenty copies within 300 ms keep their order once in 20! times");
}

#[tokio::test]
async fn rules_are_a_permission_on_the_rule() {
    let up = with_a_bus().await;
    let make = async || {
        let asked = json!({ "Name": "R", "EventBusName": "shop", "EventPattern": "{\"source\":[\"shop\"]}" });
        call(&up, "R", "PutRule", asked).await.0
    };
    assert_eq!(make().await, 400);
    up.allow("events:PutRule", &RULE.replace("/R", "/S"));
    assert_eq!(make().await, 400);
    up.allow("events:PutRule", RULE);
    assert_eq!(make().await, 200);
    up.allow("events:PutTargets", RULE);
    let targets =
        json!({ "Rule": "R", "EventBusName": "shop", "Targets": [{ "Id": "1", "Arn": queue_arn("Q") }] });
    assert_eq!(call(&up, "R", "PutTargets", targets).await.0, 200);
    assert_eq!(call(&up, "R", "ListRules", json!({ "EventBusName": "shop" })).await.0, 400);
    up.allow("events:ListRules", "*");
    assert_eq!(call(&up, "R", "ListRules", json!({ "EventBusName": "shop" })).await.0, 200);
}
