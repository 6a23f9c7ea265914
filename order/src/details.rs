//! What a client tells of an order besides the card, and when two tellings are the same.

use std::fmt;

use vault::{Brands, Last4, Token};

use crate::{amount::Amount, owner::Owner, stored_text::read_as_stored};

/// Free text of a client: when it is accepted it is bounded, without control characters and not card-shaped, so that
/// it may lie in the clean table. Its form is any text at all.
macro_rules! plain_text {
    ($(#[$doc:meta])* $name:ident, $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        read_as_stored!($name);

        impl $name {
            /// Judges the text that a client sends.
            ///
            /// # Errors
            /// [`ParsePlainTextError`] tells which rule it breaks.
            pub fn accept(text: &str) -> Result<Self, ParsePlainTextError> {
                judge(text, $longest)?;
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

        impl fmt::Debug for $name {
            /// Personal data has no place in a log.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

plain_text!(
    /// `CustomerName`: 1 to 200 characters.
    CustomerName,
    200
);
plain_text!(
    /// `Address`: 1 to 500 characters; line breaks may stand in it.
    Address,
    500
);

/// Why a text cannot be stored. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePlainTextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More characters than the field takes.
    #[error("is too long")]
    TooLong,
    /// A control character other than a line break or a tab.
    #[error("must not hold control characters")]
    Control,
    /// A character that stands for none (U+FFFD, which is what is left of text in another encoding; a noncharacter), or
    /// one that shows text in another order than it is stored in (Unicode Technical Report 36, 2.5.1).
    #[error("must not hold characters that are no text")]
    NoText,
    /// It reads as a card number, or holds one.
    #[error("must not hold a card number")]
    CardShaped,
}

fn judge(text: &str, longest: usize) -> Result<(), ParsePlainTextError> {
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

/// What may be seen of an order without opening its card. Two acceptances with the same details count as the
/// same order: ingest cannot open what it sealed, so it compares no more of the card.
#[derive(Debug, Clone)]
pub struct Details {
    /// Who placed it.
    pub owner: Owner,
    /// The customer's name.
    pub name: CustomerName,
    /// The customer's address.
    pub address: Address,
    /// The card's last four digits.
    pub last4: Last4,
    /// The card's scheme, by every version of the issuers' table; of stored details, only the brand that is stored.
    pub brands: Brands,
    /// The token whose card this one is to replace; none for a new order.
    pub replaces: Option<Token>,
    /// What a merchant says that the order costs. None: a customer, who may not say it, or a merchant who leaves it
    /// open.
    pub amount: Option<Amount>,
}

impl Details {
    /// Whether these details, of a card that is at hand, are those of a stored order, whose brand may be what an
    /// earlier version of the issuers' table gave. An amount that is not told is not compared: a customer, who may not
    /// tell one, repeats an order whose price the merchant has set.
    #[must_use]
    pub fn are_those_of(&self, stored: &Self) -> bool {
        let Self { owner, name, address, last4, brands, replaces, amount } = self;
        (owner, name, address, last4, replaces)
            == (&stored.owner, &stored.name, &stored.address, &stored.last4, &stored.replaces)
            && brands.include(stored.brands.now())
            && (amount.is_none() || *amount == stored.amount)
    }
}

#[cfg(test)]
mod tests {
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
    fn an_order_is_told_once_more_with_its_amount_or_without_and_never_with_another() {
        let euros =
            |count: u64| Amount { minor_units: count.try_into().unwrap(), currency: "EUR".parse().unwrap() };
        let dollars = Amount { currency: "USD".parse().unwrap(), ..euros(500) };
        let of = |amount| Details {
            owner: "me".parse().unwrap(),
            name: CustomerName::accept("AWS").unwrap(),
            address: Address::accept("Las Vegas").unwrap(),
            last4: "1111".parse().unwrap(),
            brands: "visa".parse::<vault::CardBrand>().unwrap().into(),
            replaces: None,
            amount,
        };
        for (later, first, is_same) in [
            (None, None, true),
            (None, Some(euros(500)), true),
            (Some(euros(500)), Some(euros(500)), true),
            (Some(euros(501)), Some(euros(500)), false),
            (Some(dollars), Some(euros(500)), false),
            // It has no amount, and it would be wrong to say that it has one now.
            (Some(euros(500)), None, false),
        ] {
            assert_eq!(of(later).are_those_of(&of(first)), is_same, "{later:?} after {first:?}");
        }
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let name = CustomerName::accept("Jane Doe").unwrap();
        assert_eq!(format!("{name:?}"), "CustomerName(..)");
    }
}
