//! What is decided about: one action on one resource.

use crate::condition::Context;

/// One permission that a call needs. A call can need several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `kms:Decrypt`.
    pub action: String,
    /// The resource's ARN; `*` for an action that has none; `None` when the call does not say it.
    pub resource: Option<String>,
    /// The values of the condition keys; `None` when the call does not say them.
    pub context: Option<Context>,
}

impl Request {
    /// For an operation whose resource and context are not known: only a caller who may do everything may do it.
    #[must_use]
    pub fn unknown(service: &str, operation: &str) -> Self {
        Self { action: format!("{service}:{operation}"), resource: None, context: None }
    }
}
