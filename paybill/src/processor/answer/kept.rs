//! What may be kept of an answer: bounded text without a card in it.

use order::{DeclineCode, PaymentObject, ProcessorReference};
use vault::Last4;

/// A decline's code. One that may not be stored, such as one that quotes the card, is a code all the same.
pub(super) fn code(text: &str) -> DeclineCode {
    DeclineCode::of(text)
}

/// The processor's own id of a payment; none: it may not be stored.
pub(super) fn reference(text: &str, last4: Last4) -> Option<ProcessorReference> {
    ProcessorReference::accept(text).ok().filter(|_| !quotes_card(text, last4))
}

/// A value that a later step uses; none: it may not be sent on.
pub(super) fn object(text: &str, last4: Last4) -> Option<PaymentObject> {
    PaymentObject::accept(text).ok().filter(|_| !quotes_card(text, last4))
}

/// The shortest and the longest card number (ISO/IEC 7812-1).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// Whether among the digits of a text there may be the number of the card that ends so, whatever its issuer. The card
/// itself is wiped by now.
fn quotes_card(text: &str, last4: Last4) -> bool {
    let last4 = last4.to_string();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    CARD_DIGITS.flat_map(|length| digits.windows(length)).any(|window| window.ends_with(last4.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_that_quotes_the_card_is_dropped_however_it_is_written() {
        let last4: Last4 = "4242".parse().unwrap();
        for text in
            ["pi_3MtwBwLkdIwHu7ix28a3tqPa", "8516091485743033", "993617895204576J", "pay_4242", "ch-1:2.3"]
        {
            assert!(reference(text, last4).is_some(), "{text}");
        }
        for text in [
            "4242424242424242",
            "pay_4242424242424242",
            "4242-4242-4242-4242",
            "ref.000000004242",
            "x4242424242424242y9",
            "4.2.4.2.4.2.4.2.4.2.4.2.4.2.4.2",
            "",
            "two words",
        ] {
            assert_eq!(reference(text, last4), None, "{text}");
            assert_eq!(object(text, last4), None, "{text}");
        }
        // Of another card, which a processor may have on file.
        assert_eq!(reference("4111111111111111", last4), None);
        assert_eq!(object(&"x".repeat(65), last4), None);
        assert_eq!(object("a.b", last4), None, "an object stands in a path");
    }
}
