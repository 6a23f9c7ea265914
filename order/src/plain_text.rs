//! Free text from a client: what it may contain.

/// Free text from a client. Accepted text has a limited length, no control characters, and is not card-shaped, so that
/// it may be stored in the clean table. Stored text is read in any form.
macro_rules! plain_text {
    ($(#[$doc:meta])* $name:ident, $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        $crate::stored_text::read_as_stored!($name);

        impl $name {
            /// Checks the text that a client sends.
            ///
            /// # Errors
            /// [`ParsePlainTextError`](crate::ParsePlainTextError) tells which rule it breaks.
            pub fn accept(text: &str) -> Result<Self, $crate::plain_text::ParsePlainTextError> {
                $crate::plain_text::judge(text, $longest)?;
                Ok(Self(text.into()))
            }

            /// Reads the text of a row or an image.
            #[must_use]
            pub fn stored(text: impl Into<String>) -> Option<Self> {
                Some(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            /// Personal data must not get into a log.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

pub(crate) use plain_text;

/// Why a text cannot be stored. It says nothing about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePlainTextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More characters than the field allows.
    #[error("is too long")]
    TooLong,
    /// A control character other than a line break or a tab.
    #[error("must not hold control characters")]
    Control,
    /// U+FFFD (the mark of text in another encoding), a noncharacter, or a mark that changes the order in which text is
    /// shown (Unicode Technical Report 36, 2.5.1).
    #[error("must not hold characters that are no text")]
    NoText,
    /// It is or contains text that looks like a card number.
    #[error("must not hold a card number")]
    CardShaped,
}

pub(crate) fn judge(text: &str, longest: usize) -> Result<(), ParsePlainTextError> {
    if text.trim().is_empty() {
        Err(ParsePlainTextError::Empty)
    } else if text.chars().count() > longest {
        Err(ParsePlainTextError::TooLong)
    } else if text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)) {
        Err(ParsePlainTextError::Control)
    } else if text.chars().any(is_no_text) {
        Err(ParsePlainTextError::NoText)
    } else if vault::is_card_shaped(text) {
        Err(ParsePlainTextError::CardShaped)
    } else {
        Ok(())
    }
}

fn is_no_text(c: char) -> bool {
    let is_noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    let is_bidi_control = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c == char::REPLACEMENT_CHARACTER || is_noncharacter || is_bidi_control
}

#[cfg(test)]
mod tests {
    use crate::customer::{Address, CustomerName};

    use super::*;

    #[test]
    fn ordinary_names_and_addresses_are_read() {
        for text in [
            "Amazon Web Services",
            "Reinvent2019, Las Vegas, USA",
            "José\nC/ Major 5, 3º",
            "李小龍",
            "\u{200f}שדרות רוטשילד 1\u{200e}", // marks that a right-to-left address may need
            "👩\u{200d}💻, \u{fdcf}\u{fdf0}\u{fffc}\u{e000}",
        ] {
            assert_eq!(Address::accept(text).unwrap().as_str(), text);
        }
        assert!(CustomerName::accept(&"x".repeat(200)).is_ok());
    }

    #[test]
    fn text_that_may_not_be_stored_is_refused_by_the_rule_it_breaks() {
        for (text, error) in [
            ("", ParsePlainTextError::Empty),
            (" \n", ParsePlainTextError::Empty),
            (&"x".repeat(201), ParsePlainTextError::TooLong),
            ("a\0b", ParsePlainTextError::Control),
            ("Jos\u{fffd}", ParsePlainTextError::NoText),
            ("a\u{202a}", ParsePlainTextError::NoText),
            ("a\u{202e}b", ParsePlainTextError::NoText),
            ("\u{2066}a", ParsePlainTextError::NoText),
            ("a\u{2069}", ParsePlainTextError::NoText),
            ("\u{fdd0}", ParsePlainTextError::NoText),
            ("\u{fdef}", ParsePlainTextError::NoText),
            ("\u{fffe}", ParsePlainTextError::NoText),
            ("\u{ffff}", ParsePlainTextError::NoText),
            ("a\u{1fffe}", ParsePlainTextError::NoText),
            ("a\u{10ffff}", ParsePlainTextError::NoText),
            ("card 4111 1111 1111 1111", ParsePlainTextError::CardShaped),
            ("٤١١١١١١١١١١١١١١١", ParsePlainTextError::CardShaped),
        ] {
            assert_eq!(CustomerName::accept(text), Err(error), "{text}");
        }
    }

    #[test]
    fn stored_text_is_read_whatever_this_release_would_refuse() {
        for text in ["4111 1111 1111 1111", "Jos\u{fffd}", "a\0b", "", &"x".repeat(1_000)] {
            let name: CustomerName = serde_json::from_value(text.into()).unwrap();
            assert_eq!(name.as_str(), text);
            assert_eq!(serde_json::to_value(name).unwrap(), text);
            assert_eq!(Address::stored(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let name = CustomerName::accept("Jane Doe").unwrap();
        assert_eq!(format!("{name:?}"), "CustomerName(..)");
    }
}
