//! The operations on rules: which events of a bus go to which targets.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>

use card_airlock_event_source::EventPattern;
use serde_json::{Value, json};

use super::{
    bridge::{EventBridge, Rule, RuleKey},
    error::{EventsError, Outcome},
};
use crate::{event_names::rule_arn, not_here::plain, request::Request};

/// AWS's quota.
const MOST_RULES: usize = 300;

const ENABLED: &str = "ENABLED";
const DISABLED: &str = "DISABLED";

/// Makes a rule, or changes it and keeps its targets.
pub(super) fn put(events: &EventBridge, request: &Request) -> Outcome {
    let key = events.key(request, "Name")?;
    let text = request.text("EventPattern").ok_or(EventsError::NoPattern)?;
    let pattern = EventPattern::parse(text).map_err(EventsError::Pattern)?;
    let is_enabled = match request.text("State") {
        None | Some(ENABLED) => true,
        Some(DISABLED) => false,
        Some(state) => return Err(EventsError::Unsupported(format!("State {}", plain(state)))),
    };
    let mut rules = events.rules.lock();
    let targets = rules.get_mut(&key).map(|rule| std::mem::take(&mut rule.targets));
    if targets.is_none() && rules.len() >= MOST_RULES {
        return Err(EventsError::Limit("rules"));
    }
    let arn = rule_arn(&key.0, &key.1, &events.account);
    let rule = Rule {
        pattern_text: text.to_owned(),
        pattern,
        is_enabled,
        description: request.text("Description").map(str::to_owned),
        targets: targets.unwrap_or_default(),
    };
    rules.insert(key, rule);
    Ok(json!({ "RuleArn": arn }))
}

pub(super) fn describe(events: &EventBridge, request: &Request) -> Outcome {
    events.with_rule(request, "Name", |key, rule| Ok(described(events, key, rule)))
}

pub(super) fn list(events: &EventBridge, request: &Request) -> Outcome {
    let bus = events.bus(request.text("EventBusName"))?;
    let prefix = request.text("NamePrefix").unwrap_or_default();
    let rules = events.rules.lock();
    let listed = rules.iter().filter(|((of, name), _)| *of == bus && name.starts_with(prefix));
    let listed = listed.map(|(key, rule)| described(events, key, rule));
    Ok(json!({ "Rules": listed.collect::<Vec<_>>() }))
}

/// The rules that have a target.
pub(super) fn list_by_target(events: &EventBridge, request: &Request) -> Outcome {
    let bus = events.bus(request.text("EventBusName"))?;
    let target = request.text("TargetArn").ok_or(EventsError::Shape)?;
    let rules = events.rules.lock();
    let has_it = |rule: &Rule| rule.targets.values().any(|one| one.arn == target);
    let names = rules.iter().filter(|((of, _), rule)| *of == bus && has_it(rule)).map(|((_, name), _)| name);
    Ok(json!({ "RuleNames": names.collect::<Vec<_>>() }))
}

pub(super) fn enable(events: &EventBridge, request: &Request) -> Outcome {
    switch(events, request, true)
}

pub(super) fn disable(events: &EventBridge, request: &Request) -> Outcome {
    switch(events, request, false)
}

fn switch(events: &EventBridge, request: &Request, is_enabled: bool) -> Outcome {
    events.with_rule(request, "Name", |_, rule| {
        rule.is_enabled = is_enabled;
        Ok(json!({}))
    })
}

/// A rule that is not there counts as deleted.
pub(super) fn delete(events: &EventBridge, request: &Request) -> Outcome {
    let key = events.key(request, "Name")?;
    let mut rules = events.rules.lock();
    if rules.get(&key).is_some_and(|rule| !rule.targets.is_empty()) {
        return Err(EventsError::HasTargets);
    }
    rules.remove(&key);
    Ok(json!({}))
}

/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html>
pub(super) fn test_pattern(_: &EventBridge, request: &Request) -> Outcome {
    const NEEDED: [&str; 7] = ["id", "account", "source", "time", "region", "resources", "detail-type"];
    let text = request.text("EventPattern").ok_or(EventsError::NoPattern)?;
    let pattern = EventPattern::parse(text).map_err(EventsError::Pattern)?;
    let event = request.text("Event").and_then(|event| serde_json::from_str::<Value>(event).ok());
    let event = event.filter(|event| NEEDED.iter().all(|name| event.get(name).is_some()));
    let event = event.ok_or(EventsError::NotAnEvent)?;
    Ok(json!({ "Result": pattern.matches(&event) }))
}

fn described(events: &EventBridge, (bus, name): &RuleKey, rule: &Rule) -> Value {
    let mut described = json!({
        "Arn": rule_arn(bus, name, &events.account),
        "EventBusName": bus,
        "EventPattern": rule.pattern_text,
        "Name": name,
        "State": if rule.is_enabled { ENABLED } else { DISABLED },
    });
    if let (Some(description), Some(members)) = (&rule.description, described.as_object_mut()) {
        members.insert("Description".to_owned(), description.clone().into());
    }
    described
}
