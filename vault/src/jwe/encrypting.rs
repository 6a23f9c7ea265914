//! The client's side: a card encrypted to the public half of a card key. It is for programs that place orders; the
//! functions only open.

use aes_gcm::{Nonce, aead::AeadInOut};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    content::{self, CardIssue},
    error::EncryptCardError,
};
use crate::{
    card::Card,
    card_keys::CardPublicKey,
    envelope::{NONCE_LENGTH, TAG_LENGTH},
    p256::PrivateKey,
    plaintext::Plaintext,
};

impl CardPublicKey {
    /// Encrypts a card for an order. The result is what `EncryptedCard` takes.
    ///
    /// # Errors
    /// [`EncryptCardError`].
    pub fn encrypt(&self, card: &Card, issue: &CardIssue<'_>) -> Result<String, EncryptCardError> {
        self.encrypt_content(content::write(card, issue))
    }

    /// Encrypts any text, so that what the worker refuses can be tried.
    ///
    /// # Errors
    /// [`EncryptCardError`].
    pub fn encrypt_text(&self, text: &str) -> Result<String, EncryptCardError> {
        let mut buffer = Vec::with_capacity(text.len() + TAG_LENGTH);
        buffer.extend_from_slice(text.as_bytes());
        self.encrypt_content(Plaintext::new(buffer))
    }

    fn encrypt_content(&self, text: Plaintext<Vec<u8>>) -> Result<String, EncryptCardError> {
        let ephemeral = PrivateKey::generate().ok_or(EncryptCardError)?;
        let [x, y] = ephemeral.public().ok_or(EncryptCardError)?.coordinates();
        let header = serde_json::json!({
            "alg": "ECDH-ES", "enc": "A256GCM", "kid": self.id().to_string(),
            "epk": {"kty": "EC", "crv": "P-256", "x": x, "y": y},
        });
        self.encrypt_under(&header.to_string(), &ephemeral, text)
    }

    /// A JWE with this header, whatever it says.
    pub(super) fn encrypt_under(
        &self,
        header: &str,
        ephemeral: &PrivateKey,
        mut text: Plaintext<Vec<u8>>,
    ) -> Result<String, EncryptCardError> {
        let key = ephemeral.content_key(&self.point()).ok_or(EncryptCardError)?;
        let header = BASE64_URL_SAFE_NO_PAD.encode(header);
        let mut nonce = [0; NONCE_LENGTH];
        getrandom::fill(&mut nonce).map_err(|_| EncryptCardError)?;
        let room = text.capacity();
        key.cipher()
            .encrypt_in_place(&Nonce::from(nonce), header.as_bytes(), &mut *text)
            .map_err(|_| EncryptCardError)?;
        debug_assert_eq!(text.capacity(), room, "the buffer has moved");
        let (ciphertext, tag) = text.split_last_chunk::<TAG_LENGTH>().ok_or(EncryptCardError)?;
        let [nonce, ciphertext, tag] =
            [nonce.as_slice(), ciphertext, tag].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        Ok(format!("{header}..{nonce}.{ciphertext}.{tag}"))
    }
}
