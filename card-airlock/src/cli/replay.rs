//! `card-airlock replay`: what an operator runs when orders are parked or stuck, against a running `up`. The code
//! is that of the deployed replay function, with its role.

use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};

use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser as _};
use indicatif::{ProgressBar, ProgressStyle};
use order::{FailureReason, OrderId, ParseOrderIdError};
use replay::{ReplaySummary, Selection};
use strum::VariantArray as _;

use super::CliError;
use crate::{
    replay_function::{ReplayFunctionError, replay_function},
    style::{FAINT, HEADING},
};

/// Longer than any replay on one machine takes.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Change nothing. Print what a replay would do.
    #[arg(long)]
    dry_run: bool,
    /// Re-arm at most this many orders.
    #[arg(long, value_name = "N")]
    max: Option<u64>,
    /// Replay only orders that failed for this reason.
    #[arg(long, value_name = "CODE", value_parser = reasons())]
    reason: Option<FailureReason>,
    /// Replay only this order.
    #[arg(long, value_name = "ID", value_parser = stored_order)]
    order: Option<OrderId>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
    /// The port of the AWS endpoint on 127.0.0.1.
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
}

/// The reasons that a replay can do something about.
fn reasons() -> impl clap::builder::TypedValueParser<Value = FailureReason> {
    let replayable = FailureReason::VARIANTS.iter().filter(|reason| reason.is_replayable());
    PossibleValuesParser::new(replayable.map(|reason| reason.code())).try_map(|code| code.parse())
}

/// The operator names an order that exists, even if today's rules would refuse its id.
fn stored_order(id: &str) -> Result<OrderId, ParseOrderIdError> {
    OrderId::stored(id).ok_or(ParseOrderIdError::Shape)
}

/// Replays and prints the summary. Returns whether anything is left.
pub(super) async fn run(args: ReplayArgs, out: &mut dyn Write) -> Result<bool, CliError> {
    let names_an_order = args.order.is_some();
    let replay = replay_function(&format!("http://127.0.0.1:{}", args.aws_port))?;
    let selection =
        Selection { dry_run: args.dry_run, max: args.max, reason: args.reason, order: args.order };
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.set_message("reading the dead-letter queue");
    bar.enable_steady_tick(Duration::from_millis(100));
    let deadline = SystemTime::now() + PATIENCE;
    let progress = |rows| bar.set_message(format!("{rows} rows of the quarantine read"));
    let summary = replay.replay(&selection, deadline, &progress).await;
    bar.finish_and_clear();
    let summary = summary.map_err(ReplayFunctionError::from)?;
    let found = summary.rearmed + summary.already_tokenized + summary.gone + summary.still_failing;
    if names_an_order && found == 0 {
        return Err(CliError::NothingToReplay);
    }
    if args.json {
        serde_json::to_writer(&mut *out, &summary).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&summary, out)?;
    }
    Ok(summary.is_anything_left())
}

fn print(summary: &ReplaySummary, out: &mut dyn Write) -> io::Result<()> {
    let title =
        if summary.dry_run { "Dry run: nothing was changed. A replay would do this" } else { "Replayed" };
    writeln!(out, "{HEADING}{title}{HEADING:#}")?;
    for (number, what) in [
        (summary.rearmed, "orders re-armed: the stream brings them to the worker"),
        (summary.already_tokenized, "orders of dead letters that are tokenized already"),
        (summary.gone, "orders of dead letters that expired, or are in no table"),
        (summary.still_failing, "orders that stay as they are"),
        (summary.messages_settled, "dead letters settled and deleted"),
        (summary.messages_left, "dead letters that stay"),
    ] {
        writeln!(out, "{number:>7}  {what}")?;
    }
    let left = match (summary.is_anything_left(), summary.rearmed) {
        (true, _) => "Something is left to replay. docs/operating.md says what to do for each reason.",
        (false, 0) => "Nothing is left to replay.",
        (false, _) => "Nothing is left to replay. A dry run in a minute shows what failed again.",
    };
    writeln!(out, "{FAINT}{left}{FAINT:#}")
}
