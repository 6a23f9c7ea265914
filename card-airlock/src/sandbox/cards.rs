//! The test cards, each with what the sandbox does with a payment by it. A card that is not in the list is approved.

use super::failure::Failure;

/// A card that the sandbox knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestCard {
    /// Its name, for command lines and pages.
    pub name: &'static str,
    /// Its number; the check digit is right.
    pub number: &'static str,
    /// The outcome of a payment.
    pub does: Does,
    /// The same, in words.
    pub words: &'static str,
}

/// The outcome of a payment by a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// It is charged.
    Approve,
    /// It is declined, with that code.
    Decline(&'static str),
    /// It is declined permanently, with that code, if the processor's format can say so.
    DeclineForGood(&'static str),
    /// The first request for an order fails. From the second request on it is charged, or was charged already.
    FailOnce(Failure),
}

/// All of them.
pub const CARDS: [TestCard; 9] = [
    card("approve", "4242424242424242", Does::Approve, "charged"),
    card("decline", "4000000000000002", Does::Decline("card_declined"), "declined: card_declined"),
    card(
        "insufficient-funds",
        "4000000000009995",
        Does::Decline("insufficient_funds"),
        "declined: insufficient_funds",
    ),
    card(
        "stolen",
        "4000000000009979",
        Does::DeclineForGood("stolen_card"),
        "declined permanently: stolen_card",
    ),
    card(
        "authentication",
        "4000000000003220",
        Does::Decline("authentication_required"),
        "declined: it requires 3-D Secure",
    ),
    card(
        "timeout-once",
        "4000000000004087",
        Does::FailOnce(Failure::Silent),
        "charged, but the first answer never comes",
    ),
    card(
        "late",
        "4000000000005043",
        Does::FailOnce(Failure::Late),
        "charged, but the first answer comes after 20 s",
    ),
    card("error-once", "4000000000005001", Does::FailOnce(Failure::Error), "500 once, then charged"),
    card("refuse-once", "4000000000004012", Does::FailOnce(Failure::Refused), "401 once, then charged"),
];

/// A test card by its name.
#[must_use]
pub fn named(name: &str) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.name == name)
}

/// The outcome of a payment by the card with that number.
pub(super) fn does(number: &str) -> Does {
    CARDS.iter().find(|card| card.number == number).map_or(Does::Approve, |card| card.does)
}

const fn card(name: &'static str, number: &'static str, does: Does, words: &'static str) -> TestCard {
    TestCard { name, number, does, words }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_test_card_is_a_card_and_there_is_one_of_a_name() {
        for card in CARDS {
            assert!(vault::Pan::parse(card.number).is_ok(), "{}", card.name);
            assert_eq!(named(card.name), Some(&card));
        }
        let numbers: BTreeSet<_> = CARDS.map(|card| card.number).into();
        assert_eq!(numbers.len(), CARDS.len());
        assert_eq!(does(paybill::Sandbox::DECLINED), Does::Decline("card_declined"), "as without a server");
    }

    #[test]
    fn the_documented_cards_are_these() {
        let documented = include_str!("../../../docs/processor.md");
        for card in CARDS {
            let line = format!("| `{}` | {} | {} |", card.name, card.number, card.words);
            assert!(documented.contains(&line), "{line}");
        }
    }
}
