//! How what is hashed becomes bytes: each part with its length before it, so that no two facts have the same bytes.

use std::fmt;

use sha2::{Digest, Sha256};

/// A SHA-256. As text each half byte is one of the letters `a` to `p`, so that no hash looks like a card number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first link of a chain has in place of the hash of a link before it.
    pub const NONE: Self = Self([0; 32]);

    /// The hash with these bytes; `None` when they are not 32.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash that is shown as this text.
    pub(super) fn of_letters(text: &str) -> Option<Self> {
        let halves: Option<Vec<u8>> =
            text.bytes().map(|letter| letter.checked_sub(b'a').filter(|half| *half < 16)).collect();
        let bytes: Vec<u8> =
            halves?.chunks(2).map(|pair| pair.iter().fold(0, |byte, half| byte * 16 + half)).collect();
        Self::of_bytes(&bytes).filter(|_| text.len() == 64)
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The lowest four bits of the first byte.
    pub(super) fn low_nibble(&self) -> u8 {
        self.0[0] & 15
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |half: u8| char::from(b'a' + half);
        self.0.iter().try_for_each(|byte| write!(f, "{}{}", letter(byte >> 4), letter(byte & 15)))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Takes the parts of what is hashed.
pub(super) struct Parts(Sha256);

impl Parts {
    /// Begins with the name and the version of what is hashed.
    pub(super) fn of(what: &str) -> Self {
        let mut parts = Self(Sha256::new());
        parts.bytes(what.as_bytes());
        parts
    }

    /// The length in four bytes, the most significant first, and the bytes.
    pub(super) fn bytes(&mut self, part: &[u8]) {
        self.0.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.update(part);
    }

    pub(super) fn text(&mut self, part: &str) {
        self.bytes(part.as_bytes());
    }

    /// Eight bytes, the most significant first, without a length.
    pub(super) fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    /// How many parts follow.
    pub(super) fn count(&mut self, count: usize) {
        self.number(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub(super) fn hash(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_shown_in_letters_and_has_32_bytes() {
        let hash = Parts::of("").hash();
        assert!(hash.to_string().bytes().all(|byte| (b'a'..=b'p').contains(&byte)));
        assert_eq!((hash.to_string().len(), hash.as_bytes().len()), (64, 32));
        assert_eq!(Hash::of_bytes(hash.as_bytes()), Some(hash));
        assert_eq!([31, 33].map(|length| Hash::of_bytes(&vec![0; length])), [None, None]);
    }

    #[test]
    fn parts_that_are_cut_elsewhere_have_another_hash() {
        let hash = |parts: &[&str]| {
            let mut all = Parts::of("test");
            parts.iter().for_each(|part| all.text(part));
            all.hash()
        };
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["ab"]), hash(&["ab", ""]));
    }
}
