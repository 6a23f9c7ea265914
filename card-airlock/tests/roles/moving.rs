//! Whoever moves cards: to another key, and in from another table.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{ReturnValue, TransactWriteItem, Update};
use aws_sdk_kms::primitives::Blob as KmsBlob;
use serde_json::{Value, json};
use test_support::tables::{AUDIT, ORDERS, QUARANTINE, VAULT};

use super::{
    PREVIOUS_KEY, SAMPLE_KEY, TEMPLATE, b, context, decrypt, generate, is_denied, make_table, s, world::World,
};

#[tokio::test]
async fn rewrap_moves_data_keys_one_way_and_neither_opens_nor_sees_a_card() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("RewrapRole"), world.kms("RewrapRole"));
    let [quarantine, vault] = world.keys();
    for key in [&quarantine, &vault, PREVIOUS_KEY] {
        for context in [context("quarantine", "key-batch"), context("vault", "token")] {
            assert!(is_denied(&decrypt(&kms, key, &context).await), "{key} {context:?}");
            assert!(is_denied(&generate(&kms, key, &context).await), "{key} {context:?}");
        }
        assert!(is_denied(&kms.describe_key().key_id(key).send().await));
    }
    let right = context("vault", "token");
    let moved = async |from: &str, to: &str, contexts: [&HashMap<String, String>; 2]| {
        let [of_source, of_destination] = contexts.map(|context| Some(context.clone()));
        let asked =
            kms.re_encrypt().ciphertext_blob(KmsBlob::new([0])).source_key_id(from).destination_key_id(to);
        let asked = asked.set_source_encryption_context(of_source);
        asked.set_destination_encryption_context(of_destination).send().await
    };
    // The blob is none, but that is found out only by who may ask.
    assert!(!is_denied(&moved(PREVIOUS_KEY, &vault, [&right, &right]).await));
    for (from, to) in [
        (vault.as_str(), PREVIOUS_KEY),
        (&vault, &vault),
        (PREVIOUS_KEY, PREVIOUS_KEY),
        (PREVIOUS_KEY, &quarantine),
        (&quarantine, &vault),
    ] {
        assert!(is_denied(&moved(from, to, [&right, &right]).await), "{from} {to}");
    }
    for wrong in [
        context("quarantine", "token"),
        context("vault", "key-batch"),
        HashMap::from([("purpose".into(), "vault".into())]),
        HashMap::from([("token".into(), "1".into())]),
        right.clone().into_iter().chain([("more".into(), "1".into())]).collect(),
        HashMap::new(),
    ] {
        for contexts in [[&wrong, &right], [&right, &wrong]] {
            assert!(is_denied(&moved(PREVIOUS_KEY, &vault, contexts).await), "{contexts:?}");
        }
    }

    let scan = || dynamodb.scan().table_name(VAULT);
    assert!(scan().projection_expression("Hash_Key, Account_Id, DataKey, KeyMaterial").send().await.is_ok());
    assert!(is_denied(&scan().send().await), "no projection is every attribute");
    assert!(is_denied(&scan().projection_expression("CandidateString").send().await));
    let filtered =
        scan().projection_expression("Hash_Key").filter_expression("attribute_exists(CandidateString)");
    assert!(is_denied(&filtered.send().await));
    for table in [QUARANTINE, ORDERS, AUDIT] {
        assert!(is_denied(&dynamodb.scan().table_name(table).projection_expression("DataKey").send().await));
    }
    let key = [("Hash_Key", s("1")), ("Account_Id", s("1"))];
    let key = || Some(key.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect());
    let update = |expression: &str| {
        let update = dynamodb.update_item().table_name(VAULT).set_key(key()).update_expression(expression);
        update.expression_attribute_values(":v", b()).condition_expression("DataKey = :v")
    };
    assert!(!is_denied(&update("SET DataKey = :v").send().await));
    for expression in
        ["SET CandidateString = :v", "SET ExpiresAt = :v", "SET DataKey = :v REMOVE CandidateString"]
    {
        assert!(is_denied(&update(expression).send().await), "{expression}");
    }
    assert!(is_denied(&update("SET DataKey = :v").return_values(ReturnValue::AllOld).send().await));
    assert!(is_denied(&dynamodb.get_item().table_name(VAULT).set_key(key()).send().await));
    assert!(is_denied(&dynamodb.delete_item().table_name(VAULT).set_key(key()).send().await));
    assert!(is_denied(&dynamodb.put_item().table_name(VAULT).set_item(key()).send().await));
}

