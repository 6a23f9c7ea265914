//! The health of the services, as the latest calls to them tell.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use super::hub::Kept;

/// How far back calls count. Without a call in this time a service is quiet: nothing tells how it is.
const WINDOW: Duration = Duration::from_secs(15);

/// Answers that a healthy service gives to a caller who lost a race.
const HEALTHY: [&str; 3] = ["ok", "ConditionalCheckFailedException", "TransactionCanceledException"];

/// `{service: {"calls", "failed", "last"}}` of each service that was called lately; `last` is its latest failure.
pub(super) fn services(calls: &[Arc<Kept>], now: SystemTime) -> Value {
    let is_old = |at: SystemTime| now.duration_since(at).is_ok_and(|since| since > WINDOW);
    let mut services: BTreeMap<&str, (u64, u64, Option<&str>)> = BTreeMap::new();
    for seen in calls.iter().rev().map(|kept| &kept.seen).take_while(|seen| !is_old(seen.at)) {
        let (calls, failed, last) = services.entry(seen.call.service.name()).or_default();
        *calls += 1;
        if seen.on_purpose || !HEALTHY.contains(&seen.outcome.as_str()) {
            *failed += 1;
            last.get_or_insert(&seen.outcome);
        }
    }
    let services = services.into_iter().map(|(name, (calls, failed, last))| {
        (name.to_owned(), json!({ "calls": calls, "failed": failed, "last": last }))
    });
    Value::Object(services.collect())
}
