//! The replay: reads the dead-letter queue and re-arms parked rows. A message says only where to look; the row
//! decides. A message is deleted once its orders are re-armed or known to be done.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, SystemTime},
};

use futures::{StreamExt, stream};
use order::{
    Arming, DeadLetterMessage, FailureReason, KeptRow, OrderId, QuarantineStatus, TableError, Timestamp,
    Written,
};
use platform::{metrics::Metric, spans};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use crate::{AT_ONCE, CLOCK_SKEW, Replay, ReplayError, inbox::Word, positions::show, rules::may_be_untold};

/// How long a received message stays hidden: longer than a replay may take (15 min).
const HIDDEN: Duration = Duration::from_secs(20 * 60);

/// The time that is kept to make messages visible again, when the time is over.
const TO_PUT_BACK: Duration = Duration::from_secs(30);

/// The most messages taken in one replay.
const MOST_MESSAGES: usize = 10_000;

/// What an operator wants to replay: everything, if nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Selection {
    /// Change nothing, and report what would be done.
    pub dry_run: bool,
    /// Re-arm at most this many orders.
    pub max: Option<u64>,
    /// Only orders that failed for this reason.
    pub reason: Option<FailureReason>,
    /// Only this order.
    pub order: Option<OrderId>,
}

/// What a replay did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplaySummary {
    /// Nothing was changed: the numbers say what would be done.
    pub dry_run: bool,
    /// Orders re-armed.
    pub rearmed: u64,
    /// Of them, those that were parked, by the reason: what was wrong then must be right by now.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rearmed_reasons: BTreeMap<FailureReason, u64>,
    /// Orders that messages named and that are across already.
    pub already_tokenized: u64,
    /// Orders that messages named and that are in no table, or expired.
    pub gone: u64,
    /// Orders that stay parked: not selected, or beyond the maximum.
    pub still_failing: u64,
    /// Messages of the queue that were settled and deleted.
    pub messages_settled: u64,
    /// Messages of the queue that stay.
    pub messages_left: u64,
    /// Messages that were not looked at, because they are not about the order that was asked for, or because another
    /// replay has them and nobody can tell.
    #[serde(skip_serializing_if = "is_zero")]
    pub messages_not_asked: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl ReplaySummary {
    /// Whether anything is left that another replay could fix.
    #[must_use]
    pub fn is_anything_left(&self) -> bool {
        let undone = if self.dry_run { self.rearmed + self.messages_settled } else { 0 };
        self.still_failing + self.messages_left + undone > 0
    }
}

/// The result for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowOutcome {
    /// It was re-armed.
    Rearmed,
    /// Somebody else changed it at the same moment: crossed, re-armed or parked.
    Unclear,
    /// It stays parked.
    StaysParked,
    /// Its card was removed, or is about to be: it cannot cross.
    Ended,
}

impl Replay {
    /// Replays what is selected.
    ///
    /// # Errors
    /// [`ReplayError`]; messages that were received are made visible again, and another replay continues.
    pub async fn replay(
        &self,
        selection: &Selection,
        deadline: SystemTime,
    ) -> Result<ReplaySummary, ReplayError> {
        let (messages, received) = self.receive_all(deadline).await;
        let outcome = match received {
            Ok(()) => self.replay_with(selection, &messages, deadline).await,
            Err(error) => Err(error),
        };
        match &outcome {
            Ok(summary) => tracing::info!(?summary, "replayed"),
            // The next replay is to find them at once. For a message that is deleted already, this does nothing.
            Err(_) => {
                show(&self.dead_letters, messages.into_iter().map(|(message, _)| message).collect()).await
            }
        }
        outcome
    }

