//! The events that the bus refused are put on it again. They wait in the queue of refused events as they are.

use std::{collections::BTreeMap, time::Duration};

use order::{BusError, DeadLetterMessage, DeadLetterQueue, Event, EventBus, OrderId, Put, QueueError};
use serde::Serialize;

use super::{
    access::{Right, StackAccess},
    access_error::AccessError,
};

/// The queue and the bus.
const QUEUE: &str = "EventDeadLetterQueue";
const BUS: &str = "EventBus";

/// How long a message is hidden that is looked at. All are put back at the end of a replay, unless they were sent.
const HIDDEN: Duration = Duration::from_secs(15 * 60);

/// Why a replay of events did not come to its end. Running it again continues; an event may then come twice, as
/// EventBridge brings events at least once anyway.
#[derive(Debug, thiserror::Error)]
pub enum EventReplayError {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("{0}; what was sent is sent, and running it again continues")]
    Queue(#[from] QueueError),
    #[error("{0}; what was sent is sent, and running it again continues")]
    Bus(#[from] BusError),
}

/// Which events are sent again.
#[derive(Debug, Clone, Default)]
pub struct EventSelection {
    /// Send nothing.
    pub dry_run: bool,
    /// So many at most.
    pub max: Option<u64>,
    /// Only those of this order.
    pub order: Option<OrderId>,
}

/// What was done; of a dry run, what would be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventReplay {
    pub dry_run: bool,
    /// On the bus now, by kind.
    pub sent: BTreeMap<&'static str, u64>,
    /// The bus refused them once more.
    pub refused: u64,
    /// They are no events that this release knows.
    pub unreadable: u64,
    /// Not selected: events of other orders.
    pub others: u64,
    /// Whether it stopped at the greatest number that was asked for.
    pub stopped_at_max: bool,
}

impl EventReplay {
    /// How many events were sent.
    #[must_use]
    pub fn sent_total(&self) -> u64 {
        self.sent.values().sum()
    }

    /// Whether there is something to do for another replay, or for a person.
    #[must_use]
    pub fn is_anything_left(&self) -> bool {
        let is_to_send = self.dry_run && !self.sent.is_empty();
        is_to_send || self.refused + self.unreadable > 0 || self.stopped_at_max
    }
}

/// Sends events again that the bus refused.
///
/// # Errors
/// [`EventReplayError`].
pub async fn replay_events(
    access: &StackAccess,
    selection: &EventSelection,
) -> Result<EventReplay, EventReplayError> {
    let config = access.config(Right::Replay);
    let queue = DeadLetterQueue::new(&config, access.names().physical(QUEUE)?.to_owned());
    let bus = EventBus::new(&config, access.names().physical(BUS)?.to_owned());
    let mut pass = Pass {
        queue: &queue,
        bus: &bus,
        selection,
        told: EventReplay { dry_run: selection.dry_run, ..EventReplay::default() },
        held: Vec::new(),
    };
    let done = pass.run().await;
    // Also after a failure: nobody waits for what was only looked at.
    for message in &pass.held {
        queue.put_back(message).await;
    }
    done.map(|()| pass.told)
}

struct Pass<'a> {
    queue: &'a DeadLetterQueue,
    bus: &'a EventBus,
    selection: &'a EventSelection,
    told: EventReplay,
    /// Messages that stay in the queue.
    held: Vec<DeadLetterMessage>,
}

impl Pass<'_> {
    async fn run(&mut self) -> Result<(), EventReplayError> {
        loop {
            let messages = self.queue.receive(HIDDEN).await?;
            if messages.is_empty() {
                return Ok(());
            }
            let mut chosen = Vec::new();
            for message in messages {
                match self.choose(&message, chosen.len()) {
                    Some(event) => chosen.push((message, event)),
                    None => self.held.push(message),
                }
            }
            self.send(chosen).await?;
            if self.told.stopped_at_max {
                return Ok(());
            }
        }
    }

    /// The event of a message, if it is to be sent. `before` are chosen already of the same page.
    fn choose(&mut self, message: &DeadLetterMessage, before: usize) -> Option<Event> {
        let Ok(event) = serde_json::from_str::<Event>(&message.body) else {
            self.told.unreadable += 1;
            return None;
        };
        let order = &self.selection.order;
        if order.is_some() && event.detail.customer_order != *order {
            self.told.others += 1;
            return None;
        }
        let tried = self.told.sent_total() + self.told.refused + before as u64;
        if self.selection.max.is_some_and(|max| tried >= max) {
            self.told.stopped_at_max = true;
            return None;
        }
        Some(event)
    }

    async fn send(&mut self, chosen: Vec<(DeadLetterMessage, Event)>) -> Result<(), EventReplayError> {
        if chosen.is_empty() {
            return Ok(());
        }
        let (messages, events): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
        let put = if self.selection.dry_run {
            Ok(vec![Put::Taken; events.len()])
        } else {
            self.bus.put(&events).await
        };
        let put = match put {
            Ok(put) => put,
            Err(error) => {
                self.held.extend(messages);
                return Err(error.into());
            }
        };
        let mut deleted = Ok(());
        for ((message, event), put) in messages.into_iter().zip(&events).zip(put) {
            if put == Put::Refused {
                self.told.refused += 1;
                self.held.push(message);
                continue;
            }
            *self.told.sent.entry(event.kind.word()).or_default() += 1;
            // Once SQS has failed, the others stay: they are put twice, which does no harm.
            if self.selection.dry_run || deleted.is_err() {
                self.held.push(message);
                continue;
            }
            deleted = self.queue.delete(&message).await;
            if deleted.is_err() {
                self.held.push(message);
            }
        }
        Ok(deleted?)
    }
}
