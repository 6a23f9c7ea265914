//! The program's log, on standard error.

use platform::log_filter;
use tracing::Level;
use tracing_subscriber::{
    Layer,
    filter::{FilterExt, LevelFilter, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::console::OrderLog;

/// Logs this project's crates at `level`, and of all others only warnings: a card number must not get out
/// through a dependency's log, whatever the user asks for. The console's lines are kept beside, whatever is printed.
pub(super) fn install(level: LevelFilter) -> OrderLog {
    // The embedded database warns of every condition that fails; here that is an answer like any other.
    let answers = filter_fn(|line| *line.level() == Level::ERROR || !line.target().starts_with("dynoxide"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = lines.with_filter(log_filter(level).and(answers));
    // Fails only when a log is installed already, which is then the one wanted.
    let kept = OrderLog::default();
    let _ = tracing_subscriber::registry().with(lines).with(kept.layer()).try_init();
    kept
}
