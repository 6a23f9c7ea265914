//! How an operator's command ends: exit codes, and why it fails.

use order::{OrderId, ParseOrderIdError, TableError};

use crate::operations::{AccessError, ReplayingError, SettlementError, doctor::PromisedError};

/// Nothing is left to be done by a person.
pub(super) const NOTHING_LEFT: u8 = 0;
/// It failed, or could not find out.
pub(super) const FAILED: u8 = 1;
/// Something is left, or needs a person.
pub(super) const SOMETHING_LEFT: u8 = 3;
/// Nothing was changed, because nobody confirmed it.
pub(super) const NOT_CONFIRMED: u8 = 4;

/// Why an operator's command failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum OperateError {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Replaying(#[from] ReplayingError),
    #[error(transparent)]
    Promised(#[from] PromisedError),
    #[error(transparent)]
    Settlement(#[from] SettlementError),
    #[error("{0}; what was printed until then is right")]
    Table(#[from] TableError),
    #[error(
        "there is nothing to replay: no row in quarantine and no dead letter has this order id. Check the id"
    )]
    NothingToReplay,
    #[error(
        "a reference is 1 to 64 letters, digits, '-', '_', '.' or ':', and must not look like a card number"
    )]
    Reference,
    #[error("no table has an order of this id")]
    NoSuchOrder,
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
}

/// The operator names an order that exists, under whatever rules it was accepted.
pub(super) fn stored_order(id: &str) -> Result<OrderId, ParseOrderIdError> {
    OrderId::stored(id).ok_or(ParseOrderIdError::Shape)
}
