//! A ciphertext as callers have it: the key and the version of its material, then the sealed bytes.

use uuid::Uuid;

use super::{context::EncryptionContext, error::KmsError, key::Key};

const FORMAT: u8 = 1;
const KEY_BYTES: usize = 16;
const VERSION_BYTES: usize = 4;
const HEADER_BYTES: usize = 1 + KEY_BYTES + VERSION_BYTES;

/// The beginning of a ciphertext. It is authenticated with the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) key: Uuid,
    /// The number of the material, counted from 0.
    pub(crate) version: u32,
}

impl Header {
    /// The header and what follows it.
    pub(crate) fn read(blob: &[u8]) -> Option<(Self, &[u8])> {
        let (header, sealed) = blob.split_at_checked(HEADER_BYTES)?;
        let (format, header) = header.split_first()?;
        let (key, version) = header.split_at_checked(KEY_BYTES)?;
        let key = Uuid::from_slice(key).ok()?;
        let version = u32::from_be_bytes(version.try_into().ok()?);
        (*format == FORMAT).then_some((Self { key, version }, sealed))
    }

    fn bytes(self) -> Vec<u8> {
        [&[FORMAT], self.key.as_bytes().as_slice(), &self.version.to_be_bytes()].concat()
    }

    fn bound(self, context: &EncryptionContext) -> Vec<u8> {
        let mut bound = self.bytes();
        bound.append(&mut context.encoded());
        bound
    }
}

/// Seals under the newest material of a key.
pub(crate) fn seal(key: &Key, context: &EncryptionContext, plaintext: &[u8]) -> Result<Vec<u8>, KmsError> {
    let (version, material) = key.current()?;
    let header = Header { key: key.id, version };
    let mut blob = header.bytes();
    blob.append(&mut material.seal(&header.bound(context), plaintext)?);
    Ok(blob)
}

/// The plaintext, and the id of the material that had sealed it.
pub(crate) fn open(
    key: &Key,
    context: &EncryptionContext,
    blob: &[u8],
) -> Result<(Vec<u8>, String), KmsError> {
    let (header, sealed) = Header::read(blob).ok_or(KmsError::InvalidCiphertext)?;
    if header.key != key.id {
        return Err(KmsError::IncorrectKey);
    }
    let material = usize::try_from(header.version).ok().and_then(|version| key.materials.get(version));
    let material = material.ok_or(KmsError::InvalidCiphertext)?;
    let plaintext = material.open(&header.bound(context), sealed).ok_or(KmsError::InvalidCiphertext)?;
    Ok((plaintext, material.id.clone()))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::kms::spec::KeySpec;

    fn key() -> Key {
        Key::generate(Uuid::new_v4(), KeySpec::Symmetric, "", "{}", SystemTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn no_byte_of_a_ciphertext_may_differ() {
        let (key, context) = (key(), EncryptionContext::default());
        let blob = seal(&key, &context, b"plaintext").unwrap();
        assert_eq!(
            open(&key, &context, &blob).unwrap(),
            (b"plaintext".to_vec(), key.materials[0].id.clone())
        );
        for place in 0..blob.len() {
            let mut other = blob.clone();
            other[place] ^= 1;
            assert!(open(&key, &context, &other).is_err(), "byte {place}");
        }
        for length in 0..blob.len() {
            assert_eq!(open(&key, &context, &blob[..length]), Err(KmsError::InvalidCiphertext), "{length}");
        }
    }

    #[test]
    fn two_ciphertexts_of_one_plaintext_differ() {
        let (key, context) = (key(), EncryptionContext::default());
        assert_ne!(seal(&key, &context, b"same").unwrap(), seal(&key, &context, b"same").unwrap());
    }
}
