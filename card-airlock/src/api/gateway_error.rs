//! What API Gateway answers by itself, in the project's error shape: `{"message","code","requestId"}`. The codes
//! are the names of its gateway responses.

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::json;
use uuid::Uuid;

/// A request that API Gateway answered without the function, or in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GatewayError {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl GatewayError {
    /// No token, or one that does not hold.
    pub(super) const UNAUTHORIZED: Self = Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized");
    /// No such route. AWS says it this way.
    pub(super) const NO_ROUTE: Self =
        Self::new(StatusCode::FORBIDDEN, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token");
    /// The request came by a name that is not this machine's own: a page that rebinds its name must not get in.
    pub(super) const FOREIGN_HOST: Self = Self::new(StatusCode::FORBIDDEN, "ACCESS_DENIED", "Forbidden");
    /// The body did not arrive whole.
    pub(super) const BODY_BROKEN: Self =
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST_BODY", "Invalid request body");
    /// The body is over the quota, or the event that is made of it over Lambda's.
    pub(super) const TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "REQUEST_TOO_LARGE", "Request Too Long");
    /// The function failed, or its answer is not a proxy response.
    pub(super) const FUNCTION_FAILED: Self =
        Self::new(StatusCode::BAD_GATEWAY, "INTEGRATION_FAILURE", "Internal server error");
    /// The function did not answer in time.
    pub(super) const TIMED_OUT: Self =
        Self::new(StatusCode::GATEWAY_TIMEOUT, "INTEGRATION_TIMEOUT", "Endpoint request timed out");

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    pub(super) fn into_response(self, request_id: Uuid) -> Response {
        let body = json!({ "message": self.message, "code": self.code, "requestId": request_id });
        (self.status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_deployed_gateway_answers_as_this_one_does() {
        let stack = crate::template::tests::shipped();
        let declared = &stack.properties("CustomerApi").unwrap()["GatewayResponses"];
        for error in [
            GatewayError::UNAUTHORIZED,
            GatewayError::NO_ROUTE,
            GatewayError::FOREIGN_HOST,
            GatewayError::BODY_BROKEN,
            GatewayError::TOO_LARGE,
            GatewayError::FUNCTION_FAILED,
            GatewayError::TIMED_OUT,
        ] {
            let declared = &declared[error.code];
            assert_eq!(declared["StatusCode"], error.status.as_u16(), "{}", error.code);
            let template = declared["ResponseTemplates"]["application/json"].as_str().unwrap();
            let body: Value = serde_json::from_str(template).unwrap();
            assert_eq!(body["message"], error.message, "{}", error.code);
        }
    }
}
