//! GenerateDataKey and GenerateDataKeyPair, with and without the plaintext.

use aws_lc_rs::{
    agreement,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
    },
};
use aws_sdk_kms::types::{DataKeyPairSpec, DataKeySpec};

use super::*;

#[tokio::test]
async fn a_data_key_is_as_long_as_asked_and_wrapped_with_its_context() {
    let world = World::start().await;
    let key = world.key().await;
    let generate = || world.kms.generate_data_key().key_id(&key).encryption_context("purpose", "test");
    for (request, bytes) in [
        (generate().key_spec(DataKeySpec::Aes256), 32),
        (generate().key_spec(DataKeySpec::Aes128), 16),
        (generate().number_of_bytes(1), 1),
        (generate().number_of_bytes(1024), 1024),
    ] {
        let made = request.send().await.unwrap();
        assert_eq!(made.plaintext.as_ref().unwrap().as_ref().len(), bytes);
        assert_eq!(made.key_id.as_deref(), Some(key.as_str()));
        let open = world.kms.decrypt().ciphertext_blob(made.ciphertext_blob.unwrap());
        let opened = open.encryption_context("purpose", "test").send().await.unwrap();
        assert_eq!((opened.plaintext, opened.key_material_id), (made.plaintext, made.key_material_id));
    }
    for wrong in [
        generate(),
        generate().number_of_bytes(0),
        generate().number_of_bytes(1025),
        generate().key_spec(DataKeySpec::from("AES_512")),
        generate().key_spec(DataKeySpec::Aes256).number_of_bytes(32),
    ] {
        assert_eq!(code(wrong.send().await), "ValidationException");
    }
}

#[tokio::test]
async fn two_data_keys_differ() {
    let world = World::start().await;
    let key = world.key().await;
    let make = || world.kms.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256).send();
    assert_ne!(make().await.unwrap().plaintext, make().await.unwrap().plaintext);
}

#[tokio::test]
async fn a_data_key_without_plaintext_comes_wrapped_only() {
    let world = World::start().await;
    let key = world.key().await;
    let generate = world.kms.generate_data_key_without_plaintext().key_id(&key);
    let made = generate.key_spec(DataKeySpec::Aes256).send().await.unwrap();
    let open = world.kms.decrypt().ciphertext_blob(made.ciphertext_blob.unwrap()).send().await.unwrap();
    assert_eq!(open.plaintext.unwrap().as_ref().len(), 32);
    assert_eq!(open.key_material_id, made.key_material_id);
}

#[tokio::test]
async fn the_halves_of_a_pair_belong_together() {
    let world = World::start().await;
    let key = world.key().await;
    let generate = world.kms.generate_data_key_pair().key_id(&key).encryption_context("kid", "1");
    let pair = generate.key_pair_spec(DataKeyPairSpec::EccNistP256).send().await.unwrap();
    let private = pair.private_key_plaintext.unwrap().into_inner();
    let signing = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &private).unwrap();
    let signature = signing.sign(&SystemRandom::new(), b"message").unwrap();
    let public = pair.public_key.unwrap().into_inner();
    let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &public).unwrap();
    public.verify_sig(b"message", signature.as_ref()).unwrap();
    assert!(public.verify_sig(b"another", signature.as_ref()).is_err());
    assert!(signing.public_key().as_ref().len() > 32);

    let open = world.kms.decrypt().ciphertext_blob(pair.private_key_ciphertext_blob.unwrap());
    let opened = open.encryption_context("kid", "1").send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap().as_ref(), private);
    assert_eq!(opened.key_material_id, pair.key_material_id);
    assert_eq!(pair.key_pair_spec, Some(DataKeyPairSpec::EccNistP256));
}

#[tokio::test]
async fn a_pair_without_plaintext_has_its_private_half_wrapped_only() {
    let world = World::start().await;
    let key = world.key().await;
    for spec in [DataKeyPairSpec::EccNistP384, DataKeyPairSpec::EccNistP521, DataKeyPairSpec::EccSecgP256K1] {
        let generate = world.kms.generate_data_key_pair_without_plaintext().key_id(&key);
        let pair = generate.key_pair_spec(spec.clone()).send().await.unwrap();
        assert_eq!(pair.key_pair_spec, Some(spec));
        assert!(pair.public_key.unwrap().as_ref().len() > 80);
        let blob = pair.private_key_ciphertext_blob.unwrap();
        assert!(world.kms.decrypt().ciphertext_blob(blob).send().await.is_ok());
    }
}

/// As card-airlock's own functions ask for one: the wrapped half opens under its context only, as PKCS #8 of P-256, and
/// agrees with the public half.
#[tokio::test]
async fn a_pair_of_p_256_without_plaintext_agrees_on_a_secret() {
    let world = World::start().await;
    let key = world.key().await;
    let generate = world.kms.generate_data_key_pair_without_plaintext().key_id(&key);
    let generate = generate.encryption_context("purpose", "card-key").encryption_context("kid", "1");
    let pair = generate.key_pair_spec(DataKeyPairSpec::EccNistP256).send().await.unwrap();
    let blob = pair.private_key_ciphertext_blob.unwrap();
    let open = || world.kms.decrypt().key_id(&key).ciphertext_blob(blob.clone());
    let wrong = open().encryption_context("purpose", "card-key").encryption_context("kid", "2");
    assert_eq!(code(wrong.send().await), "InvalidCiphertextException");
    let opened = open().encryption_context("purpose", "card-key").encryption_context("kid", "1");
    let private = opened.send().await.unwrap().plaintext.unwrap().into_inner();
    let private = agreement::PrivateKey::from_private_key_der(&agreement::ECDH_P256, &private).unwrap();
    let public = pair.public_key.unwrap().into_inner();
    assert_eq!(public.len(), 91, "SubjectPublicKeyInfo of an uncompressed point");
    assert!(public.ends_with(private.compute_public_key().unwrap().as_ref()));
}

#[tokio::test]
async fn a_pair_that_only_aws_makes_is_refused_by_name() {
    let world = World::start().await;
    let key = world.key().await;
    for (spec, expected) in [
        (DataKeyPairSpec::Rsa2048, "UnsupportedOperationException"),
        (DataKeyPairSpec::Sm2, "UnsupportedOperationException"),
        (DataKeyPairSpec::from("ODD"), "ValidationException"),
    ] {
        let generate = world.kms.generate_data_key_pair().key_id(&key).key_pair_spec(spec.clone());
        assert_eq!(code(generate.send().await), expected, "{spec}");
    }
}