#[tokio::test]
async fn rewrap_needs_both_keys_policies() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let operator = world.kms("operator");
    let [_, vault] = world.keys();
    world.tokenize_as_before("old").await;
    let left = async || {
        let asked = json!({ "action": "verify" }).to_string().into_bytes();
        let answer = world.stack.function("RewrapFunction").unwrap();
        answer.invoke(asked, world.time.now() + Duration::from_secs(900)).await
    };
    for (key, sid) in [(PREVIOUS_KEY, "RewrapMovesKeysAway"), (vault.as_str(), "RewrapMovesKeysHere")] {
        let whole = operator.get_key_policy().key_id(key).send().await.unwrap().policy.unwrap();
        let mut document: Value = serde_json::from_str(&whole).unwrap();
        let statements = document["Statement"].as_array_mut().unwrap();
        let before = statements.len();
        statements.retain(|statement| statement["Sid"] != sid);
        assert_eq!(statements.len() + 1, before, "{key}");
        operator.put_key_policy().key_id(key).policy(document.to_string()).send().await.unwrap();
        assert!(left().await.is_err(), "{sid}");
        operator.put_key_policy().key_id(key).policy(whole).send().await.unwrap();
        let answer: Value = serde_json::from_slice(&left().await.unwrap()).unwrap();
        assert_eq!(answer["left"], 1, "{answer}");
    }
}

