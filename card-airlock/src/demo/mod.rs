//! `card-airlock demo`: starts the pipeline on free ports and uses it as a client would, over HTTP only.

mod chaos;
mod decline;
mod encrypting;
mod error;
mod file;
mod page;
mod readable;
mod results;
mod summary;
mod turns;
mod walk;

use std::{io::Write, path::PathBuf};

use clap::Args;
use tracing_subscriber::filter::LevelFilter;

use crate::{
    api_client::ApiClient,
    operator::Operator,
    replay_function::replay_function,
    sandbox::Dialect,
    stack::{NO_LIMIT, Stack, StackOptions},
};
pub use error::DemoError;
use results::Results;

/// The group of merchants: the template's default for `BillingGroupName`.
const BILLING: &str = "billing";

/// How to run the demo.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Send the orders of this file instead of the sample's order: one JSON object per line. `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub orders: Option<PathBuf>,
    /// Write the outcome of each order to this file: one JSON object per line, with its token and its masked card.
    #[arg(long, value_name = "FILE", requires = "orders")]
    pub out: Option<PathBuf>,
    /// Print the outcome of each order, and then the totals, as one JSON object per line.
    #[arg(long, requires = "orders")]
    pub json: bool,
    /// Make KMS fail, lose replies and change a row, and show that no order is lost or doubled.
    #[arg(long, conflicts_with = "orders")]
    pub chaos: bool,
    /// Encrypt the card as a browser does, before it is sent: only the worker can open it.
    #[arg(long, conflicts_with_all = ["orders", "chaos", "processor"])]
    pub encrypted: bool,
    /// Charge in the format of this processor: one card is declined, another one is charged.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["orders", "chaos"])]
    pub processor: Option<Dialect>,
    /// Keep the stack running afterwards, until Ctrl-C, so that you can use the addresses and commands that are shown.
    #[arg(long, conflicts_with = "orders")]
    pub keep: bool,
    /// What to log on standard error: off, error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value = "off", env = "CARD_AIRLOCK_LOG")]
    pub log: LevelFilter,
}

/// Runs the demo and stops what it started.
///
/// # Errors
/// When a check fails: then the program's exit code must say so.
pub async fn run(args: &DemoArgs, out: &mut dyn Write) -> Result<(), DemoError> {
    let issuer = crate::sign_in::ephemeral()?;
    // Without the SDK's own retries, whose waits would make the chaos long.
    let sdk_attempts = if args.chaos { 1 } else { 3 };
    let options = StackOptions {
        sdk_attempts,
        processor: args.processor.unwrap_or_default(),
        parameters: [("DetokenizePerMinute".to_owned(), NO_LIMIT.to_owned())].into(),
        ..StackOptions::on_free_ports(issuer)
    };
    let stack = Stack::start(options).await?;
    let mut outcome = walk_or_file(args, &stack, out).await;
    if args.keep && outcome.is_ok() {
        outcome = keep(out).await;
    }
    stack.shutdown().await;
    outcome
}

async fn keep(out: &mut dyn Write) -> Result<(), DemoError> {
    writeln!(out, "The stack runs until Ctrl-C.")?;
    out.flush()?;
    Ok(tokio::signal::ctrl_c().await?)
}

async fn walk_or_file(args: &DemoArgs, stack: &Stack, out: &mut dyn Write) -> Result<(), DemoError> {
    if let Some(processor) = args.processor {
        let token = || stack.token("demo", &[BILLING.to_owned()]);
        let api = ApiClient::new(&stack.api_url(), &token)?;
        return decline::walk(&api, &stack.aws_url(), (processor, stack.sandbox()), out).await;
    }
    let token = || stack.token("demo", &[]);
    let api = ApiClient::new(&stack.api_url(), &token)?;
    if args.chaos {
        let operator = Operator::new(&stack.aws_url());
        let replay = replay_function(&stack.aws_url())?;
        return chaos::Chaos { api: &api, operator, aws: stack.aws(), replay }.run(out).await;
    }
    match &args.orders {
        None => walk::walk(&api, &stack.aws_url(), stack.sandbox(), args.encrypted, out).await,
        Some(orders) => {
            let results = Results { json: args.json, file: args.out.as_deref() };
            file::run(&api, orders, results, out).await
        }
    }
}

#[cfg(test)]
mod tests;
