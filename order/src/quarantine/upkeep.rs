//! The upkeep of the quarantine: every row listed without its card, re-armed, parked or expired. Each write is
//! conditional on the row as read: where somebody else was first, theirs stands, and that is success.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::table::QuarantineTable;
use crate::{
    order_id::OrderId,
    row_version::{Condition, RowVersion},
    status::{FailureReason, QuarantineStatus},
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

/// What the upkeep sees of a row. Whatever is missing or unreadable is `None`: such a row is listed too.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRow {
    /// The key as stored.
    pub key: AttributeValue,
    /// The row's version, for the write that follows.
    pub version: RowVersion,
    /// The key as an order id.
    pub order: Option<OrderId>,
    /// The acceptance.
    pub acceptance: Option<Uuid>,
    /// Where it stands.
    pub status: Option<QuarantineStatus>,
    /// Why it failed.
    pub reason: Option<FailureReason>,
    /// How often it was armed.
    pub attempt: Option<u32>,
    /// When the order was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was armed last.
    pub armed_at: Option<Timestamp>,
    /// When it expires, in epoch seconds.
    pub deadline: Option<u64>,
}

const KEPT: &str =
    "CustomerOrder, AcceptanceId, #status, FailureReason, Attempt, AcceptedAt, ArmedAt, Deadline";

/// Lists and mends rows; reads no sealed card.
#[derive(Debug, Clone)]
pub struct Upkeep(QuarantineTable);

/// One page of the listing.
#[derive(Debug)]
pub struct Page {
    /// The rows of the page.
    pub rows: Vec<KeptRow>,
    /// Where the next page begins; none: this was the last.
    pub next: Option<HashMap<String, AttributeValue>>,
}

impl Upkeep {
    /// Of the quarantine table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self(QuarantineTable::new(config, name))
    }

    /// A page of all rows, read consistently, without their cards.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn page(&self, from: Option<HashMap<String, AttributeValue>>) -> Result<Page, TableError> {
        let reply = self
            .0
            .dynamodb
            .scan()
            .table_name(&self.0.name)
            .consistent_read(true)
            .projection_expression(KEPT)
            .expression_attribute_names("#status", "Status")
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| classify("Scan quarantine", &error))?;
        let rows = reply.items.unwrap_or_default().iter().filter_map(KeptRow::of).collect();
        Ok(Page { rows, next: reply.last_evaluated_key })
    }

    /// One row, read consistently, without its card.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn row(&self, order: &OrderId) -> Result<Option<KeptRow>, TableError> {
        let reply = self
            .0
            .dynamodb
            .get_item()
            .table_name(&self.0.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .consistent_read(true)
            .projection_expression(KEPT)
            .expression_attribute_names("#status", "Status")
            .send()
            .await
            .map_err(|error| classify("GetItem quarantine", &error))?;
        Ok(reply.item.as_ref().and_then(KeptRow::of))
    }

    /// Re-arms a row: PENDING, one attempt more, armed now. The MODIFY on the stream brings it to the worker.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn rearm(&self, row: &KeptRow, now: Timestamp) -> Result<Written, TableError> {
        let attempt = row.attempt.unwrap_or(0).saturating_add(1);
        let values = [
            (":pending", AttributeValue::S(QuarantineStatus::Pending.word().into())),
            (":attempt", AttributeValue::N(attempt.to_string())),
            (":now", AttributeValue::S(now.to_string())),
        ];
        let change = "SET #status = :pending, Attempt = :attempt, ArmedAt = :now REMOVE FailureReason";
        self.update(row, change, values.into()).await
    }

    /// Parks a row: FAILED, with the reason.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn park(&self, row: &KeptRow, reason: FailureReason) -> Result<Written, TableError> {
        self.0.park(row.key.clone(), &row.version, reason).await
    }

    /// Expires a row: EXPIRED, its card, its data key and the customer's details gone.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn expire(&self, row: &KeptRow) -> Result<Written, TableError> {
        self.0.expire(row.key.clone(), &row.version, None).await
    }

    async fn update(
        &self,
        row: &KeptRow,
        change: &str,
        values: Vec<(&str, AttributeValue)>,
    ) -> Result<Written, TableError> {
        let Condition { expression, names, values: seen } = row.version.unchanged();
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(seen).collect();
        let reply = self
            .0
            .dynamodb
            .update_item()
            .table_name(&self.0.name)
            .key("CustomerOrder", row.key.clone())
            .update_expression(change)
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .expression_attribute_names("#status", "Status")
            .set_expression_attribute_values(Some(values))
            .send()
            .await;
        conditional("UpdateItem quarantine", reply)
    }
}

impl KeptRow {
    fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        let number = |name| item.get(name).and_then(|value| value.as_n().ok());
        Some(Self {
            key: item.get("CustomerOrder")?.clone(),
            version: RowVersion::of(item),
            order: text("CustomerOrder").and_then(OrderId::stored),
            acceptance: text("AcceptanceId").and_then(|id| id.parse().ok()),
            status: text("Status").and_then(|word| QuarantineStatus::of_word(word)),
            reason: text("FailureReason").and_then(|code| FailureReason::of_code(code)),
            attempt: number("Attempt").and_then(|n| n.parse().ok()),
            accepted_at: text("AcceptedAt").and_then(|time| time.parse().ok()),
            armed_at: text("ArmedAt").and_then(|time| time.parse().ok()),
            deadline: number("Deadline").and_then(|n| n.parse().ok()),
        })
    }
}
