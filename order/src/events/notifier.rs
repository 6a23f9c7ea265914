//! Puts events on the bus; what the bus refuses goes to a queue as the finished event.

use super::{BusError, Event, EventBus, Put};
use crate::dead_letter::{DeadLetterQueue, QueueError};

/// Why events are to be put again. Some of them may be on the bus or in the queue: duplicates do no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// The bus.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The queue of events that the bus refused.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Puts events on the bus, or into the queue of those that it refused.
#[derive(Debug, Clone)]
pub struct Notifier {
    bus: EventBus,
    refused: DeadLetterQueue,
}

impl Notifier {
    /// For this bus, and the queue of the events that it refuses.
    #[must_use]
    pub fn new(bus: EventBus, refused: DeadLetterQueue) -> Self {
        Self { bus, refused }
    }

    /// Puts up to [`EventBus::MOST`] events. Each is then on the bus or in the queue.
    ///
    /// # Errors
    /// [`NotifyError`]: all of them are to be put again.
    pub async fn notify(&self, events: &[Event]) -> Result<(), NotifyError> {
        if events.is_empty() {
            return Ok(());
        }
        for (event, put) in events.iter().zip(self.bus.put(events).await?) {
            if put == Put::Refused {
                self.refused.send(event).await?;
            }
        }
        Ok(())
    }
}
