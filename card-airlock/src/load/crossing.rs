//! Orders that cross: counted, waited for, and driven.

use std::time::{Duration, Instant, SystemTime};

use card_airlock_event_source::Did;
use card_airlock_services::AwsEndpoint;

use super::{audit, error::LoadError};
use crate::stack::Stack;

/// The function that carries orders across.
pub(super) const WORKER: &str = "TokenizeWorkerFunction";

/// After this time without a crossing, the other orders count as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until this many orders are across, or none has crossed for a long time. The check at the end finds which.
pub(super) async fn crossed(stack: &Stack, orders: usize) {
    let (mut crossed, mut since) = (0, Instant::now());
    loop {
        let now = across(stack.aws());
        // A transaction that the SDK repeated counts twice, so the table decides.
        let is_over =
            now >= orders as u64 && stack.aws().under_way() == 0 && audit::is_quarantine_empty(stack).await;
        if is_over || (now == crossed && since.elapsed() > PATIENCE) {
            return;
        }
        if now > crossed {
            (crossed, since) = (now, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Orders that the worker has carried across since the start: each by three actions of a transaction.
pub(super) fn across(aws: &AwsEndpoint) -> u64 {
    aws.tally("TokenizeWorkerRole", "TransactWriteItems").done / 3
}

/// Drives the mapping until this many more orders are across. Returns only the worker's time: reading the stream is
/// Lambda's part, which the floor does not do either.
pub(super) async fn tokenize(stack: &mut Stack, orders: u32) -> Result<Duration, LoadError> {
    let aws = stack.aws().clone();
    let mapping = stack.mapping("TokenizeWorkerFunction").ok_or(LoadError::Floor(WORKER))?;
    let (begun, goal) = (Instant::now(), across(&aws) + u64::from(orders));
    let mut took = Duration::ZERO;
    while across(&aws) < goal {
        let step_begun = Instant::now();
        let step = mapping.step().await;
        if matches!(step.did, Did::Invoked { .. }) {
            took += step_begun.elapsed();
        }
        if step.did == Did::Nothing {
            tokio::time::sleep(step.next.duration_since(SystemTime::now()).unwrap_or_default()).await;
        }
        if begun.elapsed() > PATIENCE * 10 {
            return Err(LoadError::Floor(WORKER));
        }
    }
    // What is left in the stream, the rows that went out of quarantine, is not to be read by the next run.
    while !matches!(mapping.step().await.did, Did::Nothing | Did::Polled { read: 0, .. }) {}
    Ok(took)
}
