//! KMS from five sides: one may ask for new data keys, to seal; one may have wrapped keys decrypted, to open; one may
//! have them moved to another KMS key; one may have key pairs made; one may have codes computed. No capability outside this crate gets two of these
//! for the same KMS key.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_kms::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    primitives::Blob,
    types::{DataKeyPairSpec, DataKeySpec, MacAlgorithmSpec},
};

use crate::{
    data_key::{DataKey, WrappedDataKey},
    failure_code::failure_code,
    identity::KeyContext,
    key_material::KeyMaterial,
    p256::PrivateKey,
};

/// Why there is no data key. It has fixed text; KMS's own code goes to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// KMS did not answer, throttled us or failed: asking again may help.
    #[error("KMS is not available")]
    Unavailable,
    /// KMS will not let this role use this key now (denied, disabled, not found): an operator can fix it.
    #[error("the KMS key cannot be used")]
    Unusable,
    /// The wrapped key, its KMS key and its encryption context do not belong together. Asking again never helps.
    #[error("the wrapped data key is refused")]
    Refused,
    /// Another KMS key wrapped the data key. Asking this one again never helps.
    #[error("another KMS key wrapped the data key")]
    OtherKey,
}

impl KeyringError {
    /// Whether the same request may succeed later, although no stored data changes.
    #[must_use]
    pub fn retryable(self) -> bool {
        match self {
            Self::Unavailable | Self::Unusable => true,
            Self::Refused | Self::OtherKey => false,
        }
    }
}

/// May ask one KMS key for new data keys (`kms:GenerateDataKey`).
pub(crate) struct DataKeys {
    kms: Client,
    key_arn: String,
}

/// May ask one KMS key to decrypt wrapped data keys (`kms:Decrypt`).
pub(crate) struct Unwrapping {
    kms: Client,
    key_arn: String,
}

/// May have wrapped data keys moved from one KMS key (`kms:ReEncryptFrom`) to another (`kms:ReEncryptTo`). No key is in
/// plaintext outside KMS.
pub(crate) struct Moving {
    kms: Client,
    from_arn: String,
    to_arn: String,
}

/// May ask one KMS key for new key pairs (`kms:GenerateDataKeyPairWithoutPlaintext`). No private half leaves KMS in
/// plaintext.
pub(crate) struct KeyPairs {
    kms: Client,
    key_arn: String,
}

/// May ask one KMS key for message authentication codes (`kms:GenerateMac`).
pub(crate) struct Codes {
    kms: Client,
    key_arn: String,
}

/// A new data key.
pub(crate) struct NewDataKey {
    pub(crate) key: DataKey,
    pub(crate) wrapped: WrappedDataKey,
    /// What wrapped it.
    pub(crate) material: KeyMaterial,
}

/// A new key pair on P-256.
pub(crate) struct NewKeyPair {
    /// SubjectPublicKeyInfo in DER.
    pub(crate) public: Vec<u8>,
    /// The private half, PKCS #8 in DER, wrapped.
    pub(crate) wrapped: WrappedDataKey,
}

impl DataKeys {
    pub(crate) fn new(config: &SdkConfig, key_arn: String) -> Self {
        Self { kms: Client::new(config), key_arn }
    }

    /// A new data key, in plaintext and wrapped.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
    pub(crate) async fn generate(&self, context: KeyContext) -> Result<NewDataKey, KeyringError> {
        let reply = self
            .kms
            .generate_data_key()
            .key_id(&self.key_arn)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context.pairs()))
            .send()
            .await
            .map_err(|error| without_a_blob(classify("GenerateDataKey", &error)))?;
        let material = KeyMaterial::of(&self.key_arn, reply.key_material_id.as_deref());
        let key = reply.plaintext.map(Blob::into_inner).and_then(DataKey::take);
        let wrapped = reply.ciphertext_blob.map(|blob| WrappedDataKey::from(blob.into_inner()));
        let (key, wrapped) = key.zip(wrapped).ok_or(KeyringError::Unavailable)?;
        Ok(NewDataKey { key, wrapped, material })
    }
}

