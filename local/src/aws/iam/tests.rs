//! How policies together decide.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    policy::Attached,
    rules::{Role, Rules},
    *,
};
use crate::aws::Service;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:q";
const ACCOUNT: &str = "arn:aws:iam::123456789012:root";
const ROLE: &str = "arn:aws:iam::123456789012:role/R";

/// The rules of one role, one key and one queue.
fn iam(of_role: Value, of_key: Value, of_queue: Value) -> Iam {
    let parse = |statements: Value, attached| {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        Policy::parse("P", &document, attached).unwrap()
    };
    let role = Role { arn: ROLE.to_owned(), policies: vec![parse(of_role, Attached::ToRole)] };
    let iam = Iam::default();
    iam.enforce(Rules {
        roles: BTreeMap::from([("R".to_owned(), role)]),
        keys: BTreeMap::from([(KEY.to_owned(), parse(of_key, Attached::ToResource))]),
        queues: vec![parse(of_queue, Attached::ToResource)],
    });
    iam
}

fn asks(iam: &Iam, caller: &str, service: Service, operation: &str, body: Value) -> bool {
    let request = Request { role: caller.to_owned(), ..Request::own(service, operation, body) };
    iam.authorize(&request).is_ok()
}

fn decrypts(iam: &Iam, caller: &str) -> bool {
    asks(iam, caller, Service::Kms, "Decrypt", json!({"KeyId": ID}))
}

fn statement(effect: &str, principal: Option<Value>, action: &str, resource: &str) -> Value {
    let mut statement = json!({"Effect": effect, "Action": action, "Resource": resource});
    if let Some(principal) = principal {
        statement["Principal"] = principal;
    }
    statement
}

#[test]
fn a_key_that_names_the_role_needs_nothing_of_the_roles_own_policies() {
    let direct = statement("Allow", Some(json!({"AWS": ROLE})), "kms:Decrypt", "*");
    let iam = iam(json!([]), json!([direct]), json!([]));
    assert!(decrypts(&iam, "R"));
    assert!(!asks(&iam, "R", Service::Kms, "Encrypt", json!({"KeyId": ID})));
    assert!(!decrypts(&iam, "operator"));
}

#[test]
fn a_roles_own_policy_is_not_enough_for_a_key_that_does_not_hand_the_matter_to_the_account() {
    let own = json!([statement("Allow", None, "kms:*", KEY)]);
    let handing_on = |action| json!([statement("Allow", Some(json!({"AWS": ACCOUNT})), action, "*")]);
    assert!(!decrypts(&iam(own.clone(), json!([]), json!([])), "R"));
    assert!(!decrypts(&iam(own.clone(), handing_on("kms:DescribeKey"), json!([])), "R"));
    assert!(decrypts(&iam(own, handing_on("kms:Decrypt"), json!([])), "R"));
    assert!(!decrypts(&iam(json!([]), handing_on("kms:Decrypt"), json!([])), "R"));
}

#[test]
fn an_explicit_denial_wins_wherever_it_stands() {
    let allow = statement("Allow", Some(json!({"AWS": ROLE})), "kms:*", "*");
    let deny_on_key = statement("Deny", Some(json!("*")), "kms:Decrypt", "*");
    let deny_on_role = statement("Deny", None, "kms:Dec*", "*");
    assert!(decrypts(&iam(json!([]), json!([allow]), json!([])), "R"));
    assert!(!decrypts(&iam(json!([]), json!([allow, deny_on_key]), json!([])), "R"));
    assert!(!decrypts(&iam(json!([deny_on_role]), json!([allow]), json!([])), "R"));
}

#[test]
fn the_operator_administers_a_key_and_does_not_use_it() {
    let administer = statement("Allow", Some(json!({"AWS": ACCOUNT})), "kms:Describe*", "*");
    let iam = iam(json!([]), json!([administer]), json!([]));
    assert!(asks(&iam, "operator", Service::Kms, "DescribeKey", json!({"KeyId": ID})));
    assert!(!asks(&iam, "R", Service::Kms, "DescribeKey", json!({"KeyId": ID})));
    for operation in ["Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
        for body in [
            json!({"KeyId": ID}),
            json!({"KeyId": KEY}),
            json!({"KeyId": KEY.replace("us-east-1", "eu-west-1")}),
            json!({"KeyId": "alias/vault"}),
            json!({"CiphertextBlob": "AAAA"}),
        ] {
            assert!(!asks(&iam, "operator", Service::Kms, operation, body));
        }
    }
    assert!(!asks(
        &iam,
        "operator",
        Service::Kms,
        "ReEncrypt",
        json!({"SourceKeyId": ID, "DestinationKeyId": "1"})
    ));
    assert!(asks(&iam, "operator", Service::Kms, "Decrypt", json!({"KeyId": "a-key-of-no-policy"})));
}

