//! Log groups. <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>

use serde_json::{Value, json};

use super::{Outcome, count, error::DeclaredError, of_kind};
use crate::{deployed::Deployed, request::Request};

const MOST: u64 = 50;

/// AWS counts what they hold later, too.
pub(super) fn describe(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let prefix = request.text("logGroupNamePrefix").unwrap_or_default();
    let most = match request.json.get("limit") {
        None | Some(Value::Null) => MOST,
        Some(limit) => limit
            .as_u64()
            .filter(|limit| (1..=MOST).contains(limit))
            .ok_or(DeclaredError::Invalid("limit"))?,
    };
    let groups = of_kind(deployed, "AWS::Logs::LogGroup").filter_map(|resource| {
        let (deployed, name) = (deployed?, &resource.physical_id);
        let arn = deployed.account.arn("logs", &format!("log-group:{name}"));
        let mut group = json!({
            "arn": format!("{arn}:*"),
            "creationTime": deployed.created_epoch().as_i64()? * 1000,
            "logGroupArn": arn,
            "logGroupClass": "STANDARD",
            "logGroupName": name,
            "metricFilterCount": 0,
            "storedBytes": 0,
        });
        if let (Some(days), Some(group)) =
            (resource.properties.get("RetentionInDays").and_then(count), group.as_object_mut())
        {
            group.insert("retentionInDays".to_owned(), days.into());
        }
        name.starts_with(prefix).then_some(group)
    });
    let groups: Vec<Value> = groups.collect();
    if groups.len() as u64 > most {
        return Err(DeclaredError::Unsupported("limit, for a page that ends before the list".to_owned()));
    }
    Ok(json!({ "logGroups": groups }))
}
