//! A card that its sender encrypted: a JWE (RFC 7516) in compact form, `ECDH-ES` on P-256 with `A256GCM`. What is fixed is
//! checked before anything else is read: nothing in a JWE chooses an algorithm.

mod content;
mod digest;
mod encrypting;
mod error;
mod header;
#[cfg(test)]
mod tests;

use std::fmt;

use aes_gcm::{Nonce, aead::AeadInOut};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use self::header::Header;
pub use self::{
    content::CardIssue,
    digest::JweDigest,
    error::{CardRefusal, EncryptCardError, EncryptedCardError},
};
use crate::{
    card::Card,
    card_key_id::CardKeyId,
    envelope::{NONCE_LENGTH, TAG_LENGTH},
    identity::QuarantineIdentity,
    p256::{Point, PrivateKey},
    plaintext::Plaintext,
};

/// A card that only the worker can open, its form and header checked. There is nothing secret in it.
#[derive(Clone)]
pub struct EncryptedCard {
    compact: Box<str>,
    /// The bytes of `compact` that are the header: the content's AAD (RFC 7516, 5.1, step 14).
    header_length: usize,
    key: CardKeyId,
    ephemeral: Point,
    nonce: [u8; NONCE_LENGTH],
    /// Ciphertext and tag.
    ciphertext: Vec<u8>,
}

impl EncryptedCard {
    /// The most characters that an encrypted card has.
    pub const LONGEST: usize = 2048;

    /// Reads a JWE in compact form.
    ///
    /// # Errors
    /// [`EncryptedCardError`] when it has another form, another header, or a key that is not on the curve.
    pub fn parse(compact: &str) -> Result<Self, EncryptedCardError> {
        if compact.len() > Self::LONGEST {
            return Err(EncryptedCardError::TooLong);
        }
        let form = EncryptedCardError::Form;
        let mut parts = compact.split('.');
        let [header, key, nonce, ciphertext, tag] =
            [(); 5].map(|()| parts.next()).map(|part| part.ok_or(form));
        if parts.next().is_some() {
            return Err(form);
        }
        let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| form);
        let (header, encrypted_key) = (header?, key?);
        let (nonce, mut ciphertext, tag) = (decoded(nonce?)?, decoded(ciphertext?)?, decoded(tag?)?);
        let header_text = String::from_utf8(decoded(header)?).map_err(|_| EncryptedCardError::Header)?;
        let Header { key, ephemeral } = Header::parse(&header_text)?;
        // The content key is agreed directly: no key is encrypted (RFC 7518, 4.6).
        if !encrypted_key.is_empty() || tag.len() != TAG_LENGTH {
            return Err(form);
        }
        ciphertext.extend_from_slice(&tag);
        Ok(Self {
            compact: compact.into(),
            header_length: header.len(),
            key,
            ephemeral,
            nonce: nonce.try_into().map_err(|_| form)?,
            ciphertext,
        })
    }

    /// The key that it is encrypted to, the header's `kid`.
    #[must_use]
    pub fn card_key(&self) -> CardKeyId {
        self.key
    }

    /// SHA-256 of its text.
    #[must_use]
    pub fn digest(&self) -> JweDigest {
        JweDigest::of(&self.compact)
    }

    pub(crate) fn compact(&self) -> &str {
        &self.compact
    }

    /// The card, if it was made for this place.
    pub(crate) fn open(
        &self,
        key: &PrivateKey,
        place: QuarantineIdentity<'_>,
        expiry_required: bool,
    ) -> Result<Card, CardRefusal> {
        let key = key.content_key(&self.ephemeral).ok_or(CardRefusal::NotOpened)?;
        let (header, _) = self.compact.split_at_checked(self.header_length).ok_or(CardRefusal::NotOpened)?;
        let mut text = Plaintext::new(self.ciphertext.clone());
        key.cipher()
            .decrypt_in_place(&Nonce::from(self.nonce), header.as_bytes(), &mut *text)
            .map_err(|_| CardRefusal::NotOpened)?;
        drop(key);
        content::read(text, place, expiry_required)
    }
}

impl fmt::Debug for EncryptedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptedCard({} characters, kid {})", self.compact.len(), self.key)
    }
}
