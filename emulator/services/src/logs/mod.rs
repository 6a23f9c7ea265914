//! What log groups hold: lines that were put there, by a caller or by the program that plays Lambda. Which groups there are,
//! the stack's template declares.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html>

mod error;
mod filter;
mod put;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::UNIX_EPOCH,
};

use clock::Clock;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    answer::Answer,
    deployed::Deployed,
    keep::{KeepError, Part, Store},
    members::stray,
    request::Request,
};
use error::LogsError;

type Outcome = Result<Value, LogsError>;
type Perform = fn(&Logs, &Request) -> Outcome;

/// An operation, and its members.
const OPERATIONS: [(&str, &[&str], Perform); 3] = [
    ("CreateLogStream", &["logGroupName", "logStreamName"], put::create_stream),
    (
        "FilterLogEvents",
        &["endTime", "filterPattern", "limit", "logGroupName", "nextToken", "startTime"],
        filter::events,
    ),
    ("PutLogEvents", &["logEvents", "logGroupName", "logStreamName"], put::events),
];

/// The operations on what groups hold.
pub(crate) fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|(operation, ..)| *operation)
}

/// The lines of all groups, in memory and, where the endpoint keeps what it holds, beyond the process.
#[derive(Debug)]
pub(crate) struct Logs {
    groups: Mutex<Groups>,
    kept_lines: Part,
    kept_streams: Part,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Groups {
    by_name: BTreeMap<String, Group>,
    /// How many lines there are in all.
    count: u64,
}

/// The lines of a group, in the order in which they came.
#[derive(Debug, Default)]
struct Group {
    streams: BTreeSet<String>,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    stream: String,
    /// Milliseconds since 1970, as its writer says.
    at: u64,
    /// The same, when it came.
    taken_at: u64,
    text: String,
}

/// A stream of a group, to be written to. It holds nothing else of the endpoint.
#[derive(Debug, Clone)]
pub struct LogStream {
    logs: Arc<Logs>,
    group: String,
    name: String,
}

impl LogStream {
    pub(crate) fn new(logs: Arc<Logs>, group: &str, name: &str) -> Self {
        Self { logs, group: group.to_owned(), name: name.to_owned() }
    }

    /// Puts a line there, at the time of the endpoint's clock.
    pub fn write(&self, line: &str) {
        self.logs.write(&self.group, &self.name, line);
    }
}

impl Logs {
    /// With the lines that are kept.
    pub(crate) fn new(clock: Clock, store: &Store) -> Result<Self, KeepError> {
        let (kept_lines, kept_streams) = (store.part("log-lines"), store.part("log-streams"));
        let mut groups = Groups::default();
        for (group, name) in kept_streams.all::<(String, String)>()?.into_values() {
            groups.by_name.entry(group).or_default().streams.insert(name);
        }
        // By their numbers, which have leading zeros.
        for (group, line) in kept_lines.all::<(String, Line)>()?.into_values() {
            groups.by_name.entry(group).or_default().lines.push(line);
            groups.count += 1;
        }
        Ok(Self { groups: Mutex::new(groups), kept_lines, kept_streams, clock })
    }

    /// Whether the stream is new.
    fn add_stream(&self, groups: &mut Groups, group: &str, name: &str) -> bool {
        let is_new = groups.by_name.entry(group.to_owned()).or_default().streams.insert(name.to_owned());
        if is_new {
            self.kept_streams.put(&format!("{group}/{name}"), &(group, name));
        }
        is_new
    }

    fn add_line(&self, groups: &mut Groups, group: &str, line: Line) {
        groups.count += 1;
        self.kept_lines.put(&format!("{:020}", groups.count), &(group, &line));
        groups.by_name.entry(group.to_owned()).or_default().lines.push(line);
    }

    fn write(&self, group: &str, stream: &str, line: &str) {
        let now = self.now();
        let mut groups = self.groups.lock();
        self.add_stream(&mut groups, group, stream);
        let line = Line { stream: stream.to_owned(), at: now, taken_at: now, text: line.to_owned() };
        self.add_line(&mut groups, group, line);
    }

    pub(crate) fn perform(&self, deployed: Option<&Deployed>, request: &Request) -> Answer {
        match self.outcome(deployed, request) {
            Ok(members) => Answer::ok(&members),
            Err(error) => error.answer(),
        }
    }

    fn outcome(&self, deployed: Option<&Deployed>, request: &Request) -> Outcome {
        let found = OPERATIONS.iter().find(|(operation, ..)| *operation == request.operation);
        let (_, members, perform) = found.ok_or_else(|| LogsError::Unsupported(request.operation.clone()))?;
        if let Some(name) = stray(&request.json, members) {
            return Err(LogsError::Unsupported(name));
        }
        let name = request.text("logGroupName").ok_or(LogsError::Invalid("logGroupName"))?;
        let resources = deployed.into_iter().flat_map(|deployed| &deployed.stack.resources);
        let mut groups = resources.filter(|resource| resource.kind == "AWS::Logs::LogGroup");
        if !groups.any(|resource| resource.physical_id == name) {
            return Err(LogsError::NoGroup);
        }
        perform(self, request)
    }

    fn now(&self) -> u64 {
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_millis()).unwrap_or_default()
    }
}
