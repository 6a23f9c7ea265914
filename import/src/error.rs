//! Why an import stopped.

use order::TableError;
use vault::{KeyringError, SealError};

/// Why an import stopped at a row, or before it. Nothing was lost: the row is across, in quarantine, or as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The source table.
    #[error("the source table: {0}")]
    Source(TableError),
    /// The table of owners.
    #[error("the table of owners: {0}")]
    Owners(TableError),
    /// A table of this stack.
    #[error(transparent)]
    Table(#[from] TableError),
    /// KMS gives no code or no data key.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// A card was not sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The cursor was altered, or is of another stack, of another action, or of other parameters.
    #[error("the cursor is not one of this import")]
    Cursor,
    /// The source is not the AWS sample's.
    #[error("there is no ImportVaultTable")]
    NoSample,
    /// A row of the source has another key.
    #[error("the source table has another key than ImportKeyAttribute and ImportSortKeyAttribute say")]
    SourceKey,
}
