//! What is not seen through the SDK: the state on its own, and what AWS could not be asked.

use std::time::{Duration, SystemTime};

use card_airlock_iam::Policies;
use clock::TestClock;
use serde_json::json;

use super::{key::Key, *};
use crate::{account::account, keep::Keep, service::Service};

fn kms(clock: &TestClock) -> Kms {
    kms_keeping(clock, &Store::default())
}

fn kms_keeping(clock: &TestClock, store: &Store) -> Kms {
    Kms::new(account(), clock.clock(), Arc::new(Iam::of_account(&account().id)), store).unwrap()
}

fn ask(kms: &Kms, operation: &str, body: Value) -> Result<Value, KmsError> {
    kms.outcome(&Request::own(Service::Kms, operation, body))
}

#[test]
fn keys_stay_with_their_material_their_policy_and_their_names() {
    let folder = tempfile::tempdir().unwrap();
    Keep::make(folder.path()).unwrap();
    let store = || Keep::open(folder.path()).unwrap().store().clone();
    let clock = TestClock::running();
    let before = kms_keeping(&clock, &store());
    let made = ask(&before, "CreateKey", json!({"Description": "one"})).unwrap();
    let key = made["KeyMetadata"]["KeyId"].clone();
    ask(&before, "CreateAlias", json!({"AliasName": "alias/one", "TargetKeyId": key})).unwrap();
    ask(&before, "CreateAlias", json!({"AliasName": "alias/gone", "TargetKeyId": key})).unwrap();
    ask(&before, "DeleteAlias", json!({"AliasName": "alias/gone"})).unwrap();
    ask(&before, "EnableKeyRotation", json!({"KeyId": key})).unwrap();
    let sealed = ask(&before, "Encrypt", json!({"KeyId": key, "Plaintext": "AAAA"})).unwrap();
    ask(&before, "RotateKeyOnDemand", json!({"KeyId": key})).unwrap();
    ask(&before, "CreateKey", json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})).unwrap();
    let closed = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
        "Action": "kms:DescribeKey", "Resource": "*",
    }] });
    let put = json!({ "KeyId": key, "Policy": closed.to_string() });
    ask(&before, "PutKeyPolicy", put).unwrap();

    let after = kms_keeping(&clock, &store());
    after.enforce_shown();
    assert_eq!(*after.state.lock(), *before.state.lock());
    let blob = sealed["CiphertextBlob"].clone();
    let opened = ask(&after, "Decrypt", json!({"CiphertextBlob": blob, "KeyId": "alias/one"})).unwrap();
    assert_eq!(opened["Plaintext"], "AAAA");
    let arn = after.arn_of_named("alias/one");
    let may = |role: &str, kms: &Kms| {
        let request = card_airlock_iam::Request {
            action: "kms:Decrypt".to_owned(),
            resource: Some(arn.clone()),
            context: Some(card_airlock_iam::Context::default()),
        };
        kms.iam.authorize(role, [request]).is_ok()
    };
    for kms in [&before, &after] {
        assert!(!may("operator", kms), "the policy that was put is in force");
    }
}

#[test]
fn a_secret_does_not_show_in_debug() {
    let key = Key::generate(Uuid::new_v4(), spec::KeySpec::Symmetric, "", "{}", SystemTime::now()).unwrap();
    let written = serde_json::to_value(&key).unwrap()["materials"][0]["secret"].clone();
    let secret: Vec<u8> = serde_json::from_value(written).unwrap();
    assert_eq!(secret.len(), 32);
    let shown = format!("{key:?}");
    assert!(shown.contains(&key.materials[0].id) && !shown.contains(&format!("{secret:?}")), "{shown}");
}

#[test]
fn the_100000th_key_is_the_last() {
    let kms = kms(&TestClock::running());
    let one = Key::generate(Uuid::new_v4(), spec::KeySpec::Symmetric, "", "{}", SystemTime::now()).unwrap();
    for _ in 0..99_999 {
        let id = Uuid::new_v4();
        let mut another = one.clone();
        another.id = id;
        kms.state.lock().keys.insert(id, another);
    }
    assert!(ask(&kms, "CreateKey", json!({})).is_ok());
    assert_eq!(ask(&kms, "CreateKey", json!({})).unwrap_err().code(), "LimitExceededException");
}

#[test]
fn a_value_of_the_wrong_type_is_refused_and_not_shown() {
    let kms = kms(&TestClock::running());
    let key = ask(&kms, "CreateKey", json!({})).unwrap()["KeyMetadata"]["KeyId"].clone();
    for (operation, body) in [
        ("Encrypt", json!({"KeyId": 4_111_111, "Plaintext": "AAAA"})),
        ("Encrypt", json!({"KeyId": key, "Plaintext": "4111111#"})),
        ("Encrypt", json!({"KeyId": key, "Plaintext": "AAAA", "EncryptionContext": {"a": 4_111_111}})),
        ("Encrypt", json!({"KeyId": key, "Plaintext": "AAAA", "EncryptionContext": "4111111"})),
        ("Encrypt", json!({"KeyId": key, "Plaintext": "AAAA", "DryRun": "4111111"})),
        ("Encrypt", json!({"KeyId": key, "Plaintext": "AAAA", "GrantTokens": "4111111"})),
        ("GenerateDataKey", json!({"KeyId": key, "NumberOfBytes": "4111111"})),
    ] {
        let error = ask(&kms, operation, body.clone()).unwrap_err();
        assert_eq!(error.code(), "SerializationException", "{body}");
        assert!(!error.to_string().contains("4111111"), "{error}");
    }
}

#[test]
fn the_policy_of_a_key_that_is_gone_is_forgotten() {
    let clock = TestClock::running();
    let kms = kms(&clock);
    let key = ask(&kms, "CreateKey", json!({})).unwrap()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let request = card_airlock_iam::Request {
        action: "kms:Decrypt".to_owned(),
        resource: Some(key.clone()),
        context: Some(card_airlock_iam::Context::default()),
    };
    let mut policies = Policies::new(&account().id);
    policies.add_role("R", "arn:aws:iam::123456789012:role/R");
    kms.iam.enforce(policies);
    let direct = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/R"},
        "Action": "kms:Decrypt", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [direct]});
    ask(&kms, "PutKeyPolicy", json!({"KeyId": key, "Policy": document.to_string()})).unwrap();
    let may = || kms.iam.authorize("R", [request.clone()]).is_ok();
    assert!(may());
    ask(&kms, "ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7})).unwrap();
    clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(ask(&kms, "DescribeKey", json!({"KeyId": key})), Err(KmsError::NotFound));
    assert!(!may());
}
