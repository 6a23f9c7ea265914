//! Cards that belong to nobody, chosen by name: their numbers stay in this process.

/// One of them.
pub(super) struct TestCard {
    /// What the page calls it by.
    pub(super) name: &'static str,
    /// What a person reads.
    pub(super) title: &'static str,
    pub(super) number: &'static str,
}

/// All of them. The first is the page's choice at the start.
pub(super) const TEST_CARDS: [TestCard; 7] = [
    TestCard { name: "visa", title: "Visa, approved", number: "4111 1111 1111 1111" },
    TestCard { name: "mastercard", title: "Mastercard, approved", number: "5555 5555 5555 4444" },
    TestCard { name: "amex", title: "American Express, 15 digits", number: "378282246310005" },
    TestCard { name: "declined", title: "Visa, declined at payment", number: paybill::Sandbox::DECLINED },
    TestCard { name: "sample", title: "The AWS sample’s zeros", number: "0000-0000-0000-0000" },
    TestCard { name: "wrong", title: "Wrong check digit: is refused", number: "4111 1111 1111 1112" },
    TestCard { name: "short", title: "Too short: is refused", number: "4111 1111" },
];

/// The number of the card with this name.
pub(super) fn number(name: &str) -> Option<&'static str> {
    TEST_CARDS.iter().find(|card| card.name == name).map(|card| card.number)
}
