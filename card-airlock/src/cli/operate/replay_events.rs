//! `card-airlock replay --events`: the events that the bus refused are put on it again.

use std::io::{self, Write};

use super::{
    confirm::confirm,
    outcome::{NOT_CONFIRMED, NOTHING_LEFT, OperateError, SOMETHING_LEFT},
    shown,
};
use crate::{
    documents::OPERATING,
    operations::{EventReplay, EventSelection, StackAccess, replay_events},
    style::{FAINT, HEADING},
};

/// Sends them, prints what was done, and tells whether anything is left.
pub(super) async fn run(
    access: &StackAccess,
    selection: EventSelection,
    (yes, as_json): (bool, bool),
    out: &mut dyn Write,
) -> Result<u8, OperateError> {
    if !selection.dry_run {
        let planned = EventSelection { dry_run: true, ..selection.clone() };
        let planned = work(access, &planned).await?;
        count("This is put on the bus again", &planned, &mut anstream::stderr())?;
        if !confirm(&format!("Do this in the {}?", access.title()), yes)? {
            return Ok(NOT_CONFIRMED);
        }
    }
    let done = work(access, &selection).await?;
    if as_json {
        serde_json::to_writer(&mut *out, &done).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&done, out)?;
    }
    Ok(if done.is_anything_left() { SOMETHING_LEFT } else { NOTHING_LEFT })
}

async fn work(access: &StackAccess, selection: &EventSelection) -> Result<EventReplay, OperateError> {
    let bar = shown::spinner(if selection.dry_run { "looking at refused events" } else { "sending events" });
    let done = replay_events(access, selection).await;
    bar.finish_and_clear();
    Ok(done?)
}

fn print(done: &EventReplay, out: &mut dyn Write) -> io::Result<()> {
    let title = if done.dry_run {
        "Dry run: nothing was sent. A replay would put these on the bus"
    } else {
        "Put on the bus again"
    };
    count(title, done, out)?;
    if !done.is_anything_left() {
        let left = "No refused event is left to send.\nSubscribers drop what they know, by its Position.";
        writeln!(out, "{FAINT}{left}{FAINT:#}")
    } else if done.stopped_at_max {
        writeln!(out, "{FAINT}It stopped at --max; there are more.{FAINT:#}")
    } else {
        writeln!(out, "{FAINT}Something is left.\n{OPERATING} says what to do.{FAINT:#}")
    }
}

fn count(title: &str, done: &EventReplay, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{HEADING}{title}{HEADING:#}")?;
    for (kind, number) in &done.sent {
        writeln!(out, "{number:>7}  {kind}")?;
    }
    for (number, what) in [
        (done.sent_total(), "events in all"),
        (done.refused, "events that the bus refused again; they stay in the queue"),
        (done.unreadable, "messages that are no event of this release; they stay"),
        (done.others, "events of other orders; they stay"),
    ] {
        writeln!(out, "{number:>7}  {what}")?;
    }
    Ok(())
}
