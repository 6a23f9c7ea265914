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

/// What the work came to; `None` when the time for it is over before it is done. Without time, it is not begun: a call to
/// AWS that is begun may be done although nobody waits for it.
pub async fn within<T>(
    deadline: SystemTime,
    clock: &Clock,
    margin: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let left = time_left(deadline, clock, margin);
    if left.is_zero() { None } else { tokio::time::timeout(left, work).await.ok() }
}

#[cfg(test)]
mod tests {
    use clock::TestClock;

    use super::*;

    #[test]
    fn the_margin_is_no_time_for_work() {
        let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH);
        let deadline = time.now() + Duration::from_secs(3);
        assert_eq!(time_left(deadline, &time.clock(), MARGIN), Duration::from_secs(1));
        for late in [Duration::from_secs(1), MARGIN, MARGIN] {
            time.advance(late);
            assert_eq!(time_left(deadline, &time.clock(), MARGIN), Duration::ZERO);
        }
    }

    #[tokio::test]
    async fn work_is_not_begun_without_time_and_not_waited_for_when_it_is_over() {
        let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH);
        let done = async |left: Duration| {
            within(time.now() + MARGIN + left, &time.clock(), MARGIN, async { 1 }).await
        };
        assert_eq!(done(Duration::from_secs(60)).await, Some(1));
        assert_eq!(done(Duration::ZERO).await, None);
        let soon = time.now() + MARGIN + Duration::from_millis(1);
        assert_eq!(within(soon, &time.clock(), MARGIN, std::future::pending::<()>()).await, None);
    }
}
