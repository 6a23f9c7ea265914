//! The positions in the stream that Lambda gave up on, as a sweep keeps them: they are hidden from others while
//! it works, deleted only when no row can be stuck because of them, and otherwise made visible again.

use std::time::Duration;

use futures::{StreamExt, stream};
use order::{DeadLetterMessage, DeadLetterQueue, QueueError, Timestamp};
use platform::deadline::MARGIN;

use crate::{AT_ONCE, CLOCK_SKEW, Replay, ReplayError, inbox::Word};

/// How long a message stays hidden. After a sweep that is killed, others wait no longer than this.
const HIDDEN: Duration = Duration::from_secs(2 * 60);

/// How often a sweep that still works hides its messages again: half of the time is left then.
const EXTENDED: Duration = Duration::from_secs(60);

/// The most messages that one sweep receives. Only the newest position matters.
const MOST_MESSAGES: usize = 10_000;

/// Positions that a sweep received.
#[derive(Debug)]
pub(crate) struct Positions {
    held: Vec<(DeadLetterMessage, Timestamp)>,
    /// When they were hidden last.
    hidden_at: Timestamp,
}

impl Replay {
    /// Receives all messages and keeps the positions; all other messages are made visible again. Those that were received
    /// before the queue failed are kept too.
    pub(crate) async fn hold_positions(
        &self,
        deadline: std::time::SystemTime,
    ) -> (Positions, Result<(), ReplayError>) {
        let mut positions = Positions { held: Vec::new(), hidden_at: self.now() };
        let (mut others, mut received, mut outcome) = (Vec::new(), 0, Ok(()));
        while received < MOST_MESSAGES {
            let some = match self.check_time(deadline, MARGIN) {
                Ok(()) => self.dead_letters.receive(HIDDEN).await.map_err(ReplayError::from),
                Err(error) => Err(error),
            };
            let some = match some {
                Ok(some) if some.is_empty() => break,
                Ok(some) => some,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            };
            received += some.len();
            for message in some {
                match Word::of(&message.body) {
                    Word::ArmedUpTo(time) => positions.held.push((message, time)),
                    Word::Order(_) | Word::Nameless | Word::Unknown => others.push(message),
                }
            }
            positions.keep_hidden(&self.dead_letters, self.now()).await;
        }
        show(&self.dead_letters, others).await;
        (positions, outcome)
    }
}

impl Positions {
    /// Rows that were armed up to this time were given up: the newest position, plus the possible
    /// difference between the clocks of ingest and DynamoDB. None: Lambda has given up nothing.
    pub(crate) fn horizon(&self) -> Option<Timestamp> {
        self.held.iter().map(|(_, time)| time.after(CLOCK_SKEW)).max()
    }

    /// The same of those that may be deleted.
    pub(crate) fn newest_settled(&self, is_settled: impl Fn(Timestamp) -> bool) -> Option<Timestamp> {
        let horizons = self.held.iter().map(|(_, time)| time.after(CLOCK_SKEW));
        horizons.filter(|horizon| is_settled(*horizon)).max()
    }

    /// Hides them again when it is time to. Call it while working.
    pub(crate) async fn keep_hidden(&mut self, queue: &DeadLetterQueue, now: Timestamp) {
        if self.hidden_at.after(EXTENDED) > now {
            return;
        }
        self.hidden_at = now;
        stream::iter(self.held.clone())
            .for_each_concurrent(AT_ONCE, |(message, _)| async move { queue.hide(&message, HIDDEN).await })
            .await;
    }

    /// Deletes those below every row that is still given up, and makes the others visible again. Returns the numbers of both.
    pub(crate) async fn settle(
        self,
        queue: &DeadLetterQueue,
        is_settled: impl Fn(Timestamp) -> bool,
    ) -> (Settled, Result<(), QueueError>) {
        let (settled, left): (Vec<_>, Vec<_>) =
            self.held.into_iter().partition(|(_, time)| is_settled(time.after(CLOCK_SKEW)));
        let counts = Settled { settled: settled.len() as u64, left: left.len() as u64 };
        show(queue, left.into_iter().map(|(message, _)| message).collect()).await;
        let deleted = stream::iter(settled)
            .map(|(message, _)| async move { queue.delete(&message).await })
            .buffer_unordered(AT_ONCE)
            .fold(Ok(()), |all, one| std::future::ready(all.and(one)));
        (counts, deleted.await)
    }
}

/// How many positions were deleted, and how many stay.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settled {
    pub(crate) settled: u64,
    pub(crate) left: u64,
}

/// Makes messages visible to others again.
pub(crate) async fn show(queue: &DeadLetterQueue, messages: Vec<DeadLetterMessage>) {
    stream::iter(messages)
        .for_each_concurrent(AT_ONCE, |message| async move { queue.put_back(&message).await })
        .await;
}
