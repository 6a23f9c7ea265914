//! `card-airlock replay`: what an operator runs when orders are parked or stuck. The code is that of the deployed replay
//! function, with its role.

use std::io::{self, Write};

use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser as _};
use order::{FailureReason, OrderId};
use replay::ReplaySummary;
use strum::VariantArray as _;

use super::{
    confirm::confirm,
    outcome::{NOT_CONFIRMED, NOTHING_LEFT, OperateError, SOMETHING_LEFT, stored_order},
    place::PlaceArgs,
    replay_events, shown,
};
use crate::{
    documents::OPERATING,
    operations::{EventSelection, StackAccess, Work, run_replay},
    style::{BAD, FAINT, HEADING},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct ReplayArgs {
    /// Change nothing. Print what a replay would do.
    #[arg(long)]
    dry_run: bool,
    /// Put the events again that the bus refused, in place of orders.
    #[arg(long, conflicts_with = "reason")]
    events: bool,
    /// Re-arm at most this many orders, or put at most this many events.
    #[arg(long, value_name = "N")]
    max: Option<u64>,
    /// Replay only orders that failed for this reason.
    #[arg(long, value_name = "CODE", value_parser = reasons())]
    reason: Option<FailureReason>,
    /// Replay only this order, or put only its events.
    #[arg(long, value_name = "ID", value_parser = stored_order)]
    order: Option<OrderId>,
    #[command(flatten)]
    place: PlaceArgs,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// The reasons that a replay can do something about.
fn reasons() -> impl clap::builder::TypedValueParser<Value = FailureReason> {
    let replayable = FailureReason::VARIANTS.iter().filter(|reason| reason.is_replayable());
    PossibleValuesParser::new(replayable.map(|reason| reason.code())).try_map(|code| code.parse())
}

/// Replays, prints the summary, and tells whether anything is left.
pub(super) async fn run(args: ReplayArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    if args.events {
        let selection = EventSelection { dry_run: args.dry_run, max: args.max, order: args.order };
        return replay_events::run(&access, selection, (args.yes, args.json), out).await;
    }
    let dry = Work::Replay { dry_run: true, max: args.max, reason: args.reason, order: args.order.clone() };
    let real = Work::Replay { dry_run: false, max: args.max, reason: args.reason, order: args.order.clone() };
    if !args.dry_run {
        let planned = work(&access, &dry, "finding out what a replay would do").await?;
        is_about(&args, &planned)?;
        count("This is what a replay does", &planned, &mut anstream::stderr())?;
        if !confirm(&format!("Do this in the {}?", access.title()), args.yes)? {
            return Ok(NOT_CONFIRMED);
        }
    }
    let summary = work(&access, if args.dry_run { &dry } else { &real }, "replaying").await?;
    is_about(&args, &summary)?;
    if args.json {
        serde_json::to_writer(&mut *out, &summary).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&access, &summary, out)?;
    }
    Ok(if summary.is_anything_left() { SOMETHING_LEFT } else { NOTHING_LEFT })
}

async fn work(access: &StackAccess, work: &Work, what: &str) -> Result<ReplaySummary, OperateError> {
    let bar = shown::spinner(what);
    let summary = run_replay(access, work).await;
    bar.finish_and_clear();
    Ok(summary?)
}

/// Whether the order that was asked for has a row or a dead letter.
fn is_about(args: &ReplayArgs, summary: &ReplaySummary) -> Result<(), OperateError> {
    let found = summary.rearmed + summary.already_tokenized + summary.gone + summary.still_failing;
    if args.order.is_some() && found == 0 { Err(OperateError::NothingToReplay) } else { Ok(()) }
}

/// What must be right by now, or the orders are parked again for the same reason. None: it heals by itself, or the row
/// says nothing about it.
fn needed_first(reason: FailureReason) -> Option<&'static str> {
    match reason {
        FailureReason::EnvelopeRefused => Some("an altered row never opens. They are parked again."),
        FailureReason::UnknownVersion => {
            Some("they need a newer worker. With this one they are parked again.")
        }
        FailureReason::Malformed => {
            Some("they need the version of the worker that reads them. With this one they are\nparked again.")
        }
        FailureReason::OrderExists => Some("parked again, unless the order that is across was removed."),
        FailureReason::Rejected => Some("parked again, unless what DynamoDB refused is right by now."),
        FailureReason::AttemptsExhausted => {
            Some("they go across if what the worker's log names is right by now.")
        }
        FailureReason::CardNotReplaced | FailureReason::CardRefused | FailureReason::Forgotten => None,
    }
}

fn print(access: &StackAccess, summary: &ReplaySummary, out: &mut dyn Write) -> io::Result<()> {
    let title =
        if summary.dry_run { "Dry run: nothing was changed. A replay would do this" } else { "Replayed" };
    count(title, summary, out)?;
    let (left, next) = match (summary.is_anything_left(), summary.rearmed) {
        (true, _) => (
            format!("Something is left to replay.\n{OPERATING} says what to do for each reason."),
            Some("orders --state parked"),
        ),
        (false, 0) => ("Nothing is left to replay.".to_owned(), None),
        (false, _) => (
            "Nothing is left to replay. In a minute this shows what failed again:".to_owned(),
            Some("replay --dry-run"),
        ),
    };
    writeln!(out, "{FAINT}{left}{FAINT:#}")?;
    next.map_or(Ok(()), |command| writeln!(out, "  {FAINT}{}{FAINT:#}", access.own(command)))
}

fn count(title: &str, summary: &ReplaySummary, out: &mut dyn Write) -> io::Result<()> {
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
    if summary.messages_not_asked > 0 {
        let number = summary.messages_not_asked;
        writeln!(out, "{number:>7}  dead letters not looked at: they are not about this order")?;
    }
    for (reason, number) in &summary.rearmed_reasons {
        if let Some(needed) = needed_first(*reason) {
            writeln!(out, "{BAD}{number} failed with {}{BAD:#}:", reason.code())?;
            needed.lines().try_for_each(|line| writeln!(out, "  {line}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_reason_that_a_replay_takes_it_is_said_what_must_be_right_first() {
        for reason in FailureReason::VARIANTS {
            assert_eq!(needed_first(*reason).is_some(), reason.is_replayable(), "{reason:?}");
            assert!(needed_first(*reason).into_iter().flat_map(str::lines).all(|line| line.len() <= 78));
        }
    }
}
