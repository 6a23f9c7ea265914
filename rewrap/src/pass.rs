//! One chunk of a pass over the vault: page by page, at a rate, until its limit or the function's time is reached.

use std::{
    num::NonZeroU32,
    time::{Duration, SystemTime},
};

use clock::Clock;
use futures::{StreamExt, stream};
use platform::{deadline::time_left, pace::Pace};
use vault::{RewrapError, Rewrapper, WrappedRow};

use crate::{
    request::{Action, Cursor, Request},
    summary::Summary,
};

/// Rows that are worked on at once.
const AT_ONCE: usize = 8;
/// The most rows of a page: so few that a page is done well before the deadline, however slow the services are.
const PAGE: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
/// No page begins with less time than this left. What a page that takes longer has done is done.
const MARGIN: Duration = Duration::from_secs(60);

/// Goes over rows from the request's cursor on.
///
/// # Errors
/// [`RewrapError`] of the first row that failed; the others of its page were worked on. Going over rows again changes
/// nothing that was done.
pub(crate) async fn go(
    rewrapper: &Rewrapper,
    request: &Request,
    clock: &Clock,
    deadline: SystemTime,
) -> Result<Summary, RewrapError> {
    let mut summary = Summary { cursor: request.cursor, ..Summary::new(request.action) };
    let pace = Pace::new(request.rate, clock);
    let most = request.rate.map_or(PAGE, |rate| rate.min(PAGE)).get();
    loop {
        let left = request.limit.map(|limit| u64::from(limit.get()).saturating_sub(summary.rows));
        let limit = left.and_then(|left| u32::try_from(left).ok()).map_or(most, |left| left.min(most));
        let page = rewrapper.page(summary.cursor.map(|Cursor(token)| token), limit).await?;
        summary.count_unreadable(page.unreadable);
        work_on(rewrapper, request, &page.rows, &mut summary).await?;
        summary.cursor = page.next.map(Cursor);
        if summary.cursor.is_none() {
            return Ok(summary);
        }
        // Also where the chunk ends: the next one begins at once.
        pace.keep(summary.rows).await;
        let is_full = request.limit.is_some_and(|limit| summary.rows >= u64::from(limit.get()));
        // After the first page only: an answer of no rows would look like the end of the pass.
        if is_full || time_left(deadline, clock, MARGIN).is_zero() {
            return Ok(summary);
        }
    }
}

async fn work_on(
    rewrapper: &Rewrapper,
    request: &Request,
    rows: &[WrappedRow],
    summary: &mut Summary,
) -> Result<(), RewrapError> {
    for row in rows {
        summary.count_row(row.material());
    }
    let says_present = |row: &&WrappedRow| rewrapper.says_present(row);
    match request.action {
        Action::Count => {
            summary.present += rows.iter().filter(says_present).count() as u64;
            Ok(())
        }
        Action::Rewrap => {
            let skipped = |row: &&WrappedRow| !request.all && says_present(row);
            let (present, wanted): (Vec<_>, Vec<_>) = rows.iter().partition(skipped);
            summary.present += present.len() as u64;
            let moved = some_at_once(wanted.into_iter().map(|row| rewrapper.rewrap(row)).collect()).await;
            moved.into_iter().try_for_each(|moved| moved.map(|moved| summary.count_rewrapped(moved)))
        }
        Action::Verify => {
            let asked = some_at_once(rows.iter().map(|row| rewrapper.wrapping(row)).collect()).await;
            asked.into_iter().try_for_each(|told| told.map(|told| summary.count_wrapping(told)))
        }
    }
}

/// Does work on the rows of one page, [`AT_ONCE`] rows at a time.
async fn some_at_once<T>(work: Vec<impl Future<Output = T>>) -> Vec<T> {
    stream::iter(work).buffer_unordered(AT_ONCE).collect().await
}
