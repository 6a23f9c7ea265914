//! What API Gateway answers by itself. The codes are the names of its gateway responses; the API decides the
//! text of the body.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Makes the status and the JSON body of a refusal, from the error and the request's id.
pub type ErrorAnswer = fn(&GatewayError, Uuid) -> (StatusCode, Value);

/// What AWS answers without a gateway response of the API's own: its status and `{"message": …}`.
#[must_use]
pub fn aws_error_answer(error: &GatewayError, _: Uuid) -> (StatusCode, Value) {
    (error.status, json!({ "message": error.message }))
}

/// A request that API Gateway answered without the function, or in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl GatewayError {
    /// There is no token, or it is not valid.
    pub const UNAUTHORIZED: Self = Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized");
    /// No such route. AWS says it this way.
    pub const NO_ROUTE: Self =
        Self::new(StatusCode::FORBIDDEN, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token");
    /// The Host is not a name of this machine: a page that uses DNS rebinding must not reach the API.
    pub const FOREIGN_HOST: Self = Self::new(StatusCode::FORBIDDEN, "ACCESS_DENIED", "Forbidden");
    /// The body did not arrive completely.
    pub const BODY_BROKEN: Self =
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST_BODY", "Invalid request body");
    /// The body is larger than the quota, or its event is larger than Lambda's quota.
    pub const TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "REQUEST_TOO_LARGE", "Request Too Long");
    /// The function failed, or its answer is not a proxy response.
    pub const FUNCTION_FAILED: Self =
        Self::new(StatusCode::BAD_GATEWAY, "INTEGRATION_FAILURE", "Internal server error");
    /// The function did not answer in time.
    pub const TIMED_OUT: Self =
        Self::new(StatusCode::GATEWAY_TIMEOUT, "INTEGRATION_TIMEOUT", "Endpoint request timed out");

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::UNAUTHORIZED,
        Self::NO_ROUTE,
        Self::FOREIGN_HOST,
        Self::BODY_BROKEN,
        Self::TOO_LARGE,
        Self::FUNCTION_FAILED,
        Self::TIMED_OUT,
    ];

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The gateway response's name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// AWS's own message.
    #[must_use]
    pub fn message(&self) -> &'static str {
        self.message
    }

    pub(crate) fn into_response(self, error_answer: ErrorAnswer, request_id: Uuid) -> Response {
        let (status, body) = error_answer(&self, request_id);
        (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_another_shape_a_refusal_says_what_aws_says() {
        let answer = aws_error_answer(&GatewayError::UNAUTHORIZED, Uuid::nil());
        assert_eq!(answer, (StatusCode::UNAUTHORIZED, json!({ "message": "Unauthorized" })));
    }
}
