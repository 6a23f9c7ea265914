//! Why a payment processor declined a card: the processor's own code.

use std::fmt;

use crate::stored_text::read_as_stored;

/// A processor's decline code: 1 to 64 letters, digits, `-`, `_` or `.`; when it is accepted it has six digits at most,
/// so that it cannot hold a card number of any issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclineCode(String);

read_as_stored!(DeclineCode);

/// Codes have two or three.
const MOST_DIGITS: usize = 6;

/// Not a decline code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decline code")]
pub struct ParseDeclineCodeError;

impl DeclineCode {
    /// Checks the code that a processor sends.
    ///
    /// # Errors
    /// [`ParseDeclineCodeError`] when it may not be stored.
    pub fn accept(code: &str) -> Result<Self, ParseDeclineCodeError> {
        let digits = code.bytes().filter(u8::is_ascii_digit).count();
        if has_form(code) && digits <= MOST_DIGITS {
            Ok(Self(code.into()))
        } else {
            Err(ParseDeclineCodeError)
        }
    }

    /// The processor's code, or `unreadable` if it may not be stored. The card is declined in both cases.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::accept(text).unwrap_or_else(|_| Self("unreadable".to_owned()))
    }

    /// Reads the code of a row, by its form.
    #[must_use]
    pub fn stored(code: impl Into<String>) -> Option<Self> {
        Some(code.into()).filter(|code| has_form(code)).map(Self)
    }
}

fn has_form(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=64).contains(&code.len()) && code.bytes().all(plain)
}

impl fmt::Display for DeclineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decline_code_is_a_short_plain_word_without_a_card_in_it() {
        for code in ["insufficient_funds", "05", "do-not-honor"] {
            assert_eq!(DeclineCode::accept(code).map(|code| code.to_string()), Ok(code.to_owned()));
        }
        for code in
            ["", "two words", "card_000000000000", "4111_1111.1111-1111", "1234567", &"x".repeat(65), "é"]
        {
            assert_eq!(DeclineCode::accept(code), Err(ParseDeclineCodeError), "{code}");
            assert_eq!(DeclineCode::of(code).to_string(), "unreadable");
        }
    }
    #[test]
    fn a_stored_code_is_read_by_its_form_alone() {
        for code in ["do-not-honor", "4111_1111.1111-1111", "1234567"] {
            let read: DeclineCode = serde_json::from_value(code.into()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), code);
        }
        for code in ["", "two words", &"x".repeat(65), "é"] {
            assert_eq!(DeclineCode::stored(code), None, "{code}");
        }
    }
}
