//! Stripe, as far as the profile uses it. The answer to a key is saved, a 500 too, once a request is in progress
//! (docs.stripe.com/api/idempotent_requests); the intent's own state lets it be charged once.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use order::{Amount, DeclineKind, OrderId, Outcome};
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
        stripe_books::{Intent, Method},
    },
    answer, delivered, has_bearer, header, merged, taken,
};

const NAME: &str = "stripe";

pub(super) fn routes() -> Router<Arc<Books>> {
    Router::new()
        .route("/stripe/v1/payment_methods", post(payment_method))
        .route("/stripe/v1/payment_intents", post(payment_intent))
        .route("/stripe/v1/payment_intents/{intent}", get(retrieve))
        .route("/stripe/v1/payment_intents/{intent}/confirm", post(confirm))
}

async fn payment_method(State(books): State<Arc<Books>>, request: Request) -> Response {
    let (head, body) = taken(request).await;
    if let Some(failed) = before(&books, &head) {
        return failed.await;
    }
    let reply = once(&books, &head, &body, |form| {
        let card = match card(form)? {
            Ok(card) => card,
            Err(refused) => return Some(refused),
        };
        let id = new_id("pm_");
        books.stripe.lock().put_method(&id, Method::Holds(card));
        (form("type")? == "card")
            .then(|| (StatusCode::OK, json!({ "id": id, "object": "payment_method", "type": "card" })))
    });
    if let Reply::Again(StatusCode::OK, method) = &reply {
        bring_back(&books, method, &body);
    }
    reply.told()
}

/// The card of a form; `None`: a part of it is missing.
fn card(form: &dyn Fn(&str) -> Option<String>) -> Option<Result<Card, (StatusCode, Value)>> {
    let (number, month, year) = (form("card[number]")?, form("card[exp_month]")?, form("card[exp_year]")?);
    let expiry = format!("{:0>2}/{}", month, year.strip_prefix("20")?);
    let Ok(pan) = Pan::parse(&number) else { return Some(Err(error(402, "card_error", "incorrect_number"))) };
    Some(Ok(Card { pan, expiry: Some(CardExpiry::parse(&expiry).ok()?) }))
}

/// Gives a method of before this process its card again: no card is written down.
fn bring_back(books: &Books, method: &Value, body: &[u8]) {
    let id = method.get("id").and_then(Value::as_str).unwrap_or_default();
    let mut stripe = books.stripe.lock();
    if let (Some(Method::Awaits), Some(Ok(card))) = (stripe.method(id), card(&form(body))) {
        stripe.put_method(id, Method::Holds(card));
    }
}

async fn payment_intent(State(books): State<Arc<Books>>, request: Request) -> Response {
    let (head, body) = taken(request).await;
    if let Some(failed) = before(&books, &head) {
        return failed.await;
    }
    let reply = once(&books, &head, &body, |form| {
        let amount = Amount {
            minor_units: form("amount")?.parse::<u64>().ok()?.try_into().ok()?,
            currency: form("currency")?.to_uppercase().parse().ok()?,
        };
        let intent = Intent {
            payment_id: form("metadata[payment_id]")?.parse().ok()?,
            order: OrderId::accept(&form("metadata[order]")?).ok()?,
            amount,
            method: form("payment_method")?,
            charge: None,
        };
        let mut stripe = books.stripe.lock();
        if stripe.method(&intent.method).is_none() {
            return Some(error(400, "invalid_request_error", "resource_missing"));
        }
        let id = new_id("pi_");
        let shown = shown(&id, &intent);
        stripe.put_intent(&id, intent);
        Some((StatusCode::OK, shown))
    });
    reply.told()
}

async fn retrieve(State(books): State<Arc<Books>>, Path(id): Path<String>, request: Request) -> Response {
    if !has_bearer(&books, request.headers()) {
        return told(error(401, "invalid_request_error", "api_key"));
    }
    *books.lookups.lock() += 1;
    if *books.is_mute.lock() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let stripe = books.stripe.lock();
    told(match stripe.intent(&id) {
        Some(intent) => (StatusCode::OK, shown(&id, intent)),
        None => error(404, "invalid_request_error", "resource_missing"),
    })
}

async fn confirm(State(books): State<Arc<Books>>, Path(id): Path<String>, request: Request) -> Response {
    let (head, body) = taken(request).await;
    if !has_bearer(&books, &head.headers) {
        return told(error(401, "invalid_request_error", "api_key"));
    }
    let Some(key) = header(&head.headers, "idempotency-key") else {
        return told(error(400, "invalid_request_error", "parameter_missing"));
    };
    let (reply, failure) = confirmed(&books, &id, key, head.uri.path(), &body);
    delivered(reply.told(), failure).await
}

fn confirmed(books: &Books, id: &str, key: &str, path: &str, body: &[u8]) -> (Reply, Option<Failure>) {
    let _turn = books.turn();
    match books.saved.lock().of(NAME, key, path, body) {
        Known::Answer(status, body) => return (Reply::Again(status, body), None),
        Known::AnotherRequest => return (Reply::New(error(400, "idempotency_error", "")), None),
        Known::Nothing => {}
    }
    let (reply, failure) = charge(books, id);
    if failure != Some(Failure::Refused) {
        books.saved.lock().save(NAME, key, path, body, (reply.0, &reply.1));
    }
    (Reply::New(reply), failure)
}

