//! The real API as the console's user asks it: in this process, so that no HTTP client's buffer holds a card.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, HOST},
    },
};
use card_airlock_gateway::{self as gateway, WipedBuffer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vault::is_card_shaped;

use super::{
    shown::Refused,
    state::{Console, USER},
};

const MOST_ANSWER_BYTES: usize = 64 * 1024;
const MOST_USER_BYTES: usize = 64;
/// The group whose members are merchants.
const MERCHANTS: &str = "billing";

const NO_USER: Refused =
    Refused(StatusCode::BAD_REQUEST, "NO_USER", "Say who signs in: a name of at most 64 characters");

/// Who signs in. Everybody may: no pool on this machine asks for a password here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct By {
    user: String,
    merchant: bool,
}

impl Default for By {
    fn default() -> Self {
        Self { user: USER.to_owned(), merchant: true }
    }
}

/// What is asked of the API.
pub(super) struct Asked {
    pub(super) method: Method,
    /// Below the stage.
    pub(super) path: String,
    pub(super) body: WipedBuffer,
    /// The header `Idempotency-Key`.
    pub(super) key: Option<HeaderValue>,
}

/// What the API answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Answer {
    /// As the page gets it.
    pub(super) fn document(&self) -> Value {
        let reason = self.status.canonical_reason();
        json!({ "status": self.status.as_u16(), "reason": reason, "answer": self.body })
    }

    /// The problem's code, if it is one.
    pub(super) fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A token of the one who signs in.
pub(super) fn token(console: &Console, by: &By) -> Result<String, Refused> {
    let user = by.user.trim();
    if user.is_empty() || user.len() > MOST_USER_BYTES || is_card_shaped(user) {
        return Err(NO_USER);
    }
    let groups = if by.merchant { vec![MERCHANTS.to_owned()] } else { Vec::new() };
    console.front.issuer.token(user, &groups).map_err(|_| NO_USER)
}

/// One request with that token.
pub(super) async fn request(console: &Console, token: &str, asked: Asked) -> Answer {
    let mut request = Request::builder()
        .method(asked.method)
        .uri(format!("/{}/{}", console.front.stage, asked.path))
        .header(HOST, "localhost")
        .header(AUTHORIZATION, token)
        .header(CONTENT_TYPE, "application/json");
    if let Some(key) = asked.key {
        request = request.header("idempotency-key", key);
    }
    let Ok(request) = request.body(Body::from(Bytes::from_owner(asked.body))) else {
        return Answer { status: StatusCode::BAD_GATEWAY, body: Value::Null };
    };
    let response = gateway::answer(State(Arc::clone(&console.front)), request).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), MOST_ANSWER_BYTES).await.unwrap_or_default();
    Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() }
}

/// JSON in a buffer that is wiped.
pub(super) fn json_body(body: &impl Serialize) -> WipedBuffer {
    let mut buffer = WipedBuffer::with_capacity(1024);
    // This cannot fail: it writes text to memory.
    let _ = serde_json::to_writer(&mut buffer, body);
    buffer
}
