//! The answers to a client of AWS.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};
use uuid::Uuid;

/// A JSON answer: a service's or our own.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    /// What a REST service says beside its body.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: Bytes) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    /// The answer of a service without an error.
    pub(crate) fn ok(members: &Value) -> Self {
        Self::new(StatusCode::OK, Bytes::from(members.to_string()))
    }

    /// An error by its code, as the JSON protocols write it; others write it in their own way.
    pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Self {
        let body = json!({ "__type": code, "message": message });
        Self::new(status, Bytes::from(body.to_string()))
    }
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

/// A refusal of the endpoint's own, with AWS's code for it. It has fixed text, and nothing from the request.
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
    pub(crate) const ACCESS_DENIED_REST: Self = Self::of(
        StatusCode::FORBIDDEN,
        "AccessDeniedException",
        "the caller is not authorized to perform this operation",
    );
    pub(crate) const ACCESS_DENIED_QUERY: Self = Self::of(
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
        Answer::error(self.status, self.code, self.message)
    }
}

/// What the caller gets.
pub(crate) enum Reply {
    Answer(Answer),
    /// No answer: the connection breaks.
    Lost,
}
