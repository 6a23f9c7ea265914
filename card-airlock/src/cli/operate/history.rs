//! `card-airlock order`.

use std::io::{self, Write};

use clap::Args;
use order::{
    AuditItem, AuditSelection, AuditTrail, Decline, FailureReason, KeptRow, OrderId, OrderOverview,
    OrderTable, Progress, QuarantineStatus, Standing, Timestamp, Upkeep,
};
use serde_json::{Value, json};

use super::{
    audit,
    orders::{State, clean_json, row_json},
    outcome::{NOTHING_LEFT, OperateError, stored_order},
    payments,
    place::PlaceArgs,
    shown,
};
use crate::{
    operations::{PaybillTerms, Right, StackAccess, WORKER, is_mapping_on, mapping_state},
    style::{FAINT, HEADING},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct OrderArgs {
    /// The order.
    #[arg(value_name = "ORDER", value_parser = stored_order)]
    order: OrderId,
    #[command(flatten)]
    place: PlaceArgs,
    /// Leave the audit out: to find the items of one order, the whole table is read.
    #[arg(long)]
    no_audit: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// All that is known of an order.
struct History {
    row: Option<KeptRow>,
    clean: Option<OrderOverview>,
    audit: Option<Vec<AuditItem>>,
    /// The state of the worker's stream mapping, of a row that needs it; none also if it could not be read.
    mapping: Option<String>,
    /// Of an order with a payment; none also if they could not be read.
    terms: Option<PaybillTerms>,
}

pub(super) async fn run(args: OrderArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    let history = History::read(&access, &args.order, !args.no_audit).await?;
    if history.row.is_none() && history.clean.is_none() && history.audit.as_ref().is_none_or(Vec::is_empty) {
        return Err(OperateError::NoSuchOrder);
    }
    let now = shown::now();
    if args.json {
        writeln!(out, "{}", history.in_json(&args.order, now))?;
    } else {
        history.print(&access, &args.order, now, out)?;
    }
    Ok(NOTHING_LEFT)
}

impl History {
    /// The quarantine row first: an order that crosses meanwhile is then seen in both tables, and not in neither.
    async fn read(access: &StackAccess, order: &OrderId, with_audit: bool) -> Result<Self, OperateError> {
        let (config, names) = (access.config(Right::Read), access.names());
        let upkeep = Upkeep::new(&config, names.physical("OrderQuarantineTable")?.to_owned());
        let orders = OrderTable::new(&config, names.physical("CustomerOrderTable")?.to_owned());
        let row = upkeep.row(order.as_str()).await?;
        let clean = orders.overview(order).await?;
        let mut audit = None;
        if with_audit {
            let trail = AuditTrail::new(&config, names.physical("DetokenizeAuditTable")?.to_owned());
            audit = Some(read_audit(&trail, order).await?);
        }
        let is_pending = row.as_ref().is_some_and(|row| row.status == Some(QuarantineStatus::Pending));
        let mapping = if is_pending { mapping_state(access, WORKER).await.ok() } else { None };
        let has_payment =
            clean.as_ref().and_then(|clean| clean.payments.as_ref()?.current.as_ref()).is_some();
        let terms = if has_payment { PaybillTerms::read(access).await.ok() } else { None };
        Ok(Self { row, clean, audit, mapping, terms })
    }

    fn print(
        &self,
        access: &StackAccess,
        order: &OrderId,
        now: Timestamp,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(out, "{HEADING}Order {}{HEADING:#}", shown::order(Some(order)))?;
        if let Some(row) = &self.row {
            let what =
                if self.clean.is_some() { "In quarantine: another card for it" } else { "In quarantine" };
            writeln!(out, "{what}")?;
            let is_off = self.mapping.as_ref().is_some_and(|state| !is_mapping_on(state));
            print_row(row, is_off, now, out)?;
            for command in row_commands(row, is_off, order) {
                writeln!(out, "  {FAINT}{}{FAINT:#}", access.own(&command))?;
            }
        }
        if let Some(clean) = &self.clean {
            writeln!(out, "Across")?;
            print_clean(clean, now, out)?;
            if let Some(payment) = clean.payments.as_ref().and_then(|payments| payments.current.as_ref()) {
                payments::advise(access, order, payment, self.terms.as_ref(), now, out)?;
            }
        }
        if let Some(audit) = &self.audit {
            writeln!(out, "Audit: {} items", audit.len())?;
            audit.iter().try_for_each(|item| audit::print(item, out))?;
        }
        Ok(())
    }

    fn in_json(&self, order: &OrderId, now: Timestamp) -> Value {
        let payments = |clean: &OrderOverview| {
            let payments = clean.payments.as_ref()?;
            let declines: Vec<_> = payments.declines.iter().map(decline_json).collect();
            Some(json!({ "current": payments.current.as_ref().map(payments::in_json), "declines": declines }))
        };
        json!({
            "order": order.shown(),
            "quarantine": self.row.as_ref().map(|row| row_json(row, State::of_row(row, now))),
            "mapping": self.mapping,
            "clean": self.clean.as_ref().map(|it| clean_json(it, State::of_payments(it.payments.as_ref()))),
            "payments": self.clean.as_ref().and_then(payments),
            "audit": self.audit.as_ref().map(|items| items.iter().map(audit::in_json).collect::<Vec<_>>()),
        })
    }
}

async fn read_audit(trail: &AuditTrail, order: &OrderId) -> Result<Vec<AuditItem>, OperateError> {
    let selection = AuditSelection { order: Some(order.clone()), ..AuditSelection::default() };
    let (mut items, mut from, mut scanned) = (Vec::new(), None, 0);
    let bar = shown::spinner("reading the audit");
    loop {
        let page = trail.page(&selection, from).await?;
        scanned += page.scanned;
        bar.set_message(format!("{scanned} rows of the audit looked at"));
        items.extend(page.items);
        from = page.next;
        if from.is_none() {
            bar.finish_and_clear();
            items.sort_by_key(|item| item.at);
            return Ok(items);
        }
    }
}

/// What a person asks next about a row in quarantine.
fn row_commands(row: &KeptRow, is_mapping_off: bool, order: &OrderId) -> Vec<String> {
    let is_parked =
        row.status == Some(QuarantineStatus::Failed) && row.reason.is_none_or(FailureReason::is_replayable);
    let mut commands = Vec::new();
    if is_mapping_off {
        commands.push("doctor".to_owned());
    }
    // An id that reads as a card number is not written out.
    if let Some(id) = order.shown().filter(|_| is_parked) {
        commands.push(format!("replay --dry-run --order {id}"));
    }
    commands
}

/// `is_mapping_off`: nothing comes across, whatever takes the row up.
fn print_row(row: &KeptRow, is_mapping_off: bool, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |name: &str, value: &str| shown::with_id(out, &format!("  {name:<20}"), value);
    line("status", row.status.map_or("unreadable", QuarantineStatus::word))?;
    if let Some(reason) = row.reason {
        line("reason", reason.code())?;
    }
    let lacking = row.lacking();
    if !lacking.is_empty() {
        // Each on its line: all of them do not fit one.
        lacking.iter().try_for_each(|name| line("missing, unreadable", name))?;
    } else if row.reason == Some(FailureReason::Malformed) {
        line("missing, unreadable", "none of what may be read here: the worker's log has the names")?;
    }
    line("accepted", &at(row.accepted_at, now))?;
    line("armed", &format!("{}, {} times", at(row.armed_at, now), row.attempt.unwrap_or(0)))?;
    if row.status == Some(QuarantineStatus::Pending) {
        match row.progress(now) {
            _ if is_mapping_off => line("now", "waits: the stream mapping is off, and nothing comes across")?,
            Progress::InWork => line("now", "with stream and worker")?,
            Progress::GivenUp { again_by } => {
                line("now", &format!("given up; taken up again by {} UTC", shown::time(again_by)))?;
            }
            Progress::Waiting { again_by } => {
                line("now", &format!("waits for a payment; armed by {} UTC", shown::time(again_by)))?;
            }
        }
    }
    if row.suspected > 0 {
        line("suspected", &format!("{} times, of crashing the worker", row.suspected))?;
    }
    if let Some(deadline) = row.deadline {
        line("expires", &format!("{} UTC", shown::time(Timestamp::of_epoch_seconds(deadline))))?;
    }
    owner(row.owner.as_ref(), out)
}

fn print_clean(clean: &OrderOverview, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |name: &str, value: &str| shown::with_id(out, &format!("  {name:<20}"), value);
    line("accepted", &at(clean.accepted_at, now))?;
    line("tokenized", &at(clean.tokenized_at, now))?;
    if clean.card_replaced_at.is_some() {
        line("card replaced", &at(clean.card_replaced_at, now))?;
    }
    if clean.card_forgotten_at.is_some() {
        line("card forgotten", &at(clean.card_forgotten_at, now))?;
    }
    line("costs", &clean.amount.map_or_else(|| "no merchant has said".to_owned(), shown::amount))?;
    owner(clean.owner.as_ref(), out)?;
    let Some(payments) = &clean.payments else {
        return writeln!(out, "Payments: their attributes do not fit together");
    };
    for decline in &payments.declines {
        writeln!(out, "Declined")?;
        let mut line = |name: &str, value: &str| shown::with_id(out, &format!("  {name:<20}"), value);
        line("payment", &decline.payment_id.to_string())?;
        line("when", &at(Some(decline.settled_at), now))?;
        let kind = decline.decline_kind.map_or("", |kind| kind.word()).to_lowercase();
        line("code", format!("{} {kind}", decline.decline_code).trim_end())?;
        if let Some(amount) = decline.amount() {
            line("amount", &shown::amount(amount))?;
        }
    }
    match &payments.current {
        None => writeln!(out, "No payment"),
        Some(payment) => {
            writeln!(out, "Payment")?;
            payments::describe(payment, now, out)?;
            // Of one that is UNKNOWN it is the time at which nobody knew any more.
            let word = if payment.standing == Standing::Unknown { "unknown since" } else { "settled" };
            match clean.settled_at {
                Some(_) => shown::with_id(out, &format!("  {word:<20}"), &at(clean.settled_at, now)),
                None => Ok(()),
            }
        }
    }
}

fn owner(owner: Option<&order::Owner>, out: &mut dyn Write) -> io::Result<()> {
    let owner = owner.map_or_else(|| "unreadable".to_owned(), ToString::to_string);
    shown::with_id(out, &format!("  {FAINT}{:<20}{FAINT:#}", "owner"), &owner)
}

/// A time and how long ago it was.
fn at(time: Option<Timestamp>, now: Timestamp) -> String {
    match time {
        Some(at) => format!("{} UTC, {} ago", shown::time(at), shown::age(time, now)),
        None => "unknown".to_owned(),
    }
}

fn decline_json(decline: &Decline) -> Value {
    json!({
        "paymentId": decline.payment_id,
        "at": decline.settled_at,
        "code": decline.decline_code.to_string(),
        "kind": decline.decline_kind,
        "amount": decline.amount().map(shown::amount),
    })
}
