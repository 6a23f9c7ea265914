//! The services that tell what is declared: what each call is about.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use card_airlock_iam::{Context, Request};

use crate::{account::Account, request::Request as Asked, service::Service};

/// What is listed is a permission on all of its kind.
pub(super) fn permission(request: &Asked, account: &Account) -> Request {
    let operation = request.operation.as_str();
    let text = |member: &str| request.text(member).unwrap_or_default();
    let (action, resource) = match request.service {
        Service::CloudWatch => (format!("cloudwatch:{operation}"), account.arn("cloudwatch", "alarm:*")),
        Service::CloudWatchLogs => {
            // As AWS names it where a call is about a group as a whole.
            let stream = |group| format!("log-group:{group}:log-stream:{}", text("logStreamName"));
            let about = request.text("logGroupName").map_or_else(|| "log-group:*".to_owned(), stream);
            (format!("logs:{operation}"), account.arn("logs", &about))
        }
        Service::Sns => (format!("sns:{operation}"), text("TopicArn").to_owned()),
        Service::ApiGateway => {
            let stage = request.text("stageName").map(|stage| format!("/stages/{stage}")).unwrap_or_default();
            let path = format!("/restapis/{}{stage}", text("restApiId"));
            ("apigateway:GET".to_owned(), format!("arn:aws:apigateway:{}::{path}", account.region))
        }
        _ => {
            let named = request.text("TrailName").or_else(|| request.text("Name"));
            let arn = |name: &str| account.arn("cloudtrail", &format!("trail/{name}"));
            let trail = named.map(|name| if name.starts_with("arn:") { name.to_owned() } else { arn(name) });
            (format!("cloudtrail:{operation}"), trail.unwrap_or_else(|| "*".to_owned()))
        }
    };
    Request { action, resource: Some(resource), context: Some(Context::default()) }
}
