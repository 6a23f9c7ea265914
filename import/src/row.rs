//! A row of the source as it was read, and what of it may be shown. Its key may be a card number, as its number is.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde::{Deserialize, Serialize};
use vault::{Plaintext, is_card_shaped};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{error::ImportError, settings::Columns};

/// The attribute that an import adds to a row.
pub(crate) const MARK: &str = "CardAirlockMark";
/// So many digits of a number make it a card's.
const TELLING_DIGITS: usize = 8;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A value of a row that could be a part of its key. It is wiped, and not shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) enum Scalar {
    S(String),
    N(String),
    B(Vec<u8>),
}

/// A row's key: its partition key and its sort key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key(pub(crate) Scalar, pub(crate) Option<Scalar>);

/// A number of a row as it is stored.
#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) text: Plaintext<String>,
    is_number: bool,
}

/// A row of the source. Its number is a card number in the clear.
pub(crate) struct Row {
    pub(crate) key: Key,
    /// `Err`: it is there, and neither a text nor a number.
    pub(crate) number: Result<Option<Number>, NotTextError>,
    pub(crate) expiry: Option<Plaintext<String>>,
    pub(crate) mark: Option<AttributeValue>,
    others: HashMap<String, Scalar>,
}

/// It is neither a text nor a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotTextError;

impl Key {
    /// The key of an item, whose own copy of it stays.
    ///
    /// # Errors
    /// [`ImportError::SourceKey`] when the table has another key.
    pub(crate) fn of(item: &Item, columns: &Columns) -> Result<Self, ImportError> {
        let part = |name: &String| item.get(name).cloned().and_then(Scalar::of).ok_or(ImportError::SourceKey);
        Ok(Self(part(&columns.key)?, columns.sort_key.as_ref().map(part).transpose()?))
    }

    /// The same of an item that is nothing but a key, and is wiped.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub(crate) fn take(item: Item, columns: &Columns) -> Result<Self, ImportError> {
        let key = Self::of(&item, columns);
        drop(scalars(item));
        key
    }

    /// As DynamoDB wants it. The SDK keeps this copy while it sends the request.
    pub(crate) fn item(&self, columns: &Columns) -> Item {
        let value = |part: &Scalar| match part {
            Scalar::S(text) => AttributeValue::S(text.clone()),
            Scalar::N(text) => AttributeValue::N(text.clone()),
            Scalar::B(bytes) => AttributeValue::B(Blob::new(bytes.clone())),
        };
        let Self(of_partition, of_sort) = self;
        let mut item = HashMap::from([(columns.key.clone(), value(of_partition))]);
        if let Some((name, part)) = columns.sort_key.as_ref().zip(of_sort.as_ref()) {
            item.insert(name.clone(), value(part));
        }
        item
    }

    /// Its bytes, for the mark: each part with its type and its length before it.
    pub(crate) fn bytes(&self) -> Plaintext<Vec<u8>> {
        let parts = || [Some(&self.0), self.1.as_ref()].into_iter().flatten();
        let length = parts().map(|part| part.bytes().len() + 9).sum();
        let mut bytes = Plaintext::new(Vec::with_capacity(length));
        for part in parts() {
            bytes.push(part.letter());
            bytes.extend_from_slice(&u64::try_from(part.bytes().len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(part.bytes());
        }
        bytes
    }
}

impl Scalar {
    fn of(value: AttributeValue) -> Option<Self> {
        match value {
            AttributeValue::S(text) => Some(Self::S(text)),
            AttributeValue::N(text) => Some(Self::N(text)),
            AttributeValue::B(blob) => Some(Self::B(blob.into_inner())),
            _ => None,
        }
    }

    /// A text, or the digits of a number.
    fn text(&self) -> Option<&str> {
        match self {
            Self::S(text) | Self::N(text) => Some(text),
            Self::B(_) => None,
        }
    }

    fn letter(&self) -> u8 {
        match self {
            Self::S(_) => b'S',
            Self::N(_) => b'N',
            Self::B(_) => b'B',
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::S(text) | Self::N(text) => text.as_bytes(),
            Self::B(bytes) => bytes,
        }
    }
}

impl Number {
    /// As DynamoDB compares it. The SDK keeps this copy while it sends the request.
    pub(crate) fn as_stored(&self) -> AttributeValue {
        let text = self.text.as_str().to_owned();
        if self.is_number { AttributeValue::N(text) } else { AttributeValue::S(text) }
    }
}

impl Row {
    /// Reads an item.
    ///
    /// # Errors
    /// [`ImportError::SourceKey`] when the table has another key.
    pub(crate) fn read(mut item: Item, columns: &Columns) -> Result<Self, ImportError> {
        let mark = item.remove(MARK);
        let key = Key::of(&item, columns)?;
        let number = match item.remove(&columns.number) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => {
                Ok(Some(Number { text: Plaintext::new(text), is_number: false }))
            }
            Some(AttributeValue::N(text)) => Ok(Some(Number { text: Plaintext::new(text), is_number: true })),
            Some(_) => Err(NotTextError),
        };
        let expiry = columns.expiry.as_ref().and_then(|name| item.remove(name));
        let expiry = expiry.map(|value| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => Plaintext::new(text),
            // No date: it is refused as one that cannot be read.
            _ => Plaintext::new(String::new()),
        });
        Ok(Self { key, number, expiry, mark, others: scalars(item) })
    }

    /// A text, or the digits of a number.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.others.get(name)?.text()
    }

    /// The parts of the key as they may be shown. None: that part looks like a card number, holds the row's own number, or
    /// is binary; or both parts together do.
    pub(crate) fn shown_key(&self, columns: &Columns) -> Vec<Option<String>> {
        let of_partition = (&columns.key, Some(&self.key.0));
        let of_sort = columns.sort_key.as_ref().map(|name| (name, self.key.1.as_ref()));
        let parts = [Some(of_partition), of_sort].into_iter().flatten();
        let shown: Vec<_> = parts.map(|(name, part)| self.shown(name, part?, columns)).collect();
        let together: String = shown.iter().flatten().map(String::as_str).collect();
        if self.may_show(&together) { shown } else { vec![None; shown.len()] }
    }

    fn shown(&self, name: &str, part: &Scalar, columns: &Columns) -> Option<String> {
        let text = part.text()?;
        let is_secret = name == columns.number || columns.expiry.as_deref() == Some(name);
        Some(text.to_owned()).filter(|text| !is_secret && self.may_show(text))
    }

    /// Whether a text of this row may be shown: it does not look like a card number, and the row's own number is not in it.
    pub(crate) fn may_show(&self, text: &str) -> bool {
        !self.has_own_number(text) && !is_card_shaped(text)
    }

    /// Whether the digits of the row's own number are among those of a text, whatever stands between them.
    pub(crate) fn has_own_number(&self, text: &str) -> bool {
        let Ok(Some(number)) = &self.number else { return false };
        let own = Plaintext::new(digits(&number.text));
        own.len() >= TELLING_DIGITS && Plaintext::new(digits(text)).contains(own.as_str())
    }
}

