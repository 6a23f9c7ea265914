//! Taking up what Lambda gave up. An outage may still last, so a few rows are tried first; and one row may crash the
//! worker, so a row that fails when others do not is tried alone, and less and less often.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures::{StreamExt, stream};
use order::{Arming, FailureReason, KeptRow, QuarantineStatus, Written, suspect_delay};
use platform::{deadline::MARGIN, metrics::Metric, spans};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    AT_ONCE, Replay, ReplayError,
    rules::{Action, is_exhausted},
    sweep::Sweep,
};

/// How many rows are tried before all others, and how many are stored in `TakenUpBeside`.
const PROBES: usize = 3;

/// How long a row that was armed again is watched: the worker needs a second or two, and more after a full batch.
pub(crate) const WATCHED: Duration = Duration::from_secs(30);

/// How often it is read meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many rows the portions after the probes have: each ten times as many as the one before.
fn portions() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(100), |size: &usize| Some(size.saturating_mul(10)))
}

/// How many rows of a portion are watched: it is enough that one of them leaves PENDING.
const WATCHED_ROWS: usize = 100;

/// A row that was given up so often in succession, with no other row to compare it with, is suspected.
const TIMES_ALONE: u32 = 3;

/// A row that Lambda gave up.
#[derive(Debug)]
struct GivenUp {
    row: KeptRow,
    /// How often it was suspected of crashing the worker, this time included.
    suspected: u32,
}

/// A row that was armed again.
#[derive(Debug)]
struct Armed {
    order: String,
    acceptance: Option<Uuid>,
}

