//! Rows as DynamoDB's clients see them.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
pub(crate) use test_support::tables::{AUDIT, ORDERS, QUARANTINE, VAULT, WITNESS};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The text of an attribute, string or number.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    match &item[name] {
        AttributeValue::S(text) | AttributeValue::N(text) => text,
        _ => panic!("{name} is no text"),
    }
}

/// A binary attribute with one bit altered, well inside.
pub(crate) fn flipped(value: &AttributeValue) -> AttributeValue {
    let mut bytes = value.as_b().unwrap().as_ref().to_vec();
    bytes[20] ^= 1;
    AttributeValue::B(Blob::new(bytes))
}

/// The attributes that a row holds.
pub(crate) fn names(item: &Item) -> BTreeSet<String> {
    item.keys().cloned().collect()
}
