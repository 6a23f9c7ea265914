//! What AWS charges for a call: DynamoDB in request units, EventBridge in events.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>,
//! <https://aws.amazon.com/eventbridge/pricing/>

use std::ops::{AddAssign, Sub};

/// Units. A refused call has none here, though AWS charges for a condition that failed; nor has a transaction
/// that was repeated under its token, of which AWS charges the reads.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// Write request units: one per KB written, twice that in a transaction.
    pub write: f64,
    /// Read request units: one per 4 KB read consistently, half that otherwise, twice that in a transaction.
    pub read: f64,
    /// Events: one per 64 KB of an entry that a bus took.
    pub events: f64,
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.write += other.write;
        self.read += other.read;
        self.events += other.events;
    }
}

impl Sub for Units {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            write: self.write - other.write,
            read: self.read - other.read,
            events: self.events - other.events,
        }
    }
}
