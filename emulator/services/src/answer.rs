//! What goes back to a client of AWS.

use std::io;

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::json;
use uuid::Uuid;

/// A JSON answer: a service's or our own.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
            headers.insert("x-amzn-requestid", id);
        }
        response
    }
}

/// A refusal of the endpoint's own, with AWS's code for it. Fixed text: nothing of the request comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl Fault {
    pub(crate) const UNKNOWN_OPERATION: Self =
        Self::of(StatusCode::BAD_REQUEST, "UnknownOperationException", "no such service or operation here");
    pub(crate) const NO_CREDENTIAL: Self = Self::of(
        StatusCode::BAD_REQUEST,
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
    );
    pub(crate) const NOT_JSON: Self =
        Self::of(StatusCode::BAD_REQUEST, "SerializationException", "the body is not a JSON object");
    pub(crate) const TOO_LARGE: Self =
        Self::of(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", "the body is too large");
    pub(crate) const FOREIGN_HOST: Self =
        Self::of(StatusCode::FORBIDDEN, "AccessDeniedException", "this endpoint serves its own machine only");
    pub(crate) const ACCESS_DENIED: Self = Self::of(
        StatusCode::BAD_REQUEST,
        "AccessDeniedException",
        "the caller is not authorized to perform this operation",
    );
    pub(crate) const ACCESS_DENIED_SQS: Self = Self::of(
        StatusCode::FORBIDDEN,
        "AccessDenied",
        "the caller is not authorized to perform this operation",
    );
    pub(crate) const IN_PROGRESS: Self = Self::of(
        StatusCode::BAD_REQUEST,
        "TransactionInProgressException",
        "the transaction with this token is under way",
    );
    pub(crate) const OTHER_PARAMETERS: Self = Self::of(
        StatusCode::BAD_REQUEST,
        "IdempotentParameterMismatchException",
        "the token is that of a transaction with other parameters",
    );
    pub(crate) const UNAVAILABLE: Self = Self::of(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalServerError",
        "the embedded service did not answer",
    );

    const fn of(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    pub(crate) fn answer(self) -> Answer {
        let body = json!({ "__type": self.code, "message": self.message });
        Answer { status: self.status, body: Bytes::from(body.to_string()) }
    }
}

/// What the caller gets.
pub(crate) enum Reply {
    Answer(Answer),
    /// Nothing: the connection breaks.
    Lost,
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Answer(answer) => answer.into_response(),
            // A body that fails makes the server break the connection off.
            Self::Lost => {
                let broken = futures::stream::iter([Err::<Bytes, _>(io::Error::other("lost on purpose"))]);
                Response::new(Body::from_stream(broken))
            }
        }
    }
}
