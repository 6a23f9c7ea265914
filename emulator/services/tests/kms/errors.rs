//! The errors that AWS documents for many operations: each operation is asked for each of them.

use aws_sdk_kms::types::{DataKeyPairSpec, DataKeySpec, MacAlgorithmSpec};

use super::*;

/// An operation's error with a key named so; all else about the call is right.
macro_rules! operations {
    (($world:ident, $key:ident) $($name:literal => $call:expr;)*) => {
        const NAMES: &[&str] = &[$($name),*];

        async fn ask($world: &World, operation: &str, $key: &str) -> Option<String> {
            match operation {
                $($name => {
                    let answer = $call.send().await;
                    answer.is_err().then(|| code(answer))
                })*
                other => panic!("{other}"),
            }
        }
    };
}

operations! {
    (w, key)
    "CancelKeyDeletion" => w.kms.cancel_key_deletion().key_id(key);
    "CreateAlias" => w.kms.create_alias().alias_name("alias/new").target_key_id(key);
    "Decrypt" => w.kms.decrypt().key_id(key).ciphertext_blob(Blob::new("blob"));
    "DescribeKey" => w.kms.describe_key().key_id(key);
    "DisableKey" => w.kms.disable_key().key_id(key);
    "DisableKeyRotation" => w.kms.disable_key_rotation().key_id(key);
    "EnableKey" => w.kms.enable_key().key_id(key);
    "EnableKeyRotation" => w.kms.enable_key_rotation().key_id(key);
    "Encrypt" => w.kms.encrypt().key_id(key).plaintext(Blob::new("text"));
    "GenerateDataKey" => w.kms.generate_data_key().key_id(key).key_spec(DataKeySpec::Aes256);
    "GenerateDataKeyPair" =>
        w.kms.generate_data_key_pair().key_id(key).key_pair_spec(DataKeyPairSpec::EccNistP256);
    "GenerateDataKeyPairWithoutPlaintext" =>
        w.kms.generate_data_key_pair_without_plaintext().key_id(key).key_pair_spec(DataKeyPairSpec::EccNistP256);
    "GenerateDataKeyWithoutPlaintext" =>
        w.kms.generate_data_key_without_plaintext().key_id(key).key_spec(DataKeySpec::Aes256);
    "GenerateMac" => w.kms.generate_mac().key_id(key).message(Blob::new("m"))
        .mac_algorithm(MacAlgorithmSpec::HmacSha256);
    "GetKeyPolicy" => w.kms.get_key_policy().key_id(key);
    "GetKeyRotationStatus" => w.kms.get_key_rotation_status().key_id(key);
    "ListAliases" => w.kms.list_aliases().key_id(key);
    "ListKeyPolicies" => w.kms.list_key_policies().key_id(key);
    "ListKeyRotations" => w.kms.list_key_rotations().key_id(key);
    "PutKeyPolicy" => w.kms.put_key_policy().key_id(key).policy(standard_policy());
    "ReEncrypt" => w.kms.re_encrypt().ciphertext_blob(Blob::new("blob")).destination_key_id(key);
    "ReEncrypt from" => w.kms.re_encrypt().ciphertext_blob(Blob::new("blob")).source_key_id(key)
        .destination_key_id("alias/other");
    "RotateKeyOnDemand" => w.kms.rotate_key_on_demand().key_id(key);
    "ScheduleKeyDeletion" => w.kms.schedule_key_deletion().key_id(key);
    "UpdateAlias" => w.kms.update_alias().alias_name("alias/other").target_key_id(key);
    "VerifyMac" => w.kms.verify_mac().key_id(key).message(Blob::new("m")).mac(Blob::new("mac"))
        .mac_algorithm(MacAlgorithmSpec::HmacSha256);
}

/// Those that use a key, for which any name of it will do.
const USES: [&str; 11] = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "ReEncrypt from",
    "VerifyMac",
    "DescribeKey",
];

fn standard_policy() -> String {
    let root = json!({"Effect": "Allow", "Principal": {"AWS": root()}, "Action": "kms:*", "Resource": "*"});
    document(json!([root])).to_string()
}

/// With a second key, `alias/other`.
async fn world() -> World {
    let world = World::start().await;
    let other = world.key().await;
    world.kms.create_alias().alias_name("alias/other").target_key_id(other).send().await.unwrap();
    world
}

fn is_about_macs(operation: &str) -> bool {
    operation.ends_with("Mac")
}

/// A key that is right for the operation.
async fn key_for(world: &World, operation: &str) -> String {
    if is_about_macs(operation) { world.mac_key().await } else { world.key().await }
}

fn error(code: &str) -> Option<String> {
    Some(code.to_owned())
}

