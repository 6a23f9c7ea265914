//! Gives an answer before Lambda stops the function.

use std::time::{Duration, SystemTime};

use clock::Clock;

use super::{problems::Problem, reply::Reply};
use crate::deadline::within;

/// The time that the answer itself takes.
const MARGIN: Duration = Duration::from_secs(1);

/// The handler's answer, or `late` if there is none before the deadline: a function that Lambda stops cannot answer.
/// What the handler has begun is completed when the request comes again.
///
/// # Errors
/// The handler's, and `late` when the time is over.
pub async fn before(
    deadline: SystemTime,
    clock: &Clock,
    late: Problem,
    decision: impl Future<Output = Result<Reply, Problem>>,
) -> Result<Reply, Problem> {
    within(deadline, clock, MARGIN, decision).await.unwrap_or(Err(late))
}

#[cfg(test)]
mod tests {
    use clock::TestClock;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_does_not_end_is_answered_for() {
        let clock = Clock::system();
        let late = before(clock.now() + MARGIN, &clock, Problem::UNAVAILABLE, std::future::pending()).await;
        assert_eq!(late.unwrap_err(), Problem::UNAVAILABLE);
        let early =
            before(clock.now() + MARGIN * 60, &clock, Problem::UNAVAILABLE, async { Err(Problem::INTERNAL) })
                .await;
        assert_eq!(early.unwrap_err(), Problem::INTERNAL);
    }

    #[tokio::test]
    async fn a_second_is_kept_for_the_answer() {
        let time = TestClock::stopped_at(SystemTime::UNIX_EPOCH);
        for (seconds, said) in [(1, Problem::UNAVAILABLE), (2, Problem::INTERNAL)] {
            let deadline = time.now() + Duration::from_secs(seconds);
            let decision = async { Err(Problem::INTERNAL) };
            let answer = before(deadline, &time.clock(), Problem::UNAVAILABLE, decision).await;
            assert_eq!(answer.unwrap_err(), said, "{seconds}");
        }
    }
}
