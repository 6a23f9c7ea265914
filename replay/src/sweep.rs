//! The sweep: finds what stream and retries have lost, what Lambda has given up, and what has been in quarantine too
//! long.

use std::time::SystemTime;

use futures::{StreamExt, stream};
use order::{DeadLetterKind, KeptRow, OrderId, QuarantineStatus, TableError, Timestamp, Written};
use platform::{deadline::MARGIN, metrics::Metric, spans};
use serde::Deserialize;
use tracing::Instrument;

use crate::{
    AT_ONCE, Replay, ReplayError,
    positions::Positions,
    rules::{Action, Facts, decide, may_be_untold},
    summary::SweepSummary,
};

/// The options of a sweep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SweepOptions {
    /// Change nothing, and report what would be done.
    pub dry_run: bool,
}

/// A sweep under way.
#[derive(Debug)]
pub(crate) struct Sweep<'a> {
    pub(crate) replay: &'a Replay,
    pub(crate) dry_run: bool,
    pub(crate) deadline: SystemTime,
    pub(crate) positions: Positions,
    horizon: Option<Timestamp>,
    pub(crate) summary: SweepSummary,
    /// The rows that Lambda gave up and that were not armed again yet.
    pub(crate) given_up: Vec<KeptRow>,
    /// The rows whose events may be among what Lambda gave up.
    pub(crate) ended: Vec<KeptRow>,
    /// Rows that a sweep took up not long ago and that Lambda has not given up since.
    pub(crate) in_work: Vec<String>,
    /// The error of the first row that could not be written, or of the queue. One bad row does not stop the sweep.
    pub(crate) first_error: Option<ReplayError>,
}

impl Replay {
    /// Reads all rows once, and then takes up those that Lambda gave up.
    ///
    /// # Errors
    /// [`ReplayError`] of the first failure, after all other work is done; the next sweep reads everything
    /// again.
    pub async fn sweep(
        &self,
        options: SweepOptions,
        deadline: SystemTime,
    ) -> Result<SweepSummary, ReplayError> {
        let (positions, received) = self.hold_positions(deadline).await;
        let mut sweep = Sweep {
            replay: self,
            dry_run: options.dry_run,
            deadline,
            horizon: positions.horizon(),
            positions,
            summary: SweepSummary { dry_run: options.dry_run, ..SweepSummary::default() },
            given_up: Vec::new(),
            ended: Vec::new(),
            in_work: Vec::new(),
            // Without the positions nothing counts as given up; everything else can be done.
            first_error: received.err(),
        };
        let passed = sweep.go_over_all_rows().await;
        if passed.is_ok() {
            sweep.take_up().await;
        }
        sweep.end(passed).await
    }
}

impl Sweep<'_> {
    async fn go_over_all_rows(&mut self) -> Result<(), ReplayError> {
        let mut from = None;
        loop {
            self.replay.check_time(self.deadline, MARGIN)?;
            let page = self.replay.upkeep.page(from).await?;
            self.go_over(page.rows).await;
            self.keep_hidden().await;
            from = page.next;
            if from.is_none() {
                return Ok(());
            }
        }
    }

    async fn go_over(&mut self, rows: Vec<KeptRow>) {
        let (replay, horizon, dry_run) = (self.replay, self.horizon, self.dry_run);
        let mut done = stream::iter(rows)
            .map(|row| {
                let span = spans::order(row.order.as_ref());
                replay.sweep_row(row, horizon, dry_run).instrument(span)
            })
            .buffer_unordered(AT_ONCE);
        while let Some(swept) = done.next().await {
            match swept {
                Ok(swept) => {
                    self.summary.count(&swept);
                    self.first_error = self.first_error.or(swept.error);
                    match swept.action {
                        Action::TakeUp => self.given_up.push(swept.row),
                        Action::Leave if horizon.is_some_and(|newest| may_be_untold(&swept.row, newest)) => {
                            self.ended.push(swept.row);
                        }
                        Action::InWork if is_taken_up(&swept.row, swept.now) => {
                            self.in_work.extend(swept.row.order.map(|order| order.to_string()));
                        }
                        _ => {}
                    }
                }
                Err(error) => {
                    self.first_error.get_or_insert(error);
                }
            }
        }
    }

    pub(crate) async fn keep_hidden(&mut self) {
        self.positions.keep_hidden(&self.replay.dead_letters, self.replay.now()).await;
    }

    /// A position is deleted only when all rows were read, no row at or below it is still given up, and the events of
    /// rows that ended at or below it are sent again.
    async fn end(mut self, passed: Result<(), ReplayError>) -> Result<SweepSummary, ReplayError> {
        let oldest = self.given_up.iter().filter_map(|row| row.armed_at).min();
        let is_settled = |horizon| oldest.is_none_or(|armed| armed > horizon);
        let mut may_settle = passed.is_ok() && !self.dry_run;
        if may_settle
            && let Some(newest) = self.positions.newest_settled(is_settled)
            && let Err(error) = self.have_events_sent_again(newest).await
        {
            may_settle = false;
            self.first_error.get_or_insert(error);
        }
        let Self { replay, dry_run, positions, mut summary, first_error, .. } = self;
        let is_settled = |horizon| may_settle && is_settled(horizon);
        let (settled, deleted) = positions.settle(&replay.dead_letters, is_settled).await;
        (summary.positions_settled, summary.positions_left) = (settled.settled, settled.left);
        passed?;
        if !dry_run {
            summary.record();
        }
        tracing::info!(?summary, "swept");
        match first_error {
            Some(error) => Err(error),
            None => deleted.map(|()| summary).map_err(ReplayError::from),
        }
    }
}

