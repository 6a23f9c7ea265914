//! Data keys: random bytes, in plaintext and wrapped.

use aws_lc_rs::rand;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{blob, error::KmsError, input::Input, turn::Turn};

pub(crate) const MEMBERS: &[&str] =
    &["DryRun", "EncryptionContext", "GrantTokens", "KeyId", "KeySpec", "NumberOfBytes"];

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
pub(crate) fn generate_data_key(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let (plaintext, mut answer) = generate(turn, input)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("Plaintext".to_owned(), BASE64_STANDARD.encode(plaintext).into());
    }
    Ok(answer)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html>
pub(crate) fn generate_data_key_without_plaintext(
    turn: &mut Turn<'_>,
    input: &Input<'_>,
) -> Result<Value, KmsError> {
    generate(turn, input).map(|(_, answer)| answer)
}

fn generate(turn: &Turn<'_>, input: &Input<'_>) -> Result<(Vec<u8>, Value), KmsError> {
    let mut plaintext = vec![0; length(input)?];
    let context = input.context("EncryptionContext")?;
    let key = turn.encrypting_key(input, "KeyId", "EncryptionAlgorithm")?;
    rand::fill(&mut plaintext)?;
    let answer = json!({
        "CiphertextBlob": BASE64_STANDARD.encode(blob::seal(key, &context, &plaintext)?),
        "KeyId": key.arn(turn.account),
        "KeyMaterialId": key.current()?.1.id,
    });
    Ok((plaintext, answer))
}

/// `KeySpec` or `NumberOfBytes`, one of the two.
fn length(input: &Input<'_>) -> Result<usize, KmsError> {
    match (input.text("KeySpec")?, input.number("NumberOfBytes", 1..=1024)?) {
        (Some("AES_256"), None) => Ok(32),
        (Some("AES_128"), None) => Ok(16),
        (Some(_), None) => Err(KmsError::validation("KeySpec must be AES_256 or AES_128")),
        (None, Some(bytes)) => usize::try_from(bytes).map_err(|_| KmsError::Internal),
        (Some(_), Some(_)) | (None, None) => {
            Err(KmsError::validation("either KeySpec or NumberOfBytes must be given, not both"))
        }
    }
}
