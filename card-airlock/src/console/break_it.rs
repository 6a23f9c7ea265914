//! The faults that a page can cause.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    fix,
    poison::{self, NoPoison},
    pulse, request,
    shown::{self, Refused},
    state::Console,
    switches,
};

/// How far one request may move the clock forward: four days.
const MOST_MINUTES: u32 = 4 * 24 * 60;

const UNKNOWN_SWITCH: Refused =
    Refused(StatusCode::NOT_FOUND, "UNKNOWN_SWITCH", "There is no such switch: reload the page");
const NOTHING_TO_COPY: Refused = Refused(
    StatusCode::CONFLICT,
    "NOTHING_TO_COPY",
    "Place an order first: a poison order is a copy of a sealed card",
);
const NOT_TAKEN: Refused = Refused(
    StatusCode::BAD_GATEWAY,
    "AWS_REFUSED",
    "DynamoDB refused the row: switch off the faults, and try again",
);
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switching {
    name: String,
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forward {
    minutes: u32,
}

/// `POST /console/switch`: switches a fault on or off.
pub(super) async fn switch(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Switching = request::read(&body)?;
    switches::set(console.aws.faults(), &asked.name, asked.on).ok_or(UNKNOWN_SWITCH)?;
    if !asked.on {
        console.hub.invocations().repaired();
    }
    Ok(done(&console))
}

/// `POST /console/crash`: the worker crashes when its next transaction is done.
pub(super) async fn crash(State(console): State<Arc<Console>>) -> Response {
    console.hub.invocations().arm_crash();
    done(&console)
}

/// `POST /console/all-off`: ends every fault and every crash that has not happened yet. The clock stays where it is: no
/// stack's time goes back.
pub(super) async fn all_off(State(console): State<Arc<Console>>) -> Response {
    console.aws.faults().clear();
    console.hub.invocations().disarm_crashes();
    console.hub.invocations().repaired();
    done(&console)
}

/// `POST /console/poison`: a row whose card belongs to another.
pub(super) async fn poison(State(console): State<Arc<Console>>) -> Result<Response, Refused> {
    match poison::put(&console).await {
        Ok(order) => Ok(shown::ok(json!({ "order": order }))),
        Err(NoPoison::NothingToCopy) => Err(NOTHING_TO_COPY),
        Err(NoPoison::Refused) => Err(NOT_TAKEN),
    }
}

/// `POST /console/clock`: moves the time forward. Then what is scheduled runs, as it would have done meanwhile: the sweep,
/// and the maker of card keys.
pub(super) async fn clock(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Forward = request::read(&body)?;
    let off = || Refused(StatusCode::CONFLICT, "MACHINE_TIME", console.clock_is_off().unwrap_or_default());
    let time = console.options.time.as_ref().ok_or_else(off)?;
    time.advance(Duration::from_secs(u64::from(asked.minutes.min(MOST_MINUTES)) * 60));
    let swept = fix::invoke(&console, &json!({ "action": "sweep" })).await;
    fix::make_card_keys(&console).await;
    Ok(shown::ok(json!({ "ahead": time.ahead().as_secs(), "swept": swept })))
}

/// Tells every page about the switch.
fn done(console: &Console) -> Response {
    let pulse = pulse::document(console);
    console.hub.happened("pulse", &pulse);
    shown::ok(pulse)
}
