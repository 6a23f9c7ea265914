//! A link of a chain: what happened to some audit items, and the hash of the link before it.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use strum::VariantArray;

use super::encoding::{Hash, Parts};
use crate::{table_error::TableError, timestamp::Timestamp};

/// The most entries of a link: with the longest keys that DynamoDB takes it stays far below the 400 KB of an item.
pub const MOST_ENTRIES: usize = 25;

/// The encoding that this release writes.
const VERSION: &str = "1";

type Row = HashMap<String, AttributeValue>;

/// One of the 16 chains. Each principal's items are in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chain(u8);

impl Chain {
    const NAMES: [&str; 16] =
        ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15"];

    /// Every chain.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..16).map(Self)
    }

    /// The chain of a principal's items.
    #[must_use]
    pub fn of(principal: &str) -> Self {
        let mut parts = Parts::of("witness chain 1");
        parts.text(principal);
        Self(parts.hash().low_nibble())
    }

    /// The chain with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::all().find(|chain| chain.name() == name)
    }

    /// `00` to `15`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}

/// What happened to a row of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, VariantArray)]
#[strum(serialize_all = "UPPERCASE")]
pub enum What {
    /// The item was added.
    Added,
    /// It was overwritten.
    Changed,
    /// It was removed.
    Removed,
    /// TTL removed a counter whose time was over.
    Expired,
}

/// What happened to one row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The row's partition key.
    pub principal: String,
    /// The row's range key.
    pub at: String,
    /// What happened.
    pub what: What,
    /// The digest of the row as it is now; of a row that is gone, as it was.
    pub digest: Hash,
}

/// The end of a chain: its last link's number and hash. A chain without a link has number 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last link, from 1.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// Of a chain without a link.
    pub const NONE: Self = Self { number: 0, hash: Hash::NONE };
}

/// A link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Which chain.
    pub chain: Chain,
    /// Its place, from 1 without gaps.
    pub number: u64,
    /// The hash of the link before it.
    pub previous: Hash,
    /// When the witness made it.
    pub witnessed_at: Timestamp,
    /// What it bears witness to.
    pub entries: Vec<Entry>,
}

impl Link {
    /// The link that comes after a head.
    #[must_use]
    pub fn after(head: Head, chain: Chain, entries: &[Entry], witnessed_at: Timestamp) -> Self {
        let number = head.number.saturating_add(1);
        Self { chain, number, previous: head.hash, witnessed_at, entries: entries.to_vec() }
    }

    /// The chain's end when this is its last link.
    #[must_use]
    pub fn head(&self) -> Head {
        let mut parts = Parts::of("witness link 1");
        parts.text(self.chain.name());
        parts.number(self.number);
        parts.bytes(self.previous.as_bytes());
        parts.text(&self.witnessed_at.to_string());
        parts.count(self.entries.len());
        for entry in &self.entries {
            parts.text(entry.what.into());
            parts.text(&entry.principal);
            parts.text(&entry.at);
            parts.bytes(entry.digest.as_bytes());
        }
        Head { number: self.number, hash: parts.hash() }
    }

