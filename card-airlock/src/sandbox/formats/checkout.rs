//! Checkout.com's payments, as far as the profile uses them. A key keeps the answer 2xx alone: after 4xx and 5xx a repeat
//! is a new attempt, and it charges again.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Query, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use order::{Amount, DeclineKind, OrderId, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use vault::{Card, CardExpiry, Pan};

use super::{
    super::{
        books::Books,
        charge::Charge,
        dialect::Dialect,
        failure::Failure,
        ids::new_id,
        ledger::{Asked, Entry},
        saved::Known,
    },
    answer, delivered, has_bearer, header, merged, taken,
};

const NAME: &str = "checkout";

pub(super) fn routes() -> Router<Arc<Books>> {
    Router::new().route("/checkout/payments", post(payment).get(list))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    source: Source<'a>,
    amount: u64,
    currency: &'a str,
    processing_channel_id: &'a str,
    reference: &'a str,
    metadata: Metadata<'a>,
    capture: bool,
    #[serde(rename = "payment_type")]
    _payment_type: &'a str,
    #[serde(rename = "merchant_initiated")]
    _merchant_initiated: Option<bool>,
    #[serde(rename = "3ds")]
    three_ds: ThreeDs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    number: &'a str,
    expiry_month: u8,
    expiry_year: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata<'a> {
    order: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThreeDs {
    enabled: bool,
}

async fn payment(State(books): State<Arc<Books>>, request: Request) -> Response {
    let (head, body) = taken(request).await;
    if !has_bearer(&books, &head.headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let key = header(&head.headers, "cko-idempotency-key").unwrap_or_default();
    let (reply, failure) = pay(&books, key, &body);
    delivered(reply, failure).await
}

/// The answer, and what keeps it from arriving.
fn pay(books: &Books, key: &str, body: &[u8]) -> (Response, Option<Failure>) {
    let _turn = books.turn();
    match books.saved.lock().of(NAME, key, "", body) {
        Known::Answer(status, saved) => return (answer(status, &saved), None),
        Known::AnotherRequest => return (StatusCode::UNPROCESSABLE_ENTITY.into_response(), None),
        Known::Nothing => {}
    }
    let Some(asked) = read(body) else {
        let errors = json!({ "error_type": "request_invalid", "error_codes": ["request_body_malformed"] });
        return (answer(StatusCode::UNPROCESSABLE_ENTITY, &errors), None);
    };
    let failure = books.next.lock().take();
    let id = new_id("pay_");
    let entry = books.ledger.lock().charge(asked, failure, &id);
    match entry {
        Entry::Settled(_, Some(Failure::ErrorCharged)) => (StatusCode::BAD_GATEWAY.into_response(), None),
        Entry::Settled(charge, failure) => {
            let told = told(&charge);
            if !key.is_empty() {
                books.saved.lock().save(NAME, key, "", body, (StatusCode::CREATED, &told));
            }
            (answer(StatusCode::CREATED, &told), failure)
        }
        Entry::Failed(Failure::Refused, _) => (StatusCode::UNAUTHORIZED.into_response(), None),
        Entry::Failed(..) | Entry::Mismatch => (StatusCode::BAD_GATEWAY.into_response(), None),
    }
}

#[derive(Deserialize)]
struct Wanted {
    reference: Option<Uuid>,
}

/// The payments of a reference, the newest first.
async fn list(State(books): State<Arc<Books>>, Query(wanted): Query<Wanted>, request: Request) -> Response {
    if !has_bearer(&books, request.headers()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    *books.lookups.lock() += 1;
    if *books.is_mute.lock() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(reference) = wanted.reference else { return StatusCode::UNPROCESSABLE_ENTITY.into_response() };
    let charges = books.ledger.lock().charges();
    let found = charges
        .iter()
        .rev()
        .filter(|charge| charge.payment_id == reference && charge.dialect == Dialect::Checkout);
    let data: Vec<Value> = found.map(told).collect();
    answer(StatusCode::OK, &json!({ "limit": 10, "skip": 0, "total_count": data.len(), "data": data }))
}

fn read(body: &[u8]) -> Option<Asked> {
    let wire: Wire<'_> = serde_json::from_slice(body).ok()?;
    let year = wire.source.expiry_year.checked_sub(2000)?;
    let expiry = CardExpiry::parse(&format!("{:0>2}/{year:0>2}", wire.source.expiry_month)).ok()?;
    let card = Card { pan: Pan::parse(wire.source.number).ok()?, expiry: Some(expiry) };
    let amount = Amount { minor_units: wire.amount.try_into().ok()?, currency: wire.currency.parse().ok()? };
    let asked = Asked {
        payment_id: wire.reference.parse().ok()?,
        order: OrderId::accept(wire.metadata.order).ok()?,
        amount: Some(amount),
        card,
        dialect: Dialect::Checkout,
    };
    let fits = wire.source.kind == "card"
        && wire.capture
        && !wire.three_ds.enabled
        && wire.processing_channel_id == Dialect::Checkout.account();
    fits.then_some(asked)
}

fn told(charge: &Charge) -> Value {
    let common = json!({ "id": charge.reference, "reference": charge.payment_id });
    let own = match &charge.outcome {
        Outcome::Submitted => json!({ "approved": true, "status": "Authorized", "response_code": "10000" }),
        Outcome::Declined(code) if code.to_string() == "authentication_required" => {
            json!({ "status": "Pending", "_links": { "redirect": { "href": "https://sandbox.invalid/3ds" } } })
        }
        Outcome::Declined(code) => {
            let number = match (charge.kind, code.to_string().as_str()) {
                (DeclineKind::Hard, _) => "30004",
                (_, "insufficient_funds") => "20051",
                _ => "20005",
            };
            json!({ "approved": false, "status": "Declined", "response_code": number })
        }
    };
    merged(common, own)
}
