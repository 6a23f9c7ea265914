//! What every request must pass before a service sees it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{answer::Fault, calls::Service, request::Request};

/// The one door: a request goes on, or is answered here with a fault. Role checks and injected faults belong
/// here too.
pub(super) fn admit(request: &Request, keys: &EnvelopeKeys) -> Result<(), Fault> {
    keys.admit(request)
}

/// The keys whose policies deny everybody a use without their purpose, by key id.
#[derive(Debug, Default)]
pub(super) struct EnvelopeKeys(Mutex<BTreeMap<String, String>>);

impl EnvelopeKeys {
    pub(super) fn insert(&self, key_id: String, purpose: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key_id, purpose);
    }

    /// A key named by an alias, or by its ciphertext alone, is taken for an envelope key: `Decrypt` here always
    /// names its key.
    fn admit(&self, request: &Request) -> Result<(), Fault> {
        if request.service != Service::Kms || !uses_key(&request.operation) {
            return Ok(());
        }
        let named = request.text("KeyId").or_else(|| request.text("SourceKeyId")).unwrap_or_default();
        let key_id = named.rsplit_once(":key/").map_or(named, |(_, id)| id);
        let ambiguous = key_id.is_empty() || key_id.contains("alias/") || request.operation == "ReEncrypt";
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let purpose = request.purpose();
        let allowed = match keys.get(key_id) {
            Some(required) => purpose == Some(required),
            None => !ambiguous || purpose.is_some() || keys.is_empty(),
        };
        if allowed { Ok(()) } else { Err(Fault::WITHOUT_PURPOSE) }
    }
}

/// The operations the keys' policies deny: Encrypt, Decrypt, GenerateDataKey*, ReEncrypt*.
fn uses_key(operation: &str) -> bool {
    matches!(operation, "Encrypt" | "Decrypt" | "ReEncrypt") || operation.starts_with("GenerateDataKey")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    fn admitted(operation: &str, body: Value) -> bool {
        let keys = EnvelopeKeys::default();
        keys.insert(ID.to_owned(), "vault".to_owned());
        admit(&Request::own(Service::Kms, operation, body), &keys).is_ok()
    }

    #[test]
    fn an_envelope_key_refuses_a_context_without_its_purpose() {
        for operation in ["Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
            for name in [ID.to_owned(), format!("arn:aws:kms:us-east-1:123456789012:key/{ID}")] {
                let with = |context: Value| json!({"KeyId": name, "EncryptionContext": context});
                assert!(admitted(operation, with(json!({"purpose": "vault", "token": "t"}))));
                assert!(!admitted(operation, with(json!({"token": "t"}))));
                assert!(!admitted(operation, with(json!({"purpose": "quarantine"}))));
                assert!(!admitted(operation, json!({"KeyId": name})));
            }
        }
    }

    #[test]
    fn a_decrypt_that_hides_its_key_is_refused_without_a_purpose() {
        assert!(!admitted("Decrypt", json!({"CiphertextBlob": "AAAA"})));
        assert!(!admitted("Decrypt", json!({"KeyId": "alias/vault"})));
        assert!(!admitted("ReEncrypt", json!({"DestinationKeyId": ID})));
    }

    #[test]
    fn other_keys_and_administration_are_left_alone() {
        assert!(admitted("Encrypt", json!({"KeyId": "99999999-2222-4333-8444-555555555555"})));
        assert!(admitted("DescribeKey", json!({"KeyId": ID})));
    }
}
