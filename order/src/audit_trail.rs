//! The audit as an operator reads it: who took which card out of the vault, and who settled which payment. No token is
//! read.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use uuid::Uuid;

use crate::{
    attributes::{AUDIT, Access, List},
    order_id::OrderId,
    payment::ProcessorReference,
    table_error::{TableError, classify},
    timestamp::Timestamp,
};

/// Before every time, as an audit item's key begins.
const BEGINNING: &str = "0";
/// After every time, and before every counter of a minute.
const END: &str = ":";

/// What an operator sees of an audit item. Whatever is missing or unreadable is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditItem {
    /// The Cognito `sub` of who had the card taken out, or the ARN of the operator who settled the payment.
    pub principal: String,
    /// When.
    pub at: Option<Timestamp>,
    /// Whose card or payment it was.
    pub order: Option<OrderId>,
    /// PAYMENT, REVEAL, SETTLED_CHARGED or SETTLED_NOT_CHARGED; of what this program does not write, nothing.
    pub purpose: Option<String>,
    /// The payment.
    pub payment: Option<Uuid>,
    /// By what the processor knows the payment, if an operator said so.
    pub reference: Option<ProcessorReference>,
}

/// Which audit items are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSelection {
    /// Of this principal only. Without it the whole table is read.
    pub principal: Option<String>,
    /// Of this order only.
    pub order: Option<OrderId>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// One page of the audit.
#[derive(Debug)]
pub struct AuditPage {
    /// The items of the page that were asked for: of one principal, the latest first; of all, in no order.
    pub items: Vec<AuditItem>,
    /// How many rows were looked at for them.
    pub scanned: u64,
    /// Where the next page begins; none: this was the last.
    pub next: Option<HashMap<String, AttributeValue>>,
}

/// The audit table, to be read.
#[derive(Debug, Clone)]
pub struct AuditTrail {
    dynamodb: Client,
    name: String,
}

impl AuditTrail {
    /// The table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Self { dynamodb: Client::new(config), name }
    }

    /// A page of what is selected, read consistently. The counters of the limit are no items.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn page(
        &self,
        selection: &AuditSelection,
        from: Option<HashMap<String, AttributeValue>>,
    ) -> Result<AuditPage, TableError> {
        let List { expression, placeholders } = AUDIT.list(Access::ReadAudit);
        let bound = |time: Option<Timestamp>, else_: &str| {
            AttributeValue::S(time.map_or_else(|| else_.to_owned(), |time| time.to_string()))
        };
        // An item's key is its time and more, so that the upper bound is never in it.
        let times = HashMap::from([
            (":since".to_owned(), bound(selection.since, BEGINNING)),
            (":until".to_owned(), bound(selection.until, END)),
        ]);
        let within = "#At BETWEEN :since AND :until";
        let order = selection.order.as_ref().map(|order| AttributeValue::S(order.to_string()));
        let (items, scanned, next) = if let Some(principal) = &selection.principal {
            let mut query = self
                .dynamodb
                .query()
                .table_name(&self.name)
                .consistent_read(true)
                .scan_index_forward(false)
                .projection_expression(expression)
                .set_expression_attribute_names(Some(placeholders))
                .key_condition_expression(format!("#Principal = :principal AND {within}"))
                .set_expression_attribute_values(Some(times))
                .expression_attribute_values(":principal", AttributeValue::S(principal.clone()))
                .set_exclusive_start_key(from);
            if let Some(order) = order {
                query = query.filter_expression("#CustomerOrder = :order");
                query = query.expression_attribute_values(":order", order);
            }
            let reply = query.send().await.map_err(|error| classify("Query audit", &error))?;
            (reply.items, reply.scanned_count, reply.last_evaluated_key)
        } else {
            let mut scan = self
                .dynamodb
                .scan()
                .table_name(&self.name)
                .consistent_read(true)
                .projection_expression(expression)
                .set_expression_attribute_names(Some(placeholders))
                .set_expression_attribute_values(Some(times))
                .set_exclusive_start_key(from);
            scan = match order {
                Some(order) => scan
                    .filter_expression(format!("{within} AND #CustomerOrder = :order"))
                    .expression_attribute_values(":order", order),
                None => scan.filter_expression(within),
            };
            let reply = scan.send().await.map_err(|error| classify("Scan audit", &error))?;
            (reply.items, reply.scanned_count, reply.last_evaluated_key)
        };
        Ok(AuditPage {
            items: items.unwrap_or_default().iter().map(AuditItem::of).collect(),
            scanned: u64::try_from(scanned).unwrap_or_default(),
            next,
        })
    }
}

impl AuditItem {
    fn of(item: &HashMap<String, AttributeValue>) -> Self {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        let at = text("At").and_then(|at| at.split('#').next()?.parse().ok());
        // Words that this program writes: what else stands there is not shown.
        let is_word = |word: &&String| word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        Self {
            principal: text("Principal").cloned().unwrap_or_default(),
            at,
            order: text("CustomerOrder").and_then(OrderId::stored),
            purpose: text("Purpose").filter(is_word).cloned(),
            payment: text("PaymentId").and_then(|id| id.parse().ok()),
            reference: text("ProcessorReference").and_then(ProcessorReference::stored),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(pairs: &[(&str, &str)]) -> AuditItem {
        let pairs =
            pairs.iter().map(|(name, text)| ((*name).to_owned(), AttributeValue::S((*text).to_owned())));
        AuditItem::of(&pairs.collect())
    }

    #[test]
    fn an_item_is_read_from_what_is_there() {
        let read = item(&[
            ("Principal", "ann"),
            ("At", "2026-11-21T18:59:33.120Z#550e8400-e29b-41d4-a716-446655440000"),
            ("CustomerOrder", "A-1"),
            ("Purpose", "PAYMENT"),
        ]);
        assert_eq!((read.principal.as_str(), read.purpose.as_deref()), ("ann", Some("PAYMENT")));
        assert_eq!(read.at, Some("2026-11-21T18:59:33.120Z".parse().unwrap()));
        assert_eq!((read.order, read.payment, read.reference), (OrderId::stored("A-1"), None, None));
        let payment = "550e8400-e29b-41d4-a716-446655440000";
        let settled = item(&[("PaymentId", payment), ("ProcessorReference", "ch_1")]);
        assert_eq!(settled.payment, Some(payment.parse().unwrap()));
        assert_eq!(settled.reference.map(|reference| reference.to_string()).as_deref(), Some("ch_1"));
        assert_eq!(item(&[("Purpose", "4111 1111 1111 1111"), ("At", "x")]).purpose, None);
    }

    #[test]
    fn the_bounds_lie_before_and_after_every_time_and_before_every_counter() {
        for time in ["1970-01-01T00:00:00.000Z#x", "9999-12-31T23:59:59.999Z#x"] {
            assert!(BEGINNING < time && time < END, "{time}");
        }
        assert!(END < "minute#2026-11-21T18:59Z");
    }
}
