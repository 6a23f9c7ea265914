//! A log of the AWS calls of each role, for tests. It has names only, never a body, and a limited length.

use std::collections::{BTreeMap, VecDeque};

use crate::{service::Service, units::Units};
use parking_lot::Mutex;

/// Who calls when EventBridge brings an event.
pub const SERVICE_OF_EVENTS: &str = "events.amazonaws.com";

const MAX_CALLS: usize = 10_000;
const MAX_NAME_CHARS: usize = 256;

/// One call of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The access-key id: a role's logical id, or an operator's.
    pub role: String,
    pub service: Service,
    /// The operation, as AWS names it.
    pub operation: String,
    /// The tables, the key or the queue, as the caller named them; of a transaction, a table for each action.
    pub resources: Vec<String>,
    /// The `purpose` in the encryption context.
    pub purpose: Option<String>,
}

impl Call {
    pub(crate) fn new(
        role: &str,
        service: Service,
        operation: &str,
        resources: &[&str],
        purpose: Option<&str>,
    ) -> Self {
        let name = |text: &str| -> String { text.chars().take(MAX_NAME_CHARS).collect() };
        Self {
            role: name(role),
            service,
            operation: name(operation),
            resources: resources.iter().map(|resource| name(resource)).collect(),
            purpose: purpose.map(name),
        }
    }
}

/// The caller and the operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallKind {
    /// The access-key id: a role's logical id, or an operator's.
    pub role: String,
    pub service: Service,
    /// The operation, as AWS names it.
    pub operation: String,
}

/// How often a role made a call since the start, and what AWS charges for it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// All calls, with any result.
    pub calls: u64,
    /// Those that were answered with an error, such as a condition that failed.
    pub refused: u64,
    /// What those that were not refused did: one thing each, a transaction as many as it has actions, and PutEvents as
    /// many as it has entries.
    pub done: u64,
    /// The units of those that were not refused, if they are metered.
    pub units: Units,
}

/// The latest calls, and how many there were in all.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    latest: Mutex<VecDeque<Call>>,
    tallies: Mutex<BTreeMap<CallKind, Tally>>,
}

impl CallLog {
    pub(crate) fn record(&self, call: Call) {
        self.tally(&call, |tally| tally.calls += 1);
        let mut calls = self.latest.lock();
        if calls.len() == MAX_CALLS {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    pub(crate) fn record_refusal(&self, call: &Call) {
        self.tally(call, |tally| tally.refused += 1);
    }

    pub(crate) fn record_done(&self, call: &Call) {
        self.tally(call, |tally| tally.done += call.resources.len().max(1) as u64);
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        self.latest.lock().iter().cloned().collect()
    }

    pub(crate) fn record_units(&self, call: &Call, units: Units) {
        self.tally(call, |tally| tally.units += units);
    }

    pub(crate) fn of(&self, role: &str, operation: &str) -> Tally {
        let tallies = self.tallies.lock();
        let mut of = tallies.iter().filter(|(kind, _)| (&*kind.role, &*kind.operation) == (role, operation));
        of.next().map(|(_, tally)| *tally).unwrap_or_default()
    }

    pub(crate) fn tallies(&self) -> BTreeMap<CallKind, Tally> {
        self.tallies.lock().clone()
    }

    fn tally(&self, call: &Call, count: impl FnOnce(&mut Tally)) {
        let mut tallies = self.tallies.lock();
        let Call { role, service, operation, .. } = call;
        let kind = CallKind { role: role.clone(), service: *service, operation: operation.clone() };
        // Names come from the caller: a caller who uses too many names is not counted.
        if tallies.len() < MAX_CALLS || tallies.contains_key(&kind) {
            count(tallies.entry(kind).or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_latest_calls_only_and_cuts_long_names() {
        let log = CallLog::default();
        for number in 0..MAX_CALLS + 5 {
            log.record(Call::new("role", Service::Sqs, &number.to_string(), &[&"x".repeat(1000)], None));
        }
        let calls = log.all();
        assert_eq!((calls.len(), calls[0].operation.as_str()), (MAX_CALLS, "5"));
        assert_eq!(calls[0].resources[0].len(), MAX_NAME_CHARS);
    }
}
