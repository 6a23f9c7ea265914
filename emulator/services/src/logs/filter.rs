//! Finding lines of a group, in the order in which they came.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

use serde_json::{Value, json};

use super::{Line, Logs, Outcome, error::LogsError};
use crate::request::Request;

/// The most lines of a page.
const MOST: u64 = 10_000;

pub(super) fn events(logs: &Logs, request: &Request) -> Outcome {
    let group = request.text("logGroupName").unwrap_or_default();
    let pattern = request.text("filterPattern").unwrap_or_default();
    let pattern = if pattern.is_empty() { None } else { Some(Pattern::parse(pattern)?) };
    let limit = number(request, "limit")?.unwrap_or(MOST);
    let limit = usize::try_from(limit).ok().filter(|_| (1..=MOST).contains(&limit));
    let limit = limit.ok_or(LogsError::Invalid("limit"))?;
    let (start, end) = (number(request, "startTime")?, number(request, "endTime")?);
    let from = match request.text("nextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| LogsError::Invalid("nextToken"))?,
    };
    let groups = logs.groups.lock();
    let lines = groups.by_name.get(group).map(|group| group.lines.as_slice()).unwrap_or_default();
    let is_asked = |line: &Line| {
        start.is_none_or(|start| start <= line.at)
            && end.is_none_or(|end| line.at < end)
            && pattern.as_ref().is_none_or(|pattern| pattern.matches(&line.text))
    };
    let mut asked = lines.iter().enumerate().skip(from).filter(|(_, line)| is_asked(line));
    let page: Vec<(usize, &Line)> = asked.by_ref().take(limit).collect();
    let events = page.iter().map(|(place, line)| {
        json!({
            "eventId": format!("{place:056}"), "ingestionTime": line.taken_at, "logStreamName": line.stream,
            "message": line.text, "timestamp": line.at,
        })
    });
    let mut answer = json!({ "events": events.collect::<Vec<Value>>(), "searchedLogStreams": [] });
    if let (Some((next, _)), Some(answer)) = (asked.next(), answer.as_object_mut()) {
        answer.insert("nextToken".to_owned(), next.to_string().into());
    }
    Ok(answer)
}

fn number(request: &Request, name: &'static str) -> Result<Option<u64>, LogsError> {
    match request.json.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or(LogsError::Invalid(name)),
    }
}

/// The one kind of pattern that is known here: `{ $.a.b = "text" }`, where an asterisk stands for any text.
#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    path: Vec<String>,
    text: String,
}

impl Pattern {
    fn parse(pattern: &str) -> Result<Self, LogsError> {
        let read = || {
            let inner = pattern.trim().strip_prefix('{')?.strip_suffix('}')?;
            let (path, text) = inner.trim().split_once('=')?;
            let text = text.trim().strip_prefix('"')?.strip_suffix('"')?;
            let path = path.trim().strip_prefix("$.")?.split('.').map(str::to_owned);
            let path: Vec<String> = path.collect();
            let is_name = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
            let is_known = path.iter().all(is_name) && !text.contains('"');
            is_known.then(|| Self { path, text: text.to_owned() })
        };
        read().ok_or_else(|| LogsError::Unsupported("filterPattern, of another kind".to_owned()))
    }

    fn matches(&self, line: &str) -> bool {
        let Ok(line) = serde_json::from_str::<Value>(line) else { return false };
        let found = self.path.iter().try_fold(&line, |value, name| value.get(name));
        found.and_then(Value::as_str).is_some_and(|found| is_like(found, &self.text))
    }
}

