//! Replay and sweep: the stack's own function is invoked. The operator's right is to invoke it.

use order::{FailureReason, OrderId};
use replay::{ReplaySummary, SweepSummary};
use serde::Serialize;

use super::{
    access::{Right, StackAccess},
    invoking::{InvokingError, invoke},
};

/// The function.
const REPLAY: &str = "ReplayFunction";

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
/// [`InvokingError`].
pub async fn run_replay(access: &StackAccess, work: &Work) -> Result<ReplaySummary, InvokingError> {
    invoke(access, Right::Replay, REPLAY, work).await
}

/// Runs a sweep.
///
/// # Errors
/// [`InvokingError`].
pub async fn run_sweep(access: &StackAccess, dry_run: bool) -> Result<SweepSummary, InvokingError> {
    invoke(access, Right::Replay, REPLAY, &Work::Sweep { dry_run }).await
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
