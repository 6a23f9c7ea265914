//! What a request may hold, checked before anything of it is used.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::header;
use percent_encoding::percent_decode_str;
use vault::Plaintext;
use zeroize::Zeroize;

use super::problems::Problem;
use crate::spans::name_order;
use order::{OrderId, OrderIdPattern, ParseOrderIdError};

/// The largest body, in bytes. The largest order that keeps the rules is a few KB.
const LARGEST_BODY: usize = 16 * 1024;

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
        // Room for all of it, so that no part of it is left behind when the buffer grows.
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

/// URLs end up in logs all along their way, so a request whose URL holds a card number is refused, and tells
/// its sender so.
///
/// # Errors
/// 422 when the path or the query holds one.
pub fn refuse_card_in_url(request: &ApiGatewayProxyRequest) -> Result<(), Problem> {
    let query = [&request.query_string_parameters, &request.multi_value_query_string_parameters];
    let query = query.into_iter().flat_map(|map| map.iter().flat_map(|(name, value)| [name, value]));
    let path = request.path.as_deref().into_iter();
    let path = path.chain(request.path_parameters.values().map(String::as_str));
    if path.chain(query).any(holds_card) {
        return Err(Problem::CARD_IN_URL);
    }
    Ok(())
}

fn holds_card(text: &str) -> bool {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    vault::is_card_shaped_in_url(text) || vault::is_card_shaped_in_url(&decoded)
}

/// Reads an order id that stands in the path, where `~` may come encoded.
///
/// # Errors
/// As [`order_id`].
pub fn order_id_in_path(request: &ApiGatewayProxyRequest, own: &OrderIdPattern) -> Result<OrderId, Problem> {
    let id = request.path_parameters.get("CustomerOrder").map_or("", String::as_str);
    order_id(&percent_decode_str(id).decode_utf8_lossy(), own)
}

/// Reads an order id, of the shop's own pattern or any other, and names it on the request's log lines from now on.
///
/// # Errors
/// 422 with the rule it breaks.
pub fn order_id(text: &str, own: &OrderIdPattern) -> Result<OrderId, Problem> {
    let order = own.accept(text).map_err(|error| match error {
        ParseOrderIdError::Shape => Problem::ORDER_ID_INVALID,
        ParseOrderIdError::CardShaped => Problem::ORDER_ID_CARD_SHAPED,
    })?;
    name_order(&order);
    Ok(order)
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
            (json!({"body": STANDARD.encode("x".repeat(LARGEST_BODY + 1)), "isBase64Encoded": true}), 413),
            (json!({"body": "x".repeat(LARGEST_BODY * 3), "isBase64Encoded": true}), 413),
            (json!({"body": "*", "isBase64Encoded": true}), 400),
            (json!({"body": "/w==", "isBase64Encoded": true}), 400),
            (json!({"body": " "}), 400),
            (json!({}), 400),
        ] {
            assert_eq!(status(read(request(fields.clone()))), expected, "{fields}");
        }
    }

    #[test]
    fn a_card_number_anywhere_in_the_url_is_refused() {
        for fields in [
            json!({"path": "/order/4111111111111111"}),
            json!({"path": "/order/4111%201111%201111%201111"}),
            json!({"path": "/order/%34111111111111111"}),
            json!({"pathParameters": {"CustomerOrder": "4111-1111-1111-1111"}}),
            json!({"queryStringParameters": {"card": "4111111111111111"}}),
            json!({"queryStringParameters": {"card": "+378282246310005"}}),
            json!({"queryStringParameters": {"card": "41111111+11111111"}}),
            json!({"queryStringParameters": {"4111111111111111": "x"}}),
            json!({"multiValueQueryStringParameters": {"card": ["x", "4111111111111111"]}}),
        ] {
            assert!(refuse_card_in_url(&request(fields.clone())).is_err(), "{fields}");
        }
        let fine = json!({"path": "/order/123456789", "queryStringParameters": {"x": "1"}});
        assert_eq!(refuse_card_in_url(&request(fine)), Ok(()));
    }
}
