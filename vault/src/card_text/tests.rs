use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::issuers::{ISSUERS, Line};

thread_local! {
    /// How many digits [`is_card`] has looked at.
    pub(super) static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
}

#[test]
fn a_card_number_is_found_however_it_is_written() {
    for text in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111  1111  1111  1111",
        "4111--1111--1111--1111",
        "4111.1111.1111.1111",
        "4111 / 1111 / 1111 / 1111",
        "4111,1111,1111,1111",
        "4111:1111:1111:1111",
        "4111_1111_1111_1111",
        "4111|1111|1111|1111",
        "4111・1111・1111・1111",
        "4111･1111･1111･1111", // half-width
        "4111ー1111ー1111ー1111",
        "4111ｰ1111ｰ1111ｰ1111", // half-width
        "4111⁃1111⁃1111⁃1111",
        "4111˗1111˗1111˗1111",
        "4111-\n1111-\n1111-\n1111",
        "4111-\r\n1111-\r\n1111-\r\n1111",
        "(4111)(1111)(1111)(1111)",
        "41111111 11111111",
        "41111111-11111111",
        "41111111\r\n11111111",
        "621234 5678901234569",
        "pay with 4111111111111111 please",
        "x4111111111111111y",
        "٤١١١١١١١١١١١١١١١",                         // Arabic-Indic digits
        "４１１１１１１１１１１１１１１１",         // full-width digits
        "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏",                         // mathematical bold digits
        "④①①①①①①①①①①①①①①①",                         // circled digits
        "4111\u{2011}1111\u{2011}1111\u{2011}1111", // non-breaking hyphens
        "4111\u{a0}1111\u{a0}1111\u{a0}1111",       // non-breaking spaces
        "4111\u{200b}1111\u{200b}1111\u{200b}1111", // zero-width spaces
        "4111\u{2212}1111\u{2212}1111\u{2212}1111", // minus signs
        "4111\n1111\n1111\n1111",
        "4111\r\n1111\r\n1111\r\n1111",
        "4111\r1111\r1111\r1111",
        "4111\r\n1111\n1111\r\n1111",
        "4\u{20e3}1\u{20e3}11111111111111", // keycaps
        "378282246310005",
        "3782 822463 10005",
        "3056 930902 5904",
        "3056 9309 0259 04",
        "6011 0009 9013 9424",
        "6759 6498 2643 8453 003",
        "5060 9905 8000 0217 499",
        "6062826786276634128", // 19 digits of Hipercard
    ] {
        assert!(is_card_shaped(text), "{text}");
        assert!(is_card_shaped_in_url(text), "{text}");
    }
}

/// The four that are marked were found by the first version, which looked at any window of digits with at most one
/// separator between them, and refused every second Snowflake id for it. Its two of other separators are found now.
#[test]
fn ordinary_text_is_let_through() {
    for text in [
        "",
        "123456789",
        "Reinvent2019, Las Vegas, USA",
        "+1 (702) 555-0123",
        "411111111111111",                 // 15 digits, no card
        "4111111111111112",                // check digit wrong
        "0000-0000-0000-0000",             // no issuer has it
        "4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", // found by the first version: no grouping of cards
        "999994111111111111111",           // found by the first version: a longer number
        "4111 1111-1111 1111",             // found by the first version: other marks between
        "4111 1111 11111111",              // found by the first version: no grouping of cards
        "41111 1111 1111 111",
        "4111    1111    1111    1111",
        "4111 a 1111 a 1111 a 1111",
        "41111111  11111111",
        "41111111.11111111",
        "2026-11-21T18:59:33.120Z",
        "550e8400-e29b-41d4-a716-446655440000",
        "a4111111-1111-4111-9111-1111111111ab",
    ] {
        assert!(!is_card_shaped(text), "{text}");
    }
}

#[test]
fn a_number_of_an_issuer_but_of_none_of_its_lengths_is_no_card() {
    for (prefix, length, expected) in [
        ("4", 13, false),
        ("4", 16, true),
        ("4", 18, false),
        ("4", 19, true),
        ("34", 15, true),
        ("34", 16, false),
        ("5019", 16, true),
        ("5019", 19, false),
        ("5018", 12, true),
        ("5018", 17, true),
        ("5017", 17, false),
    ] {
        let number = numbered(prefix, length);
        assert_eq!(is_card_shaped(&number), expected, "{number}");
    }
}

