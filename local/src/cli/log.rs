//! The program's log, on standard error.

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// This project's own crates. What they log is chosen word by word.
const OURS: [&str; 7] = ["card_airlock", "local", "vault", "order", "ingest", "tokenize_worker", "paybill"];

/// Logs this project's crates at `level`, and of all others only warnings: some of them log whole requests below
/// that, and a card number must not get out that way whatever the user asks for.
pub(super) fn install(level: LevelFilter) {
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(OURS.map(|ours| (ours, level)));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // Fails only when a log is installed already, which is then the one wanted.
    let _ = tracing_subscriber::registry().with(lines).with(targets).try_init();
}
