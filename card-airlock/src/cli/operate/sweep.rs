//! `card-airlock sweep`.

use std::io::{self, Write};

use clap::Args;
use replay::SweepSummary;

use super::{
    confirm::confirm,
    outcome::{NOT_CONFIRMED, NOTHING_LEFT, OperateError, SOMETHING_LEFT},
    place::PlaceArgs,
    shown,
};
use crate::{
    operations::run_sweep,
    style::{FAINT, HEADING},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct SweepArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Change nothing; tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: SweepArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    if !args.dry_run {
        let mut told = anstream::stderr();
        writeln!(
            told,
            "A sweep of the {}\ntakes up what Lambda gave up, parks what is out of time, and expires what is\noverdue. This \
             says how many:\n  {}",
            access.title(),
            access.own("sweep --dry-run")
        )?;
        if !confirm("Sweep now?", args.yes)? {
            return Ok(NOT_CONFIRMED);
        }
    }
    let bar = shown::spinner("sweeping: it watches what it takes up, for half a minute and longer");
    let summary = run_sweep(&access, args.dry_run).await;
    bar.finish_and_clear();
    let summary = summary?;
    if args.json {
        serde_json::to_writer(&mut *out, &summary).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&summary, out)?;
        if summary.failed + summary.parked > 0 {
            writeln!(out, "  {FAINT}{}{FAINT:#}", access.own("orders --state parked"))?;
        }
    }
    let is_left = summary.failed + summary.parked + summary.given_up.saturating_sub(summary.taken_up) > 0;
    Ok(if is_left { SOMETHING_LEFT } else { NOTHING_LEFT })
}

fn print(summary: &SweepSummary, out: &mut dyn Write) -> io::Result<()> {
    let title = if summary.dry_run { "Dry run: nothing was changed. A sweep would do this" } else { "Swept" };
    writeln!(out, "{HEADING}{title}{HEADING:#}")?;
    for (number, what) in [
        (summary.rows, "rows in quarantine"),
        (summary.in_work, "in work"),
        (summary.given_up, "given up by Lambda"),
        (summary.taken_up, "of those taken up: they are on their way again"),
        (summary.suspected, "of those suspected of crashing the worker"),
        (summary.rearmed, "re-armed, for whatever reason"),
        (summary.waiting, "wait for a payment"),
        (summary.parked, "parked by this sweep"),
        (summary.expired, "expired by this sweep"),
        (summary.forgotten, "forgotten: their cards were taken out"),
        (summary.not_replaced, "other cards that came too late"),
        (summary.failed, "parked before; they wait for a replay"),
        (summary.events_sent_again, "rows whose events are sent again"),
        (summary.positions_settled, "positions in the queue deleted"),
        (summary.positions_left, "positions in the queue that stay"),
    ] {
        writeln!(out, "{number:>7}  {what}")?;
    }
    writeln!(out, "{FAINT}The oldest order has waited for {} s.{FAINT:#}", summary.oldest_seconds)
}
