//! `OrderQuarantineTable`: accepted orders with their sealed cards, until they are across.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    operation::get_item::builders::GetItemFluentBuilder,
    types::{AttributeValue, Put, TransactWriteItem},
};
use vault::action;

use super::{
    recovery::Pending,
    row::{QuarantineRow, QuarantineStanding, QuarantineView},
};
use crate::{
    attributes::{Access, List, QUARANTINE},
    failure_reason::FailureReason,
    order_id::OrderId,
    row_version::{Condition, RowVersion},
    status::QuarantineStatus,
    table_error::{TableError, Written, classify, conditional},
    timestamp::Timestamp,
};

/// The quarantine table.
#[derive(Debug, Clone)]
pub struct QuarantineTable {
    pub(super) dynamodb: Client,
    pub(super) name: String,
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
    /// [`TableError`]; if no reply came, the row may have been written.
    pub async fn put_if_absent(&self, row: &QuarantineRow) -> Result<Written, TableError> {
        let absent = Condition {
            expression: "attribute_not_exists(CustomerOrder)".into(),
            names: HashMap::new(),
            values: HashMap::new(),
        };
        self.put(row, absent).await
    }

    /// The put of a row where there is none, as part of a transaction.
    ///
    /// # Errors
    /// [`TableError::Rejected`] when it cannot be made.
    pub fn action_to_put_if_absent(&self, row: &QuarantineRow) -> Result<TransactWriteItem, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(serde_dynamo::aws_sdk_dynamodb_1::to_item(row)?))
            .condition_expression("attribute_not_exists(CustomerOrder)")
            .build();
        Ok(action(put)?)
    }

    /// Puts a row in the place of one that has not changed since it was read.
    ///
    /// # Errors
    /// [`TableError`]; if no reply came, the row may have been written.
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

    /// Reads a row without its card, consistently, with its version.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn view(&self, order: &OrderId) -> Result<Option<(QuarantineView, RowVersion)>, TableError> {
        let reply = self
            .read(order.as_str(), Access::ReadView)
            .send()
            .await
            .map_err(|error| classify("GetItem quarantine", &error))?;
        let Some(item) = reply.item else { return Ok(None) };
        let (version, pending) = (RowVersion::of(&item), Pending::of(&item));
        let mut view: QuarantineView = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
        view.pending = pending;
        Ok(Some((view, version)))
    }

    /// A consistent read of what the request names.
    pub(super) fn read(&self, order: &str, access: Access) -> GetItemFluentBuilder {
        let List { expression, placeholders } = QUARANTINE.list(access);
        self.dynamodb
            .get_item()
            .table_name(&self.name)
            .key("CustomerOrder", AttributeValue::S(order.to_owned()))
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(placeholders))
    }

    /// The owner and status of a row and the card that it is to replace, read consistently: all that a payment needs.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn standing(&self, order: &OrderId) -> Result<Option<QuarantineStanding>, TableError> {
        let reply = self
            .read(order.as_str(), Access::ReadStanding)
            .send()
            .await
            .map_err(|error| classify("GetItem quarantine", &error))?;
        let Some(item) = reply.item else { return Ok(None) };
        let pending = Pending::of(&item);
        let mut standing: QuarantineStanding = serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?;
        standing.pending = pending;
        Ok(Some(standing))
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

    /// Makes a row that has not changed since it was seen wait until a time: it stays PENDING, and the worker does not
    /// get it before the sweep arms it again.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn arm_after(
        &self,
        key: AttributeValue,
        seen: &RowVersion,
        time: Timestamp,
    ) -> Result<Written, TableError> {
        let condition = seen.unchanged();
        let reply = self
            .dynamodb
            .update_item()
            .table_name(&self.name)
            .key("CustomerOrder", key)
            .update_expression("SET ArmAfter = :time")
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values))
            .expression_attribute_values(":time", AttributeValue::S(time.to_string()))
            .send()
            .await;
        conditional("UpdateItem quarantine", reply)
    }
}

fn none_if_empty<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    Some(map).filter(|map| !map.is_empty())
}
