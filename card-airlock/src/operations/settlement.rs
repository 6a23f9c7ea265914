//! Settling a payment of which nobody knows, by what a person has found out at the processor.

use order::{FoundOut, OrderId, OrderTable, Payment, Settling, Standing, TableError, Timestamp, Written};

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    call::CallError,
};

/// Why a payment is not settled.
#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    /// There is no such clean order.
    #[error("no clean order has this id; this says where it is:")]
    NoOrder,
    /// It has no payment.
    #[error("the order has no payment: nothing is to be settled")]
    NoPayment,
    /// Its attributes do not fit together.
    #[error(
        "the payment's attributes do not fit together: somebody edited the row, and no command settles it"
    )]
    Unreadable,
    /// It is not UNKNOWN.
    #[error("the payment is {0}: only one that is UNKNOWN is settled by hand. Nothing was changed")]
    NotUnknown(&'static str),
    /// It was interrupted, and a request can still find out.
    #[error(
        "the payment is SUBMITTING: it was interrupted, or is under way. Nothing was changed. Send the bill again as a \
         member of the billing group: that settles it, or makes it UNKNOWN"
    )]
    Submitting,
    /// Somebody was first.
    #[error("the payment is not as it was shown any more. Nothing was changed: look at the order again")]
    Changed,
    /// The table.
    #[error("{0}; look at the order before you try again: it may have been written all the same")]
    Unconfirmed(TableError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The payment of an order that can be settled, as it is now.
///
/// # Errors
/// [`SettlementError`] when there is nothing to be settled by hand.
pub async fn payment_to_settle(access: &StackAccess, order: &OrderId) -> Result<Payment, SettlementError> {
    let table = access.names().physical("CustomerOrderTable")?;
    let orders = OrderTable::new(&access.config(Right::Settle), table.to_owned());
    let found = orders.overview(order).await?.ok_or(SettlementError::NoOrder)?;
    let payments = found.payments.ok_or(SettlementError::Unreadable)?;
    let payment = payments.current.ok_or(SettlementError::NoPayment)?;
    match payment.standing {
        Standing::Unknown => Ok(payment),
        Standing::Submitting { .. } => Err(SettlementError::Submitting),
        Standing::Submitted | Standing::Declined => Err(SettlementError::NotUnknown(payment.standing.word())),
    }
}

/// Writes what was found out, if the payment still is what was seen; who did it is in the audit. Gives that name.
///
/// # Errors
/// [`SettlementError`].
pub async fn settle(
    access: &StackAccess,
    order: &OrderId,
    seen: &Payment,
    found: &FoundOut,
    at: Timestamp,
) -> Result<String, SettlementError> {
    let config = access.config(Right::Settle);
    let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    let caller = caller.map_err(CallError::of("STS", "GetCallerIdentity"))?;
    let by = caller.arn().unwrap_or("an operator without a name").to_owned();
    let names = access.names();
    let settling = Settling::new(
        &config,
        names.physical("CustomerOrderTable")?.to_owned(),
        names.physical("DetokenizeAuditTable")?.to_owned(),
    );
    match settling.settle(order, seen, found, &by, at).await {
        Ok(Written::Done) => Ok(by),
        Ok(Written::LostRace) => Err(SettlementError::Changed),
        Err(error) => Err(SettlementError::Unconfirmed(error)),
    }
}
