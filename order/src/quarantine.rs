//! `OrderQuarantineTable`: accepted orders with their sealed cards, until they are across.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, Delete, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde::{Deserialize, Serialize};
use serde_with::{DefaultOnError, DisplayFromStr, serde_as};
use uuid::Uuid;
use vault::{CardBrand, Last4, QuarantineIdentity, QuarantinedCard};

use crate::{
    details::{Address, CustomerName, Details},
    order_id::OrderId,
    owner::Owner,
    row_version::{Condition, RowVersion},
    status::{FailureReason, QuarantineStatus},
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

/// A quarantine row, whole: what ingest writes and the worker reads from the stream.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct QuarantineRow {
    /// The key.
    pub customer_order: OrderId,
    /// The customer's name.
    pub customer_name: CustomerName,
    /// The customer's address.
    pub address: Address,
    /// Who placed the order.
    pub owner: Owner,
    /// This taking-in of the order.
    pub acceptance_id: Uuid,
    /// When the order was accepted.
    pub accepted_at: Timestamp,
    /// When the row was last written so that the stream carries it to the worker.
    pub armed_at: Timestamp,
    /// Version, nonce, ciphertext, tag.
    #[serde(with = "serde_bytes")]
    pub sealed_card: Vec<u8>,
    /// The wrapped data key.
    #[serde(with = "serde_bytes")]
    pub data_key: Vec<u8>,
    /// The batch of rows that share the data key.
    pub key_batch_id: Uuid,
    /// The card's last four digits, a claim until the card is opened.
    #[serde_as(as = "DisplayFromStr")]
    pub card_last4: Last4,
    /// The card's scheme, a claim until the card is opened.
    #[serde_as(as = "DisplayFromStr")]
    pub card_brand: CardBrand,
    /// Where it stands.
    pub status: QuarantineStatus,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<FailureReason>,
    /// How often the row was armed; the first time is 1.
    pub attempt: u32,
    /// When the row expires, in epoch seconds.
    pub deadline: u64,
    /// DynamoDB's TTL, the net under the deadline, in epoch seconds.
    pub expires_at: u64,
}

impl QuarantineRow {
    /// Reads a row from its stored form.
    ///
    /// # Errors
    /// [`TableError::Malformed`] when attributes are missing, unknown or of another type.
    pub fn parse(item: HashMap<String, AttributeValue>) -> Result<Self, TableError> {
        Ok(serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?)
    }

    /// The card as the vault's tokenizer takes it.
    #[must_use]
    pub fn card(&self) -> QuarantinedCard {
        QuarantinedCard {
            sealed: self.sealed_card.clone().into(),
            data_key: self.data_key.clone().into(),
            key_batch: self.key_batch_id,
            last4: self.card_last4,
            brand: self.card_brand,
        }
    }

    /// The place that the sealed card is bound to.
    #[must_use]
    pub fn place(&self) -> QuarantineIdentity<'_> {
        QuarantineIdentity {
            order: self.customer_order.as_str(),
            owner: self.owner.as_str(),
            acceptance: self.acceptance_id,
        }
    }
}

/// What may be read of a quarantine row without its sealed card. Only owner and status must be readable: a
/// malformed row still belongs to somebody, who may see that it failed.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QuarantineView {
    /// Who placed the order.
    pub owner: Owner,
    /// Where it stands.
    pub status: QuarantineStatus,
    /// This taking-in of the order.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub acceptance_id: Option<Uuid>,
    /// When the order was accepted.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub accepted_at: Option<Timestamp>,
    /// Why it failed, when it did.
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    pub failure_reason: Option<FailureReason>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    customer_name: Option<CustomerName>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError")]
    address: Option<Address>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    card_last4: Option<Last4>,
    #[serde(default)]
    #[serde_as(as = "DefaultOnError<Option<DisplayFromStr>>")]
    card_brand: Option<CardBrand>,
}

impl QuarantineView {
    /// The details, unless the row has expired and lost them, or is malformed.
    #[must_use]
    pub fn details(&self) -> Option<Details> {
        Some(Details {
            owner: self.owner.clone(),
            name: self.customer_name.clone()?,
            address: self.address.clone()?,
            last4: self.card_last4?,
            brand: self.card_brand?,
        })
    }
}

const VIEW: &str = "CustomerName, Address, #owner, AcceptanceId, AcceptedAt, CardLast4, CardBrand, \
                    #status, FailureReason, Attempt";

/// The quarantine table.
#[derive(Debug, Clone)]
pub struct QuarantineTable {
    dynamodb: Client,
    name: String,
}

