//! The code with which a failed AWS call is logged: AWS's own, or the reason why AWS gave none.

use std::{error::Error, io};

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

/// AWS's code for the error, or fixed words when there was no answer. It never has parts of the request, of the answer or of an address.
#[must_use]
pub fn failure_code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    match error {
        SdkError::ServiceError(refused) => refused.err().code().unwrap_or("answer without a code"),
        SdkError::ResponseError(_) => "answer unreadable",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout",
        // For example, there are no credentials.
        SdkError::DispatchFailure(failure) if failure.is_other() && failure.as_other().is_none() => {
            "request failed"
        }
        SdkError::DispatchFailure(failure) => {
            let cause: Option<&dyn Error> = failure.as_connector_error().map(|error| error as _);
            no_answer(cause.and_then(io_kind))
        }
        _ => "request failed",
    }
}

/// The innermost error of the system or of rustls: one such error may wrap another.
fn io_kind(error: &dyn Error) -> Option<io::ErrorKind> {
    let (mut kind, mut cause) = (None, error.source());
    while let Some(error) = cause {
        cause = match error.downcast_ref::<io::Error>() {
            Some(error) => {
                kind = Some(error.kind());
                error.get_ref().map(|inner| inner as _)
            }
            None => error.source(),
        };
    }
    kind
}

fn no_answer(kind: Option<io::ErrorKind>) -> &'static str {
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused",
        // As rustls reports a certificate of an authority that is not trusted.
        Some(io::ErrorKind::InvalidData) => "no TLS connection",
        Some(io::ErrorKind::TimedOut) => "timeout",
        _ => "connection failed",
    }
}
