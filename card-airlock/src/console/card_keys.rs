//! What the page needs to encrypt a card that somebody types.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::Method,
    response::Response,
};
use card_airlock_gateway::WipedBuffer;
use order::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{
    api::{self, Asked, By},
    request,
    shown::{self, Refused},
    state::Console,
    summary::{Rows, text},
};
use crate::sign_in;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encrypting {
    /// The order that gets another card; none for a new order.
    order: Option<String>,
    by: Option<By>,
}

/// `POST /console/card-keys`: what `GET /card-keys` answers to the user who is signed in; and beside it whose card it will
/// be, and the time. A new order is of the user. An order that gets another card keeps its owner, whoever sends it.
pub(super) async fn ask(State(console): State<Arc<Console>>, asked: Request) -> Result<Response, Refused> {
    let body = request::body(asked).await?;
    let asked: Encrypting = request::read(&body)?;
    let token = api::token(&console, &asked.by.unwrap_or_default())?;
    let what =
        Asked { method: Method::GET, path: "card-keys".to_owned(), body: WipedBuffer::default(), key: None };
    let mut document = api::request(&console, &token, what).await.document();
    let owner = asked.order.and_then(|order| owner(&console, &order)).or_else(|| sign_in::subject(&token));
    if let Some(members) = document.as_object_mut() {
        members.insert("owner".to_owned(), json!(owner));
        // The functions' time, which can be ahead of the browser's.
        let now = Timestamp::from(console.front.clock.now());
        members.insert("issuedAt".to_owned(), json!(now.to_string()));
    }
    Ok(shown::ok(document))
}

fn owner(console: &Console, order: &str) -> Option<String> {
    let rows = Rows::read(&console.aws, &console.declared, order);
    text(rows.clean.as_ref().or(rows.quarantine.as_ref())?, "Owner").map(str::to_owned)
}
