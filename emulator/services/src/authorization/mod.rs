//! The permissions that a call needs: actions on resources, with what the call tells of its conditions.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

mod dynamodb;
mod expression;
#[cfg(test)]
mod tests;

use card_airlock_iam::{self as iam, Context};
use serde_json::{Map, Value};

use crate::{account::Account, request::Request, service::Service};

/// All permissions that a call needs; each must be given.
pub(crate) fn permissions(request: &Request, account: &Account) -> Vec<iam::Request> {
    let permissions = match request.service {
        Service::DynamoDb => dynamodb::permissions(&request.operation, &request.json, account),
        Service::DynamoDbStreams => streams(request, account),
        Service::Kms => kms(request, account),
        Service::Sqs => vec![sqs(request, account)],
        Service::SecretsManager => vec![secret(request)],
    };
    let secure = |context: Context| {
        // Loopback stands for TLS here.
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

/// `GetRecords` names its stream only inside its iterator, which is not looked into.
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

/// A key named by an alias, or only by its ciphertext, cannot be told.
fn kms(request: &Request, account: &Account) -> Vec<iam::Request> {
    let permission = |action: &str, key: &str, context: &str| iam::Request {
        action: format!("kms:{action}"),
        resource: request.text(key).and_then(|key| key_arn(key, account)),
        context: encryption_context(request.json.get(context)),
    };
    match request.operation.as_str() {
        "ReEncrypt" => vec![
            permission("ReEncryptFrom", "SourceKeyId", "SourceEncryptionContext"),
            permission("ReEncryptTo", "DestinationKeyId", "DestinationEncryptionContext"),
        ],
        operation @ ("CreateKey" | "ListKeys" | "ListAliases" | "GenerateRandom") => {
            vec![iam::Request { resource: Some("*".into()), ..permission(operation, "", "") }]
        }
        operation => vec![permission(operation, "KeyId", "EncryptionContext")],
    }
}

/// There is one region and one account: whatever an ARN says of them, the id tells the key.
fn key_arn(named: &str, account: &Account) -> Option<String> {
    let id = named.rsplit_once(":key/").map_or(named, |(_, id)| id);
    let is_id = !id.is_empty() && !id.contains("alias/");
    is_id.then(|| account.arn("kms", &format!("key/{id}")))
}

fn encryption_context(given: Option<&Value>) -> Option<Context> {
    let empty = Map::new();
    let pairs = match given {
        None | Some(Value::Null) => &empty,
        Some(given) => given.as_object()?,
    };
    let context = Context::default().with("kms:EncryptionContextKeys", pairs.keys().cloned());
    pairs.iter().try_fold(context, |context, (name, value)| {
        Some(context.with(&format!("kms:EncryptionContext:{name}"), [value.as_str()?.to_owned()]))
    })
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

/// A secret named without its ARN cannot be told: AWS puts random characters after a name.
fn secret(request: &Request) -> iam::Request {
    let arn = request.text("SecretId").filter(|id| id.starts_with("arn:")).map(str::to_owned);
    let action = format!("secretsmanager:{}", request.operation);
    iam::Request { action, resource: arn, context: Some(Context::default()) }
}
