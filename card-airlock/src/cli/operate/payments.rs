//! `card-airlock payments`.

use std::io::{self, Write};

use clap::Args;
use order::{OrderId, OrderTable, Payment, PaymentObject, ProcessorReference, Standing, Timestamp};
use serde_json::{Value, json};

use super::{
    outcome::{NOTHING_LEFT, OperateError, SOMETHING_LEFT},
    place::PlaceArgs,
    shown,
};
use crate::{
    operations::{OpenPayment, OpenPayments, Openness, Right},
    style::{FAINT, HEADING},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct PaymentsArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Only payments of which nobody knows: a person must find out.
    #[arg(long)]
    unknown: bool,
    /// Only payments that were interrupted: sending the bill again settles them.
    #[arg(long)]
    interrupted: bool,
    /// Print JSON, a payment a line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: PaymentsArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    let table = access.names().physical("CustomerOrderTable")?;
    let orders = OrderTable::new(&access.config(Right::Read), table.to_owned());
    let now = shown::now();
    let (mut open, mut found) = (OpenPayments::of(&orders, now), 0_u64);
    let bar = shown::spinner("looking at clean orders");
    while let Some(page) = open.next().await? {
        for payment in page.iter().filter(|payment| is_wanted(&args, payment.openness)) {
            found += 1;
            bar.suspend(|| print(payment, now, args.json, out))?;
        }
        bar.set_message(format!("{} clean orders looked at", open.scanned));
    }
    bar.finish_and_clear();
    if !args.json {
        writeln!(out, "{FAINT}{found} of {} clean orders{FAINT:#}", open.scanned)?;
    }
    Ok(if found > 0 { SOMETHING_LEFT } else { NOTHING_LEFT })
}

/// Without a choice: all that somebody must look after.
fn is_wanted(args: &PaymentsArgs, openness: Openness) -> bool {
    let is_any = !args.unknown && !args.interrupted;
    match openness {
        Openness::Unknown => is_any || args.unknown,
        Openness::Interrupted => is_any || args.interrupted,
        Openness::Unreadable => is_any,
        Openness::UnderWay => false,
    }
}

fn print(open: &OpenPayment, now: Timestamp, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    let order = open.order.order.as_ref();
    if as_json {
        let payment = open.payment().map(in_json);
        return writeln!(out, "{}", json!({ "order": order.and_then(OrderId::shown), "payment": payment }));
    }
    writeln!(out, "{HEADING}{}{HEADING:#}", shown::order(order))?;
    match open.payment() {
        Some(payment) => describe(payment, now, out)?,
        None => writeln!(out, "  its payment attributes do not fit together: somebody edited the row")?,
    }
    let id = shown::order(order);
    match open.openness {
        Openness::Unknown => writeln!(
            out,
            "  {FAINT}Ask the processor for this PaymentId. Then: card-airlock settle ORDER\n  \
             --charged REFERENCE, or --not-charged{FAINT:#}\n"
        ),
        Openness::Interrupted => writeln!(
            out,
            "  {FAINT}Send the bill again as a member of the billing group: POST /paybill{FAINT:#}\n"
        ),
        Openness::UnderWay | Openness::Unreadable => {
            writeln!(out, "  {FAINT}card-airlock order {id}{FAINT:#}\n")
        }
    }
}

/// What is known of a payment, a line each.
pub(super) fn describe(payment: &Payment, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |name: &str, value: &str| shown::with_id(out, &format!("  {name:<20}"), value);
    line("payment", &payment.id.to_string())?;
    line("status", payment.standing.word())?;
    line("amount", &payment.amount.map_or_else(|| "none was given".to_owned(), shown::amount))?;
    let began = Some(payment.started_at);
    line("began", &format!("{} UTC, {} ago", shown::time(payment.started_at), shown::age(began, now)))?;
    if let Standing::Submitting { until, .. } = payment.standing {
        let word = if until <= now { "ran out at" } else { "holds until" };
        line("claim", &format!("{word} {} UTC", shown::time(until)))?;
    }
    if let Some(route) = &payment.route {
        line("profile", &route.profile)?;
        line("sent to", &route.origin)?;
        if !route.account.is_empty() {
            line("account", &route.account)?;
        }
    }
    if let Some(payer) = payment.payer {
        line("paid by", &payer.word().to_lowercase())?;
    }
    if let Some(object) = &payment.object {
        line("object", object.as_str())?;
    }
    if let Some(reference) = &payment.reference {
        line("reference", reference.as_str())?;
    }
    if let Some(at) = payment.looked_up_at {
        line("looked up", &format!("{} UTC", shown::time(at)))?;
    }
    Ok(())
}

pub(super) fn in_json(payment: &Payment) -> Value {
    let until = match payment.standing {
        Standing::Submitting { until, .. } => Some(until),
        _ => None,
    };
    let route = payment.route.as_ref();
    json!({
        "paymentId": payment.id,
        "status": payment.standing.word(),
        "amount": payment.amount.map(shown::amount),
        "startedAt": payment.started_at,
        "claimedUntil": until,
        "profile": route.map(|route| &route.profile),
        "sentTo": route.map(|route| &route.origin),
        "account": route.map(|route| &route.account),
        "paidBy": payment.payer,
        "object": payment.object.as_ref().map(PaymentObject::as_str),
        "reference": payment.reference.as_ref().map(ProcessorReference::as_str),
        "lookedUpAt": payment.looked_up_at,
    })
}
