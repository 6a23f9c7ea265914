//! How far back a stream can be read: dynoxide keeps every record, DynamoDB Streams trims after 24 hours.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use clock::Clock;
use serde_json::Value;

/// How long a record can be read.
pub(crate) const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The trim horizon of every stream here. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Retention {
    clock: Clock,
    /// Records written at or before this second are gone, whatever their age.
    trimmed: Arc<AtomicU64>,
    /// The second from which the age of older records counts.
    resumed: u64,
}

impl Retention {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, trimmed: Arc::default(), resumed: 0 }
    }

    /// Of streams that were there before: nobody could read them while the machine was off, so that time does not count.
    pub(crate) fn resumed(clock: Clock) -> Self {
        let new = Self::new(clock);
        Self { resumed: new.now(), ..new }
    }

    /// Trims all that is written by now.
    pub(crate) fn trim(&self) {
        self.trimmed.store(self.now(), Ordering::SeqCst);
    }

    /// Whether a record can still be read.
    pub(crate) fn holds(&self, record: &Value) -> bool {
        let written = record.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_f64);
        // A time in whole seconds, as DynamoDB writes it, fits.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970")]
        let written = written.unwrap_or_default() as u64;
        let aging_since = written.max(self.resumed);
        written > self.trimmed.load(Ordering::SeqCst) && aging_since + RETENTION.as_secs() > self.now()
    }

    fn now(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}

#[cfg(test)]
mod tests {
    use clock::TestClock;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_time_that_the_machine_was_off_does_not_age_a_record() {
        let time = TestClock::stopped_at(UNIX_EPOCH + Duration::from_secs(1_000_000));
        let record = |seconds: u64| json!({ "dynamodb": { "ApproximateCreationDateTime": seconds } });
        let (always_on, resumed) = (Retention::new(time.clock()), Retention::resumed(time.clock()));
        assert!(!always_on.holds(&record(10)) && resumed.holds(&record(10)));
        time.advance(RETENTION - Duration::from_secs(1));
        assert!(resumed.holds(&record(10)) && resumed.holds(&record(1_000_001)));
        time.advance(Duration::from_secs(1));
        assert!(!resumed.holds(&record(10)) && resumed.holds(&record(1_000_001)));
    }
}
