//! What every function does before its first event: logs and the AWS client's configuration.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// The crates whose log lines are written with care, and may therefore be seen at any level.
const OURS: [&str; 6] = ["vault", "order", "ingest", "tokenize_worker", "paybill", "local"];

/// Which log lines come out: ours at the wanted level, dependencies' at WARN at most. At TRACE the Lambda
/// runtime writes the whole event and the SDK every request, so no environment may ask for that.
#[must_use]
pub fn log_filter(ours: LevelFilter) -> Targets {
    Targets::new()
        .with_default(ours.min(LevelFilter::WARN))
        .with_targets(OURS.into_iter().map(|target| (target, ours)))
}

/// Writes JSON log lines to standard output, at the level of `LOG_LEVEL` (INFO when unset or unknown).
pub fn init_logs() {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).with_writer(std::io::stdout);
    // Fails only when a subscriber is set already; then that one stays.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(log_filter(level.unwrap_or(LevelFilter::INFO)))
        .try_init();
}

/// The AWS configuration of a deployed function, from its environment.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts()).load().await
}

/// Four calls in a row, the most that a request makes, end before API Gateway gives up after 29 s.
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
    use tracing::Level;

    use super::*;

    #[test]
    fn promise_1_dependencies_never_log_below_warn_whatever_the_environment_says() {
        let filter = log_filter(LevelFilter::TRACE);
        for target in ["lambda_runtime", "aws_smithy_runtime::client", "hyper", "aws_config"] {
            assert!(!filter.would_enable(target, &Level::INFO), "{target}");
            assert!(filter.would_enable(target, &Level::WARN), "{target}");
        }
        assert!(filter.would_enable("ingest", &Level::TRACE));
        assert!(!log_filter(LevelFilter::ERROR).would_enable("hyper", &Level::WARN));
    }
}
