//! Events that Lambda gave up: the worker sends them, so each row that failed or expired is written once more, and the
//! stream brings it to the worker again.

use futures::{StreamExt, TryStreamExt, stream};
use order::Timestamp;
use platform::deadline::MARGIN;

use crate::{AT_ONCE, ReplayError, rules::may_be_untold, sweep::Sweep};

/// Rows that are written before the time and the positions are looked at again.
const SOME: usize = 100;

impl Sweep<'_> {
    /// Has the worker send the events of the rows at or below a position that is to be deleted.
    pub(crate) async fn have_events_sent_again(&mut self, horizon: Timestamp) -> Result<(), ReplayError> {
        let mut rows = std::mem::take(&mut self.ended);
        rows.retain(|row| may_be_untold(row, horizon));
        for some in rows.chunks(SOME) {
            self.replay.check_time(self.deadline, MARGIN)?;
            let upkeep = &self.replay.upkeep;
            stream::iter(some.to_vec())
                .map(|row| async move { upkeep.have_event_sent_again(&row).await })
                .buffer_unordered(AT_ONCE)
                .try_for_each(|_| std::future::ready(Ok(())))
                .await?;
            self.summary.events_sent_again += some.len() as u64;
            self.keep_hidden().await;
        }
        Ok(())
    }
}
