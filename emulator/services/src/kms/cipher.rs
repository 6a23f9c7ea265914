//! Small texts, encrypted and decrypted by KMS itself.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    blob::{self, Header},
    context::EncryptionContext,
    error::KmsError,
    input::Input,
    key::Key,
    spec::SYMMETRIC_DEFAULT,
    turn::Turn,
};

pub(crate) const OF_ENCRYPT: &[&str] =
    &["DryRun", "EncryptionAlgorithm", "EncryptionContext", "GrantTokens", "KeyId", "Plaintext"];
pub(crate) const OF_DECRYPT: &[&str] =
    &["CiphertextBlob", "DryRun", "EncryptionAlgorithm", "EncryptionContext", "GrantTokens", "KeyId"];
pub(crate) const OF_RE_ENCRYPT: &[&str] = &[
    "CiphertextBlob",
    "DestinationEncryptionAlgorithm",
    "DestinationEncryptionContext",
    "DestinationKeyId",
    "DryRun",
    "GrantTokens",
    "SourceEncryptionAlgorithm",
    "SourceEncryptionContext",
    "SourceKeyId",
];
const MOST_PLAINTEXT_BYTES: usize = 4096;
const MOST_CIPHERTEXT_BYTES: usize = 6144;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>
pub(crate) fn encrypt(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let plaintext = input.blob("Plaintext", MOST_PLAINTEXT_BYTES)?;
    let context = input.context("EncryptionContext")?;
    let key = turn.encrypting_key(input, "KeyId", "EncryptionAlgorithm")?;
    Ok(json!({
        "CiphertextBlob": BASE64_STANDARD.encode(blob::seal(key, &context, &plaintext)?),
        "EncryptionAlgorithm": SYMMETRIC_DEFAULT,
        "KeyId": key.arn(turn.account),
    }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
pub(crate) fn decrypt(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let context = input.context("EncryptionContext")?;
    let opened = turn.open(input, "KeyId", "EncryptionAlgorithm", &context)?;
    Ok(json!({
        "EncryptionAlgorithm": SYMMETRIC_DEFAULT,
        "KeyId": opened.key_arn,
        "KeyMaterialId": opened.material_id,
        "Plaintext": BASE64_STANDARD.encode(opened.plaintext),
    }))
}

/// Decrypts and encrypts again; the plaintext is not shown.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>
pub(crate) fn re_encrypt(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let [from, to] =
        ["SourceEncryptionContext", "DestinationEncryptionContext"].map(|name| input.context(name));
    let (from, to) = (from?, to?);
    let key = turn.encrypting_key(input, "DestinationKeyId", "DestinationEncryptionAlgorithm")?;
    let opened = turn.open(input, "SourceKeyId", "SourceEncryptionAlgorithm", &from)?;
    Ok(json!({
        "CiphertextBlob": BASE64_STANDARD.encode(blob::seal(key, &to, &opened.plaintext)?),
        "DestinationEncryptionAlgorithm": SYMMETRIC_DEFAULT,
        "DestinationKeyMaterialId": key.current()?.1.id,
        "KeyId": key.arn(turn.account),
        "SourceEncryptionAlgorithm": SYMMETRIC_DEFAULT,
        "SourceKeyId": opened.key_arn,
        "SourceKeyMaterialId": opened.material_id,
    }))
}

struct Opened {
    plaintext: Vec<u8>,
    key_arn: String,
    material_id: String,
}

impl Turn<'_> {
    /// An enabled key that encrypts with the algorithm that is asked for.
    pub(crate) fn encrypting_key(
        &self,
        input: &Input<'_>,
        member: &'static str,
        algorithm: &'static str,
    ) -> Result<&Key, KmsError> {
        let key = self.key(input, member)?;
        key.must_be_enabled(self.account)?;
        key.must_encrypt(input.text(algorithm)?, self.account)?;
        Ok(key)
    }

    /// Opens `CiphertextBlob` with the key that is named, or else with the one that the ciphertext names.
    fn open(
        &self,
        input: &Input<'_>,
        member: &'static str,
        algorithm: &'static str,
        context: &EncryptionContext,
    ) -> Result<Opened, KmsError> {
        let ciphertext = input.blob("CiphertextBlob", MOST_CIPHERTEXT_BYTES)?;
        let key = if input.text(member)?.is_some() {
            self.encrypting_key(input, member, algorithm)?
        } else {
            let (header, _) = Header::read(&ciphertext).ok_or(KmsError::InvalidCiphertext)?;
            let key = self.state.keys.get(&header.key).ok_or(KmsError::NotFound)?;
            key.must_be_enabled(self.account)?;
            key.must_encrypt(input.text(algorithm)?, self.account)?;
            key
        };
        let (plaintext, material_id) = blob::open(key, context, &ciphertext)?;
        Ok(Opened { plaintext, key_arn: key.arn(self.account), material_id })
    }
}