    pub(super) fn row(&self) -> Row {
        let blob = |hash: &Hash| AttributeValue::B(Blob::new(hash.as_bytes()));
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let entry = |entry: &Entry| {
            let members = [
                ("What", text(entry.what.into())),
                ("Principal", text(&entry.principal)),
                ("At", text(&entry.at)),
                ("Digest", blob(&entry.digest)),
            ];
            AttributeValue::M(members.map(|(name, value)| (name.to_owned(), value)).into())
        };
        let attributes = [
            ("Chain", text(self.chain.name())),
            ("Number", AttributeValue::N(self.number.to_string())),
            ("Version", AttributeValue::N(VERSION.to_owned())),
            ("PreviousHash", blob(&self.previous)),
            ("WitnessedAt", text(&self.witnessed_at.to_string())),
            ("Entries", AttributeValue::L(self.entries.iter().map(entry).collect())),
        ];
        attributes.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Reads a stored link. Nothing that is not hashed may be in the row: what a reader sees is what the hash says.
    ///
    /// # Errors
    /// [`TableError::Malformed`].
    pub fn of_row(row: &Row) -> Result<Self, TableError> {
        let link = Self::read(row).ok_or(TableError::Malformed)?;
        if link.row() == *row { Ok(link) } else { Err(TableError::Malformed) }
    }

    fn read(row: &Row) -> Option<Self> {
        let text = |row: &Row, name: &str| Some(row.get(name)?.as_s().ok()?.clone());
        let hash = |row: &Row, name: &str| Hash::of_bytes(row.get(name)?.as_b().ok()?.as_ref());
        let entry = |entry: &AttributeValue| {
            let entry = entry.as_m().ok()?;
            Some(Entry {
                principal: text(entry, "Principal")?,
                at: text(entry, "At")?,
                what: text(entry, "What")?.parse().ok()?,
                digest: hash(entry, "Digest")?,
            })
        };
        Some(Self {
            chain: Chain::named(&text(row, "Chain")?)?,
            number: row.get("Number")?.as_n().ok()?.parse().ok()?,
            previous: hash(row, "PreviousHash")?,
            witnessed_at: text(row, "WitnessedAt")?.parse().ok()?,
            entries: row.get("Entries")?.as_l().ok()?.iter().map(entry).collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        let digest = Hash::of_bytes(&[7; 32]).unwrap();
        let entry =
            |what| Entry { principal: "ann".into(), at: "2026-11-21T18:59:33.120Z#1".into(), what, digest };
        let head = Head { number: 16, hash: Hash::of_bytes(&[9; 32]).unwrap() };
        let entries = [entry(What::Added), entry(What::Removed)];
        Link::after(head, Chain(3), &entries, "2026-11-21T18:59:34.000Z".parse().unwrap())
    }

    /// Made with hashlib, by docs/data-model.md alone.
    #[test]
    fn the_hash_of_a_link_and_the_chain_of_a_principal_are_these_for_ever() {
        assert_eq!(link().head().number, 17);
        assert_eq!(
            link().head().hash.to_string(),
            "alplfjplpekebdmnmgdglnbcddenecppihhdjdgfgfoggcilkmdnkhjmnchpiepa"
        );
        assert_eq!(Chain::of("ann").name(), "10");
    }

    #[test]
    fn whatever_differs_in_two_links_makes_two_hashes() {
        let changes: [fn(&mut Link); 9] = [
            |link| link.chain = Chain(4),
            |link| link.number += 1,
            |link| link.previous = Hash::NONE,
            |link| link.witnessed_at = "2026-11-21T18:59:34.001Z".parse().unwrap(),
            |link| drop(link.entries.pop()),
            |link| link.entries.swap(0, 1),
            |link| link.entries[0].principal.push('x'),
            |link| link.entries[0].at.push('x'),
            |link| link.entries[0].digest = Hash::NONE,
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut changed = link();
            change(&mut changed);
            assert_ne!(changed.head().hash, link().head().hash, "{place}");
        }
    }

    #[test]
    fn a_stored_link_is_read_as_it_was_and_a_row_that_is_none_is_not() {
        assert_eq!(Link::of_row(&link().row()), Ok(link()));
        for name in link().row().keys() {
            let mut row = link().row();
            row.remove(name);
            assert_eq!(Link::of_row(&row), Err(TableError::Malformed), "{name}");
            row.insert(name.clone(), AttributeValue::Bool(true));
            assert_eq!(Link::of_row(&row), Err(TableError::Malformed), "{name}");
        }
        let mut row = link().row();
        row.insert("Version".to_owned(), AttributeValue::N("2".to_owned()));
        assert_eq!(Link::of_row(&row), Err(TableError::Malformed), "a version that it does not know");
        let mut row = link().row();
        row.insert("More".to_owned(), AttributeValue::N("2".to_owned()));
        assert_eq!(Link::of_row(&row), Err(TableError::Malformed), "what no hash covers");
    }

    #[test]
    fn sixteen_chains_have_all_principals() {
        let chains: std::collections::BTreeSet<_> =
            (0..500).map(|sub| Chain::of(&format!("user-{sub}"))).collect();
        assert_eq!(chains, Chain::all().collect());
        assert_eq!(Chain::all().map(Chain::name).collect::<std::collections::BTreeSet<_>>().len(), 16);
    }
}
