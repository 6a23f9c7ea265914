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
    pub(super) const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message, retry_after: None }
    }

    /// The same, worth trying again after so many seconds (RFC 9110, 10.2.3).
    #[must_use]
    pub const fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same in other words: a field that must never be sent is named.
    #[must_use]
    pub const fn saying(self, message: &'static str) -> Self {
        Self { message, ..self }
    }
}

impl From<TableError> for Problem {
    /// What may pass is worth trying again; what cannot be read or is refused is our own fault.
    fn from(error: TableError) -> Self {
        if error.retryable() { Self::UNAVAILABLE } else { Self::INTERNAL }
    }
}
