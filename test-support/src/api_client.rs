//! A user of the API, as tests are one.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::{http::http_client_within, patience::eventually};

/// The sample's order under another id.
pub fn order(id: &str) -> Value {
    order_of(id, "4111-1111-1111-1111")
}

/// An order with a card of the test's own.
pub fn order_of(id: &str, card: &str) -> Value {
    json!({
        "CustomerOrder": id, "CustomerName": "Amazon Web Services",
        "CreditCard": card, "Address": "Reinvent2019, Las Vegas, USA",
    })
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
}

impl Answer {
    pub fn text(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }
}

/// One signed-in user.
#[derive(Debug, Clone)]
pub struct Client {
    pub http: reqwest::Client,
    api: String,
    pub token: String,
    check: Check,
}

/// What each answer is held to: the request's method and path, and the answer's status, headers and body.
pub type Check = fn(&Method, &str, StatusCode, &HeaderMap, &Value);

impl Client {
    pub fn new(api: &str, token: String) -> Self {
        let http = http_client_within(Duration::from_secs(60));
        Self { http, api: api.to_owned(), token, check: |_, _, _, _, _| {} }
    }

    /// The same user, each of whose answers is checked.
    pub fn checked(self, check: Check) -> Self {
        Self { check, ..self }
    }

    /// The same user at another front.
    pub fn at(&self, api: &str) -> Self {
        Self { api: api.to_owned(), ..self.clone() }
    }

    /// The same, showing another token.
    pub fn showing(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The user's `sub`, from the token.
    pub fn sub(&self) -> String {
        let claims = BASE64_URL_SAFE_NO_PAD.decode(self.token.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice::<Value>(&claims).unwrap()["sub"].as_str().unwrap().to_owned()
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.api)).header("Authorization", &self.token)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.http.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (self.check)(&method, &path, status, &headers, &json);
        Answer { status, headers, json }
    }

    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, path).header("Content-Type", "application/json");
        self.send(request.body(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn submit(&self, order: &Value) -> Answer {
        self.post("/order", order.to_string()).await
    }

    pub async fn status(&self, order: &str) -> Answer {
        self.get(&format!("/order/{order}")).await
    }

    pub async fn pay(&self, order: &str) -> Answer {
        self.post("/paybill", json!({ "CustomerOrder": order }).to_string()).await
    }

    /// Pays under an `Idempotency-Key`.
    pub async fn pay_with(&self, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/paybill").header("Content-Type", "application/json");
        self.send(request.header("Idempotency-Key", key).body(body.to_string())).await
    }

    /// Sends another card for an order.
    pub async fn put_card(&self, order: &str, card: &str) -> Answer {
        self.replace_card(order, &json!({ "CreditCard": card, "CardExpiry": "12/30" })).await
    }

    /// The same with a body of the test's own.
    pub async fn replace_card(&self, order: &str, body: &Value) -> Answer {
        let request = self.request(Method::PUT, &format!("/order/{order}/card"));
        self.send(request.header("Content-Type", "application/json").body(body.to_string())).await
    }

    /// Forgets the card of an order.
    pub async fn forget(&self, order: &str) -> Answer {
        self.send(self.request(Method::DELETE, &format!("/order/{order}/card"))).await
    }

    /// Follows an order until it is no longer PENDING.
    pub async fn settled(&self, order: &str) -> Answer {
        eventually("the order settles", async || {
            let answer = self.status(order).await.is(200);
            (answer.text("Status") != "PENDING").then_some(answer)
        })
        .await
    }
}
