//! The sandbox's HTTP.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use order::{Amount, Currency, MinorUnits, OrderId, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;
use vault::{Card, CardExpiry, Pan};
use zeroize::Zeroizing;

use super::{
    books::Books,
    failure::Failure,
    ledger::{Asked, Entry},
};

const MOST_BYTES: usize = 64 * 1024;
/// Longer than the client waits by default.
const LATE: Duration = Duration::from_secs(20);
/// How long requests under way may hold up the end.
const GRACE: Duration = Duration::from_millis(200);

/// A server. Dropping it stops it, without waiting.
pub(super) struct Running {
    stop: DropGuard,
    server: JoinHandle<()>,
}

impl Running {
    pub(super) fn start(listener: TcpListener, books: Arc<Books>) -> Self {
        let stop = CancellationToken::new();
        let router = Router::new()
            .route("/charges", post(charge))
            .route("/ledger", get(ledger))
            .with_state(books)
            .layer(axum::middleware::from_fn(only_this_machine));
        // Without it, Nagle's algorithm holds back the end of an answer for 40 ms.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let stopped = stop.clone().cancelled_owned();
        let server = axum::serve(listener, router).with_graceful_shutdown(stopped);
        Self { stop: stop.drop_guard(), server: tokio::spawn(async move { drop(server.await) }) }
    }

    pub(super) async fn stop(mut self) {
        drop(self.stop);
        if timeout(GRACE, &mut self.server).await.is_err() {
            self.server.abort();
            let _ = self.server.await;
        }
    }
}

async fn only_this_machine(request: Request, next: axum::middleware::Next) -> Response {
    if card_airlock_gateway::is_local(&request) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

/// The ledger, for people and pages. There is no card in it.
async fn ledger(State(books): State<Arc<Books>>) -> Response {
    let charges = books.ledger.lock().charges().into_iter().map(|charge| {
        let code = match &charge.outcome {
            Outcome::Declined(code) => Some(code.to_string()),
            Outcome::Submitted => None,
        };
        json!({
            "PaymentId": charge.payment_id,
            "CustomerOrder": charge.order.as_str(),
            "Amount": charge.amount.map(|amount| amount.minor_units.count()),
            "Currency": charge.amount.map(|amount| amount.currency.to_string()),
            "CardLast4": charge.last4.to_string(),
            "Outcome": charge.outcome.standing().word(),
            "DeclineCode": code,
            "Requests": charge.requests,
        })
    });
    answer(StatusCode::OK, &charges.collect::<Vec<Value>>().into())
}

async fn charge(State(books): State<Arc<Books>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let wanted = format!("Bearer {}", *books.bearer.lock());
    if head.headers.get(AUTHORIZATION).is_none_or(|given| given.as_bytes() != wanted.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let body = to_bytes(body, MOST_BYTES).await.unwrap_or_default();
    let Some(asked) = read(&head.headers, body) else { return StatusCode::BAD_REQUEST.into_response() };
    let failure = books.next.lock().take();
    let entry = books.ledger.lock().enter(asked, failure);
    match entry {
        Entry::Settled(outcome, None) => told(&outcome),
        Entry::Settled(outcome, Some(Failure::Late)) => {
            tokio::time::sleep(LATE).await;
            told(&outcome)
        }
        // Until the client hangs up.
        Entry::Settled(_, Some(Failure::Silent)) => std::future::pending().await,
        Entry::Settled(..) => broken_off(),
        Entry::Failed(Failure::Refused) => StatusCode::UNAUTHORIZED.into_response(),
        Entry::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Entry::Mismatch => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Wire<'a> {
    payment_id: Uuid,
    customer_order: &'a str,
    amount: Option<MinorUnits>,
    currency: Option<Currency>,
    credit_card: &'a str,
    card_expiry: Option<&'a str>,
}

/// The request, if it is as documented.
fn read(headers: &HeaderMap, body: Bytes) -> Option<Asked> {
    let body = Zeroizing::new(Vec::from(body));
    let wire: Wire<'_> = serde_json::from_slice(&body).ok()?;
    let key: Uuid = headers.get("idempotency-key")?.to_str().ok()?.parse().ok()?;
    let amount = match (wire.amount, wire.currency) {
        (Some(minor_units), Some(currency)) => Some(Amount { minor_units, currency }),
        (None, None) => None,
        _ => return None,
    };
    let expiry = wire.card_expiry.map(CardExpiry::parse).transpose().ok()?;
    let card = Card { pan: Pan::parse(wire.credit_card).ok()?, expiry };
    let order = OrderId::accept(wire.customer_order).ok()?;
    (key == wire.payment_id).then_some(Asked { payment_id: key, order, amount, card })
}

fn told(outcome: &Outcome) -> Response {
    match outcome {
        Outcome::Submitted => answer(StatusCode::OK, &json!({})),
        Outcome::Declined(code) => {
            answer(StatusCode::PAYMENT_REQUIRED, &json!({ "DeclineCode": code.to_string() }))
        }
    }
}

/// A body that fails makes the server break the connection off. Should the head have got out before, it says nothing.
fn broken_off() -> Response {
    let broken = futures::stream::iter([Err::<Bytes, _>(io::Error::other("lost on purpose"))]);
    let mut response = Response::new(Body::from_stream(broken));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/json")], body.to_string()).into_response()
}
