//! Why the endpoint did not start.

use std::io;

use crate::keep::KeepError;

/// Why the endpoint could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no loopback socket.
    #[error("the local AWS endpoint got no loopback socket")]
    Socket(#[from] io::Error),
    /// The embedded database did not open.
    #[error("the embedded DynamoDB did not open")]
    Database,
    /// What was kept cannot be used.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The embedded services do not support the account.
    #[error("the embedded services accept only the account 123456789012 in us-east-1")]
    Account,
}
