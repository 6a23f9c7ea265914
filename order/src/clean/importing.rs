//! What an import asks of a clean order: whether it is there, and, when a number is taken out of its source, whether its
//! card is still the one that was imported.

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem};
use uuid::Uuid;
use vault::action;

use super::{CleanOrder, OrderTable};
use crate::{
    attributes::{Access, CLEAN},
    order_id::OrderId,
    table_error::{TableError, classify},
};

impl OrderTable {
    /// Reads an order, consistently, without its payments.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn order(&self, order: &OrderId) -> Result<Option<CleanOrder>, TableError> {
        let read = self.read(order, CLEAN.list(Access::ReadImported)).send().await;
        let reply = read.map_err(|error| classify("GetItem order", &error))?;
        reply.item.map(CleanOrder::parse).transpose()
    }

    /// The check, as part of a transaction, that an order has the card of this acceptance, and that it was not forgotten.
    ///
    /// # Errors
    /// [`TableError::Rejected`] when it cannot be made.
    pub fn check_card_of(&self, order: &OrderId, acceptance: Uuid) -> Result<TransactWriteItem, TableError> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .condition_expression("AcceptanceId = :acceptance AND attribute_not_exists(CardForgottenAt)")
            .expression_attribute_values(":acceptance", AttributeValue::S(acceptance.to_string()))
            .build();
        Ok(action(check)?)
    }
}
