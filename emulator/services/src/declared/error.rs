//! What these services refuse with.

use http::StatusCode;

use crate::{answer::Answer, service::Service};

/// An error, by the name that the reference of its service gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeclaredError {
    #[error("Invalid API identifier or stage specified")]
    NoApi,
    #[error("Topic does not exist")]
    NoTopic,
    #[error("Unknown trail")]
    NoTrail,
    #[error("Table not found")]
    NoTable,
    #[error("{0} is not valid")]
    Invalid(&'static str),
    #[error("the parameter {0} is not supported here")]
    Unsupported(String),
}

impl DeclaredError {
    pub(crate) fn answer(&self, service: Service) -> Answer {
        let (status, code) = match self {
            Self::NoApi => (StatusCode::NOT_FOUND, "NotFoundException"),
            Self::NoTopic => (StatusCode::NOT_FOUND, "NotFound"),
            Self::NoTrail => (StatusCode::BAD_REQUEST, "TrailNotFoundException"),
            Self::NoTable => (StatusCode::BAD_REQUEST, "TableNotFoundException"),
            Self::Invalid(_) | Self::Unsupported(_) => (StatusCode::BAD_REQUEST, invalid(service)),
        };
        Answer::error(status, code, &self.to_string())
    }
}

fn invalid(service: Service) -> &'static str {
    match service {
        Service::ApiGateway => "BadRequestException",
        Service::CloudWatch => "InvalidParameterValueException",
        Service::CloudTrail => "InvalidParameterCombinationException",
        Service::CloudWatchLogs => "InvalidParameterException",
        Service::Sns => "InvalidParameter",
        _ => "ValidationException",
    }
}
