//! A clock that can be put forward, so that a deadline of three days can be met today.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use vault::Clock;

/// The machine's time and what it was put forward by. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct MovableClock(Arc<AtomicU64>);

impl MovableClock {
    /// The clock, for those who read it.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let moved = self.clone();
        Clock::from_fn(move || SystemTime::now() + moved.ahead())
    }

    /// Puts it forward.
    pub fn forward(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    /// How far it is ahead of the machine's time.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_forward_stays_ahead() {
        let time = MovableClock::default();
        let clock = time.clock();
        time.forward(Duration::from_secs(60));
        time.forward(Duration::from_secs(30));
        let ahead = clock.now().duration_since(SystemTime::now()).unwrap();
        assert!((89..=90).contains(&ahead.as_secs()), "{ahead:?}");
    }
}
