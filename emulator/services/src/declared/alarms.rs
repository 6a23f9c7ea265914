//! Alarms of CloudWatch. <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>

use serde_json::{Map, Value, json};

use super::{Outcome, count, error::DeclaredError, number, of_kind, truth};
use crate::{
    deployed::{Deployed, StackResource},
    request::Request,
};

/// No metric is kept here, so no alarm knows more.
const STATE: &str = "INSUFFICIENT_DATA";
const MOST: u64 = 100;

/// The properties that the API calls the same.
const SAME: [&str; 11] = [
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "Dimensions",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "OKActions",
    "Statistic",
    "TreatMissingData",
];
const COUNTS: [&str; 3] = ["DatapointsToAlarm", "EvaluationPeriods", "Period"];

/// All on one page: a stack has few.
pub(super) fn describe(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let texts = |member: &'static str| match request.json.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts.map(Some).ok_or(DeclaredError::Invalid(member))
        }
        Some(_) => Err(DeclaredError::Invalid(member)),
    };
    let (names, types) = (texts("AlarmNames")?, texts("AlarmTypes")?);
    let prefix = request.text("AlarmNamePrefix");
    if names.is_some() && prefix.is_some() {
        return Err(DeclaredError::Invalid("AlarmNamePrefix"));
    }
    let most = match request.json.get("MaxRecords") {
        None | Some(Value::Null) => MOST,
        Some(most) => most
            .as_u64()
            .filter(|most| (1..=MOST).contains(most))
            .ok_or(DeclaredError::Invalid("MaxRecords"))?,
    };
    let has_state = match request.text("StateValue") {
        None => true,
        Some("OK" | "ALARM") => false,
        Some(state) => state == STATE,
    };
    let has_type = types.is_none_or(|types| types.contains(&"MetricAlarm"));
    let asked = |resource: &&StackResource| {
        let name = resource.physical_id.as_str();
        names.as_ref().is_none_or(|names| names.contains(&name))
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
    };
    let alarms = of_kind(deployed, "AWS::CloudWatch::Alarm").filter(asked).filter(|_| has_state && has_type);
    let alarms: Vec<Value> = alarms.filter_map(|resource| Some(alarm(deployed?, resource))).collect();
    if alarms.len() as u64 > most {
        return Err(DeclaredError::Unsupported(
            "MaxRecords, for a page that ends before the list".to_owned(),
        ));
    }
    Ok(json!({ "CompositeAlarms": [], "MetricAlarms": alarms }))
}

fn alarm(deployed: &Deployed, resource: &StackResource) -> Value {
    let property = |name: &str| resource.properties.get(name);
    let same = SAME.iter().filter_map(|name| Some(((*name).to_owned(), property(name)?.clone())));
    let mut alarm: Map<String, Value> = same.collect();
    let counts = COUNTS.iter().filter_map(|name| Some(((*name).to_owned(), json!(count(property(name)?)?))));
    alarm.extend(counts);
    if let Some(threshold) = property("Threshold").and_then(number) {
        alarm.insert("Threshold".to_owned(), json!(threshold));
    }
    let name = &resource.physical_id;
    let made_up = json!({
        "ActionsEnabled": property("ActionsEnabled").and_then(truth).unwrap_or(true),
        "AlarmArn": deployed.account.arn("cloudwatch", &format!("alarm:{name}")),
        "AlarmName": name,
        "StateReason": "Alarms are not evaluated on this machine",
        "StateValue": STATE,
    });
    alarm.extend(made_up.as_object().cloned().unwrap_or_default());
    Value::Object(alarm)
}
