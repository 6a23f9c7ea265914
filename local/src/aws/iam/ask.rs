//! What a request asks IAM for: actions on resources, with what is known of the request.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use serde_json::{Map, Value};

use super::{condition::Context, items};
use crate::{
    aws::{Service, request::Request},
    template::{ACCOUNT_ID, REGION},
};

/// One permission that a request needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// Such as `kms:Decrypt`.
    pub(super) action: String,
    /// The resource's ARN; `*` for actions that have none; `None` when it cannot be told.
    pub(super) resource: Option<String>,
    /// `None` when it cannot be told.
    pub(super) context: Option<Context>,
}

impl Ask {
    /// Of an operation that is not known here: only who may do everything may do it.
    pub(super) fn unknown(service: &str, operation: &str) -> Self {
        Self { action: format!("{service}:{operation}"), resource: None, context: None }
    }
}

/// All permissions that a request needs; every one must be given.
pub(super) fn asks(request: &Request) -> Vec<Ask> {
    let asks = match request.service {
        Service::DynamoDb => items::asks(&request.operation, &request.json),
        Service::DynamoDbStreams => streams(request),
        Service::Kms => kms(request),
        Service::Sqs => vec![sqs(request)],
        Service::SecretsManager => vec![secret(request)],
    };
    let secure = |context: Context| {
        // Loopback stands for TLS here.
        let context = context.with("aws:SecureTransport", ["true".to_owned()]);
        if context.is_ambiguous() { None } else { Some(context) }
    };
    asks.into_iter().map(|ask| Ask { context: ask.context.and_then(secure), ..ask }).collect()
}

/// `GetRecords` names its stream only inside its iterator, which is not looked into.
fn streams(request: &Request) -> Vec<Ask> {
    let stream = match request.operation.as_str() {
        "DescribeStream" | "GetShardIterator" => request.text("StreamArn").map(str::to_owned),
        "ListStreams" => {
            request.text("TableName").map(|table| format!("{}/stream/*", items::table_arn(table)))
        }
        _ => None,
    };
    let action = format!("dynamodb:{}", request.operation);
    vec![Ask { action, resource: stream, context: Some(Context::default()) }]
}

/// A key named by an alias, or only by its ciphertext, cannot be told.
fn kms(request: &Request) -> Vec<Ask> {
    let ask = |action: &str, key: &str, context: &str| Ask {
        action: format!("kms:{action}"),
        resource: request.text(key).and_then(key_arn),
        context: encryption_context(request.json.get(context)),
    };
    match request.operation.as_str() {
        "ReEncrypt" => vec![
            ask("ReEncryptFrom", "SourceKeyId", "SourceEncryptionContext"),
            ask("ReEncryptTo", "DestinationKeyId", "DestinationEncryptionContext"),
        ],
        operation @ ("CreateKey" | "ListKeys" | "ListAliases" | "GenerateRandom") => {
            vec![Ask { resource: Some("*".into()), ..ask(operation, "", "") }]
        }
        operation => vec![ask(operation, "KeyId", "EncryptionContext")],
    }
}

/// There is one region and one account: whatever an ARN says of them, the id tells the key.
fn key_arn(named: &str) -> Option<String> {
    let id = named.rsplit_once(":key/").map_or(named, |(_, id)| id);
    let is_id = !id.is_empty() && !id.contains("alias/");
    is_id.then(|| format!("arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/{id}"))
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

/// A batch is authorised as its single operation.
fn sqs(request: &Request) -> Ask {
    let operation = request.operation.as_str();
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    let named = request.text("QueueUrl").and_then(|url| url.rsplit('/').next());
    let queue = named.or_else(|| request.text("QueueName"));
    let arn =
        queue.filter(|name| !name.is_empty()).map(|name| format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"));
    Ask { action: format!("sqs:{action}"), resource: arn, context: Some(Context::default()) }
}

/// A secret named without its ARN cannot be told: AWS puts random characters after a name.
fn secret(request: &Request) -> Ask {
    let arn = request.text("SecretId").filter(|id| id.starts_with("arn:")).map(str::to_owned);
    let action = format!("secretsmanager:{}", request.operation);
    Ask { action, resource: arn, context: Some(Context::default()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(service: Service, operation: &str, body: Value) -> Vec<Ask> {
        asks(&Request::own(service, operation, body))
    }

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    #[test]
    fn a_key_is_told_by_id_or_arn_and_not_by_alias_or_ciphertext() {
        let arn = format!("arn:aws:kms:us-east-1:123456789012:key/{ID}");
        for (body, resource) in [
            (json!({"KeyId": ID}), Some(arn.clone())),
            (json!({"KeyId": arn}), Some(arn.clone())),
            (json!({"KeyId": "alias/vault"}), None),
            (json!({"KeyId": "arn:aws:kms:us-east-1:123456789012:alias/vault"}), None),
            (json!({"CiphertextBlob": "AAAA"}), None),
        ] {
            assert_eq!(ask(Service::Kms, "Decrypt", body)[0].resource, resource);
        }
    }

    #[test]
    fn a_secret_is_told_by_its_arn_only() {
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:processor-AbCdEf";
        for (id, resource) in [(arn, Some(arn)), ("processor", None)] {
            let asked = ask(Service::SecretsManager, "GetSecretValue", json!({ "SecretId": id }));
            assert_eq!(asked[0].action, "secretsmanager:GetSecretValue");
            assert_eq!(asked[0].resource.as_deref(), resource);
        }
    }

    #[test]
    fn re_encrypting_needs_both_keys() {
        let asked = ask(Service::Kms, "ReEncrypt", json!({"DestinationKeyId": ID}));
        let [from, to] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!((from.action.as_str(), &from.resource), ("kms:ReEncryptFrom", &None));
        assert_eq!(to.action, "kms:ReEncryptTo");
        assert!(to.resource.is_some());
    }

    #[test]
    fn an_encryption_context_with_a_name_twice_or_a_value_that_is_no_text_cannot_be_told() {
        for context in [json!({"purpose": "a", "Purpose": "b"}), json!({"purpose": 1}), json!("purpose")] {
            let body = json!({"KeyId": ID, "EncryptionContext": context});
            assert_eq!(ask(Service::Kms, "Decrypt", body)[0].context, None);
        }
        let body = json!({"KeyId": ID, "EncryptionContext": {"purpose": "a"}});
        assert!(ask(Service::Kms, "Decrypt", body)[0].context.is_some());
    }

    #[test]
    fn a_queue_is_told_by_its_url_and_a_batch_is_its_single_operation() {
        let url = json!({"QueueUrl": "http://127.0.0.1:4566/123456789012/dead"});
        let asked = ask(Service::Sqs, "SendMessageBatch", url);
        assert_eq!(asked[0].action, "sqs:SendMessage");
        assert_eq!(asked[0].resource.as_deref(), Some("arn:aws:sqs:us-east-1:123456789012:dead"));
    }
}
