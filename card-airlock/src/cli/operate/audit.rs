//! `card-airlock audit`.

mod verify;

use std::io::{self, Write};

use clap::{Args, Subcommand};
use order::{
    AuditItem, AuditSelection, AuditTrail, OrderId, ParseTimestampError, ProcessorReference, Timestamp,
};
use serde_json::{Value, json};

use super::{
    outcome::{NOTHING_LEFT, OperateError, stored_order},
    place::PlaceArgs,
    shown,
};
use crate::{operations::Right, style::FAINT};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    #[command(flatten)]
    place: PlaceArgs,
    /// Only what this user did: the user's `sub`, or an operator's ARN. Without it the whole table is read.
    #[arg(long, value_name = "SUB")]
    user: Option<String>,
    /// Only this order.
    #[arg(long, value_name = "ID", value_parser = stored_order)]
    order: Option<OrderId>,
    /// Not before this time, such as 2026-11-28 or 2026-11-28T18:30:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// Print so many at most.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max: u64,
    /// Print JSON, an item a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Compare the audit with what its witness saw. Exit code 3: something does not fit.
    Verify(verify::VerifyArgs),
}

/// A time in UTC, or the beginning of a day.
fn time(text: &str) -> Result<Timestamp, ParseTimestampError> {
    let whole = if text.len() == "2026-11-28".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse()
}

pub(super) async fn run(args: AuditArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    if let Some(AuditCommand::Verify(args)) = args.command {
        return verify::run(args, out).await;
    }
    let access = args.place.open().await?;
    let table = access.names().physical("DetokenizeAuditTable")?;
    let trail = AuditTrail::new(&access.config(Right::Read), table.to_owned());
    let AuditArgs { user, order, since, until, max, json, .. } = args;
    let selection = AuditSelection { principal: user, order, since, until };
    let (mut from, mut printed, mut scanned, mut is_cut) = (None, 0_u64, 0_u64, false);
    let bar = shown::spinner("reading the audit");
    if !json {
        writeln!(out, "{FAINT}WHEN (UTC)           WHAT                 ORDER{FAINT:#}")?;
    }
    loop {
        let page = trail.page(&selection, from).await?;
        scanned += page.scanned;
        bar.set_message(format!("{scanned} rows of the audit looked at"));
        for item in &page.items {
            is_cut |= printed >= max;
            if !is_cut {
                printed += 1;
                bar.suspend(|| if json { writeln!(out, "{}", in_json(item)) } else { print(item, out) })?;
            }
        }
        from = page.next;
        if from.is_none() || is_cut {
            break;
        }
    }
    bar.finish_and_clear();
    if !json {
        let more = if is_cut { "; there are more, see --max" } else { "" };
        writeln!(out, "{FAINT}{printed} items{more}{FAINT:#}")?;
    }
    Ok(NOTHING_LEFT)
}

/// One item: what, of which order, by whom, for which payment.
pub(super) fn print(item: &AuditItem, out: &mut dyn Write) -> io::Result<()> {
    let at = item.at.map_or_else(|| "unknown".to_owned(), shown::time);
    let before = format!("{at:<21}{:<21}", item.purpose.as_deref().unwrap_or("unknown"));
    shown::with_id(out, &before, shown::order(item.order.as_ref()))?;
    shown::with_id(out, "    by ", &item.principal)?;
    if let Some(payment) = item.payment {
        writeln!(out, "    {FAINT}payment {payment}{FAINT:#}")?;
    }
    if let Some(reference) = &item.reference {
        shown::with_id(out, "    reference ", reference.as_str())?;
    }
    Ok(())
}

pub(super) fn in_json(item: &AuditItem) -> Value {
    json!({
        "at": item.at,
        "principal": item.principal,
        "order": item.order.as_ref().and_then(OrderId::shown),
        "purpose": item.purpose,
        "paymentId": item.payment,
        "reference": item.reference.as_ref().map(ProcessorReference::as_str),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_beginning() {
        assert_eq!(time("2026-11-28"), Ok("2026-11-28T00:00:00.000Z".parse().unwrap()));
        assert_eq!(time("2026-11-28T18:30:00Z"), Ok("2026-11-28T18:30:00.000Z".parse().unwrap()));
        for wrong in ["", "yesterday", "2026-13-01", "2026-11-28T18:30"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
