//! Whoever brings an order across, or its card out of the tables, or tells of it.

use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, ReturnValue, TransactWriteItem, builders::DeleteBuilder,
};
use aws_sdk_kms::primitives::Blob as KmsBlob;
use card_airlock::functions;
use order::{Event, EventBus, EventKind};
use serde_json::json;
use strum::VariantArray;
use test_support::tables::{AUDIT, ORDERS, QUARANTINE, VAULT};

use super::{ROLES, TEMPLATE, b, context, decrypt, generate, is_denied, s, world::World};

#[tokio::test]
async fn ingest_can_only_put_in() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("IngestRole"), world.kms("IngestRole"));
    let [quarantine, vault] = world.keys();
    for context in [context("quarantine", "key-batch"), context("vault", "token")] {
        for key in [&quarantine, &vault] {
            assert!(is_denied(&decrypt(&kms, key, &context).await), "{context:?}");
        }
    }
    let read = || dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&read().projection_expression("SealedCard").send().await));
    assert!(is_denied(
        &read().projection_expression("#a, DataKey").expression_attribute_names("#a", "Owner").send().await
    ));
    assert!(is_denied(&read().send().await), "no projection is every attribute");
    assert!(read().projection_expression("AcceptanceId").send().await.is_ok());
    let put = dynamodb.put_item().table_name(QUARANTINE).item("CustomerOrder", s("1"));
    assert!(is_denied(&put.return_values(ReturnValue::AllOld).send().await));
    assert!(is_denied(&dynamodb.put_item().table_name(ORDERS).item("CustomerOrder", s("1")).send().await));
    assert!(is_denied(
        &dynamodb.scan().table_name(QUARANTINE).projection_expression("AcceptanceId").send().await
    ));
    let send = world.sqs("IngestRole").send_message().queue_url(&world.queue).message_body("x").send().await;
    assert_eq!(send.unwrap_err().raw_response().map(|r| r.status().as_u16()), Some(403));
}

#[tokio::test]
async fn the_worker_can_only_pass_on() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("TokenizeWorkerRole"), world.kms("TokenizeWorkerRole"));
    let [quarantine, vault] = world.keys();
    let token = || dynamodb.get_item().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    assert!(is_denied(&token().send().await));
    assert!(is_denied(&token().projection_expression("CandidateString").send().await));
    assert!(is_denied(
        &dynamodb.delete_item().table_name(QUARANTINE).key("CustomerOrder", s("1")).send().await
    ));
    for table in [VAULT, ORDERS, QUARANTINE] {
        assert!(is_denied(&dynamodb.put_item().table_name(table).item("CustomerOrder", s("1")).send().await));
    }
    let park = dynamodb.update_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    let park = park.update_expression("SET FailureReason = :r").expression_attribute_values(":r", s("x"));
    assert!(is_denied(&park.clone().return_values(ReturnValue::AllOld).send().await));
    assert!(is_denied(&park.condition_expression("attribute_exists(Replaces)").send().await));
    // Of a clean order it may find out whether its card was forgotten, and nothing else.
    for (condition, may) in [
        ("attribute_exists(CardForgottenAt)", true),
        ("attribute_exists(#owner)", true),
        ("attribute_exists(PaymentStatus)", false),
        ("begins_with(CustomerName, :letter)", false),
    ] {
        let check = ConditionCheck::builder().table_name(ORDERS).key("CustomerOrder", s("1"));
        let check = check.condition_expression(condition);
        let check =
            if condition.contains('#') { check.expression_attribute_names("#owner", "Owner") } else { check };
        let check = if condition.contains(':') {
            check.expression_attribute_values(":letter", s("A"))
        } else {
            check
        };
        let check = TransactWriteItem::builder().condition_check(check.build().unwrap()).build();
        let outcome = dynamodb.transact_write_items().transact_items(check).send().await;
        assert_eq!(!is_denied(&outcome), may, "{condition}");
    }
    assert!(is_denied(&decrypt(&kms, &vault, &context("vault", "token")).await));
    assert!(is_denied(&generate(&kms, &quarantine, &context("quarantine", "key-batch")).await));
    assert!(is_denied(&world.dynamodb("TokenizeWorkerRole").scan().table_name(VAULT).send().await));
}

