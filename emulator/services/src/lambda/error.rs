//! The errors of Lambda.

use http::StatusCode;

use crate::answer::Answer;

/// An error of Lambda, by the name that AWS's reference gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LambdaError {
    #[error("Function not found")]
    NoFunction,
    #[error("The resource you requested does not exist.")]
    NoMapping,
    #[error("Could not parse request body into json")]
    NotJson,
    #[error("Request must be smaller than {0} bytes for the InvokeFunction operation")]
    TooLarge(usize),
    #[error("The event source mapping is being changed")]
    InUse,
    #[error("Rate Exceeded.")]
    Throttled,
    #[error("{0} is not valid")]
    Invalid(&'static str),
    #[error("{0} is not supported here")]
    Unsupported(String),
}

impl LambdaError {
    pub(crate) fn answer(&self) -> Answer {
        let (status, code) = match self {
            Self::NoFunction | Self::NoMapping => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            Self::NotJson => (StatusCode::BAD_REQUEST, "InvalidRequestContentException"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException"),
            Self::InUse => (StatusCode::BAD_REQUEST, "ResourceInUseException"),
            Self::Throttled => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
            Self::Invalid(_) | Self::Unsupported(_) => {
                (StatusCode::BAD_REQUEST, "InvalidParameterValueException")
            }
        };
        Answer::error(status, code, &self.to_string())
    }
}
