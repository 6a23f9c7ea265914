//! What the page asks: small JSON bodies, in a buffer that is wiped, because somebody may type a card into a wrong field.

use axum::{extract::Request, http::StatusCode};
use card_airlock_gateway::{WipedBuffer, read_body};
use serde::Deserialize;

use super::shown::Refused;

const MOST_BYTES: usize = 16 * 1024;

/// A request's body.
pub(super) async fn body(request: Request) -> Result<WipedBuffer, Refused> {
    let (head, body) = request.into_parts();
    read_body(body, &head.headers, MOST_BYTES).await.ok_or_else(unreadable)
}

/// What the body says. Serde's own error quotes its input: it goes no further.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a WipedBuffer) -> Result<T, Refused> {
    serde_json::from_slice(body.as_ref()).map_err(|_| unreadable())
}

fn unreadable() -> Refused {
    Refused(
        StatusCode::BAD_REQUEST,
        "CONSOLE_REQUEST",
        "The console cannot read this request: reload the page",
    )
}
