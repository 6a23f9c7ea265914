//! The one detector of card-shaped text: what must not stand in any field but the card's own.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use zeroize::Zeroizing;

use crate::{brand::CardBrand, luhn};

/// Numbers shorter than this are too common to refuse (ISO/IEC 7812 allows down to 8 digits, schemes use 13 and up
/// but for a few 12-digit Maestro cards).
const SHORTEST: usize = 13;
const LONGEST: usize = 19;

/// Whether a text holds something that reads as a card number: after NFKC, a run of decimal digits of any
/// script with single spaces, line breaks or dashes between them (characters that show nothing are passed over), of which
/// any window of 13 to 19 digits passes Luhn and begins with a known issuer prefix.
#[must_use]
pub fn is_card_shaped(text: &str) -> bool {
    // What is found may be a card: wiped, and never moved by growing.
    let mut run = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut separator = false;
    for c in text.nfkc() {
        match kind(c) {
            Kind::Digit(value) => {
                run.push(value);
                separator = false;
            }
            Kind::Separator if !separator && !run.is_empty() => separator = true,
            Kind::Invisible => {}
            Kind::Separator | Kind::Other => {
                if holds_card(&run) {
                    return true;
                }
                run.clear();
                separator = false;
            }
        }
    }
    holds_card(&run)
}

fn holds_card(run: &[u8]) -> bool {
    (SHORTEST..=LONGEST).flat_map(|length| run.windows(length)).any(|window| {
        CardBrand::of(window.iter().copied()) != CardBrand::Unknown
            && luhn::passes(window.iter().rev().copied())
    })
}

enum Kind {
    Digit(u8),
    Separator,
    Invisible,
    Other,
}

fn kind(c: char) -> Kind {
    if c.is_ascii_digit() {
        return c.to_digit(10).and_then(|d| u8::try_from(d).ok()).map_or(Kind::Other, Kind::Digit);
    }
    match c.general_category() {
        GeneralCategory::DecimalNumber => digit_value(c).map_or(Kind::Other, Kind::Digit),
        GeneralCategory::SpaceSeparator | GeneralCategory::DashPunctuation => Kind::Separator,
        GeneralCategory::Format | GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => {
            Kind::Invisible
        }
        _ if c == '\r' => Kind::Invisible, // of a line break, which its other half is
        _ if c == '\u{2212}' || c.is_whitespace() => Kind::Separator, // minus sign, tab, line break
        _ => Kind::Other,
    }
}

/// Unicode encodes decimal digits in whole runs of ten from zero to nine (Unicode Standard, 4.6), so a digit's
/// value is its distance from the start of its run, modulo ten.
fn digit_value(c: char) -> Option<u8> {
    let before = (1..=u32::from(c))
        .map_while(|back| char::from_u32(u32::from(c) - back))
        .take_while(|c| c.general_category() == GeneralCategory::DecimalNumber)
        .count();
    u8::try_from(before % 10).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_card_number_is_found_however_it_is_written() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1",
            "pay with 4111111111111111 please",
            "x4111111111111111y",
            "٤١١١١١١١١١١١١١١١",                         // Arabic-Indic digits
            "４１１１１１１１１１１１１１１１",         // full-width digits
            "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏",                         // mathematical bold digits
            "4111\u{2011}1111\u{2011}1111\u{2011}1111", // non-breaking hyphens
            "4111\u{a0}1111\u{a0}1111\u{a0}1111",       // non-breaking spaces
            "4111\u{200b}1111\u{200b}1111\u{200b}1111", // zero-width spaces
            "4111\u{2212}1111\u{2212}1111\u{2212}1111", // minus signs
            "4111\n1111\n1111\n1111",
            "4111\r\n1111\r\n1111\r\n1111",
            "4\u{20e3}1\u{20e3}11111111111111", // keycaps
            "999994111111111111111",            // inside a longer number
            "378282246310005",
            "6011 0009 9013 9424",
        ] {
            assert!(is_card_shaped(text), "{text}");
        }
    }

    #[test]
    fn ordinary_text_is_let_through() {
        for text in [
            "",
            "123456789",
            "Reinvent2019, Las Vegas, USA",
            "+1 (702) 555-0123",
            "411111111111111",        // 15 digits, no card
            "4111111111111112",       // check digit wrong
            "0000-0000-0000-0000",    // no issuer has it
            "4111--1111--1111--1111", // double separators
            "4111.1111.1111.1111",    // other separators
            "2026-11-21T18:59:33.120Z",
            "550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert!(!is_card_shaped(text), "{text}");
        }
    }

    #[test]
    fn digits_of_every_script_have_their_value() {
        for zero in ['0', '٠', '۰', '०', '০', '๐', '０', '\u{1D7CE}', '\u{1D7D8}', '\u{1E950}'] {
            for value in 0..10_u8 {
                let digit = char::from_u32(u32::from(zero) + u32::from(value)).unwrap();
                assert!(matches!(kind(digit), Kind::Digit(v) if v == value), "{digit}");
            }
        }
    }

    /// As the README tells who names orders by them.
    #[test]
    fn about_one_random_uuid_in_270_is_card_shaped() {
        let mut state = 0_u128;
        let mut random = || {
            // Knuth's MMIX generator, its upper halves.
            let mut half = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
                    & u128::from(u64::MAX);
                state >> 32
            };
            (0..4).fold(0, |all, _| all << 32 | half())
        };
        let uuids = (0..27_000).map(|_| uuid::Builder::from_random_bytes(random().to_be_bytes()).into_uuid());
        let refused = uuids.filter(|uuid| is_card_shaped(&uuid.to_string())).count();
        assert!((70..130).contains(&refused), "{refused}");
    }

    proptest! {
        #[test]
        fn any_valid_number_of_a_known_issuer_is_found_between_any_letters(
            prefix in prop::sample::select(vec!["4", "51", "2221", "34", "6011", "3528", "36", "62", "67"]),
            middle in "[0-9]{9,14}",
            before in "[a-zA-Z ,.]{0,8}",
            after in "[a-zA-Z ,.]{0,8}",
        ) {
            let mut number = format!("{prefix}{middle}");
            prop_assume!(number.len() < 19 && number.len() >= 12);
            let check = (b'0'..=b'9').find(|check| {
                luhn::passes(number.bytes().chain([*check]).rev().map(|b| b - b'0'))
            });
            number.push(char::from(check.unwrap()));
            let text = format!("{before}{number}{after}");
            prop_assert!(is_card_shaped(&text));
        }
    }
}
