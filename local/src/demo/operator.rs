//! Looking into the tables as the stack's operator, with the real SDK at the AWS endpoint.

use std::collections::HashMap;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Region},
    types::AttributeValue,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::DemoError;

/// A table's row.
pub(super) type Row = HashMap<String, AttributeValue>;

/// Bytes shown of a binary attribute.
const SHOWN_BYTES: usize = 18;

/// The operator's view of the tables.
pub(super) struct Operator(Client);

impl Operator {
    pub(super) fn new(aws_url: &str) -> Self {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(aws_url)
            .credentials_provider(Credentials::new("operator", "operator", None, None, "demo"))
            .build();
        Self(Client::from_conf(config))
    }

    /// `get-item`, consistently.
    pub(super) async fn row(
        &self,
        table: &'static str,
        key: &[(&str, &str)],
    ) -> Result<Option<Row>, DemoError> {
        let key =
            key.iter().map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())));
        let read = self.0.get_item().table_name(table).consistent_read(true).set_key(Some(key.collect()));
        let output = read.send().await.map_err(|_| DemoError::Aws { operation: "GetItem", table })?;
        Ok(output.item)
    }

    /// How many rows a `scan` finds.
    pub(super) async fn count(&self, table: &'static str) -> Result<usize, DemoError> {
        let failed = |_| DemoError::Aws { operation: "Scan", table };
        let mut pages = self.0.scan().table_name(table).consistent_read(true).into_paginator().items().send();
        let mut count = 0;
        while let Some(row) = pages.next().await {
            row.map_err(failed)?;
            count += 1;
        }
        Ok(count)
    }
}

/// The row as `aws dynamodb get-item` prints it, with its bytes cut short.
pub(super) fn as_json(row: &Row) -> Value {
    let attributes: Map<String, Value> =
        row.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
    json!({ "Item": attributes })
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(truth) => json!({ "BOOL": truth }),
        AttributeValue::B(bytes) => {
            let bytes = bytes.as_ref();
            let shown = BASE64_STANDARD.encode(bytes.get(..SHOWN_BYTES).unwrap_or(bytes));
            json!({ "B": format!("{shown}… ({} bytes)", bytes.len()) })
        }
        _ => json!("…"),
    }
}
