//! What can go wrong with a table, told apart by what the caller can do about it.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use vault::{IncompleteActionError, failure_code};

/// Why a table's operation failed. Static: AWS's own words go to the log, by code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// DynamoDB did not answer, throttled us, met a conflict, or will not let us in: trying again may help.
    #[error("DynamoDB is not available")]
    Unavailable,
    /// DynamoDB refuses the request itself (`ValidationException`): the same request never succeeds.
    #[error("DynamoDB refuses the request")]
    Rejected,
    /// The stored row is not one that this program writes.
    #[error("the stored row cannot be read")]
    Malformed,
}

impl TableError {
    /// Whether the same operation may succeed later.
    #[must_use]
    pub fn retryable(self) -> bool {
        self == Self::Unavailable
    }
}

impl From<IncompleteActionError> for TableError {
    /// DynamoDB would refuse it.
    fn from(_: IncompleteActionError) -> Self {
        Self::Rejected
    }
}

impl From<serde_dynamo::Error> for TableError {
    /// serde's text quotes the value: dropped.
    fn from(_: serde_dynamo::Error) -> Self {
        Self::Malformed
    }
}

/// How a conditional write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It took effect.
    Done,
    /// Somebody else changed the row first; nothing was written.
    LostRace,
}

/// A conditional write's reply: a failed condition is an answer, not an error.
pub(crate) fn conditional<T, E, R>(
    operation: &'static str,
    reply: Result<T, SdkError<E, R>>,
) -> Result<Written, TableError>
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    match reply {
        Ok(_) => Ok(Written::Done),
        Err(error) if failure_code(&error) == "ConditionalCheckFailedException" => Ok(Written::LostRace),
        Err(error) => Err(classify(operation, &error)),
    }
}

pub(crate) fn classify<E, R>(operation: &'static str, error: &SdkError<E, R>) -> TableError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let code = failure_code(error);
    tracing::warn!(operation, code, request_id = error.request_id(), "DynamoDB refused or failed");
    match code {
        "ValidationException" => TableError::Rejected,
        _ => TableError::Unavailable,
    }
}
