//! KMS: which key a call is about, and its encryption context.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html>

use card_airlock_iam::{self as iam, Context};
use serde_json::{Map, Value};

use crate::{account::Account, kms::Kms, request::Request};

pub(crate) fn permissions(request: &Request, account: &Account, kms: &Kms) -> Vec<iam::Request> {
    let operation = request.operation.as_str();
    let with = |action: &str, resource: String, context: Option<Context>| iam::Request {
        action: format!("kms:{action}"),
        resource: Some(resource),
        context,
    };
    let plain = |resource: String| with(operation, resource, Some(Context::default()));
    let named = |member: &str| kms.arn_of_named(request.text(member).unwrap_or_default());
    // If the call does not name the key, the ciphertext does.
    let of_ciphertext = |member: &str| {
        let blob = || kms.arn_of_wrapping(request.text("CiphertextBlob").unwrap_or_default());
        request.text(member).map_or_else(blob, |_| named(member))
    };
    let context = |member: &str| encryption_context(request.json.get(member));
    let spec = |context: Context| match request.text("KeyPairSpec") {
        Some(spec) => context.with("kms:DataKeyPairSpec", [spec.to_owned()]),
        None => context,
    };
    let alias = || account.arn("kms", request.text("AliasName").unwrap_or_default());
    match operation {
        "CreateKey" | "ListKeys" | "ListAliases" => vec![plain("*".to_owned())],
        "CreateAlias" => vec![plain(alias()), plain(named("TargetKeyId"))],
        "DeleteAlias" => vec![plain(alias()), plain(named("AliasName"))],
        "UpdateAlias" => vec![plain(alias()), plain(named("AliasName")), plain(named("TargetKeyId"))],
        "Decrypt" => vec![with(operation, of_ciphertext("KeyId"), context("EncryptionContext"))],
        "ReEncrypt" => vec![
            with("ReEncryptFrom", of_ciphertext("SourceKeyId"), context("SourceEncryptionContext")),
            with("ReEncryptTo", named("DestinationKeyId"), context("DestinationEncryptionContext")),
        ],
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            vec![with(operation, named("KeyId"), context("EncryptionContext").map(spec))]
        }
        _ => vec![with(operation, named("KeyId"), context("EncryptionContext"))],
    }
}

/// `None`: it is not known.
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