/// Whether the last arming was a sweep's, and so recent that it was the last sweep's.
fn is_taken_up(row: &KeptRow, now: Timestamp) -> bool {
    let is_recent = row.armed_at.is_some_and(|armed| armed.after(2 * order::SWEEP_PERIOD) > now);
    is_recent && (row.alone > 0 || !row.beside.is_empty())
}

impl Replay {
    async fn sweep_row(
        &self,
        row: KeptRow,
        horizon: Option<Timestamp>,
        dry_run: bool,
    ) -> Result<Swept, ReplayError> {
        // If it is not known whether the order's card was forgotten, the row is treated as any other, and the next sweep
        // looks again: a fault that stops orders from crossing must not stop others from being taken up.
        let (is_forgotten, error) = match self.is_forgotten(&row).await {
            Ok(is_forgotten) => (is_forgotten, None),
            Err(error) => (false, Some(error.into())),
        };
        let now = self.now();
        let mut action = decide(&row, Facts { horizon, is_forgotten, now }, &self.settings);
        // If the race was lost, nothing was written: the row continued without the sweep.
        if !dry_run && self.act(&row, action, now).await? == Written::LostRace {
            action = Action::Leave;
        }
        Ok(Swept { row, action, now, error })
    }

    /// Whether the card in a row came after the answer to its owner said that no card is left. The worker drops such
    /// a row when it processes it; but it may not reach KMS, or have parked the row.
    async fn is_forgotten(&self, row: &KeptRow) -> Result<bool, TableError> {
        match (&row.order, &row.owner) {
            (Some(order), Some(owner)) if row.status != Some(QuarantineStatus::Expired) => {
                self.orders.is_forgotten_for(order, owner).await
            }
            _ => Ok(false),
        }
    }

    /// Does what is to be done with a row, and logs it if it took effect.
    pub(crate) async fn act(
        &self,
        row: &KeptRow,
        action: Action,
        now: Timestamp,
    ) -> Result<Written, ReplayError> {
        let written = match action {
            Action::Leave | Action::InWork | Action::Wait | Action::TakeUp => return Ok(Written::Done),
            Action::Rearm(arming) => self.upkeep.rearm(row, arming, now).await?,
            Action::Park(reason) => {
                self.send_word(row, DeadLetterKind::Parked, Some(reason)).await?;
                self.upkeep.park(row, reason).await?
            }
            // A card that came too late or was refused is no loss, and nobody expects a dead letter about it.
            Action::Expire if row.is_ended() => {
                return Ok(self.upkeep.expire(row).await?);
            }
            Action::Expire => {
                self.send_word(row, DeadLetterKind::Expired, row.reason).await?;
                self.upkeep.expire(row).await?
            }
            Action::Forget => self.upkeep.forget(row).await?,
            Action::EndReplacement => self.upkeep.end_replacement(row).await?,
        };
        if written == Written::Done {
            match action {
                Action::Rearm(_) => Metric::Rearmed.record(),
                Action::Park(reason) => Metric::Parked(reason.code()).record(),
                Action::Expire => Metric::Expired.record(),
                Action::Forget => {
                    tracing::info!("removed a card, because the card of its order was forgotten");
                    Metric::Forgotten.record();
                }
                _ => {}
            }
            if matches!(action, Action::Park(_) | Action::Expire) {
                let order = row.order.as_ref().and_then(OrderId::shown);
                tracing::error!(order, ?action, "an order was left to the next sweep, because a call failed");
            }
        }
        Ok(written)
    }
}

struct Swept {
    row: KeptRow,
    action: Action,
    now: Timestamp,
    /// Of what could not be found out about it.
    error: Option<ReplayError>,
}

