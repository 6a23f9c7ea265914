//! The program's log, on standard error.

use order::platform::log_filter;
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Logs this project's crates at `level`, and of all others only warnings: a card number must not get out
/// through a dependency's log, whatever the user asks for.
pub(super) fn install(level: LevelFilter) {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // Fails only when a log is installed already, which is then the one wanted.
    let _ = tracing_subscriber::registry().with(lines.with_filter(log_filter(level))).try_init();
}
