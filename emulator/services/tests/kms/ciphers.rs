//! Encrypt, Decrypt and ReEncrypt.

use super::*;

#[tokio::test]
async fn what_is_encrypted_is_decrypted_with_and_without_the_name_of_its_key() {
    let world = World::start().await;
    let key = world.key().await;
    world.kms.create_alias().alias_name("alias/k").target_key_id(&key).send().await.unwrap();
    let encrypt = world.kms.encrypt().key_id("alias/k").plaintext(Blob::new("text"));
    let sealed = encrypt.encryption_context("purpose", "test").send().await.unwrap();
    assert_eq!(sealed.key_id.as_deref(), Some(key.as_str()));
    assert_eq!(sealed.encryption_algorithm.unwrap().as_str(), "SYMMETRIC_DEFAULT");
    let blob = sealed.ciphertext_blob.unwrap();
    let alias_arn = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/k");
    for named in [None, Some(id_of(&key)), Some(&key), Some("alias/k"), Some(&alias_arn)] {
        let decrypt = world.kms.decrypt().set_key_id(named.map(str::to_owned)).ciphertext_blob(blob.clone());
        let opened = decrypt.encryption_context("purpose", "test").send().await.unwrap();
        assert_eq!(opened.plaintext.unwrap().as_ref(), b"text");
        assert_eq!(opened.key_id.as_deref(), Some(key.as_str()), "{named:?}");
        assert_eq!(opened.key_material_id, current_material(&world, &key).await);
    }
}

#[tokio::test]
async fn a_ciphertext_opens_with_its_own_context_only() {
    let world = World::start().await;
    let key = world.key().await;
    let encrypt = world.kms.encrypt().key_id(&key).plaintext(Blob::new("text"));
    let blob = encrypt.encryption_context("a", "1,b=2").send().await.unwrap().ciphertext_blob.unwrap();
    let open = || world.kms.decrypt().key_id(&key).ciphertext_blob(blob.clone());
    assert!(open().encryption_context("a", "1,b=2").send().await.is_ok());
    for wrong in [
        open(),
        open().encryption_context("a", "1"),
        open().encryption_context("A", "1,b=2"),
        open().encryption_context("a", "1").encryption_context("b", "2"),
        open().encryption_context("a", "1,b=2").encryption_context("c", "3"),
    ] {
        assert_eq!(code(wrong.send().await), "InvalidCiphertextException");
    }
}

#[tokio::test]
async fn a_ciphertext_opens_only_whole_and_with_its_own_key() {
    let world = World::start().await;
    let (key, other) = (world.key().await, world.key().await);
    let blob = world.encrypted(&key, b"text").await;
    let open = |key: Option<&str>, blob: Blob| {
        world.kms.decrypt().set_key_id(key.map(str::to_owned)).ciphertext_blob(blob).send()
    };
    assert_eq!(code(open(Some(&other), blob.clone()).await), "IncorrectKeyException");
    let mut altered = blob.clone().into_inner();
    *altered.last_mut().unwrap() ^= 1;
    for named in [None, Some(key.as_str())] {
        assert_eq!(code(open(named, Blob::new(altered.clone())).await), "InvalidCiphertextException");
        assert_eq!(code(open(named, Blob::new([1, 2, 3])).await), "InvalidCiphertextException");
    }
}

#[tokio::test]
async fn re_encrypting_moves_a_ciphertext_to_another_key_and_context() {
    let world = World::start().await;
    let (old, new) = (world.key().await, world.key().await);
    let encrypt = world.kms.encrypt().key_id(&old).plaintext(Blob::new("text"));
    let blob = encrypt.encryption_context("at", "old").send().await.unwrap().ciphertext_blob.unwrap();
    for source in [None, Some(old.clone())] {
        let moved = world.kms.re_encrypt().set_source_key_id(source).ciphertext_blob(blob.clone());
        let moved = moved.source_encryption_context("at", "old").destination_key_id(&new);
        let moved = moved.destination_encryption_context("at", "new").send().await.unwrap();
        assert_eq!((moved.source_key_id.as_ref(), moved.key_id.as_ref()), (Some(&old), Some(&new)));
        assert_eq!(moved.source_key_material_id, current_material(&world, &old).await);
        assert_eq!(moved.destination_key_material_id, current_material(&world, &new).await);
        let open = world.kms.decrypt().key_id(&new).ciphertext_blob(moved.ciphertext_blob.unwrap());
        let opened = open.encryption_context("at", "new").send().await.unwrap();
        assert_eq!(opened.plaintext.unwrap().as_ref(), b"text");
    }
}

#[tokio::test]
async fn plaintexts_of_1_to_4096_bytes_are_encrypted() {
    let world = World::start().await;
    let key = world.key().await;
    for (bytes, fits) in [(0, false), (1, true), (4096, true), (4097, false)] {
        let encrypt = world.kms.encrypt().key_id(&key).plaintext(Blob::new(vec![7; bytes])).send().await;
        if fits {
            let blob = encrypt.unwrap().ciphertext_blob.unwrap();
            let opened = world.kms.decrypt().ciphertext_blob(blob).send().await.unwrap();
            assert_eq!(opened.plaintext.unwrap().as_ref().len(), bytes);
        } else {
            assert_eq!(code(encrypt), "ValidationException", "{bytes}");
        }
    }
}

async fn current_material(world: &World, key: &str) -> Option<String> {
    let described = world.kms.describe_key().key_id(key).send().await.unwrap();
    let material = described.key_metadata.unwrap().current_key_material_id;
    assert!(material.is_some());
    material
}