    async fn replay_with(
        &self,
        selection: &Selection,
        messages: &[(DeadLetterMessage, Word)],
        deadline: SystemTime,
    ) -> Result<ReplaySummary, ReplayError> {
        // Another replay has hidden these messages, or did so before it was stopped: they become visible by themselves.
        let elsewhere = self.dead_letters.count().await?.saturating_sub(messages.len() as u64);
        let horizon = messages.iter().filter_map(|(_, word)| match word {
            Word::ArmedUpTo(time) => Some(time.after(CLOCK_SKEW)),
            _ => None,
        });
        let mut run = Run {
            selection,
            horizon: horizon.max(),
            summary: match selection.order {
                Some(_) => ReplaySummary { messages_not_asked: elsewhere, ..ReplaySummary::default() },
                None => ReplaySummary { messages_left: elsewhere, ..ReplaySummary::default() },
            },
            outcomes: HashMap::new(),
            chosen: 0,
            cut_short: false,
            first_error: None,
        };
        run.summary.dry_run = selection.dry_run;
        let named = messages.iter().filter_map(|(_, word)| match word {
            Word::Order(order) => Some(order.clone()),
            _ => None,
        });
        let named: HashSet<_> = named.collect();
        self.go_over_rows(&mut run, &named, deadline).await?;
        if let Some(error) = run.first_error {
            return Err(error.into());
        }
        self.settle(&mut run, messages).await?;
        Ok(run.summary)
    }

    /// Those that were received before the queue failed, or the time was over, are given too.
    async fn receive_all(
        &self,
        deadline: SystemTime,
    ) -> (Vec<(DeadLetterMessage, Word)>, Result<(), ReplayError>) {
        let mut all = Vec::new();
        while all.len() < MOST_MESSAGES {
            let some = match self.check_time(deadline, TO_PUT_BACK) {
                Ok(()) => self.dead_letters.receive(HIDDEN).await.map_err(ReplayError::from),
                Err(error) => Err(error),
            };
            match some {
                Ok(some) if some.is_empty() => break,
                Ok(some) => all.extend(some.into_iter().map(|message| {
                    let word = Word::of(&message.body);
                    (message, word)
                })),
                Err(error) => return (all, Err(error)),
            }
        }
        (all, Ok(()))
    }

    async fn go_over_rows(
        &self,
        run: &mut Run<'_>,
        named: &HashSet<OrderId>,
        deadline: SystemTime,
    ) -> Result<(), ReplayError> {
        if let Some(order) = &run.selection.order {
            let row = self.upkeep.row(order.as_str()).await?;
            return self.go_over(run, row.into_iter().collect(), named).await;
        }
        let mut from = None;
        loop {
            self.check_time(deadline, TO_PUT_BACK)?;
            let page = self.upkeep.page(from).await?;
            self.go_over(run, page.rows, named).await?;
            from = page.next;
            if from.is_none() {
                return Ok(());
            }
        }
    }

    async fn go_over(
        &self,
        run: &mut Run<'_>,
        rows: Vec<KeptRow>,
        named: &HashSet<OrderId>,
    ) -> Result<(), ReplayError> {
        let (now, dry_run, horizon) = (self.now(), run.selection.dry_run, run.horizon);
        let chosen = rows.into_iter().map(|row| {
            let is_named = row.order.as_ref().is_some_and(|order| named.contains(order));
            (run.choose(&row, is_named, now), row)
        });
        let chosen: Vec<_> = chosen.collect();
        let mut done = stream::iter(chosen)
            .map(|(choice, row)| {
                let span = spans::order(row.order.as_ref());
                let rearming = async move {
                    let outcome = match choice {
                        Choice::Rearm if dry_run => Ok(Written::Done),
                        Choice::Rearm => self.upkeep.rearm(&row, Arming::Replayed, now).await,
                        // Its event may be among what Lambda gave up, and the position is deleted.
                        Choice::Ended
                            if !dry_run && horizon.is_some_and(|newest| may_be_untold(&row, newest)) =>
                        {
                            self.upkeep.have_event_sent_again(&row).await
                        }
                        _ => Ok(Written::LostRace),
                    };
                    (choice, outcome, row)
                };
                rearming.instrument(span)
            })
            .buffer_unordered(AT_ONCE);
        while let Some((choice, outcome, row)) = done.next().await {
            let outcome = match (choice, outcome) {
                (Choice::Rearm, Ok(Written::Done)) => RowOutcome::Rearmed,
                // Somebody else changed the row: it was re-armed, crossed or was parked.
                (Choice::Rearm, Ok(Written::LostRace)) | (Choice::Pending, _) => RowOutcome::Unclear,
                (Choice::Ended, outcome) => {
                    if let Err(error) = outcome {
                        run.first_error.get_or_insert(error);
                    }
                    RowOutcome::Ended
                }
                (Choice::Leave, _) => RowOutcome::StaysParked,
                // One bad row must not keep the others from being re-armed.
                (Choice::Rearm, Err(error)) => {
                    run.first_error = run.first_error.or(Some(error));
                    RowOutcome::StaysParked
                }
            };
            if outcome == RowOutcome::Rearmed {
                run.summary.rearmed += 1;
                if let Some(reason) = row.reason.filter(|_| row.status == Some(QuarantineStatus::Failed)) {
                    *run.summary.rearmed_reasons.entry(reason).or_default() += 1;
                }
                if !dry_run {
                    Metric::Rearmed.record();
                }
            }
            run.summary.still_failing += u64::from(outcome == RowOutcome::StaysParked);
            if let Some(order) = row.order.filter(|order| named.contains(order)) {
                run.outcomes.insert(order, outcome);
            }
        }
        Ok(())
    }

