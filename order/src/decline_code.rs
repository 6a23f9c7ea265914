//! Why a payment processor declined a card, in the processor's own word.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A processor's decline code: 1 to 64 letters, digits, `-`, `_` or `.`, with six digits at most, so that no card
/// number can stand in it, whatever its issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct DeclineCode(String);

/// Codes have two or three.
const MOST_DIGITS: usize = 6;

/// Not a decline code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decline code")]
pub struct NotADeclineCode;

impl FromStr for DeclineCode {
    type Err = NotADeclineCode;

    fn from_str(code: &str) -> Result<Self, NotADeclineCode> {
        Self::try_from(code.to_owned())
    }
}

impl TryFrom<String> for DeclineCode {
    type Error = NotADeclineCode;

    fn try_from(code: String) -> Result<Self, NotADeclineCode> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let digits = code.bytes().filter(u8::is_ascii_digit).count();
        let fits = (1..=64).contains(&code.len()) && code.bytes().all(plain) && digits <= MOST_DIGITS;
        if fits { Ok(Self(code)) } else { Err(NotADeclineCode) }
    }
}

impl DeclineCode {
    /// What the processor said, or `unreadable` where that may not be stored: a card is declined all the same.
    #[must_use]
    pub fn of(text: &str) -> Self {
        text.parse().unwrap_or_else(|_| Self("unreadable".to_owned()))
    }
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
            assert_eq!(code.parse::<DeclineCode>().map(|code| code.to_string()), Ok(code.to_owned()));
        }
        for code in
            ["", "two words", "card_000000000000", "4111_1111.1111-1111", "1234567", &"x".repeat(65), "é"]
        {
            assert_eq!(code.parse::<DeclineCode>(), Err(NotADeclineCode), "{code}");
            assert_eq!(DeclineCode::of(code).to_string(), "unreadable");
        }
    }
}