/// `*` is any text. The first place that fits a part is as good as any later one, so none is tried twice.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use clock::TestClock;

    use super::*;
    use crate::{
        keep::{Keep, Store},
        service::Service,
    };

    fn logs(lines: &[&str]) -> (Logs, TestClock) {
        let time = TestClock::stopped_at(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let logs = Logs::new(time.clock(), &Store::default()).unwrap();
        for line in lines {
            logs.write("group", "stream", line);
            time.advance(Duration::from_secs(1));
        }
        (logs, time)
    }

    fn asked(logs: &Logs, more: Value) -> Outcome {
        let mut asked = json!({ "logGroupName": "group" });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        events(logs, &Request::own(Service::CloudWatchLogs, "FilterLogEvents", asked))
    }

    fn texts(answer: &Value) -> Vec<&str> {
        let events = answer["events"].as_array().unwrap().iter();
        events.map(|event| event["message"].as_str().unwrap()).collect()
    }

    #[test]
    fn lines_are_found_by_time_and_in_pages() {
        let (logs, _) = logs(&["a", "b", "c"]);
        assert_eq!(texts(&asked(&logs, json!({})).unwrap()), ["a", "b", "c"]);
        let second = 1_700_000_001_000_u64;
        let within = asked(&logs, json!({ "startTime": second, "endTime": second + 1_000 })).unwrap();
        assert_eq!(texts(&within), ["b"]);
        let first = asked(&logs, json!({ "limit": 2 })).unwrap();
        assert_eq!(texts(&first), ["a", "b"]);
        let rest = asked(&logs, json!({ "limit": 2, "nextToken": first["nextToken"] })).unwrap();
        assert_eq!((texts(&rest), &rest["nextToken"]), (vec!["c"], &Value::Null));
        let other =
            Request::own(Service::CloudWatchLogs, "FilterLogEvents", json!({ "logGroupName": "other" }));
        assert_eq!(texts(&events(&logs, &other).unwrap()), [""; 0]);
    }

    #[test]
    fn lines_and_streams_stay() {
        let folder = tempfile::tempdir().unwrap();
        Keep::make(folder.path()).unwrap();
        let opened = || {
            let keep = Keep::open(folder.path()).unwrap();
            let time = TestClock::stopped_at(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
            Logs::new(time.clock(), keep.store()).unwrap()
        };
        let stream = json!({ "logGroupName": "group", "logStreamName": "new" });
        let create = || Request::own(Service::CloudWatchLogs, "CreateLogStream", stream.clone());
        let before = opened();
        (0..12).for_each(|number| before.write("group", "stream", &number.to_string()));
        super::super::put::create_stream(&before, &create()).unwrap();
        drop(before);
        let after = opened();
        after.write("group", "stream", "12");
        assert!(super::super::put::create_stream(&after, &create()).is_err());
        let expected: Vec<_> = (0..13).map(|number: u32| number.to_string()).collect();
        assert_eq!(texts(&asked(&after, json!({})).unwrap()), expected);
    }

    #[test]
    fn a_pattern_finds_json_lines_by_a_text_in_them() {
        let (logs, _) =
            logs(&[r#"{"a":{"b":"one"}}"#, r#"{"a":{"b":"two"}}"#, r#"{"a":{"b":1}}"#, "a.b one"]);
        let found = |pattern: &str| {
            let answer = asked(&logs, json!({ "filterPattern": pattern })).unwrap();
            answer["events"].as_array().unwrap().len()
        };
        for (pattern, count) in [
            (r#"{ $.a.b = "one" }"#, 1),
            (r#"{ $.a.b = "*" }"#, 2),
            (r#"{$.a.b="*o"}"#, 1),
            (r#"{ $.a.b = "o*e" }"#, 1),
            (r#"{ $.a.b = "on" }"#, 0),
            (r#"{ $.a = "*" }"#, 0),
            (r#"{ $.a.c = "*" }"#, 0),
            ("", 4),
        ] {
            assert_eq!(found(pattern), count, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let (logs, _) = logs(&[]);
        for (more, word) in [
            (json!({ "filterPattern": "one" }), "filterPattern"),
            (json!({ "filterPattern": "{ $.a.b > 1 }" }), "filterPattern"),
            (json!({ "filterPattern": r#"{ $.a..b = "1" }"# }), "filterPattern"),
            (json!({ "filterPattern": r#"{ ($.a = "1") && ($.b = "2") }"# }), "filterPattern"),
            (json!({ "limit": 0 }), "limit"),
            (json!({ "limit": 10_001 }), "limit"),
            (json!({ "startTime": "now" }), "startTime"),
            (json!({ "nextToken": "x" }), "nextToken"),
        ] {
            assert!(asked(&logs, more.clone()).unwrap_err().to_string().contains(word), "{more}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text_and_many_stars_take_no_longer() {
        for (pattern, expected) in [
            ("*", true),
            ("a*c", true),
            ("*b*", true),
            ("a*b", false),
            ("abc*c", false),
            ("**c", true),
            ("", false),
        ] {
            assert_eq!(is_like("abc", pattern), expected, "{pattern}");
        }
        assert!(!is_like(&"a".repeat(200), &format!("{}b", "*a".repeat(60))));
    }
}