#[test]
fn the_operator_may_do_everything_else_until_unknown_callers_are_denied() {
    let iam = iam(json!([]), json!([]), json!([]));
    let scans = || asks(&iam, "operator", Service::DynamoDb, "Scan", json!({"TableName": "T"}));
    let states = || asks(&iam, "operator", Service::DynamoDb, "ExecuteStatement", json!({"Statement": "x"}));
    assert!(scans() && states());
    iam.deny_unknown();
    assert!(!scans() && !states());
    let denied: Vec<_> = iam.denials().into_iter().map(|denial| denial.action).collect();
    assert_eq!(denied, ["dynamodb:Scan", "dynamodb:ExecuteStatement"]);
}

#[test]
fn a_role_has_nothing_that_is_not_allowed_or_not_known() {
    let own = statement("Allow", None, "dynamodb:*", "arn:aws:dynamodb:us-east-1:123456789012:table/T");
    let iam = iam(json!([own]), json!([]), json!([]));
    assert!(asks(&iam, "R", Service::DynamoDb, "Scan", json!({"TableName": "T"})));
    assert!(!asks(&iam, "R", Service::DynamoDb, "Scan", json!({"TableName": "U"})));
    assert!(!asks(&iam, "R", Service::DynamoDb, "Scan", json!({"TableName": "T", "IndexName": "I"})));
    assert!(!asks(&iam, "R", Service::DynamoDb, "ExecuteStatement", json!({"Statement": "SELECT * FROM T"})));
    let both = json!({"TransactItems": [
        {"Put": {"TableName": "T", "Item": {}}}, {"Delete": {"TableName": "U", "Key": {}}},
    ]});
    assert!(!asks(&iam, "R", Service::DynamoDb, "TransactWriteItems", both));
}

#[test]
fn a_queues_policy_denies_and_allows_too() {
    let own = json!([statement("Allow", None, "sqs:SendMessage", QUEUE)]);
    let send = |iam: &Iam| asks(iam, "R", Service::Sqs, "SendMessage", json!({"QueueUrl": "http://h/1/q"}));
    let deny = |secure: &str| {
        let mut deny = statement("Deny", Some(json!("*")), "sqs:*", QUEUE);
        deny["Condition"] = json!({"Bool": {"aws:SecureTransport": secure}});
        json!([deny])
    };
    assert!(send(&iam(own.clone(), json!([]), deny("false"))));
    assert!(!send(&iam(own.clone(), json!([]), deny("true"))));
    assert!(!send(&iam(json!([]), json!([]), json!([]))));
    let named = statement("Allow", Some(json!({"AWS": ROLE})), "sqs:SendMessage", QUEUE);
    assert!(send(&iam(json!([]), json!([]), json!([named]))));
}

#[test]
fn what_allowed_a_call_is_remembered_value_by_value_and_a_denied_call_leaves_nothing() {
    let mut own = statement("Allow", None, "sqs:*", QUEUE);
    own["Sid"] = json!("Send");
    own["Action"] = json!(["sqs:SendMessage", "sqs:ReceiveMessage"]);
    let iam = iam(json!([own]), json!([]), json!([]));
    assert!(!asks(&iam, "R", Service::Sqs, "DeleteMessage", json!({"QueueUrl": "http://h/1/q"})));
    assert!(iam.used().is_empty());
    assert!(asks(&iam, "R", Service::Sqs, "SendMessage", json!({"QueueUrl": "http://h/1/q"})));
    let unused: Vec<_> =
        iam.declared().difference(&iam.used()).map(|element| element.value.clone()).collect();
    assert_eq!(unused, ["sqs:ReceiveMessage"]);
}
