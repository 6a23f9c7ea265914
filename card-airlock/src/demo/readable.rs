//! Whether something holds a card number that could be read: plain, separated, in hex or in base64.

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::operator::Row;

/// Whether the card `number` can be read in any attribute of the row.
pub(super) fn in_row(number: &str, row: &Row) -> bool {
    row.iter().any(|(name, value)| in_bytes(number, name.as_bytes()) || in_attribute(number, value))
}

/// Whether the card `number` can be read in `bytes`.
pub(super) fn in_bytes(number: &str, bytes: &[u8]) -> bool {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
    let unseparated: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b' ' | b'-')).collect();
    forms(number.as_bytes()).chain(forms(&digits)).any(|form| contains(bytes, &form))
        || contains(&unseparated, &digits)
}

fn in_attribute(number: &str, value: &AttributeValue) -> bool {
    let inside = |bytes: &[u8]| in_bytes(number, bytes);
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => inside(text.as_bytes()),
        AttributeValue::B(bytes) => inside(bytes.as_ref()),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => {
            texts.iter().any(|text| inside(text.as_bytes()))
        }
        AttributeValue::Bs(all) => all.iter().any(|bytes| inside(bytes.as_ref())),
        AttributeValue::L(values) => values.iter().any(|value| in_attribute(number, value)),
        AttributeValue::M(row) => in_row(number, row),
        _ => false,
    }
}

/// The text itself, its hex, and its base64 as it stands at each of the three places of a longer text.
fn forms(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let lower: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
    let upper = lower.to_uppercase();
    let inside_base64 = (0..3).map(|before| {
        let padded = [&vec![0_u8; before], text].concat();
        let encoded = BASE64_STANDARD_NO_PAD.encode(&padded);
        // The characters that depend on the neighbours are left out.
        let skipped = (before * 8).div_ceil(6);
        let kept = (padded.len() * 8) / 6;
        encoded.as_bytes().get(skipped..kept).unwrap_or_default().to_vec()
    });
    [text.to_vec(), lower.into_bytes(), upper.into_bytes()]
        .into_iter()
        .chain(inside_base64.collect::<Vec<_>>())
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "4929-1234-5678-1234";

    #[test]
    fn a_card_is_found_in_every_form() {
        let mut texts = vec![
            "x4929123456781234y".to_owned(),
            "card 4929-1234-5678-1234".to_owned(),
            "4929 1234 5678 1234".to_owned(),
            "34393239313233343536373831323334".to_owned(),
        ];
        for before in ["", "a", "ab", "abc"] {
            texts.push(BASE64_STANDARD_NO_PAD.encode(format!("{before}4929123456781234 and more")));
            texts.push(BASE64_STANDARD_NO_PAD.encode(format!("{before}{CARD} and more")));
        }
        for text in texts {
            assert!(in_bytes(CARD, text.as_bytes()), "{text}");
            let nested = AttributeValue::L(vec![AttributeValue::S(text)]);
            assert!(in_row(CARD, &Row::from([("a".to_owned(), nested)])));
        }
    }

    #[test]
    fn its_last_four_digits_are_no_card() {
        assert!(!in_bytes(CARD, b"****-****-****-1234"));
        assert!(!in_bytes(CARD, b""));
    }
}
