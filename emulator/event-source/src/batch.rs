//! A batch, and what the rules do with it after an invocation.

use std::time::SystemTime;

use crate::{record::Record, settings::Settings};

/// Records invoked together.
pub(crate) struct Batch {
    pub(crate) records: Vec<Record>,
    /// Invocations of just these records: a split begins again.
    pub(crate) invocations: u32,
    /// Of them, those that count against `MaximumRetryAttempts`.
    retries: u32,
    /// Failures in a row, for the back-off.
    failures: u32,
    /// The time of the next action.
    pub(crate) due: SystemTime,
    pub(crate) fault: Option<Fault>,
    pub(crate) given_up: Option<GivenUp>,
}

/// Why the last invocation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It returned an error or timed out.
    Function,
    /// It reported failed items, or its answer cannot be used.
    Response,
}

/// The end of a batch that was not processed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenUp {
    pub(crate) condition: Condition,
    pub(crate) at: SystemTime,
}

/// Why records were discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `MaximumRetryAttempts` retries failed.
    RetryAttemptsExhausted,
    /// The records are older than `MaximumRecordAgeInSeconds`, or than the stream keeps them.
    RecordAgeExceeded,
}

/// The result of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Success,
    FailedFrom(usize),
    Failed(Fault),
    Throttled,
}

/// What follows from an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every record is done.
    Success,
    /// The records before the lowest reported one are done, the rest comes again as its own batch.
    Partial {
        /// How many are done.
        done: usize,
    },
    /// The batch was halved.
    Bisected,
    /// The batch comes again.
    Retrying,
    /// The retries are used up: the batch will be discarded.
    Exhausted,
    /// The function was not invoked; the batch comes again.
    Throttled,
}

/// A batch that was split by a result.
pub(crate) struct After {
    pub(crate) outcome: Outcome,
    pub(crate) done: Vec<Record>,
    /// In stream order.
    pub(crate) rest: Vec<Batch>,
}

impl Batch {
    pub(crate) fn new(records: Vec<Record>, due: SystemTime) -> Self {
        Self { records, invocations: 0, retries: 0, failures: 0, due, fault: None, given_up: None }
    }

    /// Applies Lambda's rules to an invocation's answer.
    pub(crate) fn after(mut self, answer: Answer, settings: &Settings, now: SystemTime) -> After {
        let (outcome, done, rest) = match answer {
            Answer::Success => (Outcome::Success, self.records, vec![]),
            Answer::Throttled => {
                self.wait(settings, now);
                (Outcome::Throttled, vec![], vec![self])
            }
            Answer::FailedFrom(index) if index > 0 => {
                // The checkpoint moves: what is left is a new batch with all its retries (recorded against
                // AWS by LocalStack, test_dynamodb_report_batch_item_failures: 1 + 4 invocations at 3 retries).
                let mut rest = Self::new(self.records.split_off(index), now);
                rest.wait(settings, now);
                (Outcome::Partial { done: index }, self.records, vec![rest])
            }
            // Split at the first record, the batch stays whole: it comes again, as a retry.
            Answer::FailedFrom(_) => self.fail(Fault::Response, settings, now),
            Answer::Failed(_) if settings.bisect_batch_on_function_error && self.records.len() > 1 => {
                // Splitting uses no retry, and the halves have all of their retries.
                let second = self.records.split_off(self.records.len().div_ceil(2));
                (Outcome::Bisected, vec![], vec![Self::new(self.records, now), Self::new(second, now)])
            }
            Answer::Failed(fault) => self.fail(fault, settings, now),
        };
        After { outcome, done, rest }
    }

    fn fail(
        mut self,
        fault: Fault,
        settings: &Settings,
        now: SystemTime,
    ) -> (Outcome, Vec<Record>, Vec<Self>) {
        self.fault = Some(fault);
        if settings.maximum_retry_attempts.is_some_and(|most| self.retries >= most) {
            self.give_up(Condition::RetryAttemptsExhausted, now);
            return (Outcome::Exhausted, vec![], vec![self]);
        }
        self.retries = self.retries.saturating_add(1);
        self.wait(settings, now);
        (Outcome::Retrying, vec![], vec![self])
    }

    fn give_up(&mut self, condition: Condition, now: SystemTime) {
        self.given_up = Some(GivenUp { condition, at: now });
        self.failures = 0;
        self.due = now;
    }

    /// Waits, longer each time.
    pub(crate) fn wait(&mut self, settings: &Settings, now: SystemTime) {
        self.failures = self.failures.saturating_add(1);
        self.due = now + settings.backoff.after(self.failures);
    }

    /// Splits off the records at the front that are too old, as a batch given up; only those are discarded.
    pub(crate) fn split_expired(&mut self, settings: &Settings, now: SystemTime) -> Option<Self> {
        let too_old =
            |record: &Record| now.duration_since(record.arrived).is_ok_and(|age| age > settings.oldest());
        let expired = self.records.iter().take_while(|record| too_old(record)).count();
        if self.given_up.is_some() || expired == 0 {
            return None;
        }
        let rest = self.records.split_off(expired);
        let mut discarded = Self::new(std::mem::replace(&mut self.records, rest), now);
        discarded.invocations = self.invocations;
        discarded.give_up(Condition::RecordAgeExceeded, now);
        Some(discarded)
    }
}
