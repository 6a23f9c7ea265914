//! Reading the shard: where to begin, what to take, what to do when it is trimmed.

use std::time::SystemTime;

use serde_json::Value;

use crate::{
    lane::Lane,
    mapping::{Did, Mapping},
    record::Record,
    sequence::Position,
    settings::StartingPosition,
    source::SourceError,
};

/// The most records that one `GetRecords` brings.
const MOST_PER_POLL: usize = 1_000;

impl Mapping {
    pub(crate) async fn poll(&mut self, now: SystemTime) -> Did {
        match self.read().await {
            Ok(values) => {
                self.failed_polls = 0;
                // There may be more records.
                self.poll_at = if values.is_empty() { now + self.settings.idle_poll } else { now };
                self.take(&values, now)
            }
            Err(SourceError::Trimmed) if self.position != Some(Position::TrimHorizon) => {
                self.position = Some(Position::TrimHorizon);
                self.stats.update(|stats| stats.trims += 1);
                tracing::warn!(
                    shard = self.names.shard_id,
                    "the position is trimmed, so reading continues at the trim horizon"
                );
                Did::Trimmed
            }
            Err(_) => self.poll_failed(now),
        }
    }

    fn poll_failed(&mut self, now: SystemTime) -> Did {
        self.failed_polls = self.failed_polls.saturating_add(1);
        self.poll_at = now + self.settings.backoff.after(self.failed_polls);
        self.stats.update(|stats| stats.poll_failures += 1);
        Did::PollFailed
    }

    async fn read(&mut self) -> Result<Vec<Value>, SourceError> {
        let position = match &self.position {
            Some(position) => position.clone(),
            None => self.begin().await?,
        };
        let pending: usize = self.lanes.iter().map(Lane::pending).sum();
        let wanted = (self.settings.batch_size * self.lanes.len()).saturating_sub(pending);
        self.source.read(&self.names.shard_id, &position, wanted.clamp(1, MOST_PER_POLL)).await
    }

    /// The checkpoint, else the starting position. LATEST is looked up once and kept, or what is written
    /// before the first checkpoint would be skipped by a restart.
    async fn begin(&mut self) -> Result<Position, SourceError> {
        let shard = &self.names.shard_id;
        let position = match (self.checkpoints.position(shard), self.settings.starting_position) {
            (Some(position), _) => position,
            (None, StartingPosition::TrimHorizon) => Position::TrimHorizon,
            (None, StartingPosition::Latest) => self.source.latest(shard).await?,
        };
        if let Position::After(sequence) = &position {
            self.last_read = Some(sequence.clone());
        }
        self.checkpoints.set(shard, position.clone());
        self.position = Some(position.clone());
        Ok(position)
    }

    /// Adds records: those that no filter matches are done at once.
    fn take(&mut self, values: &[Value], now: SystemTime) -> Did {
        let Some(records) = values.iter().map(|value| self.parse(value)).collect::<Option<Vec<_>>>() else {
            tracing::error!(
                shard = self.names.shard_id,
                "the stream has a record without a sequence number or a time"
            );
            return self.poll_failed(now);
        };
        let (mut read, mut matched) = (0, 0);
        for (record, wanted) in records {
            self.position = Some(Position::After(record.sequence.clone()));
            if self.last_read.as_ref().is_some_and(|last| record.sequence <= *last) {
                continue;
            }
            self.last_read = Some(record.sequence.clone());
            self.progress.read(record.sequence.clone());
            read += 1;
            if wanted {
                matched += 1;
                let lane = record.key % self.lanes.len().max(1) as u64;
                if let Some(lane) = usize::try_from(lane).ok().and_then(|lane| self.lanes.get_mut(lane)) {
                    lane.push(record, now);
                }
            } else {
                self.progress.done(&record.sequence);
            }
        }
        self.save();
        self.stats.update(|stats| {
            stats.read += read as u64;
            stats.filtered += (read - matched) as u64;
        });
        Did::Polled { read, matched }
    }

    /// The record with its `eventSourceARN`, which `GetRecords` leaves out and Lambda adds.
    fn parse(&self, value: &Value) -> Option<(Record, bool)> {
        let mut value = value.clone();
        let fields = value.as_object_mut()?;
        fields.entry("eventSourceARN").or_insert_with(|| self.names.stream_arn.clone().into());
        Some((Record::parse(&value)?, self.settings.filter_criteria.matches(&value)))
    }
}
