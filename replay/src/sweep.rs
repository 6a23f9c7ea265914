//! The sweep: finds what stream and retries have lost, and what has been in quarantine too long.

use std::time::SystemTime;

use futures::{StreamExt, stream};
use order::{DeadLetterKind, FailureReason, KeptRow, OrderId, QuarantineStatus, Timestamp, Written};
use platform::{deadline::MARGIN, metrics::Metric, spans};
use serde::Serialize;
use tracing::Instrument;

use crate::{AT_ONCE, Replay, ReplayError, Settings};

/// What a sweep found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepSummary {
    /// Rows in quarantine.
    pub rows: u64,
    /// Of them, re-armed.
    pub rearmed: u64,
    /// Of them, parked by this sweep.
    pub parked: u64,
    /// Of them, expired by this sweep.
    pub expired: u64,
    /// Of them, waiting as FAILED for a replay.
    pub failed: u64,
    /// Seconds since the oldest order that is pending or failed was accepted.
    pub oldest_seconds: u64,
}

/// What is to be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Leave,
    Rearm,
    Park(FailureReason),
    Expire,
}

impl Replay {
    /// Goes over all rows once.
    ///
    /// # Errors
    /// [`ReplayError`] when the rows cannot be listed, or, once all others are done, of the first row that could
    /// not be written; the next sweep goes over all rows again.
    pub async fn sweep(&self, deadline: SystemTime) -> Result<SweepSummary, ReplayError> {
        let mut summary = SweepSummary::default();
        let (mut from, mut first_error) = (None, None);
        loop {
            self.check_time(deadline, MARGIN)?;
            let page = self.upkeep.page(from).await?;
            let sweeping = stream::iter(page.rows).map(|row| {
                let span = spans::order(row.order.as_ref());
                self.sweep_row(row).instrument(span)
            });
            let mut done = sweeping.buffer_unordered(AT_ONCE);
            while let Some(swept) = done.next().await {
                // One bad row must not keep the others from being swept.
                match swept {
                    Ok(swept) => swept.count(&mut summary),
                    Err(error) => first_error = first_error.or(Some(error)),
                }
            }
            drop(done);
            from = page.next;
            if from.is_none() {
                tracing::info!(?summary, "swept");
                Metric::OldestQuarantined(summary.oldest_seconds).record();
                return first_error.map_or(Ok(summary), Err);
            }
        }
    }

    async fn sweep_row(&self, row: KeptRow) -> Result<Swept, ReplayError> {
        let now = self.now();
        let action = decide(&row, now, &self.settings);
        let written = match action {
            Action::Leave => Written::Done,
            Action::Rearm => self.upkeep.rearm(&row, now).await?,
            Action::Park(reason) => {
                self.send_word(&row, DeadLetterKind::Parked, Some(reason)).await?;
                self.upkeep.park(&row, reason).await?
            }
            Action::Expire => {
                self.send_word(&row, DeadLetterKind::Expired, row.reason).await?;
                self.upkeep.expire(&row).await?
            }
        };
        if written == Written::Done && matches!(action, Action::Park(_) | Action::Expire) {
            tracing::error!(
                order = row.order.as_ref().map(OrderId::as_str),
                ?action,
                "an order could not be carried across"
            );
        }
        if written == Written::Done {
            match action {
                Action::Leave => {}
                Action::Rearm => Metric::Rearmed.record(),
                Action::Park(reason) => Metric::Parked(reason.code()).record(),
                Action::Expire => Metric::Expired.record(),
            }
        }
        // Who lost the race did nothing: the row went on without the sweep.
        let action = if written == Written::Done { action } else { Action::Leave };
        Ok(Swept { row, action, now })
    }
}

struct Swept {
    row: KeptRow,
    action: Action,
    now: Timestamp,
}

impl Swept {
    fn count(&self, summary: &mut SweepSummary) {
        summary.rows += 1;
        match self.action {
            Action::Leave if self.row.status == Some(QuarantineStatus::Failed) => summary.failed += 1,
            Action::Leave => {}
            Action::Rearm => summary.rearmed += 1,
            Action::Park(_) => summary.parked += 1,
            Action::Expire => summary.expired += 1,
        }
        if self.row.status != Some(QuarantineStatus::Expired)
            && let Some(since) = self.row.accepted_at.or(self.row.armed_at)
        {
            let age = self.now.epoch_seconds().saturating_sub(since.epoch_seconds());
            summary.oldest_seconds = summary.oldest_seconds.max(age);
        }
    }
}

