//! EventBridge over the wire.

use card_airlock_services::{FaultKind, FaultRule, Service, When};
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
    let (_, answer) = call(&up, "operator", "PutEvents", json!({ "Entries": [large, refused, entry("a")] })).await;
    assert_eq!(answer["FailedEntryCount"], 1);
    assert_eq!(up.aws.tally("operator", "PutEvents").units.events, 3.0);
}
