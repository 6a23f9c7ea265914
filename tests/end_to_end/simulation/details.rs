//! What the customers of the simulation order, and the cards that they send when one is declined.

/// An order as a customer sends it, but for its id. No two share a name or a card.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) name: &'static str,
    pub(crate) address: &'static str,
    pub(crate) card: &'static str,
}

/// All there are.
pub(crate) const DETAILS: [Details; 4] = [
    Details { name: "Ada", address: "12 St James's Square", card: "4111111111111111" },
    Details { name: "Grace", address: "3 Navy Yard", card: "5555555555554444" },
    Details { name: "Edsger", address: "Plataanstraat 5", card: "378282246310005" },
    // The processor declines it.
    Details { name: "Barbara", address: "77 Massachusetts Avenue", card: "4000000000000002" },
];

/// What is sent in place of a declined card; the second is declined too.
pub(crate) const OTHER_CARDS: [&str; 2] = ["6011111111111117", "4000000000009995"];

impl Details {
    /// Of the customer with that name.
    pub(crate) fn of(name: &str) -> &'static Self {
        DETAILS.iter().find(|details| details.name == name).expect("a row has the name of no customer")
    }
}
