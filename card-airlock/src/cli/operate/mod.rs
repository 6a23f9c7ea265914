//! The operator's commands: arguments, output, exit codes.

mod audit;
mod confirm;
mod doctor;
mod events;
mod history;
mod import;
mod interrupt;
mod orders;
mod outcome;
mod pass_file;
mod payments;
mod place;
mod progress;
mod replay;
mod replay_events;
mod results_file;
mod rewrap;
mod settle;
mod shown;
mod status;
mod sweep;

use std::{io::Write, process::ExitCode};

use clap::Subcommand;

pub(super) use outcome::OperateError;

#[derive(Debug, Subcommand)]
pub(super) enum OperateCommand {
    /// Say how a stack is: quarantine, dead letters, payments, alarms, keys. Exit code 3: a person is needed.
    Status(status::StatusArgs),
    /// List orders by state; without a state, those in quarantine.
    Orders(orders::OrdersArgs),
    /// Tell the history of one order: quarantine, clean order, payments, audit.
    Order(history::OrderArgs),
    /// Print what was put on the event bus of a running `up`.
    Events(events::EventsArgs),
    /// Start parked and stuck orders again, or put events again that the bus refused. Exit code 3: something is left to
    /// replay.
    Replay(replay::ReplayArgs),
    /// Sweep now, as the schedule does every five minutes.
    Sweep(sweep::SweepArgs),
    /// List payments without an outcome. Exit code 3: there are some.
    Payments(payments::PaymentsArgs),
    /// Settle a payment that is UNKNOWN, by what you found out at the processor.
    Settle(settle::SettleArgs),
    /// List who took which card out of the vault, and who settled which payment; or verify that list.
    Audit(audit::AuditArgs),
    /// Move the vault's data keys from the previous KMS key to the present one, without opening a card; or count or verify
    /// them. Exit code 3: something is left.
    Rewrap(rewrap::RewrapArgs),
    /// Bring the orders of another table, which has card numbers in the clear, into the stack; or take their numbers out of
    /// it. Exit code 3: some rows are left as they are.
    Import(import::ImportArgs),
    /// Compare a stack with what the template promises. Exit code 3: something differs.
    Doctor(doctor::DoctorArgs),
}

/// Runs a command and gives its exit code.
pub(super) async fn run(command: OperateCommand, out: &mut dyn Write) -> Result<ExitCode, OperateError> {
    let code = match command {
        OperateCommand::Status(args) => status::run(args, out).await,
        OperateCommand::Orders(args) => orders::run(args, out).await,
        OperateCommand::Order(args) => history::run(args, out).await,
        OperateCommand::Events(args) => events::run(args, out).await,
        OperateCommand::Replay(args) => replay::run(args, out).await,
        OperateCommand::Sweep(args) => sweep::run(args, out).await,
        OperateCommand::Payments(args) => payments::run(args, out).await,
        OperateCommand::Settle(args) => settle::run(args, out).await,
        OperateCommand::Audit(args) => audit::run(args, out).await,
        OperateCommand::Rewrap(args) => rewrap::run(args, out).await,
        OperateCommand::Import(args) => import::run(args, out).await,
        OperateCommand::Doctor(args) => doctor::run(args, out).await,
    };
    code.map(ExitCode::from)
}
