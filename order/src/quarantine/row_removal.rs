//! Deleting a row with its card: its order is across already, or its card was forgotten before it came. It uses
//! transactions, because the worker's role may delete rows only in transactions.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, builders::DeleteBuilder};
use uuid::Uuid;
use vault::action;

use super::table::QuarantineTable;
use crate::{
    order_id::OrderId,
    row_version::{Condition, RowVersion},
    status::QuarantineStatus,
    table_error::{TableError, Written, conditional, failed_conditions},
};

/// This includes FAILED: an acceptance that was parked may still cross. An expired row has no card any more, and an
/// old stream image that still has it must not bring it back.
const THIS_ACCEPTANCE: &str = "AcceptanceId = :acceptance AND #status <> :expired";

/// The result for a row whose card may have come too late for its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateCard {
    /// The order's card was forgotten before: the row is gone, with its card.
    Dropped,
    /// The order's card was not forgotten: the row is as it was.
    Kept,
    /// The row was deleted or changed: the writer that changed it handles it.
    Changed,
}

impl QuarantineTable {
    /// Drops a row that is still this acceptance, because the same order is already tokenized or its card is to be
    /// forgotten.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn drop_row(&self, order: &OrderId, acceptance: Uuid) -> Result<Written, TableError> {
        let delete = self.delete_if_this_acceptance(order, acceptance)?;
        let reply = self.dynamodb.transact_write_items().transact_items(delete).send().await;
        let [is_changed] = reply.as_ref().err().map_or([false], failed_conditions);
        if is_changed { Ok(Written::LostRace) } else { conditional("TransactWriteItems quarantine", reply) }
    }

    /// Drops a row that has not changed since it was seen, if its order's card was forgotten, which `check` tests.
    pub(crate) async fn drop_late_card(
        &self,
        check: TransactWriteItem,
        key: &AttributeValue,
        seen: &RowVersion,
    ) -> Result<LateCard, TableError> {
        let Condition { expression, names, values } = seen.unchanged();
        let delete = self
            .delete(key.clone())
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()));
        let transaction = self.dynamodb.transact_write_items().transact_items(check);
        let reply = transaction.transact_items(action(delete.build())?).send().await;
        let [is_kept, is_changed] = reply.as_ref().err().map_or([false; 2], failed_conditions);
        if is_changed {
            return Ok(LateCard::Changed);
        }
        if is_kept {
            return Ok(LateCard::Kept);
        }
        conditional("TransactWriteItems quarantine", reply).map(|_| LateCard::Dropped)
    }

    /// The delete that is part of the transaction that carries an order across: only while the row is this
    /// acceptance and not expired.
    pub(crate) fn delete_if_this_acceptance(
        &self,
        order: &OrderId,
        acceptance: Uuid,
    ) -> Result<TransactWriteItem, TableError> {
        let expired = AttributeValue::S(QuarantineStatus::Expired.word().into());
        let delete = self
            .delete(AttributeValue::S(order.to_string()))
            .condition_expression(THIS_ACCEPTANCE)
            .expression_attribute_names("#status", "Status")
            .expression_attribute_values(":acceptance", AttributeValue::S(acceptance.to_string()))
            .expression_attribute_values(":expired", expired);
        Ok(action(delete.build())?)
    }

    fn delete(&self, key: AttributeValue) -> DeleteBuilder {
        Delete::builder().table_name(&self.name).key("CustomerOrder", key)
    }
}