    async fn settle(
        &self,
        run: &mut Run<'_>,
        messages: &[(DeadLetterMessage, Word)],
    ) -> Result<(), ReplayError> {
        let mut counted = HashSet::new();
        let mut verdicts = Vec::with_capacity(messages.len());
        for (message, word) in messages {
            let verdict = match word {
                Word::Order(order) => self.verdict(run, order, &mut counted).await?,
                // All rows have been read, unless the selection was narrower.
                Word::ArmedUpTo(_) | Word::Nameless if run.selection.order.is_some() => Verdict::NotAsked,
                Word::ArmedUpTo(_) | Word::Nameless if run.is_whole() => Verdict::Settled,
                Word::ArmedUpTo(_) | Word::Nameless | Word::Unknown => Verdict::Left,
            };
            run.summary.messages_settled += u64::from(verdict == Verdict::Settled);
            run.summary.messages_left += u64::from(verdict == Verdict::Left);
            run.summary.messages_not_asked += u64::from(verdict == Verdict::NotAsked);
            verdicts.push((message.clone(), verdict == Verdict::Settled && !run.selection.dry_run));
        }
        let mut done = stream::iter(verdicts)
            .map(|(message, delete)| async move {
                if delete {
                    return self.dead_letters.delete(&message).await;
                }
                self.dead_letters.put_back(&message).await;
                Ok(())
            })
            .buffer_unordered(AT_ONCE);
        while let Some(deleted) = done.next().await {
            deleted?;
        }
        Ok(())
    }

    async fn verdict(
        &self,
        run: &mut Run<'_>,
        order: &OrderId,
        counted: &mut HashSet<OrderId>,
    ) -> Result<Verdict, ReplayError> {
        if run.selection.order.as_ref().is_some_and(|selected| selected != order) {
            return Ok(Verdict::NotAsked);
        }
        let outcome = run.outcomes.get(order).copied();
        match outcome {
            Some(RowOutcome::Rearmed) => return Ok(Verdict::Settled),
            Some(RowOutcome::StaysParked | RowOutcome::Unclear) => return Ok(Verdict::Left),
            Some(RowOutcome::Ended) | None => {}
        }
        if counted.insert(order.clone()) {
            // No row in quarantine: the order is across, or it is lost.
            let acceptance = self.orders.acceptance(order).instrument(spans::order(Some(order)));
            if outcome.is_none() && acceptance.await?.is_some() {
                run.summary.already_tokenized += 1;
            } else {
                run.summary.gone += 1;
            }
        }
        Ok(Verdict::Settled)
    }
}

/// What is to be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Rearm,
    Pending,
    Ended,
    Leave,
}

/// What is to be done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Settled,
    Left,
    NotAsked,
}

