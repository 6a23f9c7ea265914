//! What every event takes from its stream record and the row in it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{order_id::OrderId, timestamp::Timestamp};

/// Where and when DynamoDB recorded a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAt {
    /// The sequence number of the stream record.
    pub sequence_number: String,
    /// When the record was made, to the second.
    pub time: Timestamp,
}

/// A row's image, read leniently: a row that cannot be read gives an event too.
#[derive(Clone, Copy)]
pub(super) struct Image<'a>(pub(super) &'a HashMap<String, AttributeValue>);

impl<'a> Image<'a> {
    pub(super) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
    }

    pub(super) fn parsed<T: std::str::FromStr>(self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// The order's id, unless it looks like a card number.
    pub(super) fn order(self) -> Option<OrderId> {
        self.text("CustomerOrder").and_then(OrderId::stored).filter(|order| order.shown().is_some())
    }
}
