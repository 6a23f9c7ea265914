//! Replay and sweep: the stack's own function is invoked, with its own role. The operator's right is to invoke it.

use std::time::Duration;

use aws_config::{
    retry::RetryConfig, stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_lambda::{Client, config::Builder, primitives::Blob};
use order::{FailureReason, OrderId};
use replay::{ReplaySummary, SweepSummary};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
    call::CallError,
};

/// The function.
const REPLAY: &str = "ReplayFunction";

/// Longer than the function may run: it answers when it is done.
const PATIENCE: Duration = Duration::from_secs(16 * 60);

/// Why a replay or a sweep did not come to its end. What was done until then is done; running it again continues.
#[derive(Debug, thiserror::Error)]
pub enum ReplayingError {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Call(#[from] CallError),
    /// The function ran and failed; its log says why.
    #[error("the replay function failed: {0}; its log has the cause, and running it again continues")]
    Failed(String),
    /// It answered what this program does not know.
    #[error("the replay function's answer cannot be read: it is of another release")]
    Unreadable,
}

/// What the function is asked, in its own words (`replay::Request`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Work {
    /// Re-arm what is parked or stuck.
    #[serde(rename_all = "camelCase")]
    Replay {
        /// Change nothing.
        dry_run: bool,
        /// So many orders at most.
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
        /// Only those that failed for this reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<FailureReason>,
        /// Only this order.
        #[serde(skip_serializing_if = "Option::is_none")]
        order: Option<OrderId>,
    },
    /// What the schedule does every five minutes.
    #[serde(rename_all = "camelCase")]
    Sweep {
        /// Change nothing.
        dry_run: bool,
    },
}

/// Runs a replay.
///
/// # Errors
/// [`ReplayingError`].
pub async fn run_replay(access: &StackAccess, work: &Work) -> Result<ReplaySummary, ReplayingError> {
    run(access, work).await
}

/// Runs a sweep.
///
/// # Errors
/// [`ReplayingError`].
pub async fn run_sweep(access: &StackAccess, dry_run: bool) -> Result<SweepSummary, ReplayingError> {
    run(access, &Work::Sweep { dry_run }).await
}

async fn run<S: DeserializeOwned>(access: &StackAccess, work: &Work) -> Result<S, ReplayingError> {
    let payload = serde_json::to_vec(work).map_err(|_| ReplayingError::Unreadable)?;
    let function = access.names().physical(REPLAY)?;
    // It waits for minutes without a byte, and is not asked twice: a second one would only get in the way of the first.
    let config = Builder::from(&access.config(Right::Replay))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).read_timeout(PATIENCE).build(),
        )
        .build();
    let invoke = Client::from_conf(config).invoke().function_name(function).payload(Blob::new(payload));
    let answer = invoke.send().await.map_err(CallError::of("Lambda", "Invoke"))?;
    if let Some(error) = answer.function_error() {
        return Err(ReplayingError::Failed(error.to_owned()));
    }
    let summary = answer.payload().map(|payload| serde_json::from_slice(payload.as_ref()));
    summary.and_then(Result::ok).ok_or(ReplayingError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_what_the_function_reads() {
        let read = |work: &Work| {
            serde_json::from_slice::<replay::Request>(&serde_json::to_vec(work).unwrap()).unwrap()
        };
        assert_eq!(
            read(&Work::Sweep { dry_run: true }),
            replay::Request::Sweep(replay::SweepOptions { dry_run: true })
        );
        let all = Work::Replay { dry_run: false, max: None, reason: None, order: None };
        assert_eq!(read(&all), replay::Request::Replay(replay::Selection::default()));
        let (reason, order) = (Some(FailureReason::OrderExists), OrderId::stored("A-1"));
        let one = Work::Replay { dry_run: true, max: Some(3), reason, order: order.clone() };
        let selection = replay::Selection { dry_run: true, max: Some(3), reason, order };
        assert_eq!(read(&one), replay::Request::Replay(selection));
    }
}
