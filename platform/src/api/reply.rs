//! Answers in API Gateway's form.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{cors::Cors, problems::Problem};
use crate::metrics::Metric;

/// An answer that is not an error.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    body: Value,
    headers: Vec<(HeaderName, String)>,
}

impl Reply {
    /// A JSON answer.
    #[must_use]
    pub fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// Turns what a handler decided into the proxy response.
#[must_use]
pub fn respond(
    request: &ApiGatewayProxyRequest,
    outcome: Result<Reply, Problem>,
    cors: &Cors,
) -> ApiGatewayProxyResponse {
    let reply = outcome.unwrap_or_else(|problem| {
        Metric::Refused(problem.code).record();
        tracing::info!(status = problem.status.as_u16(), code = problem.code, "refused");
        let request_id = request.request_context.request_id.as_deref().unwrap_or_default();
        let body = json!({ "message": problem.message, "code": problem.code, "requestId": request_id });
        let mut reply = Reply::new(problem.status, body);
        if let Some(seconds) = problem.retry_after {
            reply = reply.with_header(header::RETRY_AFTER, seconds);
        }
        if let Some(methods) = problem.allow {
            reply = reply.with_header(header::ALLOW, methods);
        }
        reply
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A cache does not need an answer about an order, and a person who can read the cache could misuse it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    cors.add_to(&mut headers);
    for (name, value) in reply.headers {
        // Values are made of validated ids and numbers; one that cannot be a header value is left out.
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = i64::from(reply.status.as_u16());
    response.headers = headers;
    response.body = Some(Body::Text(reply.body.to_string()));
    response
}
