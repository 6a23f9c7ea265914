//! Why a stack is not reached.

use super::call::CallError;

/// Why a stack is not reached.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Nothing answers on this machine.
    #[error(
        "no AWS endpoint answers at {0}: check that `card-airlock up` is running, and that --aws-port is its port"
    )]
    NoUp(String),
    /// The AWS configuration names no region.
    #[error("no region is set: give --region, or set one in the AWS profile")]
    NoRegion,
    /// There is no such stack, or it may not be seen.
    #[error("the stack {0} cannot be seen in this account and region: {1}")]
    NoStack(String, CallError),
    /// The stack lacks a resource of the template.
    #[error("the stack has no {0}: it was made from another template, or is not complete")]
    NoResource(String),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}
