//! The mapping itself: the order of its actions.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use card_airlock_lambda::Function;
use clock::Clock;

use crate::{
    batch::{Condition, Outcome},
    checkpoint::{Checkpoints, Progress},
    lane::Lane,
    record::Record,
    sequence::{Position, SequenceNumber},
    settings::Settings,
    source::{OnFailure, StreamSource},
    stats::StatsReader,
    switch::{MappingState, MappingSwitch},
};

/// Reading stops while this many records are in progress, even if few of them passed the filter.
const MOST_OUTSTANDING: usize = 20_000;

/// A mapping that is turned off looks again so often; the switch wakes it before.
const WHILE_OFF: Duration = Duration::from_secs(1);

/// The names of the function and the stream, for the messages of the mapping.
#[derive(Debug, Clone)]
pub struct Names {
    /// The function's ARN.
    pub function_arn: String,
    /// The stream's ARN, which the records carry as `eventSourceARN`.
    pub stream_arn: String,
    /// The shard this mapping reads.
    pub shard_id: String,
}

/// An event source mapping of one shard of a DynamoDB stream, by Lambda's rules.
///
/// Delivers each record that the filter wants at least once, records of one item in order, or sends their
/// positions to the on-failure destination. One action at a time: [`Mapping::step`] does the next one, for
/// tests and simulations; [`Mapping::run`] does each at its time.
pub struct Mapping {
    pub(crate) names: Names,
    pub(crate) settings: Settings,
    pub(crate) source: Arc<dyn StreamSource>,
    pub(crate) function: Function,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) clock: Clock,
    pub(crate) checkpoints: Checkpoints,
    /// The position of the next read; unknown until the first poll.
    pub(crate) position: Option<Position>,
    /// The last record read: what comes again behind a trimmed position is not taken twice.
    pub(crate) last_read: Option<SequenceNumber>,
    pub(crate) poll_at: SystemTime,
    pub(crate) failed_polls: u32,
    pub(crate) progress: Progress,
    pub(crate) lanes: Vec<Lane>,
    /// The lane whose turn is next.
    pub(crate) turn: usize,
    pub(crate) stats: StatsReader,
    switch: MappingSwitch,
}

/// What a step did, and when the next is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The one action of the step.
    pub did: Did,
    /// When to step again, by the mapping's clock; not after now: at once.
    pub next: SystemTime,
}

/// One action of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// Nothing was due.
    Nothing,
    /// Read the stream.
    Polled {
        /// The records that were there.
        read: usize,
        /// Of them, those that the filter wants.
        matched: usize,
    },
    /// The position was trimmed: reading continues at the trim horizon.
    Trimmed,
    /// The stream could not be read.
    PollFailed,
    /// Invoked the function, or tried to.
    Invoked {
        /// The number of records.
        records: usize,
        /// What followed.
        outcome: Outcome,
    },
    /// Gave up records, after the destination accepted the message.
    Discarded {
        /// The number of records.
        records: usize,
        /// Why.
        condition: Condition,
    },
    /// The destination did not accept the message; it will be sent again.
    DestinationFailed,
}

impl Mapping {
    /// Maps a shard to a function, from the checkpoint on when there is one.
    #[must_use]
    pub fn new(
        names: Names,
        settings: Settings,
        source: Arc<dyn StreamSource>,
        function: Function,
        on_failure: Option<OnFailure>,
        clock: Clock,
        checkpoints: Checkpoints,
    ) -> Self {
        let poll_at = clock.now();
        let lanes = (0..settings.parallelization_factor.max(1)).map(|_| Lane::default()).collect();
        Self {
            names,
            settings,
            source,
            function,
            on_failure,
            clock,
            checkpoints,
            position: None,
            last_read: None,
            poll_at,
            failed_polls: 0,
            progress: Progress::default(),
            lanes,
            turn: 0,
            stats: StatsReader::default(),
            switch: MappingSwitch::default(),
        }
    }

    /// Invokes another function from now on, as after Lambda's `UpdateEventSourceMapping`.
    pub fn set_function(&mut self, function: Function) {
        self.function = function;
    }

    /// The mapping's numbers, also while it runs.
    #[must_use]
    pub fn stats(&self) -> StatsReader {
        self.stats.clone()
    }

    /// What turns the mapping off and on, also while it runs.
    #[must_use]
    pub fn switch(&self) -> MappingSwitch {
        self.switch.clone()
    }

    /// Whether all that was read is done.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.progress.outstanding() == 0
    }

    /// Does the next action that is due: at most one poll, invocation or message to the destination.
    ///
    /// It never sleeps and uses only the given clock; the function itself must keep its deadline.
    pub async fn step(&mut self) -> Step {
        let did = self.act(false).await;
        Step { did, next: self.next() }
    }

    /// Steps as the actions fall due until `shutdown` resolves, and finishes the action under way then.
    ///
    /// A function that exceeds its deadline is cancelled and counts as timed out.
    pub async fn run(&mut self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            self.act(true).await;
            let wait = self.next().duration_since(self.clock.now()).unwrap_or_default();
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = self.switch.used() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn act(&mut self, enforce_deadline: bool) -> Did {
        if !self.switch.settle() {
            return Did::Nothing;
        }
        let now = self.clock.now();
        if let Some(lane) = self.take_turn(now) {
            return self.work(lane, now, enforce_deadline).await;
        }
        if self.is_hungry() && self.poll_at <= now {
            return self.poll(now).await;
        }
        Did::Nothing
    }

    /// The first lane, from the turn on, that has something to do.
    fn take_turn(&mut self, now: SystemTime) -> Option<usize> {
        let count = self.lanes.len();
        let is_due = |lane: &Lane| lane.due(&self.settings).is_some_and(|due| due <= now);
        let places = (0..count).map(|step| (self.turn + step) % count);
        let lane = places.into_iter().find(|place| self.lanes.get(*place).is_some_and(is_due))?;
        self.turn = (lane + 1) % count;
        Some(lane)
    }

    fn is_hungry(&self) -> bool {
        self.progress.outstanding() < MOST_OUTSTANDING
            && self.lanes.iter().any(|lane| lane.is_hungry(&self.settings))
    }

    fn next(&self) -> SystemTime {
        if self.switch.state() == MappingState::Disabled {
            return self.clock.now() + WHILE_OFF;
        }
        let lanes = self.lanes.iter().filter_map(|lane| lane.due(&self.settings));
        let poll = self.is_hungry().then_some(self.poll_at);
        lanes.chain(poll).min().unwrap_or_else(|| self.clock.now() + self.settings.idle_poll)
    }

    /// Marks records done and moves the checkpoint.
    pub(crate) fn finish(&mut self, records: &[Record]) {
        records.iter().for_each(|record| self.progress.done(&record.sequence));
        self.save();
    }

    pub(crate) fn save(&mut self) {
        if let Some(sequence) = self.progress.advance() {
            self.checkpoints.set(&self.names.shard_id, Position::After(sequence));
        }
    }
}
