//! Removing a card from its quarantine row permanently: when its time is over, when it is to be forgotten, when it is
//! refused, or when it can no longer replace another card.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{recovery::Pending, table::QuarantineTable};
use crate::{
    attributes::{Access, List, QUARANTINE},
    failure_reason::FailureReason,
    order_id::OrderId,
    owner::Owner,
    row_version::{Condition, RowVersion},
    status::QuarantineStatus,
    table_error::{TableError, Written, classify, conditional},
};

/// What forgetting reads of a row. Each part that is missing or unreadable is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldCard {
    /// Who placed the order.
    pub owner: Option<Owner>,
    /// Its status.
    pub status: Option<QuarantineStatus>,
    /// When it continues, while it is PENDING.
    pub pending: Pending,
    /// The row's version, for the write that follows.
    pub version: RowVersion,
}

impl QuarantineTable {
    /// The owner and the status of a row, read consistently.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn held_card(&self, order: &OrderId) -> Result<Option<HeldCard>, TableError> {
        let read = self.read(order.as_str(), Access::ReadHeldCard);
        let reply = read.send().await.map_err(|error| classify("GetItem quarantine", &error))?;
        let Some(item) = reply.item else { return Ok(None) };
        let text = |name| item.get(name).and_then(|value: &AttributeValue| value.as_s().ok());
        Ok(Some(HeldCard {
            owner: text("Owner").and_then(|owner| owner.parse().ok()),
            status: text("Status").and_then(|word| QuarantineStatus::of_word(word)),
            pending: Pending::of(&item),
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

    /// Ends a card that was sent encrypted and is refused, in one update: FAILED, CARD_REFUSED, and the card and the
    /// customer's details are removed.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn refuse_card(&self, key: AttributeValue, seen: &RowVersion) -> Result<Written, TableError> {
        self.take_card_out(key, seen, QuarantineStatus::Failed, Some(FailureReason::CardRefused)).await
    }

    /// Ends a card that can no longer replace another, in one update: FAILED, CARD_NOT_REPLACED, and the card and the
    /// customer's details are removed. The order itself does not change.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn end_replacement(
        &self,
        key: AttributeValue,
        seen: &RowVersion,
    ) -> Result<Written, TableError> {
        self.take_card_out(key, seen, QuarantineStatus::Failed, Some(FailureReason::CardNotReplaced)).await
    }

    /// Expires a row that has not changed since it was seen. Without a reason the row keeps the one it has.
    pub(super) async fn expire(
        &self,
        key: AttributeValue,
        seen: &RowVersion,
        reason: Option<FailureReason>,
    ) -> Result<Written, TableError> {
        self.take_card_out(key, seen, QuarantineStatus::Expired, reason).await
    }

    /// One update: it sets the status, and removes the card, its data key and the customer's details.
    async fn take_card_out(
        &self,
        key: AttributeValue,
        seen: &RowVersion,
        status: QuarantineStatus,
        reason: Option<FailureReason>,
    ) -> Result<Written, TableError> {
        let Condition { expression, mut names, values } = seen.unchanged();
        let List { expression: removed, placeholders } = QUARANTINE.list(Access::ExpiryRemoves);
        names.extend(placeholders);
        let set_reason = if reason.is_some() { ", FailureReason = :reason" } else { "" };
        let mut update = self
            .dynamodb
            .update_item()
            .table_name(&self.name)
            .key("CustomerOrder", key)
            .update_expression(format!("SET #status = :status{set_reason} REMOVE {removed}"))
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .expression_attribute_names("#status", "Status")
            .set_expression_attribute_values(Some(values))
            .expression_attribute_values(":status", AttributeValue::S(status.word().into()));
        if let Some(reason) = reason {
            update = update.expression_attribute_values(":reason", AttributeValue::S(reason.code().into()));
        }
        conditional("UpdateItem quarantine", update.send().await)
    }
}
