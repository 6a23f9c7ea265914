//! A clock that tests and simulations can move, so that a deadline of three days passes at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::{Clock, Source};

/// A clock that its owner moves: from a fixed time, or from the machine's running time. Clones share it.
#[derive(Debug, Clone)]
pub struct TestClock {
    /// `None` is the machine's time.
    stopped_at: Option<SystemTime>,
    moved_nanoseconds: Arc<AtomicI64>,
    /// Notified of every move.
    moves: watch::Sender<()>,
    /// The wake-up times of all that sleep by this clock.
    sleepers: watch::Sender<Vec<SystemTime>>,
}

impl TestClock {
    /// Runs with the machine's clock, and can be moved forward.
    #[must_use]
    pub fn running() -> Self {
        Self::of(None)
    }

    /// Moves only when a test moves it.
    #[must_use]
    pub fn stopped_at(time: SystemTime) -> Self {
        Self::of(Some(time))
    }

    fn of(stopped_at: Option<SystemTime>) -> Self {
        let (moves, sleepers) = (watch::Sender::new(()), watch::Sender::default());
        Self { stopped_at, moved_nanoseconds: Arc::default(), moves, sleepers }
    }

    /// The clock for the code under test.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock(Arc::new(self.clone()))
    }

    /// Completes when a task sleeps by this clock, with the first wake-up time. So the test that moves the clock can
    /// first do what is due before that.
    pub async fn until_asleep(&self) -> SystemTime {
        let mut sleepers = self.sleepers.subscribe();
        loop {
            let now = self.now();
            let next = |sleepers: &Vec<SystemTime>| sleepers.iter().copied().filter(|time| *time > now).min();
            let found = sleepers.wait_for(|sleepers| next(sleepers).is_some()).await;
            if let Some(time) = found.ok().and_then(|sleepers| next(&sleepers)) {
                return time;
            }
        }
    }

    /// Its time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let moved = self.moved_nanoseconds.load(Ordering::SeqCst);
        let by = Duration::from_nanos(moved.unsigned_abs());
        if moved < 0 { self.unmoved() - by } else { self.unmoved() + by }
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.moved_nanoseconds.fetch_add(nanoseconds(by), Ordering::SeqCst);
        self.moves.send_replace(());
    }

    /// Moves it forward to this time, and never back.
    pub fn advance_to(&self, time: SystemTime) {
        self.moved_nanoseconds.fetch_max(self.distance_to(time), Ordering::SeqCst);
        self.moves.send_replace(());
    }

    /// Sets it, also to an earlier time.
    pub fn set(&self, time: SystemTime) {
        self.moved_nanoseconds.store(self.distance_to(time), Ordering::SeqCst);
        self.moves.send_replace(());
    }

    /// How far it was moved forward in total.
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

impl Source for TestClock {
    fn now(&self) -> SystemTime {
        Self::now(self)
    }

    fn sleep(&self, by: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            let wake_at = clock.now() + by;
            let _asleep = Asleep::new(&clock, wake_at);
            let mut moves = clock.moves.subscribe();
            while let Ok(left) = wake_at.duration_since(clock.now())
                && !left.is_zero()
            {
                // A stopped clock must be moved, or the sleepers never wake up.
                let left = if clock.stopped_at.is_some() { Duration::MAX } else { left };
                drop(tokio::time::timeout(left, moves.changed()).await);
            }
        })
    }
}

/// Is one of the sleepers as long as it exists.
struct Asleep {
    clock: TestClock,
    wake_at: SystemTime,
}

impl Asleep {
    fn new(clock: &TestClock, wake_at: SystemTime) -> Self {
        clock.sleepers.send_modify(|sleepers| sleepers.push(wake_at));
        Self { clock: clock.clone(), wake_at }
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        self.clock.sleepers.send_modify(|sleepers| {
            if let Some(place) = sleepers.iter().position(|time| *time == self.wake_at) {
                sleepers.swap_remove(place);
            }
        });
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

    #[tokio::test]
    async fn a_sleeper_wakes_up_when_the_clock_is_moved_and_not_before() {
        let time = TestClock::stopped_at(UNIX_EPOCH);
        let sleeper = tokio::spawn({
            let clock = time.clock();
            async move { clock.sleep(Duration::from_secs(60)).await }
        });
        let wake_at = time.until_asleep().await;
        assert_eq!(wake_at, UNIX_EPOCH + Duration::from_secs(60));
        time.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        assert_eq!(time.until_asleep().await, wake_at, "it still sleeps");
        time.advance_to(wake_at);
        sleeper.await.unwrap();
        assert!(time.sleepers.borrow().is_empty());
    }

    #[tokio::test]
    async fn a_running_clock_wakes_its_sleepers_by_itself() {
        let time = TestClock::running();
        let before = time.now();
        time.clock().sleep(Duration::from_millis(20)).await;
        assert!(time.now() >= before + Duration::from_millis(20));
    }
}
