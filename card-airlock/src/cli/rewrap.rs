//! `card-airlock rewrap`: what an operator runs when the vault's key was replaced, against a running `up`. The code is
//! that of the deployed function, with its role; this program asks for one chunk after the other.

mod pass_file;
mod shown;

use std::{
    io::{self, IsTerminal, Write},
    num::NonZeroU32,
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rewrap::{Action, Request, Rewrap, Summary};
use vault::RewrapError;

use self::pass_file::PassFile;
use super::CliError;
use crate::rewrap_function::rewrap_function;

pub(super) use pass_file::PassFileError;

/// As long as the deployed function may run.
const CHUNK_TIME: Duration = Duration::from_secs(15 * 60);
/// A chunk is what its rate allows in this time: then there is progress to be seen, and little is repeated.
const CHUNK_SECONDS: u32 = 5;
/// How often a chunk is asked for; the waits between double from one second.
const TRIES: u32 = 6;
/// How often progress is told where there is no terminal.
const TOLD_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct RewrapArgs {
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
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
    /// The AWS endpoint's port on 127.0.0.1.
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
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

/// Goes over the whole vault, prints the summary, and tells whether anything is left to be done.
pub(super) async fn run(args: RewrapArgs, out: &mut dyn Write) -> Result<bool, CliError> {
    let function = rewrap_function(&format!("http://127.0.0.1:{}", args.aws_port)).await?;
    let file = args.state.clone().map(PassFile::new);
    let mut pass = match &file {
        Some(file) => file.read(args.action())?,
        None => Summary::new(args.action()),
    };
    let mut progress = Progress::new(&pass);
    loop {
        let request = Request {
            action: args.action(),
            cursor: pass.cursor,
            limit: Some(args.rate.saturating_mul(NonZeroU32::MIN.saturating_add(CHUNK_SECONDS - 1))),
            rate: Some(args.rate),
            all: args.all,
        };
        let chunk = match chunk(&function, &request).await {
            Ok(chunk) => chunk,
            Err(error) => {
                progress.end();
                return Err(CliError::Rewrap { error, rows: pass.rows });
            }
        };
        pass.add(chunk);
        if pass.cursor.is_none() {
            break;
        }
        if let Some(file) = &file {
            file.write(&pass)?;
        }
        progress.tell(&pass);
    }
    progress.end();
    if let Some(file) = &file {
        file.remove()?;
    }
    if args.json {
        serde_json::to_writer(&mut *out, &pass).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        shown::print(&pass, out)?;
    }
    Ok(shown::to_do(&pass) > 0)
}

/// One chunk, asked for again when AWS does not answer.
async fn chunk(function: &Rewrap, request: &Request) -> Result<Summary, RewrapError> {
    let mut wait = Duration::from_secs(1);
    for _ in 1..TRIES {
        match function.handle(request.clone(), SystemTime::now() + CHUNK_TIME).await {
            Err(RewrapError::Unavailable) => tokio::time::sleep(wait).await,
            Err(RewrapError::Key(error)) if error.retryable() => tokio::time::sleep(wait).await,
            done => return done,
        }
        wait *= 2;
    }
    function.handle(request.clone(), SystemTime::now() + CHUNK_TIME).await
}

/// How far the pass is: on a terminal one line that changes, else a line now and then. Counts only.
struct Progress {
    bar: ProgressBar,
    begun: Instant,
    told: Instant,
    /// Rows that an earlier run of the same pass looked at.
    before: u64,
}

impl Progress {
    fn new(pass: &Summary) -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(100));
        let now = Instant::now();
        Self { bar, begun: now, told: now, before: pass.rows }
    }

    fn tell(&mut self, pass: &Summary) {
        let milliseconds = self.begun.elapsed().as_millis().max(1);
        let rate = u128::from(pass.rows.saturating_sub(self.before)) * 1000 / milliseconds;
        let line = format!("{} rows looked at, {} moved, {rate} rows/s", pass.rows, pass.rewrapped);
        if io::stderr().is_terminal() {
            self.bar.set_message(line);
        } else if self.told.elapsed() >= TOLD_EVERY {
            self.told = Instant::now();
            // Nobody is left to tell when standard error is gone.
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
