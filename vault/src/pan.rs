//! The card number (PAN) in plaintext: parsed, held for a moment, wiped.

use std::fmt;

use secrecy::{ExposeSecret, SecretBox};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::{brand::CardBrand, brand_versions::Brands, last4::Last4, luhn, plaintext::Alive};

const SHORTEST: usize = 12;
const LONGEST: usize = 19;

/// A card number in plaintext: 12 to 19 digits that pass Luhn. It is in one heap allocation that is wiped on drop;
/// it cannot be copied, compared, displayed or serialized.
pub struct Pan {
    digits: SecretBox<[u8; LONGEST]>,
    length: usize,
    last4: Last4,
    _alive: Alive,
}

/// Why a text is not a card number. It says nothing about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePanError {
    /// Something other than ASCII digits with single spaces or dashes between them, and white space around them.
    #[error("a card number has only digits, with single spaces or dashes between them")]
    Characters,
    /// Fewer than 12 or more than 19 digits (ISO/IEC 7812-1).
    #[error("a card number has 12 to 19 digits")]
    Length,
    /// The check digit is wrong (ISO/IEC 7812-1, annex B).
    #[error("the card number's check digit is wrong")]
    CheckDigit,
}

impl Pan {
    /// Reads a number as people type and paste it: ASCII digits, single spaces or dashes of any width between them, and
    /// white space around them. The caller wipes `text`.
    ///
    /// # Errors
    /// [`ParsePanError`] says which rule is broken.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: to count and check the digits just read")]
    pub fn parse(text: &str) -> Result<Self, ParsePanError> {
        let mut length = 0;
        let mut outcome = Ok(());
        let digits = SecretBox::init_with_mut(|digits: &mut [u8; LONGEST]| {
            outcome = read_digits(text, digits).map(|count| length = count);
        });
        outcome?;
        if length < SHORTEST {
            return Err(ParsePanError::Length);
        }
        let known = digits.expose_secret().get(..length).unwrap_or_default();
        let last4 = Last4::of(known).ok_or(ParsePanError::Length)?;
        let pan = Self { digits, length, last4, _alive: Alive::new() };
        if !luhn::passes(pan.expose().bytes().rev().map(|b| b - b'0')) {
            return Err(ParsePanError::CheckDigit);
        }
        Ok(pan)
    }

    /// The digits, without separators. Every call needs an `#[expect]` with the reason for the exposure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the one door; its callers state their reasons")]
    pub fn expose(&self) -> &str {
        let digits = self.digits.expose_secret().get(..self.length).unwrap_or_default();
        // Only ASCII digits are ever stored.
        std::str::from_utf8(digits).unwrap_or_default()
    }

    /// The last four digits.
    #[must_use]
    pub fn last4(&self) -> Last4 {
        self.last4
    }

    /// The card scheme.
    #[must_use]
    pub fn brand(&self) -> CardBrand {
        self.brands().now()
    }

    /// The card scheme, by every version of the issuers' table.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: keeps the scheme, which may be shown")]
    pub fn brands(&self) -> Brands {
        Brands::of(self.expose().bytes().map(|b| b - b'0'))
    }
}

fn read_digits(text: &str, digits: &mut [u8; LONGEST]) -> Result<usize, ParsePanError> {
    let mut count = 0;
    let mut after_digit = false;
    for c in text.trim().chars() {
        match u8::try_from(c) {
            Ok(digit @ b'0'..=b'9') => {
                *digits.get_mut(count).ok_or(ParsePanError::Length)? = digit;
                count += 1;
                after_digit = true;
            }
            _ if after_digit && is_separator(c) => after_digit = false,
            _ => return Err(ParsePanError::Characters),
        }
    }
    if after_digit { Ok(count) } else { Err(ParsePanError::Characters) }
}

/// What programs put between the groups of a number: any space of one line (a no-break, narrow or figure space, say),
/// a hyphen, a figure or en dash, a minus sign. An em dash is not used between digits.
fn is_separator(c: char) -> bool {
    c.general_category() == GeneralCategory::SpaceSeparator
        || matches!(c, '-' | '\u{2010}'..='\u{2013}' | '\u{2212}')
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pan(****{})", self.last4)
    }
}

static_assertions::assert_not_impl_any!(Pan: Clone, Copy, PartialEq, fmt::Display, AsRef<str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_samples_card_is_a_card() {
        let pan = Pan::parse("0000-0000-0000-0000").unwrap();
        assert_eq!(pan.last4().to_string(), "0000");
        assert_eq!(pan.brand(), CardBrand::Unknown);
    }

    #[test]
    fn twelve_to_nineteen_digits_are_read_with_spaces_or_dashes() {
        for text in [
            "4111 1111 1111 1111",
            "378282246310005",
            "000000000000",
            "0000000000000000000",
            "4-1 11111111111111",
            " 4111111111111111\n",
            "\u{2003}\u{a0}4111 1111 1111 1111\r\n\t\u{2007}",
            "4111\u{a0}1111\u{a0}1111\u{a0}1111",
            "4111\u{202f}1111\u{2007}1111\u{2009}1111",
            "4111\u{2013}1111\u{2013}1111\u{2013}1111",
            "4111\u{2212}1111\u{2010}1111\u{2011}1111",
        ] {
            assert!(Pan::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_card_is_refused_by_the_rule_it_breaks() {
        for (text, error) in [
            ("", ParsePanError::Characters),
            ("00000000000", ParsePanError::Length),
            ("00000000000000000000", ParsePanError::Length),
            ("4111111111111112", ParsePanError::CheckDigit),
            ("4111  1111 1111 1111", ParsePanError::Characters),
            (" ", ParsePanError::Characters),
            ("4111111111111111-", ParsePanError::Characters),
            ("-4111111111111111", ParsePanError::Characters),
            ("4111\n1111\n1111\n1111", ParsePanError::Characters),
            ("4111\t1111\t1111\t1111", ParsePanError::Characters),
            ("4111\u{a0}\u{a0}1111 1111 1111", ParsePanError::Characters),
            ("4111\u{2014}1111\u{2014}1111\u{2014}1111", ParsePanError::Characters),
            ("4111\u{200b}1111 1111 1111", ParsePanError::Characters),
            ("4111.1111.1111.1111", ParsePanError::Characters),
            ("４１１１１１１１１１１１１１１１", ParsePanError::Characters),
            ("card", ParsePanError::Characters),
        ] {
            assert_eq!(Pan::parse(text).err(), Some(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_parsing_panic_or_an_error_quote_it(text in "[0-9 -]{7,30}|.{7,30}") {
            let said = match Pan::parse(&text) {
                Ok(pan) => format!("{pan:?}"),
                Err(error) => format!("{error:?} {error}"),
            };
            for window in text.as_bytes().windows(7).filter_map(|window| std::str::from_utf8(window).ok()) {
                prop_assert!(!said.contains(window), "{}", said);
            }
        }
    }
}
