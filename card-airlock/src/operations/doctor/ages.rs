//! How long orders and dead letters wait.

use std::time::Duration;

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Statistic},
};
use order::{Timestamp, Upkeep};

use super::{
    super::{access::Right, call::CallError, quarantine::QuarantineTally},
    finding::{Finding, Outcome},
    subject::Subject,
};

/// As long as `OldestQuarantinedAlarm` has it: longer than retries and sweeps need.
const LONGEST_IN_QUARANTINE: Duration = Duration::from_secs(2 * 60 * 60);

/// A position is deleted by the first or second sweep after an outage; what stays for longer waits for a person.
const LONGEST_IN_QUEUE: Duration = Duration::from_secs(60 * 60);

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let own = |command: &str| subject.own(command);
    let quarantine = oldest_order(subject).await;
    outcome.add("the quarantine", quarantine.map(|oldest| judge_orders(&own, oldest, subject.now)));
    let letter = oldest_letter(subject).await;
    outcome.add("the age of the dead letters", letter.map(|age| judge_letters(&own, age)));
    outcome
}

async fn oldest_order(subject: &Subject<'_>) -> Result<Option<Timestamp>, String> {
    let table = subject.access.names().physical("OrderQuarantineTable").map_err(|error| error.to_string())?;
    let upkeep = Upkeep::new(&subject.access.config(Right::Read), table.to_owned());
    let tally =
        QuarantineTally::of(&upkeep, subject.now, &|_| {}).await.map_err(|error| error.to_string())?;
    Ok(tally.oldest())
}

/// By the metric that SQS writes: the queue itself does not say. None: there is no letter, or none was seen.
async fn oldest_letter(subject: &Subject<'_>) -> Result<Option<Duration>, String> {
    let url = subject.access.names().physical("DeadLetterQueue").map_err(|error| error.to_string())?;
    let queue =
        Dimension::builder().name("QueueName").value(url.rsplit('/').next().unwrap_or_default()).build();
    let now = i64::try_from(subject.now.epoch_seconds()).unwrap_or_default();
    let read = aws_sdk_cloudwatch::Client::new(&subject.access.config(Right::Read))
        .get_metric_statistics()
        .namespace("AWS/SQS")
        .metric_name("ApproximateAgeOfOldestMessage")
        .dimensions(queue)
        .start_time(DateTime::from_secs(now - 900))
        .end_time(DateTime::from_secs(now))
        .period(300)
        .statistics(Statistic::Maximum)
        .send()
        .await;
    let read = read
        .map_err(CallError::of("CloudWatch", "GetMetricStatistics"))
        .map_err(|error| error.to_string())?;
    let latest = read.datapoints().iter().max_by_key(|point| point.timestamp().map(DateTime::secs));
    let seconds = latest.and_then(|point| point.maximum()).filter(|seconds| *seconds > 0.0);
    Ok(seconds.map(Duration::from_secs_f64))
}

fn judge_orders(own: &dyn Fn(&str) -> String, oldest: Option<Timestamp>, now: Timestamp) -> Vec<Finding> {
    let Some(oldest) = oldest.filter(|oldest| oldest.after(LONGEST_IN_QUARANTINE) < now) else {
        return Vec::new();
    };
    vec![Finding {
        policies: None,
        what: format!("an order has waited in quarantine since {oldest}"),
        why: "After 72 hours it expires, and its card is gone: the customer has to order again.",
        fix: format!("{}\nIf it is parked, fix the cause, and then:\n{}", own("status"), own("replay")),
    }]
}

fn judge_letters(own: &dyn Fn(&str) -> String, age: Option<Duration>) -> Vec<Finding> {
    let Some(age) = age.filter(|age| *age > LONGEST_IN_QUEUE) else { return Vec::new() };
    vec![Finding {
        policies: None,
        what: format!("a dead letter has waited for {} minutes", age.as_secs() / 60),
        why: "It names an order that waits for a person, or a record that no sweep could take up.",
        fix: format!("{}\n{}", own("status"), own("replay --dry-run")),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_longer_than_retries_and_sweeps_need_is_found() {
        let now = Timestamp::of_epoch_seconds(1_700_000_000);
        let before = |seconds: u64| Some(Timestamp::of_epoch_seconds(1_700_000_000 - seconds));
        let orders = |oldest| judge_orders(&str::to_owned, oldest, now).len();
        assert_eq!([orders(None), orders(before(7_200)), orders(before(7_201))], [0, 0, 1]);
        let letters = |seconds| judge_letters(&str::to_owned, Some(Duration::from_secs(seconds))).len();
        assert_eq!([judge_letters(&str::to_owned, None).len(), letters(3_600), letters(3_601)], [0, 0, 1]);
    }
}
