//! Data key pairs: real pairs on elliptic curves, the private half in plaintext and wrapped.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{blob, error::KmsError, input::Input, turn::Turn};

pub(crate) const MEMBERS: &[&str] = &["DryRun", "EncryptionContext", "GrantTokens", "KeyId", "KeyPairSpec"];

const CURVES: [(&str, &EcdsaSigningAlgorithm); 4] = [
    ("ECC_NIST_P256", &ECDSA_P256_SHA256_ASN1_SIGNING),
    ("ECC_NIST_P384", &ECDSA_P384_SHA384_ASN1_SIGNING),
    ("ECC_NIST_P521", &ECDSA_P521_SHA512_ASN1_SIGNING),
    ("ECC_SECG_P256K1", &ECDSA_P256K1_SHA256_ASN1_SIGNING),
];
const OF_AWS_ONLY: [&str; 5] = ["RSA_2048", "RSA_3072", "RSA_4096", "SM2", "ECC_NIST_EDWARDS25519"];

/// The private half is PKCS #8, the public half SubjectPublicKeyInfo, both in DER.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html>
pub(crate) fn generate_data_key_pair(turn: &mut Turn<'_>, input: &Input<'_>) -> Result<Value, KmsError> {
    let (private, mut answer) = generate(turn, input)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("PrivateKeyPlaintext".to_owned(), BASE64_STANDARD.encode(private).into());
    }
    Ok(answer)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html>
pub(crate) fn generate_data_key_pair_without_plaintext(
    turn: &mut Turn<'_>,
    input: &Input<'_>,
) -> Result<Value, KmsError> {
    generate(turn, input).map(|(_, answer)| answer)
}

fn generate(turn: &Turn<'_>, input: &Input<'_>) -> Result<(Vec<u8>, Value), KmsError> {
    let spec = input.required("KeyPairSpec")?;
    let (spec, curve) = match CURVES.iter().find(|(name, _)| *name == spec) {
        Some(found) => *found,
        None => {
            let known = OF_AWS_ONLY.iter().find(|name| **name == spec);
            let unknown = || KmsError::validation("KeyPairSpec must be the name of one");
            return Err(known
                .map_or_else(unknown, |name| KmsError::unsupported(format!("a pair of the spec {name}"))));
        }
    };
    let context = input.context("EncryptionContext")?;
    let key = turn.encrypting_key(input, "KeyId", "EncryptionAlgorithm")?;
    let pair = EcdsaKeyPair::generate(curve)?;
    let private = pair.to_pkcs8v1()?.as_ref().to_vec();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
    let answer = json!({
        "KeyId": key.arn(turn.account),
        "KeyMaterialId": key.current()?.1.id,
        "KeyPairSpec": spec,
        "PrivateKeyCiphertextBlob": BASE64_STANDARD.encode(blob::seal(key, &context, &private)?),
        "PublicKey": BASE64_STANDARD.encode(public.as_ref()),
    });
    Ok((private, answer))
}
