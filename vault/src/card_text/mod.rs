//! The one detector of card-shaped text, which may be only in the card's own field.
//!
//! 1. A text is read after NFKC. Decimal digits of every script count; characters that show nothing are skipped ([`symbol`]).
//! 2. A *run* is a maximal sequence of digits ([`runs`]). A run that is card-shaped is a card: it has a length and a
//!    prefix of one line of the issuers' table, and passes Luhn.
//! 3. Several runs are a card when they are grouped as cards are, are card-shaped together, and one and the same
//!    string of one to three marks is between them ([`grouping`]).
//! 4. A grouping that continues on either side, joined by that same string, is part of a longer text: not a card.
//! 5. In bodies, a run of at most 15 digits after a `+` is a phone number. In a URL a `+` is a space. A canonical UUID
//!    is not a card ([`uuids`]).
//!
//! docs/detector.md has measurements of what it finds, and of what it refuses by mistake.

mod grouping;
mod possible;
mod runs;
mod symbol;
mod uuids;

use crate::{issuers, luhn};
pub use possible::{PatternClass, PatternPart, PossibleCard, possible_card};
use runs::Runs;

/// Whether a text of a body contains something that looks like a card number.
#[must_use]
pub fn is_card_shaped(text: &str) -> bool {
    grouping::holds_card(&Runs::read(text, false))
}

/// Whether a text of a URL contains something that looks like a card number: a `+` is a space there.
#[must_use]
pub fn is_card_shaped_in_url(text: &str) -> bool {
    grouping::holds_card(&Runs::read(text, true))
}

/// Whether digit values 0 to 9 are a number as one line of the issuers' table has them, with a right check digit.
fn is_card(digits: &[u8]) -> bool {
    #[cfg(test)]
    tests::LOOKED_AT.with(|count| count.set(count.get() + digits.len()));
    issuers::line_of(issuers::ISSUERS, digits.iter().copied())
        .is_some_and(|line| line.lengths.contains(&digits.len()))
        && luhn::passes(digits.iter().rev().copied())
}

#[cfg(test)]
mod tests;
