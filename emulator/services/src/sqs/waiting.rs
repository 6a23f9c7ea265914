//! Which messages are in the queues.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use winterbaume_sqs::SqsState;

/// How many messages are told, the latest.
const MOST: usize = 10_000;

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The queue's name.
    pub queue: String,
    /// What was sent.
    pub body: String,
    /// How often it was received and not deleted.
    pub received: u64,
    /// When it was sent, by the endpoint's clock.
    pub sent: SystemTime,
}

impl Waiting {
    /// The messages in the order in which they were sent.
    pub(super) fn all(state: &SqsState) -> Vec<Self> {
        let of_queues = state.queues.iter();
        let mut messages: Vec<_> = of_queues
            .flat_map(|(name, queue)| queue.messages.iter().map(move |message| (name, message)))
            .collect();
        // Those of one millisecond and one queue stay in their order.
        messages.sort_by_key(|(name, message)| (message.sent_timestamp, *name));
        let old = messages.len().saturating_sub(MOST);
        let told = messages.into_iter().skip(old).map(|(name, message)| Self {
            queue: name.clone(),
            body: message.body.clone(),
            received: message.approximate_receive_count.into(),
            sent: UNIX_EPOCH + Duration::from_millis(message.sent_timestamp.try_into().unwrap_or_default()),
        });
        told.collect()
    }
}
