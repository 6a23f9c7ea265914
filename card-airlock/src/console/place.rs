//! Orders and payments of the console's user: real requests to the real gateway code, which is called in this
//! process, so that no HTTP client's buffer holds a card.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{
        StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, HOST},
    },
    response::Response,
};
use card_airlock_gateway::{self as gateway, WipedBuffer};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    request,
    shown::{self, Refused},
    state::Console,
    test_cards,
};

/// The most orders of one request, and how many of them are placed at once.
const MOST: u16 = 500;
const AT_ONCE: usize = 16;
const NO_CARD: Refused = Refused(StatusCode::BAD_REQUEST, "NO_CARD", "Choose a test card or type a number");
const MOST_ANSWER_BYTES: usize = 64 * 1024;

/// The page's request. A card has the name of a test card, or a number that somebody typed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Placing<'a> {
    order: String,
    name: String,
    address: String,
    #[serde(borrow)]
    test_card: Option<Cow<'a, str>>,
    /// Borrowed: the body's own buffer stays the only one.
    #[serde(borrow)]
    number: Option<&'a str>,
    #[serde(borrow)]
    expiry: Option<&'a str>,
    /// In minor units of the currency; the user is a merchant, who sets it.
    amount: Option<u64>,
    currency: Option<Cow<'a, str>>,
    count: Option<u16>,
}

/// The API's body.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Submission<'a> {
    customer_order: &'a str,
    customer_name: &'a str,
    address: &'a str,
    credit_card: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_expiry: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paying {
    order: String,
}

/// What the API answered.
struct Answer {
    status: StatusCode,
    body: Value,
}

/// `POST /console/orders`.
pub(super) async fn place(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Placing<'_> = request::read(&body)?;
    let number = match (asked.test_card.as_deref(), asked.number) {
        (Some(name), None) => test_cards::number(name),
        (None, typed) => typed,
        (Some(_), Some(_)) => None,
    };
    let number = number.ok_or(NO_CARD)?;
    // Real processors charge no card without it.
    let expiry = asked.expiry.or_else(|| asked.test_card.as_ref().map(|_| test_cards::EXPIRY));
    let count = asked.count.unwrap_or(1).clamp(1, MOST);
    let orders = (1..=count).map(|place| match count {
        1 => asked.order.clone(),
        _ => format!("{}-{place:03}", asked.order),
    });
    let placed = orders.map(|order| {
        let submission = submission(&Submission {
            customer_order: &order,
            customer_name: &asked.name,
            address: &asked.address,
            credit_card: number,
            card_expiry: expiry,
            amount: asked.amount,
            currency: asked.currency.as_deref(),
        });
        request(&console, "order", submission)
    });
    let placed: Vec<Answer> = stream::iter(placed).buffered(AT_ONCE).collect().await;
    Ok(told(&console, &placed))
}

/// `POST /console/pay`.
pub(super) async fn pay(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Paying = request::read(&body)?;
    let mut buffer = WipedBuffer::default();
    // This cannot fail: it writes text to memory.
    let _ = serde_json::to_writer(&mut buffer, &json!({ "CustomerOrder": asked.order }));
    let answer = request(&console, "paybill", buffer).await;
    Ok(shown::ok(one(&answer)))
}

fn submission(submission: &Submission<'_>) -> WipedBuffer {
    let mut buffer = WipedBuffer::with_capacity(1024);
    // This cannot fail: it writes text to memory.
    let _ = serde_json::to_writer(&mut buffer, submission);
    buffer
}

async fn request(console: &Console, path: &str, body: WipedBuffer) -> Answer {
    let failed = Answer { status: StatusCode::BAD_GATEWAY, body: Value::Null };
    let Ok(token) = console.front.issuer.token(super::state::USER, &["billing".to_owned()]) else {
        return failed;
    };
    let request = Request::builder()
        .method("POST")
        .uri(format!("/{}/{path}", console.front.stage))
        .header(HOST, "localhost")
        .header(AUTHORIZATION, token)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(Bytes::from_owner(body)));
    let Ok(request) = request else { return failed };
    let response = gateway::answer(State(Arc::clone(&console.front)), request).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), MOST_ANSWER_BYTES).await.unwrap_or_default();
    Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() }
}

/// The API's own answer for one order; for more, how many got which.
fn told(console: &Console, placed: &[Answer]) -> Response {
    for refused in placed.iter().filter(|answer| !answer.status.is_success()) {
        console.hub.happened("refused", &json!({ "code": code(refused) }));
    }
    if let [answer] = placed {
        return shown::ok(one(answer));
    }
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for answer in placed {
        let outcome = format!("{} {}", answer.status.as_u16(), code(answer));
        *outcomes.entry(outcome.trim_end().to_owned()).or_default() += 1;
    }
    shown::ok(json!({ "placed": placed.len(), "outcomes": outcomes }))
}

fn one(answer: &Answer) -> Value {
    let reason = answer.status.canonical_reason();
    json!({ "status": answer.status.as_u16(), "reason": reason, "answer": answer.body })
}

fn code(answer: &Answer) -> &str {
    answer.body.get("code").and_then(Value::as_str).unwrap_or_default()
}
