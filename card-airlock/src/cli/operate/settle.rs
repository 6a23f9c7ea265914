//! `card-airlock settle`.

use std::io::{self, Write};

use clap::Args;
use order::{FoundOut, OrderId, Payment, ProcessorReference};
use serde_json::json;

use super::{
    confirm::confirm,
    outcome::{NOT_CONFIRMED, NOTHING_LEFT, OperateError, stored_order},
    payments,
    place::PlaceArgs,
    shown,
};
use crate::{
    operations::{SettlementError, StackAccess, payment_to_settle, settle},
    style::HEADING,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct SettleArgs {
    /// The order.
    #[arg(value_name = "ORDER", value_parser = stored_order)]
    order: OrderId,
    #[command(flatten)]
    found: FoundArgs,
    #[command(flatten)]
    place: PlaceArgs,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct FoundArgs {
    /// The processor charged it; REFERENCE is the processor's own id of the payment.
    #[arg(long, value_name = "REFERENCE")]
    charged: Option<String>,
    /// The processor did not charge it, and never will.
    #[arg(long)]
    not_charged: bool,
}

pub(super) async fn run(args: SettleArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    // What is given may be a card number by mistake: no message repeats it.
    let found = match &args.found.charged {
        Some(reference) => {
            FoundOut::Charged(ProcessorReference::accept(reference).map_err(|_| OperateError::Reference)?)
        }
        None => FoundOut::NotCharged,
    };
    let access = args.place.open().await?;
    let failed = |error| refused(&access, &args.order, error);
    let seen = payment_to_settle(&access, &args.order).await.map_err(failed)?;
    say(&args.order, &seen, &found, &access.title(), &mut anstream::stderr())?;
    if !confirm("Write this?", args.yes)? {
        return Ok(NOT_CONFIRMED);
    }
    let by = settle(&access, &args.order, &seen, &found, shown::now()).await.map_err(failed)?;
    if args.json {
        let settled = json!({
            "order": args.order.shown(), "paymentId": seen.id, "purpose": found.purpose(), "by": by,
        });
        writeln!(out, "{settled}")?;
    } else {
        writeln!(out, "Settled. The audit has it, as done by\n    {by}")?;
    }
    Ok(NOTHING_LEFT)
}

/// Why nothing was written, with the command that helps.
fn refused(access: &StackAccess, order: &OrderId, error: SettlementError) -> OperateError {
    let next = match (&error, order.shown()) {
        (SettlementError::Submitting, Some(_)) => access.bill(order),
        (_, Some(id)) => access.own(&format!("order {id}")),
        (_, None) => access.own("orders --state unknown"),
    };
    OperateError::Settlement { error, next }
}

/// Says what the order has and what will be written.
fn say(
    order: &OrderId,
    seen: &Payment,
    found: &FoundOut,
    title: &str,
    told: &mut dyn Write,
) -> io::Result<()> {
    writeln!(told, "{HEADING}{title}{HEADING:#}\nThe order {} has this payment:", shown::order(Some(order)))?;
    payments::describe(seen, shown::now(), told)?;
    writeln!(told, "This will be written, if the payment still is as shown:")?;
    match found {
        FoundOut::Charged(reference) => {
            writeln!(told, "  it is SUBMITTED, and the order is paid")?;
            shown::with_id(told, "  its reference is ", reference.as_str())
        }
        FoundOut::NotCharged => writeln!(
            told,
            "  it is removed, and the order can be paid again\nIf the processor has charged it after all, the customer \
             pays twice."
        ),
    }
}
