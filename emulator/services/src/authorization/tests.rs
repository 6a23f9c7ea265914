//! What each service's calls need, and what the operator may do with the keys that have a policy.

use std::sync::Arc;

use card_airlock_iam::{Iam, Policies};
use clock::Clock;
use serde_json::{Value, json};

use super::*;
use crate::{account::account, keep::Store};

fn needed(service: Service, operation: &str, body: Value) -> Vec<iam::Request> {
    permissions(&Request::own(service, operation, body), &account(), &empty_kms(), None)
}

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn empty_kms() -> Kms {
    Kms::new(account(), Clock::system(), Arc::new(Iam::of_account(&account().id)), &Store::default()).unwrap()
}

/// A KMS with one key, that key's ARN, a name of it, and something that it encrypted.
fn kms_with_a_key() -> (Kms, String, &'static str, Value) {
    let kms = empty_kms();
    let ask = |operation: &str, body: Value| -> Value {
        let answer = kms.perform(&Request::own(Service::Kms, operation, body));
        serde_json::from_slice(&answer.body).unwrap()
    };
    let made = ask("CreateKey", json!({}));
    let arn = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    ask("CreateAlias", json!({"AliasName": "alias/vault", "TargetKeyId": arn}));
    let sealed = ask("Encrypt", json!({"KeyId": arn, "Plaintext": "AAAA"}))["CiphertextBlob"].clone();
    (kms, arn, "alias/vault", sealed)
}

#[test]
fn a_key_is_told_by_id_arn_alias_or_ciphertext() {
    let (kms, arn, alias, sealed) = kms_with_a_key();
    let asked = |operation: &str, body: Value| {
        permissions(&Request::own(Service::Kms, operation, body), &account(), &kms, None)
            .remove(0)
            .resource
            .unwrap()
    };
    let id = arn.rsplit('/').next().unwrap();
    let alias_arn = format!("arn:aws:kms:us-east-1:123456789012:{alias}");
    for named in [id, &arn, alias, &alias_arn] {
        assert_eq!(asked("Encrypt", json!({"KeyId": named})), arn, "{named}");
    }
    assert_eq!(asked("Decrypt", json!({"CiphertextBlob": sealed})), arn);
    // Who names a key is asked for that key, whatever the ciphertext says.
    let other = format!("arn:aws:kms:us-east-1:123456789012:key/{ID}");
    assert_eq!(asked("Decrypt", json!({"CiphertextBlob": sealed, "KeyId": ID})), other);
    for nothing in [json!({"CiphertextBlob": "AAAA"}), json!({"CiphertextBlob": 1}), json!({})] {
        assert_eq!(asked("Decrypt", nothing), "arn:aws:kms:us-east-1:123456789012:key/");
    }
}

#[test]
fn an_alias_needs_a_permission_of_its_own_and_one_of_each_key() {
    let (kms, arn, alias, _) = kms_with_a_key();
    let alias_arn = format!("arn:aws:kms:us-east-1:123456789012:{alias}");
    let other = format!("arn:aws:kms:us-east-1:123456789012:key/{ID}");
    for (operation, expected) in [
        ("CreateAlias", vec![&alias_arn, &other]),
        ("UpdateAlias", vec![&alias_arn, &arn, &other]),
        ("DeleteAlias", vec![&alias_arn, &arn]),
    ] {
        let body = json!({"AliasName": alias, "TargetKeyId": ID});
        let asked = permissions(&Request::own(Service::Kms, operation, body), &account(), &kms, None);
        let resources: Vec<_> = asked.iter().filter_map(|one| one.resource.as_ref()).collect();
        assert_eq!(resources, expected, "{operation}");
        assert!(asked.iter().all(|one| one.action == format!("kms:{operation}")));
    }
}

