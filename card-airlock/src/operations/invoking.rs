//! Invoking a function of the stack and waiting for its answer. The operator's right is to invoke it; what it does, it does
//! with its own role.

use std::time::Duration;

use aws_config::{
    retry::RetryConfig, stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_lambda::{Client, config::Builder, primitives::Blob};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    call::CallError,
};

/// Longer than a function may run: it answers when it is done.
const PATIENCE: Duration = Duration::from_secs(16 * 60);

/// Why an invocation did not come to its end. What was done until then is done; asking again continues.
#[derive(Debug, thiserror::Error)]
pub enum InvokingError {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Call(#[from] CallError),
    /// The function ran and failed; its log says why.
    #[error("{function} failed: {error}; its log has the cause, and the same command continues")]
    Failed {
        /// Its logical id.
        function: &'static str,
        /// Lambda's word for it.
        error: String,
    },
    /// It answered what this program does not know.
    #[error("the answer of {0} cannot be read: it is of another release")]
    Unreadable(&'static str),
}

impl InvokingError {
    /// Whether asking the same again may succeed a moment later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Access(_) | Self::Unreadable(_) => false,
            // It does not say whether a service was out for a moment, or a policy lacks a statement.
            Self::Failed { .. } => true,
            Self::Call(error) => !error.is_denied() && error.code != "ResourceNotFoundException",
        }
    }
}

/// Asks a function, by its logical id.
pub(super) async fn invoke<S: DeserializeOwned>(
    access: &StackAccess,
    right: Right,
    function: &'static str,
    asked: &impl Serialize,
) -> Result<S, InvokingError> {
    let payload = serde_json::to_vec(asked).map_err(|_| InvokingError::Unreadable(function))?;
    let name = access.names().physical(function)?;
    // It waits for minutes without a byte, and is not asked twice: a second one would only get in the way of the first.
    // What the configuration says of other calls' time must be taken back, or it stays.
    let config = Builder::from(&access.config(right))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .read_timeout(PATIENCE)
                .disable_operation_timeout()
                .disable_operation_attempt_timeout()
                .build(),
        )
        .build();
    let invoke = Client::from_conf(config).invoke().function_name(name).payload(Blob::new(payload));
    let answer = invoke.send().await.map_err(CallError::of("Lambda", "Invoke"))?;
    if let Some(error) = answer.function_error() {
        return Err(InvokingError::Failed { function, error: error.to_owned() });
    }
    let summary = answer.payload().map(|payload| serde_json::from_slice(payload.as_ref()));
    summary.and_then(Result::ok).ok_or(InvokingError::Unreadable(function))
}
