//! The services of winterbaume: SQS and Secrets Manager.

use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use winterbaume_core::{MockRequest, MockService};

use crate::{answer::Answer, request::Request};

/// Calls an embedded service in this process.
pub(crate) async fn ask(service: &impl MockService, request: &Request) -> Answer {
    let mut headers = HeaderMap::new();
    let target = format!("{}.{}", request.service.target(), request.operation);
    if let Ok(target) = HeaderValue::from_str(&target) {
        headers.insert("x-amz-target", target);
    }
    // Not an amazonaws.com host: the service then uses its defaults, us-east-1 and 123456789012.
    let uri = "http://127.0.0.1/".to_owned();
    let body: Bytes = request.body.clone();
    let response = service.handle(MockRequest { method: "POST".to_owned(), uri, headers, body }).await;
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer::new(status, response.body)
}
