//! Everything that the console answers or streams passes through here, and text that looks like a card number is
//! removed, wherever it came from.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use vault::is_card_shaped;

/// The text in place of one that looks like a card number.
const WITHHELD: &str = "[hidden: looks like a card number]";

/// The document's text, fit to be shown.
pub(super) fn text(mut document: Value) -> String {
    withhold(&mut document);
    document.to_string()
}

/// An answer.
pub(super) fn ok(document: Value) -> Response {
    answer(StatusCode::OK, document)
}

/// The console's own error, with fixed text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused(pub(super) StatusCode, pub(super) &'static str, pub(super) &'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        answer(status, json!({ "code": code, "message": message }))
    }
}

fn answer(status: StatusCode, document: Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], text(document)).into_response()
}

fn withhold(value: &mut Value) {
    match value {
        Value::String(text) if is_card_shaped(text) => WITHHELD.clone_into(text),
        Value::Number(number) if is_card_shaped(&number.to_string()) => *value = WITHHELD.into(),
        Value::Array(values) => values.iter_mut().for_each(withhold),
        Value::Object(members) => {
            if members.keys().any(|name| is_card_shaped(name)) {
                members.retain(|name, _| !is_card_shaped(name));
            }
            members.values_mut().for_each(withhold);
        }
        _ => {}
    }
}

/// Milliseconds since 1970.
pub(super) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_in_a_stream_stays() {
        // As the streams of this machine have it: with more digits than any card number.
        for microseconds in (1_795_934_104_000_000_u64..).take(1_000) {
            let document = json!({ "sequence": format!("10000{microseconds}") });
            assert_eq!(text(document.clone()), document.to_string());
        }
    }

    #[test]
    fn a_position_in_an_event_and_in_a_dead_letter_stays() {
        for number in (4_421_584_500_000_000_017_450_439_091_u128..).step_by(7).take(1_000) {
            let position = format!("2026-11-21T18:59:33.120Z#1#{number:040}");
            let batch = json!({ "startSequenceNumber": format!("{number:021}"), "endSequenceNumber": format!("{number}") });
            let document = json!({ "Position": position, "DDBStreamBatchInfo": batch });
            assert_eq!(text(document.clone()), document.to_string());
        }
    }

    #[test]
    fn no_text_name_or_number_that_reads_as_a_card_gets_out() {
        let card = "4111 1111 1111 1111";
        let document = json!({
            "a": [card, { "b": format!("card {card}!") }], "4111111111111111": 1, "n": 4111111111111111_u64,
            "id": "123456789", "mask": "****-****-****-1111", "at": 1764000000,
        });
        let shown: Value = serde_json::from_str(&text(document)).unwrap();
        let expected = json!({
            "a": [WITHHELD, { "b": WITHHELD }], "n": WITHHELD,
            "id": "123456789", "mask": "****-****-****-1111", "at": 1764000000,
        });
        assert_eq!(shown, expected);
    }
}
