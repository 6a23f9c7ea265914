//! The formats that the sandbox speaks: that of docs/processor.md, and those of three real processors as far as the
//! profiles use them, each with its own idempotency and errors.

mod adyen;
mod airlock;
mod checkout;
mod stripe;

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{books::Books, failure::Failure};

const MOST_BYTES: usize = 64 * 1024;
/// Longer than the client waits by default.
const LATE: Duration = Duration::from_secs(20);

pub(super) fn routes() -> Router<Arc<Books>> {
    airlock::routes().merge(stripe::routes()).merge(adyen::routes()).merge(checkout::routes())
}

/// A request's head and its body, which may hold a card and is wiped.
async fn taken(request: Request) -> (Parts, Zeroizing<Vec<u8>>) {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MOST_BYTES).await.unwrap_or_default();
    (head, Zeroizing::new(Vec::from(body)))
}

fn has_bearer(books: &Books, headers: &HeaderMap) -> bool {
    let wanted = format!("Bearer {}", *books.bearer.lock());
    headers.get(AUTHORIZATION).is_some_and(|given| given.as_bytes() == wanted.as_bytes())
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// An answer, or what keeps it from arriving.
async fn delivered(answer: Response, failure: Option<Failure>) -> Response {
    match failure {
        Some(Failure::Late) => {
            tokio::time::sleep(LATE).await;
            answer
        }
        // Until the client hangs up.
        Some(Failure::Silent) => std::future::pending().await,
        Some(Failure::AnswerLost) => broken_off(),
        Some(Failure::Error | Failure::ErrorCharged | Failure::Refused) | None => answer,
    }
}

/// A body that fails makes the server break the connection off. Should the head have got out before, it says nothing.
fn broken_off() -> Response {
    let broken = futures::stream::iter([Err::<Bytes, _>(io::Error::other("lost on purpose"))]);
    let mut response = Response::new(Body::from_stream(broken));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/json")], body.to_string()).into_response()
}

/// The members of both objects.
fn merged(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}
