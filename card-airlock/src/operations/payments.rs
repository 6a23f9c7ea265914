//! Payments that somebody must look after: those of which nobody knows, and those that were interrupted.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use order::{OrderOverview, OrderTable, Payment, PaymentStatus, Standing, TableError, Timestamp};

/// Why a payment is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// It may have been charged, and a person must find out.
    Unknown,
    /// Its claim has run out without an outcome: the next request to pay settles it, or makes it UNKNOWN.
    Interrupted,
    /// A request submits it at this moment.
    UnderWay,
    /// Its attributes do not fit together.
    Unreadable,
}

/// An order with a payment that has no outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenPayment {
    /// Why it is listed.
    pub openness: Openness,
    /// The order.
    pub order: OrderOverview,
}

/// Lists open payments page by page.
#[derive(Debug)]
pub struct OpenPayments<'a> {
    table: &'a OrderTable,
    now: Timestamp,
    from: Option<HashMap<String, AttributeValue>>,
    is_done: bool,
    /// How many rows were looked at.
    pub scanned: u64,
}

impl OpenPayment {
    /// The payment, if it can be read.
    #[must_use]
    pub fn payment(&self) -> Option<&Payment> {
        self.order.payments.as_ref()?.current.as_ref()
    }

    fn of(order: OrderOverview, now: Timestamp) -> Self {
        let payment = order.payments.as_ref().and_then(|payments| payments.current.as_ref());
        let openness = match payment.map(|payment| &payment.standing) {
            Some(Standing::Unknown) => Openness::Unknown,
            Some(Standing::Submitting { until, .. }) if *until <= now => Openness::Interrupted,
            Some(Standing::Submitting { .. }) => Openness::UnderWay,
            _ => Openness::Unreadable,
        };
        Self { openness, order }
    }
}

impl<'a> OpenPayments<'a> {
    /// From the beginning.
    #[must_use]
    pub fn of(table: &'a OrderTable, now: Timestamp) -> Self {
        Self { table, now, from: None, is_done: false, scanned: 0 }
    }

    /// The next page; none: there are no more.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn next(&mut self) -> Result<Option<Vec<OpenPayment>>, TableError> {
        if self.is_done {
            return Ok(None);
        }
        let statuses = [PaymentStatus::Unknown, PaymentStatus::Submitting];
        let page = self.table.overviews(&statuses, self.from.take()).await?;
        self.scanned += page.scanned;
        self.is_done = page.next.is_none();
        self.from = page.next;
        Ok(Some(page.orders.into_iter().map(|order| OpenPayment::of(order, self.now)).collect()))
    }
}
