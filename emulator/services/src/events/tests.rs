//! What a bus takes, and what it refuses.

use std::time::{Duration, SystemTime};

use clock::{Clock, TestClock};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;

use super::*;
use crate::{
    account::account,
    keep::{Keep, Store},
    service::Service,
};

/// EventBridge with the bus `shop`, at the year 2001.
fn bridge() -> EventBridge {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_000_999);
    let events = EventBridge::new(
        account(),
        TestClock::stopped_at(at).clock(),
        unbounded_channel().0,
        &Store::default(),
    )
    .unwrap();
    assert_eq!(events.make_bus("shop"), "arn:aws:events:us-east-1:123456789012:event-bus/shop");
    events
}

fn request(operation: &str, asked: Value) -> Request {
    Request::own(Service::EventBridge, operation, asked)
}

fn ask(events: &EventBridge, operation: &str, asked: Value) -> Outcome {
    outcome(events, &request(operation, asked))
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
    let no_bus =
        || ("InvalidArgument", "Parameter EventBusName is not valid. Reason: no such event bus.".to_owned());
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
    let answer = outcome(&events, &asked).unwrap();
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
    assert_eq!(
        charged(json!([of_detail(1), of_detail(1), of_detail(1)]), json!([taken, refused, taken])),
        2.0
    );
    assert_eq!(charged(json!([of_detail(1)]), json!([])), 0.0);
}

fn queue(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:123456789012:{name}")
}

fn rule(name: &str, pattern: &Value) -> Value {
    json!({ "Name": name, "EventBusName": "shop", "EventPattern": pattern.to_string() })
}

fn target(rule: &str, targets: &[Value]) -> Value {
    json!({ "Rule": rule, "EventBusName": "shop", "Targets": targets })
}

#[track_caller]
fn done(events: &EventBridge, operation: &str, asked: Value) -> Value {
    ask(events, operation, asked).unwrap()
}

/// Where an event goes: the names of queues.
fn goes_to(events: &EventBridge, entry: Value) -> Vec<String> {
    let before = events.archive.after(0).len();
    done(events, "PutEvents", json!({ "Entries": [entry] }));
    let taken = &events.archive.after(0)[before];
    let targets = events.targets_of(taken).into_iter();
    targets.map(|(_, target)| target.arn.rsplit(':').next().unwrap().to_owned()).collect()
}

#[test]
fn an_event_goes_to_the_targets_of_each_enabled_rule_of_its_bus_that_it_matches() {
    let events = bridge();
    for (name, pattern) in
        [("all", json!({ "source": ["shop"] })), ("sold", json!({ "detail-type": ["sold"] }))]
    {
        done(&events, "PutRule", rule(name, &pattern));
        done(&events, "PutTargets", target(name, &[json!({ "Id": "1", "Arn": queue(name) })]));
    }
    let pattern = json!({ "source": ["shop"] }).to_string();
    done(&events, "PutRule", json!({ "Name": "elsewhere", "EventPattern": pattern }));
    let targets = [json!({ "Id": "1", "Arn": queue("elsewhere") })];
    done(&events, "PutTargets", json!({ "Rule": "elsewhere", "Targets": targets }));
    assert_eq!(goes_to(&events, entry()), ["all", "sold"]);
    assert_eq!(goes_to(&events, with("DetailType", "sent")), ["all"]);
    assert_eq!(goes_to(&events, without("EventBusName")), ["elsewhere"]);
    done(&events, "DisableRule", json!({ "Name": "all", "EventBusName": "shop" }));
    assert_eq!(goes_to(&events, entry()), ["sold"]);
    done(&events, "EnableRule", json!({ "Name": "all", "EventBusName": "shop" }));
    // Another pattern for a rule keeps its targets; so does another state.
    let mut changed = rule("sold", &json!({ "detail-type": ["sent"] }));
    changed["State"] = json!("DISABLED");
    done(&events, "PutRule", changed.clone());
    assert_eq!(goes_to(&events, with("DetailType", "sent")), ["all"]);
    changed["State"] = json!("ENABLED");
    done(&events, "PutRule", changed);
    assert_eq!(goes_to(&events, with("DetailType", "sent")), ["all", "sold"]);
    let removed = json!({ "Rule": "all", "EventBusName": "shop", "Ids": ["1", "2"] });
    let answer = done(&events, "RemoveTargets", removed);
    assert_eq!(
        (&answer["FailedEntryCount"], &answer["FailedEntries"][0]["TargetId"]),
        (&json!(1), &json!("2"))
    );
    assert_eq!(goes_to(&events, with("DetailType", "sent")), ["sold"]);
}

