//! `card-airlock rewrap`: what an operator runs when the vault's key was replaced. The stack's function does it, chunk
//! after chunk; this program asks for one after the other.

mod shown;

use std::{
    io::{self, Write},
    num::NonZeroU32,
    path::PathBuf,
};

use clap::Args;
use rewrap::{Action, Request, Summary};

use super::{
    confirm::confirm,
    interrupt::{Interrupt, STOPPING},
    outcome::{FAILED, NOT_CONFIRMED, NOTHING_LEFT, OperateError, SOMETHING_LEFT},
    pass_file::PassFile,
    place::PlaceArgs,
    progress::Progress,
};
use crate::{
    operations::{RewrappingError, StackAccess, insist, rows_at, run_rewrap},
    style::FAINT,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct RewrapArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Change nothing; count rows by the key material that they name. Exit code 3: some are to be moved.
    #[arg(long, conflicts_with = "verify")]
    dry_run: bool,
    /// Change nothing; ask KMS of each row whether it still needs the previous key. Exit code 3: some do.
    #[arg(long)]
    verify: bool,
    /// Move also rows that say that they are under the present key.
    #[arg(long, conflicts_with_all = ["dry_run", "verify"])]
    all: bool,
    /// The most rows in a second. KMS's quota is shared with payments.
    #[arg(long, value_name = "N", default_value = "100")]
    rate: NonZeroU32,
    /// Keep the state of the pass in this file: the same command continues from there. It is removed at the end.
    #[arg(long, value_name = "PATH")]
    state: Option<PathBuf>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl RewrapArgs {
    fn action(&self) -> Action {
        match (self.dry_run, self.verify) {
            (true, _) => Action::Count,
            (false, true) => Action::Verify,
            (false, false) => Action::Rewrap,
        }
    }
}

/// Goes over the whole vault, and prints what it came to.
pub(super) async fn run(args: RewrapArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    let file = args.state.clone().map(PassFile::new);
    let mut pass = match &file {
        Some(file) => file.read(|pass: &Summary| pass.action == args.action())?,
        None => None,
    }
    .unwrap_or_else(|| Summary::new(args.action()));
    if args.action() == Action::Rewrap {
        say(&access, args.rate, &mut anstream::stderr())?;
        if !confirm("Move them?", args.yes)? {
            return Ok(NOT_CONFIRMED);
        }
    }
    let mut interrupt = Interrupt::listen()?;
    let mut progress = Progress::new(pass.rows);
    let is_over = loop {
        let request = Request {
            action: args.action(),
            cursor: pass.cursor,
            limit: Some(rows_at(args.rate)),
            rate: Some(args.rate),
            all: args.all,
        };
        let chunk = insist(RewrappingError::may_pass, async || run_rewrap(&access, &request).await);
        let chunk = match interrupt.chunk(chunk, || progress.say(STOPPING)).await {
            Some(Ok(chunk)) => chunk,
            None => break false,
            Some(Err(error)) => {
                progress.end();
                return Err(OperateError::Rewrap { error, rows: pass.rows });
            }
        };
        pass.add(chunk);
        if pass.cursor.is_none() {
            break true;
        }
        if let Some(file) = &file {
            file.write(&pass)?;
        }
        if interrupt.is_asked() {
            break false;
        }
        progress.tell(pass.rows, |rate| {
            format!("{} rows looked at, {} moved, {rate}", pass.rows, pass.rewrapped)
        });
    };
    progress.end();
    if !is_over {
        writeln!(anstream::stderr(), "{}", shown::stopped(&pass, args.state.as_deref()))?;
        return Ok(FAILED);
    }
    if let Some(file) = &file {
        file.remove()?;
    }
    if args.json {
        serde_json::to_writer(&mut *out, &pass).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        shown::print(&pass, out)?;
        if let Some(command) = shown::next(&pass) {
            writeln!(out, "  {FAINT}{}{FAINT:#}", access.own(command))?;
        }
    }
    Ok(if shown::to_do(&pass) > 0 { SOMETHING_LEFT } else { NOTHING_LEFT })
}

/// Says what will be changed.
fn say(access: &StackAccess, rate: NonZeroU32, told: &mut dyn Write) -> io::Result<()> {
    writeln!(
        told,
        "In the {}\nKMS wraps each data key of the vault with the present key in place of the\nprevious one, {rate} rows a \
         second at most. No card is opened, and no row is moved\nback. This says how many:\n  {}",
        access.title(),
        access.own("rewrap --dry-run")
    )
}
