//! The adapter's contract: docs/processor.md.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use order::{Amount, Currency, MinorUnits, OrderId, Outcome};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use vault::{Card, CardExpiry, Pan};

use super::{
    super::{
        books::Books,
        dialect::Dialect,
        failure::Failure,
        ledger::{Asked, Entry},
    },
    answer, delivered, has_bearer, taken,
};

pub(super) fn routes() -> Router<Arc<Books>> {
    Router::new().route(Dialect::Airlock.base(), post(charge))
}

async fn charge(State(books): State<Arc<Books>>, request: Request) -> Response {
    let (head, body) = taken(request).await;
    if !has_bearer(&books, &head.headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(asked) = read(&head.headers, &body) else { return StatusCode::BAD_REQUEST.into_response() };
    let failure = books.next.lock().take();
    let entry = {
        let _turn = books.turn();
        books.ledger.lock().enter(asked, failure)
    };
    match entry {
        // The key is known from now on, whatever the answer said.
        Entry::Settled(_, Some(Failure::ErrorCharged)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Entry::Settled(charge, failure) => delivered(told(&charge.outcome), failure).await,
        Entry::Failed(Failure::Refused, _) => StatusCode::UNAUTHORIZED.into_response(),
        Entry::Failed(..) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
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
fn read(headers: &HeaderMap, body: &[u8]) -> Option<Asked> {
    let wire: Wire<'_> = serde_json::from_slice(body).ok()?;
    let key: Uuid = super::header(headers, "idempotency-key")?.parse().ok()?;
    let amount = match (wire.amount, wire.currency) {
        (Some(minor_units), Some(currency)) => Some(Amount { minor_units, currency }),
        (None, None) => None,
        _ => return None,
    };
    let expiry = wire.card_expiry.map(CardExpiry::parse).transpose().ok()?;
    let card = Card { pan: Pan::parse(wire.credit_card).ok()?, expiry };
    let order = OrderId::accept(wire.customer_order).ok()?;
    let asked = Asked { payment_id: key, order, amount, card, dialect: Dialect::Airlock };
    (key == wire.payment_id).then_some(asked)
}

fn told(outcome: &Outcome) -> Response {
    match outcome {
        Outcome::Submitted => answer(StatusCode::OK, &json!({})),
        Outcome::Declined(code) => {
            answer(StatusCode::PAYMENT_REQUIRED, &json!({ "DeclineCode": code.to_string() }))
        }
    }
}