#[test]
fn a_grouping_that_goes_on_before_it_is_no_card() {
    for (before, expected) in [
        ("2026 ", false),         // a group of four, joined as the groups are
        ("DE89 ", false),         // an IBAN's check digits
        ("89 ", true),            // two digits that no letter touches
        ("DE 89 ", true),         // nor here
        ("No. 5 ", true),         // one digit
        ("89109 ", true),         // a postcode
        ("2026, ", true),         // joined otherwise
        ("2026\n", true),         // joined otherwise
        ("2026 a ", true),        // apart
        ("DE8\u{200b}9 ", false), // two digits, whatever is not seen between them
        ("D\u{301}89 ", false),   // a letter, whatever is on it
    ] {
        assert_eq!(is_card_shaped(&format!("{before}4111 1111 1111 1111")), expected, "{before}");
    }
}

#[test]
fn a_grouping_that_goes_on_behind_it_is_no_card_but_for_an_expiry_a_cvv_or_something_longer() {
    for (behind, expected) in [
        ("", true),
        (" 4242", false),  // a fifth group
        ("-4242", true),   // joined otherwise
        (" a 4242", true), // apart
        (" 1230", true),   // MMYY
        (" 0130", true),
        (" 0030", false), // no month
        (" 1330", false),
        (" 12/30", true), // MM/YY
        (" 12 30", true),
        (" 12/2030", true),
        (" 00/30", false),
        (" 13/30", false),
        (" 12", false), // a month without a year
        (" 12 a 30", false),
        (" 12/3", false),
        (" 12/301", false),
        (" 123", true), // a CVV
        (" 123 Main Street", true),
        (" 123 4", false), // no CVV: it goes on
        (" 123, 4", true),
        (" 5", true),
        (" 5 5", false),
        (" 89109", true), // a postcode
        (" 5551234567", true),
    ] {
        let text = format!("4242 4242 4242 4242{behind}");
        assert_eq!(is_card_shaped(&text), expected, "{text}");
    }
}

#[test]
fn two_groups_are_joined_by_exactly_one_space_dash_or_line_break() {
    for joint in [" ", "-", "\n", "\r\n", "\u{2013}", "\u{2212}", "\u{2028}", "\u{a0}"] {
        assert!(is_card_shaped(&format!("41111111{joint}11111111")), "{joint:?}");
    }
    for joint in ["  ", "--", "-\n", ".", "/", "_", "\t", "ー"] {
        assert!(!is_card_shaped(&format!("41111111{joint}11111111")), "{joint:?}");
    }
}

#[test]
fn a_plus_makes_a_phone_number_of_at_most_15_digits_in_a_body_only() {
    for (text, in_body) in [
        ("+378282246310005", false),
        ("+3782 822463 10005", false),
        ("tel:+378282246310005", false),
        ("+ 378282246310005", true),
        ("+(378282246310005", true),
        ("+4111111111111111", true),
        ("+4111 1111 1111 1111", true),
        ("+1 378282246310005", true),
    ] {
        assert_eq!(is_card_shaped(text), in_body, "{text}");
        assert!(is_card_shaped_in_url(text), "{text}");
    }
    assert!(is_card_shaped_in_url("41111111+11111111"));
    assert!(!is_card_shaped("41111111+11111111"));
}

#[test]
fn no_uuid_is_card_shaped_and_what_is_beside_one_is_judged_alone() {
    let uuid = "41111111-1111-4111-9111-501800000000".to_owned();
    let uuid = uuid.replace("501800000000", &numbered("5018", 12));
    for text in [uuid.clone(), uuid.to_uppercase(), format!("key {uuid}!"), format!("4111-{uuid}-1111-1111")]
    {
        assert!(!is_card_shaped(&text), "{text}");
    }
    assert!(!is_card_shaped(&format!("4111  1111  1111 {uuid} 1111")), "a UUID is no mark");
    for text in [
        uuid.replacen('-', "", 1),
        uuid.replacen('4', "g", 1),
        format!("{uuid} 4111111111111111"),
        format!("4111-1111-1111-1111-{uuid}"),
    ] {
        assert!(is_card_shaped(&text), "{text}");
    }
}

