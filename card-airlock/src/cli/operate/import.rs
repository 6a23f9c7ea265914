//! `card-airlock import`: what an operator runs to bring the orders of another table in, and to take their numbers out of
//! it. The stack's function does it, chunk after chunk; this program asks for one after the other.

mod shown;

use std::{
    io::{self, Write},
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use clap::Args;
use import::{Action, MOST_ROWS, Request, Summary};
use serde::{Deserialize, Serialize};

use super::{
    confirm::confirm,
    interrupt::{Interrupt, STOPPING},
    outcome::{FAILED, NOT_CONFIRMED, NOTHING_LEFT, OperateError, SOMETHING_LEFT},
    pass_file::PassFile,
    place::PlaceArgs,
    progress::Progress,
    results_file::{ResultsFile, ResultsFileError},
};
use crate::operations::{ImportingError, StackAccess, about_rows, insist, rows_at, run_import, source_table};

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Change nothing; tell what would be done. Exit code 3: some rows would be left as they are.
    #[arg(long)]
    dry_run: bool,
    /// In place of importing: put the token in the place of each number whose order is across. The numbers are gone from
    /// the table then.
    #[arg(long)]
    scrub: bool,
    /// In place of importing: list the rows of the AWS sample's vault that no order names. Changes nothing. Exit code 3:
    /// there are some.
    #[arg(long, conflicts_with_all = ["scrub", "dry_run"])]
    orphans: bool,
    /// The most rows in a second. KMS's quota is shared with payments.
    #[arg(long, value_name = "N", default_value = "100")]
    rate: NonZeroU32,
    /// Write what becomes of each row into a new file, as one JSON object in a line. No card number is in it.
    #[arg(long, value_name = "PATH")]
    results: Option<PathBuf>,
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

/// A pass as far as it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    /// Of which table.
    table: String,
    summary: Summary,
    /// The file of results, if there is one, and how long it was then.
    results: Option<(PathBuf, u64)>,
}

impl ImportArgs {
    fn action(&self) -> Action {
        match (self.scrub, self.dry_run) {
            _ if self.orphans => Action::Orphans,
            (false, true) => Action::Check,
            (false, false) => Action::Import,
            (true, true) => Action::CheckScrub,
            (true, false) => Action::Scrub,
        }
    }

    /// A chunk is never of more rows than the function takes.
    fn chunk_rows(&self) -> NonZeroU32 {
        rows_at(self.rate).min(NonZeroU32::MIN.saturating_add(MOST_ROWS - 1))
    }
}

/// Goes over the whole table, and prints what it came to.
pub(super) async fn run(args: ImportArgs, out: &mut dyn Write) -> Result<u8, OperateError> {
    let access = args.place.open().await?;
    let table = source_table(&access)?.to_owned();
    let action = args.action();
    let file = args.state.clone().map(PassFile::new);
    let begun = match &file {
        Some(file) => file.read(|pass: &Pass| pass.table == table && pass.summary.action == action)?,
        None => None,
    };
    let results = results_of(args.results.as_deref(), begun.as_ref())?;
    if !args.dry_run && !args.orphans {
        say(&access, &table, &args, &mut anstream::stderr())?;
        if !confirm(shown::question(action), args.yes)? {
            return Ok(NOT_CONFIRMED);
        }
    }
    let mut pass =
        begun.unwrap_or_else(|| Pass { table: table.clone(), summary: Summary::new(action), results: None });
    let mut results = results.map(|path| make_results(path, &mut pass, file.as_ref())).transpose()?;
    // How many rows the sample's vault has is not asked.
    let total = if args.orphans { None } else { about_rows(&access, &table).await };
    let mut interrupt = Interrupt::listen()?;
    let mut progress = Progress::new(pass.summary.rows);
    let is_over = loop {
        let request = Request {
            action,
            cursor: pass.summary.cursor.clone(),
            limit: Some(args.chunk_rows()),
            rate: Some(args.rate),
        };
        let chunk = insist(ImportingError::may_pass, async || run_import(&access, &request).await);
        let chunk = match interrupt.chunk(chunk, || progress.say(STOPPING)).await {
            Some(Ok(chunk)) => chunk,
            None => break false,
            Some(Err(error)) => {
                progress.end();
                return Err(OperateError::Import { error, rows: pass.summary.rows });
            }
        };
        let rows = pass.summary.add(chunk);
        if let Some(results) = &mut results {
            pass.results = Some((results.path().to_owned(), results.append(&rows)?));
        }
        if pass.summary.cursor.is_none() {
            break true;
        }
        if let Some(file) = &file {
            file.write(&pass)?;
        }
        if interrupt.is_asked() {
            break false;
        }
        progress.tell(pass.summary.rows, |rate| shown::progress(&pass.summary, total, rate));
    };
    progress.end();
    if !is_over {
        writeln!(anstream::stderr(), "{}", shown::stopped(&pass.summary, args.state.as_deref()))?;
        return Ok(FAILED);
    }
    if let Some(file) = &file {
        file.remove()?;
    }
    if args.json {
        serde_json::to_writer(&mut *out, &pass.summary).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        shown::print(&pass.summary, out)?;
    }
    Ok(if shown::left(&pass.summary) > 0 { SOMETHING_LEFT } else { NOTHING_LEFT })
}

/// Where a pass writes its results: into a new file, or on where it began. No result of it is lost because its file is not
/// named again.
fn results_of(path: Option<&Path>, begun: Option<&Pass>) -> Result<Option<PathBuf>, OperateError> {
    let own = begun.and_then(|pass| pass.results.as_ref()).map(|(own, _)| own);
    let path = path.map(std::path::absolute).transpose()?;
    match (path, own) {
        (None, None) => Ok(None),
        (None, Some(own)) => Err(ResultsFileError::NotNamed(own.clone()).into()),
        (Some(path), Some(own)) if path != *own => Err(ResultsFileError::OfAnother(path).into()),
        (Some(path), Some(_)) => Ok(Some(path)),
        (Some(path), None) => {
            ResultsFile::refuse_old(&path)?;
            Ok(Some(path))
        }
    }
}

/// The file of results of a pass. The state names it before it is made: so the same command continues, wherever this one
/// is killed.
fn make_results(
    path: PathBuf,
    pass: &mut Pass,
    state: Option<&PassFile>,
) -> Result<ResultsFile, OperateError> {
    let (_, length) = pass.results.get_or_insert_with(|| (path.clone(), 0));
    let length = *length;
    if let Some(state) = state {
        state.write(pass)?;
    }
    Ok(ResultsFile::continued(path, length)?)
}

/// Says what will be changed.
fn say(access: &StackAccess, table: &str, args: &ImportArgs, told: &mut dyn Write) -> io::Result<()> {
    let (what, dry) = match args.scrub {
        false => (
            "each row that follows the rules is sealed into the quarantine and marked\n(CardAirlockMark); a row of the AWS \
             sample goes across at once, without a mark. Nothing\nelse of the table is changed",
            "import --dry-run",
        ),
        true => (
            "the token is put in the place of each number whose order is across. THE\nNUMBERS ARE GONE FROM THE TABLE THEN",
            "import --scrub --dry-run",
        ),
    };
    writeln!(
        told,
        "In the {}\nOf the table {table}, {what}.\nAt most {} rows a second. This tells what would be done:\n  {}",
        access.title(),
        args.rate,
        access.own(dry)
    )
}
