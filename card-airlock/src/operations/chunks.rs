//! The chunks of a pass, which a function of the stack works on one after the other.

use std::{num::NonZeroU32, time::Duration};

/// A chunk is what its rate allows in a second: then there is progress to be seen, and little is repeated.
const CHUNK_SECONDS: NonZeroU32 = NonZeroU32::MIN;
/// How often a chunk is asked for; the waits between double from one second.
const TRIES: u32 = 6;

/// How many rows a chunk has at most.
pub(crate) fn rows_at(rate: NonZeroU32) -> NonZeroU32 {
    rate.saturating_mul(CHUNK_SECONDS)
}

/// One chunk, asked for again when it failed and may succeed a moment later.
pub(crate) async fn insist<T, E>(
    may_pass: impl Fn(&E) -> bool,
    chunk: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let mut wait = Duration::from_secs(1);
    for _ in 1..TRIES {
        match chunk().await {
            Err(error) if may_pass(&error) => tokio::time::sleep(wait).await,
            done => return done,
        }
        wait *= 2;
    }
    chunk().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_asked_six_times_in_half_a_minute_and_nothing_else_twice() {
        let asked = Cell::new(0_u32);
        let fails_until = |last: u32| {
            asked.set(0);
            let asked = &asked;
            async move || {
                asked.set(asked.get() + 1);
                if asked.get() <= last { Err(last) } else { Ok(()) }
            }
        };
        for (failures, may_pass, expected) in
            [(0, true, (Ok(()), 1)), (5, true, (Ok(()), 6)), (6, true, (Err(6), 6)), (1, false, (Err(1), 1))]
        {
            let begun = tokio::time::Instant::now();
            let done = insist(|_| may_pass, fails_until(failures)).await;
            assert_eq!((done, asked.get()), expected, "{failures}");
            assert!(begun.elapsed() < Duration::from_secs(32), "{failures}");
        }
    }
}
