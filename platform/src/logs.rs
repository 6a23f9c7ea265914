//! The log, as JSON lines with the metrics: which crate may write at which level.

use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::FilterFn, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    metrics::{self, EmbeddedMetrics, is_metric},
    settings::SettingError,
};

/// The workspace's own crates, whose log lines never have secrets and may therefore be written at any level. Whole names,
/// never prefixes: `lambda` would also let through the events that `lambda_runtime` writes.
const OURS: [&str; 22] = [
    "card_airlock_clock",
    "vault",
    "order",
    "platform",
    "ingest",
    "tokenize_worker",
    "replay",
    "paybill",
    "forget",
    "import",
    "notify",
    "rewrap",
    "card_key_maker",
    "card_keys",
    "witness",
    "card_airlock_event_source",
    "card_airlock_gateway",
    "card_airlock_iam",
    "card_airlock_lambda",
    "card_airlock_services",
    "card_airlock_template",
    "card_airlock",
];

/// Which log lines are written: ours at the wanted level, dependencies' at WARN at most. At TRACE the Lambda
/// runtime writes the whole event and the SDK every request, so no environment variable may turn that on.
#[must_use]
pub fn log_filter(ours: LevelFilter) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    FilterFn::new(move |line| *line.level() <= most(line.target(), ours)).with_max_level_hint(ours)
}

fn most(target: &str, ours: LevelFilter) -> LevelFilter {
    // The runtime's line about a failed invocation: `invoke` writes one with the ids.
    if target == "lambda_runtime::layers::panic" {
        return LevelFilter::OFF;
    }
    let name = target.split("::").next().unwrap_or_default();
    if OURS.contains(&name) { ours } else { ours.min(LevelFilter::WARN) }
}

/// Writes JSON log lines to standard output, at the level of `LOG_LEVEL` (INFO when unset or unknown), and metrics
/// of the namespace `METRICS_NAMESPACE`. Of a panic, only its place in the code is written.
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
    // Both layers have a maximum level: what the SDK traces below it then costs nothing.
    let is_wanted =
        |line: &Metadata<'_>| *line.level() <= LevelFilter::INFO && (line.is_span() || is_metric(line));
    let metrics = FilterFn::new(is_wanted).with_max_level_hint(LevelFilter::INFO);
    let metrics = EmbeddedMetrics::new(namespace).with_filter(metrics);
    // This fails only when a subscriber is set already, and then that one stays.
    let _ = tracing_subscriber::registry().with(lines).with(metrics).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic.location().map(|place| (place.file(), place.line())).unzip();
        tracing::error!(file, line, "panicked");
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, process::Command};

    use serde_json::Value;

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
    fn ours_are_the_crates_of_the_workspace_and_no_others() {
        // Only tests link it.
        const NOT_IN_A_PROGRAM: &str = "test-support";
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let metadata =
            ["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path", manifest];
        let output = Command::new(cargo).args(metadata).output().unwrap();
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter();
        let targets = packages.filter(|package| package["name"] != NOT_IN_A_PROGRAM).flat_map(|package| {
            package["targets"].as_array().unwrap().iter().filter_map(|target| {
                let writes = ["lib", "bin"].iter().any(|kind| target["kind"][0] == *kind);
                Some(target["name"].as_str()?.replace('-', "_")).filter(|_| writes)
            })
        });
        assert_eq!(targets.collect::<BTreeSet<_>>(), OURS.map(str::to_owned).into());
    }
}
