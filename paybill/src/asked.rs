//! What a client asks of `POST /paybill`.

use std::str::FromStr;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use order::{Amount, Currency, MinorUnits, OrderId, OrderIdPattern, PaymentKey};
use platform::api::{self, Fields, Problem};

/// A request for a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The order to be paid.
    pub(crate) order: OrderId,
    /// What is to be charged. A processor may know that from the order alone.
    pub(crate) amount: Option<Amount>,
    /// `Idempotency-Key`: the client's name for this attempt.
    pub(crate) key: Option<PaymentKey>,
}

const ORDER_MISSING: Problem = Problem::malformed("ORDER_ID_MISSING", "CustomerOrder must be a string");
const CURRENCY_NOT_TEXT: Problem = Problem::malformed("CURRENCY_INVALID", "Currency must be a string");
const AMOUNT_INVALID: Problem =
    Problem::invalid("AMOUNT_INVALID", "Amount must be a whole number of minor units, 1 to 999999999999");
const CURRENCY_INVALID: Problem =
    Problem::invalid("CURRENCY_INVALID", "Currency must be an ISO 4217 code of three capital letters");
const AMOUNT_INCOMPLETE: Problem =
    Problem::invalid("AMOUNT_INCOMPLETE", "Amount and Currency go together, or neither is sent");
const KEY_INVALID: Problem = Problem::invalid(
    "IDEMPOTENCY_KEY_INVALID",
    "Idempotency-Key must be sent once: 1 to 64 letters, digits, '-', '_', '.' or '~', and no card number",
);

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
        let order = fields.string("CustomerOrder", ORDER_MISSING)?.ok_or(ORDER_MISSING)?;
        let minor_units = fields.raw("Amount").map(minor_units).transpose()?;
        let currency = fields.string("Currency", CURRENCY_NOT_TEXT)?;
        let currency =
            currency.map(|code| code.parse::<Currency>().map_err(|_| CURRENCY_INVALID)).transpose()?;
        let amount = match (minor_units, currency) {
            (Some(minor_units), Some(currency)) => Some(Amount { minor_units, currency }),
            (None, None) => None,
            _ => return Err(AMOUNT_INCOMPLETE),
        };
        Ok(Self { order: api::order_id(&order, order_ids)?, amount, key: key(request)? })
    }
}

/// A JSON number without sign, fraction or exponent.
fn minor_units(raw: &str) -> Result<MinorUnits, Problem> {
    let count = u64::from_str(raw).ok().filter(|_| !raw.starts_with('+'));
    count.and_then(|count| count.try_into().ok()).ok_or(AMOUNT_INVALID)
}

fn key(request: &ApiGatewayProxyRequest) -> Result<Option<PaymentKey>, Problem> {
    // API Gateway hands over the last of several here and all of them there.
    let sent = request.multi_value_headers.get_all("idempotency-key").iter().count().max(1);
    let Some(text) = request.headers.get("idempotency-key") else { return Ok(None) };
    let key = text.to_str().ok().filter(|_| sent == 1).and_then(|text| PaymentKey::accept(text).ok());
    key.map(Some).ok_or(KEY_INVALID)
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
    fn an_amount_is_a_whole_number_of_minor_units_with_its_currency() {
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
            (r#"{"CustomerOrder":"1","Currency":"EUR"}"#, "AMOUNT_INCOMPLETE"),
            (r#"{"CustomerOrder":"1","Amount":0,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"CustomerOrder":"1","Amount":-1,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"CustomerOrder":"1","Amount":1.5,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"CustomerOrder":"1","Amount":1e3,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"CustomerOrder":"1","Amount":"1","Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"CustomerOrder":"1","Amount":4111111111111111,"Currency":"EUR"}"#, "AMOUNT_INVALID"),
            (r#"{"CustomerOrder":"1","Amount":1,"Currency":"eur"}"#, "CURRENCY_INVALID"),
            (r#"{"CustomerOrder":"1","Amount":1,"Currency":978}"#, "CURRENCY_INVALID"),
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
