//! Requests as API Gateway hands them to a function, and what comes back.

use serde_json::{Value, json};

/// What a function answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u64,
    pub(crate) body: Value,
}

/// A member of the billing group.
pub(crate) const MERCHANT: &str = "0c1e0c1e-0000-4000-8000-00000000000c";

/// How an order is paid.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bill<'a> {
    /// The client's `Idempotency-Key`.
    pub(crate) key: Option<&'a str>,
    /// Cents of a euro.
    pub(crate) amount: Option<u64>,
}

impl Answer {
    /// Of the function's own answer; none: it failed as a whole, which API Gateway tells as 502.
    pub(super) fn of(reply: Option<&[u8]>) -> Self {
        let Some(reply) = reply else { return Self { status: 502, body: Value::Null } };
        let reply: Value = serde_json::from_slice(reply).unwrap();
        let body = reply["body"].as_str().map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
        Self { status: reply["statusCode"].as_u64().unwrap(), body }
    }

    /// Whether a client is to send the same request again.
    pub(crate) fn is_unclear(&self) -> bool {
        self.status >= 500
    }

    /// A text member of the body.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

/// The event of `POST path`.
pub(super) fn post(client_id: &str, user: &str, path: &str, body: &Value) -> Value {
    let mut event = event(client_id, user, "POST", path, path);
    event["headers"] = json!({ "Content-Type": "application/json" });
    event["body"] = body.to_string().into();
    event
}

/// The event of `POST /paybill`.
pub(super) fn pay(client_id: &str, user: &str, order: &str, bill: Bill<'_>) -> Value {
    let mut body = json!({ "CustomerOrder": order });
    price(&mut body, bill.amount);
    let mut event = post(client_id, user, "/paybill", &body);
    if let Some(key) = bill.key {
        event["headers"]["Idempotency-Key"] = key.into();
    }
    event
}

/// Says how much, in cents of a euro.
pub(super) fn price(body: &mut Value, cents: Option<u64>) {
    if let Some(cents) = cents {
        body["Amount"] = cents.into();
        body["Currency"] = "EUR".into();
    }
}

/// The event of `PUT /order/{CustomerOrder}/card`.
pub(super) fn put_card(client_id: &str, user: &str, order: &str, card: &Value) -> Value {
    let path = format!("/order/{order}/card");
    let mut event = event(client_id, user, "PUT", "/order/{CustomerOrder}/card", &path);
    event["pathParameters"] = json!({ "CustomerOrder": order });
    event["headers"] = json!({ "Content-Type": "application/json" });
    event["body"] = card.to_string().into();
    event
}

/// The event of `GET /order/{CustomerOrder}`.
pub(super) fn get_order(client_id: &str, user: &str, order: &str) -> Value {
    let path = format!("/order/{order}");
    let mut event = event(client_id, user, "GET", "/order/{CustomerOrder}", &path);
    event["pathParameters"] = json!({ "CustomerOrder": order });
    event
}

/// The event of `GET /card-keys`.
pub(super) fn get_card_keys(client_id: &str, user: &str) -> Value {
    event(client_id, user, "GET", "/card-keys", "/card-keys")
}

/// The event of `DELETE /order/{CustomerOrder}/card`.
pub(super) fn delete_card(client_id: &str, user: &str, order: &str) -> Value {
    let path = format!("/order/{order}/card");
    let mut event = event(client_id, user, "DELETE", "/order/{CustomerOrder}/card", &path);
    event["pathParameters"] = json!({ "CustomerOrder": order });
    event
}

fn event(client_id: &str, user: &str, method: &str, resource: &str, path: &str) -> Value {
    let mut claims = json!({ "sub": user, "token_use": "id", "aud": client_id });
    if user == MERCHANT {
        claims["cognito:groups"] = "billing".into();
    }
    json!({
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "isBase64Encoded": false,
        "requestContext": {
            "requestId": "a request",
            "httpMethod": method,
            "path": format!("/dev{path}"),
            "authorizer": { "claims": claims },
        },
    })
}
