//! Subscriptions of SNS. <https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html>

use serde_json::{Value, json};

use super::{Outcome, error::DeclaredError, of_kind};
use crate::{deployed::Deployed, request::Request};

/// Who subscribes by e-mail must confirm it. No e-mail leaves this machine, so nobody has.
pub(super) fn of_topic(deployed: Option<&Deployed>, request: &Request) -> Outcome {
    let topic = request.text("TopicArn").unwrap_or_default();
    let is_there = of_kind(deployed, "AWS::SNS::Topic").any(|resource| resource.physical_id == topic);
    let deployed = deployed.filter(|_| is_there).ok_or(DeclaredError::NoTopic)?;
    let all = of_kind(Some(deployed), "AWS::SNS::Subscription").map(|resource| &resource.properties);
    let of_topic = all.filter(|properties| properties.get("TopicArn").and_then(Value::as_str) == Some(topic));
    let subscriptions = of_topic.map(|properties| {
        let protocol = properties.get("Protocol").and_then(Value::as_str).unwrap_or_default();
        let needs_confirmation = ["email", "email-json", "http", "https"].contains(&protocol);
        let arn =
            if needs_confirmation { "PendingConfirmation".to_owned() } else { format!("{topic}:declared") };
        json!({
            "Endpoint": properties.get("Endpoint"),
            "Owner": deployed.account.id,
            "Protocol": protocol,
            "SubscriptionArn": arn,
            "TopicArn": topic,
        })
    });
    Ok(json!({ "Subscriptions": subscriptions.collect::<Vec<_>>() }))
}
