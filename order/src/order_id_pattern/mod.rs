//! `OrderIdPattern`: the form of a shop's own order ids, so that it is known beforehand that they are not cards.
//!
//! A pattern is a small part of a regular expression, and always matches whole ids: letters, digits, `-`, `_`, `~` and
//! `\.` mean themselves, `\d` or `[0-9]` for a digit, `[A-Z]`, `[a-z]` and `[A-Za-z]` for a letter, and each may
//! have a count after it, `{4}` or `{1,12}`. `^` at the start and `$` at the end change nothing.

mod syntax;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use vault::{CardBrand, PatternPart, possible_card};

use crate::order_id::{LONGEST, OrderId, ParseOrderIdError};
use syntax::{Class, Part, read};

/// The ids that pass without the detector; none unless the operator names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderIdPattern(Option<Vec<Part>>);

/// Why a pattern is refused. It may show the pattern, which is the operator's own text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseOrderIdPatternError {
    /// Something that is not in the syntax.
    #[error(
        "cannot be read from `{0}` on: it has letters, digits, -, _, ~, \\., \\d, [0-9], [A-Z], [a-z], [A-Za-z] and counts such as {{4}} or {{1,12}}"
    )]
    Syntax(String),
    /// A count whose end is before its start.
    #[error("has the count `{0}`, which ends before it starts")]
    Count(String),
    /// Ids that would be longer than an order id may be.
    #[error("allows ids of more than {LONGEST} characters")]
    TooLong,
    /// Ids that would be empty, or begin with a mark.
    #[error("allows ids that do not start with a letter or digit")]
    Start,
    /// Ids that could hold a card number.
    #[error(
        "admits card numbers: `{part}` could be {length} digits of {brand}; put a letter into it, or digits in front of it that no issuer's numbers begin with"
    )]
    Card {
        /// The part of the pattern that could be one.
        part: String,
        /// The issuer that it could have.
        brand: CardBrand,
        /// How many digits it could have.
        length: usize,
    },
}

impl OrderIdPattern {
    /// Whether a text is an id of this pattern.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some(parts) = &self.0 else { return false };
        let text: Vec<char> = text.chars().collect();
        let ends = parts.iter().fold(vec![0], |starts, part| {
            let mut ends: Vec<usize> = starts.iter().flat_map(|start| part.ends(&text, *start)).collect();
            ends.sort_unstable();
            ends.dedup();
            ends
        });
        ends.contains(&text.len())
    }

    /// Checks the id that a client sends: an id of this pattern only by its form, any other also by the detector.
    ///
    /// # Errors
    /// As [`OrderId::accept`].
    pub fn accept(&self, text: &str) -> Result<OrderId, ParseOrderIdError> {
        match OrderId::stored(text).filter(|_| self.matches(text)) {
            Some(id) => Ok(id),
            None => OrderId::accept(text),
        }
    }
}

/// An empty text means that there is no pattern.
impl FromStr for OrderIdPattern {
    type Err = ParseOrderIdPatternError;

    fn from_str(text: &str) -> Result<Self, ParseOrderIdPatternError> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let (parts, places) = read(text)?;
        if parts.iter().map(|part| part.most).sum::<usize>() > LONGEST {
            return Err(ParseOrderIdPatternError::TooLong);
        }
        if !starts_well(&parts) {
            return Err(ParseOrderIdPatternError::Start);
        }
        let to_judge: Vec<PatternPart> = parts.iter().map(|part| part.to_judge()).collect();
        if let Some(card) = possible_card(&to_judge) {
            let places = places.get(card.parts).unwrap_or_default();
            let (start, end) = (places.first().map_or(0, |p| p.start), places.last().map_or(0, |p| p.end));
            let part = text.get(start..end).unwrap_or_default().to_owned();
            return Err(ParseOrderIdPatternError::Card { part, brand: card.brand, length: card.length });
        }
        Ok(Self(Some(parts)))
    }
}

/// Whether every id of these parts has a first character, which is a letter or digit.
fn starts_well(parts: &[Part]) -> bool {
    for part in parts.iter().filter(|part| part.most > 0) {
        if matches!(part.class, Class::Literal(c) if !c.is_ascii_alphanumeric()) {
            return false;
        }
        if part.least > 0 {
            return true;
        }
    }
    false
}
