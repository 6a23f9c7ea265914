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
    operations::{OpenPayment, OpenPayments, Openness, PaybillTerms, Remedy, Right, StackAccess},
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
    let terms = PaybillTerms::read(&access).await.ok();
    let (mut open, mut found) = (OpenPayments::of(&orders, now), 0_u64);
    let bar = shown::spinner("looking at clean orders");
    while let Some(page) = open.next().await? {
        for payment in page.iter().filter(|payment| is_wanted(&args, payment.openness)) {
            found += 1;
            bar.suspend(|| print(&access, payment, terms.as_ref(), now, args.json, out))?;
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

fn print(
    access: &StackAccess,
    open: &OpenPayment,
    terms: Option<&PaybillTerms>,
    now: Timestamp,
    as_json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let order = open.order.order.as_ref();
    if as_json {
        let remedy = open.payment().and_then(|payment| remedy(payment, terms, now));
        let commands = match (order, remedy) {
            (Some(order), Some(remedy)) => commands(access, order, remedy),
            _ => Vec::new(),
        };
        let payment = open.payment().map(in_json);
        let line = json!({
            "order": order.and_then(OrderId::shown), "payment": payment, "remedy": remedy.map(<&str>::from),
            "commands": commands,
        });
        return writeln!(out, "{line}");
    }
    writeln!(out, "{HEADING}Order {}{HEADING:#}", shown::order(order))?;
    match (open.payment(), order) {
        (Some(payment), order) => {
            describe(payment, now, out)?;
            if let Some(order) = order {
                advise(access, order, payment, terms, now, out)?;
            }
        }
        (None, order) => {
            writeln!(out, "  its payment attributes do not fit together: somebody edited the row")?;
            if let Some(id) = order.and_then(OrderId::shown) {
                writeln!(out, "  {FAINT}{}{FAINT:#}", access.own(&format!("order {id}")))?;
            }
        }
    }
    writeln!(out)
}

/// What ends a payment. Without paybill's settings nothing is said to be in time, or that paybill asks by itself.
fn remedy(payment: &Payment, terms: Option<&PaybillTerms>, now: Timestamp) -> Option<Remedy> {
    match (terms, &payment.standing) {
        (Some(terms), _) => terms.remedy(payment, now),
        (None, Standing::Submitting { until, .. }) if *until > now => Some(Remedy::Wait),
        (None, Standing::Submitting { .. }) => Some(Remedy::TooLate),
        (None, Standing::Unknown) => Some(Remedy::AskTheProcessor),
        (None, Standing::Submitted | Standing::Declined) => None,
    }
}

/// The commands of a remedy, in the order in which they are run. `REFERENCE` is to be set by a person.
fn commands(access: &StackAccess, order: &OrderId, remedy: Remedy) -> Vec<String> {
    // An id that reads as a card number is not written out.
    let Some(id) = order.shown() else { return Vec::new() };
    let settle = |found: &str| access.own(&format!("settle {id} {found}"));
    let by_hand = || vec![settle("--charged \"$REFERENCE\""), settle("--not-charged")];
    match remedy {
        Remedy::Wait => Vec::new(),
        Remedy::SendAgain => vec![access.bill(order)],
        Remedy::TooLate | Remedy::SentElsewhere | Remedy::LookUp => {
            [vec![access.bill(order)], by_hand()].concat()
        }
        Remedy::AskTheProcessor => by_hand(),
    }
}

/// Says what ends a payment, with the commands.
pub(super) fn advise(
    access: &StackAccess,
    order: &OrderId,
    payment: &Payment,
    terms: Option<&PaybillTerms>,
    now: Timestamp,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(remedy) = remedy(payment, terms, now).filter(|remedy| *remedy != Remedy::Wait) else {
        return Ok(());
    };
    let commands = commands(access, order, remedy);
    let mut say = |text: &str| writeln!(out, "  {FAINT}{text}{FAINT:#}");
    if commands.is_empty() {
        return say("Its id reads as a card number, so no command is shown. Use the PaymentId.");
    }
    if remedy != Remedy::AskTheProcessor {
        match (remedy, terms) {
            (Remedy::SendAgain, _) => {
                say("Send the bill again: that charges once at most, and settles it.")?;
            }
            (Remedy::LookUp, _) => say("Send the bill: paybill asks the processor for the outcome.")?,
            (Remedy::TooLate, Some(terms)) => {
                let hours = terms.idempotency.as_secs() / 3_600;
                say(&format!("It began more than {hours} h ago and is not sent again. Send the bill:"))?;
                say("that charges nothing, and makes it UNKNOWN.")?;
            }
            (Remedy::SentElsewhere, _) => {
                say("It was not sent by today's profile and account, and is not sent again.")?;
                say("Send the bill: that charges nothing, and makes it UNKNOWN.")?;
            }
            // Nobody knows how long the processor recognizes it: paybill does.
            _ => say("Send the bill: that settles it, or makes it UNKNOWN if it is too old.")?,
        }
        if !access.is_up() {
            say("TOKEN is an ID token of a member of the billing group.")?;
        }
    }
    let (bill, by_hand): (Vec<_>, Vec<_>) = commands.iter().partition(|command| command.starts_with("curl "));
    for command in bill {
        say(command)?;
    }
    if remedy == Remedy::TooLate && terms.is_some_and(PaybillTerms::can_look_up) {
        say("Send it once more: then paybill asks the processor for the outcome.")?;
    }
    let [charged, not_charged] = by_hand.as_slice() else { return Ok(()) };
    let when = if remedy == Remedy::AskTheProcessor { "Ask" } else { "If it is UNKNOWN then, ask" };
    say(&format!("{when} the processor for this payment."))?;
    say("It was charged; REFERENCE is the processor's own id of it:")?;
    say(charged)?;
    say("It was not charged, and never will be:")?;
    say(not_charged)
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
