//! KMS from two sides: one may ask for new data keys, to seal; the other may have wrapped keys decrypted, to open.
//! No capability outside this crate gets both for the same KMS key.

use aws_config::SdkConfig;
use aws_sdk_kms::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
    primitives::Blob,
    types::DataKeySpec,
};

use crate::{
    data_key::{DataKey, WrappedDataKey},
    failure_code::failure_code,
    identity::KeyContext,
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
}

impl KeyringError {
    /// Whether the same request may succeed later, although no stored data changes.
    #[must_use]
    pub fn retryable(self) -> bool {
        match self {
            Self::Unavailable | Self::Unusable => true,
            Self::Refused => false,
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

impl DataKeys {
    pub(crate) fn new(config: &SdkConfig, key_arn: String) -> Self {
        Self { kms: Client::new(config), key_arn }
    }

    /// A new data key, in plaintext and wrapped.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
    pub(crate) async fn generate(
        &self,
        context: KeyContext,
    ) -> Result<(DataKey, WrappedDataKey), KeyringError> {
        let reply = self
            .kms
            .generate_data_key()
            .key_id(&self.key_arn)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context.pairs()))
            .send()
            .await
            .map_err(|error| without_a_blob(classify("GenerateDataKey", &error)))?;
        let key = reply.plaintext.map(Blob::into_inner).and_then(DataKey::take);
        let wrapped = reply.ciphertext_blob.map(|blob| WrappedDataKey::from(blob.into_inner()));
        key.zip(wrapped).ok_or(KeyringError::Unavailable)
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
        let reply = self
            .kms
            .decrypt()
            .key_id(&self.key_arn)
            .ciphertext_blob(Blob::new(wrapped.as_bytes()))
            .set_encryption_context(Some(context.pairs()))
            .send()
            .await
            .map_err(|error| classify("Decrypt", &error))?;
        // KMS refuses keys that it did not wrap. A plaintext of another length was not wrapped by this program.
        reply.plaintext.map(Blob::into_inner).and_then(DataKey::take).ok_or(KeyringError::Refused)
    }
}

/// Nothing stored is part of a call for a new key, so nothing stored can be at fault.
fn without_a_blob(error: KeyringError) -> KeyringError {
    match error {
        KeyringError::Refused => KeyringError::Unusable,
        error => error,
    }
}

fn classify<E, R>(operation: &'static str, error: &SdkError<E, R>) -> KeyringError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let code = failure_code(error);
    tracing::warn!(operation, code, kms_request_id = error.request_id(), "KMS refused or failed");
    of_code(code)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors>
fn of_code(code: &str) -> KeyringError {
    match code {
        // ValidationException: the stored blob has no length a blob can have.
        "InvalidCiphertextException" | "IncorrectKeyException" | "ValidationException" => {
            KeyringError::Refused
        }
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
    fn only_a_refused_key_is_permanent() {
        use KeyringError::{Refused, Unavailable, Unusable};
        for (code, error) in [
            ("InvalidCiphertextException", Refused),
            ("IncorrectKeyException", Refused),
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
            assert_eq!(of_code(code).retryable(), error != Refused, "{code}");
            // Who asks for a new key has sent nothing that could be refused for good.
            let generating = without_a_blob(error);
            assert_eq!(generating, if error == Refused { Unusable } else { error }, "{code}");
            assert!(generating.retryable(), "{code}");
        }
    }
}
