//! Why a payment processor declined a card, in the processor's own word.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use vault::is_card_shaped;

/// A processor's decline code: 1 to 64 letters, digits, `-`, `_` or `.`, not card-shaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct DeclineCode(String);

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
        let fits =
            (1..=64).contains(&code.len()) && code.bytes().all(plain) && !is_card_shaped(&dashed(&code));
        if fits { Ok(Self(code)) } else { Err(NotADeclineCode) }
    }
}

/// The detector knows dashes between digits.
fn dashed(code: &str) -> String {
    code.replace(['_', '.'], "-")
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
        for code in ["", "two words", "4111_1111.1111-1111", "4111111111111111", &"x".repeat(65), "é"] {
            assert_eq!(code.parse::<DeclineCode>(), Err(NotADeclineCode), "{code}");
        }
    }
}
