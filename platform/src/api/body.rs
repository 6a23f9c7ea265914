//! The body of a request: limited in length, JSON, and in a buffer that is wiped.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::header;
use vault::Plaintext;
use zeroize::Zeroize;

use super::problems::Problem;

/// The largest body, in bytes. The largest order that keeps the rules is a few KB.
pub const LARGEST_BODY: usize = 16 * 1024;

/// Takes the body out of the request, before anything else is done with it, into a buffer that is wiped.
#[must_use]
pub fn take_body(request: &mut ApiGatewayProxyRequest) -> Plaintext<String> {
    Plaintext::new(request.body.take().unwrap_or_default())
}

/// The JSON text of a request's body.
///
/// # Errors
/// 415 unless it is declared as JSON, 413 when it is too large, 400 when there is none.
pub fn json_body(
    request: &ApiGatewayProxyRequest,
    body: Plaintext<String>,
) -> Result<Plaintext<String>, Problem> {
    if !is_json(request) {
        return Err(Problem::NOT_JSON);
    }
    let too_large = Problem::BODY_TOO_LARGE;
    let body = if request.is_base64_encoded {
        if body.len() > LARGEST_BODY * 2 {
            return Err(too_large);
        }
        // Space for all of it, because a buffer that grows leaves a copy behind.
        let mut bytes = Plaintext::new(Vec::with_capacity(body.len()));
        STANDARD.decode_vec(body.as_bytes(), &mut bytes).map_err(|_| Problem::BODY_UNREADABLE)?;
        let text = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
            error.into_bytes().zeroize();
            Problem::BODY_NOT_UTF8
        })?;
        Plaintext::new(text)
    } else {
        body
    };
    if body.len() > LARGEST_BODY {
        return Err(too_large);
    }
    if body.trim().is_empty() {
        return Err(Problem::BODY_MISSING);
    }
    Ok(body)
}

fn is_json(request: &ApiGatewayProxyRequest) -> bool {
    let declared = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = declared.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(fields: Value) -> ApiGatewayProxyRequest {
        let mut event = json!({
            "httpMethod": "POST", "requestContext": {"httpMethod": "POST"},
            "headers": {"Content-Type": "application/json"},
        });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    fn read(mut request: ApiGatewayProxyRequest) -> Result<Plaintext<String>, Problem> {
        let body = take_body(&mut request);
        assert_eq!(request.body, None);
        json_body(&request, body)
    }

    fn status(outcome: Result<Plaintext<String>, Problem>) -> u16 {
        outcome.map_or_else(|problem| problem.status.as_u16(), |_| 200)
    }

    #[test]
    fn a_json_body_is_taken_out_of_the_request() {
        assert_eq!(read(request(json!({"body": "{}"}))).unwrap().as_str(), "{}");
        let encoded = request(json!({"body": "e30=", "isBase64Encoded": true}));
        assert_eq!(read(encoded).unwrap().as_str(), "{}");
        let utf8 =
            request(json!({"body": "{}", "headers": {"content-type": "Application/JSON; charset=utf-8"}}));
        assert_eq!(status(read(utf8)), 200);
    }

    #[test]
    fn bodies_that_are_not_json_too_large_or_missing_are_refused() {
        for (fields, expected) in [
            (json!({"body": "{}", "headers": {}}), 415),
            (json!({"body": "{}", "headers": {"Content-Type": "text/plain"}}), 415),
            (json!({"body": "x".repeat(LARGEST_BODY + 1)}), 413),
            (json!({"body": "x".repeat(LARGEST_BODY)}), 200),
            (json!({"body": STANDARD.encode("x".repeat(LARGEST_BODY)), "isBase64Encoded": true}), 200),
            (json!({"body": STANDARD.encode("x".repeat(LARGEST_BODY + 1)), "isBase64Encoded": true}), 413),
            // So long a text is not decoded at all: this one is no base64.
            (json!({"body": "*".repeat(LARGEST_BODY * 2), "isBase64Encoded": true}), 400),
            (json!({"body": "*".repeat(LARGEST_BODY * 2 + 1), "isBase64Encoded": true}), 413),
            (json!({"body": "*", "isBase64Encoded": true}), 400),
            (json!({"body": "/w==", "isBase64Encoded": true}), 400),
            (json!({"body": " "}), 400),
            (json!({}), 400),
        ] {
            assert_eq!(status(read(request(fields.clone()))), expected, "{fields}");
        }
    }
}
