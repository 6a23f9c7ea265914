//! The server-sent events of one page: the whole state first, then what changes.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use card_airlock_template::LambdaFunction;
use futures::{StreamExt, stream};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::{hub::Frame, pulse, shown, state::Console, test_cards};

pub(super) async fn stream(State(console): State<Arc<Console>>) -> Response {
    // In this order: a change during the reading of the state comes again, and nothing is missed.
    let frames = console.hub.subscribe();
    let first = state(&console);
    let stopping = console.stopping.clone();
    let rest = stream::unfold((console, frames), |(console, mut frames)| async move {
        let frame = match frames.recv().await {
            Ok(frame) => frame,
            Err(RecvError::Lagged(_)) => state(&console),
            Err(RecvError::Closed) => return None,
        };
        Some((frame, (console, frames)))
    });
    let frames = stream::iter([first])
        .chain(rest)
        .map(|frame| Ok::<_, Infallible>(Event::default().event(frame.event).data(&frame.data)));
    let frames = frames.take_until(stopping.cancelled_owned());
    Sse::new(frames).keep_alive(KeepAlive::default()).into_response()
}

fn state(console: &Console) -> Arc<Frame> {
    let cards = test_cards::all().into_iter().map(|card| json!({ "name": card.name, "title": card.title }));
    let state = json!({
        "api": format!("/{}", console.front.stage),
        "user": super::state::USER,
        "stack": console.hub.stack(),
        "aws": console.aws.url(),
        "testCards": cards.collect::<Vec<_>>(),
        "latest": console.hub.known().latest(),
        "history": console.hub.history().document(),
        "reveals": reveals(console),
        "processor": console.dialects.document(),
        "operation": console.operation.latest(),
        "inWorker": console.hub.invocations().runs().orders(),
        "pulse": pulse::document(console),
    });
    Arc::new(Frame { event: "state", data: shown::text(state) })
}

/// Whether a merchant is shown the number of the card that they charge.
fn reveals(console: &Console) -> bool {
    let setting =
        |function: &LambdaFunction| function.environment.get("REVEAL_CARD").is_some_and(|on| on == "true");
    console.declared.function("PaybillFunction").is_some_and(setting)
}
