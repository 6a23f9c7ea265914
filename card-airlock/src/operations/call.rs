//! A call of AWS that failed, told by its name and AWS's code.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A call failed. Static text and AWS's own code; nothing of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} of {service} failed: {code}")]
pub struct CallError {
    /// The service, as AWS writes it.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// AWS's code, or what kept the call from being answered.
    pub code: String,
}

impl CallError {
    /// Of an SDK's error.
    pub(super) fn of<E: ProvideErrorMetadata, R>(
        service: &'static str,
        operation: &'static str,
    ) -> impl FnOnce(SdkError<E, R>) -> Self {
        move |error| Self { service, operation, code: vault::failure_code(&error).to_owned() }
    }

    /// Whether the caller's rights do not reach so far.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"].contains(&self.code.as_str())
    }

    /// Whether what was asked does not have the operation, as the endpoint of this machine says it.
    #[must_use]
    pub fn is_not_here(&self) -> bool {
        ["UnknownOperationException", "InvalidAction", "NotImplemented"].contains(&self.code.as_str())
    }
}
