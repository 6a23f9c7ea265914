//! Adyen's Checkout API, as far as the profile uses it. A decline is a 200. The answer to a key is saved; a 500 that says
//! of itself to be transient is not, and a key that has charged answers with that charge.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
    routing::post,
};
use order::{Amount, DeclineKind, OrderId, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};
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
    answer, delivered, header, taken,
};

const NAME: &str = "adyen";

pub(super) fn routes() -> Router<Arc<Books>> {
    Router::new().route("/adyen/payments", post(payment))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire<'a> {
    merchant_account: &'a str,
    reference: &'a str,
    merchant_order_reference: &'a str,
    amount: WireAmount<'a>,
    payment_method: Method<'a>,
    #[serde(rename = "returnUrl")]
    _return_url: &'a str,
    #[serde(rename = "shopperInteraction")]
    _shopper_interaction: &'a str,
    #[serde(rename = "recurringProcessingModel")]
    _recurring_processing_model: Option<&'a str>,
    #[serde(rename = "additionalData")]
    _additional_data: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAmount<'a> {
    currency: &'a str,
    value: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Method<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    number: &'a str,
    expiry_month: &'a str,
    expiry_year: &'a str,
}

async fn payment(State(books): State<Arc<Books>>, request: Request) -> Response {
    let (head, body) = taken(request).await;
    if header(&head.headers, "x-api-key").is_none_or(|key| *key != **books.bearer.lock()) {
        return error(401, "000", "security");
    }
    let Some(key) = header(&head.headers, "idempotency-key").filter(|key| key.len() <= 64) else {
        return error(422, "110", "validation");
    };
    let (reply, failure) = pay(&books, key, &body);
    delivered(reply, failure).await
}

/// The answer, and what keeps it from arriving.
fn pay(books: &Books, key: &str, body: &[u8]) -> (Response, Option<Failure>) {
    let _turn = books.turn();
    match books.saved.lock().of(NAME, key, "", body) {
        Known::Answer(status, saved) => return (answer(status, &saved), None),
        Known::AnotherRequest => return (error(422, "702", "validation"), None),
        Known::Nothing => {}
    }
    let Some(asked) = read(body) else { return (error(422, "702", "validation"), None) };
    let failure = books.next.lock().take();
    let reference = new_id("PSP");
    let entry = books.ledger.lock().charge(asked, failure, &reference);
    match entry {
        Entry::Settled(charge, failure) => {
            let told = told(&charge, &reference);
            books.saved.lock().save(NAME, key, "", body, (StatusCode::OK, &told));
            if failure == Some(Failure::ErrorCharged) {
                return (error(500, "905", "internal"), None);
            }
            (answer(StatusCode::OK, &told), failure)
        }
        Entry::Failed(Failure::Refused, _) => (error(401, "000", "security"), None),
        Entry::Failed(..) | Entry::Mismatch => (error(500, "905", "internal"), None),
    }
}

fn read(body: &[u8]) -> Option<Asked> {
    let wire: Wire<'_> = serde_json::from_slice(body).ok()?;
    let method = wire.payment_method;
    let year = method.expiry_year.strip_prefix("20")?;
    let expiry = CardExpiry::parse(&format!("{}/{year}", method.expiry_month)).ok()?;
    let card = Card { pan: Pan::parse(method.number).ok()?, expiry: Some(expiry) };
    let amount = Amount {
        minor_units: wire.amount.value.try_into().ok()?,
        currency: wire.amount.currency.parse().ok()?,
    };
    let asked = Asked {
        payment_id: wire.reference.parse().ok()?,
        order: OrderId::accept(wire.merchant_order_reference).ok()?,
        amount: Some(amount),
        card,
        dialect: Dialect::Adyen,
    };
    (method.kind == "scheme" && wire.merchant_account == Dialect::Adyen.account()).then_some(asked)
}

fn told(charge: &Charge, reference: &str) -> Value {
    let Outcome::Declined(code) = &charge.outcome else {
        return json!({ "pspReference": reference, "resultCode": "Authorised" });
    };
    let code = code.to_string();
    if code == "authentication_required" {
        return json!({ "pspReference": reference, "resultCode": "RedirectShopper", "action": { "type": "redirect" } });
    }
    let number = match (charge.kind, code.as_str()) {
        (DeclineKind::Hard, _) => "5",
        (_, "insufficient_funds") => "12",
        _ => "2",
    };
    json!({ "pspReference": reference, "resultCode": "Refused", "refusalReason": code, "refusalReasonCode": number })
}

fn error(status: u16, code: &str, kind: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(
        status,
        &json!({ "status": status.as_u16(), "errorCode": code, "message": "of the sandbox", "errorType": kind }),
    )
}