impl Sweep<'_> {
    /// Arms the rows that were given up, as long as they leave PENDING. The rest waits for the next sweep.
    pub(crate) async fn take_up(&mut self) {
        let mut rows = std::mem::take(&mut self.given_up);
        // Oldest first; each sort below keeps that among rows that are equal to it.
        rows.sort_by_key(|row| row.accepted_at.or(row.armed_at));
        let (mut suspects, mut others): (Vec<_>, Vec<_>) =
            self.judge(rows).await.into_iter().partition(|given_up| given_up.suspected > 0);
        self.summary.suspected = suspects.len() as u64;
        suspects.sort_by_key(|given_up| given_up.row.taken_up);

        let mut beside: Vec<String> = self.in_work.iter().take(PROBES).cloned().collect();
        let has_others = !others.is_empty();
        if beside.is_empty() && has_others {
            beside = self.probe(&mut others).await;
        }
        let mut is_working = !beside.is_empty();
        if is_working {
            is_working = self.take_up_in_portions(&mut others, &beside, !suspects.is_empty()).await;
        }
        if is_working || !has_others {
            self.take_up_alone(&mut suspects, beside).await;
        }
        self.given_up = others.into_iter().chain(suspects).map(|given_up| given_up.row).collect();
    }

    /// Suspects a row that was given up again although another one, which the same sweep had taken up, left PENDING,
    /// or that was given up three times alone.
    async fn judge(&mut self, rows: Vec<KeptRow>) -> Vec<GivenUp> {
        let beside: HashSet<_> = rows.iter().flat_map(|row| &row.beside).cloned().collect();
        let mut has_left = HashMap::new();
        for order in beside {
            let left = self.has_left(&order, None).await;
            has_left.insert(order, left);
        }
        let judge = |row: KeptRow| {
            let others_got_on = row.beside.iter().any(|order| has_left.get(order) == Some(&true));
            let fails_alone = row.alone >= TIMES_ALONE || (row.alone > 0 && row.suspected > 0);
            let suspected = row.suspected.saturating_add(u32::from(others_got_on || fails_alone));
            GivenUp { row, suspected }
        };
        rows.into_iter().map(judge).collect()
    }

    /// Tries a few rows, which it removes from `rows`: those that were tried least. Returns those that left PENDING.
    async fn probe(&mut self, rows: &mut Vec<GivenUp>) -> Vec<String> {
        let now = self.replay.now();
        // Rows that are out of time are not used as probes if there are others: they are parked.
        rows.sort_by_key(|GivenUp { row, .. }| {
            (is_exhausted(row, now, &self.replay.settings), row.taken_up, row.accepted_at.or(row.armed_at))
        });
        let rest = rows.split_off(PROBES.min(rows.len()));
        let probes = std::mem::replace(rows, rest);
        rows.sort_by_key(|GivenUp { row, .. }| row.accepted_at.or(row.armed_at));
        let orders: Vec<_> = probes.iter().filter_map(|probe| order_of(&probe.row)).collect();
        let mut armed = Vec::new();
        for probe in probes {
            let own = order_of(&probe.row);
            let beside: Vec<_> =
                orders.iter().filter(|order| Some(*order) != own.as_ref()).cloned().collect();
            armed.extend(self.arm(vec![probe], &beside, rows).await);
        }
        self.watch(&armed).await
    }

    /// Arms all other rows in growing portions, as long as a row of each leaves PENDING. Returns whether a row of the last one did.
    async fn take_up_in_portions(
        &mut self,
        rows: &mut Vec<GivenUp>,
        beside: &[String],
        is_followed: bool,
    ) -> bool {
        for size in portions() {
            if rows.is_empty() {
                break;
            }
            if self.replay.check_time(self.deadline, MARGIN).is_err() {
                return false;
            }
            let rest = rows.split_off(size.min(rows.len()));
            let portion = std::mem::replace(rows, rest);
            let mut failed = Vec::new();
            let armed = self.arm(portion, beside, &mut failed).await;
            let is_watched = (!rows.is_empty() || is_followed) && !armed.is_empty();
            let is_working = failed.is_empty() && !(is_watched && self.watch(&armed).await.is_empty());
            rows.extend(failed);
            if !is_working {
                return false;
            }
        }
        true
    }

    /// Arms suspects one after the other, each alone, until one of them does not leave PENDING.
    async fn take_up_alone(&mut self, suspects: &mut Vec<GivenUp>, mut beside: Vec<String>) {
        let mut later = Vec::new();
        let mut rest = std::mem::take(suspects).into_iter();
        for suspect in rest.by_ref() {
            let due = suspect.row.armed_at.map(|armed| armed.after(suspect_delay(suspect.suspected)));
            let is_due = due.is_none_or(|due| due <= self.replay.now());
            if !is_due || self.replay.check_time(self.deadline, MARGIN + WATCHED).is_err() {
                later.push(suspect);
                continue;
            }
            let armed = self.arm(vec![suspect], &beside, &mut later).await;
            if armed.is_empty() {
                continue;
            }
            let left = self.watch(&armed).await;
            if left.is_empty() {
                break;
            }
            beside.extend(left);
            beside.truncate(PROBES);
        }
        suspects.extend(later.into_iter().chain(rest));
    }

    /// Arms rows, or parks those that are out of time. Returns those that were armed; those that could not be written
    /// are in `failed`.
    async fn arm(&mut self, rows: Vec<GivenUp>, beside: &[String], failed: &mut Vec<GivenUp>) -> Vec<Armed> {
        let (replay, dry_run, mut armed) = (self.replay, self.dry_run, Vec::new());
        let mut done = stream::iter(rows)
            .map(|given_up| {
                let span = spans::order(given_up.row.order.as_ref());
                let arming = async move {
                    let outcome = replay.arm_or_park(&given_up, beside, dry_run).await;
                    (given_up, outcome)
                };
                arming.instrument(span)
            })
            .buffer_unordered(AT_ONCE);
        while let Some((given_up, outcome)) = done.next().await {
            match outcome {
                Ok(Outcome::Armed) => {
                    self.summary.taken_up += 1;
                    self.summary.rearmed += 1;
                    let acceptance = given_up.row.acceptance;
                    armed.extend(order_of(&given_up.row).map(|order| Armed { order, acceptance }));
                }
                Ok(Outcome::Parked) => self.summary.parked += 1,
                // Somebody else was first: the row is armed, parked or across.
                Ok(Outcome::LostRace) => {}
                Err(error) => {
                    self.first_error.get_or_insert(error);
                    failed.push(given_up);
                }
            }
            self.positions.keep_hidden(&replay.dead_letters, replay.now()).await;
        }
        armed
    }

    /// Watches rows until one of them has left PENDING, for at most half a minute. Returns those that have, at most three.
    async fn watch(&mut self, armed: &[Armed]) -> Vec<String> {
        if armed.is_empty() || self.dry_run {
            return Vec::new();
        }
        let begun = self.replay.clock.now();
        let until = (begun + WATCHED).min(self.deadline - MARGIN);
        let mut left = Vec::new();
        while left.is_empty() && self.replay.clock.now() < until {
            self.replay.clock.sleep(LOOK_EVERY).await;
            self.keep_hidden().await;
            for row in armed.iter().take(WATCHED_ROWS) {
                if left.len() < PROBES && self.has_left(&row.order, row.acceptance).await {
                    left.push(row.order.clone());
                }
            }
        }
        left
    }

    /// Whether an order has left PENDING: across, parked, or accepted again. One that cannot be read has not.
    async fn has_left(&mut self, order: &str, acceptance: Option<Uuid>) -> bool {
        match self.replay.upkeep.row(order).await {
            Ok(Some(row)) => {
                let is_another = acceptance.is_some() && row.acceptance != acceptance;
                is_another || row.status != Some(QuarantineStatus::Pending)
            }
            Ok(None) => true,
            Err(error) => {
                self.first_error.get_or_insert_with(|| error.into());
                false
            }
        }
    }
}

/// The result for a row that was to be armed.
enum Outcome {
    Armed,
    Parked,
    LostRace,
}

impl Replay {
    async fn arm_or_park(
        &self,
        given_up: &GivenUp,
        beside: &[String],
        dry_run: bool,
    ) -> Result<Outcome, ReplayError> {
        let (GivenUp { row, suspected }, now) = (given_up, self.now());
        let is_parked = is_exhausted(row, now, &self.settings);
        let written = match is_parked {
            _ if dry_run => Written::Done,
            true => self.act(row, Action::Park(FailureReason::AttemptsExhausted), now).await?,
            false => {
                let arming = Arming::TakenUp { beside, suspected: *suspected };
                self.upkeep.rearm(row, arming, now).await?
            }
        };
        match written {
            Written::LostRace => Ok(Outcome::LostRace),
            Written::Done if is_parked => Ok(Outcome::Parked),
            Written::Done => {
                if !dry_run {
                    Metric::Rearmed.record();
                    Metric::TakenUp.record();
                }
                Ok(Outcome::Armed)
            }
        }
    }
}

fn order_of(row: &KeptRow) -> Option<String> {
    row.order.as_ref().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_of_a_hundred_rows_and_then_each_ten_times_as_large() {
        assert_eq!(portions().take(4).collect::<Vec<_>>(), [100, 1_000, 10_000, 100_000]);
        assert_eq!(portions().nth(30), Some(usize::MAX), "there is always one that takes all that are left");
    }
}
