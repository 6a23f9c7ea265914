//! An ID token's claims as API Gateway's Cognito authorizer hands them to a function: every value a string.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// Claims that passed the authorizer, as `requestContext.authorizer.claims` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AuthorizerClaims(BTreeMap<String, String>);

/// How the authorizer writes `exp` and `iat`: `Wed Nov 20 17:05:41 UTC 2019`.
const TIME_OF_A_CLAIM: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]");

impl AuthorizerClaims {
    pub(super) fn from_jwt(claims: Map<String, Value>) -> Self {
        let as_strings = claims.into_iter().map(|(name, value)| {
            let text = as_string(&name, value);
            (name, text)
        });
        Self(as_strings.collect())
    }

    /// One claim's text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn as_string(name: &str, value: Value) -> String {
    match (name, value) {
        (_, Value::String(text)) => text,
        // An array, such as `cognito:groups`, becomes one string with commas.
        (_, Value::Array(values)) => {
            values.into_iter().map(|value| as_string("", value)).collect::<Vec<_>>().join(",")
        }
        ("exp" | "iat", Value::Number(seconds)) => {
            seconds.as_i64().and_then(written_out).unwrap_or_else(|| seconds.to_string())
        }
        (_, other) => other.to_string(),
    }
}

fn written_out(epoch_seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(epoch_seconds).ok()?.format(TIME_OF_A_CLAIM).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_claim_reaches_a_function_as_a_string_in_the_authorizers_own_format() {
        let jwt = json!({
            "sub": "an id",
            "cognito:groups": ["billing", "support"],
            "email_verified": true,
            "auth_time": 1_574_266_541,
            "iat": 1_574_266_541,
            "exp": 1_574_270_141,
        });
        let claims = AuthorizerClaims::from_jwt(jwt.as_object().unwrap().clone());
        let expected = json!({
            "sub": "an id",
            "cognito:groups": "billing,support",
            "email_verified": "true",
            "auth_time": "1574266541",
            "iat": "Wed Nov 20 16:15:41 UTC 2019",
            "exp": "Wed Nov 20 17:15:41 UTC 2019",
        });
        assert_eq!(serde_json::to_value(&claims).unwrap(), expected);
    }
}
