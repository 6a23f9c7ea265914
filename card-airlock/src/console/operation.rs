//! What an operator does with the whole stack: the program's own commands `doctor`, `import` and `rewrap`, at this stack's
//! endpoint, one at a time. Every page is told how far it is.

use std::{num::NonZeroU32, sync::Arc, time::SystemTime};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use order::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    request,
    shown::{self, Refused},
    state::Console,
};
use crate::operations::{
    ImportingError, Place, RewrappingError, StackAccess, about_rows,
    doctor::{document, examine},
    insist, rows_at, run_import, run_rewrap, source_table,
};

/// Rows in a second, as the commands have it by default.
const RATE: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);

const AT_WORK: Refused = Refused(
    StatusCode::CONFLICT,
    "OPERATION_UNDER_WAY",
    "Another operation is under way: wait for its end, or cancel it",
);

/// One of the commands, with what it does to each row.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(tag = "what", content = "action", rename_all = "camelCase")]
enum Work {
    Doctor,
    Import(import::Action),
    Rewrap(rewrap::Action),
}

/// One of them that has begun.
#[derive(Debug, Clone, Copy)]
struct Begun {
    number: u64,
    /// By the stack's clock.
    at: SystemTime,
    work: Work,
}

/// `POST /console/operate`: begins one.
pub(super) async fn begin(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let work: Work = request::read(&body)?;
    let (number, cancel) = console.operation.begin().ok_or(AT_WORK)?;
    let begun = Begun { number, at: console.front.clock.now(), work };
    tell(&console, begun, json!({ "running": true, "rows": 0 }));
    let latest = console.operation.latest();
    // On a thread of its own: the commands' futures do not move between threads.
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        runtime.block_on(async {
            let end = tokio::select! {
                () = console.stopping.cancelled() => return,
                end = perform(&console, begun, &cancel) => end,
            };
            console.operation.end();
            tell(&console, begun, end.unwrap_or_else(|why| json!({ "error": why })));
        });
    });
    Ok(shown::ok(latest))
}

/// `POST /console/operate/cancel`: the chunk under way is the last one.
pub(super) async fn cancel(State(console): State<Arc<Console>>) -> Response {
    console.operation.cancel();
    shown::ok(console.operation.latest())
}

/// Does it, and says what it came to.
async fn perform(console: &Console, begun: Begun, cancel: &CancellationToken) -> Result<Value, String> {
    let place = Place::Up { aws_url: console.aws.url().to_owned() };
    let access = StackAccess::open(place).await.map_err(in_words)?;
    match begun.work {
        Work::Doctor => {
            let checked = examine(&access, Timestamp::from(console.front.clock.now())).await;
            Ok(json!({ "doctor": document(&checked.map_err(in_words)?) }))
        }
        Work::Import(action) => {
            let table = source_table(&access).map_err(in_words)?;
            let total = about_rows(&access, table).await;
            let mut pass = import::Summary::new(action);
            loop {
                let request = import::Request {
                    action,
                    cursor: pass.cursor.clone(),
                    limit: Some(rows_at(RATE)),
                    rate: Some(RATE),
                };
                let chunk = insist(ImportingError::may_pass, async || run_import(&access, &request).await);
                pass.add(chunk.await.map_err(in_words)?);
                if pass.cursor.is_none() || cancel.is_cancelled() {
                    return Ok(over(&pass, pass.cursor.is_some()));
                }
                tell(console, begun, json!({ "running": true, "rows": pass.rows, "total": total }));
            }
        }
        Work::Rewrap(action) => {
            let mut pass = rewrap::Summary::new(action);
            loop {
                let request = rewrap::Request {
                    action,
                    cursor: pass.cursor,
                    limit: Some(rows_at(RATE)),
                    rate: Some(RATE),
                    all: false,
                };
                let chunk = insist(RewrappingError::may_pass, async || run_rewrap(&access, &request).await);
                pass.add(chunk.await.map_err(in_words)?);
                if pass.cursor.is_none() || cancel.is_cancelled() {
                    return Ok(over(&pass, pass.cursor.is_some()));
                }
                tell(console, begun, json!({ "running": true, "rows": pass.rows }));
            }
        }
    }
}

/// A pass at its end, or where it was cancelled. The place where it would continue is nobody's business.
fn over(pass: &impl Serialize, is_cancelled: bool) -> Value {
    let mut summary = serde_json::to_value(pass).unwrap_or_default();
    if let Some(members) = summary.as_object_mut() {
        members.remove("cursor");
    }
    json!({ "summary": summary, "cancelled": is_cancelled })
}

fn tell(console: &Console, begun: Begun, mut how: Value) {
    if let Some(members) = how.as_object_mut() {
        members.insert("work".to_owned(), json!(begun.work));
        members.insert("number".to_owned(), json!(begun.number));
        members.insert("at".to_owned(), json!(shown::milliseconds(begun.at)));
    }
    console.operation.tell(how.clone());
    console.hub.happened("operation", &how);
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
