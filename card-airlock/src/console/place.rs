//! Orders of the console's user, one or many.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    response::Response,
};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    api::{self, Answer, Asked, By, json_body},
    request,
    sent_card::SentCard,
    shown::{self, Refused},
    state::Console,
};

/// The most orders of one request, and how many of them are placed at once.
const MOST: u16 = 500;
const AT_ONCE: usize = 16;
const ONE_ORDER: Refused =
    Refused(StatusCode::BAD_REQUEST, "ONE_ORDER", "An encrypted card is for one order: place one at a time");

/// The page's request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Placing<'a> {
    order: String,
    name: String,
    address: String,
    #[serde(borrow)]
    test_card: Option<Cow<'a, str>>,
    #[serde(borrow)]
    encrypted_card: Option<Cow<'a, str>>,
    /// In minor units of the currency; the user is a merchant, who sets it.
    amount: Option<u64>,
    currency: Option<Cow<'a, str>>,
    count: Option<u16>,
    /// The number of the first of many orders: a page places more than fit one request, a part after the other.
    first: Option<u16>,
    by: Option<By>,
}

/// The API's body.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Submission<'a> {
    customer_order: &'a str,
    customer_name: &'a str,
    address: &'a str,
    #[serde(flatten)]
    card: SentCard<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

/// `POST /console/orders`.
pub(super) async fn place(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Placing<'_> = request::read(&body)?;
    let card = SentCard::of(asked.test_card.as_deref(), asked.encrypted_card.as_deref())?;
    let count = asked.count.unwrap_or(1).clamp(1, MOST);
    let of_many = asked.first.is_some();
    if card.is_encrypted() && (count > 1 || of_many) {
        return Err(ONE_ORDER);
    }
    let token = api::token(&console, &asked.by.unwrap_or_default())?;
    let first = asked.first.unwrap_or(1);
    let orders = (first..first.saturating_add(count)).map(|place| match (count, asked.first) {
        (1, None) => asked.order.clone(),
        _ => format!("{}-{place:03}", asked.order),
    });
    let placed = orders.map(|order| {
        let body = json_body(&Submission {
            customer_order: &order,
            customer_name: &asked.name,
            address: &asked.address,
            card,
            amount: asked.amount,
            currency: asked.currency.as_deref(),
        });
        let what = Asked { method: Method::POST, path: "order".to_owned(), body, key: None };
        api::request(&console, &token, what)
    });
    let placed: Vec<Answer> = stream::iter(placed).buffered(AT_ONCE).collect().await;
    Ok(told(&console, &placed, of_many, card))
}

/// The API's own answer for one order; for more, how many got which.
fn told(console: &Console, placed: &[Answer], of_many: bool, card: SentCard<'_>) -> Response {
    for refused in placed.iter().filter(|answer| !answer.status.is_success()) {
        console.hub.happened("refused", &json!({ "code": refused.code(), "encrypted": card.is_encrypted() }));
    }
    if let ([answer], false) = (placed, of_many) {
        return shown::ok(answer.document());
    }
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for answer in placed {
        let outcome = format!("{} {}", answer.status.as_u16(), answer.code());
        *outcomes.entry(outcome.trim_end().to_owned()).or_default() += 1;
    }
    shown::ok(json!({ "placed": placed.len(), "outcomes": outcomes }))
}
