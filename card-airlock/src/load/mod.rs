//! `card-airlock load`: orders through the pipeline as fast as it goes, its functions as processes of their own, and
//! what each of them took.

mod audit;
mod bare;
mod drive;
mod floors;
mod gauge;
mod prices;
mod process;
mod report;
mod times;

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use card_airlock_gateway::IssuerError;
use card_airlock_lambda::{Lines, ProcessOptions};
use card_airlock_services::AwsEndpoint;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::filter::LevelFilter;

use crate::{
    demo::{
        NO_LIMIT,
        client::{ApiClient, ClientError},
    },
    stack::{Stack, StackError, StackOptions},
};
use drive::Clients;
use gauge::{Gauge, count};
use report::{Measured, Report};

/// How long no order may cross before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to run the load.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// How many orders are placed, tokenized and paid.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub orders: u32,
    /// How many clients there are at once, each with one request after the other.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,
    /// The most processes of one function.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub processes: u16,
    /// Measure the handlers beside a bare client of the same services instead, in turns, in this process.
    #[arg(long)]
    pub floors: bool,
    /// How many turns; what counts is the median of their ratios.
    #[arg(long, default_value_t = 5, requires = "floors", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub rounds: u16,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// What to log on standard error, the functions' lines included: off, error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value = "off", env = "CARD_AIRLOCK_LOG")]
    pub log: LevelFilter,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The stack did not start.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// There is no signing key.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The API cannot be spoken to.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A table could not be read at the end.
    #[error("{0} could not be read at the AWS endpoint")]
    Aws(&'static str),
    /// A step of the comparison failed.
    #[error("{0} failed, so there is nothing to compare")]
    Floor(&'static str),
    /// The system does not tell where the functions' programs are.
    #[error("cannot tell where this program is: {0}")]
    Program(#[source] io::Error),
    /// The report is no JSON.
    #[error("the report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// Standard output is gone.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

/// Runs the load and prints the report. Says whether all went well: no order refused, lost or doubled.
///
/// # Errors
/// [`LoadError`] when nothing could be measured.
pub async fn run(args: &LoadArgs, out: &mut dyn Write) -> Result<bool, LoadError> {
    if args.floors {
        return floors::run(args, out).await.map(|()| true);
    }
    let beside = ProcessOptions::beside_this_program().map_err(LoadError::Program)?;
    let lines = if args.log == LevelFilter::OFF { Lines::new(|_| {}) } else { beside.lines.clone() };
    let options = StackOptions {
        processes: Some(ProcessOptions { at_once: args.processes.into(), lines, ..beside }),
        // One user pays everything.
        parameters: [("DetokenizePerMinute".to_owned(), NO_LIMIT.to_owned())].into(),
        ..StackOptions::on_free_ports(crate::sign_in::ephemeral()?)
    };
    let stack = Stack::start(options).await?;
    stack.aws().meter_units();
    let report = measure(args, &stack).await;
    stack.shutdown().await;
    let report = report?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        report.print(out)?;
    }
    Ok(report.is_clean())
}

async fn measure(args: &LoadArgs, stack: &Stack) -> Result<Report, LoadError> {
    let token = || stack.token("load", &[]);
    let api = ApiClient::new(&stack.api_url(), &token)?;
    let bar = progress_bar(args.orders);
    let clients = Clients { api: &api, at_once: args.concurrency.into(), bar: &bar };

    // Each client once, so that every process is there: what a start takes is measured elsewhere.
    bar.set_message("warming up");
    let warm = clients.place("warm", args.concurrency.into()).await;
    crossed(stack, warm.done.len()).await;
    let already = warm.done.len();
    clients.pay(warm.done).await;
    bar.set_position(0);

    let before = Gauge::read(stack);
    bar.set_message("placing orders");
    let accepted = clients.place("order", args.orders).await;
    bar.set_message("waiting for them to cross");
    crossed(stack, already + accepted.done.len()).await;
    let across = Gauge::read(stack);
    bar.set_message("paying");
    let paid = clients.pay(accepted.done.clone()).await;
    let after = Gauge::read(stack);
    bar.finish_and_clear();

    Ok(Report::of(Measured {
        concurrency: args.concurrency.into(),
        found: audit::look(stack, &accepted.done).await?,
        way_to_vault: across.since(&before, count(accepted.done.len() as u64)),
        payments: after.since(&across, count(paid.done.len() as u64)),
        accepted,
        paid,
    }))
}

/// Waits until so many orders are across, or none has crossed for long: the reckoning finds which.
async fn crossed(stack: &Stack, orders: usize) {
    let (mut crossed, mut since) = (0, Instant::now());
    loop {
        let now = across(stack.aws());
        // A transaction that the SDK repeated counts twice: the table has the last word.
        let is_over =
            now >= orders as u64 && stack.aws().under_way() == 0 && audit::is_quarantine_empty(stack).await;
        if is_over || (now == crossed && since.elapsed() > PATIENCE) {
            return;
        }
        if now > crossed {
            (crossed, since) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Orders that the worker has carried across since the start: each by three actions of a transaction.
fn across(aws: &AwsEndpoint) -> u64 {
    aws.tally("TokenizeWorkerRole", "TransactWriteItems").done / 3
}

/// Drawn on standard error, and only when that is a terminal. Every order is placed and paid.
fn progress_bar(orders: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {elapsed}");
    ProgressBar::new(2 * u64::from(orders)).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
