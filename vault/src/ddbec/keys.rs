//! The two keys of a row, derived from its data key: one that signs and one that encrypts.

use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac,
    iv::{FixedLength, IV_LEN_128_BIT},
};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::data_key::{DataKey, KEY_LENGTH};

/// As the client names the keys to HKDF.
const SIGNING: &[u8] = b"Signing";
const ENCRYPTION: &[u8] = b"Encryption";

/// The keys of one row. The text can only be decrypted with what [`RowKeys::verify`] gives.
pub(crate) struct RowKeys(Prk);

/// The key of a row whose signature was right.
pub(crate) struct TextKey(PaddedBlockDecryptingKey);

impl RowKeys {
    /// HKDF with SHA-256 and no salt (RFC 5869: zeros, as many as the hash has bytes).
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the data key becomes the row's two keys")]
    pub(crate) fn of(data_key: &DataKey) -> Self {
        Self(Salt::new(HKDF_SHA256, &[0; KEY_LENGTH]).extract(data_key.0.expose_secret()))
    }

    /// Compares the signature in constant time.
    pub(crate) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<TextKey, Unspecified> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.derived(SIGNING)?.as_slice());
        hmac::verify(&key, signed, signature)?;
        let key = UnboundCipherKey::new(&AES_256, self.derived(ENCRYPTION)?.as_slice())?;
        PaddedBlockDecryptingKey::cbc_pkcs7(key).map(TextKey)
    }

    fn derived(&self, name: &[u8]) -> Result<Zeroizing<[u8; KEY_LENGTH]>, Unspecified> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        self.0.expand(&[name], HKDF_SHA256)?.fill(key.as_mut_slice())?;
        Ok(key)
    }
}

impl TextKey {
    /// Decrypts in place, and gives what is before the padding.
    pub(crate) fn decrypt<'a>(
        &self,
        text: &'a mut [u8],
        iv: [u8; IV_LEN_128_BIT],
    ) -> Result<&'a [u8], Unspecified> {
        let decrypted = self.0.decrypt(text, DecryptionContext::Iv128(FixedLength::from(iv)))?;
        Ok(decrypted)
    }
}
