//! The command line of `card-airlock`.

mod faults;
mod log;
mod operate;
mod parameters;
mod profile;
mod ready_file;
mod stop_signal;
mod token;
mod up;
mod welcome;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use card_airlock_gateway::IssuerError;
use clap::{CommandFactory, Parser, Subcommand};
use paybill::{PreviewError, profile::ProfileError};
use tracing_subscriber::filter::LevelFilter;

use crate::{
    api_client::ClientError,
    data::DataError,
    demo::{self, DemoError},
    load::{self, LoadError},
    seed::SeedError,
    sign_in::SignInError,
    stack::StackError,
    style::BAD,
};
use faults::FaultsError;
use parameters::ParametersError;
use ready_file::ReadyFileError;

/// Card Airlock on one machine: orders go in with a card number, and are stored with a token in its place.
#[derive(Debug, Parser)]
#[command(name = "card-airlock", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: up::UpArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole pipeline until Ctrl-C (the default).
    Up(up::UpArgs),
    /// Print an ID token that a running `up` of the same user accepts.
    Token(token::TokenArgs),
    #[command(flatten)]
    Operate(operate::OperateCommand),
    /// Start the pipeline on free ports, and send an order, or a file of orders, through it.
    Demo(demo::DemoArgs),
    /// Print the completions for a shell: card-airlock completions bash > /etc/bash_completion.d/card-airlock
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Show what a processor profile sends, or try it.
    Profile(profile::ProfileArgs),
    /// Send many orders through the pipeline, with its functions as processes, and print how long they took (run
    /// `cargo build --workspace --release` first). Exit code 1: an order was refused, lost or doubled.
    Load(load::LoadArgs),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Stack(#[from] StackError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(
        "the state cannot be written to the folder of --data: free some space on the disk, and start again"
    )]
    NotKept,
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error("cannot place the orders of --seed: {0}")]
    Client(#[from] ClientError),
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    #[error(transparent)]
    Faults(#[from] FaultsError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Token(#[from] IssuerError),
    #[error(transparent)]
    Operate(#[from] operate::OperateError),
    #[error("cannot post events: {0}")]
    EventsTo(reqwest::Error),
    #[error(transparent)]
    ReadyFile(#[from] ReadyFileError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Preview(#[from] PreviewError),
    #[error(transparent)]
    Try(#[from] profile::TryError),
    #[error("this is not a test card: give a name or a number of the list that `card-airlock up` prints")]
    TestCard,
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error("cannot find the folder of this program: {0}")]
    Program(io::Error),
    #[error("cannot listen for Ctrl-C: {0}")]
    Signals(io::Error),
    #[error("cannot start the runtime: {0}")]
    Runtime(io::Error),
}

/// Runs the program on its process's own arguments. Exit code 1 for a failure, 2 for a wrong command line.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli, &mut anstream::stdout()) {
        Ok(code) => code,
        Err(error) => {
            // If standard error is closed too, nobody can read the message.
            let _ = writeln!(anstream::stderr(), "{BAD}error:{BAD:#} {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let command = cli.command.unwrap_or(Command::Up(cli.up));
    let level = match &command {
        Command::Token(args) => return token::print(args, out).map(|()| ExitCode::SUCCESS),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "card-airlock", &mut &mut *out);
            return Ok(ExitCode::SUCCESS);
        }
        Command::Profile(args) if let Some(args) = args.check() => {
            return profile::print(args, out).map(|()| ExitCode::SUCCESS);
        }
        Command::Profile(_) => LevelFilter::OFF,
        Command::Operate(_) => LevelFilter::ERROR,
        Command::Up(args) => args.log,
        Command::Demo(args) => args.log,
        Command::Load(args) => args.log,
    };
    let log = log::install(level);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    match command {
        Command::Up(args) => runtime.block_on(up::run(args, log, out))?,
        Command::Demo(args) => runtime.block_on(demo::run(&args, out))?,
        Command::Profile(args) => return runtime.block_on(profile::run(args, out)),
        Command::Load(args) => {
            let went_well = runtime.block_on(load::run(&args, out))?;
            return Ok(if went_well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Operate(command) => return Ok(runtime.block_on(operate::run(command, out))?),
        Command::Token(_) | Command::Completions { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn up_is_the_default_and_takes_its_options_with_and_without_its_name() {
        let bare = parse("card-airlock").unwrap();
        assert!(bare.command.is_none());
        assert_eq!((bare.up.port, bare.up.aws_port), (3000, 4566));
        let unnamed = parse("card-airlock --port 0 --aws-port 0 --ready-file r.json").unwrap();
        assert_eq!((unnamed.up.port, unnamed.up.aws_port), (0, 0));
        assert_eq!(unnamed.up.ready_file.as_deref(), Some(Path::new("r.json")));
        let Some(Command::Up(named)) = parse("card-airlock up --port 8080").unwrap().command else {
            panic!("up");
        };
        assert_eq!((named.port, named.aws_port), (8080, 4566));
    }

    #[test]
    fn a_token_needs_a_user_and_takes_groups() {
        let Some(Command::Token(args)) =
            parse("card-airlock token --user ann --group a --group b").unwrap().command
        else {
            panic!("token");
        };
        assert_eq!((args.user.as_str(), args.groups.len()), ("ann", 2));
        assert!(parse("card-airlock token").is_err());
        assert!(parse("card-airlock token --user ann --group a,b").is_err(), "a comma would make it two");
        assert!(Cli::try_parse_from(["card-airlock", "token", "--user", ""]).is_err());
    }

    #[test]
    fn what_is_unknown_or_out_of_range_is_a_usage_error() {
        for line in
            ["card-airlock --port 65536", "card-airlock --port x", "card-airlock fly", "card-airlock demo x"]
        {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
