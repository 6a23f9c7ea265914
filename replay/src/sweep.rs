//! The sweep: finds what stream and retries have lost, what Lambda has given up, and what has been in quarantine too
//! long.

use std::time::SystemTime;

use futures::{StreamExt, stream};
use order::{Arming, DeadLetterKind, FailureReason, KeptRow, OrderId, QuarantineStatus, Timestamp, Written};
use platform::{deadline::MARGIN, metrics::Metric, spans};
use serde::Deserialize;
use tracing::Instrument;

use crate::{AT_ONCE, Replay, ReplayError, Settings, positions::Positions, summary::SweepSummary};

/// How a sweep is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SweepOptions {
    /// Change nothing, tell what would be done.
    pub dry_run: bool,
}

/// What is to be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It is parked or expired, and stays so.
    Leave,
    /// It is with stream and worker.
    InWork,
    /// It waits for a payment.
    Wait,
    /// Lambda gave it up: it is for the take-up to say when it is armed again.
    TakeUp,
    Rearm(Arming<'static>),
    Park(FailureReason),
    Expire,
    /// A card that waited for a payment until its deadline.
    EndReplacement,
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
    /// Rows that a sweep took up not long ago and that Lambda has not given up since.
    pub(crate) in_work: Vec<String>,
    /// Of the first row that could not be written, or of the queue. One bad row keeps no other from being swept.
    pub(crate) first_error: Option<ReplayError>,
}

impl Replay {
    /// Goes over all rows once, and then takes up what Lambda gave up.
    ///
    /// # Errors
    /// [`ReplayError`] of the first thing that failed, once all else is done; the next sweep goes over everything
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
                    match swept.action {
                        Action::TakeUp => self.given_up.push(swept.row),
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

    /// A position goes only when all rows were seen, and none at or below it is left given up.
    async fn end(self, passed: Result<(), ReplayError>) -> Result<SweepSummary, ReplayError> {
        let Self { replay, dry_run, positions, mut summary, given_up, first_error, .. } = self;
        let may_settle = passed.is_ok() && !dry_run;
        let oldest = given_up.iter().filter_map(|row| row.armed_at).min();
        let is_settled = |horizon| may_settle && oldest.is_none_or(|armed| armed > horizon);
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
        let now = self.now();
        let mut action = decide(&row, horizon, now, &self.settings);
        // Who lost the race did nothing: the row went on without the sweep.
        if !dry_run && self.act(&row, action, now).await? == Written::LostRace {
            action = Action::Leave;
        }
        Ok(Swept { row, action, now })
    }

    /// Does what is to be done with a row, and says so where it took effect.
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
            // Of a card that came too late, nothing is lost, and nobody waits for word of it.
            Action::Expire if row.reason == Some(FailureReason::CardNotReplaced) => {
                return Ok(self.upkeep.expire(row).await?);
            }
            Action::Expire => {
                self.send_word(row, DeadLetterKind::Expired, row.reason).await?;
                self.upkeep.expire(row).await?
            }
            Action::EndReplacement => self.upkeep.end_replacement(row).await?,
        };
        if written == Written::Done {
            match action {
                Action::Rearm(_) => Metric::Rearmed.record(),
                Action::Park(reason) => Metric::Parked(reason.code()).record(),
                Action::Expire => Metric::Expired.record(),
                _ => {}
            }
            if matches!(action, Action::Park(_) | Action::Expire) {
                let order = row.order.as_ref().and_then(OrderId::shown);
                tracing::error!(order, ?action, "an order could not be carried across");
            }
        }
        Ok(written)
    }
}

struct Swept {
    row: KeptRow,
    action: Action,
    now: Timestamp,
}

