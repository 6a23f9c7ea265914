//! Why a demo failed.

use std::{io, path::PathBuf};

use card_airlock_gateway::IssuerError;

use crate::{
    api_client::ClientError, operator::OperatorError, replay_function::ReplayFunctionError, stack::StackError,
};

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The stack did not start.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// There is no signing key.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The API did not answer, or its answer could not be read.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The AWS endpoint did not answer a call.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// A replay did not finish.
    #[error(transparent)]
    Replay(#[from] ReplayFunctionError),
    /// A check failed.
    #[error("step {step} failed; expected: {expected}")]
    Unexpected {
        /// The step's number.
        step: u8,
        /// What was expected.
        expected: String,
    },
    /// The file of orders could not be read.
    #[error("cannot read the orders in {}: {error}", path.display())]
    Orders {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The file of orders has no line with an order.
    #[error("{} has no orders: write one order per line, as a JSON object", .0.display())]
    NoOrders(PathBuf),
    /// The file for the results could not be written.
    #[error("cannot write the results to {}: {error}", path.display())]
    Results {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Ctrl-C, before the last line.
    #[error("interrupted: the lines after these were not sent")]
    Interrupted,
    /// Some orders of the file were refused, failed or not paid.
    #[error("some orders were refused, not tokenized or not paid: the table above gives the reasons")]
    Incomplete,
    /// Standard output is closed.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}
