//! One chunk of a pass over the source: page by page, at a rate, until its limit or the function's time is reached.

use std::{
    num::NonZeroU32,
    time::{Duration, SystemTime},
};

use clock::Clock;
use futures::{StreamExt, stream};
use platform::deadline::time_left;

use crate::{
    Import,
    error::ImportError,
    request::{Action, Cursor, Request},
    source::Row,
    summary::{RowResult, Summary},
};

/// Rows that are worked on at once.
const AT_ONCE: usize = 8;
/// The most rows of a page: so few that a page is done well before the deadline, however slow the services are.
const PAGE: u32 = 100;
/// No page begins with less time than this left. What a page that takes longer has done is done.
const MARGIN: Duration = Duration::from_secs(60);

/// Goes over rows from the request's cursor on.
///
/// # Errors
/// [`ImportError`] of the first row that failed; the others of its page were worked on. Going over rows again changes
/// nothing that was done.
pub(crate) async fn go(
    import: &Import,
    request: &Request,
    deadline: SystemTime,
) -> Result<Summary, ImportError> {
    let seal = import.key.cursors().await?;
    let mut place = request.cursor.as_ref().map(|cursor| cursor.open(&seal)).transpose()?;
    let mut summary = Summary::new(request.action);
    let (begun, limit) = (import.clock.now(), request.most_rows());
    let most = request.rate.map_or(PAGE, |rate| rate.get().min(PAGE));
    loop {
        let left = u64::from(limit).saturating_sub(summary.rows);
        let page =
            import.source.page(place.as_ref(), u32::try_from(left).map_or(most, |left| left.min(most)));
        let page = page.await?;
        for result in work_on(import, request.action, &page.rows).await? {
            summary.tell(result);
        }
        place = page.next;
        let is_over = place.is_none() || summary.rows >= u64::from(limit);
        if !is_over {
            keep_to_rate(request.rate, summary.rows, begun, &import.clock).await;
        }
        // After the first page only: an answer of no rows would be no progress.
        if is_over || time_left(deadline, &import.clock, MARGIN).is_zero() {
            summary.cursor = place.map(|key| Cursor::seal(&key, &seal)).transpose()?;
            return Ok(summary);
        }
    }
}

/// Works on the rows of one page, [`AT_ONCE`] rows at a time. All of them are worked on, whatever becomes of one.
async fn work_on(import: &Import, action: Action, rows: &[Row]) -> Result<Vec<RowResult>, ImportError> {
    let work = rows.iter().map(|row| async move {
        match action {
            Action::Check => import.import_row(row, true).await,
            Action::Import => import.import_row(row, false).await,
            Action::CheckScrub => import.scrub_row(row, true).await,
            Action::Scrub => import.scrub_row(row, false).await,
        }
    });
    let done: Vec<_> = stream::iter(work.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
    done.into_iter().collect()
}

/// Waits until so many rows may have been looked at since the chunk began.
async fn keep_to_rate(rate: Option<NonZeroU32>, rows: u64, begun: SystemTime, clock: &Clock) {
    let Some(rate) = rate else { return };
    let due = Duration::from_millis(rows.saturating_mul(1000) / u64::from(rate.get()));
    let passed = clock.now().duration_since(begun).unwrap_or_default();
    if let Some(wait) = due.checked_sub(passed) {
        clock.sleep(wait).await;
    }
}
