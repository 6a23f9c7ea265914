//! `card-airlock load`: sends orders through the pipeline as fast as possible, with its functions as processes, and
//! measures each of them.

mod args;
mod audit;
mod bare;
mod bare_passes;
mod chains;
mod crossing;
mod drive;
mod error;
mod floors;
mod gauge;
mod pass;
mod pass_rows;
mod passes;
mod prices;
mod process;
mod report;
mod times;

use std::io::Write;

use card_airlock_lambda::{Lines, ProcessOptions};
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::filter::LevelFilter;

use crate::{
    api_client::ApiClient,
    stack::{NO_LIMIT, Stack, StackOptions},
};
pub use args::LoadArgs;
use chains::Chains;
use crossing::crossed;
use drive::Clients;
pub use error::LoadError;
use gauge::{Gauge, count};
use report::{Measured, Report};

/// Runs the load and prints the report. Says whether all went well: no order refused, lost or doubled.
///
/// # Errors
/// [`LoadError`] when nothing could be measured.
pub async fn run(args: &LoadArgs, out: &mut dyn Write) -> Result<bool, LoadError> {
    if args.passes {
        return passes::run(args, out).await.map(|()| true);
    }
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

    // Each client sends one order, so that every process runs already: the time of a start is measured elsewhere.
    begin(&bar, "warming up");
    let warm = clients.place("warm", args.concurrency.into()).await;
    crossed(stack, warm.done.len()).await;
    let already = warm.done.len();
    let mut chains = Chains::of(stack);
    let warm = clients.pay(warm.done).await;
    chains.have(warm.done.len()).await?;
    bar.set_position(0);

    let before = Gauge::read(stack);
    begin(&bar, "placing orders");
    let accepted = clients.place("order", args.orders).await;
    begin(&bar, "waiting until they are tokenized");
    crossed(stack, already + accepted.done.len()).await;
    let across = Gauge::read(stack);
    begin(&bar, "paying");
    let paid = clients.pay(accepted.done.clone()).await;
    chains.have(warm.done.len() + paid.done.len()).await?;
    let after = Gauge::read(stack);
    bar.finish_and_clear();
    let payments = after.since(&across, count(paid.done.len() as u64));
    let (witness, payments) = payments.apart("WitnessFunction");

    Ok(Report::of(Measured {
        concurrency: args.concurrency.into(),
        found: audit::look(stack, &accepted.done).await?,
        way_to_vault: across.since(&before, count(accepted.done.len() as u64)),
        payments,
        witness,
        accepted,
        paid,
    }))
}

/// Shows the next step: on the bar, or as a line of standard error if no bar is drawn.
fn begin(bar: &ProgressBar, what: &'static str) {
    bar.set_message(what);
    if bar.is_hidden() {
        // The load continues even if nobody reads standard error.
        let _ = writeln!(anstream::stderr(), "{what}");
    }
}

/// Drawn on standard error, and only when that is a terminal. Every order is placed and paid.
fn progress_bar(orders: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}  {elapsed}");
    ProgressBar::new(2 * u64::from(orders)).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
