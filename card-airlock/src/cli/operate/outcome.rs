//! How an operator's command ends: exit codes, and why it fails.

use order::{OrderId, ParseOrderIdError, TableError};

use super::{pass_file::PassFileError, results_file::ResultsFileError};
use crate::operations::{
    AccessError, CloudTrailError, EventReplayError, ImportingError, InvokingError, RewrappingError,
    SettlementError, VerifyAuditError, doctor::PromisedError,
};

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
    Invoking(#[from] InvokingError),
    #[error(transparent)]
    EventReplay(#[from] EventReplayError),
    #[error(transparent)]
    Promised(#[from] PromisedError),
    /// With the command that shows or does what is needed now.
    #[error("{error}\n  {next}")]
    Settlement { error: SettlementError, next: String },
    #[error("{error}, after {rows} rows; what was moved is moved, and the same command continues")]
    Rewrap { error: RewrappingError, rows: u64 },
    #[error("{error}, after {rows} rows; what was done is done, and the same command continues")]
    Import { error: ImportingError, rows: u64 },
    #[error(transparent)]
    Importing(#[from] ImportingError),
    #[error(transparent)]
    ResultsFile(#[from] ResultsFileError),
    #[error(transparent)]
    PassFile(#[from] PassFileError),
    #[error("{0}; what was printed until then is right")]
    Table(#[from] TableError),
    #[error("{0}; what was printed until then is right")]
    VerifyAudit(#[from] VerifyAuditError),
    #[error(transparent)]
    CloudTrail(#[from] CloudTrailError),
    #[error(
        "there is nothing to replay: no row in quarantine and no dead letter has this order id. Check the id"
    )]
    NothingToReplay,
    #[error(
        "a reference is 1 to 64 letters, digits, '-', '_', '.' or ':', and must not look like a card number"
    )]
    Reference,
    #[error("the console of `up` does not answer any more")]
    NoConsole,
    #[error("no table has an order of this id")]
    NoSuchOrder,
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
}

/// The operator names an order that exists, under whatever rules it was accepted.
pub(super) fn stored_order(id: &str) -> Result<OrderId, ParseOrderIdError> {
    OrderId::stored(id).ok_or(ParseOrderIdError::Shape)
}
