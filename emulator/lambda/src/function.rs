//! A function as its callers see it: JSON in, JSON out. Behind it is a handler in this process, or a process of its
//! own behind the Runtime API.

use std::{future::Future, sync::Arc, time::SystemTime};

use futures::future::BoxFuture;

/// What a function answered: its JSON, or the fault that API Gateway and event source mappings see.
pub type FunctionResult = Result<Vec<u8>, FunctionError>;

/// The largest event that Lambda accepts when its caller waits for the answer (quota "Invocation payload").
pub const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// An invocation that failed as a whole. It has no text from the function, which might quote the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// The handler returned an error, panicked or answered what is not its response type.
    #[error("the function failed")]
    Unhandled,
    /// The deadline passed before the function answered.
    #[error("the function timed out")]
    TimedOut,
    /// The function was not invoked: too many invocations at once. Another try is safe, and does not count as a retry.
    #[error("the function was throttled")]
    Throttled,
}

/// One deployed function. Cloning shares it.
#[derive(Clone)]
pub struct Function(Arc<dyn Fn(Vec<u8>, SystemTime) -> BoxFuture<'static, FunctionResult> + Send + Sync>);

impl Function {
    /// Wraps a handler that takes the event's JSON and the invocation's deadline.
    pub fn new<F, R>(handler: F) -> Self
    where
        F: Fn(Vec<u8>, SystemTime) -> R + Send + Sync + 'static,
        R: Future<Output = FunctionResult> + Send + 'static,
    {
        Self(Arc::new(move |event, deadline| Box::pin(handler(event, deadline))))
    }

    /// Invokes the function once.
    pub async fn invoke(&self, event: Vec<u8>, deadline: SystemTime) -> FunctionResult {
        (self.0)(event, deadline).await
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Function")
    }
}
