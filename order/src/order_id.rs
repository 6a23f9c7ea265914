//! The order id: the client's own name for an order, and the only text from a client that answers repeat.

use std::fmt;

use crate::stored_text::read_as_stored;

/// The most characters of an order id.
pub(crate) const LONGEST: usize = 64;

/// `CustomerOrder`: 1 to 64 letters, digits, `-`, `_`, `.` or `~` (RFC 3986 unreserved, so it needs no
/// encoding in a URL), starting with a letter or digit, and not card-shaped when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderId(String);

read_as_stored!(OrderId);

/// Why a text is not an order id. It says nothing about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseOrderIdError {
    /// Empty, too long, or with a character that must be encoded in a URL's path.
    #[error("an order id is 1 to 64 letters, digits, '-', '_', '.' or '~', starting with a letter or digit")]
    Shape,
    /// It looks like a card number.
    #[error("an order id must not look like a card number")]
    CardShaped,
}

impl OrderId {
    /// Checks the id that a client sends.
    ///
    /// # Errors
    /// [`ParseOrderIdError`] says which rule it breaks.
    pub fn accept(text: &str) -> Result<Self, ParseOrderIdError> {
        if !has_form(text) {
            return Err(ParseOrderIdError::Shape);
        }
        if vault::is_card_shaped(text) {
            return Err(ParseOrderIdError::CardShaped);
        }
        Ok(Self(text.into()))
    }

    /// Reads the id of a row, an image or a message, by its form.
    #[must_use]
    pub fn stored(text: impl Into<String>) -> Option<Self> {
        Some(text.into()).filter(|text| has_form(text)).map(Self)
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id's text for a log line or a dead letter. None: it looks like a card number. An id that an earlier release
    /// accepted, or that somebody wrote by hand, may do so.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        Some(self.as_str()).filter(|text| !vault::is_card_shaped(text))
    }
}

fn has_form(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    starts_well
        && text.len() <= LONGEST
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c))
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_as_shops_use_them_are_read() {
        for text in [
            "123456789",
            "A",
            "2026-11-21_order.7~b",
            "550e8400-e29b-41d4-a716-446655440000",
            &"x".repeat(64),
            "4111.1111_1111~1111", // refused by the first detector, which took every mark of an id for a dash
        ] {
            assert_eq!(OrderId::accept(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_not_url_safe_or_reads_as_a_card_is_refused() {
        for text in ["", " ", ".", "..", "-a", "a b", "a/b", "a%2Fb", "é", "a?b", &"x".repeat(65)] {
            assert_eq!(OrderId::accept(text), Err(ParseOrderIdError::Shape), "{text}");
        }
        for text in [
            "4111111111111111",
            "4111-1111-1111-1111",
            "order.4111111111111111",
            "x5555555555554444",
            "4111.1111.1111.1111",
            "4111_1111_1111_1111",
            "4111~1111~1111~1111",
        ] {
            assert_eq!(OrderId::accept(text), Err(ParseOrderIdError::CardShaped), "{text}");
        }
    }

    #[test]
    fn a_stored_id_that_reads_as_a_card_number_is_written_out_nowhere() {
        let shown = |text: &str| OrderId::stored(text).unwrap().shown().map(str::to_owned);
        assert_eq!(shown("123456789"), Some("123456789".to_owned()));
        assert_eq!(shown("4111111111111111"), None);
        assert_eq!(shown("4111-1111-1111-1111"), None);
    }

    #[test]
    fn a_stored_id_is_read_by_its_form_alone() {
        for text in ["123456789", "4111111111111111", "4111.1111_1111~1111"] {
            assert_eq!(OrderId::stored(text).unwrap().as_str(), text);
            let read: OrderId = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), text);
        }
        for text in ["", " ", "..", "-a", "a b", "a/b", "é", &"4".repeat(65)] {
            assert_eq!(OrderId::stored(text), None, "{text}");
            let error = serde_json::from_value::<OrderId>(text.into()).unwrap_err();
            assert_eq!(error.to_string(), "not a stored OrderId");
        }
    }
}