impl SweepSummary {
    fn count(&mut self, swept: &Swept) {
        let Swept { row, action, now, .. } = swept;
        self.rows += 1;
        // A card that came too late or was refused was removed, and a row that waits for a payment is not stuck.
        let is_ended = row.is_ended();
        let is_parked = row.status == Some(QuarantineStatus::Failed) && !is_ended;
        let counter = match action {
            Action::Leave => Some(&mut self.failed).filter(|_| is_parked),
            Action::InWork => Some(&mut self.in_work),
            Action::Wait => Some(&mut self.waiting),
            Action::TakeUp => Some(&mut self.given_up),
            Action::Rearm(_) => Some(&mut self.rearmed),
            Action::Park(_) => Some(&mut self.parked),
            Action::Expire => Some(&mut self.expired),
            Action::Forget => Some(&mut self.forgotten),
            Action::EndReplacement => Some(&mut self.not_replaced),
        };
        if let Some(counter) = counter {
            *counter += 1;
        }
        if row.status != Some(QuarantineStatus::Expired)
            && !is_ended
            && row.arm_after.is_none()
            && let Some(since) = row.accepted_at.or(row.armed_at)
        {
            let age = now.epoch_seconds().saturating_sub(since.epoch_seconds());
            self.oldest_seconds = self.oldest_seconds.max(age);
        }
    }
}

#[cfg(test)]
mod tests {
    use order::{Arming, FailureReason};

    use super::*;
    use crate::rules::tests::row;

    const ACCEPTED: u64 = 1_000_000;

    fn count(rows: impl IntoIterator<Item = (KeptRow, Action, u64)>) -> SweepSummary {
        let mut summary = SweepSummary::default();
        for (row, action, seconds) in rows {
            let now = Timestamp::of_epoch_seconds(ACCEPTED + seconds);
            summary.count(&Swept { row, action, now, error: None });
        }
        summary
    }

    #[test]
    fn each_row_counts_as_what_was_done_with_it() {
        let (pending, failed) = (row(Some(QuarantineStatus::Pending)), row(Some(QuarantineStatus::Failed)));
        let refused = KeptRow { reason: Some(FailureReason::CardNotReplaced), ..failed.clone() };
        assert!(refused.is_ended());
        let all = SweepSummary { rows: 1, oldest_seconds: 9, ..SweepSummary::default() };
        for (row, action, expected) in [
            (&pending, Action::InWork, SweepSummary { in_work: 1, ..all.clone() }),
            (&pending, Action::Wait, SweepSummary { waiting: 1, ..all.clone() }),
            (&pending, Action::TakeUp, SweepSummary { given_up: 1, ..all.clone() }),
            (&pending, Action::Rearm(Arming::Lost), SweepSummary { rearmed: 1, ..all.clone() }),
            (&pending, Action::Park(FailureReason::Malformed), SweepSummary { parked: 1, ..all.clone() }),
            (&pending, Action::Expire, SweepSummary { expired: 1, ..all.clone() }),
            (&pending, Action::Forget, SweepSummary { forgotten: 1, ..all.clone() }),
            (&pending, Action::EndReplacement, SweepSummary { not_replaced: 1, ..all.clone() }),
            (&pending, Action::Leave, all.clone()),
            (&failed, Action::Leave, SweepSummary { failed: 1, ..all.clone() }),
            (&refused, Action::Leave, SweepSummary { oldest_seconds: 0, ..all.clone() }),
        ] {
            assert_eq!(count([(row.clone(), action, 9)]), expected, "{action:?}");
        }
        let two = count([(failed.clone(), Action::Leave, 0), (failed, Action::Leave, 0)]);
        assert_eq!((two.rows, two.failed), (2, 2));
    }

    #[test]
    fn the_oldest_order_is_one_that_should_have_gone_on() {
        let pending = row(Some(QuarantineStatus::Pending));
        let leave = |row: &KeptRow, seconds| (row.clone(), Action::Leave, seconds);
        assert_eq!(count([leave(&pending, 100), leave(&pending, 50)]).oldest_seconds, 100);
        let expired = row(Some(QuarantineStatus::Expired));
        let waiting = KeptRow { arm_after: Some(Timestamp::of_epoch_seconds(ACCEPTED)), ..pending.clone() };
        assert_eq!(count([leave(&expired, 100), leave(&waiting, 100)]).oldest_seconds, 0);
        let without_a_time = KeptRow { accepted_at: None, ..pending.clone() };
        assert_eq!(count([leave(&without_a_time, 7)]).oldest_seconds, 7, "when it was armed");
    }
}
