//! How to run the load.

use clap::Args;
use tracing_subscriber::filter::LevelFilter;

/// How to run the load.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// How many orders are placed, tokenized and paid.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub orders: u32,
    /// How many clients send requests at the same time. Each sends one request after the other.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,
    /// How many processes one function may have at most.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub processes: u16,
    /// Instead, compare the handlers with a bare client of the same services, in turns, in this process.
    #[arg(long)]
    pub floors: bool,
    /// Instead, import so many rows of another table, and re-wrap as many of the vault; with --floors beside a bare client.
    #[arg(long)]
    pub passes: bool,
    /// How many turns. The result is the median of their ratios.
    #[arg(long, default_value_t = 5, requires = "floors", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub rounds: u16,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// What to log on standard error, with the functions' lines: off, error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value = "off", env = "CARD_AIRLOCK_LOG")]
    pub log: LevelFilter,
}
