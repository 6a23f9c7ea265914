//! `CustomerOrderTable`: clean orders, each with a token in its card's place.

mod forgetting;

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
    payment::{Claim, ClaimedPayment, Outcome, Payment},
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

pub use forgetting::CardStanding;

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
    /// When the vault row's retention ends, in epoch seconds; none: the card is kept until it is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_expires_at: Option<u64>,
    /// When the card was forgotten on request. The token stays: it points at nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_forgotten_at: Option<Timestamp>,
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
                      AcceptanceId, AcceptedAt, TokenizedAt, CardExpiresAt, CardForgottenAt";

const WITH_PAYMENT: &str = "CustomerOrder, CustomerName, Address, CreditCardToken, CardLast4, CardBrand, #owner, \
                            AcceptanceId, AcceptedAt, TokenizedAt, CardExpiresAt, CardForgottenAt, \
                            PaymentStatus, PaymentId, ClaimId, ClaimedUntil";

/// Holds while the order has the card that was read, and that card is not forgotten. Each card of an order has a
/// `TokenizedAt` of its own, which tells it as well as the token does; IAM lets a role write what it lets it compare,
/// and nobody but the worker is to write a token.
const SAME_CARD: &str = "TokenizedAt = :tokenized AND attribute_not_exists(CardForgottenAt)";

/// The table of clean orders.
#[derive(Debug, Clone)]
pub struct OrderTable {
    dynamodb: Client,
    name: String,
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

    /// Reads an order with its payment, consistently.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn with_payment(&self, order: &OrderId) -> Result<Option<(CleanOrder, Payment)>, TableError> {
        let read = self.read(order).projection_expression(WITH_PAYMENT);
        let read = read.expression_attribute_names("#owner", "Owner");
        let reply = read.send().await.map_err(|error| classify("GetItem order", &error))?;
        let Some(item) = reply.item else { return Ok(None) };
        let payment = serde_dynamo::aws_sdk_dynamodb_1::from_item(item.clone())?;
        Ok(Some((CleanOrder::parse(item)?, payment)))
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

    fn read(&self, order: &OrderId) -> aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder {
        self.dynamodb
            .get_item()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .consistent_read(true)
    }

    /// Claims the order's payment, before anything is sent to the processor: only while the order has the card
    /// that was read, and no payment was claimed or the claim that was seen still stands and has run out.
    ///
    /// # Errors
    /// [`TableError`]; the claim may stand all the same when no reply came, and runs out by itself.
    pub async fn claim_payment(
        &self,
        clean: &CleanOrder,
        claim: &Claim,
        seen: Option<&ClaimedPayment>,
    ) -> Result<Written, TableError> {
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(clean.customer_order.to_string()))
            .update_expression(
                "SET PaymentStatus = :submitting, PaymentId = :payment, ClaimId = :claim, ClaimedUntil = :until",
            )
            .expression_attribute_values(":submitting", AttributeValue::S("SUBMITTING".into()))
            .expression_attribute_values(":payment", AttributeValue::S(claim.payment_id.to_string()))
            .expression_attribute_values(":claim", AttributeValue::S(claim.claim_id.to_string()))
            .expression_attribute_values(":until", AttributeValue::S(claim.until.to_string()))
            .expression_attribute_values(":tokenized", AttributeValue::S(clean.tokenized_at.to_string()));
        let update = match seen {
            None => update.condition_expression(format!(
                "attribute_exists(CustomerOrder) AND attribute_not_exists(PaymentStatus) AND {SAME_CARD}"
            )),
            Some(seen) => update
                .condition_expression(format!(
                    "PaymentStatus = :submitting AND ClaimId = :seen AND PaymentId = :payment AND {SAME_CARD}"
                ))
                .expression_attribute_values(":seen", AttributeValue::S(seen.claim_id.to_string())),
        };
        conditional("UpdateItem order", update.send().await)
    }

    /// Writes the processor's answer, only while this payment is still being submitted.
    ///
    /// # Errors
    /// [`TableError`]; the answer may have been written all the same when no reply came.
    pub async fn record_outcome(
        &self,
        order: &OrderId,
        payment_id: Uuid,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        let reply = self
            .dynamodb
            .update_item()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .update_expression(
                "SET PaymentStatus = :outcome, PaymentSettledAt = :at REMOVE ClaimId, ClaimedUntil",
            )
            .condition_expression("PaymentStatus = :submitting AND PaymentId = :payment")
            .expression_attribute_values(":outcome", AttributeValue::S(outcome.word().into()))
            .expression_attribute_values(":at", AttributeValue::S(at.to_string()))
            .expression_attribute_values(":submitting", AttributeValue::S("SUBMITTING".into()))
            .expression_attribute_values(":payment", AttributeValue::S(payment_id.to_string()))
            .send()
            .await;
        conditional("UpdateItem order", reply)
    }

    /// Gives a claim back when nothing was sent to the processor under it.
    ///
    /// # Errors
    /// [`TableError`]; a claim that is not given back runs out by itself.
    pub async fn release_claim(&self, order: &OrderId, claim: &Claim) -> Result<Written, TableError> {
        let reply = self
            .dynamodb
            .update_item()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .update_expression("REMOVE PaymentStatus, PaymentId, ClaimId, ClaimedUntil")
            .condition_expression("PaymentStatus = :submitting AND ClaimId = :claim")
            .expression_attribute_values(":submitting", AttributeValue::S("SUBMITTING".into()))
            .expression_attribute_values(":claim", AttributeValue::S(claim.claim_id.to_string()))
            .send()
            .await;
        conditional("UpdateItem order", reply)
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
