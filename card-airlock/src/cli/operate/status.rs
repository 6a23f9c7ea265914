//! `card-airlock status`.

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::Args;
use order::Timestamp;
use serde_json::{Value, json};

use super::{
    outcome::{FAILED, NOTHING_LEFT, OperateError, SOMETHING_LEFT},
    place::PlaceArgs,
    shown,
};
use crate::{
    documents::OPERATING,
    operations::{Group, QuarantineTally, Reading, StackAccess, StackStatus, read_status},
    style::{BAD, FAINT, HEADING},
};

/// With `--watch`, how many looks go by until the clean orders are read again: it is the only table that grows for ever.
const LOOKS_PER_PAYMENTS: u32 = 12;

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Look again and again, until Ctrl-C.
    #[arg(long)]
    watch: bool,
    /// With --watch, the seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Print JSON; with --watch, an object a line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: StatusArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    if !args.watch {
        let status = look(&access, None).await;
        show(&access, &status, args.json, out)?;
        return Ok(if status.is_incomplete() {
            FAILED
        } else if status.needs_attention() {
            SOMETHING_LEFT
        } else {
            NOTHING_LEFT
        });
    }
    let (mut looks, mut payments) = (0_u32, None);
    loop {
        let known = payments.take().filter(|_| !looks.is_multiple_of(LOOKS_PER_PAYMENTS));
        let status = look(&access, known).await;
        if !args.json && looks > 0 {
            writeln!(out)?;
        }
        show(&access, &status, args.json, out)?;
        (looks, payments) = (looks.wrapping_add(1), Some(status.payments));
        tokio::time::sleep(Duration::from_secs(args.every)).await;
    }
}

async fn look(
    access: &StackAccess,
    payments: Option<Reading<crate::operations::PaymentTally>>,
) -> StackStatus {
    let bar = shown::spinner("looking");
    let progress = |what: &str, rows| bar.set_message(format!("{rows} {what} looked at"));
    let status = read_status(access, payments, shown::now(), &progress).await;
    bar.finish_and_clear();
    status
}

fn show(access: &StackAccess, status: &StackStatus, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    if as_json {
        writeln!(out, "{}", in_json(access, status))?;
    } else {
        print(access, status, out)?;
    }
    out.flush()
}

fn print(access: &StackAccess, status: &StackStatus, out: &mut dyn Write) -> io::Result<()> {
    let (at, title) = (status.at, access.title());
    writeln!(out, "{HEADING}{title}{HEADING:#}\n{FAINT}{} UTC{FAINT:#}\n", shown::time(at))?;
    match &status.quarantine {
        Ok(tally) => print_quarantine(tally, status, out)?,
        Err(why) => not_read("Quarantine", why, out)?,
    }
    match &status.dead_letters {
        Ok(letters) => line(out, "Dead letters", letters.0, letters.0 > 0, "")?,
        Err(why) => not_read("Dead letters", why, out)?,
    }
    match &status.refused_events {
        Ok(events) => line(out, "Events that were refused", events.0, events.0 > 0, "")?,
        Err(why) => not_read("Events that were refused", why, out)?,
    }
    match &status.payments {
        Ok(tally) => {
            let stuck = tally.unknown + tally.interrupted + tally.unreadable;
            line(out, "Payments without an outcome", stuck + tally.under_way, stuck > 0, "")?;
            let oldest = format!("the oldest began {} ago", shown::age(tally.oldest, at));
            line(out, "  UNKNOWN", tally.unknown, tally.unknown > 0, "")?;
            line(out, "  interrupted", tally.interrupted, tally.interrupted > 0, "")?;
            if tally.oldest.is_some() {
                writeln!(out, "{FAINT}  {oldest}{FAINT:#}")?;
            }
            if tally.unreadable > 0 {
                line(out, "  unreadable", tally.unreadable, true, "")?;
            }
        }
        Err(why) => not_read("Payments without an outcome", why, out)?,
    }
    match &status.alarms {
        Ok(alarms) => {
            line(out, "Alarms that are on", alarms.len() as u64, !alarms.is_empty(), "")?;
            for alarm in alarms {
                writeln!(out, "  {BAD}{alarm}{BAD:#}")?;
            }
        }
        Err(why) => not_read("Alarms", why, out)?,
    }
    match &status.mapping {
        Ok(state) => word(out, "Stream mapping", state, status.is_mapping_off())?,
        Err(why) => not_read("Stream mapping", why, out)?,
    }
    for other in &status.other_mappings {
        let name = format!("  of {}", other.what);
        match &other.state {
            Ok(state) => word(out, &name, state, other.is_off())?,
            Err(why) => not_read(&name, why, out)?,
        }
    }
    for key in &status.keys {
        match &key.state {
            Ok(state) => word(out, key.key, state, state != "Enabled")?,
            Err(why) => not_read(key.key, why, out)?,
        }
    }
    if status.is_incomplete() {
        writeln!(
            out,
            "\n{BAD}Not everything could be read{BAD:#}, so nobody can tell whether a person is needed."
        )?;
    } else if status.needs_attention() {
        writeln!(out, "\n{BAD}A person is needed.{BAD:#}\n{OPERATING} says what to do.")?;
    } else {
        return writeln!(out, "\n{FAINT}Nobody is needed.{FAINT:#}");
    }
    let mut commands = status.to_look_at().into_iter();
    commands.try_for_each(|command| writeln!(out, "  {FAINT}{}{FAINT:#}", access.own(command)))
}