#[tokio::test]
async fn import_can_only_put_in_opens_the_samples_vault_alone_and_of_its_source_writes_two_attributes() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("ImportRole"), world.kms("ImportRole"));
    let operator = world.dynamodb("operator");
    make_table(&operator, "Legacy", &["Id", "Line"]).await;
    make_table(&operator, "Buyers", &["Id"]).await;
    make_table(&operator, "Others", &["Id"]).await;
    let [quarantine, vault] = world.keys();
    for context in [context("quarantine", "key-batch"), context("vault", "token")] {
        for key in [quarantine.as_str(), &vault, SAMPLE_KEY] {
            assert!(is_denied(&decrypt(&kms, key, &context).await), "{context:?}");
        }
        assert!(is_denied(&generate(&kms, SAMPLE_KEY, &context).await), "{context:?}");
    }
    assert!(generate(&kms, &quarantine, &context("quarantine", "key-batch")).await.is_ok());
    assert!(generate(&kms, &vault, &context("vault", "token")).await.is_ok());
    assert!(is_denied(&generate(&kms, &quarantine, &context("vault", "token")).await));
    assert!(is_denied(&generate(&kms, &vault, &context("quarantine", "key-batch")).await));

    // Of the sample's vault it reads rows, and opens them in their own context alone.
    let mut of_sample: HashMap<_, _> =
        ["*amzn-ddb-env-alg*", "*amzn-ddb-sig-alg*", "*aws-kms-table*", "Hash_Key", "Account_Id"]
            .map(|name| (name.to_owned(), "x".to_owned()))
            .into();
    assert!(is_denied(&decrypt(&kms, SAMPLE_KEY, &of_sample).await), "rows of another table");
    of_sample.insert("*aws-kms-table*".to_owned(), "CreditCardTokenizerTable".to_owned());
    assert!(!is_denied(&decrypt(&kms, SAMPLE_KEY, &of_sample).await));
    assert!(is_denied(&decrypt(&kms, &vault, &of_sample).await));
    of_sample.insert("purpose".to_owned(), "vault".to_owned());
    assert!(is_denied(&decrypt(&kms, SAMPLE_KEY, &of_sample).await));
    of_sample.retain(|name, _| !["purpose", "Hash_Key"].contains(&name.as_str()));
    assert!(is_denied(&decrypt(&kms, SAMPLE_KEY, &of_sample).await));
    make_table(&operator, "SampleVault", &["Hash_Key", "Account_Id"]).await;
    assert!(dynamodb.scan().table_name("SampleVault").send().await.is_ok());
    let row = || Some(HashMap::from([("Hash_Key".to_owned(), s("1")), ("Account_Id".to_owned(), s("1"))]));
    assert!(is_denied(&dynamodb.put_item().table_name("SampleVault").set_item(row()).send().await));
    assert!(is_denied(&dynamodb.delete_item().table_name("SampleVault").set_key(row()).send().await));
    assert!(is_denied(&dynamodb.update_item().table_name("SampleVault").set_key(row()).send().await));

    let scan = |table: &str| dynamodb.scan().table_name(table);
    assert!(scan("Legacy").projection_expression("Id, Line, Card, CardAirlockMark").send().await.is_ok());
    assert!(is_denied(&scan("Legacy").send().await), "no projection is every attribute");
    assert!(is_denied(&scan("Legacy").projection_expression("Password").send().await));
    for table in ["Others", "Buyers", VAULT, ORDERS, QUARANTINE, AUDIT] {
        assert!(is_denied(&scan(table).projection_expression("Id").send().await), "{table}");
    }
    let update = |expression: &str| {
        let update = Update::builder().table_name("Legacy").key("Id", s("1")).key("Line", s("a"));
        let update = update.update_expression(expression).expression_attribute_values(":v", s("x"));
        let update = TransactWriteItem::builder().update(update.build().unwrap()).build();
        dynamodb.transact_write_items().transact_items(update)
    };
    assert!(!is_denied(&update("SET Card = :v REMOVE CardAirlockMark").send().await));
    for expression in ["SET OrderNo = :v", "SET Client = :v", "SET Card = :v REMOVE Cents"] {
        assert!(is_denied(&update(expression).send().await), "{expression}");
    }
    // It marks no row without the order that the mark speaks of, and puts no order in without the mark.
    let alone = dynamodb.update_item().table_name("Legacy").key("Id", s("1")).key("Line", s("a"));
    let alone = alone.update_expression("SET Card = :v").expression_attribute_values(":v", s("x"));
    assert!(is_denied(&alone.send().await));
    let alone = dynamodb.put_item().table_name(QUARANTINE).item("CustomerOrder", s("1"));
    assert!(is_denied(&alone.send().await));
    let key = || Some(HashMap::from([("Id".to_owned(), s("1")), ("Line".to_owned(), s("a"))]));
    assert!(is_denied(&dynamodb.delete_item().table_name("Legacy").set_key(key()).send().await));
    assert!(is_denied(&dynamodb.put_item().table_name("Legacy").set_item(key()).send().await));
    let owner = || dynamodb.get_item().table_name("Buyers").key("Id", s("1"));
    assert!(is_denied(&owner().send().await));
    assert!(is_denied(&owner().projection_expression("Phone").send().await));

    let read = || dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&read().projection_expression("SealedCard").send().await));
    let clean = || dynamodb.get_item().table_name(ORDERS).key("CustomerOrder", s("1"));
    assert!(clean().projection_expression("AcceptanceId").send().await.is_ok());
    assert!(is_denied(&clean().projection_expression("PaymentStatus").send().await));
    for table in [VAULT, ORDERS, AUDIT] {
        assert!(is_denied(&dynamodb.put_item().table_name(table).item("CustomerOrder", s("1")).send().await));
    }
    let change = dynamodb.update_item().table_name(ORDERS).key("CustomerOrder", s("1"));
    let change = change.update_expression("SET AcceptanceId = :v").expression_attribute_values(":v", s("x"));
    assert!(is_denied(&change.send().await));
}
