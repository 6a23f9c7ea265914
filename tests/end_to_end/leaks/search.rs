//! The search: every form in which a card could lie somewhere.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Places that were searched for the same cards.
#[derive(Debug)]
pub(crate) struct Searched {
    cards: Vec<Vec<(String, String)>>,
    found: Vec<String>,
}

impl Searched {
    pub(crate) fn for_cards(cards: &[String]) -> Self {
        Self { cards: cards.iter().map(|card| forms(card)).collect(), found: Vec::new() }
    }

    /// Searches bytes, of text or not.
    pub(crate) fn bytes(&mut self, place: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let joined = without_separators(&text);
        for card in &self.cards {
            let (_, plain) = &card[0];
            if joined.contains(plain) {
                self.found.push(format!("{place}: {plain} in plain or separated"));
            }
            for (form, trace) in &card[1..] {
                if text.contains(trace) {
                    self.found.push(format!("{place}: {plain} as {form}"));
                }
            }
        }
    }

    /// Where a card was found; ends the search.
    pub(crate) fn found(self) -> Vec<String> {
        self.found
    }
}

/// A card in every form that the search must find.
pub(crate) fn planted_forms(card: &str) -> Vec<(String, String)> {
    let mut planted = forms(card);
    planted
        .push(("separated in odd places".into(), format!("{} {}-{}", &card[..3], &card[3..4], &card[4..])));
    planted.push(("base64, not at a boundary".into(), STANDARD.encode(format!("xy{card}z"))));
    planted.push(("upper-case hex among others".into(), hex::encode_upper(format!("<{card}>"))));
    planted
}

/// The card in plain first, then in other forms, each with its name.
fn forms(card: &str) -> Vec<(String, String)> {
    let mut forms = vec![("plain".to_owned(), card.to_owned())];
    for (spelling, text) in
        [("plain", card.to_owned()), ("spaced", grouped(card, " ")), ("dashed", grouped(card, "-"))]
    {
        forms.push((format!("hex ({spelling})"), hex::encode(&text)));
        for shift in 0..3 {
            forms.push((format!("base64 + {shift} ({spelling})"), base64_core(&text, shift)));
        }
        for comma in [",", ", "] {
            let codes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
            forms.push((format!("character codes ({spelling})"), codes.join(comma)));
        }
    }
    let codes: Vec<String> = card.chars().map(String::from).collect();
    for comma in [",", ", "] {
        forms.push(("a list of digits".into(), codes.join(comma)));
    }
    forms
}

fn grouped(card: &str, separator: &str) -> String {
    let digits: Vec<char> = card.chars().collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(separator)
}

/// The characters that a text has in base64 with any text around it, when `shift` bytes more than a multiple of
/// three are before it. Digits and separators are the same in the URL's alphabet.
fn base64_core(text: &str, shift: usize) -> String {
    let encoded = STANDARD.encode([&b"???"[..shift], text.as_bytes()].concat());
    let whole = (shift + text.len()) * 8 / 6;
    encoded[(shift * 8).div_ceil(6)..whole].to_owned()
}

/// The text without the characters that may be between two digits of a card.
fn without_separators(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut held = String::new();
    for c in text.chars() {
        match c {
            ' ' | '-' if held.len() < 3 && joined.ends_with(|c: char| c.is_ascii_digit()) => held.push(c),
            _ => {
                if !c.is_ascii_digit() {
                    joined.push_str(&held);
                }
                held.clear();
                joined.push(c);
            }
        }
    }
    joined
}
