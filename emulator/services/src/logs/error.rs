//! What CloudWatch Logs refuses with.

use http::StatusCode;

use crate::answer::Answer;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LogsError {
    #[error("The specified log group does not exist.")]
    NoGroup,
    #[error("The specified log stream does not exist.")]
    NoStream,
    #[error("The specified log stream already exists")]
    StreamExists,
    #[error("{0} is not valid")]
    Invalid(&'static str),
    #[error("the parameter {0} is not supported here")]
    Unsupported(String),
}

impl LogsError {
    pub(super) fn answer(&self) -> Answer {
        let code = match self {
            Self::NoGroup | Self::NoStream => "ResourceNotFoundException",
            Self::StreamExists => "ResourceAlreadyExistsException",
            Self::Invalid(_) | Self::Unsupported(_) => "InvalidParameterException",
        };
        Answer::error(StatusCode::BAD_REQUEST, code, &self.to_string())
    }
}
