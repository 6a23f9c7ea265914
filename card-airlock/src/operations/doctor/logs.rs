//! How long the logs are kept.

use aws_sdk_cloudwatchlogs::Client;

use super::{
    super::{access::Right, call::CallError},
    finding::{Finding, Outcome},
    subject::Subject,
};

pub(super) async fn check(subject: &Subject<'_>) -> Outcome {
    let logs = Client::new(&subject.access.config(Right::Read));
    let promised = subject.promised.retention_days;
    let mut outcome = Outcome::default();
    for (id, name) in &subject.promised.log_groups {
        let found = read(&logs, name).await;
        let judged = found.map(|found| judge(&|command| subject.aws(command), (id, name), promised, found));
        outcome.add(id, judged);
    }
    outcome
}

/// How long a group keeps its lines. None: there is no such group; none within: it keeps them for ever.
async fn read(logs: &Client, name: &str) -> Result<Option<Option<i64>>, CallError> {
    let read = logs.describe_log_groups().log_group_name_prefix(name).send().await;
    let read = read.map_err(CallError::of("CloudWatch Logs", "DescribeLogGroups"))?;
    let group = read.log_groups().iter().find(|group| group.log_group_name() == Some(name));
    Ok(group.map(|group| group.retention_in_days().map(i64::from)))
}

fn judge(
    aws: &dyn Fn(&str) -> String,
    (id, name): (&str, &str),
    promised: i64,
    found: Option<Option<i64>>,
) -> Vec<Finding> {
    let what = match found {
        None => format!("{id} is not there"),
        Some(None) => format!("{id} keeps its lines for ever"),
        Some(Some(days)) if days != promised => {
            format!("{id} keeps its lines for {days} days, not for {promised}")
        }
        Some(Some(_)) => return Vec::new(),
    };
    let fix = match found {
        None => "Deploy the template again: sam deploy".to_owned(),
        Some(_) => {
            aws(&format!("logs put-retention-policy --log-group-name {name} --retention-in-days {promised}"))
        }
    };
    vec![Finding {
        policies: None,
        what,
        why: "PCI DSS 10.5.1 asks for 12 months of history; what is kept for longer than intended must be protected \
              for longer.",
        fix,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_promised_retention_is_sound() {
        let told = |found| judge(&str::to_owned, ("PaybillLogs", "group"), 365, found);
        assert_eq!(told(Some(Some(365))), []);
        for (found, word) in [(None, "not there"), (Some(None), "for ever"), (Some(Some(30)), "for 30 days")]
        {
            let [finding] = &told(found)[..] else { panic!("one") };
            assert!(finding.what.contains(word), "{finding:?}");
        }
    }
}
