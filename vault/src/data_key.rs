//! Data keys: AES-256 keys that KMS hands out in plaintext and wrapped (envelope encryption).

use std::fmt;

use aes_gcm::{Aes256Gcm, aead::KeyInit};
use secrecy::{ExposeSecret, SecretBox};
use zeroize::Zeroizing;

/// Length of an AES-256 key in bytes.
pub(crate) const KEY_LENGTH: usize = 32;

/// A data key in plaintext, wiped on drop.
pub(crate) struct DataKey(pub(crate) SecretBox<[u8; KEY_LENGTH]>);

impl DataKey {
    /// Takes a key out of the buffer that KMS's reply was read into, and wipes the buffer.
    pub(crate) fn take(plaintext: Vec<u8>) -> Option<Self> {
        let plaintext = Zeroizing::new(plaintext);
        if plaintext.len() != KEY_LENGTH {
            return None;
        }
        Some(Self(SecretBox::init_with_mut(|key: &mut [u8; KEY_LENGTH]| key.copy_from_slice(&plaintext))))
    }

    /// AES-256-GCM (NIST SP 800-38D) under this key.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the key becomes the cipher's key schedule")]
    pub(crate) fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.0.expose_secret().into())
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

static_assertions::assert_not_impl_any!(DataKey: Clone, Copy, PartialEq, fmt::Display, AsRef<[u8]>);

/// A data key under a KMS key: stored beside the card that it sealed. Only a role that may ask KMS to decrypt it can use it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WrappedDataKey(Vec<u8>);

impl WrappedDataKey {
    /// The KMS ciphertext.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for WrappedDataKey {
    fn from(ciphertext: Vec<u8>) -> Self {
        Self(ciphertext)
    }
}

impl fmt::Debug for WrappedDataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedDataKey({} bytes)", self.0.len())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::own_memory::{Hidden, Seen};

    #[test]
    fn what_kms_answered_is_nowhere_in_memory_once_it_was_used_and_dropped_or_was_no_key() {
        let secret = Hidden::random();
        let nowhere = Seen { forward: 0, backward: 0 };
        let key = DataKey::take(secret.after(&[])).unwrap();
        assert_eq!(secret.seen(), Seen { forward: 1, backward: 0 });
        drop(key);
        assert_eq!(secret.seen(), nowhere);
        // So far behind the beginning of a buffer of such a length, nothing is written over it when it is freed.
        assert!(DataKey::take(secret.after(&[0; 300])).is_none());
        assert_eq!(secret.seen(), nowhere);
    }
}
