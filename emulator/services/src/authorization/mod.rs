//! The permissions that a call needs: actions on resources, with the condition values of the call.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

mod declared;
mod deployed;
mod dynamodb;
mod events;
mod expression;
mod kms;
#[cfg(test)]
mod tests;

use card_airlock_iam::{self as iam, Context};

use crate::{account::Account, deployed::Deployed, kms::Kms, request::Request, service::Service};

/// All permissions that a call needs; each must be given.
pub(crate) fn permissions(
    request: &Request,
    account: &Account,
    kms: &Kms,
    deployed: Option<&Deployed>,
) -> Vec<iam::Request> {
    let permissions = match request.service {
        Service::DynamoDb => dynamodb::permissions(&request.operation, &request.json, account),
        Service::DynamoDbStreams => streams(request, account),
        Service::Kms => kms::permissions(request, account, kms),
        Service::Sqs => vec![sqs(request, account)],
        Service::SecretsManager => vec![secret(request)],
        Service::CloudFormation => vec![deployed::stack(request, account, deployed)],
        Service::Lambda => vec![deployed::lambda(request, account, deployed)],
        Service::CloudWatch
        | Service::CloudWatchLogs
        | Service::Sns
        | Service::CloudTrail
        | Service::ApiGateway => vec![declared::permission(request, account)],
        Service::EventBridge => events::permissions(request, account),
        Service::Cognito if request.service.is_open(&request.operation) => Vec::new(),
        Service::Cognito => vec![deployed::user_pool(request, account)],
    };
    let secure = |context: Context| {
        // Loopback counts as TLS here.
        let context = context.with("aws:SecureTransport", ["true".to_owned()]);
        if context.is_ambiguous() { None } else { Some(context) }
    };
    permissions.into_iter().map(|one| iam::Request { context: one.context.and_then(secure), ..one }).collect()
}

/// The permissions to read a stream, as an event source mapping does with its function's role.
pub(crate) fn reading_stream(stream_arn: &str) -> [iam::Request; 4] {
    ["ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"].map(|action| iam::Request {
        action: format!("dynamodb:{action}"),
        resource: Some(stream_arn.to_owned()),
        context: Some(Context::default()),
    })
}

/// `GetRecords` names its stream only inside its iterator, which is not read.
fn streams(request: &Request, account: &Account) -> Vec<iam::Request> {
    let stream = match request.operation.as_str() {
        "DescribeStream" | "GetShardIterator" => request.text("StreamArn").map(str::to_owned),
        "ListStreams" => {
            request.text("TableName").map(|table| format!("{}/stream/*", dynamodb::table_arn(table, account)))
        }
        _ => None,
    };
    let action = format!("dynamodb:{}", request.operation);
    vec![iam::Request { action, resource: stream, context: Some(Context::default()) }]
}

/// A batch is authorized as its single operation.
fn sqs(request: &Request, account: &Account) -> iam::Request {
    let operation = request.operation.as_str();
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    let named = request.text("QueueUrl").and_then(|url| url.rsplit('/').next());
    let queue = named.or_else(|| request.text("QueueName"));
    let arn = queue.filter(|name| !name.is_empty()).map(|name| account.arn("sqs", name));
    iam::Request { action: format!("sqs:{action}"), resource: arn, context: Some(Context::default()) }
}

/// The ARN of a secret that is named otherwise is not known: AWS puts random characters after a name.
fn secret(request: &Request) -> iam::Request {
    let arn = request.text("SecretId").filter(|id| id.starts_with("arn:")).map(str::to_owned);
    let action = format!("secretsmanager:{}", request.operation);
    iam::Request { action, resource: arn, context: Some(Context::default()) }
}
