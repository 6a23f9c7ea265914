//! Ids that a payment processor gives: bounded text that may be stored.

use std::fmt;

use crate::stored_text::read_as_stored;

/// The most characters that are stored.
const LONGEST: usize = 64;

/// The processor's own id of a payment, for people who look it up there: 1 to 64 letters, digits, `-`, `_`, `.` or `:`,
/// not card-shaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessorReference(String);

/// What a processor has made before it charges, and charges afterwards: 1 to 64 letters, digits, `-` or `_`, not
/// card-shaped. It is used in the path of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentObject(String);

/// Not an id that may be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id that may be stored")]
pub struct ParseProcessorIdError;

fn has_form(text: &str, also: &[u8]) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || also.contains(&byte);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain)
}

fn is_card_shaped(text: &str) -> bool {
    // Between digits, any punctuation looks like a dash.
    vault::is_card_shaped(&text.replace(['_', '.', ':'], "-"))
}

macro_rules! text_type {
    ($name:ident, $also:expr) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $name {
            /// Checks an id that a processor sends.
            ///
            /// # Errors
            /// [`ParseProcessorIdError`] when it may not be stored.
            pub fn accept(text: &str) -> Result<Self, ParseProcessorIdError> {
                let fits = has_form(text, $also) && !is_card_shaped(text);
                if fits { Ok(Self(text.to_owned())) } else { Err(ParseProcessorIdError) }
            }

            /// Reads the id of a row, by its form.
            #[must_use]
            pub fn stored(text: impl Into<String>) -> Option<Self> {
                Some(text.into()).filter(|text| has_form(text, $also)).map(Self)
            }
        }

        read_as_stored!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(ProcessorReference, b".:");
text_type!(PaymentObject, b"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain_and_no_card() {
        for text in ["pi_3MtwBwLkdIwHu7ix28a3tqPa", "8516091485743033", "a", "x-_1"] {
            assert_eq!(ProcessorReference::accept(text), Ok(ProcessorReference(text.to_owned())));
            assert_eq!(PaymentObject::accept(text), Ok(PaymentObject(text.to_owned())));
        }
        assert_eq!(ProcessorReference::accept("a.b:c"), Ok(ProcessorReference("a.b:c".to_owned())));
        for text in
            ["a.b", "a:b", "..", "a/b", "a?b", "a b", "", "é", "4111111111111111", "4111_1111_1111_1111"]
        {
            assert_eq!(PaymentObject::accept(text), Err(ParseProcessorIdError), "{text}");
        }
        assert_eq!(ProcessorReference::accept("4111.1111:1111-1111"), Err(ParseProcessorIdError));
        assert!(ProcessorReference::stored("4111111111111111").is_some(), "stored text is read by its form");
        assert_eq!(ProcessorReference::stored("two words"), None);
        assert_eq!(ProcessorReference::accept(&"x".repeat(65)), Err(ParseProcessorIdError));
    }
}