fn print_quarantine(tally: &QuarantineTally, status: &StackStatus, out: &mut dyn Write) -> io::Result<()> {
    let at = status.at;
    let oldest = |group: &Group| match group.oldest {
        Some(_) => format!("oldest {}", shown::age(group.oldest, at)),
        None => String::new(),
    };
    // Taken up or not, nothing comes across while nobody hands it to the worker.
    let again = |group: &Group| match (group.again_by, &status.mapping) {
        (None, _) => String::new(),
        (Some(_), Ok(_)) if status.is_mapping_off() => {
            format!("{}, the stream mapping is off", oldest(group))
        }
        (Some(time), Ok(_)) => format!("{}, taken up again by {}", oldest(group), clock(time)),
        (Some(_), Err(_)) => oldest(group),
    };
    line(out, "Quarantine, rows", tally.rows, false, "")?;
    line(out, "  in work", tally.in_work.rows, false, &oldest(&tally.in_work))?;
    line(out, "  given up", tally.given_up.rows, false, &again(&tally.given_up))?;
    if tally.suspected > 0 {
        line(out, "    suspected of crashes", tally.suspected, true, "")?;
    }
    line(out, "  waiting for a payment", tally.waiting.rows, false, &again(&tally.waiting))?;
    line(out, "  parked", tally.parked_rows(), tally.parked_rows() > 0, "")?;
    for (reason, group) in &tally.parked {
        line(
            out,
            &format!("    {}", reason.unwrap_or("(another reason)")),
            group.rows,
            true,
            &oldest(group),
        )?;
    }
    line(out, "  ended", tally.ended.rows, false, "")?;
    line(out, "  expired", tally.expired.rows, false, "")?;
    if tally.unreadable.rows > 0 {
        line(out, "  without a status", tally.unreadable.rows, true, "the next sweep parks them")?;
    }
    Ok(())
}

/// A number with its name and what else is to be said of it.
fn line(out: &mut dyn Write, name: &str, number: u64, is_bad: bool, more: &str) -> io::Result<()> {
    let style = if is_bad { BAD } else { anstyle::Style::new() };
    let text = format!("{name:<28}{style}{number:>7}{style:#}  {FAINT}{more}{FAINT:#}");
    writeln!(out, "{}", if more.is_empty() { text.trim_end().to_owned() } else { text })
}

/// A word with its name.
fn word(out: &mut dyn Write, name: &str, word: &str, is_bad: bool) -> io::Result<()> {
    let style = if is_bad { BAD } else { anstyle::Style::new() };
    writeln!(out, "{name:<28}{style}{word}{style:#}")
}

fn not_read(name: &str, why: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{name:<28}not read:\n    {FAINT}{why}{FAINT:#}")
}

/// The time of day.
fn clock(time: Timestamp) -> String {
    shown::time(time).split_off(11)
}

fn in_json(access: &StackAccess, status: &StackStatus) -> Value {
    let group =
        |group: &Group| json!({ "rows": group.rows, "oldest": group.oldest, "againBy": group.again_by });
    let quarantine = |tally: &QuarantineTally| {
        let parked =
            tally.parked.iter().map(|(reason, parked)| (reason.unwrap_or("").to_owned(), group(parked)));
        json!({
            "rows": tally.rows, "inWork": group(&tally.in_work), "givenUp": group(&tally.given_up),
            "suspected": tally.suspected, "waiting": group(&tally.waiting), "ended": group(&tally.ended),
            "parked": parked.collect::<serde_json::Map<_, _>>(), "expired": group(&tally.expired),
            "unreadable": group(&tally.unreadable), "oldest": tally.oldest(),
        })
    };
    let mappings = status.other_mappings.iter();
    let mappings =
        mappings.map(|other| (other.function.to_owned(), reading(&other.state, |state| json!(state))));
    let keys = status.keys.iter().map(|key| (key.key.to_owned(), reading(&key.state, |state| json!(state))));
    json!({
        "at": status.at,
        "needsAttention": status.needs_attention(),
        "incomplete": status.is_incomplete(),
        "quarantine": reading(&status.quarantine, quarantine),
        "deadLetters": reading(&status.dead_letters, |letters| json!(letters.0)),
        "refusedEvents": reading(&status.refused_events, |events| json!(events.0)),
        "payments": reading(&status.payments, |tally| json!({
            "unknown": tally.unknown, "interrupted": tally.interrupted, "underWay": tally.under_way,
            "unreadable": tally.unreadable, "oldest": tally.oldest,
        })),
        "alarms": reading(&status.alarms, |alarms| json!(alarms)),
        "mapping": reading(&status.mapping, |state| json!(state)),
        "otherMappings": mappings.collect::<serde_json::Map<_, _>>(),
        "keys": keys.collect::<serde_json::Map<_, _>>(),
        "next": status.to_look_at().into_iter().map(|command| access.own(command)).collect::<Vec<_>>(),
    })
}

/// What was read, or `{"notRead": "why"}`.
fn reading<T>(read: &Reading<T>, shown: impl FnOnce(&T) -> Value) -> Value {
    match read {
        Ok(value) => shown(value),
        Err(why) => json!({ "notRead": why }),
    }
}
