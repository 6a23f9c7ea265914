//! The last four digits: the most of a card number that may be shown (PCI DSS 3.4.1 allows first six and last four).

use std::{fmt, str::FromStr};

/// The last four digits of a card number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Last4([u8; 4]);

/// Not four ASCII digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not four digits")]
pub struct NotLast4;

impl Last4 {
    /// The number as every answer shows it: `****-****-****-0000`, whatever its length.
    #[must_use]
    pub fn mask(self) -> String {
        format!("****-****-****-{self}")
    }

    /// From the last four of ASCII digits.
    pub(crate) fn of(digits: &[u8]) -> Option<Self> {
        digits.last_chunk().copied().map(Self)
    }
}

impl FromStr for Last4 {
    type Err = NotLast4;

    fn from_str(text: &str) -> Result<Self, NotLast4> {
        let digits: [u8; 4] = text.as_bytes().try_into().map_err(|_| NotLast4)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(NotLast4) }
    }
}

impl fmt::Display for Last4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

impl fmt::Debug for Last4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Last4({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_shows_four_digits_only() {
        assert_eq!("0005".parse::<Last4>().unwrap().mask(), "****-****-****-0005");
    }

    #[test]
    fn only_four_ascii_digits_are_read() {
        for text in ["", "123", "12345", "12a4", "١٢٣٤", " 123"] {
            assert_eq!(text.parse::<Last4>(), Err(NotLast4), "{text}");
        }
    }
}
