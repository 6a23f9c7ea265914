//! Clean orders as an operator sees them: ids, times and payments. No name, no address, no card and no token is read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::OrderTable;
use crate::{
    amount::Amount,
    attributes::{Access, CLEAN, List},
    order_id::OrderId,
    owner::Owner,
    payment::{PaymentStatus, Payments},
    table_error::{TableError, classify},
    timestamp::Timestamp,
};

/// What an operator sees of a clean order. Whatever is missing or unreadable is `None`: such a row is listed too.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderOverview {
    /// The key as an order id.
    pub order: Option<OrderId>,
    /// Who placed the order.
    pub owner: Option<Owner>,
    /// The acceptance with which the present card came across.
    pub acceptance: Option<Uuid>,
    /// When that acceptance was.
    pub accepted_at: Option<Timestamp>,
    /// When the present card came across.
    pub tokenized_at: Option<Timestamp>,
    /// When another card replaced the first one.
    pub card_replaced_at: Option<Timestamp>,
    /// When the card was forgotten on request.
    pub card_forgotten_at: Option<Timestamp>,
    /// What the order costs.
    pub amount: Option<Amount>,
    /// Its payments. `None`: their attributes do not fit together, and every request to pay is answered with 500.
    pub payments: Option<Payments>,
    /// When the last payment's outcome, or UNKNOWN, was written.
    pub settled_at: Option<Timestamp>,
}

/// One page of a listing.
#[derive(Debug)]
pub struct OverviewPage {
    /// The orders of the page that were asked for.
    pub orders: Vec<OrderOverview>,
    /// How many rows were looked at for them.
    pub scanned: u64,
    /// Where the next page begins; none: this was the last.
    pub next: Option<HashMap<String, AttributeValue>>,
}

impl OrderTable {
    /// One order, read consistently.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn overview(&self, order: &OrderId) -> Result<Option<OrderOverview>, TableError> {
        let read = self.read(order, CLEAN.list(Access::ReadOverview)).send().await;
        let reply = read.map_err(|error| classify("GetItem order", &error))?;
        Ok(reply.item.map(OrderOverview::of))
    }

    /// A page of the orders whose payment stands so, read consistently; no statuses: of all orders.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn overviews(
        &self,
        statuses: &[PaymentStatus],
        from: Option<HashMap<String, AttributeValue>>,
    ) -> Result<OverviewPage, TableError> {
        let List { expression, placeholders } = CLEAN.list(Access::ReadOverview);
        let mut scan = self
            .dynamodb
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(placeholders))
            .set_exclusive_start_key(from);
        if !statuses.is_empty() {
            let names: Vec<_> = (0..statuses.len()).map(|at| format!(":status{at}")).collect();
            scan = scan.filter_expression(format!("#PaymentStatus IN ({})", names.join(", ")));
            for (name, status) in names.into_iter().zip(statuses) {
                scan = scan.expression_attribute_values(name, AttributeValue::S(status.word().into()));
            }
        }
        let reply = scan.send().await.map_err(|error| classify("Scan orders", &error))?;
        Ok(OverviewPage {
            scanned: u64::try_from(reply.scanned_count).unwrap_or_default(),
            orders: reply.items.unwrap_or_default().into_iter().map(OrderOverview::of).collect(),
            next: reply.last_evaluated_key,
        })
    }
}

impl OrderOverview {
    fn of(item: HashMap<String, AttributeValue>) -> Self {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        let number = |name| item.get(name).and_then(|value| value.as_n().ok());
        let time = |name| text(name).and_then(|time: &String| time.parse().ok());
        let minor_units = number("OrderAmount").and_then(|count| count.parse::<u64>().ok()?.try_into().ok());
        let currency = text("OrderCurrency").and_then(|code| code.parse().ok());
        Self {
            order: text("CustomerOrder").and_then(OrderId::stored),
            owner: text("Owner").and_then(|owner| owner.parse().ok()),
            acceptance: text("AcceptanceId").and_then(|id| id.parse().ok()),
            accepted_at: time("AcceptedAt"),
            tokenized_at: time("TokenizedAt"),
            card_replaced_at: time("CardReplacedAt"),
            card_forgotten_at: time("CardForgottenAt"),
            amount: Amount::of_parts(minor_units, currency).ok().flatten(),
            settled_at: time("PaymentSettledAt"),
            payments: serde_dynamo::aws_sdk_dynamodb_1::from_item(item).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_whose_attributes_say_nothing_is_listed_with_what_can_be_read() {
        let s = |text: &str| AttributeValue::S(text.to_owned());
        let row = HashMap::from([
            ("CustomerOrder".to_owned(), s("A-1")),
            ("TokenizedAt".to_owned(), s("yesterday")),
            ("AcceptedAt".to_owned(), s("2026-11-21T18:59:33.120Z")),
            ("OrderAmount".to_owned(), AttributeValue::N("1999".to_owned())),
            // A status without an id: nobody knows what it is the status of.
            ("PaymentStatus".to_owned(), s("UNKNOWN")),
        ]);
        let seen = OrderOverview::of(row);
        assert_eq!(seen.order, OrderId::stored("A-1"));
        assert_eq!((seen.tokenized_at, seen.accepted_at.is_some()), (None, true));
        assert_eq!((seen.amount, seen.payments), (None, None));
        let none = OrderOverview::of(HashMap::new());
        assert!(none.payments.is_some_and(|payments| payments.current.is_none()));
    }

    #[test]
    fn each_time_is_that_of_its_own_attribute() {
        let at = |minute: u8| format!("2026-11-21T18:{minute:02}:33.120Z");
        let names = ["AcceptedAt", "TokenizedAt", "CardReplacedAt", "CardForgottenAt", "PaymentSettledAt"];
        let row =
            names.into_iter().zip(1..).map(|(name, minute)| (name.to_owned(), AttributeValue::S(at(minute))));
        let seen = OrderOverview::of(row.collect());
        let times = [
            seen.accepted_at,
            seen.tokenized_at,
            seen.card_replaced_at,
            seen.card_forgotten_at,
            seen.settled_at,
        ];
        assert_eq!(times.map(|time| time.unwrap().to_string()), [1, 2, 3, 4, 5].map(at));
    }
}
