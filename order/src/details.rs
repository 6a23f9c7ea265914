//! What a client tells of an order besides the card, and when two tellings are the same.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use vault::{CardBrand, Last4, Token};

use crate::owner::Owner;

/// Free text of a client: bounded, without control characters, and never card-shaped, so that it may lie in
/// the clean table.
macro_rules! plain_text {
    ($(#[$doc:meta])* $name:ident, $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = PlainTextError;

            fn from_str(text: &str) -> Result<Self, PlainTextError> {
                check(text, $longest)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = PlainTextError;

            fn try_from(text: String) -> Result<Self, PlainTextError> {
                check(&text, $longest)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
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
pub enum PlainTextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More characters than the field takes.
    #[error("is too long")]
    TooLong,
    /// A control character other than a line break or a tab.
    #[error("must not hold control characters")]
    Control,
    /// It reads as a card number, or holds one.
    #[error("must not hold a card number")]
    CardShaped,
}

fn check(text: &str, longest: usize) -> Result<(), PlainTextError> {
    if text.trim().is_empty() {
        Err(PlainTextError::Empty)
    } else if text.chars().count() > longest {
        Err(PlainTextError::TooLong)
    } else if text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)) {
        Err(PlainTextError::Control)
    } else if vault::is_card_shaped(text) {
        Err(PlainTextError::CardShaped)
    } else {
        Ok(())
    }
}

/// What may be seen of an order without opening its card. Two acceptances with equal details count as the
/// same order: ingest cannot open what it sealed, so it compares no more of the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Who placed it.
    pub owner: Owner,
    /// The customer's name.
    pub name: CustomerName,
    /// The customer's address.
    pub address: Address,
    /// The card's last four digits.
    pub last4: Last4,
    /// The card's scheme.
    pub brand: CardBrand,
    /// The token whose card this one is to replace; none for a new order.
    pub replaces: Option<Token>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_and_addresses_are_read() {
        for text in ["Amazon Web Services", "Reinvent2019, Las Vegas, USA", "José\nC/ Major 5, 3º", "李小龍"]
        {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), text);
        }
        assert!("x".repeat(200).parse::<CustomerName>().is_ok());
    }

    #[test]
    fn text_that_may_not_be_stored_is_refused_by_the_rule_it_breaks() {
        for (text, error) in [
            ("", PlainTextError::Empty),
            (" \n", PlainTextError::Empty),
            (&"x".repeat(201), PlainTextError::TooLong),
            ("a\0b", PlainTextError::Control),
            ("card 4111 1111 1111 1111", PlainTextError::CardShaped),
            ("٤١١١١١١١١١١١١١١١", PlainTextError::CardShaped),
        ] {
            assert_eq!(text.parse::<CustomerName>(), Err(error), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let name: CustomerName = "Jane Doe".parse().unwrap();
        assert_eq!(format!("{name:?}"), "CustomerName(..)");
    }
}
