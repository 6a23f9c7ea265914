//! A clock that is passed to the code that needs the time: every rule about time can be tested without waiting.

#![warn(missing_docs)]

mod test_clock;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::future::BoxFuture;

pub use test_clock::TestClock;

/// The clock by which a component reads the time and waits. Clones share the source.
#[derive(Clone)]
pub struct Clock(Arc<dyn Source>);

/// The source of a clock's time.
trait Source: Send + Sync {
    fn now(&self) -> SystemTime;
    fn sleep(&self, by: Duration) -> BoxFuture<'static, ()>;
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(SystemTime::now)
    }

    /// A clock that the caller provides, which runs as fast as the machine's.
    pub fn from_fn(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(Running(now)))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.now()
    }

    /// Waits until this much time has passed by this clock.
    pub async fn sleep(&self, by: Duration) {
        self.0.sleep(by).await;
    }
}

/// As fast as the machine's clock.
struct Running<F>(F);

impl<F: Fn() -> SystemTime + Send + Sync> Source for Running<F> {
    fn now(&self) -> SystemTime {
        self.0()
    }

    fn sleep(&self, by: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(by))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
