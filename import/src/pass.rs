//! One chunk of a pass over the source: page by page, at a rate, until its limit or the function's time is reached.

use std::time::{Duration, SystemTime};

use futures::{StreamExt, stream};
use platform::{deadline::time_left, pace::Pace};

use crate::{
    Import,
    error::ImportError,
    request::{Action, Cursor, Request},
    row::{Key, Row},
    summary::{PageDone, RowResult, Summary},
};

/// Rows that are worked on at once.
const AT_ONCE: usize = 8;
/// The most rows of a page: so few that a page is done well before the deadline, however slow the services are.
const PAGE: u32 = 100;
/// No page begins with less time than this left. What a page that takes longer has done is done.
pub(crate) const MARGIN: Duration = Duration::from_secs(60);

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
    let seal = import.key.cursors(&import.settings.pass(request.action)).await?;
    let mut place = request.cursor.as_ref().map(|cursor| cursor.open(&seal)).transpose()?.flatten();
    let mut summary = Summary::new(request.action);
    let is_over = || time_left(deadline, &import.clock, MARGIN).is_zero();
    if let Some(sample) = import.sample.as_ref().filter(|_| request.action.needs_pairing()) {
        let is_read = import.read_pairing(sample, request, is_over).await?;
        // Once they are read there is a page at least: an answer of no rows would be no progress.
        if !is_read {
            summary.cursor = Some(Cursor::seal(place.as_ref(), &seal)?);
            return Ok(summary);
        }
    }
    let (pace, limit) = (Pace::new(request.rate, &import.clock), u64::from(request.most_rows()));
    let most = request.rate.map_or(PAGE, |rate| rate.get().min(PAGE));
    let mut rows = 0;
    loop {
        let left = u32::try_from(limit.saturating_sub(rows)).unwrap_or(u32::MAX);
        let page = page(import, request.action, place.as_ref(), most.min(left)).await?;
        rows += page.rows;
        page.results.into_iter().for_each(|result| summary.tell(result));
        place = page.next;
        if place.is_none() {
            return Ok(summary);
        }
        // Also where the chunk ends: the next one begins at once.
        pace.keep(rows).await;
        if rows >= limit || summary.is_long() || is_over() {
            summary.cursor = Some(Cursor::seal(place.as_ref(), &seal)?);
            return Ok(summary);
        }
    }
}

/// Works on one page.
async fn page(
    import: &Import,
    action: Action,
    after: Option<&Key>,
    most: u32,
) -> Result<PageDone, ImportError> {
    if action == Action::Orphans {
        let sample = import.sample.as_ref().ok_or(ImportError::NoSample)?;
        return import.orphans(sample, after, most).await;
    }
    let page = import.source.page(after, most).await?;
    let rows = page.rows.len() as u64;
    Ok(PageDone { results: work_on(import, action, page.rows).await?, rows, next: page.next })
}

/// Works on the rows of one page, [`AT_ONCE`] rows at a time. All of them are worked on, whatever becomes of one.
async fn work_on(import: &Import, action: Action, rows: Vec<Row>) -> Result<Vec<RowResult>, ImportError> {
    // Each row is dropped when it is done.
    let work = rows.into_iter().enumerate().map(|(place, row)| async move {
        let result = match (action, &import.sample) {
            // Where the sample has a token, it has no number.
            (Action::Check | Action::Import, Some(sample)) if matches!(row.number, Ok(None)) => {
                import.import_sample_row(sample, &row, action == Action::Check).await
            }
            (Action::Check, _) => import.import_row(&row, true).await,
            (Action::Import, _) => import.import_row(&row, false).await,
            (Action::CheckScrub, _) => import.scrub_row(&row, true).await,
            (Action::Scrub, _) => import.scrub_row(&row, false).await,
            // It does not read these rows.
            (Action::Orphans, _) => Err(ImportError::NoSample),
        };
        (place, result)
    });
    // In any order, so that a slow row holds up no others.
    let mut done: Vec<_> = stream::iter(work.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}
