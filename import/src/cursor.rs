//! The cursor: the key of the last row that was read, sealed, because that key may be a card number.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use vault::{CursorSeal, Plaintext, SealError};

use crate::{error::ImportError, request::Cursor, row::Key};

/// A key of DynamoDB has at most 3 KiB; in JSON, each byte of a binary one may become four.
const LONGEST: usize = 16 * 1024;

impl Cursor {
    /// The place after a key; none: the beginning.
    pub(crate) fn seal(key: Option<&Key>, seal: &CursorSeal) -> Result<Self, ImportError> {
        // Room for all of it at once: a buffer that grows leaves a copy behind.
        let mut place = Plaintext::new(Vec::with_capacity(LONGEST));
        serde_json::to_writer(&mut *place, &key).map_err(|_| ImportError::Seal(SealError::Cipher))?;
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(seal.seal(&place)?)))
    }

    pub(crate) fn open(&self, seal: &CursorSeal) -> Result<Option<Key>, ImportError> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| ImportError::Cursor)?;
        let place = seal.open(&sealed).ok_or(ImportError::Cursor)?;
        serde_json::from_slice(&place).map_err(|_| ImportError::Cursor)
    }
}
