//! Re-wrapping: the stack's own function moves the vault's data keys, a chunk at a time.

use rewrap::{Request, Summary};

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    invoking::{InvokingError, invoke},
};
use crate::documents::KEYS;

/// The function, which a stack has only together with a previous key.
const REWRAP: &str = "RewrapFunction";

/// Why a chunk did not come to its end. What was moved is moved.
#[derive(Debug, thiserror::Error)]
pub enum RewrappingError {
    /// Nothing is to be moved.
    #[error(
        "the stack has no previous key, so there is nothing to move: its parameter PreviousVaultKeyArn is empty. \
         {KEYS} says when it is set"
    )]
    NoPreviousKey,
    #[error(transparent)]
    Invoking(#[from] InvokingError),
}

impl RewrappingError {
    /// Whether the same chunk may succeed a moment later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoPreviousKey => false,
            Self::Invoking(error) => error.may_pass(),
        }
    }
}

/// Runs one chunk.
///
/// # Errors
/// [`RewrappingError`]; the same chunk may be asked for again.
pub async fn run_rewrap(access: &StackAccess, request: &Request) -> Result<Summary, RewrappingError> {
    match invoke(access, Right::Rewrap, REWRAP, request).await {
        Err(InvokingError::Access(AccessError::NoResource(_))) => Err(RewrappingError::NoPreviousKey),
        done => Ok(done?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::CallError;

    #[test]
    fn what_no_second_try_can_change_is_not_tried_again() {
        let call = |code: &str| {
            let (service, operation) = ("Lambda", "Invoke");
            RewrappingError::Invoking(CallError { service, operation, code: code.to_owned() }.into())
        };
        for code in ["AccessDeniedException", "ResourceNotFoundException"] {
            assert!(!call(code).may_pass(), "{code}");
        }
        for code in ["TooManyRequestsException", "timeout", "connection refused"] {
            assert!(call(code).may_pass(), "{code}");
        }
        assert!(!RewrappingError::NoPreviousKey.may_pass());
        assert!(!RewrappingError::Invoking(InvokingError::Unreadable(REWRAP)).may_pass());
        let failed = InvokingError::Failed { function: REWRAP, error: "Unhandled".to_owned() };
        assert!(RewrappingError::Invoking(failed).may_pass());
    }
}
