//! A client of the API: what a shop would write.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use card_airlock_gateway::{IssuerError, TOKEN_LIFETIME};
use parking_lot::Mutex;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Method, RequestBuilder, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER},
};
use serde_json::{Value, json};

use crate::sign_in;

/// How long one request may take: the gateway itself gives up after 29 seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(35);

/// Why a request has no answer. It names no URL, because a URL may have the user's text in it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The API's address is not a URL.
    #[error("the address of the API is not a URL")]
    Url,
    /// The HTTP client could not be made, or the request got no answer.
    #[error("no answer from the API: {0}")]
    Http(#[source] reqwest::Error),
    /// An answer's `Location` leads to another server.
    #[error("the header Location names another server than the API")]
    ForeignLocation,
    /// The token could not be made.
    #[error(transparent)]
    Token(#[from] IssuerError),
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status as HTTP writes it: `202 Accepted`.
    pub(crate) status_line: String,
    /// The body; null when it is not JSON.
    pub(crate) json: Value,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<Duration>,
}

impl Answer {
    /// A text of the body's, or the empty text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.json.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// How long to wait before asking again: as the server says, up to `cap`.
    pub(crate) fn wait(&self, cap: Duration) -> Duration {
        self.retry_after.map_or(cap, |said| said.min(cap))
    }
}

/// Calls one API as one user.
pub(crate) struct ApiClient<'a> {
    http: reqwest::Client,
    api: Url,
    mint: &'a (dyn Fn() -> Result<String, IssuerError> + Sync),
    token: Mutex<Option<(Instant, String)>>,
}

impl<'a> ApiClient<'a> {
    /// A client of the API at `api_url` (with the stage) that signs in with the tokens that `mint` makes.
    pub(crate) fn new(
        api_url: &str,
        mint: &'a (dyn Fn() -> Result<String, IssuerError> + Sync),
    ) -> Result<Self, ClientError> {
        // With a slash at its end, paths can be joined to it.
        let api = Url::parse(&format!("{}/", api_url.trim_end_matches('/'))).map_err(|_| ClientError::Url)?;
        let http = reqwest::Client::builder()
            // Loopback needs no certificates, and reading those of the machine is slow.
            .tls_certs_only([])
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| ClientError::Http(error.without_url()))?;
        Ok(Self { http, api, mint, token: Mutex::new(None) })
    }

    /// The URL of a path below the stage.
    pub(crate) fn url(&self, path: &str) -> Result<Url, ClientError> {
        self.api.join(path).map_err(|_| ClientError::Url)
    }

    /// `POST /order` with a body as it is.
    pub(crate) async fn submit(&self, body: Bytes) -> Result<Answer, ClientError> {
        self.send(self.post("order", body)?).await
    }

    /// `GET /card-keys`: the keys that cards are encrypted for.
    pub(crate) async fn card_keys(&self) -> Result<Answer, ClientError> {
        self.send(self.http.request(Method::GET, self.url("card-keys")?)).await
    }

    /// Who signs in: the `sub` of the token.
    pub(crate) fn user(&self) -> Result<String, ClientError> {
        Ok(sign_in::subject(&self.token()?).unwrap_or_default())
    }

    /// `POST /paybill`.
    pub(crate) async fn pay(&self, order: &str) -> Result<Answer, ClientError> {
        let body = Bytes::from(json!({ "CustomerOrder": order }).to_string());
        self.send(self.post("paybill", body)?).await
    }

    /// `PUT /order/{CustomerOrder}/card` with a body as it is.
    pub(crate) async fn put_card(&self, order: &str, body: Bytes) -> Result<Answer, ClientError> {
        let request = self.http.request(Method::PUT, self.card_url(order)?);
        self.send(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }

    /// Where [`ApiClient::put_card`] sends a card.
    pub(crate) fn card_url(&self, order: &str) -> Result<Url, ClientError> {
        self.url(&format!("order/{}/card", utf8_percent_encode(order, NON_ALPHANUMERIC)))
    }

    /// `GET` at the `Location` of an acceptance, or where the status of `order` is.
    pub(crate) async fn status(&self, location: Option<&str>, order: &str) -> Result<Answer, ClientError> {
        let url = self.status_url(location, order)?;
        self.send(self.http.request(Method::GET, url)).await
    }

    /// Where [`ApiClient::status`] asks.
    pub(crate) fn status_url(&self, location: Option<&str>, order: &str) -> Result<Url, ClientError> {
        match location {
            None => self.url(&format!("order/{}", utf8_percent_encode(order, NON_ALPHANUMERIC))),
            Some(location) => {
                let url = self.url(location)?;
                // The token must not be sent to another server.
                let same = url.origin() == self.api.origin();
                same.then_some(url).ok_or(ClientError::ForeignLocation)
            }
        }
    }

    fn post(&self, path: &str, body: Bytes) -> Result<RequestBuilder, ClientError> {
        let request = self.http.request(Method::POST, self.url(path)?);
        Ok(request.header(CONTENT_TYPE, "application/json").body(body))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, ClientError> {
        let failed = |error: reqwest::Error| ClientError::Http(error.without_url());
        let response = request.header(AUTHORIZATION, self.token()?).send().await.map_err(failed)?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let location = header(LOCATION).map(str::to_owned);
        let retry_after =
            header(RETRY_AFTER).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let (status, status_line) = (response.status().as_u16(), response.status().to_string());
        let body = response.bytes().await.map_err(failed)?;
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer { status, status_line, json, location, retry_after })
    }

    /// A token with at least half of its lifetime left: a long file of orders needs several tokens.
    fn token(&self) -> Result<String, ClientError> {
        let mut kept = self.token.lock();
        if let Some((_, token)) = kept.as_ref().filter(|(minted, _)| minted.elapsed() < TOKEN_LIFETIME / 2) {
            return Ok(token.clone());
        }
        let token = (self.mint)()?;
        *kept = Some((Instant::now(), token.clone()));
        Ok(token)
    }
}
