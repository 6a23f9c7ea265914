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
    source::{Key, Row},
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
    if let (None, Some(sample)) = (&place, &import.sample) {
        import.forget_pairing(sample).await;
    }
    let mut summary = Summary::new(request.action);
    let (begun, limit) = (import.clock.now(), request.most_rows());
    let most = request.rate.map_or(PAGE, |rate| rate.get().min(PAGE));
    loop {
        let left = u64::from(limit).saturating_sub(summary.rows);
        let most = u32::try_from(left).map_or(most, |left| left.min(most));
        let (results, next) = page(import, request.action, place.as_ref(), most).await?;
        results.into_iter().for_each(|result| summary.tell(result));
        place = next;
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

/// Works on one page, and says where the next one begins.
async fn page(
    import: &Import,
    action: Action,
    after: Option<&Key>,
    most: u32,
) -> Result<(Vec<RowResult>, Option<Key>), ImportError> {
    if action == Action::Orphans {
        let sample = import.sample.as_ref().ok_or(ImportError::NoSample)?;
        return import.orphans(sample, after, most).await;
    }
    let page = import.source.page(after, most).await?;
    Ok((work_on(import, action, &page.rows).await?, page.next))
}

/// Works on the rows of one page, [`AT_ONCE`] rows at a time. All of them are worked on, whatever becomes of one.
async fn work_on(import: &Import, action: Action, rows: &[Row]) -> Result<Vec<RowResult>, ImportError> {
    let work = rows.iter().map(|row| async move {
        match (action, &import.sample) {
            // Where the sample has a token, it has no number.
            (Action::Check | Action::Import, Some(sample)) if matches!(row.number, Ok(None)) => {
                import.import_sample_row(sample, row, action == Action::Check).await
            }
            (Action::Check, _) => import.import_row(row, true).await,
            (Action::Import, _) => import.import_row(row, false).await,
            (Action::CheckScrub, _) => import.scrub_row(row, true).await,
            (Action::Scrub, _) => import.scrub_row(row, false).await,
            // It does not read these rows.
            (Action::Orphans, _) => Err(ImportError::NoSample),
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
