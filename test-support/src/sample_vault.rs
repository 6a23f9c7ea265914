//! Rows of the AWS sample's vault, as its library writes them, under a KMS key of the test's own.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
pub use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob as KmsBlob;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

#[path = "../../vault/src/ddbec/sample.rs"]
#[allow(dead_code, reason = "vault's own tests use the other half")]
mod sample;

/// A row.
pub type Row = HashMap<String, AttributeValue>;

/// Where a row is: the KMS context of its data key has all three, its signature table and token.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'a str,
    pub token: &'a str,
    pub account: &'a str,
}

impl<'a> Place<'a> {
    fn sample(self) -> sample::Place<'a> {
        let Self { table, token, account } = self;
        sample::Place { table, token, account }
    }
}

/// What a client sent to the sample as its card.
#[derive(Debug, Clone, Copy)]
pub enum Plain<'a> {
    Text(&'a str),
    /// A JSON number, in digits.
    Number(&'a str),
    /// None at all.
    Null,
}

impl Plain<'_> {
    fn serialized(self) -> Vec<u8> {
        match self {
            Self::Text(text) => sample::text(text),
            Self::Number(digits) => sample::number(digits),
            Self::Null => sample::NULL.to_vec(),
        }
    }
}

/// A row with a data key of its own, as the library asks KMS for one.
pub async fn seal(kms: &Client, key_arn: &str, place: Place<'_>, plain: Plain<'_>) -> Row {
    let place = place.sample();
    let asked = kms.generate_data_key().key_id(key_arn).number_of_bytes(32);
    let made = asked.set_encryption_context(Some(place.key_context())).send().await.unwrap();
    let key = made.plaintext.unwrap().into_inner().try_into().unwrap();
    place.row(&key, made.ciphertext_blob.unwrap().as_ref(), &plain.serialized())
}

/// The table of [`library_rows`].
pub const LIBRARY_TABLE: &str = "CreditCardTokenizerTable";

/// The four rows that the real library wrote (`vault/src/ddbec/fixtures.json`), their data keys wrapped anew: a card in
/// text, a card as a number, none, and text that is no card. The library does not sign what names the data key.
pub async fn library_rows(kms: &Client, key_arn: &str) -> Vec<Row> {
    let all: Value = serde_json::from_str(include_str!("../../vault/src/ddbec/fixtures.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bytes = |value: &Value| BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap();
    let mut rows = Vec::new();
    for fixture in all["rows"].as_array().unwrap() {
        let context = serde_json::from_value(fixture["kms_encryption_context"].clone()).unwrap();
        let key = KmsBlob::new(bytes(&fixture["kms_plaintext_data_key_b64"]));
        let wrapped = kms.encrypt().key_id(key_arn).plaintext(key).set_encryption_context(Some(context));
        let wrapped = wrapped.send().await.unwrap().ciphertext_blob.unwrap();
        let attribute = |value: &Value| match value.get("S") {
            Some(value) => AttributeValue::S(text(value)),
            None => AttributeValue::B(Blob::new(bytes(&value["B"]))),
        };
        let item = fixture["item"].as_object().unwrap().iter();
        let mut row: Row = item.map(|(name, value)| (name.clone(), attribute(value))).collect();
        let description = sample::description(&sample::pairs(wrapped.as_ref()));
        row.insert("*amzn-ddb-map-desc*".to_owned(), AttributeValue::B(Blob::new(description)));
        rows.push(row);
    }
    rows
}
