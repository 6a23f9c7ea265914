//! A row as it is stored: DynamoDB's own types, bytes as short hex.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

/// Bytes shown of a binary attribute.
const SHOWN_BYTES: usize = 12;

/// `{name: {"type": "S", "value": …}}`, with the length of what is cut.
pub(super) fn shown(item: &Value) -> Value {
    let attributes = item.as_object().into_iter().flatten();
    let shown = attributes.map(|(name, value)| (name.clone(), attribute(value)));
    Value::Object(shown.collect::<Map<_, _>>())
}

fn attribute(value: &Value) -> Value {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else {
        return json!({ "type": "?", "value": "" });
    };
    if kind != "B" {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return json!({ "type": kind, "value": text });
    }
    let bytes = value.as_str().and_then(|text| BASE64_STANDARD.decode(text).ok()).unwrap_or_default();
    let hex: Vec<_> = bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    // The colons separate digits, which could otherwise look like a card number by chance.
    let hex = hex.join(":");
    json!({ "type": kind, "value": hex, "bytes": bytes.len(), "cut": bytes.len() > SHOWN_BYTES })
}

/// A row of DynamoDB's JSON as the SDK has it; only the types that a quarantine row has.
pub(super) fn of_row(item: &Value) -> Option<HashMap<String, AttributeValue>> {
    let attribute = |value: &Value| {
        let (kind, value) = value.as_object()?.iter().next()?;
        let text = value.as_str()?.to_owned();
        Some(match kind.as_str() {
            "S" => AttributeValue::S(text),
            "N" => AttributeValue::N(text),
            "B" => AttributeValue::B(Blob::new(BASE64_STANDARD.decode(text).ok()?)),
            _ => return None,
        })
    };
    item.as_object()?.iter().map(|(name, value)| Some((name.clone(), attribute(value)?))).collect()
}

/// The texts and numbers of a row, for what needs no more of it.
pub(super) fn of_texts_and_numbers(item: &Value) -> HashMap<String, AttributeValue> {
    let attribute = |value: &Value| {
        let (kind, value) = value.as_object()?.iter().next()?;
        let text = value.as_str()?.to_owned();
        match kind.as_str() {
            "S" => Some(AttributeValue::S(text)),
            "N" => Some(AttributeValue::N(text)),
            _ => None,
        }
    };
    let members = item.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), attribute(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_short_hex_and_texts_and_numbers_are_themselves() {
        let item = json!({
            "SealedCard": { "B": BASE64_STANDARD.encode([171; 40]) }, "A": { "S": "a" }, "N": { "N": "1" },
        });
        assert_eq!(
            shown(&item),
            json!({
                "SealedCard": { "type": "B", "value": "ab:".repeat(11) + "ab", "bytes": 40, "cut": true },
                "A": { "type": "S", "value": "a" },
                "N": { "type": "N", "value": "1" },
            })
        );
    }
}
