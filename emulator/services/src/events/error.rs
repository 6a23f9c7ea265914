//! The errors of EventBridge.

use http::StatusCode;

use crate::answer::Answer;

/// An error of EventBridge, by the name that AWS's reference gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EventsError {
    #[error("Event bus {0} does not exist.")]
    NoBus(String),
    #[error(
        "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
         between 1 and 10"
    )]
    Entries,
    #[error("Total size of the entries in the request is over the limit.")]
    TooLarge,
    #[error("a member of the request is not of its type")]
    Shape,
    #[error("the parameter {0} is not supported here")]
    Unsupported(String),
}

impl EventsError {
    pub(crate) fn answer(&self) -> Answer {
        let code = match self {
            Self::NoBus(_) => "ResourceNotFoundException",
            Self::Shape => "SerializationException",
            Self::Entries | Self::TooLarge | Self::Unsupported(_) => "ValidationException",
        };
        Answer::error(StatusCode::BAD_REQUEST, code, &self.to_string())
    }
}
