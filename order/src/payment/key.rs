//! A client's own name for one attempt to pay.

/// The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header, with or without its quotes): 1 to 64
/// letters, digits, `-`, `_`, `.` or `~`, not card-shaped when it was accepted. Rows keep keys as plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentKey(String);

/// Not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an idempotency key")]
pub struct ParsePaymentKeyError;

impl PaymentKey {
    /// Checks the key that a client sends.
    ///
    /// # Errors
    /// [`ParsePaymentKeyError`] when it may not be stored.
    pub fn accept(text: &str) -> Result<Self, ParsePaymentKeyError> {
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let key = quoted.unwrap_or(text);
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let fits = (1..=64).contains(&key.len()) && key.bytes().all(unreserved);
        if !fits || vault::is_card_shaped(key) {
            return Err(ParsePaymentKeyError);
        }
        Ok(Self(key.to_owned()))
    }

    /// The key's text, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its digits would be a card of Maestro anywhere else.
    const UUID: &str = "41111111-1111-4111-9111-501800000009";

    #[test]
    fn a_key_is_short_and_plain_and_no_card() {
        for (text, key) in
            [("a", "a"), ("\"8e03978e-40d5\"", "8e03978e-40d5"), ("A_b.c~1", "A_b.c~1"), (UUID, UUID)]
        {
            assert_eq!(PaymentKey::accept(text), Ok(PaymentKey(key.to_owned())));
        }
        for text in ["", "\"\"", "two words", "\"open", "ä", "4111111111111111", "4111.1111.1111.1111"] {
            assert_eq!(PaymentKey::accept(text), Err(ParsePaymentKeyError), "{text}");
        }
        assert_eq!(PaymentKey::accept(&"x".repeat(65)), Err(ParsePaymentKeyError));
    }
}