impl QuarantineTable {
    /// The table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self { dynamodb: Client::new(config), name }
    }

    /// Puts a row where there is none.
    ///
    /// # Errors
    /// [`TableError`]; the row may have been written all the same when no reply came.
    pub async fn put_if_absent(&self, row: &QuarantineRow) -> Result<Written, TableError> {
        let absent = Condition {
            expression: "attribute_not_exists(CustomerOrder)".into(),
            names: HashMap::new(),
            values: HashMap::new(),
        };
        self.put(row, absent).await
    }

    /// Puts a row in the place of one that has not changed since it was read.
    ///
    /// # Errors
    /// [`TableError`]; the row may have been written all the same when no reply came.
    pub async fn replace(&self, row: &QuarantineRow, seen: &RowVersion) -> Result<Written, TableError> {
        self.put(row, seen.unchanged()).await
    }

    async fn put(&self, row: &QuarantineRow, condition: Condition) -> Result<Written, TableError> {
        let reply = self
            .dynamodb
            .put_item()
            .table_name(&self.name)
            .set_item(Some(serde_dynamo::aws_sdk_dynamodb_1::to_item(row)?))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(none_if_empty(condition.names))
            .set_expression_attribute_values(none_if_empty(condition.values))
            .send()
            .await;
        conditional("PutItem quarantine", reply)
    }

    /// Reads what may be seen of a row, consistently, with the version it had.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn view(&self, order: &OrderId) -> Result<Option<(QuarantineView, RowVersion)>, TableError> {
        let reply = self
            .dynamodb
            .get_item()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .consistent_read(true)
            .projection_expression(VIEW)
            .expression_attribute_names("#owner", "Owner")
            .expression_attribute_names("#status", "Status")
            .send()
            .await
            .map_err(|error| classify("GetItem quarantine", &error))?;
        let Some(item) = reply.item else { return Ok(None) };
        let version = RowVersion::of(&item);
        Ok(Some((serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?, version)))
    }

    /// Parks a row that has not changed since it was seen: FAILED, with the reason.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn park(
        &self,
        key: AttributeValue,
        seen: &RowVersion,
        reason: FailureReason,
    ) -> Result<Written, TableError> {
        let condition = seen.unchanged();
        let reply = self
            .dynamodb
            .update_item()
            .table_name(&self.name)
            .key("CustomerOrder", key)
            .update_expression("SET #status = :failed, FailureReason = :reason")
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .expression_attribute_names("#status", "Status")
            .set_expression_attribute_values(Some(condition.values))
            .expression_attribute_values(":failed", AttributeValue::S(QuarantineStatus::Failed.word().into()))
            .expression_attribute_values(":reason", AttributeValue::S(reason.code().into()))
            .send()
            .await;
        conditional("UpdateItem quarantine", reply)
    }

    /// Drops a row that is still this acceptance, because the same order is already tokenized. A transaction
    /// of one: the worker's role may delete rows in transactions only.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn drop_duplicate(&self, order: &OrderId, acceptance: Uuid) -> Result<Written, TableError> {
        let delete = self.delete_if_this_acceptance(order, acceptance);
        let reply = self.dynamodb.transact_write_items().transact_items(delete).send().await;
        match reply {
            Err(error) if condition_failed(&error) => Ok(Written::LostRace),
            reply => conditional("TransactWriteItems quarantine", reply),
        }
    }

    /// The delete that is part of the transaction that carries an order across: only while the row is this
    /// acceptance and not expired.
    pub(crate) fn delete_if_this_acceptance(&self, order: &OrderId, acceptance: Uuid) -> TransactWriteItem {
        let delete = Delete::builder()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_string()))
            .condition_expression(THIS_ACCEPTANCE)
            .expression_attribute_names("#status", "Status")
            .expression_attribute_values(":acceptance", AttributeValue::S(acceptance.to_string()))
            .expression_attribute_values(":expired", expired())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        // The builder fails only on a missing table or key.
        TransactWriteItem::builder().set_delete(delete.ok()).build()
    }
}

/// Also while FAILED: an acceptance that was parked and still gets across has got across. An expired row has
/// lost its card, and an old stream image that still holds it must not bring it back.
const THIS_ACCEPTANCE: &str = "AcceptanceId = :acceptance AND #status <> :expired";

fn expired() -> AttributeValue {
    AttributeValue::S(QuarantineStatus::Expired.word().into())
}

/// Whether a transaction of one action was cancelled by its condition.
fn condition_failed<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return false;
    };
    cancelled.cancellation_reasons().iter().any(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

fn none_if_empty<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    Some(map).filter(|map| !map.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_malformed_row_is_still_seen_by_its_owner() {
        let row: serde_json::Map<_, _> = json!({
            "Owner": "me", "Status": "FAILED", "FailureReason": "MALFORMED", "AcceptanceId": 7,
            "AcceptedAt": "never", "CustomerName": ["x"], "Address": "", "CardLast4": "12345", "CardBrand": 1,
        })
        .as_object()
        .cloned()
        .unwrap();
        let item: HashMap<String, AttributeValue> = serde_dynamo::aws_sdk_dynamodb_1::to_item(row).unwrap();
        let view: QuarantineView = serde_dynamo::aws_sdk_dynamodb_1::from_item(item).unwrap();
        assert_eq!(view.status, QuarantineStatus::Failed);
        assert_eq!(view.failure_reason, Some(FailureReason::Malformed));
        assert_eq!((view.acceptance_id, view.accepted_at, view.details()), (None, None, None));
    }
}