impl SweepSummary {
    fn count(&mut self, swept: &Swept) {
        let Swept { row, action, now } = swept;
        self.rows += 1;
        // Nothing is left of a card that came too late, and one that waits for a payment is stuck nowhere.
        let is_ended = row.reason == Some(FailureReason::CardNotReplaced);
        let is_parked = row.status == Some(QuarantineStatus::Failed) && !is_ended;
        let counter = match action {
            Action::Leave => Some(&mut self.failed).filter(|_| is_parked),
            Action::InWork => Some(&mut self.in_work),
            Action::Wait => Some(&mut self.waiting),
            Action::TakeUp => Some(&mut self.given_up),
            Action::Rearm(_) => Some(&mut self.rearmed),
            Action::Park(_) => Some(&mut self.parked),
            Action::Expire => Some(&mut self.expired),
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

/// The rules, in their order: past its deadline a row expires, whatever it is; a row that no worker would take up is
/// parked; one that waits for a payment waits; one that Lambda gave up is taken up; and one above every position is
/// armed again once Lambda can no longer be retrying it.
pub(crate) fn decide(
    row: &KeptRow,
    horizon: Option<Timestamp>,
    now: Timestamp,
    settings: &Settings,
) -> Action {
    let is_overdue = row.deadline.is_some_and(|deadline| deadline <= now.epoch_seconds());
    match row.status {
        Some(QuarantineStatus::Expired) => Action::Leave,
        Some(QuarantineStatus::Pending) if is_overdue && row.arm_after.is_some() => Action::EndReplacement,
        _ if is_overdue => Action::Expire,
        Some(QuarantineStatus::Failed) => Action::Leave,
        Some(QuarantineStatus::Pending) if is_whole(row) => decide_pending(row, horizon, now, settings),
        Some(QuarantineStatus::Pending) | None => Action::Park(FailureReason::Malformed),
    }
}

fn is_whole(row: &KeptRow) -> bool {
    row.order.is_some()
        && row.acceptance.is_some()
        && row.deadline.is_some()
        && row.attempt.is_some()
        && row.armed_at.is_some()
}

fn decide_pending(row: &KeptRow, horizon: Option<Timestamp>, now: Timestamp, settings: &Settings) -> Action {
    match (row.arm_after, row.armed_at) {
        (Some(time), _) if time > now => Action::Wait,
        (Some(_), _) => Action::Rearm(Arming::Waited),
        (None, Some(armed)) if horizon.is_some_and(|horizon| armed <= horizon) => Action::TakeUp,
        (None, Some(armed)) if armed.after(settings.rearm_after) > now => Action::InWork,
        (None, _) if is_exhausted(row, now, settings) => Action::Park(FailureReason::AttemptsExhausted),
        (None, _) => Action::Rearm(Arming::Lost),
    }
}

/// Whether a row was tried for so long that it is parked in place of being armed once more.
pub(crate) fn is_exhausted(row: &KeptRow, now: Timestamp, settings: &Settings) -> bool {
    row.first_armed_at().is_some_and(|first| first.after(settings.exhausted_after) <= now)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, time::Duration};

    use aws_sdk_dynamodb::types::AttributeValue;
    use order::RowVersion;

    use super::*;

    const ARMED: u64 = 1_000_000;
    const HOUR: u64 = 60 * 60;
    const DEADLINE: u64 = ARMED + 72 * HOUR;

    fn row(status: Option<QuarantineStatus>) -> KeptRow {
        KeptRow {
            key: AttributeValue::S("1".into()),
            version: RowVersion::of(&HashMap::new()),
            order: OrderId::stored("1"),
            acceptance: Some(uuid::Uuid::nil()),
            status,
            reason: None,
            attempt: Some(1),
            accepted_at: Some(at(ARMED)),
            armed_at: Some(at(ARMED)),
            first_armed_at: None,
            arm_after: None,
            taken_up: 0,
            beside: Vec::new(),
            alone: 0,
            suspected: 0,
            deadline: Some(DEADLINE),
        }
    }

    fn pending() -> KeptRow {
        row(Some(QuarantineStatus::Pending))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::of_epoch_seconds(seconds)
    }

    fn action_below(row: &KeptRow, horizon: Option<u64>, seconds: u64) -> Action {
        let settings = Settings {
            quarantine_table: String::new(),
            order_table: String::new(),
            dead_letter_queue_url: String::new(),
            rearm_after: Duration::from_secs(75 * 60),
            exhausted_after: Duration::from_secs(48 * HOUR),
        };
        decide(row, horizon.map(at), at(seconds), &settings)
    }

    fn action(row: &KeptRow, seconds: u64) -> Action {
        action_below(row, None, seconds)
    }

    #[test]
    fn a_row_above_every_position_is_left_until_lambda_can_no_longer_be_retrying_it() {
        for horizon in [None, Some(ARMED - 1)] {
            let action = |seconds| action_below(&pending(), horizon, seconds);
            assert_eq!(action(ARMED), Action::InWork);
            assert_eq!(action(ARMED + 75 * 60 - 1), Action::InWork);
            assert_eq!(action(ARMED + 75 * 60), Action::Rearm(Arming::Lost));
            assert_eq!(action(ARMED + 48 * HOUR - 1), Action::Rearm(Arming::Lost));
        }
    }

    #[test]
    fn a_row_at_or_below_a_position_was_given_up_however_long_ago() {
        for seconds in [ARMED, ARMED + 75 * 60, ARMED + 48 * HOUR, DEADLINE - 1] {
            for horizon in [ARMED, ARMED + 1] {
                assert_eq!(action_below(&pending(), Some(horizon), seconds), Action::TakeUp);
            }
        }
    }

    #[test]
    fn a_lost_row_is_parked_two_days_after_it_was_armed_first() {
        let parked = Action::Park(FailureReason::AttemptsExhausted);
        assert_eq!(action(&pending(), ARMED + 48 * HOUR), parked);
        let first = |seconds| KeptRow { first_armed_at: Some(at(seconds)), attempt: Some(999), ..pending() };
        assert_eq!(action(&first(ARMED - 46 * HOUR), ARMED + 2 * HOUR), parked);
        assert_eq!(action(&first(ARMED - 46 * HOUR), ARMED + 2 * HOUR - 1), Action::Rearm(Arming::Lost));
        assert_eq!(action(&first(ARMED - 60 * HOUR), ARMED), Action::InWork, "it is not to be armed now");
    }

    #[test]
    fn a_row_that_waits_for_a_payment_is_neither_given_up_nor_lost_nor_out_of_time() {
        let waiting = |until| KeptRow { arm_after: Some(at(until)), ..pending() };
        let horizon = Some(ARMED + 60);
        assert_eq!(action_below(&waiting(ARMED + 120), horizon, ARMED + 119), Action::Wait);
        assert_eq!(action_below(&waiting(ARMED + 120), horizon, ARMED + 120), Action::Rearm(Arming::Waited));
        assert_eq!(action(&waiting(ARMED + 50 * HOUR), ARMED + 49 * HOUR), Action::Wait);
        assert_eq!(action(&waiting(ARMED + 50 * HOUR), ARMED + 51 * HOUR), Action::Rearm(Arming::Waited));
        assert_eq!(action(&waiting(ARMED + 50 * HOUR), DEADLINE - 1), Action::Rearm(Arming::Waited));
        assert_eq!(action(&waiting(ARMED + 50 * HOUR), DEADLINE), Action::EndReplacement);
    }

    #[test]
    fn past_its_deadline_a_row_expires_whatever_it_is() {
        for status in [Some(QuarantineStatus::Pending), Some(QuarantineStatus::Failed), None] {
            assert_eq!(action_below(&row(status), Some(ARMED), DEADLINE), Action::Expire, "{status:?}");
        }
        assert_eq!(action(&row(Some(QuarantineStatus::Expired)), DEADLINE), Action::Leave);
    }

    #[test]
    fn a_failed_row_waits_for_a_replay() {
        let failed = row(Some(QuarantineStatus::Failed));
        assert_eq!(action_below(&failed, Some(ARMED), DEADLINE - 1), Action::Leave);
    }

    #[test]
    fn a_row_that_no_worker_would_take_up_is_parked_at_once() {
        let malformed = Action::Park(FailureReason::Malformed);
        assert_eq!(action(&row(None), ARMED), malformed);
        for broken in [
            KeptRow { order: None, ..pending() },
            KeptRow { acceptance: None, ..pending() },
            KeptRow { attempt: None, ..pending() },
            KeptRow { armed_at: None, ..pending() },
            KeptRow { deadline: None, ..pending() },
        ] {
            assert_eq!(action(&broken, ARMED), malformed, "{broken:?}");
            assert_eq!(action_below(&broken, Some(ARMED), ARMED), malformed, "{broken:?}");
        }
    }
}
