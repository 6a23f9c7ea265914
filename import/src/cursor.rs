//! The cursor: the key of the last row that was read, sealed, because that key may be a card number.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use vault::{CursorSeal, Plaintext, SealError};

use crate::{error::ImportError, request::Cursor, row::Key};

/// A key of DynamoDB has at most 3 KiB; in JSON, each byte of a binary one may become four.
const LONGEST: usize = 16 * 1024;

impl Cursor {
    /// The place after a key; none: the beginning.
    pub(crate) fn seal(key: Option<&Key>, seal: &CursorSeal) -> Result<Self, ImportError> {
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(seal.seal(&text_of(key)?)?)))
    }

    pub(crate) fn open(&self, seal: &CursorSeal) -> Result<Option<Key>, ImportError> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| ImportError::Cursor)?;
        let place = seal.open(&sealed).ok_or(ImportError::Cursor)?;
        serde_json::from_slice(&place).map_err(|_| ImportError::Cursor)
    }
}

fn text_of(key: Option<&Key>) -> Result<Plaintext<Vec<u8>>, ImportError> {
    // Room for all of it at once: a buffer that grows leaves a copy behind.
    let mut text = Plaintext::new(Vec::with_capacity(LONGEST));
    serde_json::to_writer(&mut *text, &key).map_err(|_| ImportError::Seal(SealError::Cipher))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Scalar;

    #[test]
    fn the_longest_key_leaves_no_copy_of_it_behind() {
        let longest = Key(Scalar::B(vec![255; 2_048]), Some(Scalar::B(vec![255; 1_024])));
        let text = text_of(Some(&longest)).ok().unwrap();
        assert_eq!(text.capacity(), Vec::<u8>::with_capacity(LONGEST).capacity(), "{}", text.len());
    }
}
