//! The errors of EventBridge.

use card_airlock_event_source::FilterError;
use http::StatusCode;
use serde_json::Value;

use crate::answer::Answer;

/// What an operation comes to.
pub(super) type Outcome = Result<Value, EventsError>;

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
    #[error("Rule {0} does not exist on EventBus {1}.")]
    NoRule(String, String),
    #[error("Event pattern is not valid. Reason: {0}")]
    Pattern(FilterError),
    #[error("Parameter EventPattern is not valid: a rule without one is not supported here.")]
    NoPattern,
    #[error("Parameter Event is not valid.")]
    NotAnEvent,
    #[error("a name is 1 to 64 letters, digits, '-', '_' or '.'")]
    Name,
    #[error("Rule can't be deleted since it has targets.")]
    HasTargets,
    #[error("The requested resource exceeds the maximum number allowed: {0}.")]
    Limit(&'static str),
    #[error("a target other than a standard queue of this account and region is not supported here")]
    Target,
    #[error("a dead-letter queue must be a standard queue of this account and region")]
    DeadLetters,
    #[error("MaximumRetryAttempts is 0 to 185, MaximumEventAgeInSeconds 60 to 86400")]
    RetryPolicy,
    #[error("a member of the request is not of its type")]
    Shape,
    #[error("the parameter {0} is not supported here")]
    Unsupported(String),
}

impl EventsError {
    pub(crate) fn answer(&self) -> Answer {
        let code = match self {
            Self::NoBus(_) | Self::NoRule(..) => "ResourceNotFoundException",
            Self::Pattern(_) => "InvalidEventPatternException",
            Self::Limit(_) => "LimitExceededException",
            Self::Shape => "SerializationException",
            _ => "ValidationException",
        };
        Answer::error(StatusCode::BAD_REQUEST, code, &self.to_string())
    }
}
