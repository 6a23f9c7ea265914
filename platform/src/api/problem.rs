//! Errors of the API: `{"message", "code", "requestId"}` with the right status, and static text only.

use http::StatusCode;

use order::TableError;

/// An error answer. Two are equal when they say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// For programs; one of a fixed list.
    pub code: &'static str,
    /// For people; never holds what a client sent.
    pub message: &'static str,
    /// Seconds until trying again makes sense.
    pub retry_after: Option<u32>,
}

impl Problem {
    /// A problem that trying again does not mend.
    #[must_use]
    pub const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, retry_after: None }
    }

    /// The same, worth trying again after so many seconds (RFC 9110, 10.2.3).
    #[must_use]
    pub const fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// 400: the request cannot be read.
    #[must_use]
    pub const fn malformed(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 422: a value breaks a rule.
    #[must_use]
    pub const fn invalid(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// 401: no valid ID token came with the request.
    pub const UNAUTHORIZED: Self =
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "An ID token of the user pool is required");

    /// 403: only the shop decides this, and a customer tried to.
    pub const MERCHANT_ONLY: Self = Self::new(
        StatusCode::FORBIDDEN,
        "MERCHANT_ONLY",
        "Only a merchant may do this: give an amount, a currency or an owner, or pay where the shop collects payments",
    );

    /// 404: no such order, or somebody else's; the two are not told apart.
    pub const ORDER_NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "ORDER_NOT_FOUND", "There is no such order");

    /// 404: no such route.
    pub const ROUTE_NOT_FOUND: Self =
        Self::new(StatusCode::NOT_FOUND, "ROUTE_NOT_FOUND", "There is no such resource");

    /// 503: a service behind the API is not there; nothing was lost.
    pub const UNAVAILABLE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "UNAVAILABLE",
        "The service is not available for the moment; send the same request again",
    )
    .retry_after(1);

    /// 500: our own fault.
    pub const INTERNAL: Self =
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "The request could not be handled");
}

impl From<TableError> for Problem {
    /// What may pass is worth trying again; what cannot be read or is refused is our own fault.
    fn from(error: TableError) -> Self {
        if error.retryable() { Self::UNAVAILABLE } else { Self::INTERNAL }
    }
}
