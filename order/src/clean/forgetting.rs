//! Forgetting the card of a clean order: one transaction deletes it from the vault and marks the order. A card that
//! comes for the order later is recognized by that mark.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, TransactWriteItem, Update},
};
use serde::Deserialize;
use serde_with::{DisplayFromStr, serde_as};
use vault::{Token, action};

use super::OrderTable;
use crate::{
    attributes::{Access, CLEAN},
    order_id::OrderId,
    owner::Owner,
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

const SUBMITTING: &str = "SUBMITTING";

/// What forgetting reads of a clean order.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CardStanding {
    /// Who placed the order.
    pub owner: Owner,
    /// The token of the order's card.
    #[serde_as(as = "DisplayFromStr")]
    pub credit_card_token: Token,
    /// When it was forgotten; none: it was not.
    pub card_forgotten_at: Option<Timestamp>,
    payment_status: Option<String>,
}

impl CardStanding {
    /// Whether a payment with the card is in progress, or was interrupted: then the card may be needed to find out
    /// whether it was charged.
    #[must_use]
    pub fn is_being_charged(&self) -> bool {
        self.payment_status.as_deref() == Some(SUBMITTING)
    }
}

impl OrderTable {
    /// Reads what forgetting needs, consistently.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn card(&self, order: &OrderId) -> Result<Option<CardStanding>, TableError> {
        let reply = self
            .read(order, CLEAN.list(Access::ReadCard))
            .send()
            .await
            .map_err(|error| classify("GetItem order", &error))?;
        Ok(reply.item.map(serde_dynamo::aws_sdk_dynamodb_1::from_item).transpose()?)
    }

    /// Whether the card of an order was forgotten, and the order is this owner's. Once it is, it stays so.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn is_forgotten_for(&self, order: &OrderId, owner: &Owner) -> Result<bool, TableError> {
        let read = self.read(order, CLEAN.list(Access::ReadForgotten)).send().await;
        let reply = read.map_err(|error| classify("GetItem order", &error))?;
        Ok(reply.item.is_some_and(|clean| is_forgotten_for(&clean, owner)))
    }

    /// The same as a check, which is part of a transaction.
    pub(crate) fn check_forgotten(
        &self,
        order: &AttributeValue,
        owner: &AttributeValue,
    ) -> Result<TransactWriteItem, TableError> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .key("CustomerOrder", order.clone())
            .condition_expression("attribute_exists(CardForgottenAt) AND #owner = :owner")
            .expression_attribute_names("#owner", "Owner")
            .expression_attribute_values(":owner", owner.clone())
            .build();
        Ok(action(check)?)
    }

    /// One transaction: the vault's part of it, and the mark, only while the order has that card, nobody is paying
    /// with it and it has not been forgotten. If the transaction is cancelled for any reason, nothing was written.
    ///
    /// # Errors
    /// [`TableError`]; if no reply came, it may have taken effect.
    pub async fn forget_card(
        &self,
        order: &OrderId,
        token: Token,
        vault_delete: TransactWriteItem,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        let mark = Update::builder()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .update_expression("SET CardForgottenAt = :at")
            // An attribute that is not there is unlike any value.
            .condition_expression(
                "CreditCardToken = :token AND attribute_not_exists(CardForgottenAt) \
                 AND PaymentStatus <> :submitting",
            )
            .expression_attribute_values(":at", AttributeValue::S(at.to_string()))
            .expression_attribute_values(":token", AttributeValue::S(token.to_string()))
            .expression_attribute_values(":submitting", AttributeValue::S(SUBMITTING.into()))
            .build();
        let mark = action(mark)?;
        let transaction = self.dynamodb.transact_write_items().transact_items(vault_delete);
        match transaction.transact_items(mark).send().await {
            Err(error) if is_cancelled(&error) => Ok(Written::LostRace),
            reply => conditional("TransactWriteItems order", reply),
        }
    }
}

/// Whether the card of a clean row was forgotten. If so, no later card of this owner for the order is kept.
pub(crate) fn is_forgotten_for(clean: &HashMap<String, AttributeValue>, owner: &Owner) -> bool {
    clean.contains_key("CardForgottenAt")
        && clean.get("Owner").and_then(|value| value.as_s().ok()).is_some_and(|own| own == owner.as_str())
}

fn is_cancelled<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    error.as_service_error().is_some_and(TransactWriteItemsError::is_transaction_canceled_exception)
}
