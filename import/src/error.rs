//! Why an import stopped.

use order::TableError;
use vault::{KeyringError, SealError};

use crate::refusal::Refusal;

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

impl ImportError {
    /// What must be changed before the same chunk can succeed. None: it may succeed later as it is.
    #[must_use]
    pub fn refusal(self) -> Option<Refusal> {
        let (retryable, refusal) = match self {
            Self::Source(error) => (error.retryable(), Refusal::SourceTable),
            Self::Owners(error) => (error.retryable(), Refusal::OwnerTable),
            Self::Table(error) => (error.retryable(), Refusal::StackTable),
            Self::Key(error) => (error.retryable(), Refusal::Key),
            Self::Seal(error) => (error.retryable(), Refusal::Key),
            Self::Cursor => (false, Refusal::Cursor),
            Self::NoSample => (false, Refusal::NoSampleVault),
            Self::SourceKey => (false, Refusal::SourceKey),
        };
        (!retryable).then_some(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_try_cannot_change_is_refused_with_its_cause_and_nothing_else_is() {
        let (now, never) = (TableError::Unavailable, TableError::Rejected);
        for (error, refusal) in [
            (ImportError::Source(now), None),
            (ImportError::Source(never), Some(Refusal::SourceTable)),
            (ImportError::Source(TableError::Malformed), Some(Refusal::SourceTable)),
            (ImportError::Owners(now), None),
            (ImportError::Owners(never), Some(Refusal::OwnerTable)),
            (ImportError::Table(now), None),
            (ImportError::Table(never), Some(Refusal::StackTable)),
            (ImportError::Key(KeyringError::Unavailable), None),
            (ImportError::Key(KeyringError::Unusable), None),
            (ImportError::Key(KeyringError::Refused), Some(Refusal::Key)),
            (ImportError::Seal(SealError::Cipher), None),
            (ImportError::Seal(SealError::Key(KeyringError::Refused)), Some(Refusal::Key)),
            (ImportError::Cursor, Some(Refusal::Cursor)),
            (ImportError::NoSample, Some(Refusal::NoSampleVault)),
            (ImportError::SourceKey, Some(Refusal::SourceKey)),
        ] {
            assert_eq!(error.refusal(), refusal, "{error:?}");
        }
    }
}
