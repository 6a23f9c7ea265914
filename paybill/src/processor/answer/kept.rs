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
/// itself is wiped by now. Punctuation may stand between the digits of a card, and a letter may not: in a random id of
/// letters and digits, the digits alone would end so once in a thousand times.
fn quotes_card(text: &str, last4: Last4) -> bool {
    let last4 = last4.to_string();
    text.split(char::is_alphabetic).any(|part| {
        let digits: Vec<u8> = part.bytes().filter(u8::is_ascii_digit).collect();
        CARD_DIGITS.flat_map(|length| digits.windows(length)).any(|window| window.ends_with(last4.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_that_quotes_the_card_is_dropped_however_it_is_written() {
        let last4: Last4 = "4242".parse().unwrap();
        for text in [
            "pi_3MtwBwLkdIwHu7ix28a3tqPa",
            "8516091485743033",
            "993617895204576J",
            "pay_4242",
            "ch-1:2.3",
            "pi_0000000a0000b4242",
            "550e8400-e29b-41d4-a716-4466554e4242",
            "00000000000a4242",
        ] {
            assert!(reference(text, last4).is_some(), "{text}");
        }
        for text in [
            "4242424242424242",
            "pay_4242424242424242",
            "4242-4242-4242-4242",
            "ref.000000004242",
            "x4242424242424242y9",
            "a1b4-242_42.42:42-42_42.42c3",
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

    /// Without the object there is no charging step: what is dropped by chance fails a payment.
    #[test]
    fn random_ids_as_processors_give_them_are_kept() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut random_id = |prefix: &str, alphabet: &str, length: usize| {
            let last4: Last4 = format!("{:04}", random.u32(..10_000)).parse().unwrap();
            let id: String =
                (0..length).map(|_| char::from(random.choice(alphabet.bytes()).unwrap())).collect();
            (format!("{prefix}{id}"), last4)
        };
        let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        for (prefix, alphabet, length) in [
            ("pi_", all, 24),
            ("", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 16),
            ("pay_", "abcdefghijklmnopqrstuvwxyz234567", 26),
        ] {
            for _ in 0..2_000 {
                let (id, last4) = random_id(prefix, alphabet, length);
                assert!(reference(&id, last4).is_some() && object(&id, last4).is_some(), "{id} {last4}");
            }
        }
        // Of its digits alone, one in a thousand would seem to quote the card.
        let quotes = (0..20_000).filter(|_| {
            let (id, last4) = random_id("", "0123456789abcdef", 32);
            quotes_card(&id, last4)
        });
        assert!(quotes.count() <= 1);
    }
}