/// The rules, in their order: past its deadline a row expires, whatever it is; a row that no worker would take
/// up is parked; a row that Lambda can no longer be retrying is re-armed, as often as the limit allows.
fn decide(row: &KeptRow, now: Timestamp, settings: &Settings) -> Action {
    match row.status {
        Some(QuarantineStatus::Expired) => Action::Leave,
        _ if row.deadline.is_some_and(|deadline| deadline <= now.epoch_seconds()) => Action::Expire,
        Some(QuarantineStatus::Failed) => Action::Leave,
        None => Action::Park(FailureReason::Malformed),
        Some(QuarantineStatus::Pending) => match (row.armed_at, row.attempt) {
            (Some(armed_at), Some(attempt))
                if row.order.is_some() && row.acceptance.is_some() && row.deadline.is_some() =>
            {
                if armed_at.after(settings.rearm_after) > now {
                    Action::Leave
                } else if attempt >= settings.max_attempts {
                    Action::Park(FailureReason::AttemptsExhausted)
                } else {
                    Action::Rearm
                }
            }
            _ => Action::Park(FailureReason::Malformed),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, time::Duration};

    use aws_sdk_dynamodb::types::AttributeValue;
    use order::RowVersion;

    use super::*;

    const ARMED: u64 = 1_000_000;
    const DEADLINE: u64 = ARMED + 72 * 60 * 60;

    fn row(status: Option<QuarantineStatus>, attempt: u32) -> KeptRow {
        KeptRow {
            key: AttributeValue::S("1".into()),
            version: RowVersion::of(&HashMap::new()),
            order: OrderId::stored("1"),
            acceptance: Some(uuid::Uuid::nil()),
            status,
            reason: None,
            attempt: Some(attempt),
            accepted_at: Some(at(ARMED)),
            armed_at: Some(at(ARMED)),
            deadline: Some(DEADLINE),
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn action(row: &KeptRow, seconds: u64) -> Action {
        let settings = Settings {
            quarantine_table: String::new(),
            order_table: String::new(),
            dead_letter_queue_url: String::new(),
            rearm_after: Duration::from_secs(75 * 60),
            max_attempts: 20,
        };
        decide(row, at(seconds), &settings)
    }

    #[test]
    fn a_pending_row_is_left_until_lambda_can_no_longer_be_retrying_it() {
        let row = row(Some(QuarantineStatus::Pending), 1);
        assert_eq!(action(&row, ARMED), Action::Leave);
        assert_eq!(action(&row, ARMED + 75 * 60 - 1), Action::Leave);
        assert_eq!(action(&row, ARMED + 75 * 60), Action::Rearm);
        assert_eq!(action(&row, DEADLINE - 1), Action::Rearm);
    }

    #[test]
    fn a_row_out_of_attempts_is_parked() {
        let late = ARMED + 75 * 60;
        assert_eq!(action(&row(Some(QuarantineStatus::Pending), 19), late), Action::Rearm);
        let parked = Action::Park(FailureReason::AttemptsExhausted);
        assert_eq!(action(&row(Some(QuarantineStatus::Pending), 20), late), parked);
    }

    #[test]
    fn past_its_deadline_a_row_expires_whatever_it_is() {
        for status in [Some(QuarantineStatus::Pending), Some(QuarantineStatus::Failed), None] {
            assert_eq!(action(&row(status, 1), DEADLINE), Action::Expire, "{status:?}");
        }
        assert_eq!(action(&row(Some(QuarantineStatus::Expired), 1), DEADLINE), Action::Leave);
    }

    #[test]
    fn a_failed_row_waits_for_a_replay() {
        assert_eq!(action(&row(Some(QuarantineStatus::Failed), 1), DEADLINE - 1), Action::Leave);
    }

    #[test]
    fn a_row_that_no_worker_would_take_up_is_parked_at_once() {
        let malformed = Action::Park(FailureReason::Malformed);
        assert_eq!(action(&row(None, 1), ARMED), malformed);
        let whole = row(Some(QuarantineStatus::Pending), 1);
        for broken in [
            KeptRow { order: None, ..whole.clone() },
            KeptRow { acceptance: None, ..whole.clone() },
            KeptRow { attempt: None, ..whole.clone() },
            KeptRow { armed_at: None, ..whole.clone() },
            KeptRow { deadline: None, ..whole.clone() },
        ] {
            assert_eq!(action(&broken, ARMED), malformed, "{broken:?}");
        }
    }
}
