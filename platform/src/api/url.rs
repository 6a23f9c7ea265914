//! The URL of a request, checked before any part of it is used: it has no card number, and a valid order id.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use percent_encoding::percent_decode_str;

use super::problems::Problem;
use crate::spans::name_order;
use order::{OrderId, OrderIdPattern, ParseOrderIdError};

/// URLs get into many logs, so a request whose URL has a card number in it is refused, and the answer says so.
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

/// Reads the order id in the path, where `~` may be encoded.
///
/// # Errors
/// As [`order_id`].
pub fn order_id_in_path(request: &ApiGatewayProxyRequest, own: &OrderIdPattern) -> Result<OrderId, Problem> {
    let id = request.path_parameters.get("CustomerOrder").map_or("", String::as_str);
    order_id(&percent_decode_str(id).decode_utf8_lossy(), own)
}

/// Reads an order id, of the shop's own pattern or any other, and adds it to the request's log lines from now on.
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
        });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
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
