//! What every function shares with every other around its handler: the runtime, the logs, the AWS client's
//! configuration.

use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::{FilterExt, FilterFn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};
use zeroize::Zeroizing;

use crate::metrics::{EmbeddedMetrics, is_metric};

/// The crates whose log lines are written with care, and may therefore be seen at any level.
const OURS: [&str; 7] = ["vault", "order", "ingest", "tokenize_worker", "paybill", "local", "card_airlock"];

/// What Lambda handed over is not the event that the function is made for. Says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read")]
pub struct EventUnreadable;

/// Reads an event, and wipes its text.
///
/// # Errors
/// [`EventUnreadable`]: serde's own error quotes the event, and the runtime would log it.
pub fn read_event<E: DeserializeOwned>(text: Zeroizing<String>) -> Result<E, EventUnreadable> {
    serde_json::from_str(&text).map_err(|_| EventUnreadable)
}

/// Runs a handler on the Lambda runtime until Lambda ends it. The handler is told the invocation's deadline.
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
        let deadline = event.context.deadline();
        let text: Box<str> = event.payload.into();
        let event = read_event(Zeroizing::new(text.into_string()))?;
        // Boxed, or the layout of the future that `main` builds is too deep for the compiler.
        Box::pin(handler(event, deadline)).await
    }))
    .await
}

/// Which log lines come out: ours at the wanted level, dependencies' at WARN at most. At TRACE the Lambda
/// runtime writes the whole event and the SDK every request, so no environment may ask for that.
#[must_use]
pub fn log_filter(ours: LevelFilter) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    FilterFn::new(move |line| *line.level() <= most(line.target(), ours)).with_max_level_hint(ours)
}

fn most(target: &str, ours: LevelFilter) -> LevelFilter {
    let name = target.split("::").next().unwrap_or_default();
    if OURS.contains(&name) { ours } else { ours.min(LevelFilter::WARN) }
}

/// Writes JSON log lines to standard output, at the level of `LOG_LEVEL` (INFO when unset or unknown).
pub fn init_logs() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).with_writer(std::io::stdout);
    let level = level.unwrap_or(LevelFilter::INFO);
    let lines = lines.with_filter(log_filter(level).and(FilterFn::new(|line| !is_metric(line))));
    // Fails only when a subscriber is set already; then that one stays.
    let _ = tracing_subscriber::registry().with(lines).with(EmbeddedMetrics).try_init();
}

/// The AWS configuration of a deployed function, from its environment.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts()).load().await
}

/// Two tries of a call that hangs. A request that meets several of those is answered 503 before its deadline.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(7))
        .build()
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