#[test]
fn a_secret_is_told_by_its_arn_only() {
    let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:processor-AbCdEf";
    for (id, resource) in [(arn, Some(arn)), ("processor", None)] {
        let asked = needed(Service::SecretsManager, "GetSecretValue", json!({ "SecretId": id }));
        assert_eq!(asked[0].action, "secretsmanager:GetSecretValue");
        assert_eq!(asked[0].resource.as_deref(), resource);
    }
}

#[test]
fn re_encrypting_needs_both_keys_with_the_context_of_each() {
    let (kms, arn, _, sealed) = kms_with_a_key();
    let body = json!({"CiphertextBlob": sealed, "DestinationKeyId": ID,
        "SourceEncryptionContext": {"purpose": "old"}, "DestinationEncryptionContext": {"purpose": "new"}});
    let asked = permissions(&Request::own(Service::Kms, "ReEncrypt", body), &account(), &kms, None);
    let [from, to] = asked.as_slice() else { panic!("{asked:?}") };
    let context = |purpose: &str| {
        let context = Context::default().with("kms:EncryptionContextKeys", ["purpose".to_owned()]);
        let context = context.with("kms:EncryptionContext:purpose", [purpose.to_owned()]);
        Some(context.with("aws:SecureTransport", ["true".to_owned()]))
    };
    assert_eq!((from.action.as_str(), from.resource.as_ref()), ("kms:ReEncryptFrom", Some(&arn)));
    assert_eq!(from.context, context("old"));
    assert_eq!(to.action, "kms:ReEncryptTo");
    assert!(to.resource.as_ref().is_some_and(|arn| arn.ends_with(ID)));
    assert_eq!(to.context, context("new"));
}

#[test]
fn a_pair_is_asked_for_by_its_spec() {
    for operation in ["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"] {
        let body = json!({"KeyId": ID, "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": {"kid": "1"}});
        let asked = needed(Service::Kms, operation, body);
        let [asked] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(asked.action, format!("kms:{operation}"));
        let context = Context::default().with("kms:EncryptionContextKeys", ["kid".to_owned()]);
        let context = context.with("kms:EncryptionContext:kid", ["1".to_owned()]);
        let context = context.with("kms:DataKeyPairSpec", ["ECC_NIST_P256".to_owned()]);
        assert_eq!(asked.context, Some(context.with("aws:SecureTransport", ["true".to_owned()])));
    }
}

#[test]
fn an_encryption_context_with_a_name_twice_or_a_value_that_is_no_text_cannot_be_told() {
    for context in [json!({"purpose": "a", "Purpose": "b"}), json!({"purpose": 1}), json!("purpose")] {
        let body = json!({"KeyId": ID, "EncryptionContext": context});
        assert_eq!(needed(Service::Kms, "Decrypt", body)[0].context, None);
    }
    let body = json!({"KeyId": ID, "EncryptionContext": {"purpose": "a"}});
    assert!(needed(Service::Kms, "Decrypt", body)[0].context.is_some());
}

#[test]
fn a_queue_is_told_by_its_url_and_a_batch_is_its_single_operation() {
    let url = json!({"QueueUrl": "http://127.0.0.1:4566/123456789012/dead"});
    let asked = needed(Service::Sqs, "SendMessageBatch", url);
    assert_eq!(asked[0].action, "sqs:SendMessage");
    assert_eq!(asked[0].resource.as_deref(), Some("arn:aws:sqs:us-east-1:123456789012:dead"));
}

