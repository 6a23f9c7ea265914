//! Why there is no report.

use std::io;

use card_airlock_gateway::IssuerError;

use crate::{api_client::ClientError, stack::StackError};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The stack did not start.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// There is no signing key.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The API cannot be called.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A table could not be read at the end.
    #[error("{0} could not be read at the AWS endpoint")]
    Aws(&'static str),
    /// A step of the comparison failed.
    #[error("{0} failed, so there is nothing to compare")]
    Floor(&'static str),
    /// The system does not say where the functions' programs are.
    #[error("cannot find the folder of this program: {0}")]
    Program(#[source] io::Error),
    /// The report cannot be JSON.
    #[error("the report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// Standard output is closed.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}
