//! KMS: winterbaume's, with real AES-256-GCM and the encryption context authenticated.

use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use winterbaume_core::{MockRequest, MockService};
use winterbaume_kms::KmsService;

use crate::{answer::Answer, request::Request};

const SEPARATORS: &AsciiSet = &CONTROLS.add(b'%').add(b'=').add(b',');

#[derive(Default)]
pub(crate) struct Kms(KmsService);

impl Kms {
    pub(crate) async fn perform(&self, request: Request) -> Answer {
        ask(&self.0, &with_exact_context(request)).await
    }
}

/// The service authenticates a context as `key=value,key=value`, so that `{a: "1,b=2"}` would open for
/// `{a: "1", b: "2"}`. Escaping the separators first makes every context itself only, as on AWS.
fn with_exact_context(mut request: Request) -> Request {
    let Some(Value::Object(context)) = request.json.get_mut("EncryptionContext") else { return request };
    let escaped = |text: &str| utf8_percent_encode(text, SEPARATORS).to_string();
    *context = std::mem::take(context)
        .into_iter()
        .map(|(key, value)| {
            (escaped(&key), value.as_str().map_or(Value::Null, |value| escaped(value).into()))
        })
        .collect();
    request.body = Bytes::from(request.json.to_string());
    request
}

/// Asks an embedded service in this process.
pub(crate) async fn ask(service: &impl MockService, request: &Request) -> Answer {
    let mut headers = HeaderMap::new();
    let target = format!("{}.{}", request.service.target(), request.operation);
    if let Ok(target) = HeaderValue::from_str(&target) {
        headers.insert("x-amz-target", target);
    }
    // Not an amazonaws.com host: the service then takes its defaults, us-east-1 and 123456789012.
    let uri = "http://127.0.0.1/".to_owned();
    let body: Bytes = request.body.clone();
    let response = service.handle(MockRequest { method: "POST".to_owned(), uri, headers, body }).await;
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer { status, body: response.body }
}
