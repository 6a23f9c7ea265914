//! A clock that tests, simulations and rehearsals move, so that a deadline of three days passes at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use crate::Clock;

/// A clock that its owner moves: from a fixed time, or from the machine's running time. Cloning shares it.
#[derive(Debug, Clone)]
pub struct TestClock {
    /// `None` is the machine's time.
    stopped_at: Option<SystemTime>,
    moved_nanoseconds: Arc<AtomicI64>,
}

impl TestClock {
    /// Runs with the machine's clock, and can be put forward.
    #[must_use]
    pub fn running() -> Self {
        Self { stopped_at: None, moved_nanoseconds: Arc::default() }
    }

    /// Moves only when it is told to.
    #[must_use]
    pub fn stopped_at(time: SystemTime) -> Self {
        Self { stopped_at: Some(time), moved_nanoseconds: Arc::default() }
    }

    /// The clock to hand to what is tested.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let source = self.clone();
        Clock::from_fn(move || source.now())
    }

    /// Its time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let moved = self.moved_nanoseconds.load(Ordering::SeqCst);
        let by = Duration::from_nanos(moved.unsigned_abs());
        if moved < 0 { self.unmoved() - by } else { self.unmoved() + by }
    }

    /// Puts it forward.
    pub fn advance(&self, by: Duration) {
        self.moved_nanoseconds.fetch_add(nanoseconds(by), Ordering::SeqCst);
    }

    /// Puts it forward to this time, and never back.
    pub fn advance_to(&self, time: SystemTime) {
        self.moved_nanoseconds.fetch_max(self.distance_to(time), Ordering::SeqCst);
    }

    /// Sets it, also to an earlier time.
    pub fn set(&self, time: SystemTime) {
        self.moved_nanoseconds.store(self.distance_to(time), Ordering::SeqCst);
    }

    /// How far it was put forward in all.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        Duration::from_nanos(self.moved_nanoseconds.load(Ordering::SeqCst).try_into().unwrap_or_default())
    }

    fn unmoved(&self) -> SystemTime {
        self.stopped_at.unwrap_or_else(SystemTime::now)
    }

    fn distance_to(&self, time: SystemTime) -> i64 {
        match time.duration_since(self.unmoved()) {
            Ok(ahead) => nanoseconds(ahead),
            Err(behind) => -nanoseconds(behind.duration()),
        }
    }
}

/// At most 292 years.
fn nanoseconds(duration: Duration) -> i64 {
    duration.as_nanos().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_running_clock_stays_ahead_by_what_it_was_put_forward() {
        let time = TestClock::running();
        let clock = time.clock();
        time.advance(Duration::from_secs(60));
        time.advance(Duration::from_secs(30));
        let ahead = clock.now().duration_since(SystemTime::now()).unwrap();
        assert!((89..=90).contains(&ahead.as_secs()), "{ahead:?}");
        assert_eq!(time.ahead(), Duration::from_secs(90));
    }

    #[test]
    fn a_stopped_clock_moves_only_when_it_is_told_to() {
        let start = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let time = TestClock::stopped_at(start);
        let clock = time.clock();
        assert_eq!(clock.now(), start);
        time.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), start + Duration::from_millis(1));
        time.advance_to(start);
        assert_eq!(clock.now(), start + Duration::from_millis(1), "it never goes back by itself");
        time.advance_to(start + Duration::from_secs(5));
        assert_eq!(clock.now(), start + Duration::from_secs(5));
        time.set(start - Duration::from_secs(1));
        assert_eq!((clock.now(), time.ahead()), (start - Duration::from_secs(1), Duration::ZERO));
    }
}
