//! Who takes a card out, the audit of it, and who bears witness to the audit.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, PutRequest, ReturnValue, TransactWriteItem, Update, WriteRequest,
};
use card_airlock::functions;
use test_support::tables::{AUDIT, CARD_KEYS, ORDERS, QUARANTINE, VAULT, WITNESS};

use super::{ROLES, TEMPLATE, context, decrypt, generate, is_denied, n, s, world::World};

#[tokio::test]
async fn paybill_writes_neither_the_vault_nor_what_an_order_is() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("PaybillRole"), world.kms("PaybillRole"));
    let put = dynamodb.put_item().table_name(VAULT).item("Hash_Key", s("1")).item("Account_Id", s("1"));
    assert!(is_denied(&put.send().await));
    let delete = dynamodb.delete_item().table_name(VAULT).key("Hash_Key", s("1")).key("Account_Id", s("1"));
    assert!(is_denied(&delete.send().await));
    let update = || {
        let update = dynamodb.update_item().table_name(ORDERS).key("CustomerOrder", s("1"));
        update.expression_attribute_values(":t", s("x"))
    };
    assert!(is_denied(&update().update_expression("SET CreditCardToken = :t").send().await));
    let hidden =
        update().update_expression("SET #p = :t").expression_attribute_names("#p", "CreditCardToken");
    assert!(is_denied(&hidden.send().await));
    let end = update().update_expression("SET CardExpiresAt = :t");
    assert!(is_denied(&end.send().await));
    // What an order costs it may read, and neither write nor compare.
    for price in ["OrderAmount", "OrderCurrency"] {
        assert!(is_denied(&update().update_expression(format!("SET {price} = :t")).send().await));
        let comparing = update().update_expression("SET PaymentId = :t");
        assert!(is_denied(&comparing.condition_expression(format!("{price} = :t")).send().await));
    }
    let asking = update().update_expression("SET PaymentId = :t").return_values(ReturnValue::AllNew);
    assert!(is_denied(&asking.send().await));
    let read = dynamodb.get_item().table_name(QUARANTINE).key("CustomerOrder", s("1"));
    assert!(is_denied(&read.projection_expression("SealedCard").send().await));
    let [quarantine, vault] = world.keys();
    assert!(is_denied(&decrypt(&kms, &quarantine, &context("quarantine", "key-batch")).await));
    assert!(is_denied(&generate(&kms, &vault, &context("vault", "token")).await));
}

#[tokio::test]
async fn paybill_adds_to_the_audit_and_can_neither_read_nor_remove_nor_rewrite_what_is_there() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let dynamodb = world.dynamodb("PaybillRole");
    let key = || HashMap::from([("Principal".to_owned(), s("ann")), ("At".to_owned(), s("now"))]);
    let update = |expression: &str| {
        let update = Update::builder().table_name(AUDIT).set_key(Some(key())).update_expression(expression);
        update.expression_attribute_values(":v", n(1)).build().unwrap()
    };
    let put = |more: &str| {
        let item = key().into_iter().chain([(more.to_owned(), s("x"))]).collect();
        Put::builder().table_name(AUDIT).set_item(Some(item)).build().unwrap()
    };
    let transact =
        async |action: TransactWriteItem| dynamodb.transact_write_items().transact_items(action).send().await;
    let action = TransactWriteItem::builder;
    // In a transaction, it counts and it adds.
    assert!(transact(action().update(update("ADD Uses :v")).build()).await.is_ok());
    assert!(transact(action().put(put("Purpose")).build()).await.is_ok());

    // An end is a counter's alone, and the facts are an audit item's.
    for denied in [
        action().update(update("SET Purpose = :v")).build(),
        action().update(update("SET CustomerOrder = :v")).build(),
        action().put(put("ExpiresAt")).build(),
        action().put(put("Uses")).build(),
        action().delete(Delete::builder().table_name(AUDIT).set_key(Some(key())).build().unwrap()).build(),
        action()
            .condition_check(
                ConditionCheck::builder()
                    .table_name(AUDIT)
                    .set_key(Some(key()))
                    .condition_expression("attribute_exists(Purpose)")
                    .build()
                    .unwrap(),
            )
            .build(),
    ] {
        assert!(is_denied(&transact(denied.clone()).await), "{denied:?}");
    }

    // Alone, nothing at all.
    let alone =
        dynamodb.update_item().table_name(AUDIT).set_key(Some(key())).update_expression("ADD Uses :v");
    assert!(is_denied(&alone.expression_attribute_values(":v", n(1)).send().await));
    let alone = put("Purpose").item;
    assert!(is_denied(&dynamodb.put_item().table_name(AUDIT).set_item(Some(alone.clone())).send().await));
    let batch = PutRequest::builder().set_item(Some(alone)).build().unwrap();
    let batch = WriteRequest::builder().put_request(batch).build();
    assert!(is_denied(&dynamodb.batch_write_item().request_items(AUDIT, vec![batch]).send().await));
    assert!(is_denied(&dynamodb.delete_item().table_name(AUDIT).set_key(Some(key())).send().await));
    let get = || dynamodb.get_item().table_name(AUDIT).set_key(Some(key()));
    assert!(is_denied(&get().send().await));
    assert!(is_denied(&get().projection_expression("Principal").send().await));
    let query = dynamodb.query().table_name(AUDIT).key_condition_expression("Principal = :v");
    assert!(is_denied(&query.expression_attribute_values(":v", s("ann")).send().await));
    assert!(is_denied(&dynamodb.scan().table_name(AUDIT).projection_expression("Principal").send().await));
    for role in ["IngestRole", "TokenizeWorkerRole", "ReplayRole"] {
        let put = TransactWriteItem::builder().put(put("Purpose")).build();
        let outcome = world.dynamodb(role).transact_write_items().transact_items(put).send().await;
        assert!(is_denied(&outcome), "{role}");
    }
}

