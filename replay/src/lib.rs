//! Starts stuck orders again: the sweep does it on a schedule, the replay when an operator asks for it.
//! Neither reads a sealed card or holds a key: a row is re-armed, and the stream and the worker do the rest.

mod events;
mod inbox;
mod positions;
mod replaying;
mod rules;
mod settings;
mod summary;
mod sweep;
mod taking_up;

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use clock::Clock;
use order::{
    DeadLetter, DeadLetterKind, DeadLetterQueue, FailureReason, KeptRow, OrderTable, QueueError, TableError,
    Timestamp, Upkeep,
};
use platform::deadline::time_left;
use serde::{Deserialize, Serialize};

pub use replaying::{ReplaySummary, Selection};
pub use settings::Settings;
pub use summary::SweepSummary;
pub use sweep::SweepOptions;

/// Rows written at once.
const AT_ONCE: usize = 8;

/// A row's ArmedAt is by ingest's clock and a record's arrival by DynamoDB's, to the second: rows armed this
/// much later are included. Re-arming a row too many does no harm.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The request to the function. An unknown field is refused: it may be a mistyped `dryRun`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Request {
    /// By the schedule: re-arm stuck rows, park rows that cannot cross, expire rows after their deadline.
    Sweep(SweepOptions),
    /// By an operator: read the dead-letter queue and re-arm parked rows.
    Replay(Selection),
}

/// What the function answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Summary {
    Sweep(SweepSummary),
    Replay(ReplaySummary),
}

/// Why a sweep or a replay stopped. The finished part stays done; run it again for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Table(#[from] TableError),
    /// The dead-letter queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Time ran out.
    #[error("there was no time for all rows; run it again")]
    OutOfTime,
}

/// Sweeps and replays.
#[derive(Debug)]
pub struct Replay {
    upkeep: Upkeep,
    orders: OrderTable,
    dead_letters: DeadLetterQueue,
    settings: Settings,
    clock: Clock,
}

impl Replay {
    /// Clients are made once and reused.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: Settings, clock: Clock) -> Self {
        Self {
            upkeep: Upkeep::new(config, settings.quarantine_table.clone()),
            orders: OrderTable::new(config, settings.order_table.clone()),
            dead_letters: DeadLetterQueue::new(config, settings.dead_letter_queue_url.clone()),
            settings,
            clock,
        }
    }

    /// Does what is asked, until the deadline.
    ///
    /// # Errors
    /// [`ReplayError`]; the finished part stays done.
    pub async fn handle(&self, request: Request, deadline: SystemTime) -> Result<Summary, ReplayError> {
        match request {
            Request::Sweep(options) => self.sweep(options, deadline).await.map(Summary::Sweep),
            Request::Replay(selection) => self.replay(&selection, deadline).await.map(Summary::Replay),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from(self.clock.now())
    }

    fn check_time(&self, deadline: SystemTime, margin: Duration) -> Result<(), ReplayError> {
        let is_over = time_left(deadline, &self.clock, margin).is_zero();
        if is_over { Err(ReplayError::OutOfTime) } else { Ok(()) }
    }

    /// A message about a row, sent before the row is written, as the worker does it for parking.
    async fn send_word(
        &self,
        row: &KeptRow,
        kind: DeadLetterKind,
        reason: Option<FailureReason>,
    ) -> Result<(), QueueError> {
        let letter = DeadLetter {
            kind,
            customer_order: row.order.clone().filter(|order| order.shown().is_some()),
            acceptance_id: row.acceptance,
            reason,
            at: self.now(),
        };
        self.dead_letters.send(&letter).await
    }
}

#[cfg(test)]
mod tests {
    use order::OrderId;

    use super::*;

    #[test]
    fn a_request_is_read_with_and_without_options() {
        let read = |text: &str| serde_json::from_str::<Request>(text).ok();
        assert_eq!(read(r#"{"action":"sweep"}"#), Some(Request::Sweep(SweepOptions::default())));
        let dry = Request::Sweep(SweepOptions { dry_run: true });
        assert_eq!(read(r#"{"action":"sweep","dryRun":true}"#), Some(dry));
        assert_eq!(read(r#"{"action":"replay"}"#), Some(Request::Replay(Selection::default())));
        let selection = Selection {
            dry_run: true,
            max: Some(10),
            reason: Some(FailureReason::OrderExists),
            order: OrderId::stored("ID"),
        };
        let text = r#"{"action":"replay","dryRun":true,"max":10,"reason":"ORDER_EXISTS","order":"ID"}"#;
        assert_eq!(read(text), Some(Request::Replay(selection)));
        for wrong in [
            r#"{"action":"other"}"#,
            r#"{"action":"replay","dryrun":true}"#,
            r#"{"action":"sweep","dryrun":true}"#,
            r#"{"action":"sweep","dryRun":"true"}"#,
            r#"{"action":"sweep","dryRun":true,"dryRun":false}"#,
            r#"{"action":"sweep","max":1}"#,
            r#"{"action":"sweep","action":"replay"}"#,
            r#"{"dryRun":true}"#,
            "{}",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
