//! The digest of a JWE: the same bytes are the same order.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

const LENGTH: usize = 32;

/// SHA-256 of a JWE's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct JweDigest([u8; LENGTH]);

impl JweDigest {
    pub(crate) fn of(compact: &str) -> Self {
        let mut bytes = [0; LENGTH];
        bytes.copy_from_slice(digest(&SHA256, compact.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Reads the bytes that a row has; `None`: they are not a digest.
    #[must_use]
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl fmt::Debug for JweDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JweDigest(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}