struct Run<'a> {
    selection: &'a Selection,
    /// Rows armed up to then may be stuck.
    horizon: Option<Timestamp>,
    summary: ReplaySummary,
    /// Of the orders that messages name.
    outcomes: HashMap<OrderId, RowOutcome>,
    chosen: u64,
    cut_short: bool,
    /// Of the first row that could not be written.
    first_error: Option<TableError>,
}

impl Run<'_> {
    /// Whether every row that could be stuck was chosen.
    fn is_whole(&self) -> bool {
        self.selection.reason.is_none() && self.selection.order.is_none() && !self.cut_short
    }

    /// Rows count against the maximum when they are chosen, so it holds for rows written at once too.
    /// A pending row that a message names is about to be parked, or was re-armed by a replay that could not delete
    /// the message: re-arming it settles both.
    fn choose(&mut self, row: &KeptRow, is_named: bool, now: Timestamp) -> Choice {
        let overdue = row.deadline.is_some_and(|deadline| deadline <= now.epoch_seconds());
        let choice = match row.status {
            Some(QuarantineStatus::Expired) => Choice::Ended,
            // The sweep is about to expire it.
            Some(_) if overdue => Choice::Ended,
            // A card that came too late or was refused: it was removed, and nothing is to be done.
            Some(QuarantineStatus::Failed) if row.is_ended() => Choice::Ended,
            Some(QuarantineStatus::Pending) if self.may_be_stuck(row, is_named) => Choice::Rearm,
            Some(QuarantineStatus::Pending) => Choice::Pending,
            Some(QuarantineStatus::Failed) if self.is_selected(row) => Choice::Rearm,
            Some(QuarantineStatus::Failed) | None => Choice::Leave,
        };
        if choice == Choice::Rearm {
            if self.selection.max.is_some_and(|max| self.chosen >= max) {
                self.cut_short = true;
                return Choice::Leave;
            }
            self.chosen += 1;
        }
        choice
    }

    fn may_be_stuck(&self, row: &KeptRow, is_named: bool) -> bool {
        let armed_before = |horizon| row.armed_at.is_none_or(|armed| armed <= horizon);
        let is_asked_for = is_named || self.selection.order.is_some();
        // A row that waits for a payment continues by itself.
        let is_waiting = row.arm_after.is_some();
        !is_waiting
            && self.selection.reason.is_none()
            && (is_asked_for || self.horizon.is_some_and(armed_before))
    }

    fn is_selected(&self, row: &KeptRow) -> bool {
        self.selection.reason.is_none_or(|reason| row.reason == Some(reason))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::tests::row;

    #[test]
    fn another_replay_is_worth_it_while_orders_or_messages_are_left_or_nothing_was_done_yet() {
        let none = ReplaySummary::default();
        let done =
            ReplaySummary { rearmed: 1, messages_settled: 1, already_tokenized: 1, gone: 1, ..none.clone() };
        assert!(!none.is_anything_left() && !done.is_anything_left());
        let only_planned = ReplaySummary { dry_run: true, ..none.clone() };
        assert!(!only_planned.is_anything_left());
        for left in [
            ReplaySummary { still_failing: 1, ..done.clone() },
            ReplaySummary { messages_left: 1, ..done.clone() },
            ReplaySummary { still_failing: 1, messages_left: 1, ..only_planned.clone() },
            ReplaySummary { rearmed: 1, ..only_planned.clone() },
            ReplaySummary { messages_settled: 1, ..only_planned.clone() },
            ReplaySummary { messages_settled: 1, rearmed: 1, ..only_planned.clone() },
        ] {
            assert!(left.is_anything_left(), "{left:?}");
        }
    }

    #[test]
    fn messages_that_were_not_asked_are_told_when_there_are_some() {
        let summary = |messages_not_asked| ReplaySummary { messages_not_asked, ..ReplaySummary::default() };
        let shown = serde_json::to_value(summary(0)).unwrap();
        assert_eq!(shown.get("messagesNotAsked"), None);
        assert_eq!(serde_json::to_value(summary(2)).unwrap()["messagesNotAsked"], json!(2));
    }

    /// When the rules' rows are armed, and when they expire.
    const ARMED: u64 = 1_000_000;
    const DEADLINE: u64 = ARMED + 72 * 60 * 60;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::of_epoch_seconds(seconds)
    }

    fn run(selection: &Selection, horizon: Option<u64>) -> Run<'_> {
        Run {
            selection,
            horizon: horizon.map(at),
            summary: ReplaySummary::default(),
            outcomes: HashMap::new(),
            chosen: 0,
            cut_short: false,
            first_error: None,
        }
    }

    fn failed(reason: FailureReason) -> KeptRow {
        KeptRow { reason: Some(reason), ..row(Some(QuarantineStatus::Failed)) }
    }

    #[test]
    fn a_row_is_armed_where_it_failed_or_may_be_stuck_and_not_where_it_ended_or_goes_on_by_itself() {
        let pending = row(Some(QuarantineStatus::Pending));
        let waiting = KeptRow { arm_after: Some(at(ARMED)), ..pending.clone() };
        let without_time = KeptRow { armed_at: None, ..pending.clone() };
        let (lost, refused) = (failed(FailureReason::EnvelopeRefused), failed(FailureReason::CardRefused));
        let (expired, unreadable) = (row(Some(QuarantineStatus::Expired)), row(None));
        let everything = Selection::default();
        for (row, horizon, is_named, expected) in [
            (&pending, None, false, Choice::Pending),
            (&pending, None, true, Choice::Rearm),
            (&pending, Some(ARMED - 1), false, Choice::Pending),
            (&pending, Some(ARMED), false, Choice::Rearm),
            (&without_time, None, false, Choice::Pending),
            (&without_time, Some(ARMED - 1), false, Choice::Rearm),
            (&waiting, Some(ARMED), true, Choice::Pending),
            (&lost, None, false, Choice::Rearm),
            (&refused, Some(ARMED), true, Choice::Ended),
            (&expired, Some(ARMED), true, Choice::Ended),
            (&unreadable, Some(ARMED), true, Choice::Leave),
        ] {
            let choice = run(&everything, horizon).choose(row, is_named, at(DEADLINE - 1));
            assert_eq!(choice, expected, "{row:?} {horizon:?} {is_named}");
        }
        for overdue in [&pending, &waiting, &lost] {
            let choice = run(&everything, Some(ARMED)).choose(overdue, true, at(DEADLINE));
            assert_eq!(choice, Choice::Ended, "the sweep is about to expire it: {overdue:?}");
        }
    }

    #[test]
    fn a_narrower_replay_arms_what_it_selects_and_is_not_whole() {
        let (lost, pending) = (failed(FailureReason::EnvelopeRefused), row(Some(QuarantineStatus::Pending)));
        let everything = Selection::default();
        assert!(run(&everything, None).is_whole());
        for (reason, expected) in
            [(FailureReason::EnvelopeRefused, Choice::Rearm), (FailureReason::Malformed, Choice::Leave)]
        {
            let selection = Selection { reason: Some(reason), ..Selection::default() };
            let mut narrow = run(&selection, Some(ARMED));
            assert_eq!(narrow.choose(&lost, true, at(ARMED)), expected);
            // It has not failed for any reason.
            assert_eq!(narrow.choose(&pending, true, at(ARMED)), Choice::Pending);
            assert!(!narrow.is_whole());
        }
        let two = Selection { max: Some(2), ..Selection::default() };
        let mut limited = run(&two, None);
        for (expected, is_whole) in [(Choice::Rearm, true), (Choice::Rearm, true), (Choice::Leave, false)] {
            assert_eq!(limited.choose(&lost, false, at(ARMED)), expected);
            assert_eq!(limited.is_whole(), is_whole);
        }
        let one = Selection { order: OrderId::stored("1"), ..Selection::default() };
        let mut asked_for = run(&one, None);
        assert_eq!(asked_for.choose(&pending, false, at(ARMED)), Choice::Rearm, "whatever was given up");
        assert!(!asked_for.is_whole());
    }
}