/// The texts, numbers and bytes of an item, each wiped when it is dropped; what else it has is gone.
fn scalars(item: Item) -> HashMap<String, Scalar> {
    item.into_iter().filter_map(|(name, value)| Some((name, Scalar::of(value)?))).collect()
}

/// A text without what is no ASCII digit.
fn digits(text: &str) -> String {
    let mut digits = String::with_capacity(text.len());
    digits.extend(text.chars().filter(char::is_ascii_digit));
    digits
}

impl std::fmt::Debug for Key {
    /// It may be a card number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        let own = |name: &str| name.to_owned();
        Columns {
            key: own("Id"),
            sort_key: Some(own("Line")),
            number: own("Card"),
            expiry: Some(own("Until")),
            order: own("Order"),
            name: own("Name"),
            address: own("Address"),
            amount: None,
            currency: None,
            owner: None,
            token: None,
        }
    }

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn item(pairs: &[(&str, AttributeValue)]) -> Item {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn shown(key: &str, number: &str) -> Option<String> {
        let row = item(&[("Id", s(key)), ("Line", AttributeValue::N("1".into())), ("Card", s(number))]);
        Row::read(row, &columns()).unwrap().shown_key(&columns()).remove(0)
    }

    #[test]
    fn promise_1_a_key_is_shown_only_if_no_card_and_not_the_rows_own_number_is_in_it() {
        let card = "4111111111111111";
        for key in ["A-1", "550e8400-e29b-41d4-a716-446655440000", "1", "ann@example.com"] {
            assert_eq!(shown(key, card).as_deref(), Some(key));
        }
        for key in [card, "4111-1111-1111-1111", "c:4111 1111 1111 1111", "٤١١١١١١١١١١١١١١١"]
        {
            assert_eq!(shown(key, "5555555555554444"), None, "{key}");
        }
        // A number inside of longer digits, or one that is none, is known by the row itself.
        for (key, number) in [
            ("99884111111111111111", card),
            ("99884111111111111111", "4111 1111 1111 1111"),
            ("no-4111111111111112", "4111111111111112"),
            ("12345678", "12345678"),
        ] {
            assert_eq!(shown(key, number), None, "{key}");
        }
        assert_eq!(shown("7", "7").as_deref(), Some("7"));
    }

    #[test]
    fn promise_1_a_card_that_is_split_over_the_parts_of_a_key_is_not_shown() {
        let shown = |key: &str, line: &str, number: &str| {
            let row = item(&[("Id", s(key)), ("Line", s(line)), ("Card", s(number))]);
            Row::read(row, &columns()).unwrap().shown_key(&columns())
        };
        for (key, line, number) in [
            ("41111111", "11111111", "4111111111111111"),
            ("41111111", "11111111", "5555555555554444"),
            ("555-555-5555", "5544-44", "5555555555554444"),
        ] {
            assert_eq!(shown(key, line, number), [None, None], "{key} {line}");
        }
        let kept = ["row-1001", "2"].map(|part| Some(part.to_owned()));
        assert_eq!(shown("row-1001", "2", "4111111111111111"), kept);
    }

    #[test]
    fn a_part_of_the_key_that_is_the_number_or_binary_is_never_shown() {
        let mut columns = columns();
        columns.number = "Line".to_owned();
        let row = Row::read(item(&[("Id", s("A")), ("Line", s("4"))]), &columns).unwrap();
        assert_eq!(row.shown_key(&columns), [Some("A".to_owned()), None]);
        let binary = item(&[("Id", AttributeValue::B(Blob::new("4"))), ("Line", s("4"))]);
        let row = Row::read(binary, &columns).unwrap();
        assert_eq!(row.shown_key(&columns), [None, None]);
    }

    #[test]
    fn a_row_with_another_key_is_refused() {
        for wrong in [
            item(&[("Id", s("A"))]),
            item(&[("Line", s("A"))]),
            item(&[("Id", s("A")), ("Line", AttributeValue::Bool(true))]),
        ] {
            assert!(matches!(Row::read(wrong, &columns()), Err(ImportError::SourceKey)));
        }
    }

    #[test]
    fn keys_of_other_bytes_have_other_bytes() {
        let keys = [
            Key(Scalar::S("ab".into()), Some(Scalar::S("c".into()))),
            Key(Scalar::S("a".into()), Some(Scalar::S("bc".into()))),
            Key(Scalar::S("abc".into()), None),
            Key(Scalar::N("1".into()), None),
            Key(Scalar::S("1".into()), None),
            Key(Scalar::B(b"1".into()), None),
        ];
        let mut bytes: Vec<_> = keys.iter().map(|key| key.bytes().to_vec()).collect();
        bytes.sort();
        bytes.dedup();
        assert_eq!(bytes.len(), keys.len());
        for key in keys {
            let read: Key = serde_json::from_slice(&serde_json::to_vec(&key).unwrap()).unwrap();
            assert!(read == key && format!("{read:?}") == "Key(..)");
        }
    }

    #[test]
    fn the_bytes_of_a_key_are_counted_before_they_are_written() {
        let long = Key(Scalar::S("a".repeat(100)), Some(Scalar::B(b"1".into())));
        for key in [Key(Scalar::N("1".into()), None), long] {
            let bytes = key.bytes();
            assert_eq!(bytes.capacity(), bytes.len(), "a buffer that grows leaves a copy behind");
        }
    }

    #[test]
    fn a_key_is_wiped_and_read_back_as_it_is_sent() {
        static_assertions::assert_impl_all!(Scalar: ZeroizeOnDrop);
        static_assertions::assert_not_impl_any!(Scalar: std::fmt::Debug);
        for part in [s("A"), AttributeValue::N("7".to_owned()), AttributeValue::B(Blob::new("x"))] {
            let sent = item(&[("Id", part.clone()), ("Line", part)]);
            let key = Key::take(sent.clone(), &columns()).ok().unwrap();
            assert_eq!(key.item(&columns()), sent);
        }
    }

    #[test]
    fn of_other_attributes_texts_and_digits_are_kept() {
        let row = item(&[
            ("Id", s("A")),
            ("Line", s("B")),
            ("Name", s("Ann")),
            ("Address", AttributeValue::N("7".to_owned())),
            ("Order", AttributeValue::B(Blob::new("x"))),
        ]);
        let row = Row::read(row, &columns()).unwrap();
        assert_eq!(
            (row.text("Id"), row.text("Name"), row.text("Address")),
            (Some("A"), Some("Ann"), Some("7"))
        );
        assert_eq!(row.text("Order"), None);
    }
}
