//! The detector of card-shaped text: without a digit there is no card, and what stands around a card does not hide it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = vault::is_card_shaped(text);
    let _ = vault::is_card_shaped_in_url(text);
    let words: String = text.chars().map(|c| if c.is_ascii_alphabetic() { c } else { 'x' }).collect();
    assert!(!vault::is_card_shaped(&words));
    assert!(vault::is_card_shaped(&format!("{words}, 4111 1111 1111 1111, {words}")));
});
