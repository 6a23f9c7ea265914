//! What a bus takes, and what it refuses.

use std::time::{Duration, SystemTime};

use clock::{Clock, TestClock};
use serde_json::{Value, json};

use super::*;
use crate::{account::account, service::Service};

/// EventBridge with the bus `shop`, at the year 2001.
fn bridge() -> EventBridge {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_000_999);
    let events = EventBridge::new(account(), TestClock::stopped_at(at).clock());
    assert_eq!(events.make_bus("shop"), "arn:aws:events:us-east-1:123456789012:event-bus/shop");
    events
}

fn request(operation: &str, asked: Value) -> Request {
    Request::own(Service::EventBridge, operation, asked)
}

fn ask(events: &EventBridge, operation: &str, asked: Value) -> Outcome {
    events.outcome(&request(operation, asked))
}

fn entry() -> Value {
    json!({ "Source": "shop", "DetailType": "sold", "Detail": "{\"Id\":\"1\"}", "EventBusName": "shop" })
}

fn without(member: &str) -> Value {
    let mut entry = entry();
    entry.as_object_mut().unwrap().remove(member);
    entry
}

fn with(member: &str, value: impl Into<Value>) -> Value {
    let mut entry = entry();
    entry[member] = value.into();
    entry
}

#[test]
fn an_event_has_the_envelope_of_eventbridge() {
    let events = bridge();
    let mut second = with("Time", 1_700_000_000.5);
    second["Resources"] = json!(["arn:aws:x"]);
    let answer = ask(&events, "PutEvents", json!({ "Entries": [entry(), second] })).unwrap();
    assert_eq!(answer["FailedEntryCount"], 0);
    let taken = events.archive.after(0);
    let expected = |id: &Value, time: &str, resources: Value| {
        json!({
            "version": "0", "id": id, "detail-type": "sold", "source": "shop", "account": "123456789012",
            "time": time, "region": "us-east-1", "resources": resources, "detail": { "Id": "1" },
        })
    };
    let ids: Vec<&Value> = answer["Entries"].as_array().unwrap().iter().map(|one| &one["EventId"]).collect();
    assert_eq!(taken[0].envelope, expected(ids[0], "2001-09-09T01:46:40Z", json!([])));
    assert_eq!(taken[1].envelope, expected(ids[1], "2023-11-14T22:13:20Z", json!(["arn:aws:x"])));
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.as_str().unwrap().parse::<uuid::Uuid>().is_ok()));
    assert!(taken.iter().all(|event| event.bus == "shop"));
}

