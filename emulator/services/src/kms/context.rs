//! Encryption contexts: what a ciphertext is bound to beside its key.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::KmsError;

/// <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>
const MOST_BYTES: usize = 8192;

/// Names and values, in one order whatever the caller's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    pub(crate) fn read(given: Option<&Value>, member: &'static str) -> Result<Self, KmsError> {
        let Some(given) = given else { return Ok(Self::default()) };
        let pairs = given.as_object().ok_or(KmsError::Serialization(member))?;
        let pairs = pairs.iter().map(|(name, value)| {
            let value = value.as_str().ok_or(KmsError::Serialization(member))?;
            Ok((name.clone(), value.to_owned()))
        });
        let pairs = pairs.collect::<Result<BTreeMap<_, _>, KmsError>>()?;
        let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > MOST_BYTES {
            return Err(KmsError::validation(format!("{member} must have at most {MOST_BYTES} bytes")));
        }
        Ok(Self(pairs))
    }

    /// The bytes that a cipher authenticates: each text behind its length, so that no two contexts are alike.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let texts = self.0.iter().flat_map(|(name, value)| [name, value]);
        texts.flat_map(|text| (text.len() as u64).to_be_bytes().into_iter().chain(text.bytes())).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encoded(context: Value) -> Vec<u8> {
        EncryptionContext::read(Some(&context), "EncryptionContext").unwrap().encoded()
    }

    #[test]
    fn contexts_that_only_read_alike_are_authenticated_as_different() {
        assert_eq!(encoded(json!({"a": "1", "b": "2"})), encoded(json!({"b": "2", "a": "1"})));
        for other in
            [json!({"a": "1b2"}), json!({"a": "1", "b2": ""}), json!({"a1": "", "b": "2"}), json!({})]
        {
            assert_ne!(encoded(json!({"a": "1", "b": "2"})), encoded(other));
        }
    }

    #[test]
    fn a_context_of_more_than_8192_bytes_is_refused() {
        let read = |bytes: usize| {
            EncryptionContext::read(Some(&json!({"a": "x".repeat(bytes - 1)})), "EncryptionContext").is_ok()
        };
        assert!(read(MOST_BYTES));
        assert!(!read(MOST_BYTES + 1));
    }
}
