//! Test cards, chosen by name: their numbers stay in this process.

use crate::sandbox::CARDS;

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct TestCard {
    /// The name that the page uses.
    pub(super) name: &'static str,
    /// The title that a person reads.
    pub(super) title: String,
    pub(super) number: &'static str,
}

/// The expiry date of each of them.
pub(super) const EXPIRY: &str = "12/30";

/// Cards of other issuers, and cards that the API refuses.
const OTHERS: [(&str, &str, &str); 6] = [
    ("visa", "Visa, charged", "4111 1111 1111 1111"),
    ("mastercard", "Mastercard, charged", "5555 5555 5555 4444"),
    ("amex", "American Express, 15 digits", "378282246310005"),
    ("sample", "The AWS sample’s zeros", "0000-0000-0000-0000"),
    ("wrong", "Wrong check digit, refused", "4111 1111 1111 1112"),
    ("short", "Too short, refused", "4111 1111"),
];

/// All test cards, with those of the sandbox. The first is the page's choice at the start.
pub(super) fn all() -> Vec<TestCard> {
    let others = OTHERS.map(|(name, title, number)| TestCard { name, title: title.to_owned(), number });
    let sandbox = CARDS.iter().map(|card| TestCard {
        name: card.name,
        title: format!("Sandbox: {}", card.words),
        number: card.number,
    });
    others.into_iter().chain(sandbox).collect()
}

/// The number of the card with this name.
pub(super) fn number(name: &str) -> Option<&'static str> {
    all().into_iter().find(|card| card.name == name).map(|card| card.number)
}
