//! Rows, and what one differs in from another.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const ORDER: &str = "1";
pub(crate) const OURS: &str = "550e8400-e29b-41d4-a716-446655440000";
pub(crate) const OTHER: &str = "650e8400-e29b-41d4-a716-446655440000";
pub(crate) const TOKEN: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";
pub(crate) const OTHER_TOKEN: &str = "11111111-2222-4333-8444-bbbbbbbbbbbb";
pub(crate) const BEFORE: &str = "2026-11-21T18:00:00.000Z";
pub(crate) const NOW: &str = "2026-11-21T18:59:33.000Z";
pub(crate) const LATER: &str = "2026-11-21T19:00:33.000Z";

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(crate) fn set(texts: &[&str]) -> AttributeValue {
    AttributeValue::Ss(texts.iter().map(|text| (*text).to_owned()).collect())
}

pub(crate) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

/// A row with other attributes, and without some.
pub(crate) fn changed<const N: usize>(
    row: &Item,
    with: [(&str, AttributeValue); N],
    without: &[&str],
) -> Item {
    let mut row = row.clone();
    row.extend(item(with));
    row.retain(|name, _| !without.contains(&name.as_str()));
    row
}

/// What another writer may have done to a row.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Gone,
    Without(&'static str),
    With(&'static str, AttributeValue),
}

impl Change {
    pub(crate) fn of(&self, row: &Item) -> Option<Item> {
        match self {
            Self::Gone => None,
            Self::Without(name) => Some(changed(row, [], &[name])),
            Self::With(name, value) => Some(changed(row, [(name, value.clone())], &[])),
        }
    }
}

/// A quarantine row as ingest writes it.
pub(crate) fn quarantined() -> Item {
    item([
        ("CustomerOrder", s(ORDER)),
        ("CustomerName", s("Amazon Web Services")),
        ("Address", s("Las Vegas")),
        ("Owner", s("me")),
        ("AcceptanceId", s(OURS)),
        ("AcceptedAt", s(BEFORE)),
        ("ArmedAt", s(BEFORE)),
        ("SealedCard", b(b"sealed")),
        ("DataKey", b(b"wrapped")),
        ("KeyBatchId", s(OTHER)),
        ("CardLast4", s("1111")),
        ("CardBrand", s("visa")),
        ("Status", s("PENDING")),
        ("Attempt", n(1)),
        ("Deadline", n(1_800_000_000)),
        ("ExpiresAt", n(1_800_086_400)),
    ])
}

/// A clean row as the worker writes it.
pub(crate) fn clean() -> Item {
    item([
        ("CustomerOrder", s(ORDER)),
        ("CustomerName", s("Amazon Web Services")),
        ("Address", s("Las Vegas")),
        ("Owner", s("me")),
        ("AcceptanceId", s(OTHER)),
        ("AcceptedAt", s(BEFORE)),
        ("CreditCardToken", s(TOKEN)),
        ("CardLast4", s("1111")),
        ("CardBrand", s("visa")),
        ("TokenizedAt", s(BEFORE)),
    ])
}
