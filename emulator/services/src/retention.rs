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
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The trim horizon of every stream here. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Retention {
    clock: Clock,
    /// Records written at or before this second are gone, whatever their age.
    trimmed: Arc<AtomicU64>,
}

impl Retention {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, trimmed: Arc::default() }
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
        written > self.trimmed.load(Ordering::SeqCst) && written + RETENTION.as_secs() > self.now()
    }

    fn now(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}