impl Unwrapping {
    pub(crate) fn new(config: &SdkConfig, key_arn: String) -> Self {
        Self { kms: Client::new(config), key_arn }
    }

    /// The plaintext of a wrapped data key. Names the KMS key, so a blob of another key is refused.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
    pub(crate) async fn unwrap(
        &self,
        wrapped: &WrappedDataKey,
        context: KeyContext,
    ) -> Result<DataKey, KeyringError> {
        self.unwrap_foreign(wrapped, context.pairs()).await
    }

    /// The same of a data key that another program had made, in the context that it gave.
    pub(crate) async fn unwrap_foreign(
        &self,
        wrapped: &WrappedDataKey,
        context: HashMap<String, String>,
    ) -> Result<DataKey, KeyringError> {
        // KMS refuses keys that it did not wrap. A plaintext of another length was not wrapped by this program.
        DataKey::take(self.decrypt(wrapped, context).await?).ok_or(KeyringError::Refused)
    }

    /// The same of the private half of a key pair.
    pub(crate) async fn unwrap_private(
        &self,
        wrapped: &WrappedDataKey,
        context: KeyContext,
    ) -> Result<PrivateKey, KeyringError> {
        PrivateKey::take_pkcs8(self.decrypt(wrapped, context.pairs()).await?).ok_or(KeyringError::Refused)
    }

    async fn decrypt(
        &self,
        wrapped: &WrappedDataKey,
        context: HashMap<String, String>,
    ) -> Result<Vec<u8>, KeyringError> {
        let reply = self
            .kms
            .decrypt()
            .key_id(&self.key_arn)
            .ciphertext_blob(Blob::new(wrapped.as_bytes()))
            .set_encryption_context(Some(context))
            .send()
            .await
            .map_err(|error| classify("Decrypt", &error))?;
        reply.plaintext.map(Blob::into_inner).ok_or(KeyringError::Refused)
    }
}

impl Moving {
    pub(crate) fn new(config: &SdkConfig, from_arn: String, to_arn: String) -> Self {
        Self { kms: Client::new(config), from_arn, to_arn }
    }

    /// The same data key, wrapped by the other KMS key. Names both keys, and the context stays.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>
    pub(crate) async fn rewrap(
        &self,
        wrapped: &WrappedDataKey,
        context: KeyContext,
    ) -> Result<(WrappedDataKey, KeyMaterial), KeyringError> {
        let reply = self
            .kms
            .re_encrypt()
            .source_key_id(&self.from_arn)
            .destination_key_id(&self.to_arn)
            .ciphertext_blob(Blob::new(wrapped.as_bytes()))
            .set_source_encryption_context(Some(context.pairs()))
            .set_destination_encryption_context(Some(context.pairs()))
            .send()
            .await
            .map_err(|error| classify("ReEncrypt", &error))?;
        let material = KeyMaterial::of(&self.to_arn, reply.destination_key_material_id.as_deref());
        let wrapped = reply.ciphertext_blob.map(|blob| WrappedDataKey::from(blob.into_inner()));
        wrapped.map(|wrapped| (wrapped, material)).ok_or(KeyringError::Unavailable)
    }
}

impl KeyPairs {
    pub(crate) fn new(config: &SdkConfig, key_arn: String) -> Self {
        Self { kms: Client::new(config), key_arn }
    }

