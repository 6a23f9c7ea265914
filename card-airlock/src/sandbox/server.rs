//! The sandbox's HTTP.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt,
};
use order::Outcome;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    books::Books,
    formats::{self, answer},
};

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
            .route("/ledger", get(ledger))
            .merge(formats::routes())
            .with_state(Arc::clone(&books))
            .layer(axum::middleware::from_fn_with_state(books, only_what_is_written))
            .layer(axum::middleware::from_fn(only_this_machine));
        // Without it, Nagle's algorithm delays the end of an answer by 40 ms.
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

/// What could not be written down may not be told.
async fn only_what_is_written(
    State(books): State<Arc<Books>>,
    request: Request,
    next: axum::middleware::Next,
) -> Response {
    let answer = next.run(request).await;
    if books.kept.has_failed() { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { answer }
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
            "DeclineKind": code.as_ref().map(|_| charge.kind.word()),
            "Profile": charge.dialect.profile(),
            "ProcessorReference": charge.reference,
            "Requests": charge.requests,
        })
    });
    answer(StatusCode::OK, &charges.collect::<Vec<Value>>().into())
}