#[test]
fn the_operator_does_not_use_a_key_whose_policy_does_not_let_it_however_the_call_names_it() {
    let (kms, arn, alias, sealed) = kms_with_a_key();
    let mut policies = Policies::new(&account().id);
    let administer = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:Describe*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [administer]});
    policies.attach_to_key(&arn, "K", &document).unwrap();
    let iam = Iam::default();
    iam.enforce(policies);
    let may = |operation: &str, body: Value| {
        let request = Request::own(Service::Kms, operation, body);
        iam.authorize("operator", permissions(&request, &account(), &kms, None)).is_ok()
    };
    let id = arn.rsplit('/').next().unwrap();
    assert!(may("DescribeKey", json!({"KeyId": id})));
    for operation in ["Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
        for named in [id, &arn, &arn.replace("us-east-1", "eu-west-1"), alias] {
            assert!(!may(operation, json!({"KeyId": named})), "{operation} {named}");
        }
    }
    assert!(!may("Decrypt", json!({"CiphertextBlob": sealed})));
    assert!(!may("ReEncrypt", json!({"CiphertextBlob": sealed, "DestinationKeyId": ID})));
    assert!(!may("ReEncrypt", json!({"SourceKeyId": ID, "DestinationKeyId": alias})));
    assert!(may("Decrypt", json!({"KeyId": "a-key-of-no-policy"})));
}

#[test]
fn an_index_and_each_table_of_a_transaction_need_permissions_of_their_own() {
    let mut policies = Policies::new(&account().id);
    policies.add_role("R", "arn:aws:iam::123456789012:role/R");
    let own =
        json!({"Effect": "Allow", "Action": "dynamodb:*", "Resource": dynamodb::table_arn("T", &account())});
    policies.attach_to_role("R", "P", &json!({"Version": "2012-10-17", "Statement": [own]})).unwrap();
    let iam = Iam::default();
    iam.enforce(policies);
    let may = |operation: &str, body: Value| {
        let request = Request::own(Service::DynamoDb, operation, body);
        iam.authorize("R", permissions(&request, &account(), &empty_kms(), None)).is_ok()
    };
    assert!(may("Scan", json!({"TableName": "T"})));
    assert!(!may("Scan", json!({"TableName": "T", "IndexName": "I"})));
    let put = json!({"Put": {"TableName": "T", "Item": {}}});
    let delete = |table: &str| json!({"Delete": {"TableName": table, "Key": {}}});
    assert!(may("TransactWriteItems", json!({"TransactItems": [put, delete("T")]})));
    assert!(!may("TransactWriteItems", json!({"TransactItems": [put, delete("U")]})));
}

#[test]
fn each_event_needs_its_bus_and_says_its_source_and_detail_type() {
    let arn = |bus: &str| Some(format!("arn:aws:events:us-east-1:123456789012:event-bus/{bus}"));
    let entries = json!([
        { "Source": "shop", "DetailType": "sold", "EventBusName": "a" },
        { "Source": "shop", "DetailType": "sent", "EventBusName": arn("b") },
        {},
    ]);
    let asked = needed(Service::EventBridge, "PutEvents", json!({ "Entries": entries }));
    assert!(asked.iter().all(|one| one.action == "events:PutEvents"));
    let buses: Vec<_> = asked.iter().map(|one| one.resource.clone()).collect();
    assert_eq!(buses, [arn("a"), arn("b"), arn("default")]);
    let says = |one: &iam::Request, detail_type: &str| {
        let said = Context::default()
            .with("events:source", ["shop".to_owned()])
            .with("events:detail-type", [detail_type.to_owned()])
            .with("aws:SecureTransport", ["true".to_owned()]);
        one.context == Some(said)
    };
    assert!(says(&asked[0], "sold") && says(&asked[1], "sent") && !says(&asked[0], "sent"));
    // Without an entry it is refused by EventBridge, and only to who may put events at all.
    let none = needed(Service::EventBridge, "PutEvents", json!({}));
    assert_eq!(none.iter().map(|one| one.resource.clone()).collect::<Vec<_>>(), [arn("default")]);
    let described = needed(Service::EventBridge, "DescribeEventBus", json!({ "Name": "a" }));
    assert_eq!(described[0].resource, arn("a"));
    let listed = needed(Service::EventBridge, "ListEventBuses", json!({}));
    assert_eq!(
        (listed[0].action.as_str(), listed[0].resource.as_deref()),
        ("events:ListEventBuses", Some("*"))
    );
}
