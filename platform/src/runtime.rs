//! What every function shares with every other around its handler: the runtime and the logs.

use std::{panic::AssertUnwindSafe, time::SystemTime};

use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tracing::{Instrument, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::FilterFn, layer::SubscriberExt, util::SubscriberInitExt};
use zeroize::Zeroizing;

use crate::{
    metrics::{self, EmbeddedMetrics, is_metric},
    settings::SettingError,
    spans,
};

/// The crates whose log lines are written with care, and may therefore be seen at any level.
const OURS: [&str; 12] = [
    "vault",
    "order",
    "platform",
    "ingest",
    "tokenize_worker",
    "replay",
    "paybill",
    "forget",
    "card_airlock",
    "card_airlock_event_source",
    "card_airlock_iam",
    "card_airlock_lambda",
];

/// What Lambda handed over is not the event that the function is made for. Says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read")]
pub struct EventUnreadable;

/// A handler panicked. Says nothing more: the panic's own words may quote what it was at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the handler panicked")]
pub struct HandlerPanicked;

/// Reads an event, and wipes its text.
///
/// # Errors
/// [`EventUnreadable`]: serde's own error quotes the event, and the runtime would log it.
pub fn read_event<E: DeserializeOwned>(text: Zeroizing<String>) -> Result<E, EventUnreadable> {
    serde_json::from_str(&text).map_err(|_| EventUnreadable)
}

/// Runs a handler on the Lambda runtime until Lambda ends it. The handler is told the invocation's deadline. Every
/// log line of an invocation has its ids: see [`spans::name_request`]. A panic is an error of its invocation.
///
/// # Errors
/// When the Runtime API is not there.
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
        AssertUnwindSafe(handled).catch_unwind().await.unwrap_or_else(|_| Err(HandlerPanicked.into()));
    if let Err(error) = &outcome {
        tracing::error!(%error, "failed");
    }
    outcome
}

/// Which log lines come out: ours at the wanted level, dependencies' at WARN at most. At TRACE the Lambda
/// runtime writes the whole event and the SDK every request, so no environment may ask for that.
#[must_use]
pub fn log_filter(ours: LevelFilter) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    FilterFn::new(move |line| *line.level() <= most(line.target(), ours)).with_max_level_hint(ours)
}

fn most(target: &str, ours: LevelFilter) -> LevelFilter {
    // Of an invocation that failed: `invoke` says so, with its ids.
    if target == "lambda_runtime::layers::panic" {
        return LevelFilter::OFF;
    }
    let name = target.split("::").next().unwrap_or_default();
    if OURS.contains(&name) { ours } else { ours.min(LevelFilter::WARN) }
}

/// Writes JSON log lines to standard output, at the level of `LOG_LEVEL` (INFO when unset or unknown), and metrics
/// of the namespace `METRICS_NAMESPACE`. Of a panic only its place is told.
///
/// # Errors
/// [`SettingError`] when there is no namespace.
pub fn init_logs() -> Result<(), SettingError> {
    let namespace = metrics::namespace(&|name| std::env::var(name).ok())?;
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).with_writer(std::io::stdout);
    let level = level.unwrap_or(LevelFilter::INFO);
    let is_line = move |line: &Metadata<'_>| *line.level() <= most(line.target(), level) && !is_metric(line);
    let lines = lines.with_filter(FilterFn::new(is_line).with_max_level_hint(level));
    // Both layers have a bound: what the SDK traces below it then costs nothing.
    let is_wanted =
        |line: &Metadata<'_>| *line.level() <= LevelFilter::INFO && (line.is_span() || is_metric(line));
    let metrics = FilterFn::new(is_wanted).with_max_level_hint(LevelFilter::INFO);
    let metrics = EmbeddedMetrics::new(namespace).with_filter(metrics);
    // Fails only when a subscriber is set already; then that one stays.
    let _ = tracing_subscriber::registry().with(lines).with(metrics).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic.location().map(|place| (place.file(), place.line())).unzip();
        tracing::error!(file, line, "panicked");
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_1_dependencies_never_log_below_warn_whatever_the_environment_says() {
        for target in ["lambda_runtime", "aws_smithy_runtime::client", "hyper", "aws_config", "ordered_float"]
        {
            assert_eq!(most(target, LevelFilter::TRACE), LevelFilter::WARN, "{target}");
            assert_eq!(most(target, LevelFilter::ERROR), LevelFilter::ERROR, "{target}");
        }
        assert_eq!(most("ingest::accept", LevelFilter::TRACE), LevelFilter::TRACE);
    }

    #[test]
    fn promise_1_an_event_that_cannot_be_read_is_not_quoted() {
        let event = r#"{"httpMethod":4111111111111111}"#.to_owned();
        let error = read_event::<aws_lambda_events::apigw::ApiGatewayProxyRequest>(Zeroizing::new(event));
        assert_eq!(error.unwrap_err().to_string(), "the event cannot be read");
    }
}