    /// A new key pair on P-256, its private half wrapped.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html>
    pub(crate) async fn generate(&self, context: KeyContext) -> Result<NewKeyPair, KeyringError> {
        let reply = self
            .kms
            .generate_data_key_pair_without_plaintext()
            .key_id(&self.key_arn)
            .key_pair_spec(DataKeyPairSpec::EccNistP256)
            .set_encryption_context(Some(context.pairs()))
            .send()
            .await
            .map_err(|error| without_a_blob(classify("GenerateDataKeyPairWithoutPlaintext", &error)))?;
        let wrapped = reply.private_key_ciphertext_blob.map(|blob| WrappedDataKey::from(blob.into_inner()));
        let (public, wrapped) = reply.public_key.zip(wrapped).ok_or(KeyringError::Unavailable)?;
        Ok(NewKeyPair { public: public.into_inner(), wrapped })
    }
}

impl Codes {
    pub(crate) fn new(config: &SdkConfig, key_arn: String) -> Self {
        Self { kms: Client::new(config), key_arn }
    }

    /// The HMAC-SHA-256 of a message, which is the same for the same message.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html>
    pub(crate) async fn code(&self, message: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let reply = self
            .kms
            .generate_mac()
            .key_id(&self.key_arn)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(message))
            .send()
            .await
            .map_err(|error| without_a_blob(classify("GenerateMac", &error)))?;
        reply.mac.map(Blob::into_inner).ok_or(KeyringError::Unavailable)
    }
}

/// Nothing stored is part of a call for a new key or for a code, so nothing stored can be at fault.
fn without_a_blob(error: KeyringError) -> KeyringError {
    match error {
        KeyringError::Refused | KeyringError::OtherKey => KeyringError::Unusable,
        error => error,
    }
}

fn classify<E, R>(operation: &'static str, error: &SdkError<E, R>) -> KeyringError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let code = failure_code(error);
    let kms_request_id = error.request_id();
    let classified = of_code(code);
    if classified == KeyringError::OtherKey {
        // Where there are two keys, this is how the one is found that wrapped a data key.
        tracing::debug!(operation, code, kms_request_id, "another KMS key wrapped the data key");
    } else {
        tracing::warn!(operation, code, kms_request_id, "KMS refused or failed");
    }
    classified
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors>
fn of_code(code: &str) -> KeyringError {
    match code {
        // ValidationException: the stored blob has no length a blob can have.
        "InvalidCiphertextException" | "ValidationException" => KeyringError::Refused,
        "IncorrectKeyException" => KeyringError::OtherKey,
        "AccessDeniedException"
        | "DisabledException"
        | "NotFoundException"
        | "InvalidKeyUsageException"
        | "InvalidGrantTokenException"
        | "KMSInvalidStateException" => KeyringError::Unusable,
        _ => KeyringError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each error that KMS documents for the two calls, and what the SDK says when there is none.
    #[test]
    fn only_a_refused_key_and_another_key_are_permanent() {
        use KeyringError::{OtherKey, Refused, Unavailable, Unusable};
        for (code, error) in [
            ("InvalidCiphertextException", Refused),
            ("IncorrectKeyException", OtherKey),
            ("ValidationException", Refused),
            ("AccessDeniedException", Unusable),
            ("DisabledException", Unusable),
            ("NotFoundException", Unusable),
            ("InvalidKeyUsageException", Unusable),
            ("InvalidGrantTokenException", Unusable),
            ("KMSInvalidStateException", Unusable),
            ("DependencyTimeoutException", Unavailable),
            ("DryRunOperationException", Unavailable),
            ("KeyUnavailableException", Unavailable),
            ("KMSInternalException", Unavailable),
            ("LimitExceededException", Unavailable),
            ("ThrottlingException", Unavailable),
            ("SomethingNewException", Unavailable),
            ("timeout", Unavailable),
            ("answer without a code", Unavailable),
        ] {
            assert_eq!(of_code(code), error, "{code}");
            let is_final = [Refused, OtherKey].contains(&error);
            assert_eq!(of_code(code).retryable(), !is_final, "{code}");
            // Who asks for a new key has sent nothing that could be refused for good.
            let generating = without_a_blob(error);
            assert_eq!(generating, if is_final { Unusable } else { error }, "{code}");
            assert!(generating.retryable(), "{code}");
        }
    }
}
