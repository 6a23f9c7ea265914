//! What goes back to a client of AWS.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::json;
use uuid::Uuid;

/// A JSON answer: a service's or our own.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
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
pub(super) struct Fault {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl Fault {
    pub(super) const UNKNOWN_OPERATION: Self =
        Self::of(StatusCode::BAD_REQUEST, "UnknownOperationException", "no such service or operation here");
    pub(super) const NO_CREDENTIAL: Self = Self::of(
        StatusCode::BAD_REQUEST,
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
    );
    pub(super) const NOT_JSON: Self =
        Self::of(StatusCode::BAD_REQUEST, "SerializationException", "the body is not a JSON object");
    pub(super) const TOO_LARGE: Self =
        Self::of(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", "the body is too large");
    pub(super) const FOREIGN_HOST: Self =
        Self::of(StatusCode::FORBIDDEN, "AccessDeniedException", "this endpoint serves its own machine only");
    pub(super) const ACCESS_DENIED: Self = Self::of(
        StatusCode::BAD_REQUEST,
        "AccessDeniedException",
        "the caller is not authorized to perform this operation",
    );
    pub(super) const ACCESS_DENIED_SQS: Self = Self::of(
        StatusCode::FORBIDDEN,
        "AccessDenied",
        "the caller is not authorized to perform this operation",
    );
    pub(super) const IN_PROGRESS: Self = Self::of(
        StatusCode::BAD_REQUEST,
        "TransactionInProgressException",
        "the transaction with this token is under way",
    );
    pub(super) const OTHER_PARAMETERS: Self = Self::of(
        StatusCode::BAD_REQUEST,
        "IdempotentParameterMismatchException",
        "the token is that of a transaction with other parameters",
    );
    pub(super) const UNAVAILABLE: Self = Self::of(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalServerError",
        "the embedded service did not answer",
    );

    const fn of(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    pub(super) fn answer(self) -> Answer {
        let body = json!({ "__type": self.code, "message": self.message });
        Answer { status: self.status, body: Bytes::from(body.to_string()) }
    }
}
