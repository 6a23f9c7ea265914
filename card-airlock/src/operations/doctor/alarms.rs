//! The alarms: all there, all telling the topic, and somebody who is told.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{access::Right, call::CallError},
    finding::{Finding, Outcome},
    subject::Subject,
};

/// What CloudWatch says of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    acts: bool,
    actions: Vec<String>,
}

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let topic = match subject.access.names().physical("AlarmTopic") {
        Ok(topic) => topic,
        Err(error) => return Outcome::of("the alarms", Err(error)),
    };
    let aws = |command: &str| subject.aws(command);
    let alarms = alarms(subject).await;
    outcome
        .add("the alarms", alarms.map(|found| judge_alarms(&aws, &subject.promised.alarms, topic, &found)));
    let subscribers = subscribers(subject, topic).await;
    let is_up = subject.access.is_up();
    outcome.add(
        "the alarms' subscribers",
        subscribers.map(|subscribers| judge_subscribers(&aws, topic, is_up, subscribers)),
    );
    outcome
}

/// Who wants to be told of the alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subscribers {
    /// Nobody.
    None,
    /// Somebody who has not confirmed it.
    Waiting,
    /// Somebody who has confirmed it.
    Confirmed,
}

async fn alarms(subject: &Subject<'_>) -> Result<BTreeMap<String, Found>, CallError> {
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&subject.access.config(Right::Read));
    // A hundred names fit in one call; the template has fewer.
    let names = subject.promised.alarms.values().cloned().collect();
    let read = cloudwatch.describe_alarms().set_alarm_names(Some(names)).max_records(100).send().await;
    let read = read.map_err(CallError::of("CloudWatch", "DescribeAlarms"))?;
    let found = read.metric_alarms().iter().filter_map(|alarm| {
        let found = Found {
            acts: alarm.actions_enabled().unwrap_or_default(),
            actions: alarm.alarm_actions().to_vec(),
        };
        Some((alarm.alarm_name()?.to_owned(), found))
    });
    Ok(found.collect())
}

async fn subscribers(subject: &Subject<'_>, topic: &str) -> Result<Subscribers, CallError> {
    let sns = aws_sdk_sns::Client::new(&subject.access.config(Right::Read));
    let pages = sns.list_subscriptions_by_topic().topic_arn(topic).into_paginator().items().send();
    let subscriptions: Result<Vec<_>, _> = pages.collect().await;
    let subscriptions = subscriptions.map_err(CallError::of("SNS", "ListSubscriptionsByTopic"))?;
    // One that waits has `PendingConfirmation` in place of its ARN.
    let is_confirmed =
        subscriptions.iter().filter_map(|it| it.subscription_arn()).any(|arn| arn.starts_with("arn:"));
    Ok(match (is_confirmed, subscriptions.is_empty()) {
        (true, _) => Subscribers::Confirmed,
        (false, false) => Subscribers::Waiting,
        (false, true) => Subscribers::None,
    })
}

fn judge_alarms(
    aws: &dyn Fn(&str) -> String,
    promised: &BTreeMap<String, String>,
    topic: &str,
    found: &BTreeMap<String, Found>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let missing: BTreeSet<_> =
        promised.iter().filter(|(_, name)| !found.contains_key(*name)).map(|(id, _)| id.as_str()).collect();
    if !missing.is_empty() {
        findings.push(Finding {
            policies: None,
            what: format!("alarms are missing: {}", missing.into_iter().collect::<Vec<_>>().join(", ")),
            why: "Nobody is told when orders are lost, parked or charged twice.",
            fix: "Deploy the template again: sam deploy".to_owned(),
        });
    }
    for (id, name) in promised {
        let Some(found) = found.get(name) else { continue };
        if !found.acts {
            findings.push(Finding {
                policies: None,
                what: format!("{id} does nothing when it goes off"),
                why: "Its actions were disabled, as for a maintenance, and never enabled again.",
                fix: aws(&format!("cloudwatch enable-alarm-actions --alarm-names {name}")),
            });
        }
        if !found.actions.iter().any(|action| action == topic) {
            findings.push(Finding {
                policies: None,
                what: format!("{id} does not tell the stack's topic"),
                why: "It goes off, and nobody who subscribed hears of it.",
                fix: "Deploy the template again: sam deploy".to_owned(),
            });
        }
    }
    findings
}

fn judge_subscribers(
    aws: &dyn Fn(&str) -> String,
    topic: &str,
    is_up: bool,
    subscribers: Subscribers,
) -> Vec<Finding> {
    let fix = match (subscribers, is_up) {
        // The `up` of this machine evaluates no alarm, so nobody is missing.
        (Subscribers::Confirmed, _) | (Subscribers::None, true) => return Vec::new(),
        (Subscribers::Waiting, true) => {
            "No e-mail leaves this machine, so nobody can confirm it: start `up` without AlarmEmail."
                .to_owned()
        }
        (Subscribers::None | Subscribers::Waiting, false) => format!(
            "{}\nThen open the link in the e-mail that arrives.",
            aws(&format!(
                "sns subscribe --topic-arn {topic} --protocol email --notification-endpoint \"$ADDRESS\""
            ))
        ),
    };
    vec![Finding {
        policies: None,
        what: "nobody has confirmed to get the alarms".to_owned(),
        why: "An alarm that nobody gets is none: parked orders and unknown payments stay unseen.",
        fix,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:r:1:topic";

    #[test]
    fn an_alarm_that_is_missing_silent_or_tells_another_topic_is_found() {
        let promised = BTreeMap::from([("ExpiredAlarm".to_owned(), "stack-ExpiredAlarm-1".to_owned())]);
        let told = |found: Option<Found>| {
            let found = found.map(|found| ("stack-ExpiredAlarm-1".to_owned(), found)).into_iter().collect();
            let findings = judge_alarms(&str::to_owned, &promised, TOPIC, &found);
            findings.into_iter().map(|it| it.what).collect::<Vec<_>>().join("; ")
        };
        let sound = Found { acts: true, actions: vec![TOPIC.to_owned()] };
        assert_eq!(told(Some(sound.clone())), "");
        assert_eq!(told(None), "alarms are missing: ExpiredAlarm");
        assert!(told(Some(Found { acts: false, ..sound.clone() })).contains("does nothing"));
        assert!(
            told(Some(Found { actions: vec!["arn:other".to_owned()], ..sound })).contains("does not tell")
        );
    }

    #[test]
    fn a_topic_without_a_confirmed_subscriber_is_found() {
        use Subscribers::{Confirmed, None, Waiting};
        for (is_up, subscribers, findings) in [
            (false, Confirmed, 0),
            (false, Waiting, 1),
            (false, None, 1),
            (true, Confirmed, 0),
            (true, Waiting, 1),
            (true, None, 0),
        ] {
            let found = judge_subscribers(&str::to_owned, TOPIC, is_up, subscribers);
            assert_eq!(found.len(), findings, "{is_up} {subscribers:?}");
            assert!(found.iter().all(|it| it.fix.contains("sns subscribe") != is_up), "{found:?}");
        }
    }
}
