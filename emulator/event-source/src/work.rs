//! Working on a batch: the invocation, and the message when it is given up.

use std::{panic::AssertUnwindSafe, time::SystemTime};

use card_airlock_lambda::{FunctionError, FunctionResult};
use futures::FutureExt;
use serde_json::Value;

use crate::{
    batch::{After, Answer, Fault, GivenUp, Outcome},
    discard,
    mapping::{Did, Mapping},
    record,
    response::{self, Verdict},
    stats::Stats,
};

impl Mapping {
    /// Invokes with the lane's batch, or sends the message about it when it is given up.
    pub(crate) async fn work(&mut self, lane: usize, now: SystemTime, enforce_deadline: bool) -> Did {
        let Some(batch) = self.lanes.get_mut(lane).and_then(|lane| lane.batch(&self.settings, now)) else {
            return Did::Nothing;
        };
        let records = batch.records.len();
        if let Some(given_up) = batch.given_up {
            let message = discard::message(&self.names, batch, given_up);
            return self.discard(lane, message, records, given_up).await;
        }
        let event = record::event(&batch.records);
        let newest = batch.records.last().map(|record| record.arrived);
        // Only now, the answer in hand, does the batch leave its lane: a step dropped midway loses nothing.
        let result = self.invoke(event, now, enforce_deadline).await;
        let Some(mut batch) = self.lanes.get_mut(lane).and_then(|lane| lane.work.pop_front()) else {
            return Did::Nothing;
        };
        let answer = match result {
            Ok(_) if !self.settings.report_batch_item_failures => Answer::Success,
            Ok(answer) => match response::verdict(&answer, &batch.records) {
                Verdict::Success => Answer::Success,
                Verdict::FailedFrom(index) => Answer::FailedFrom(index),
                Verdict::Unusable => Answer::Failed(Fault::Response),
            },
            Err(FunctionError::Throttled) => Answer::Throttled,
            Err(FunctionError::Unhandled | FunctionError::TimedOut) => Answer::Failed(Fault::Function),
        };
        if answer != Answer::Throttled {
            batch.invocations = batch.invocations.saturating_add(1);
        }
        let after = batch.after(answer, &self.settings, self.clock.now());
        self.stats.update(|stats| {
            stats.iterator_age =
                newest.and_then(|newest| now.duration_since(newest).ok()).unwrap_or_default();
            count(stats, &after);
        });
        let outcome = after.outcome;
        self.finish(&after.done);
        if let Some(lane) = self.lanes.get_mut(lane) {
            after.rest.into_iter().rev().for_each(|batch| lane.work.push_front(batch));
        }
        Did::Invoked { records, outcome }
    }

    async fn invoke(&self, event: Vec<u8>, now: SystemTime, enforce_deadline: bool) -> FunctionResult {
        let timeout = self.settings.function_timeout;
        // A handler in this process must not take the mapping down with it.
        let invocation = AssertUnwindSafe(self.function.invoke(event, now + timeout)).catch_unwind();
        let result = if enforce_deadline {
            let Ok(result) = tokio::time::timeout(timeout, invocation).await else {
                return Err(FunctionError::TimedOut);
            };
            result
        } else {
            invocation.await
        };
        result.unwrap_or(Err(FunctionError::Unhandled))
    }

    async fn discard(
        &mut self,
        lane: usize,
        message: Option<Value>,
        records: usize,
        given_up: GivenUp,
    ) -> Did {
        let sent = match (&self.on_failure, message) {
            (Some(on_failure), Some(message)) => on_failure.send(message).await,
            _ => Ok(()),
        };
        let now = self.clock.now();
        let Some(lane) = self.lanes.get_mut(lane) else { return Did::Nothing };
        if sent.is_err() {
            if let Some(batch) = lane.work.front_mut() {
                batch.wait(&self.settings, now);
            }
            self.stats.update(|stats| stats.destination_failures += 1);
            return Did::DestinationFailed;
        }
        let discarded = lane.work.pop_front().map(|batch| batch.records).unwrap_or_default();
        self.finish(&discarded);
        self.stats.update(|stats| stats.discarded += records as u64);
        let (shard, condition) = (&self.names.shard_id, given_up.condition.as_str());
        tracing::warn!(shard, records, condition, "gave up records");
        Did::Discarded { records, condition: given_up.condition }
    }
}

fn count(stats: &mut Stats, after: &After) {
    stats.delivered += after.done.len() as u64;
    match after.outcome {
        Outcome::Throttled => {
            stats.throttled += 1;
            return;
        }
        Outcome::Retrying => stats.retries += 1,
        Outcome::Bisected => stats.bisections += 1,
        Outcome::Success | Outcome::Partial { .. } | Outcome::Exhausted => {}
    }
    stats.invocations += 1;
}
