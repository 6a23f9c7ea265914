//! The id of a card key, `kid`.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// A card key's id, `kid`: a UUID in its canonical text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CardKeyId(Uuid);

/// Not a UUID in its canonical text. It says nothing about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a card key")]
pub struct ParseCardKeyIdError;

impl CardKeyId {
    /// The key after another one of the same KMS key; or the first. Two runs that see the same keys name the same next one,
    /// so that only one of them can write it.
    pub(crate) fn after(previous: Option<Self>, key_arn: &str) -> Self {
        let previous = previous.map_or_else(|| "first".to_owned(), |id| id.to_string());
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{key_arn}/{previous}").as_bytes()))
    }
}

impl fmt::Display for CardKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CardKeyId {
    type Err = ParseCardKeyIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = Uuid::try_parse(text).map_err(|_| ParseCardKeyIdError)?;
        (id.to_string() == text).then_some(Self(id)).ok_or(ParseCardKeyIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_uuid_in_its_canonical_text_is_an_id() {
        let text = "0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d";
        assert_eq!(text.parse::<CardKeyId>().unwrap().to_string(), text);
        for text in
            [&text.to_uppercase(), &text.replace('-', ""), &format!("{{{text}}}"), "", "4111111111111111"]
        {
            assert!(text.parse::<CardKeyId>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_next_key_has_one_id_and_no_other_has_it() {
        let first = CardKeyId::after(None, "arn:a");
        let second = CardKeyId::after(Some(first), "arn:a");
        assert_eq!(second, CardKeyId::after(Some(first), "arn:a"));
        let all = [first, second, CardKeyId::after(None, "arn:b"), CardKeyId::after(Some(second), "arn:a")];
        assert!((1..all.len()).all(|at| !all[..at].contains(&all[at])), "{all:?}");
    }
}
