//! Settling a payment of which nobody knows: a person has found out what became of it, and says so once. The order and
//! the audit are written in one transaction, conditional on the payment as it was shown to that person.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, CancellationReason, Put, TransactWriteItem, Update},
};
use strum::IntoStaticStr;
use uuid::Uuid;
use vault::{action, opaque_id};

use crate::{
    attributes::{Access, CLEAN, List},
    order_id::OrderId,
    payment::{Payment, PaymentStatus, ProcessorReference},
    table_error::{TableError, Written, classify},
    timestamp::Timestamp,
};

/// What somebody has found out about a payment.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr)]
pub enum FoundOut {
    /// It was charged; the processor knows it by this.
    #[strum(serialize = "SETTLED_CHARGED")]
    Charged(ProcessorReference),
    /// It was not charged, and never will be.
    #[strum(serialize = "SETTLED_NOT_CHARGED")]
    NotCharged,
}

impl FoundOut {
    /// The audit item's `Purpose`.
    #[must_use]
    pub fn purpose(&self) -> &'static str {
        self.into()
    }
}

/// Settles payments of clean orders.
#[derive(Debug, Clone)]
pub struct Settling {
    dynamodb: Client,
    order_table: String,
    audit_table: String,
}

impl Settling {
    /// Of these two tables.
    #[must_use]
    pub fn new(config: &SdkConfig, order_table: String, audit_table: String) -> Self {
        Self { dynamodb: Client::new(config), order_table, audit_table }
    }

    /// Writes down what became of a payment and who says so, only while the payment is UNKNOWN and as it was seen.
    ///
    /// # Errors
    /// [`TableError`]; it may have been written all the same when no reply came: then the order says so.
    pub async fn settle(
        &self,
        order: &OrderId,
        seen: &Payment,
        found: &FoundOut,
        by: &str,
        at: Timestamp,
    ) -> Result<Written, TableError> {
        let transaction = self
            .dynamodb
            .transact_write_items()
            .transact_items(self.write(order, seen, found, at)?)
            .transact_items(self.record(order, seen.id, found, by, at)?);
        let Err(error) = transaction.send().await else { return Ok(Written::Done) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if is_lost(cancelled.cancellation_reasons()) =>
            {
                Ok(Written::LostRace)
            }
            _ => Err(classify("TransactWriteItems settlement", &error)),
        }
    }

    fn write(
        &self,
        order: &OrderId,
        seen: &Payment,
        found: &FoundOut,
        at: Timestamp,
    ) -> Result<TransactWriteItem, TableError> {
        let text = |text: String| AttributeValue::S(text);
        let mut update = Update::builder()
            .table_name(&self.order_table)
            .key("CustomerOrder", text(order.to_string()))
            .expression_attribute_values(":unknown", text(PaymentStatus::Unknown.word().into()))
            .expression_attribute_values(":payment", text(seen.id.to_string()))
            .expression_attribute_values(":started", text(seen.started_at.to_string()));
        update = match found {
            FoundOut::Charged(reference) => update
                .update_expression(
                    "SET PaymentStatus = :submitted, PaymentSettledAt = :now, ProcessorReference = :reference \
                     REMOVE LookedUpAt",
                )
                .expression_attribute_values(":submitted", text(PaymentStatus::Submitted.word().into()))
                .expression_attribute_values(":now", text(at.to_string()))
                .expression_attribute_values(":reference", text(reference.to_string())),
            FoundOut::NotCharged => {
                let List { expression, placeholders } = CLEAN.list(Access::ReplacementRemoves);
                update
                    .update_expression(format!("REMOVE {expression}"))
                    .set_expression_attribute_names(Some(placeholders))
            }
        };
        let amount = match seen.amount {
            Some(amount) => {
                let count = AttributeValue::N(amount.minor_units.count().to_string());
                update = update
                    .expression_attribute_values(":amount", count)
                    .expression_attribute_values(":currency", text(amount.currency.to_string()));
                "PaymentAmount = :amount AND PaymentCurrency = :currency"
            }
            None => "attribute_not_exists(PaymentAmount) AND attribute_not_exists(PaymentCurrency)",
        };
        let condition = format!(
            "PaymentStatus = :unknown AND PaymentId = :payment AND PaymentStartedAt = :started AND {amount}"
        );
        Ok(action(update.condition_expression(condition).build())?)
    }

    fn record(
        &self,
        order: &OrderId,
        payment: Uuid,
        found: &FoundOut,
        by: &str,
        at: Timestamp,
    ) -> Result<TransactWriteItem, TableError> {
        let reference = match found {
            FoundOut::Charged(reference) => Some(("ProcessorReference", reference.to_string())),
            FoundOut::NotCharged => None,
        };
        let facts = [
            ("Principal", by.to_owned()),
            ("At", format!("{at}#{}", opaque_id())),
            ("CustomerOrder", order.to_string()),
            ("Purpose", found.purpose().to_owned()),
            ("PaymentId", payment.to_string()),
        ];
        let facts = facts.into_iter().chain(reference);
        let item = facts.map(|(name, fact)| (name.to_owned(), AttributeValue::S(fact)));
        // Without a condition: its key is new each time, and the order's condition lets one settlement through.
        let put = Put::builder().table_name(&self.audit_table).set_item(Some(item.collect()));
        Ok(action(put.build())?)
    }
}

/// Whether the order was in the way: its payment is not what was seen any more.
fn is_lost(reasons: &[CancellationReason]) -> bool {
    reasons.first().and_then(CancellationReason::code) == Some("ConditionalCheckFailed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_orders_own_condition_says_that_another_was_first() {
        let reason = |code: &str| CancellationReason::builder().set_code(Some(code.to_owned())).build();
        assert!(is_lost(&[reason("ConditionalCheckFailed"), reason("None")]));
        for other in [
            [reason("None"), reason("ConditionalCheckFailed")],
            [reason("TransactionConflict"), reason("None")],
        ] {
            assert!(!is_lost(&other), "{other:?}");
        }
        assert!(!is_lost(&[]));
    }

    #[test]
    fn what_was_found_out_is_the_purpose_of_the_audit_item() {
        let reference = ProcessorReference::accept("pi_1").unwrap();
        assert_eq!(FoundOut::Charged(reference).purpose(), "SETTLED_CHARGED");
        assert_eq!(FoundOut::NotCharged.purpose(), "SETTLED_NOT_CHARGED");
    }
}
