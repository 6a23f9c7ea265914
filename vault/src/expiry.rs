//! The card's expiry date, sealed together with its number.

use std::fmt;

use secrecy::{ExposeSecret, SecretBox};

/// Month and year as printed on the card: `MM/YY`. Cardholder data, so never shown; wiped on drop.
pub struct CardExpiry(SecretBox<[u8; 5]>);

/// Not `MM/YY` with a month from 01 to 12. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a card expiry is MM/YY")]
pub struct ExpiryError;

impl CardExpiry {
    /// Reads `MM/YY`. A date that has passed is for the payment processor to decline.
    ///
    /// # Errors
    /// [`ExpiryError`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, ExpiryError> {
        match text.as_bytes() {
            [m1, m2, b'/', y1, y2]
                if [m1, m2, y1, y2].into_iter().all(u8::is_ascii_digit)
                    && matches!((m1, m2), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2')) =>
            {
                Ok(Self(SecretBox::init_with_mut(|stored: &mut [u8; 5]| {
                    stored.copy_from_slice(text.as_bytes())
                })))
            }
            _ => Err(ExpiryError),
        }
    }

    /// `MM/YY`. Every call needs an `#[expect]` with the reason for the exposure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the one door; its callers state their reasons")]
    pub fn expose(&self) -> &str {
        // Only ASCII is ever stored.
        std::str::from_utf8(self.0.expose_secret()).unwrap_or_default()
    }
}

impl fmt::Debug for CardExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardExpiry(**/**)")
    }
}

static_assertions::assert_not_impl_any!(CardExpiry: Clone, Copy, PartialEq, fmt::Display, AsRef<str>);

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "EXPOSE: made-up cards of the tests")]
mod tests {
    use super::*;

    #[test]
    fn a_month_and_a_year_are_read_and_nothing_else() {
        for text in ["01/30", "12/99", "10/00"] {
            assert_eq!(CardExpiry::parse(text).unwrap().expose(), text);
        }
        for text in ["", "1/30", "13/30", "00/30", "12-30", "12/2030", "1a/30", "é1/30", " 1/30"] {
            assert!(CardExpiry::parse(text).is_err(), "{text}");
        }
    }
}
