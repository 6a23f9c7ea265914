//! The one metric that is kept here: how old a queue's oldest message is, as SQS tells CloudWatch. Of the others nothing
//! is known, so they are refused.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html>,
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::{answer::Answer, declared::DeclaredError, members::stray, request::Request, sqs::Waiting};

pub(crate) const OPERATION: &str = "GetMetricStatistics";
const MEMBERS: [&str; 7] =
    ["Dimensions", "EndTime", "MetricName", "Namespace", "Period", "StartTime", "Statistics"];
const NAMESPACE: &str = "AWS/SQS";
const METRIC: &str = "ApproximateAgeOfOldestMessage";
/// SQS tells a minute when it is over.
const MINUTE: Duration = Duration::from_secs(60);
/// What can be asked of the one value of a period.
const STATISTICS: [&str; 5] = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"];

pub(crate) fn perform(waiting: &[Waiting], now: SystemTime, request: &Request) -> Answer {
    match statistics(waiting, now, request) {
        Ok(members) => Answer::ok(&members),
        Err(error) => error.answer(request.service),
    }
}

/// Nothing was recorded before now, so there is one period at most: that of the minute before. A queue without a message
/// has none.
fn statistics(waiting: &[Waiting], now: SystemTime, request: &Request) -> Result<Value, DeclaredError> {
    if let Some(name) = stray(&request.json, &MEMBERS) {
        return Err(DeclaredError::Unsupported(name));
    }
    let named = (request.text("Namespace"), request.text("MetricName"));
    if named != (Some(NAMESPACE), Some(METRIC)) {
        return Err(DeclaredError::Unsupported("MetricName, of a metric that is not kept".to_owned()));
    }
    let queue = match request.json.get("Dimensions").and_then(Value::as_array).map(Vec::as_slice) {
        Some([one]) if one.get("Name").and_then(Value::as_str) == Some("QueueName") => {
            one.get("Value").and_then(Value::as_str).ok_or(DeclaredError::Invalid("Dimensions"))?
        }
        _ => return Err(DeclaredError::Invalid("Dimensions")),
    };
    let number = |name: &'static str| {
        let number = request.json.get(name).and_then(Value::as_f64);
        number.filter(|number| *number >= 0.0).ok_or(DeclaredError::Invalid(name))
    };
    let (start, end) = (number("StartTime")?, number("EndTime")?);
    let period = request.json.get("Period").and_then(Value::as_u64);
    let period =
        period.filter(|period| *period > 0 && period % 60 == 0).ok_or(DeclaredError::Invalid("Period"))?;
    let asked = request.json.get("Statistics").and_then(Value::as_array);
    let asked: Option<Vec<&str>> =
        asked.map(Vec::as_slice).unwrap_or_default().iter().map(Value::as_str).collect();
    let asked = asked.filter(|asked| !asked.is_empty() && asked.iter().all(|one| STATISTICS.contains(one)));
    let asked = asked.ok_or(DeclaredError::Invalid("Statistics"))?;
    let of_queue = waiting.iter().filter(|message| message.queue == queue);
    let oldest = of_queue.map(|message| message.sent).min();
    let minute = (now - MINUTE).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let begins = minute - minute % period;
    let is_asked = |begins: f64| start <= begins && begins < end;
    let datapoints = oldest.filter(|_| is_asked(Duration::from_secs(begins).as_secs_f64())).map(|sent| {
        let age = now.duration_since(sent).unwrap_or_default().as_secs();
        let mut point =
            Map::from_iter([("Timestamp".to_owned(), json!(begins)), ("Unit".to_owned(), json!("Seconds"))]);
        point.extend(asked.iter().map(|name| {
            let value = if *name == "SampleCount" { 1 } else { age };
            ((*name).to_owned(), json!(Duration::from_secs(value).as_secs_f64()))
        }));
        point
    });
    Ok(json!({ "Label": METRIC, "Datapoints": datapoints.into_iter().collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Service;

    const NOW: u64 = 1_700_000_000;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn asked(more: &[(&str, Value)]) -> Value {
        let mut asked = json!({
            "Namespace": NAMESPACE, "MetricName": METRIC, "Dimensions": [{"Name": "QueueName", "Value": "Q"}],
            "StartTime": NOW - 900, "EndTime": NOW, "Period": 300, "Statistics": ["Maximum"],
        });
        for (name, value) in more {
            asked[*name] = value.clone();
        }
        asked
    }

    fn told(letters: &[(&str, u64)], more: &[(&str, Value)]) -> Result<Value, DeclaredError> {
        let letter = |(queue, age): &(&str, u64)| Waiting {
            queue: (*queue).to_owned(),
            body: String::new(),
            received: 0,
            sent: at(NOW - age),
        };
        let waiting: Vec<_> = letters.iter().map(letter).collect();
        let request = Request::own(Service::CloudWatch, OPERATION, asked(more));
        statistics(&waiting, at(NOW), &request)
    }

    #[test]
    fn the_age_of_the_oldest_message_of_the_queue_is_told() {
        let told = |letters: &[(&str, u64)]| told(letters, &[]).unwrap()["Datapoints"].clone();
        // The period of 300 s in which the minute before began.
        let begins = (NOW - 60) - (NOW - 60) % 300;
        let expected = json!([{ "Maximum": 7.0, "Timestamp": begins, "Unit": "Seconds" }]);
        assert_eq!(told(&[("Q", 5), ("Q", 7), ("R", 100)]), expected);
        assert_eq!(told(&[("R", 100)]), json!([]));
        assert_eq!(told(&[]), json!([]));
    }

    #[test]
    fn each_statistic_of_one_sample_is_told_and_none_outside_the_time_that_was_asked_for() {
        let of = |more: &[(&str, Value)]| told(&[("Q", 5)], more).unwrap()["Datapoints"].clone();
        let all = of(&[("Statistics", json!(STATISTICS))]);
        for name in STATISTICS {
            assert_eq!(all[0][name], if name == "SampleCount" { 1.0 } else { 5.0 }, "{name}");
        }
        let begins = (NOW - 60) - (NOW - 60) % 300;
        assert_eq!(of(&[("StartTime", json!(begins + 1))]), json!([]));
        assert_eq!(of(&[("EndTime", json!(begins))]), json!([]));
        assert_eq!(of(&[("StartTime", json!(begins))])[0]["Maximum"], 5.0);
    }

    #[test]
    fn what_is_not_kept_or_not_right_is_refused() {
        let refused = |more: &[(&str, Value)]| told(&[("Q", 5)], more).unwrap_err().to_string();
        for (name, value) in
            [("MetricName", json!("NumberOfMessagesSent")), ("Namespace", json!("AWS/Lambda"))]
        {
            assert!(refused(&[(name, value)]).contains("of a metric that is not kept"), "{name}");
        }
        assert!(refused(&[("Unit", json!("Seconds"))]).contains("Unit"));
        for (name, wrong) in [
            ("Dimensions", json!([])),
            ("Dimensions", json!([{"Name": "Other", "Value": "Q"}])),
            ("StartTime", json!("yesterday")),
            ("EndTime", Value::Null),
            ("Period", json!(0)),
            ("Period", json!(90)),
            ("Statistics", json!([])),
            ("Statistics", json!(["Median"])),
        ] {
            assert!(refused(&[(name, wrong.clone())]).starts_with(name), "{name} {wrong}");
        }
    }
}
