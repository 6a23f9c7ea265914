//! The request of `POST /paybill`.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use order::{Amount, OrderId, OrderIdPattern, PaymentKey};
use platform::api::{self, Fields, Problem};

/// A request for a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The order to be paid.
    pub(crate) order: OrderId,
    /// The amount, if the request has one.
    pub(crate) amount: Option<Amount>,
    /// `Idempotency-Key`: the client's name for this attempt.
    pub(crate) key: Option<PaymentKey>,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// 400 or 422 with the rule that it breaks.
    pub(crate) fn parse(
        request: &ApiGatewayProxyRequest,
        body: &str,
        order_ids: &OrderIdPattern,
    ) -> Result<Self, Problem> {
        let fields = Fields::parse(body, &["CustomerOrder", "Amount", "Currency"])?;
        let order =
            fields.string("CustomerOrder", Problem::ORDER_ID_MISSING)?.ok_or(Problem::ORDER_ID_MISSING)?;
        let amount = api::amount(&fields)?;
        Ok(Self { order: api::order_id(&order, order_ids)?, amount, key: key(request)? })
    }
}

fn key(request: &ApiGatewayProxyRequest) -> Result<Option<PaymentKey>, Problem> {
    // With several of this header, API Gateway gives the last one in one map and all of them in the other.
    let sent = request.multi_value_headers.get_all("idempotency-key").iter().count().max(1);
    let Some(text) = request.headers.get("idempotency-key") else { return Ok(None) };
    let key = text.to_str().ok().filter(|_| sent == 1).and_then(|text| PaymentKey::accept(text).ok());
    key.map(Some).ok_or(Problem::IDEMPOTENCY_KEY_INVALID)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(keys: &[&str], body: &str) -> Result<Asked, &'static str> {
        let request = serde_json::from_value(json!({
            "httpMethod": "POST", "requestContext": { "httpMethod": "POST" },
            "headers": keys.last().map_or_else(|| json!({}), |key| json!({ "Idempotency-Key": key })),
            "multiValueHeaders": if keys.is_empty() { json!({}) } else { json!({ "Idempotency-Key": keys }) },
        }));
        Asked::parse(&request.unwrap(), body, &OrderIdPattern::default()).map_err(|problem| problem.code)
    }

    #[test]
    fn a_request_names_an_order_and_may_name_an_amount_and_a_key() {
        let amount = Amount { minor_units: 1999.try_into().unwrap(), currency: "EUR".parse().unwrap() };
        let paid = asked(&["k-1"], r#"{"CustomerOrder":"1","Amount":1999,"Currency":"EUR"}"#).unwrap();
        let key = Some(PaymentKey::accept("k-1").unwrap());
        assert_eq!(paid, Asked { order: OrderId::accept("1").unwrap(), amount: Some(amount), key });
        let plain = Asked { order: OrderId::accept("1").unwrap(), amount: None, key: None };
        assert_eq!(asked(&[], r#"{"CustomerOrder":"1","Amount":null}"#), Ok(plain));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_by_its_code() {
        for (body, code) in [
            (r#"{"CustomerOrder":7}"#, "ORDER_ID_MISSING"),
            (r#"{"CustomerOrder":"1","Amount":1}"#, "AMOUNT_INCOMPLETE"),
            (r#"{"CustomerOrder":"1","Amount":0,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"CustomerOrder":"1","Owner":"x"}"#, "FIELD_UNKNOWN"),
            (r#"{"CustomerOrder":"1","Tip":1}"#, "FIELD_UNKNOWN"),
        ] {
            assert_eq!(asked(&[], body), Err(code), "{body}");
        }
    }

    #[test]
    fn a_key_is_sent_once_and_is_no_card() {
        let body = r#"{"CustomerOrder":"1"}"#;
        for keys in [["a", "b"].as_slice(), &[""], &["4111-1111-1111-1111"]] {
            assert_eq!(asked(keys, body), Err("IDEMPOTENCY_KEY_INVALID"), "{keys:?}");
        }
    }
}
