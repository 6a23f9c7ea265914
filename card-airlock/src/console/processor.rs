//! Chooses the processor's format.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{
    request,
    shown::{self, Refused},
    state::Console,
};
use crate::sandbox::Dialect;

const UNKNOWN: Refused =
    Refused(StatusCode::NOT_FOUND, "UNKNOWN_PROCESSOR", "There is no such processor: reload the page");
const NOT_NOW: Refused = Refused(
    StatusCode::CONFLICT,
    "FIXED_PROCESSOR",
    "With --processes the processor stays: start `up` with another --processor",
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choosing {
    profile: String,
}

/// `POST /console/processor`.
pub(super) async fn choose(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Choosing = request::read(&body)?;
    let chosen = Dialect::ALL.into_iter().find(|dialect| dialect.profile() == asked.profile);
    let chosen = chosen.ok_or(UNKNOWN)?;
    if console.dialects.is_fixed() {
        return Err(NOT_NOW);
    }
    console.dialects.choose(chosen).map_err(|_| NOT_NOW)?;
    let document = console.dialects.document();
    console.hub.happened("processor", &document);
    Ok(shown::ok(document))
}