#[tokio::test]
async fn a_key_that_is_not_there_is_not_found() {
    let world = world().await;
    let id = "11111111-2222-4333-8444-555555555555";
    let there = world.key().await;
    for named in [
        id,
        &format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}"),
        "no-uuid",
        &id_of(&there).replace('-', ""),
        &there.replace("us-east-1", "eu-central-1"),
        &there.replace(ACCOUNT, "210987654321"),
        "alias/none",
    ] {
        for operation in NAMES {
            assert_eq!(
                ask(&world, operation, named).await,
                error("NotFoundException"),
                "{operation} {named}"
            );
        }
    }
}

#[tokio::test]
async fn an_arn_that_names_no_key_is_invalid() {
    let world = world().await;
    let id = "11111111-2222-4333-8444-555555555555";
    for named in [
        "arn:aws:kms",
        &format!("arn:aws:sqs:us-east-1:{ACCOUNT}:key/{id}"),
        &format!("arn:aws:kms:us-east-1:{ACCOUNT}:{id}"),
    ] {
        for operation in NAMES {
            assert_eq!(
                ask(&world, operation, named).await,
                error("InvalidArnException"),
                "{operation} {named}"
            );
        }
    }
}

#[tokio::test]
async fn a_name_of_no_or_too_many_characters_is_invalid() {
    let world = world().await;
    for named in ["", &"k".repeat(2049)] {
        for operation in NAMES {
            let expected = error("ValidationException");
            assert_eq!(ask(&world, operation, named).await, expected, "{operation} {}", named.len());
        }
    }
}

#[tokio::test]
async fn who_changes_a_key_names_it_by_its_id_or_arn() {
    let world = world().await;
    let arn = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/other");
    for operation in NAMES.iter().filter(|name| !USES.contains(name)) {
        assert_eq!(ask(&world, operation, "alias/other").await, error("NotFoundException"), "{operation}");
        assert_eq!(ask(&world, operation, &arn).await, error("InvalidArnException"), "{operation}");
    }
}

#[tokio::test]
async fn a_disabled_key_refuses_what_needs_an_enabled_one() {
    let world = world().await;
    for operation in NAMES {
        let key = key_for(&world, operation).await;
        world.disabled(&key).await;
        let expected = match *operation {
            "CancelKeyDeletion" => error("KMSInvalidStateException"),
            "DisableKeyRotation" | "EnableKeyRotation" | "RotateKeyOnDemand" => error("DisabledException"),
            "DescribeKey" => None,
            name if USES.contains(&name) => error("DisabledException"),
            _ => None,
        };
        assert_eq!(ask(&world, operation, &key).await, expected, "{operation}");
    }
}

#[tokio::test]
async fn a_key_that_waits_for_its_deletion_can_only_be_looked_at_and_kept() {
    let world = world().await;
    for operation in NAMES {
        let key = key_for(&world, operation).await;
        world.pending_deletion(&key).await;
        let expected = match *operation {
            "CancelKeyDeletion"
            | "DescribeKey"
            | "GetKeyPolicy"
            | "GetKeyRotationStatus"
            | "ListAliases"
            | "ListKeyPolicies"
            | "ListKeyRotations"
            | "PutKeyPolicy" => None,
            _ => error("KMSInvalidStateException"),
        };
        assert_eq!(ask(&world, operation, &key).await, expected, "{operation}");
    }
}

#[tokio::test]
async fn a_key_is_used_for_what_it_was_made_for() {
    let world = world().await;
    for operation in NAMES {
        let key = if is_about_macs(operation) { world.key().await } else { world.mac_key().await };
        let expected = match *operation {
            "DisableKeyRotation" | "EnableKeyRotation" | "RotateKeyOnDemand" | "ListKeyRotations" => {
                error("UnsupportedOperationException")
            }
            "DescribeKey" => None,
            "CancelKeyDeletion" => error("KMSInvalidStateException"),
            "UpdateAlias" => error("ValidationException"),
            name if USES.contains(&name) => error("InvalidKeyUsageException"),
            _ => None,
        };
        assert_eq!(ask(&world, operation, &key).await, expected, "{operation}");
    }
}

#[tokio::test]
async fn an_algorithm_of_other_keys_is_the_wrong_use() {
    use aws_sdk_kms::types::EncryptionAlgorithmSpec::RsaesOaepSha256 as Rsa;
    let world = world().await;
    let key = world.key().await;
    let blob = world.encrypted(&key, b"text").await;
    let encrypt = world.kms.encrypt().key_id(&key).plaintext(Blob::new("t")).encryption_algorithm(Rsa);
    assert_eq!(code(encrypt.send().await), "InvalidKeyUsageException");
    for named in [None, Some(key.clone())] {
        let decrypt = world.kms.decrypt().set_key_id(named.clone()).ciphertext_blob(blob.clone());
        assert_eq!(code(decrypt.encryption_algorithm(Rsa).send().await), "InvalidKeyUsageException");
        let moved = || world.kms.re_encrypt().ciphertext_blob(blob.clone()).destination_key_id(&key);
        let from = moved().set_source_key_id(named).source_encryption_algorithm(Rsa);
        assert_eq!(code(from.send().await), "InvalidKeyUsageException");
        let to = moved().destination_encryption_algorithm(Rsa);
        assert_eq!(code(to.send().await), "InvalidKeyUsageException");
    }
}

