//! Roles, exactly: what the template allows is what the pipeline uses, statement by statement and value by value.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper that fails fails its test")]

mod keys;
mod moving;
mod old_cards;
mod operators;
mod orders;
mod paybill;
mod starting;
mod steps;
mod walk;
mod world;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    },
};
use aws_sdk_kms::{primitives::Blob as KmsBlob, types::DataKeySpec};

const TEMPLATE: &str = include_str!("../../../template.yaml");

const ROLES: [&str; 11] = [
    "IngestRole",
    "TokenizeWorkerRole",
    "ReplayRole",
    "PaybillRole",
    "ForgetRole",
    "CardKeyMakerRole",
    "CardKeysRole",
    "NotifyRole",
    "WitnessRole",
    "RewrapRole",
    "ImportRole",
];

/// The key of the AWS sample's vault. It is not the stack's; its policy lets the account decide.
const SAMPLE_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/99999999-2222-4333-8444-555555555555";

const OWNER: &str = "550e8400-e29b-41d4-a716-446655440000";

/// The key that was the vault's before. It is not the stack's; its policy is what docs/keys.md makes it.
const PREVIOUS_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";
async fn make_table(dynamodb: &aws_sdk_dynamodb::Client, name: &str, key: &[&str]) {
    let kinds = [KeyType::Hash, KeyType::Range];
    let schema = key.iter().zip(kinds).map(|(name, kind)| {
        KeySchemaElement::builder().attribute_name(*name).key_type(kind).build().unwrap()
    });
    let attributes = key.iter().map(|name| {
        let attribute = AttributeDefinition::builder().attribute_name(*name);
        attribute.attribute_type(ScalarAttributeType::S).build().unwrap()
    });
    let table = dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let table = table.set_key_schema(Some(schema.collect()));
    table.set_attribute_definitions(Some(attributes.collect())).send().await.unwrap();
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: u32) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn b() -> AttributeValue {
    AttributeValue::B(Blob::new([1]))
}

fn context(purpose: &str, name: &str) -> HashMap<String, String> {
    HashMap::from([("purpose".to_owned(), purpose.to_owned()), (name.to_owned(), "1".to_owned())])
}

async fn decrypt(
    kms: &aws_sdk_kms::Client,
    key: &str,
    context: &HashMap<String, String>,
) -> Result<(), Option<String>> {
    let decrypt = kms.decrypt().key_id(key).ciphertext_blob(KmsBlob::new([0]));
    let outcome = decrypt.set_encryption_context(Some(context.clone())).send().await;
    outcome.map(drop).map_err(|error| code(&error))
}

async fn generate(
    kms: &aws_sdk_kms::Client,
    key: &str,
    context: &HashMap<String, String>,
) -> Result<(), Option<String>> {
    let generate = kms.generate_data_key().key_id(key).key_spec(DataKeySpec::Aes256);
    let outcome = generate.set_encryption_context(Some(context.clone())).send().await;
    outcome.map(drop).map_err(|error| code(&error))
}

/// An outcome that may be a denial.
trait Outcome {
    fn code(&self) -> Option<String>;
}
impl Outcome for Result<(), Option<String>> {
    fn code(&self) -> Option<String> {
        self.as_ref().err().cloned().flatten()
    }
}

impl<T, E: ProvideErrorMetadata, R> Outcome for Result<T, SdkError<E, R>> {
    fn code(&self) -> Option<String> {
        self.as_ref().err().and_then(code)
    }
}

fn is_denied(outcome: &impl Outcome) -> bool {
    outcome.code().is_some_and(|code| code == "AccessDeniedException" || code == "AccessDenied")
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<String> {
    error.as_service_error().and_then(ProvideErrorMetadata::code).map(str::to_owned)
}
