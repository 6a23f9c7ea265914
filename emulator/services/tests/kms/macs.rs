//! GenerateMac and VerifyMac.

use aws_lc_rs::hmac;
use aws_sdk_kms::types::MacAlgorithmSpec;

use super::*;

#[tokio::test]
async fn a_mac_is_verified_for_its_own_message_and_key_only() {
    let world = World::start().await;
    let (key, other) = (world.mac_key().await, world.mac_key().await);
    let generate = world.kms.generate_mac().key_id(&key).message(Blob::new("message"));
    let made = generate.mac_algorithm(MacAlgorithmSpec::HmacSha256).send().await.unwrap();
    let mac = made.mac.unwrap();
    assert_eq!((made.key_id.as_deref(), mac.as_ref().len()), (Some(key.as_str()), 32));
    let verify = |key: &str, message: &str, mac: Blob| {
        let verify = world.kms.verify_mac().key_id(key).message(Blob::new(message)).mac(mac);
        verify.mac_algorithm(MacAlgorithmSpec::HmacSha256).send()
    };
    assert!(verify(&key, "message", mac.clone()).await.unwrap().mac_valid);
    let mut altered = mac.clone().into_inner();
    altered[0] ^= 1;
    for wrong in [
        verify(&other, "message", mac.clone()).await,
        verify(&key, "another", mac).await,
        verify(&key, "message", Blob::new(altered)).await,
    ] {
        assert_eq!(code(wrong), "KMSInvalidMacException");
    }
}

#[tokio::test]
async fn each_hash_has_its_key_and_algorithm() {
    let world = World::start().await;
    for (spec, algorithm, hash) in [
        (KeySpec::Hmac224, MacAlgorithmSpec::HmacSha224, hmac::HMAC_SHA224),
        (KeySpec::Hmac256, MacAlgorithmSpec::HmacSha256, hmac::HMAC_SHA256),
        (KeySpec::Hmac384, MacAlgorithmSpec::HmacSha384, hmac::HMAC_SHA384),
        (KeySpec::Hmac512, MacAlgorithmSpec::HmacSha512, hmac::HMAC_SHA512),
    ] {
        let made = world.kms.create_key().key_spec(spec.clone()).key_usage(KeyUsageType::GenerateVerifyMac);
        let made = made.send().await.unwrap().key_metadata.unwrap();
        assert_eq!((made.key_spec, made.mac_algorithms), (Some(spec), Some(vec![algorithm.clone()])));
        let generate = world.kms.generate_mac().key_id(made.key_id).message(Blob::new("m"));
        let mac = generate.mac_algorithm(algorithm).send().await.unwrap().mac.unwrap();
        assert_eq!(mac.as_ref().len(), hash.tag_len());
    }
}

#[tokio::test]
async fn a_key_makes_macs_of_its_own_kind_only() {
    let world = World::start().await;
    let (mac_key, key) = (world.mac_key().await, world.key().await);
    for (key, algorithm, expected) in [
        (&mac_key, MacAlgorithmSpec::HmacSha512, "InvalidKeyUsageException"),
        (&key, MacAlgorithmSpec::HmacSha256, "InvalidKeyUsageException"),
        (&mac_key, MacAlgorithmSpec::from("HMAC_MD5"), "ValidationException"),
    ] {
        let generate = world.kms.generate_mac().key_id(key).message(Blob::new("m"));
        assert_eq!(code(generate.mac_algorithm(algorithm.clone()).send().await), expected);
        let verify = world.kms.verify_mac().key_id(key).message(Blob::new("m")).mac(Blob::new("mac"));
        assert_eq!(code(verify.mac_algorithm(algorithm).send().await), expected);
    }
    for (bytes, fits) in [(0, false), (4096, true), (4097, false)] {
        let generate = world.kms.generate_mac().key_id(&mac_key).message(Blob::new(vec![1; bytes]));
        let made = generate.mac_algorithm(MacAlgorithmSpec::HmacSha256).send().await;
        assert!(if fits { made.is_ok() } else { code(made) == "ValidationException" }, "{bytes}");
    }
}
