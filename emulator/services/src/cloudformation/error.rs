//! The errors of CloudFormation.

use http::StatusCode;

use crate::answer::Answer;

/// An error of CloudFormation. All are `ValidationError`, as AWS has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CloudFormationError {
    #[error("The stack does not exist")]
    NoStack,
    #[error("The resource does not exist for the stack")]
    NoResource,
    #[error("1 validation error detected: {0} must not be null")]
    Missing(&'static str),
    #[error("StackName and PhysicalResourceId exclude each other, and one of them is needed")]
    OneOfTwo,
    #[error("NextToken is not one that ListStackResources gave")]
    Token,
    #[error("the parameter {0} is not supported here")]
    Unsupported(String),
}

impl CloudFormationError {
    pub(crate) fn answer(&self) -> Answer {
        Answer::error(StatusCode::BAD_REQUEST, "ValidationError", &self.to_string())
    }
}
