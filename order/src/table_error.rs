//! The errors of a table, by what the caller can do.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{RequestId, transact_write_items::TransactWriteItemsError},
};
use vault::{IncompleteActionError, failure_code};

/// Why an operation on a table failed. It has fixed text; AWS's own code goes to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// DynamoDB did not answer, throttled the call, found a conflict or denied access: trying again may help.
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
    /// serde's own text quotes the value, so it is not kept.
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
    of_code(code)
}

/// Which actions of a cancelled transaction failed by their own conditions.
pub(crate) fn failed_conditions<const N: usize, R>(
    error: &SdkError<TransactWriteItemsError, R>,
) -> [bool; N] {
    let mut failed = [false; N];
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() {
        for (failed, reason) in failed.iter_mut().zip(cancelled.cancellation_reasons()) {
            *failed = reason.code() == Some("ConditionalCheckFailed");
        }
    }
    failed
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
fn of_code(code: &str) -> TableError {
    match code {
        "ValidationException" => TableError::Rejected,
        _ => TableError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{
        config::http::HttpResponse, error::ErrorMetadata, operation::put_item::PutItemError,
        types::error::ConditionalCheckFailedException,
    };

    use super::*;

    fn read(error: SdkError<PutItemError, HttpResponse>) -> Result<Written, TableError> {
        conditional("PutItem", Err::<(), _>(error))
    }

    fn refused(error: PutItemError) -> Result<Written, TableError> {
        let response = HttpResponse::new(400.try_into().unwrap(), "".into());
        read(SdkError::service_error(error, response))
    }

    fn with_code(code: &str) -> Result<Written, TableError> {
        refused(PutItemError::generic(ErrorMetadata::builder().code(code).build()))
    }

    /// Each error that DynamoDB documents for a read, a write or a transaction, and what the SDK says when there is none.
    #[test]
    fn only_what_dynamodb_refuses_in_the_request_itself_is_permanent() {
        for code in [
            "AccessDeniedException",
            "IdempotentParameterMismatchException",
            "InternalServerError",
            "ItemCollectionSizeLimitExceededException",
            "LimitExceededException",
            "ProvisionedThroughputExceededException",
            "ReplicatedWriteConflictException",
            "RequestLimitExceeded",
            "ResourceInUseException",
            "ResourceNotFoundException",
            "ServiceUnavailable",
            "SomethingNewException",
            "ThrottlingException",
            "TransactionCanceledException",
            "TransactionConflictException",
            "TransactionInProgressException",
            "UnrecognizedClientException",
        ] {
            assert_eq!(with_code(code), Err(TableError::Unavailable), "{code}");
        }
        assert_eq!(with_code("ValidationException"), Err(TableError::Rejected));
        assert_eq!(read(SdkError::timeout_error("late")), Err(TableError::Unavailable));
        let retryable = [TableError::Unavailable, TableError::Rejected, TableError::Malformed];
        assert_eq!(retryable.map(TableError::retryable), [true, false, false]);
    }

    #[test]
    fn a_failed_condition_is_an_answer() {
        let done: Result<(), SdkError<PutItemError, HttpResponse>> = Ok(());
        assert_eq!(conditional("PutItem", done), Ok(Written::Done));
        let metadata = ErrorMetadata::builder().code("ConditionalCheckFailedException").build();
        let failed = ConditionalCheckFailedException::builder().meta(metadata).build();
        assert_eq!(refused(PutItemError::ConditionalCheckFailedException(failed)), Ok(Written::LostRace));
    }
}
