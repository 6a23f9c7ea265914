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

#[cfg(test)]
mod tests {
    use aws_sdk_kms::{error::ConnectorError, operation::decrypt::DecryptError};

    use super::*;

    type Failure = SdkError<DecryptError, ()>;

    #[test]
    fn without_an_answer_the_code_says_what_was_met() {
        let unwrapped = |kind: io::ErrorKind| {
            // As an HTTP client wraps what the system says.
            let system = io::Error::other(io::Error::from(kind));
            Failure::dispatch_failure(ConnectorError::io(Box::new(system)))
        };
        let timeout = || Box::<dyn Error + Send + Sync>::from("4111111111111111");
        for (failure, code) in [
            (Failure::construction_failure(timeout()), "request failed"),
            (Failure::timeout_error(timeout()), "timeout"),
            (Failure::response_error(timeout(), ()), "answer unreadable"),
            (Failure::dispatch_failure(ConnectorError::timeout(timeout())), "timeout"),
            (Failure::dispatch_failure(ConnectorError::other(timeout(), None)), "request failed"),
            (unwrapped(io::ErrorKind::ConnectionRefused), "connection refused"),
            (unwrapped(io::ErrorKind::InvalidData), "no TLS connection"),
            (unwrapped(io::ErrorKind::TimedOut), "timeout"),
            (unwrapped(io::ErrorKind::ConnectionReset), "connection failed"),
            (Failure::dispatch_failure(ConnectorError::io(timeout())), "connection failed"),
            (
                Failure::service_error(DecryptError::unhandled("4111111111111111"), ()),
                "answer without a code",
            ),
        ] {
            assert_eq!(failure_code(&failure), code, "{failure:?}");
        }
    }
}
