//! Putting lines into a stream of a group.

use serde_json::{Value, json};

use super::{Line, Logs, Outcome, error::LogsError};
use crate::request::Request;

/// The most lines of a call.
const MOST: usize = 10_000;

pub(super) fn create_stream(logs: &Logs, request: &Request) -> Outcome {
    let (group, stream) = named(request)?;
    let mut groups = logs.groups.lock();
    if logs.add_stream(&mut groups, group, stream) { Ok(json!({})) } else { Err(LogsError::StreamExists) }
}

/// AWS takes the lines of a call in the order of their times only.
pub(super) fn events(logs: &Logs, request: &Request) -> Outcome {
    let (group, stream) = named(request)?;
    let given = request.json.get("logEvents").and_then(Value::as_array);
    let given = given.filter(|given| (1..=MOST).contains(&given.len()));
    let taken_at = logs.now();
    let line = |event: &Value| {
        let text = event.get("message")?.as_str().filter(|text| !text.is_empty())?.to_owned();
        Some(Line { stream: stream.to_owned(), at: event.get("timestamp")?.as_u64()?, taken_at, text })
    };
    let lines: Option<Vec<Line>> = given.and_then(|given| given.iter().map(line).collect());
    let lines = lines.filter(|lines| lines.is_sorted_by_key(|line| line.at));
    let lines = lines.ok_or(LogsError::Invalid("logEvents"))?;
    let mut groups = logs.groups.lock();
    if !groups.by_name.get(group).is_some_and(|group| group.streams.contains(stream)) {
        return Err(LogsError::NoStream);
    }
    lines.into_iter().for_each(|line| logs.add_line(&mut groups, group, line));
    Ok(json!({}))
}

fn named(request: &Request) -> Result<(&str, &str), LogsError> {
    let group = request.text("logGroupName").ok_or(LogsError::Invalid("logGroupName"))?;
    let stream = request.text("logStreamName").filter(|name| !name.is_empty());
    let stream = stream.filter(|name| !name.contains([':', '*']));
    Ok((group, stream.ok_or(LogsError::Invalid("logStreamName"))?))
}
