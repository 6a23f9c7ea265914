//! The sample's answer with the whole card number in it: off unless a setting asks for it, and for the billing group
//! only.

use vault::{Card, Plaintext};

/// A card number in an answer, in groups of four as the sample shows it. Only here does it go to a client.
pub(crate) struct Revealed(Plaintext<String>);

impl Revealed {
    #[expect(
        clippy::disallowed_methods,
        reason = "EXPOSE: REVEAL_CARD is on, and a member of the billing group is shown the card that is charged"
    )]
    pub(crate) fn new(card: &Card) -> Self {
        let digits = card.pan.expose();
        // Space for all of it, because a buffer that grows leaves a copy behind.
        let mut text = Plaintext::new(String::with_capacity(digits.len() * 2));
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                text.push('-');
            }
            text.push(digit);
        }
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
