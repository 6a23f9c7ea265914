//! Reads the tables as the stack's operator, with the real SDK at the AWS endpoint.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::functions;

/// As whom the operator of this machine calls.
pub(crate) const OPERATOR: &str = "operator";

/// A table's row.
pub(crate) type Row = HashMap<String, AttributeValue>;

/// Bytes shown of a binary attribute.
const SHOWN_BYTES: usize = 18;

/// The AWS endpoint did not answer a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{operation} on {table} failed at the AWS endpoint")]
pub struct OperatorError {
    operation: &'static str,
    table: &'static str,
}

/// The operator's view of the tables.
pub(crate) struct Operator(Client);

impl Operator {
    pub(crate) fn new(aws_url: &str) -> Self {
        Self(Client::new(&functions::sdk_config(aws_url, OPERATOR)))
    }

    /// `get-item`, consistently.
    pub(crate) async fn row(
        &self,
        table: &'static str,
        key: &[(&str, &str)],
    ) -> Result<Option<Row>, OperatorError> {
        let key =
            key.iter().map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())));
        let read = self.0.get_item().table_name(table).consistent_read(true).set_key(Some(key.collect()));
        let output = read.send().await.map_err(|_| OperatorError { operation: "GetItem", table })?;
        Ok(output.item)
    }

    /// All rows that a `scan` finds.
    pub(crate) async fn rows(&self, table: &'static str) -> Result<Vec<Row>, OperatorError> {
        let pages = self.0.scan().table_name(table).consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.map_err(|_| OperatorError { operation: "Scan", table })
    }

    /// `put-item`.
    pub(crate) async fn put(&self, table: &'static str, row: Row) -> Result<(), OperatorError> {
        let put = self.0.put_item().table_name(table).set_item(Some(row)).send().await;
        put.map(drop).map_err(|_| OperatorError { operation: "PutItem", table })
    }
}

/// The attributes of a row as `aws dynamodb get-item` prints them, by name, with bytes cut short.
pub(crate) fn as_json(row: &Row) -> BTreeMap<&str, Value> {
    row.iter().map(|(name, value)| (name.as_str(), attribute(value))).collect()
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
