//! What a user can ask of an order that was placed: its status, a payment, another card, that its card is forgotten.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode},
    response::Response,
};
use card_airlock_gateway::WipedBuffer;
use order::OrderId;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use vault::is_card_shaped;

use super::{
    api::{self, Asked, By, json_body},
    request,
    sent_card::SentCard,
    shown::{self, Refused},
    state::Console,
};

const NO_ORDER: Refused =
    Refused(StatusCode::BAD_REQUEST, "NO_ORDER", "This cannot be an order's id: check what you typed");
const BAD_KEY: Refused = Refused(
    StatusCode::BAD_REQUEST,
    "IDEMPOTENCY_KEY",
    "An idempotency key has letters, digits and signs of ASCII only: change it",
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paying<'a> {
    order: String,
    amount: Option<u64>,
    #[serde(borrow)]
    currency: Option<Cow<'a, str>>,
    key: Option<String>,
    by: Option<By>,
}

/// The API's body of a payment.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payment<'a> {
    customer_order: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Replacing<'a> {
    order: String,
    #[serde(borrow)]
    test_card: Option<Cow<'a, str>>,
    #[serde(borrow)]
    encrypted_card: Option<Cow<'a, str>>,
    by: Option<By>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Naming {
    order: String,
    by: Option<By>,
}

/// `POST /console/pay`.
pub(super) async fn pay(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Paying<'_> = request::read(&body)?;
    let payment =
        Payment { customer_order: &asked.order, amount: asked.amount, currency: asked.currency.as_deref() };
    let key = asked.key.as_deref().map(HeaderValue::from_str).transpose().map_err(|_| BAD_KEY)?;
    let what = Asked { method: Method::POST, path: "paybill".to_owned(), body: json_body(&payment), key };
    answer(&console, asked.by, what).await
}

/// `POST /console/card`: another card for the order.
pub(super) async fn card(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Replacing<'_> = request::read(&body)?;
    let card = SentCard::of(asked.test_card.as_deref(), asked.encrypted_card.as_deref())?;
    let path = path_of(&asked.order, "/card")?;
    answer(&console, asked.by, Asked { method: Method::PUT, path, body: json_body(&card), key: None }).await
}

/// `POST /console/forget`: forgets the order's card.
pub(super) async fn forget(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    without_body(&console, asked, Method::DELETE, "/card").await
}

/// `POST /console/ask`: what the API says of the order to this user.
pub(super) async fn ask(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    without_body(&console, asked, Method::GET, "").await
}

async fn without_body(
    console: &Console,
    asked: Request,
    method: Method,
    below: &str,
) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Naming = request::read(&body)?;
    let path = path_of(&asked.order, below)?;
    answer(console, asked.by, Asked { method, path, body: WipedBuffer::default(), key: None }).await
}

async fn answer(console: &Console, by: Option<By>, asked: Asked) -> Result<Response, Refused> {
    let token = api::token(console, &by.unwrap_or_default())?;
    Ok(shown::ok(api::request(console, &token, asked).await.document()))
}

/// The order's path, or one below it. A card number never gets into a URL.
fn path_of(order: &str, below: &str) -> Result<String, Refused> {
    let order = OrderId::stored(order.to_owned()).filter(|order| !is_card_shaped(order.as_str()));
    let order = order.ok_or(NO_ORDER)?;
    Ok(format!("order/{}{below}", utf8_percent_encode(order.as_str(), NON_ALPHANUMERIC)))
}
