//! `card-airlock profile`: shows a processor profile, and tries it.

mod check;
mod trying;

use std::{io::Write, process::ExitCode};

use clap::{Args, Subcommand};
use paybill::profile::Profile;
use vault::{Card, CardExpiry, Pan};

use super::CliError;
use crate::sandbox::named;
pub(super) use trying::TryError;

#[derive(Debug, Args)]
pub(super) struct ProfileArgs {
    #[command(subcommand)]
    command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
enum ProfileCommand {
    /// Print the requests for a test card, masked, and what each answer means.
    Check(check::CheckArgs),
    /// Charge a test card at a URL, and show which rule matched each answer. Exit code 1: the payment has no outcome.
    Try(trying::TryArgs),
}

impl ProfileArgs {
    /// The command, where it needs no more than the profile.
    pub(super) fn check(&self) -> Option<&check::CheckArgs> {
        match &self.command {
            ProfileCommand::Check(args) => Some(args),
            ProfileCommand::Try(_) => None,
        }
    }
}

pub(super) fn print(args: &check::CheckArgs, out: &mut dyn Write) -> Result<(), CliError> {
    check::print(args, out)
}

pub(super) async fn run(args: ProfileArgs, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    match args.command {
        ProfileCommand::Check(args) => check::print(&args, out).map(|()| ExitCode::SUCCESS),
        ProfileCommand::Try(args) => trying::run(args, out).await,
    }
}

/// The card that a command line names.
#[derive(Debug, Args)]
struct CardArgs {
    /// A test card: a name of the list that `up` prints, or a number from the documents of the processor.
    #[arg(long, value_name = "NAME|NUMBER", default_value = "approve", value_parser = test_number)]
    card: String,
    /// The expiry date of the card.
    #[arg(long, value_name = "MM/YY", default_value = "12/30", value_parser = expiry)]
    expiry: String,
}

impl CardArgs {
    fn card(&self) -> Result<Card, CliError> {
        let pan = Pan::parse(&self.card).map_err(|_| CliError::TestCard)?;
        let expiry = CardExpiry::parse(&self.expiry).map_err(|_| CliError::TestCard)?;
        Ok(Card { pan, expiry: Some(expiry) })
    }
}

fn test_number(text: &str) -> Result<String, String> {
    let number = named(text).map_or(text, |card| card.number);
    match Pan::parse(number) {
        Ok(_) => Ok(number.to_owned()),
        Err(error) => Err(format!("this is not the name of a test card, and not a card number: {error}")),
    }
}

fn expiry(text: &str) -> Result<String, String> {
    CardExpiry::parse(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn load(name: &str) -> Result<Profile, CliError> {
    Ok(Profile::load(name)?)
}
