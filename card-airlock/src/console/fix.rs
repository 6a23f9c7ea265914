//! Replay and sweep: the deployed function, invoked as an operator or the schedule would.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use order::OrderId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    pulse, request,
    shown::{self, Refused},
    state::Console,
};

const FAILED: Refused = Refused(
    StatusCode::BAD_GATEWAY,
    "FUNCTION_FAILED",
    "The function failed, after it did a part of its work: switch off the faults, and try again",
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Replaying {
    #[serde(default)]
    dry_run: bool,
    order: Option<OrderId>,
}

/// `POST /console/replay`.
pub(super) async fn replay(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Replaying = request::read(&body)?;
    let event = json!({ "action": "replay", "dryRun": asked.dry_run, "order": asked.order });
    answer(&console, &event).await
}

/// `POST /console/sweep`.
pub(super) async fn sweep(State(console): State<Arc<Console>>) -> Result<Response, Refused> {
    answer(&console, &json!({ "action": "sweep" })).await
}

/// The function's answer. `None`: it failed.
pub(super) async fn invoke(console: &Console, event: &Value) -> Option<Value> {
    let (declared, function) = console.replay.as_ref()?;
    let deadline = console.front.clock.now() + declared.timeout;
    let answer = function.invoke(event.to_string().into_bytes(), deadline).await.ok();
    console.hub.happened("pulse", &pulse::document(console));
    serde_json::from_slice(&answer?).ok()
}

/// One run of the maker of card keys. Its failure is in its log, and the next run does its work.
pub(super) async fn make_card_keys(console: &Console) {
    let Some((declared, function)) = console.card_key_maker.as_ref() else { return };
    let deadline = console.front.clock.now() + declared.timeout;
    drop(function.invoke(b"{}".to_vec(), deadline).await);
}

async fn answer(console: &Console, event: &Value) -> Result<Response, Refused> {
    invoke(console, event).await.map(shown::ok).ok_or(FAILED)
}
