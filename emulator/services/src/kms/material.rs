//! A version of a key's material: the secret, and what it does with a text.

use std::{fmt, time::SystemTime};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac, rand,
};
use serde::{Deserialize, Serialize};

use super::{error::KmsError, spec::HmacHash};

/// As long as AWS's, in hex digits' pairs.
const ID_BYTES: usize = 32;

/// One version. An old one still opens what it sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Material {
    /// AWS's `KeyMaterialId`.
    pub(crate) id: String,
    secret: Vec<u8>,
    /// When and why it came in place of the one before; `None` for a key's first.
    pub(crate) rotated: Option<Rotated>,
}

/// A rotation that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotated {
    pub(crate) at: SystemTime,
    pub(crate) why: RotationType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RotationType {
    Automatic,
    OnDemand,
}

impl RotationType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Automatic => "AUTOMATIC",
            Self::OnDemand => "ON_DEMAND",
        }
    }
}

impl Material {
    /// A new secret of so many bytes.
    pub(crate) fn generate(bytes: usize, rotated: Option<Rotated>) -> Result<Self, KmsError> {
        let mut id = [0; ID_BYTES];
        rand::fill(&mut id)?;
        let mut secret = vec![0; bytes];
        rand::fill(&mut secret)?;
        Ok(Self { id: hex::encode(id), secret, rotated })
    }

    /// A nonce, the ciphertext and its tag; `bound` is authenticated.
    pub(crate) fn seal(&self, bound: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, KmsError> {
        let mut ciphertext = plaintext.to_vec();
        let nonce = self.cipher()?.seal_in_place_append_tag(Aad::from(bound), &mut ciphertext)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut ciphertext);
        Ok(sealed)
    }

    /// The plaintext; `None` when any part differs.
    pub(crate) fn open(&self, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut ciphertext = ciphertext.to_vec();
        let plaintext = self.cipher().ok()?.open_in_place(nonce, Aad::from(bound), &mut ciphertext).ok()?;
        Some(plaintext.to_vec())
    }

    pub(crate) fn mac(&self, hash: HmacHash, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.mac_key(hash), message).as_ref().to_vec()
    }

    pub(crate) fn verifies(&self, hash: HmacHash, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.mac_key(hash), message, mac).is_ok()
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, KmsError> {
        Ok(RandomizedNonceKey::new(&AES_256_GCM, &self.secret)?)
    }

    fn mac_key(&self, hash: HmacHash) -> hmac::Key {
        hmac::Key::new(hash.algorithm(), &self.secret)
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material").field("id", &self.id).finish_non_exhaustive()
    }
}