#[tokio::test]
async fn a_ciphertext_of_a_disabled_lost_or_other_key_does_not_open() {
    let world = world().await;
    let key = world.key().await;
    let blob = world.encrypted(&key, b"text").await;
    let open = || world.kms.decrypt().ciphertext_blob(blob.clone()).send();
    let moved = |source: Option<&str>| {
        let moved = world.kms.re_encrypt().ciphertext_blob(blob.clone()).destination_key_id("alias/other");
        moved.set_source_key_id(source.map(str::to_owned)).send()
    };
    assert_eq!(code(moved(Some("alias/other")).await), "IncorrectKeyException");
    let context = world.kms.re_encrypt().ciphertext_blob(blob.clone()).destination_key_id("alias/other");
    let context = context.source_encryption_context("a", "b").send().await;
    assert_eq!(code(context), "InvalidCiphertextException");
    world.disabled(&key).await;
    assert_eq!(code(open().await), "DisabledException");
    assert_eq!(code(moved(None).await), "DisabledException");
    world.pending_deletion(&key).await;
    assert_eq!(code(open().await), "KMSInvalidStateException");
    assert_eq!(code(moved(None).await), "KMSInvalidStateException");
    world.time.advance(DAY * 30);
    assert_eq!(code(open().await), "NotFoundException");
    assert_eq!(code(moved(None).await), "NotFoundException");
}

#[tokio::test]
async fn a_dry_run_of_what_would_succeed_says_so_and_a_grant_token_names_no_grant() {
    let world = world().await;
    let (key, mac_key) = (world.key().await, world.mac_key().await);
    let blob = world.encrypted(&key, b"text").await;
    let made = world.kms.generate_mac().key_id(&mac_key).message(Blob::new("m"));
    let mac = made.mac_algorithm(MacAlgorithmSpec::HmacSha256).send().await.unwrap().mac.unwrap();
    macro_rules! both {
        ($($call:expr),* $(,)?) => {$(
            assert_eq!(code($call.dry_run(true).send().await), "DryRunOperationException");
            assert_eq!(code($call.grant_tokens("token").send().await), "InvalidGrantTokenException");
        )*};
    }
    both!(
        world.kms.encrypt().key_id(&key).plaintext(Blob::new("text")),
        world.kms.decrypt().ciphertext_blob(blob.clone()),
        world.kms.re_encrypt().ciphertext_blob(blob.clone()).destination_key_id(&key),
        world.kms.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256),
        world.kms.generate_data_key_without_plaintext().key_id(&key).key_spec(DataKeySpec::Aes256),
        world.kms.generate_data_key_pair().key_id(&key).key_pair_spec(DataKeyPairSpec::EccNistP256),
        world
            .kms
            .generate_data_key_pair_without_plaintext()
            .key_id(&key)
            .key_pair_spec(DataKeyPairSpec::EccNistP256),
        world
            .kms
            .generate_mac()
            .key_id(&mac_key)
            .message(Blob::new("m"))
            .mac_algorithm(MacAlgorithmSpec::HmacSha256),
        world
            .kms
            .verify_mac()
            .key_id(&mac_key)
            .message(Blob::new("m"))
            .mac(mac.clone())
            .mac_algorithm(MacAlgorithmSpec::HmacSha256),
    );
    // A dry run of what would fail fails so.
    world.disabled(&key).await;
    let encrypt = world.kms.encrypt().key_id(&key).plaintext(Blob::new("text")).dry_run(true).send().await;
    assert_eq!(code(encrypt), "DisabledException");
    let described = world.kms.describe_key().key_id(&key).grant_tokens("token").send().await;
    assert_eq!(code(described), "InvalidGrantTokenException");
}

#[tokio::test]
async fn an_alias_is_there_once_or_not_at_all() {
    let world = world().await;
    let key = world.key().await;
    let create = world.kms.create_alias().alias_name("alias/other").target_key_id(&key).send().await;
    assert_eq!(code(create), "AlreadyExistsException");
    let update = world.kms.update_alias().alias_name("alias/none").target_key_id(&key).send().await;
    assert_eq!(code(update), "NotFoundException");
    assert_eq!(code(world.kms.delete_alias().alias_name("alias/none").send().await), "NotFoundException");
}

#[tokio::test]
async fn a_marker_that_is_none_is_invalid_in_every_list() {
    let world = world().await;
    let key = world.key().await;
    assert_eq!(code(world.kms.list_aliases().marker("#").send().await), "InvalidMarkerException");
    assert_eq!(code(world.kms.list_keys().marker("#").send().await), "InvalidMarkerException");
    assert_eq!(
        code(world.kms.list_key_policies().key_id(&key).marker("#").send().await),
        "InvalidMarkerException"
    );
    assert_eq!(
        code(world.kms.list_key_rotations().key_id(&key).marker("#").send().await),
        "InvalidMarkerException"
    );
}
