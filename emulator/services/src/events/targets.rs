//! The operations on targets of rules.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html>

use serde_json::{Value, json};

use super::{
    bridge::EventBridge,
    error::{EventsError, Outcome},
    target::Target,
};
use crate::{not_here::plain, request::Request};

/// AWS's quota for a rule.
const MOST_TARGETS: usize = 5;

/// Adds targets to a rule, each in place of the one with its id.
pub(super) fn put(events: &EventBridge, request: &Request) -> Outcome {
    let given = request.json.get("Targets").and_then(Value::as_array).ok_or(EventsError::Shape)?;
    let targets = given.iter().map(|target| Target::read(target, &events.account));
    let targets = targets.collect::<Result<Vec<_>, _>>()?;
    events.with_rule(request, "Rule", |_, rule| {
        let new = targets.iter().filter(|(id, _)| !rule.targets.contains_key(id)).count();
        if rule.targets.len() + new > MOST_TARGETS {
            return Err(EventsError::Limit("targets"));
        }
        rule.targets.extend(targets);
        Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
    })
}

pub(super) fn list(events: &EventBridge, request: &Request) -> Outcome {
    events.with_rule(request, "Rule", |_, rule| {
        let targets = rule.targets.iter().map(|(id, target)| target.described(id));
        Ok(json!({ "Targets": targets.collect::<Vec<_>>() }))
    })
}

/// An id that the rule does not have fails by itself.
pub(super) fn remove(events: &EventBridge, request: &Request) -> Outcome {
    let ids = request.json.get("Ids").and_then(Value::as_array).ok_or(EventsError::Shape)?;
    let ids: Vec<&str> = ids.iter().map(Value::as_str).collect::<Option<_>>().ok_or(EventsError::Shape)?;
    events.with_rule(request, "Rule", |_, rule| {
        let missing = ids.into_iter().filter(|id| rule.targets.remove(*id).is_none()).map(|id| {
            json!({
                "TargetId": plain(id),
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": "The rule does not have a target with this Id.",
            })
        });
        let missing: Vec<Value> = missing.collect();
        Ok(json!({ "FailedEntryCount": missing.len(), "FailedEntries": missing }))
    })
}
