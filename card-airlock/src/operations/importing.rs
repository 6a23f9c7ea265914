//! Importing: the stack's own function takes orders out of another table, a chunk at a time.

use aws_sdk_dynamodb::Client;
use import::{Answer, Refusal, Request, Summary};

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    invoking::{InvokingError, invoke},
};
use crate::documents::MIGRATING;

/// The function, which a stack has only together with a source.
const IMPORT: &str = "ImportFunction";
/// The parameter that names the source.
const TABLE: &str = "ImportTable";

/// Why a chunk did not come to its end. What was imported is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportingError {
    /// There is nothing to import from.
    #[error(
        "the stack has no table to import from: its parameter ImportTable is empty. {MIGRATING} says how it is set"
    )]
    NoTable,
    /// The function refused the chunk.
    #[error("{}: {}. {MIGRATING} says more", <&str>::from(.0), .0.message())]
    Refused(Refusal),
    #[error(transparent)]
    Invoking(#[from] InvokingError),
}

impl ImportingError {
    /// Whether the same chunk may succeed a moment later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoTable | Self::Refused(_) => false,
            Self::Invoking(error) => error.may_pass(),
        }
    }
}

/// The table that a stack imports from.
///
/// # Errors
/// [`ImportingError::NoTable`].
pub fn source_table(access: &StackAccess) -> Result<&str, ImportingError> {
    let named = access.names().parameters.get(TABLE).filter(|name| !name.is_empty());
    named.map(String::as_str).ok_or(ImportingError::NoTable)
}

/// About how many rows that table has: DynamoDB counts every six hours. None: it cannot be found out.
pub async fn about_rows(access: &StackAccess, table: &str) -> Option<u64> {
    let described =
        Client::new(&access.config(Right::Import)).describe_table().table_name(table).send().await;
    u64::try_from(described.ok()?.table?.item_count?).ok()
}

/// Runs one chunk.
///
/// # Errors
/// [`ImportingError`]; the same chunk may be asked for again.
pub async fn run_import(access: &StackAccess, request: &Request) -> Result<Summary, ImportingError> {
    match invoke(access, Right::Import, IMPORT, request).await {
        Err(InvokingError::Access(AccessError::NoResource(_))) => Err(ImportingError::NoTable),
        Err(error) => Err(error.into()),
        Ok(Answer::Refused { refused }) => Err(ImportingError::Refused(refused)),
        Ok(Answer::Done(summary)) => Ok(summary),
    }
}