/// Charges an intent that was not charged before.
fn charge(books: &Books, id: &str) -> ((StatusCode, Value), Option<Failure>) {
    let mut stripe = books.stripe.lock();
    let Some(intent) = stripe.intent(id) else {
        return (error(404, "invalid_request_error", "resource_missing"), None);
    };
    if intent.charge.is_some() {
        return (error(400, "invalid_request_error", "payment_intent_unexpected_state"), None);
    }
    let (payment_id, order, amount, method) =
        (intent.payment_id, intent.order.clone(), Some(intent.amount), intent.method.clone());
    let Some(card) = stripe.take_card(&method) else {
        return (error(400, "invalid_request_error", "payment_method_unexpected_state"), None);
    };
    let asked = Asked { payment_id, order, amount, card, dialect: Dialect::Stripe };
    let failure = books.next.lock().take();
    match books.ledger.lock().charge(asked, failure, id) {
        Entry::Settled(charge, failure) => {
            stripe.charged(id, charge.clone());
            let shown = stripe.intent(id).map(|intent| shown(id, intent)).unwrap_or_default();
            let reply = match (&charge.outcome, failure) {
                (_, Some(Failure::ErrorCharged)) => error(500, "api_error", ""),
                (Outcome::Submitted, _) => (StatusCode::OK, shown),
                (Outcome::Declined(_), _) => {
                    let error = merged(declined(&charge), json!({ "payment_intent": shown }));
                    (StatusCode::PAYMENT_REQUIRED, json!({ "error": error }))
                }
            };
            (reply, failure)
        }
        Entry::Failed(failed, card) => {
            // The intent can be confirmed again, if only by another key.
            stripe.put_method(&method, card.map_or(Method::UsedUp, Method::Holds));
            let reply = match failed {
                Failure::Refused => error(401, "invalid_request_error", "api_key"),
                _ => error(500, "api_error", ""),
            };
            (reply, Some(failed))
        }
        Entry::Mismatch => (error(400, "idempotency_error", ""), None),
    }
}

/// What a request before the charge fails with.
fn before(books: &Books, head: &Parts) -> Option<impl Future<Output = Response> + use<>> {
    let failure =
        if has_bearer(books, &head.headers) { books.next_before.lock().take()? } else { Failure::Refused };
    let reply = match failure {
        Failure::Refused => error(401, "invalid_request_error", "api_key"),
        _ => error(500, "api_error", ""),
    };
    Some(delivered(told(reply), Some(failure)))
}

/// What is answered: something new, or what was answered to the same key before.
enum Reply {
    New((StatusCode, Value)),
    Again(StatusCode, Value),
}

impl Reply {
    fn told(self) -> Response {
        match self {
            Self::New(reply) => told(reply),
            Self::Again(status, body) => {
                ([("idempotent-replayed", "true")], answer(status, &body)).into_response()
            }
        }
    }
}

/// Answers a key once, and with the same answer ever after.
fn once(
    books: &Books,
    head: &Parts,
    body: &[u8],
    work: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> Option<(StatusCode, Value)>,
) -> Reply {
    let Some(key) = header(&head.headers, "idempotency-key") else {
        return Reply::New(error(400, "invalid_request_error", "parameter_missing"));
    };
    let path = head.uri.path();
    let _turn = books.turn();
    match books.saved.lock().of(NAME, key, path, body) {
        Known::Answer(status, body) => return Reply::Again(status, body),
        Known::AnotherRequest => return Reply::New(error(400, "idempotency_error", "")),
        Known::Nothing => {}
    }
    Reply::New(match work(&form(body)) {
        Some(reply) => {
            books.saved.lock().save(NAME, key, path, body, (reply.0, &reply.1));
            reply
        }
        None => error(400, "invalid_request_error", "parameter_invalid"),
    })
}

/// The values of a form, by name.
fn form(body: &[u8]) -> impl Fn(&str) -> Option<String> + use<'_> {
    move |name| {
        let found = form_urlencoded::parse(body).find(|(known, _)| known == name);
        found.map(|(_, value)| value.into_owned())
    }
}

fn shown(id: &str, intent: &Intent) -> Value {
    let (status, error) = match intent.charge.as_ref().map(|charge| &charge.outcome) {
        None => ("requires_confirmation", Value::Null),
        Some(Outcome::Submitted) => ("succeeded", Value::Null),
        Some(Outcome::Declined(_)) => {
            ("requires_payment_method", intent.charge.as_ref().map(declined).unwrap_or_default())
        }
    };
    json!({
        "id": id, "object": "payment_intent", "status": status, "last_payment_error": error,
        "amount": intent.amount.minor_units.count(), "currency": intent.amount.currency.to_string().to_lowercase(),
        "metadata": { "payment_id": intent.payment_id, "order": intent.order.as_str() },
    })
}

/// The error of a card that was declined.
fn declined(charge: &Charge) -> Value {
    let code = match &charge.outcome {
        Outcome::Declined(code) => code.to_string(),
        Outcome::Submitted => String::new(),
    };
    let error = if code == "authentication_required" {
        json!({ "type": "card_error", "code": code, "decline_code": code })
    } else {
        json!({ "type": "card_error", "code": "card_declined", "decline_code": code })
    };
    match charge.kind {
        DeclineKind::Hard => merged(error, json!({ "advice_code": "do_not_try_again" })),
        DeclineKind::Soft => error,
    }
}

fn error(status: u16, kind: &str, code: &str) -> (StatusCode, Value) {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, json!({ "error": { "type": kind, "code": code, "message": "of the sandbox" } }))
}

fn told((status, body): (StatusCode, Value)) -> Response {
    answer(status, &body)
}
