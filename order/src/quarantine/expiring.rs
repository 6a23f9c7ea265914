//! Taking a card out of its quarantine row for good: when its time is over, or when it is to be forgotten.

use aws_sdk_dynamodb::types::AttributeValue;

use super::table::QuarantineTable;
use crate::{
    order_id::OrderId,
    owner::Owner,
    row_version::{Condition, RowVersion},
    status::{FailureReason, QuarantineStatus},
    table_error::{TableError, Written, classify, conditional},
};

/// What forgetting sees of a row. Whatever is missing or unreadable is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldCard {
    /// Who placed the order.
    pub owner: Option<Owner>,
    /// Where it stands.
    pub status: Option<QuarantineStatus>,
    /// The row's version, for the write that follows.
    pub version: RowVersion,
}

impl QuarantineTable {
    /// Whose card a row holds and where it stands, read consistently.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn held_card(&self, order: &OrderId) -> Result<Option<HeldCard>, TableError> {
        let read = self.read(order, "#owner, #status, AcceptanceId, Attempt");
        let reply = read.send().await.map_err(|error| classify("GetItem quarantine", &error))?;
        let Some(item) = reply.item else { return Ok(None) };
        let text = |name| item.get(name).and_then(|value: &AttributeValue| value.as_s().ok());
        Ok(Some(HeldCard {
            owner: text("Owner").and_then(|owner| owner.parse().ok()),
            status: text("Status").and_then(|word| QuarantineStatus::of_word(word)),
            version: RowVersion::of(&item),
        }))
    }

    /// Expires a row that has not changed since it was seen, because its card is to be forgotten.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn forget_card(&self, order: &OrderId, seen: &RowVersion) -> Result<Written, TableError> {
        let key = AttributeValue::S(order.to_string());
        self.expire(key, seen, Some(FailureReason::Forgotten)).await
    }

    /// Expires a row that has not changed since it was seen: EXPIRED, its card, its data key and the customer's
    /// details gone. Without a reason the row keeps the one it has.
    pub(super) async fn expire(
        &self,
        key: AttributeValue,
        seen: &RowVersion,
        reason: Option<FailureReason>,
    ) -> Result<Written, TableError> {
        let Condition { expression, names, values } = seen.unchanged();
        let set_reason = if reason.is_some() { ", FailureReason = :reason" } else { "" };
        let mut update = self
            .dynamodb
            .update_item()
            .table_name(&self.name)
            .key("CustomerOrder", key)
            .update_expression(format!(
                "SET #status = :expired{set_reason} REMOVE SealedCard, DataKey, KeyBatchId, CustomerName, Address"
            ))
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .expression_attribute_names("#status", "Status")
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(
                ":expired",
                AttributeValue::S(QuarantineStatus::Expired.word().into()),
            );
        if let Some(reason) = reason {
            update = update.expression_attribute_values(":reason", AttributeValue::S(reason.code().into()));
        }
        conditional("UpdateItem quarantine", update.send().await)
    }
}
