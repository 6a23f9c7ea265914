//! The token: a UUID in place of a card number.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use crate::opaque_id::opaque_id;

/// It is stored in place of a card number. It is random, so it says nothing about the card, and it is not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(Uuid);

/// This program could not have made such a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct ParseTokenError;

impl Token {
    /// A new random token.
    pub(crate) fn mint() -> Self {
        Self(opaque_id())
    }
}

impl FromStr for Token {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        let id = Uuid::try_parse(text).map_err(|_| ParseTokenError)?;
        // Only the form that is stored: the vault row is found by it.
        if id.get_version_num() == 4 && id.to_string() == text { Ok(Self(id)) } else { Err(ParseTokenError) }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_from_its_text_only() {
        let token = Token::mint();
        assert_eq!(token.to_string().parse(), Ok(token));
        for text in [
            String::new(),
            "123".into(),
            token.to_string().to_uppercase() + "x",
            token.0.simple().to_string(),
            token.0.braced().to_string(),
            Uuid::nil().to_string(),
        ] {
            assert_eq!(text.parse::<Token>(), Err(ParseTokenError), "{text}");
        }
    }
}