#[tokio::test]
async fn replay_touches_no_card() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("ReplayRole"), world.kms("ReplayRole"));
    let [quarantine, vault] = world.keys();
    for (key, context) in
        [(quarantine, context("quarantine", "key-batch")), (vault, context("vault", "token"))]
    {
        assert!(is_denied(&decrypt(&kms, &key, &context).await));
        assert!(is_denied(&generate(&kms, &key, &context).await));
        assert!(is_denied(&kms.describe_key().key_id(&key).send().await));
        let blob = KmsBlob::new([0]);
        let encrypt = kms.encrypt().key_id(&key).plaintext(blob.clone());
        assert!(is_denied(&encrypt.set_encryption_context(Some(context.clone())).send().await));
        assert!(is_denied(&kms.re_encrypt().ciphertext_blob(blob).destination_key_id(&key).send().await));
    }
    let scan = || dynamodb.scan().table_name(QUARANTINE);
    assert!(is_denied(&scan().send().await));
    assert!(is_denied(&scan().projection_expression("SealedCard").send().await));
    let filtered = scan().projection_expression("AcceptanceId");
    assert!(is_denied(&filtered.filter_expression("attribute_exists(SealedCard)").send().await));
    let update = dynamodb.update_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    let update = update.update_expression("REMOVE SealedCard").return_values(ReturnValue::AllOld);
    assert!(is_denied(&update.send().await));
    assert!(is_denied(&dynamodb.scan().table_name(VAULT).send().await));
}

#[tokio::test]
async fn forget_deletes_cards_in_transactions_only_and_sees_and_opens_none() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("ForgetRole"), world.kms("ForgetRole"));
    let [quarantine, vault] = world.keys();
    for (key, context) in
        [(quarantine, context("quarantine", "key-batch")), (vault, context("vault", "token"))]
    {
        assert!(is_denied(&decrypt(&kms, &key, &context).await));
        assert!(is_denied(&generate(&kms, &key, &context).await));
        assert!(is_denied(&kms.describe_key().key_id(&key).send().await));
    }
    let card = || dynamodb.get_item().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    assert!(is_denied(&card().send().await));
    assert!(is_denied(&card().projection_expression("Hash_Key").send().await));
    assert!(is_denied(&dynamodb.scan().table_name(VAULT).send().await));
    let delete = dynamodb.delete_item().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    assert!(is_denied(&delete.clone().send().await));
    assert!(is_denied(&delete.return_values(ReturnValue::AllOld).send().await));
    let delete = || Delete::builder().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    let transact = async |delete: DeleteBuilder| {
        let delete = vault::action(delete.build()).unwrap();
        dynamodb.transact_write_items().transact_items(delete).send().await
    };
    assert!(transact(delete()).await.is_ok());
    let probing = delete().condition_expression("begins_with(CandidateString, :b)");
    assert!(is_denied(&transact(probing.expression_attribute_values(":b", b())).await));
    let mark = dynamodb.update_item().table_name(ORDERS).key("CustomerOrder", s("1"));
    let mark = mark.update_expression("SET CardForgottenAt = :t").expression_attribute_values(":t", s("x"));
    assert!(is_denied(&mark.send().await));
    let read = dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&read.projection_expression("SealedCard").send().await));
    let update = dynamodb.update_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    let update = update.update_expression("REMOVE SealedCard").return_values(ReturnValue::AllOld);
    assert!(is_denied(&update.send().await));
    let row = dynamodb.delete_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&row.send().await));
}

#[tokio::test]
async fn each_event_is_put_by_the_one_role_that_knows_of_it() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let bus = &world.stack.declared.outputs["EventBusName"].value;
    for role in ROLES {
        let bus = EventBus::new(&functions::sdk_config(&world.stack.aws_url(), role), bus.clone());
        for &kind in EventKind::VARIANTS {
            let at = "2026-11-21T18:59:33.120Z";
            let event = json!({
                "Source": "card-airlock", "DetailType": kind, "Time": at, "Detail": {"At": at, "Status": "FAILED"},
            });
            let event: Event = serde_json::from_value(event).unwrap();
            let of_worker =
                matches!(kind, EventKind::OrderFailed | EventKind::OrderExpired | EventKind::CardNotReplaced);
            let may = role == if of_worker { "TokenizeWorkerRole" } else { "NotifyRole" };
            assert_eq!(bus.put(&[event]).await.is_ok(), may, "{role} {}", kind.word());
        }
    }
    // Nor does notify reach a table or a key.
    let (dynamodb, kms) = (world.dynamodb("NotifyRole"), world.kms("NotifyRole"));
    for table in [QUARANTINE, VAULT, ORDERS, AUDIT] {
        assert!(is_denied(&dynamodb.scan().table_name(table).send().await), "{table}");
    }
    for (key, context) in
        world.keys().iter().zip([context("quarantine", "key-batch"), context("vault", "token")])
    {
        assert!(
            is_denied(&decrypt(&kms, key, &context).await) && is_denied(&generate(&kms, key, &context).await)
        );
    }
}
