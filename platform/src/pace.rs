//! Work at a rate: so much in a second, as an operator allows it.

use std::{
    num::NonZeroU32,
    time::{Duration, SystemTime},
};

use clock::Clock;

/// How fast work may go from now on.
#[derive(Debug)]
pub struct Pace {
    rate: Option<NonZeroU32>,
    begun: SystemTime,
    clock: Clock,
}

impl Pace {
    /// Work begins now. `rate` is the most in a second; without one it goes as fast as it can.
    #[must_use]
    pub fn new(rate: Option<NonZeroU32>, clock: &Clock) -> Self {
        Self { rate, begun: clock.now(), clock: clock.clone() }
    }

    /// Waits until so much may have been done since the work began.
    pub async fn keep(&self, done: u64) {
        let Some(rate) = self.rate else { return };
        let due = Duration::from_millis(done.saturating_mul(1000).div_ceil(u64::from(rate.get())));
        let passed = self.clock.now().duration_since(self.begun).unwrap_or_default();
        if let Some(wait) = due.checked_sub(passed) {
            self.clock.sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use clock::TestClock;
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn no_more_is_done_than_the_time_that_passed_allows() {
        let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH);
        let pace = Pace::new(NonZeroU32::new(3), &time.clock());
        for (done, milliseconds) in [(1, 334), (3, 1_000), (10, 3_334)] {
            let mut kept = Box::pin(pace.keep(done));
            assert!(kept.as_mut().now_or_never().is_none(), "{done}");
            let due = SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds);
            time.advance_to(due - Duration::from_millis(1));
            assert!(kept.as_mut().now_or_never().is_none(), "{done}");
            time.advance_to(due);
            kept.await;
        }
        Pace::new(None, &time.clock()).keep(u64::MAX).await;
    }
}
