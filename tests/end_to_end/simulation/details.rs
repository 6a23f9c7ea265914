//! What the customers of the simulation order, and the cards that they send when one is declined.

/// An order as a customer sends it, but for its id. No two share a name or a card.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
    pub(crate) card: &'static str,
    /// Real processors charge no card without it.
    pub(crate) expiry: Option<&'static str>,
}

/// All there are.
pub(crate) const DETAILS: [Details; 4] = [
    of("Ada", "12 St James's Square", "4111111111111111"),
    of("Grace", "3 Navy Yard", "5555555555554444"),
    Details { expiry: None, ..of("Edsger", "Plataanstraat 5", "378282246310005") },
    // The processor declines it.
    of("Barbara", "77 Massachusetts Avenue", "4000000000000002"),
];

/// When the cards end that have an expiry date.
pub(crate) const EXPIRY: &str = "12/30";

const fn of(name: &'static str, address: &'static str, card: &'static str) -> Details {
    Details { name, address, card, expiry: Some(EXPIRY) }
}

/// What is sent in place of a declined card; the second is declined too, and the third for good.
pub(crate) const OTHER_CARDS: [&str; 3] = ["6011111111111117", "4000000000009995", "4000000000009979"];

impl Details {
    /// Of the customer with that name.
    pub(crate) fn of(name: &str) -> &'static Self {
        DETAILS.iter().find(|details| details.name == name).expect("a row has the name of no customer")
    }
}
