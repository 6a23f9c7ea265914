//! The ids that the sandbox gives.

use uuid::Uuid;

/// A new id: a prefix and 32 random letters. An id with digits could read as a card number by chance, and what reads so
/// is dropped by whoever keeps it.
pub(super) fn new_id(prefix: &str) -> String {
    let letter = |nibble: char| match nibble {
        '0'..='9' => char::from(b'g' + (nibble as u8 - b'0')),
        letter => letter,
    };
    let letters: String = Uuid::new_v4().simple().to_string().chars().map(letter).collect();
    format!("{prefix}{letters}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_id_is_of_letters_and_there_is_one_of_each() {
        let ids: BTreeSet<String> = (0..1_000).map(|_| new_id("pi_")).collect();
        assert_eq!(ids.len(), 1_000);
        for id in ids {
            let letters = id.strip_prefix("pi_").unwrap();
            assert!(letters.len() == 32 && letters.bytes().all(|byte| byte.is_ascii_lowercase()), "{id}");
        }
    }
}
