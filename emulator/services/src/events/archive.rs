//! The events that were put on the buses, for tests and for people who look inside.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

/// How many events are kept.
const MOST: usize = 100_000;

/// An event that a bus took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BusEvent {
    /// Counts the events of all buses, from 1, in the order in which they were taken.
    pub number: u64,
    /// The name of its bus.
    pub bus: String,
    /// What targets get: `id`, `detail-type`, `source`, `time`, `detail` and so on.
    /// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
    pub envelope: Value,
}

/// The latest events.
pub(crate) struct Archive {
    latest: RwLock<VecDeque<Arc<BusEvent>>>,
    number: watch::Sender<u64>,
}

impl Default for Archive {
    fn default() -> Self {
        Self { latest: RwLock::default(), number: watch::Sender::new(0) }
    }
}

impl Archive {
    pub(crate) fn add(&self, bus: &str, envelope: Value) -> Arc<BusEvent> {
        let mut latest = self.latest.write();
        let number = *self.number.borrow() + 1;
        let event = Arc::new(BusEvent { number, bus: bus.to_owned(), envelope });
        latest.push_back(Arc::clone(&event));
        if latest.len() > MOST {
            latest.pop_front();
        }
        // Under the lock: who hears of a number finds its event.
        self.number.send_replace(number);
        event
    }

    /// Those that were taken after the one with this number, oldest first.
    pub(crate) fn after(&self, number: u64) -> Vec<Arc<BusEvent>> {
        let latest = self.latest.read();
        let first = latest.partition_point(|event| event.number <= number);
        latest.range(first..).cloned().collect()
    }

    /// The number of the latest event; it changes with each.
    pub(crate) fn numbers(&self) -> watch::Receiver<u64> {
        self.number.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn numbers(archive: &Archive, after: u64) -> Vec<u64> {
        archive.after(after).iter().map(|event| event.number).collect()
    }

    #[test]
    fn events_are_read_from_where_a_reader_stopped() {
        let archive = Archive::default();
        let heard = archive.numbers();
        for name in ["a", "b", "c"] {
            archive.add("bus", json!(name));
        }
        assert_eq!(*heard.borrow(), 3);
        assert_eq!((numbers(&archive, 0), numbers(&archive, 2)), (vec![1, 2, 3], vec![3]));
        assert!(numbers(&archive, 3).is_empty() && numbers(&archive, 9).is_empty());
    }

    #[test]
    fn the_oldest_events_make_room() {
        let archive = Archive::default();
        for _ in 0..MOST + 2 {
            archive.add("bus", Value::Null);
        }
        let kept = numbers(&archive, 0);
        assert_eq!((kept.len(), kept[0]), (MOST, 3));
    }
}
