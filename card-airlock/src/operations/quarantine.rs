//! The quarantine in numbers: how many rows are where, and how old. Rows are read page by page and not kept.

use std::collections::BTreeMap;

use order::{FailureReason, KeptRow, Progress, QuarantineStatus, TableError, Timestamp, Upkeep};

/// Rows of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// How many they are.
    pub rows: u64,
    /// When the oldest of them was accepted.
    pub oldest: Option<Timestamp>,
    /// When the sweep has taken up the last of them, at the latest.
    pub again_by: Option<Timestamp>,
}

/// What the quarantine holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuarantineTally {
    /// All rows.
    pub rows: u64,
    /// PENDING, and armed moments ago.
    pub in_work: Group,
    /// PENDING, and not across in time: the sweep takes them up.
    pub given_up: Group,
    /// Of those, suspected of crashing the worker.
    pub suspected: u64,
    /// Other cards, which wait for a payment.
    pub waiting: Group,
    /// FAILED, and waiting for a replay, by reason; no reason: one that this program does not know.
    pub parked: BTreeMap<Option<&'static str>, Group>,
    /// FAILED for good: nothing is left to be replayed.
    pub ended: Group,
    /// EXPIRED: their cards are gone.
    pub expired: Group,
    /// Without a readable status: the next sweep parks them.
    pub unreadable: Group,
}

impl Group {
    fn add(&mut self, row: &KeptRow) {
        self.rows += 1;
        if let Some(since) = row.accepted_at.or(row.armed_at) {
            self.oldest = Some(self.oldest.map_or(since, |oldest| oldest.min(since)));
        }
    }

    fn add_until(&mut self, row: &KeptRow, again_by: Timestamp) {
        self.add(row);
        self.again_by = self.again_by.max(Some(again_by));
    }
}

impl QuarantineTally {
    /// Counts all rows, and tells `progress` after each page how many it has seen.
    ///
    /// # Errors
    /// [`TableError`] of the first page that cannot be read.
    pub async fn of(
        upkeep: &Upkeep,
        now: Timestamp,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, TableError> {
        let (mut tally, mut from) = (Self::default(), None);
        loop {
            let page = upkeep.page(from).await?;
            page.rows.iter().for_each(|row| tally.add(row, now));
            progress(tally.rows);
            from = page.next;
            if from.is_none() {
                return Ok(tally);
            }
        }
    }

    /// All that are parked.
    #[must_use]
    pub fn parked_rows(&self) -> u64 {
        self.parked.values().map(|group| group.rows).sum()
    }

    /// When the oldest order was accepted that is neither across nor at its end.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        let open = [&self.in_work, &self.given_up, &self.unreadable].into_iter().chain(self.parked.values());
        open.filter_map(|group| group.oldest).min()
    }

    fn add(&mut self, row: &KeptRow, now: Timestamp) {
        self.rows += 1;
        match row.status {
            None => self.unreadable.add(row),
            Some(QuarantineStatus::Expired) => self.expired.add(row),
            Some(QuarantineStatus::Failed) if row.is_ended() => self.ended.add(row),
            Some(QuarantineStatus::Failed) => {
                self.parked.entry(row.reason.map(FailureReason::code)).or_default().add(row);
            }
            Some(QuarantineStatus::Pending) => match row.progress(now) {
                Progress::InWork => self.in_work.add(row),
                Progress::Waiting { again_by } => self.waiting.add_until(row, again_by),
                Progress::GivenUp { again_by } => {
                    self.given_up.add_until(row, again_by);
                    self.suspected += u64::from(row.suspected > 0);
                }
            },
        }
    }
}
