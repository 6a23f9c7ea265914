//! Work ends before Lambda's deadline, so that there is time for the answer.

use std::time::{Duration, SystemTime};

use clock::Clock;

/// A function that writes to tables or queues stops this long before the deadline.
pub const MARGIN: Duration = Duration::from_secs(2);

/// The time that is left for work: up to the deadline, without the margin. Zero when it is over.
#[must_use]
pub fn time_left(deadline: SystemTime, clock: &Clock, margin: Duration) -> Duration {
    deadline.duration_since(clock.now()).unwrap_or_default().saturating_sub(margin)
}

#[cfg(test)]
mod tests {
    use clock::TestClock;

    use super::*;

    #[test]
    fn the_margin_is_no_time_for_work() {
        let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH);
        let deadline = time.now() + MARGIN + Duration::from_secs(1);
        assert_eq!(time_left(deadline, &time.clock(), MARGIN), Duration::from_secs(1));
        for late in [Duration::from_secs(1), MARGIN, MARGIN] {
            time.advance(late);
            assert_eq!(time_left(deadline, &time.clock(), MARGIN), Duration::ZERO);
        }
    }
}