/// Of a text of digits, of marks, or of groups that look like a card's, each character is looked at a few times,
/// however long the text is.
#[test]
fn what_is_looked_at_grows_with_the_text_and_no_faster() {
    for pattern in
        ["4", "41 ", "411 ", "4111 ", "4111-", "411111 ", "41111111 ", "4 ", "411111 4111111111111 ", "- "]
    {
        let looked_at = |length: usize| {
            let text: String = pattern.chars().cycle().take(length).collect();
            LOOKED_AT.with(|count| count.set(0));
            assert!(!is_card_shaped(&text), "{pattern}");
            LOOKED_AT.with(Cell::take)
        };
        let (short, long) = (looked_at(10_000), looked_at(100_000));
        assert!(long <= 30 * 100_000, "{pattern}: {long}");
        assert!(long <= 11 * short.max(20_000), "{pattern}: {short}, {long}");
    }
}

/// A number with these first digits, this length and a right check digit.
fn numbered(start: &str, length: usize) -> String {
    let number = format!("{start:0<width$}", width = length - 1);
    let check = (b'0'..=b'9')
        .find(|check| luhn::passes(number.bytes().chain([*check]).rev().map(|b| b - b'0')))
        .unwrap();
    format!("{number}{}", char::from(check))
}

fn any_card() -> impl Strategy<Value = String> {
    (prop::sample::select(ISSUERS), any::<prop::sample::Index>(), any::<prop::sample::Index>(), "[0-9]{18}")
        .prop_map(|(line, prefix, length, digits)| {
            let prefix = line.low + prefix.index((line.high - line.low + 1) as usize) as u32;
            let length = line.lengths[length.index(line.lengths.len())];
            numbered(&format!("{prefix}{digits}")[..length - 1], length)
        })
        // A longer prefix may have other lengths.
        .prop_filter("of another line", |number| {
            is_card(&number.bytes().map(|b| b - b'0').collect::<Vec<_>>())
        })
}

#[test]
fn every_line_of_the_table_is_found_at_each_of_its_lengths() {
    for Line { low, high, lengths, .. } in ISSUERS {
        for (prefix, length) in
            [low, high].into_iter().flat_map(|prefix| lengths.iter().map(move |l| (prefix, *l)))
        {
            let number = numbered(&prefix.to_string(), length);
            let own = issuers::line_of(ISSUERS, number.bytes().map(|b| b - b'0')).unwrap();
            assert_eq!(is_card_shaped(&number), own.lengths.contains(&length), "{number}");
        }
    }
}

proptest! {
    #[test]
    fn any_card_of_the_table_is_found_between_any_letters(
        card in any_card(), before in "(\\PN*\\p{L})?", after in "(\\p{L}\\PN*)?",
    ) {
        let text = format!("{before}{card}{after}");
        prop_assert!(is_card_shaped(&text), "{}", text);
    }

    #[test]
    fn a_card_in_groups_is_found_whatever_joins_them(
        card in any_card(), joint in "[^\\p{L}\\p{N}+\\p{C}\\p{M}]{1,3}",
    ) {
        use unicode_normalization::UnicodeNormalization;
        // Some marks are letters or several marks in NFKC.
        let normal: Vec<char> = joint.nfkc().collect();
        prop_assume!(normal.len() <= 3 && normal.iter().all(|c| symbol::Symbol::of(*c) == symbol::Symbol::Mark(*c)));
        let groups: Vec<&str> = (0..card.len()).step_by(4).map(|i| &card[i..card.len().min(i + 4)]).collect();
        let text = groups.join(&joint);
        prop_assert!(is_card_shaped(&text), "{:?}", text);
    }

    #[test]
    fn no_text_makes_the_detector_panic(text in any::<String>(), digits in "[0-9 +\\-\\n]{0,60}") {
        let _ = (is_card_shaped(&text), is_card_shaped_in_url(&digits));
    }
}