/// Whoever writes the audit cannot reach what bears witness to it.
#[tokio::test]
async fn only_the_witness_reaches_the_chains_and_it_can_only_add_to_them() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let link = || HashMap::from([("Chain".to_owned(), s("00")), ("Number".to_owned(), n(1))]);
    let logs = &world.stack.declared.outputs["WitnessFunctionName"].value.replace("Function", "Logs");
    for role in ROLES {
        let dynamodb = world.dynamodb(role);
        let is_witness = role == "WitnessRole";
        let put = dynamodb.put_item().table_name(WITNESS).set_item(Some(link())).send().await;
        assert_eq!(is_denied(&put), !is_witness, "{role}");
        let query = dynamodb.query().table_name(WITNESS).key_condition_expression("Chain = :chain");
        let query = query.expression_attribute_values(":chain", s("00")).send().await;
        assert_eq!(is_denied(&query), !is_witness, "{role}");
        let get = dynamodb.get_item().table_name(WITNESS).set_key(Some(link())).send().await;
        let scan = dynamodb.scan().table_name(WITNESS).send().await;
        let delete = dynamodb.delete_item().table_name(WITNESS).set_key(Some(link())).send().await;
        let update = dynamodb.update_item().table_name(WITNESS).set_key(Some(link()));
        let update = update.update_expression("SET Version = :one").expression_attribute_values(":one", n(1));
        assert!(is_denied(&get) && is_denied(&scan) && is_denied(&delete), "{role}");
        assert!(is_denied(&update.send().await), "{role}");
        let put = Put::builder().table_name(WITNESS).set_item(Some(link()));
        let put = TransactWriteItem::builder().put(put.build().unwrap()).build();
        let transaction = dynamodb.transact_write_items().transact_items(put).send().await;
        assert_eq!(is_denied(&transaction), !is_witness, "{role}");
        let logs_of =
            aws_sdk_cloudwatchlogs::Client::new(&functions::sdk_config(&world.stack.aws_url(), role));
        let read = logs_of.filter_log_events().log_group_name(logs).send().await;
        assert!(is_denied(&read), "{role}");
        let stream = logs_of.create_log_stream().log_group_name(logs).log_stream_name("new");
        assert_eq!(is_denied(&stream.send().await), !is_witness, "{role}");
    }
    // An image of the row that was there would tell nobody else, but the witness needs none.
    let dynamodb = world.dynamodb("WitnessRole");
    let more = HashMap::from([("Other".to_owned(), n(1))]).into_iter().chain(link()).collect();
    let put = dynamodb.put_item().table_name(WITNESS).set_item(Some(more)).send().await;
    assert!(is_denied(&put), "an attribute that no link has");
    let put = dynamodb.put_item().table_name(WITNESS).set_item(Some(link()));
    let put = put.return_values(ReturnValue::AllOld).send().await;
    assert!(is_denied(&put));
    for table in [QUARANTINE, VAULT, ORDERS, AUDIT, CARD_KEYS] {
        assert!(is_denied(&dynamodb.scan().table_name(table).send().await), "{table}");
        let get = dynamodb.get_item().table_name(table).key("CustomerOrder", s("1")).send().await;
        assert!(is_denied(&get), "{table}");
    }
    let kms = world.kms("WitnessRole");
    for (key, context) in
        world.keys().iter().zip([context("quarantine", "key-batch"), context("vault", "token")])
    {
        assert!(
            is_denied(&decrypt(&kms, key, &context).await) && is_denied(&generate(&kms, key, &context).await)
        );
    }
}
