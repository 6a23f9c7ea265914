//! `CustomerOrderTable`: clean orders, each with a token in its card's place.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde::{Deserialize, Serialize};
use serde_with::{DisplayFromStr, serde_as};
use uuid::Uuid;
use vault::{CardBrand, Last4, Token};

use crate::{
    details::{Address, CustomerName, Details},
    order_id::OrderId,
    owner::Owner,
    table_error::{TableError, classify},
    timestamp::Timestamp,
};

/// A clean order as the worker writes it.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CleanOrder {
    /// The key.
    pub customer_order: OrderId,
    /// The customer's name.
    pub customer_name: CustomerName,
    /// The customer's address.
    pub address: Address,
    /// Stands in the card's place.
    #[serde_as(as = "DisplayFromStr")]
    pub credit_card_token: Token,
    /// The card's last four digits, derived from the opened card.
    #[serde_as(as = "DisplayFromStr")]
    pub card_last4: Last4,
    /// The card's scheme, derived from the opened card.
    #[serde_as(as = "DisplayFromStr")]
    pub card_brand: CardBrand,
    /// Who placed the order.
    pub owner: Owner,
    /// The acceptance that came across.
    pub acceptance_id: Uuid,
    /// When the order was accepted.
    pub accepted_at: Timestamp,
    /// When it came across.
    pub tokenized_at: Timestamp,
}

impl CleanOrder {
    /// The details that a repeated order is compared by.
    #[must_use]
    pub fn details(&self) -> Details {
        Details {
            owner: self.owner.clone(),
            name: self.customer_name.clone(),
            address: self.address.clone(),
            last4: self.card_last4,
            brand: self.card_brand,
        }
    }

    /// Reads an order from its stored form; payment attributes are passed over.
    ///
    /// # Errors
    /// [`TableError::Malformed`] when attributes are missing or of another type.
    pub fn parse(item: HashMap<String, AttributeValue>) -> Result<Self, TableError> {
        Ok(serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?)
    }
}

/// What a reader without payment rights sees of a clean order.
const STATUS: &str = "CustomerOrder, CustomerName, Address, CreditCardToken, CardLast4, CardBrand, #owner, \
                      AcceptanceId, AcceptedAt, TokenizedAt";

/// The table of clean orders.
#[derive(Debug, Clone)]
pub struct OrderTable {
    pub(crate) dynamodb: Client,
    pub(crate) name: String,
}

impl OrderTable {
    /// The table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self { dynamodb: Client::new(config), name }
    }

    /// Reads an order without its payment, consistently.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn status(&self, order: &OrderId) -> Result<Option<CleanOrder>, TableError> {
        let read =
            self.read(order).projection_expression(STATUS).expression_attribute_names("#owner", "Owner");
        let reply = read.send().await.map_err(|error| classify("GetItem order", &error))?;
        reply.item.map(CleanOrder::parse).transpose()
    }

    /// The acceptance by which an order came across, read consistently; none: it has not.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn acceptance(&self, order: &OrderId) -> Result<Option<Uuid>, TableError> {
        let read = self.read(order).projection_expression("AcceptanceId");
        let reply = read.send().await.map_err(|error| classify("GetItem order", &error))?;
        let acceptance = reply.item.as_ref().and_then(|item| item.get("AcceptanceId"));
        Ok(acceptance.and_then(|value| value.as_s().ok()).and_then(|id| id.parse().ok()))
    }

    pub(crate) fn read(
        &self,
        order: &OrderId,
    ) -> aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder {
        self.dynamodb
            .get_item()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .consistent_read(true)
    }

    /// The put that is part of the transaction that carries an order across: only where there is none.
    pub(crate) fn put_if_absent(&self, order: &CleanOrder) -> Result<TransactWriteItem, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(serde_dynamo::aws_sdk_dynamodb_1::to_item(order)?))
            .condition_expression("attribute_not_exists(CustomerOrder)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        // The builder fails only on a missing table or item.
        Ok(TransactWriteItem::builder().set_put(put.ok()).build())
    }
}
