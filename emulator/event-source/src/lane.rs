//! A lane of a shard: the records of some items, in order, one batch at a time.

use std::{collections::VecDeque, time::SystemTime};

use crate::{
    batch::Batch,
    record::{self, Record},
    settings::Settings,
};

/// What waits in a lane.
#[derive(Default)]
pub(crate) struct Lane {
    /// Read, not yet in a batch.
    pending: VecDeque<Record>,
    /// Their length as JSON.
    bytes: usize,
    /// When the batching window of the pending records began.
    since: Option<SystemTime>,
    /// The batch under way and, after a split, what follows it. No other batch begins before they are done.
    pub(crate) work: VecDeque<Batch>,
}

impl Lane {
    pub(crate) fn push(&mut self, record: Record, now: SystemTime) {
        self.since.get_or_insert(now);
        self.bytes += record.json.len();
        self.pending.push_back(record);
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether more records could be put into the next batch.
    pub(crate) fn is_hungry(&self, settings: &Settings) -> bool {
        self.work.is_empty() && !self.is_full(settings)
    }

    /// When there is something to do here, if there is anything.
    pub(crate) fn due(&self, settings: &Settings) -> Option<SystemTime> {
        match self.work.front() {
            Some(batch) => Some(batch.due),
            None if self.is_full(settings) => self.since,
            None => self.since.map(|since| since + settings.maximum_batching_window),
        }
    }

    /// The batch to work on, gathered from the pending records when there is none under way. Call it when due.
    pub(crate) fn batch(&mut self, settings: &Settings, now: SystemTime) -> Option<&mut Batch> {
        if self.work.is_empty() && !self.pending.is_empty() {
            let count = record::fitting(self.pending.iter(), settings.batch_size, settings.payload_limit);
            let records: Vec<Record> = self.pending.drain(..count).collect();
            self.bytes -= records.iter().map(|record| record.json.len()).sum::<usize>();
            self.since = (!self.pending.is_empty()).then_some(now);
            self.work.push_back(Batch::new(records, now));
        }
        let expired = self.work.front_mut().and_then(|batch| batch.split_expired(settings, now));
        if let Some(expired) = expired {
            if self.work.front().is_some_and(|batch| batch.records.is_empty()) {
                self.work.pop_front();
            }
            self.work.push_front(expired);
        }
        self.work.front_mut()
    }

    fn is_full(&self, settings: &Settings) -> bool {
        self.pending.len() >= settings.batch_size || self.bytes >= settings.payload_limit
    }
}
