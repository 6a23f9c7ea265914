//! A function's proxy response, as HTTP
//! (developer guide, "Output format of a Lambda function for proxy integration").

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, SERVER, TRANSFER_ENCODING},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// The response in a function's answer. None: API Gateway would call it malformed.
pub(crate) fn from_proxy_response(answer: &[u8]) -> Option<Response> {
    let answer: ProxyResponse = serde_json::from_slice(answer).ok()?;
    let mut response = Response::new(body(answer.body, answer.is_base64_encoded.unwrap_or(false))?);
    *response.status_mut() = status(answer.status_code)?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers.unwrap_or_default() {
        put(headers, &name, &value)?;
    }
    // A name given both ways has only the values given here.
    for (name, values) in answer.multi_value_headers.unwrap_or_default() {
        headers.remove(name.as_str());
        for value in values {
            put(headers, &name, &value)?;
        }
    }
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Some(response)
}

/// A JSON document of the gateway's own.
pub(crate) fn json(document: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}

/// Adds the id by which an answer is found in the log.
pub(crate) fn with_request_id(mut response: Response, request_id: Uuid) -> Response {
    if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

fn status(code: u16) -> Option<StatusCode> {
    StatusCode::from_u16(code).ok().filter(|status| (200..600).contains(&status.as_u16()))
}

fn body(text: Option<String>, is_base64: bool) -> Option<Body> {
    match text {
        None => Some(Body::empty()),
        Some(text) if is_base64 => Some(Body::from(BASE64_STANDARD.decode(text).ok()?)),
        Some(text) => Some(Body::from(text)),
    }
}

fn put(headers: &mut HeaderMap, name: &str, value: &HeaderText) -> Option<()> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let value = HeaderValue::from_str(&value.to_string()).ok()?;
    headers.append(remapped(name)?, value);
    Some(())
}

/// API Gateway sets the headers of the connection itself, and renames those that a function sets.
fn remapped(name: HeaderName) -> Option<HeaderName> {
    if [CONNECTION, CONTENT_LENGTH, DATE, SERVER, TRANSFER_ENCODING].contains(&name) {
        HeaderName::from_bytes(format!("x-amzn-remapped-{name}").as_bytes()).ok()
    } else {
        Some(name)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyResponse {
    status_code: u16,
    headers: Option<BTreeMap<String, HeaderText>>,
    multi_value_headers: Option<BTreeMap<String, Vec<HeaderText>>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// A header's value may be written as text, a number or a truth value.
#[derive(Deserialize)]
#[serde(untagged)]
enum HeaderText {
    Text(String),
    Number(serde_json::Number),
    Truth(bool),
}

impl std::fmt::Display for HeaderText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Truth(truth) => truth.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(answer: Value) -> Option<Response> {
        from_proxy_response(answer.to_string().as_bytes())
    }

    fn values<'a>(response: &'a Response, name: &str) -> Vec<&'a str> {
        response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    #[test]
    fn status_and_headers_come_back_as_the_function_set_them() {
        let response = reply(json!({
            "statusCode": 202,
            "headers": { "Location": "/dev/order/1", "Retry-After": 1, "X-Twice": "lost", "Content-Length": "7" },
            "multiValueHeaders": { "X-Twice": ["a", "b"] },
            "body": "{}",
            "isBase64Encoded": false,
        }))
        .unwrap();
        assert_eq!(response.status(), 202);
        assert_eq!(values(&response, "location"), ["/dev/order/1"]);
        assert_eq!(values(&response, "retry-after"), ["1"]);
        assert_eq!(values(&response, "x-twice"), ["a", "b"]);
        assert_eq!(values(&response, "content-type"), ["application/json"]);
        assert_eq!(values(&response, "x-amzn-remapped-content-length"), ["7"]);
    }

    #[tokio::test]
    async fn a_base64_body_is_decoded() {
        let response =
            reply(json!({ "statusCode": 200, "body": "aGVsbG8=", "isBase64Encoded": true })).unwrap();
        assert_eq!(axum::body::to_bytes(response.into_body(), 64).await.unwrap(), "hello");
    }

    #[test]
    fn what_is_no_proxy_response_is_malformed() {
        let malformed = [
            json!(null),
            json!("text"),
            json!({}),
            json!({ "statusCode": "two hundred" }),
            json!({ "statusCode": 99 }),
            json!({ "statusCode": 600 }),
            json!({ "statusCode": 200, "body": { "an": "object" } }),
            json!({ "statusCode": 200, "headers": { "a": { "b": "c" } } }),
            json!({ "statusCode": 200, "headers": { "a": "line\nbreak" } }),
            json!({ "statusCode": 200, "body": "no base64!", "isBase64Encoded": true }),
        ];
        for answer in malformed {
            assert!(reply(answer.clone()).is_none(), "{answer}");
        }
        assert!(from_proxy_response(b"{").is_none());
    }
}