#[test]
fn each_entry_is_taken_or_refused_by_itself() {
    let events = bridge();
    let invalid = |member: &str| {
        let message = format!("Parameter {member} is not valid. Reason: {member} is a required argument.");
        ("InvalidArgument", message)
    };
    let malformed = || ("MalformedDetail", "Detail is malformed.".to_owned());
    let no_bus = || {
        ("InvalidArgument", "Parameter EventBusName is not valid. Reason: no such event bus.".to_owned())
    };
    for (entry, (code, message)) in [
        (without("Source"), invalid("Source")),
        (with("Source", ""), invalid("Source")),
        (without("DetailType"), invalid("DetailType")),
        (with("DetailType", ""), invalid("DetailType")),
        (without("Detail"), invalid("Detail")),
        (with("Detail", ""), invalid("Detail")),
        (with("Detail", "{"), malformed()),
        (with("Detail", "[]"), malformed()),
        (with("Detail", "1"), malformed()),
        (
            with("Source", "aws.s3"),
            ("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()),
        ),
        (with("Time", 1e300), ("InvalidArgument", "Parameter Time is not valid.".to_owned())),
        (with("EventBusName", "other"), no_bus()),
        (with("EventBusName", "arn:aws:events:eu-west-1:123456789012:event-bus/shop"), no_bus()),
    ] {
        let before = events.archive.after(0).len();
        let answer = ask(&events, "PutEvents", json!({ "Entries": [self::entry(), entry, self::entry()] }));
        let answer = answer.unwrap();
        let refused = json!({ "ErrorCode": code, "ErrorMessage": message });
        assert_eq!((&answer["FailedEntryCount"], &answer["Entries"][1]), (&json!(1), &refused), "{entry}");
        assert!(answer["Entries"][0]["EventId"].is_string() && answer["Entries"][2]["EventId"].is_string());
        assert_eq!(events.archive.after(0).len(), before + 2, "{entry}");
    }
}

#[test]
fn a_bus_is_named_by_name_or_arn_and_is_the_default_one_otherwise() {
    let events = bridge();
    let arn = "arn:aws:events:us-east-1:123456789012:event-bus/shop";
    let entries = [entry(), with("EventBusName", arn), without("EventBusName")];
    ask(&events, "PutEvents", json!({ "Entries": entries })).unwrap();
    let buses: Vec<_> = events.archive.after(0).iter().map(|event| event.bus.clone()).collect();
    assert_eq!(buses, ["shop", "shop", "default"]);
    for (named, described) in [("shop", "shop"), (arn, "shop"), ("default", "default")] {
        assert_eq!(ask(&events, "DescribeEventBus", json!({ "Name": named })).unwrap()["Name"], described);
    }
    assert_eq!(ask(&events, "DescribeEventBus", json!({})).unwrap()["Name"], "default");
    let missing = ask(&events, "DescribeEventBus", json!({ "Name": "other" }));
    assert_eq!(missing, Err(EventsError::NoBus("other".to_owned())));
    let listed = ask(&events, "ListEventBuses", json!({ "NamePrefix": "sh" })).unwrap();
    assert_eq!(listed, json!({ "EventBuses": [{ "Arn": arn, "Name": "shop" }] }));
    let all = ask(&events, "ListEventBuses", json!({})).unwrap();
    assert_eq!(all["EventBuses"].as_array().unwrap().len(), 2);
}

#[test]
fn a_request_has_one_to_ten_entries_of_a_mebibyte_together() {
    let events = bridge();
    let put = |entries: Vec<Value>| ask(&events, "PutEvents", json!({ "Entries": entries }));
    assert_eq!(put(vec![]), Err(EventsError::Entries));
    assert_eq!(ask(&events, "PutEvents", json!({})), Err(EventsError::Entries));
    assert_eq!(put(vec![entry(); 11]), Err(EventsError::Entries));
    assert_eq!(put(vec![entry(); 10]).unwrap()["FailedEntryCount"], 0);
    // Source and DetailType are 4 bytes each, the resource 2, and a time 14.
    let of_size = |bytes: usize| {
        let mut entry = with("Time", 1);
        entry["Resources"] = json!(["ab"]);
        entry["Detail"] = json!(format!("{{\"x\":\"{}\"}}", "x".repeat(bytes - 4 - 4 - 2 - 14 - 8)));
        entry
    };
    let most = 1024 * 1024;
    assert!(put(vec![of_size(most)]).is_ok());
    assert_eq!(put(vec![of_size(most + 1)]), Err(EventsError::TooLarge));
    assert!(put(vec![of_size(most / 2), of_size(most / 2)]).is_ok());
    assert_eq!(put(vec![of_size(most / 2), of_size(most / 2 + 1)]), Err(EventsError::TooLarge));
}

#[test]
fn what_has_no_effect_here_is_refused_by_its_name() {
    let events = bridge();
    let name = |name: &str| Err(EventsError::Unsupported(name.to_owned()));
    let asked = json!({ "Entries": [entry()], "EndpointId": "e" });
    assert_eq!(ask(&events, "PutEvents", asked), name("EndpointId"));
    let traced = json!({ "Entries": [entry(), with("TraceHeader", "t")] });
    assert_eq!(ask(&events, "PutEvents", traced), name("TraceHeader"));
    assert_eq!(ask(&events, "ListEventBuses", json!({ "Limit": 1 })), name("Limit"));
    for shape in [json!(1), json!({ "Entries": {} }), json!({ "Entries": [with("Source", 1)] })] {
        let expected = if shape.is_object() { EventsError::Shape } else { EventsError::Entries };
        assert_eq!(ask(&events, "PutEvents", shape), Err(expected));
    }
    assert!(events.archive.after(0).is_empty(), "nothing is taken of a request that is refused");
}

#[test]
fn a_request_whose_entries_are_refused_on_purpose_loses_every_other_one() {
    let events = bridge();
    let mut asked = request("PutEvents", json!({ "Entries": [entry(), entry(), entry()] }));
    asked.refuses_entries = true;
    let answer = events.outcome(&asked).unwrap();
    let refused = json!({ "ErrorCode": "InternalFailure", "ErrorMessage": "a fault on purpose" });
    assert_eq!(answer["FailedEntryCount"], 2);
    assert_eq!((&answer["Entries"][0], &answer["Entries"][2]), (&refused, &refused));
    assert_eq!(answer["Entries"][1]["EventId"], events.archive.after(0)[0].envelope["id"]);
    assert_eq!(events.archive.after(0).len(), 1);
}

#[test]
fn an_event_is_charged_for_each_64_kib_that_it_begins_if_it_was_taken() {
    let of_detail = |bytes: usize| {
        let mut entry = entry();
        entry["Detail"] = json!("x".repeat(bytes));
        entry
    };
    let (taken, refused) = (json!({ "EventId": "1" }), json!({ "ErrorCode": "c" }));
    let charged = |entries: Value, results: Value| {
        chunks(&json!({ "Entries": entries }), &json!({ "Entries": results }))
    };
    let chunk = 64 * 1024 - 8;
    assert_eq!(charged(json!([of_detail(chunk)]), json!([taken])), 1.0);
    assert_eq!(charged(json!([of_detail(chunk + 1)]), json!([taken])), 2.0);
    assert_eq!(charged(json!([of_detail(1), of_detail(1), of_detail(1)]), json!([taken, refused, taken])), 2.0);
    assert_eq!(charged(json!([of_detail(1)]), json!([])), 0.0);
}
