//! The Lambda runtime around a handler.

use std::{panic::AssertUnwindSafe, time::SystemTime};

use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tracing::Instrument;
use zeroize::Zeroizing;

use crate::spans;

/// Lambda's event is not of the kind that the function expects. The error says nothing about the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read")]
pub struct ReadEventError;

/// A handler panicked. The error says nothing more, because the panic's message may quote data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the handler panicked")]
pub struct HandlerPanicError;

/// Reads an event, and wipes its text.
///
/// # Errors
/// [`ReadEventError`]: serde's own error quotes the event, and the runtime would log it.
pub fn read_event<E: DeserializeOwned>(text: Zeroizing<String>) -> Result<E, ReadEventError> {
    serde_json::from_str(&text).map_err(|_| ReadEventError)
}

/// Runs a handler on the Lambda runtime until Lambda ends it. The handler gets the invocation's deadline. Every
/// log line of an invocation has its ids: see [`spans::name_request`]. A panic is an error of its invocation.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn run<E, A>(
    handler: impl AsyncFn(E, SystemTime) -> Result<A, lambda_runtime::Error>,
) -> Result<(), lambda_runtime::Error>
where
    E: DeserializeOwned,
    A: Serialize,
{
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let ids = spans::invocation(&event.context.request_id);
        // Boxed, or the layout of the future that `main` builds is too deep for the compiler.
        Box::pin(invoke(&handler, event).instrument(ids)).await
    }))
    .await
}

async fn invoke<E: DeserializeOwned, A>(
    handler: &impl AsyncFn(E, SystemTime) -> Result<A, lambda_runtime::Error>,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<A, lambda_runtime::Error> {
    let deadline = event.context.deadline();
    let text: Box<str> = event.payload.into();
    let handled = async { handler(read_event(Zeroizing::new(text.into_string()))?, deadline).await };
    let outcome =
        AssertUnwindSafe(handled).catch_unwind().await.unwrap_or_else(|_| Err(HandlerPanicError.into()));
    if let Err(error) = &outcome {
        tracing::error!(%error, "failed");
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_1_an_event_that_cannot_be_read_is_not_quoted() {
        let event = r#"{"httpMethod":4111111111111111}"#.to_owned();
        let error = read_event::<aws_lambda_events::apigw::ApiGatewayProxyRequest>(Zeroizing::new(event));
        assert_eq!(error.unwrap_err().to_string(), "the event cannot be read");
    }
}
