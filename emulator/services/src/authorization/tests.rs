//! What each service's calls need, and what the operator may do with the keys that have a policy.

use card_airlock_iam::{Iam, Policies};
use serde_json::json;

use super::*;
use crate::account::account;

fn needed(service: Service, operation: &str, body: Value) -> Vec<iam::Request> {
    permissions(&Request::own(service, operation, body), &account())
}

const ID: &str = "11111111-2222-4333-8444-555555555555";

#[test]
fn a_key_is_told_by_id_or_arn_and_not_by_alias_or_ciphertext() {
    let arn = format!("arn:aws:kms:us-east-1:123456789012:key/{ID}");
    for (body, resource) in [
        (json!({"KeyId": ID}), Some(arn.clone())),
        (json!({"KeyId": arn}), Some(arn.clone())),
        (json!({"KeyId": "alias/vault"}), None),
        (json!({"KeyId": "arn:aws:kms:us-east-1:123456789012:alias/vault"}), None),
        (json!({"CiphertextBlob": "AAAA"}), None),
    ] {
        assert_eq!(needed(Service::Kms, "Decrypt", body)[0].resource, resource);
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
fn re_encrypting_needs_both_keys() {
    let asked = needed(Service::Kms, "ReEncrypt", json!({"DestinationKeyId": ID}));
    let [from, to] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((from.action.as_str(), &from.resource), ("kms:ReEncryptFrom", &None));
    assert_eq!(to.action, "kms:ReEncryptTo");
    assert!(to.resource.is_some());
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
fn the_operator_does_not_use_a_key_with_a_policy_however_the_call_names_it() {
    let mut policies = Policies::new(&account().id);
    let key = account().arn("kms", &format!("key/{ID}"));
    let administer = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:Describe*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [administer]});
    policies.attach_to_key(&key, "K", &document).unwrap();
    let iam = Iam::default();
    iam.enforce(policies);
    let may = |operation: &str, body: Value| {
        iam.authorize("operator", permissions(&Request::own(Service::Kms, operation, body), &account()))
            .is_ok()
    };
    assert!(may("DescribeKey", json!({"KeyId": ID})));
    for operation in ["Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
        for body in [
            json!({"KeyId": ID}),
            json!({"KeyId": key}),
            json!({"KeyId": key.replace("us-east-1", "eu-west-1")}),
            json!({"KeyId": "alias/vault"}),
            json!({"CiphertextBlob": "AAAA"}),
        ] {
            assert!(!may(operation, body.clone()), "{operation} {body}");
        }
    }
    assert!(!may("ReEncrypt", json!({"SourceKeyId": ID, "DestinationKeyId": "1"})));
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
        iam.authorize("R", permissions(&Request::own(Service::DynamoDb, operation, body), &account())).is_ok()
    };
    assert!(may("Scan", json!({"TableName": "T"})));
    assert!(!may("Scan", json!({"TableName": "T", "IndexName": "I"})));
    let put = json!({"Put": {"TableName": "T", "Item": {}}});
    let delete = |table: &str| json!({"Delete": {"TableName": table, "Key": {}}});
    assert!(may("TransactWriteItems", json!({"TransactItems": [put, delete("T")]})));
    assert!(!may("TransactWriteItems", json!({"TransactItems": [put, delete("U")]})));
}