#[test]
fn rules_are_listed_and_described_as_they_were_put() {
    let events = bridge();
    let pattern = json!({ "source": ["shop"] });
    let mut asked = rule("R-1", &pattern);
    asked["Description"] = json!("all of the shop");
    let arn = "arn:aws:events:us-east-1:123456789012:rule/shop/R-1";
    assert_eq!(done(&events, "PutRule", asked), json!({ "RuleArn": arn }));
    done(&events, "PutRule", rule("other", &pattern));
    let described = json!({
        "Arn": arn, "Description": "all of the shop", "EventBusName": "shop",
        "EventPattern": pattern.to_string(), "Name": "R-1", "State": "ENABLED",
    });
    assert_eq!(done(&events, "DescribeRule", json!({ "Name": "R-1", "EventBusName": "shop" })), described);
    let listed = done(&events, "ListRules", json!({ "EventBusName": "shop", "NamePrefix": "R-" }));
    assert_eq!(listed, json!({ "Rules": [described] }));
    assert_eq!(done(&events, "ListRules", json!({})), json!({ "Rules": [] }), "of the default bus");
    let dead_letters = json!({ "Arn": queue("dead") });
    let retry_policy = json!({ "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60 });
    let full = json!({ "Id": "2", "Arn": queue("Q"), "DeadLetterConfig": dead_letters, "RetryPolicy": retry_policy });
    done(&events, "PutTargets", target("R-1", &[json!({ "Id": "1", "Arn": queue("Q") }), full.clone()]));
    let asked = json!({ "Rule": "R-1", "EventBusName": "shop" });
    let policy = json!({ "MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400 });
    let expected = json!([{ "Id": "1", "Arn": queue("Q"), "RetryPolicy": policy }, full]);
    assert_eq!(done(&events, "ListTargetsByRule", asked)["Targets"], expected);
    let of_target = |name: &str| {
        done(&events, "ListRuleNamesByTarget", json!({ "EventBusName": "shop", "TargetArn": queue(name) }))
    };
    assert_eq!(
        (of_target("Q"), of_target("X")),
        (json!({ "RuleNames": ["R-1"] }), json!({ "RuleNames": [] }))
    );
    let name = |name: &str| json!({ "Name": name, "EventBusName": "shop" });
    assert_eq!(ask(&events, "DeleteRule", name("R-1")), Err(EventsError::HasTargets));
    let ids = json!({ "Rule": "R-1", "EventBusName": "shop", "Ids": ["1", "2"] });
    assert_eq!(done(&events, "RemoveTargets", ids)["FailedEntryCount"], 0);
    for rule in ["R-1", "R-1"] {
        done(&events, "DeleteRule", name(rule));
    }
    let gone = EventsError::NoRule("R-1".to_owned(), "shop".to_owned());
    for (operation, asked) in [
        ("DescribeRule", name("R-1")),
        ("EnableRule", name("R-1")),
        ("DisableRule", name("R-1")),
        ("PutTargets", target("R-1", &[])),
        ("RemoveTargets", json!({ "Rule": "R-1", "EventBusName": "shop", "Ids": [] })),
        ("ListTargetsByRule", json!({ "Rule": "R-1", "EventBusName": "shop" })),
    ] {
        assert_eq!(ask(&events, operation, asked), Err(gone.clone()), "{operation}");
    }
}

#[test]
fn a_rule_or_target_that_would_do_something_else_is_refused() {
    use card_airlock_event_source::FilterError;
    let events = bridge();
    let pattern = json!({ "source": ["shop"] });
    done(&events, "PutRule", rule("R", &pattern));
    let changed = |member: &str, value: Value| {
        let mut asked = rule("S", &pattern);
        asked[member] = value;
        asked
    };
    for (asked, expected) in [
        (changed("Name", json!("a b")), EventsError::Name),
        (changed("Name", json!("")), EventsError::Name),
        (changed("Name", json!("a".repeat(65))), EventsError::Name),
        (changed("EventBusName", json!("other")), EventsError::NoBus("other".to_owned())),
        (changed("EventPattern", json!("{")), EventsError::Pattern(FilterError::NotJson)),
        (changed("EventPattern", Value::Null), EventsError::NoPattern),
        (
            changed("ScheduleExpression", json!("rate(1 day)")),
            EventsError::Unsupported("ScheduleExpression".to_owned()),
        ),
        (changed("RoleArn", json!("arn")), EventsError::Unsupported("RoleArn".to_owned())),
        (changed("State", json!("ASLEEP")), EventsError::Unsupported("State ASLEEP".to_owned())),
    ] {
        assert_eq!(ask(&events, "PutRule", asked), Err(expected));
    }
    let put = |more: Value| {
        let mut one = json!({ "Id": "1", "Arn": queue("Q") });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask(&events, "PutTargets", target("R", &[one]))
    };
    let unsupported = |name: &str| Err(EventsError::Unsupported(format!("{name} of a target")));
    assert_eq!(put(json!({ "InputPath": "$.detail" })), unsupported("InputPath"));
    assert_eq!(put(json!({ "SqsParameters": {} })), unsupported("SqsParameters"));
    for arn in [
        "arn:aws:lambda:us-east-1:123456789012:function:f".to_owned(),
        "arn:aws:sqs:eu-west-1:123456789012:Q".to_owned(),
        queue(""),
        queue("Q.fifo"),
    ] {
        assert_eq!(put(json!({ "Arn": arn })), Err(EventsError::Target));
        assert_eq!(put(json!({ "DeadLetterConfig": { "Arn": arn } })), Err(EventsError::DeadLetters));
    }
    for (policy, is_one) in [
        (json!({ "MaximumRetryAttempts": 185 }), true),
        (json!({ "MaximumRetryAttempts": 186 }), false),
        (json!({ "MaximumEventAgeInSeconds": 59 }), false),
        (json!({ "MaximumEventAgeInSeconds": 86400 }), true),
        (json!({ "MaximumEventAgeInSeconds": 86401 }), false),
    ] {
        let answer = put(json!({ "RetryPolicy": policy }));
        assert_eq!(answer.is_ok(), is_one, "{policy}");
        assert!(is_one || answer == Err(EventsError::RetryPolicy));
    }
    assert_eq!(put(json!({ "RetryPolicy": { "Other": 1 } })), Err(EventsError::Shape));
    assert_eq!(put(json!({ "Id": "a b" })), Err(EventsError::Name));
    assert_eq!(put(json!({ "Id": 1 })), Err(EventsError::Shape));
    let many: Vec<Value> = (1..=5).map(|id| json!({ "Id": id.to_string(), "Arn": queue("Q") })).collect();
    done(&events, "PutTargets", target("R", &many));
    done(&events, "PutTargets", target("R", &many));
    assert_eq!(put(json!({ "Id": "6" })), Err(EventsError::Limit("targets")));
}

#[test]
fn a_pattern_can_be_tried() {
    let events = bridge();
    let tried = |pattern: Value, event: Value| {
        let asked = json!({ "EventPattern": pattern.to_string(), "Event": event.to_string() });
        ask(&events, "TestEventPattern", asked)
    };
    let event = json!({
        "id": "1", "account": "1", "source": "shop", "time": "2001-09-09T01:46:40Z", "region": "r",
        "resources": [], "detail-type": "sold",
    });
    assert_eq!(tried(json!({ "source": ["shop"] }), event.clone()), Ok(json!({ "Result": true })));
    assert_eq!(tried(json!({ "source": ["office"] }), event.clone()), Ok(json!({ "Result": false })));
    let mut part = event;
    part.as_object_mut().unwrap().remove("time");
    assert_eq!(tried(json!({ "source": ["shop"] }), part), Err(EventsError::NotAnEvent));
    assert!(matches!(tried(json!({}), json!({})), Err(EventsError::Pattern(_))));
}

#[test]
fn what_is_on_its_way_and_the_rules_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    Keep::make(folder.path()).unwrap();
    let opened = || {
        let keep = Keep::open(folder.path()).unwrap();
        let (due, brought) = unbounded_channel();
        (EventBridge::new(account(), Clock::system(), due, keep.store()).unwrap(), brought)
    };
    let (before, _) = opened();
    before.make_bus("shop");
    let rule = |name: &str| json!({ "Name": name, "EventBusName": "shop", "EventPattern": r#"{"source":["shop"]}"# });
    for name in ["one", "gone"] {
        ask(&before, "PutRule", rule(name)).unwrap();
    }
    ask(&before, "DeleteRule", json!({ "Name": "gone", "EventBusName": "shop" })).unwrap();
    let targets = json!([{ "Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:Q" }]);
    ask(&before, "PutTargets", json!({ "Rule": "one", "EventBusName": "shop", "Targets": targets })).unwrap();
    ask(&before, "PutEvents", json!({ "Entries": [entry()] })).unwrap();
    let sent = before.archive.after(0);
    drop(before);

    let (after, mut brought) = opened();
    let due = brought.try_recv().unwrap();
    assert_eq!(
        (&due.event.envelope, due.target.arn.as_str()),
        (&sent[0].envelope, "arn:aws:sqs:us-east-1:123456789012:Q")
    );
    assert!(brought.try_recv().is_err());
    let listed = ask(&after, "ListRules", json!({ "EventBusName": "shop" })).unwrap();
    assert_eq!(listed["Rules"].as_array().unwrap().len(), 1, "{listed}");
    let listed = ask(&after, "ListTargetsByRule", json!({ "Rule": "one", "EventBusName": "shop" })).unwrap();
    assert_eq!(listed["Targets"].as_array().unwrap().len(), 1, "{listed}");
}
