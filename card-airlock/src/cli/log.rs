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
/// through a dependency's log, whatever level the user chooses. The lines for the console are kept too, at every level.
pub(super) fn install(level: LevelFilter) -> OrderLog {
    // The embedded database warns of every condition that fails. Here such an answer is normal.
    let answers = filter_fn(|line| *line.level() == Level::ERROR || !line.target().starts_with("dynoxide"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = lines.with_filter(log_filter(level).and(answers));
    // This fails only when a log is installed already, and then that log is used.
    let kept = OrderLog::default();
    let _ = tracing_subscriber::registry().with(lines).with(kept.layer()).try_init();
    kept
}
