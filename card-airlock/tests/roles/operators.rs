//! What people may do.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use card_airlock::functions;
use test_support::tables::{AUDIT, ORDERS, QUARANTINE, VAULT, WITNESS};

use super::{ROLES, TEMPLATE, context, decrypt, generate, is_denied, s, world::World};

#[tokio::test]
async fn operators_see_no_card_no_token_and_no_customer_and_change_nothing_but_what_they_settle() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let [quarantine, vault] = world.keys();
    for operator in ["OperatorRead", "OperatorAudit", "OperatorReplay", "OperatorRewrap", "OperatorSettle"] {
        let verifies = operator == "OperatorAudit";
        let (dynamodb, kms) = (world.dynamodb(operator), world.kms(operator));
        for (key, context) in
            [(&quarantine, context("quarantine", "key-batch")), (&vault, context("vault", "token"))]
        {
            assert!(is_denied(&decrypt(&kms, key, &context).await), "{operator}");
            assert!(is_denied(&generate(&kms, key, &context).await), "{operator}");
            assert!(is_denied(&kms.disable_key().key_id(key).send().await), "{operator}");
            assert!(kms.describe_key().key_id(key).send().await.is_ok(), "{operator}");
        }
        for (table, hidden) in [
            (QUARANTINE, "SealedCard"),
            (QUARANTINE, "DataKey"),
            (QUARANTINE, "CustomerName"),
            (QUARANTINE, "Address"),
            (QUARANTINE, "CardLast4"),
            (ORDERS, "CustomerName"),
            (ORDERS, "Address"),
            (ORDERS, "CreditCardToken"),
            (ORDERS, "CardLast4"),
            (AUDIT, "CreditCardToken"),
            (VAULT, "CandidateString"),
            (VAULT, "Hash_Key"),
        ] {
            let scan = || dynamodb.scan().table_name(table);
            if verifies && table == AUDIT {
                assert!(scan().send().await.is_ok(), "a digest is of the whole item");
                continue;
            }
            assert!(is_denied(&scan().projection_expression(hidden).send().await), "{operator} {hidden}");
            assert!(is_denied(&scan().send().await), "{operator} {table}: no projection is every attribute");
            let probing = scan().projection_expression("CustomerOrder");
            let probing = probing.filter_expression(format!("attribute_exists({hidden})"));
            assert!(is_denied(&probing.send().await), "{operator} {hidden}");
        }
        let chain = dynamodb.query().table_name(WITNESS).key_condition_expression("Chain = :chain");
        let chain = chain.expression_attribute_values(":chain", s("00")).send().await;
        assert_eq!(is_denied(&chain), !verifies, "{operator}");
        let key = HashMap::from([("CustomerOrder".to_owned(), s("1"))]);
        for table in [QUARANTINE, ORDERS, AUDIT, WITNESS] {
            let (delete, put) =
                (dynamodb.delete_item().table_name(table), dynamodb.put_item().table_name(table));
            assert!(is_denied(&delete.set_key(Some(key.clone())).send().await), "{operator}");
            assert!(is_denied(&put.set_item(Some(key.clone())).send().await), "{operator}");
        }
        let sqs = world.sqs(operator);
        let receive = sqs.receive_message().queue_url(&world.queue).send().await;
        assert_eq!(receive.unwrap_err().raw_response().map(|r| r.status().as_u16()), Some(403), "{operator}");
    }
}

#[tokio::test]
async fn only_who_settles_writes_and_only_payments_and_only_together_with_the_audit() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let update = |expression: &str| {
        let update = Update::builder().table_name(ORDERS).key("CustomerOrder", s("1"));
        let update = update.update_expression(expression).expression_attribute_values(":v", s("x"));
        TransactWriteItem::builder().update(update.build().unwrap()).build()
    };
    let item = |more: &str| {
        let item = [("Principal", s("me")), ("At", s("now")), (more, s("x"))];
        let item = item.map(|(name, value)| (name.to_owned(), value));
        let put = Put::builder().table_name(AUDIT).set_item(Some(item.into()));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let transact = async |operator: &str, action: TransactWriteItem| {
        world.dynamodb(operator).transact_write_items().transact_items(action).send().await
    };
    assert!(transact("OperatorSettle", update("SET PaymentStatus = :v")).await.is_ok());
    assert!(transact("OperatorSettle", item("Purpose")).await.is_ok());
    for price in ["OrderAmount", "CreditCardToken", "CustomerName", "PaymentHistory", "HardDeclines", "Owner"]
    {
        assert!(
            is_denied(&transact("OperatorSettle", update(&format!("SET {price} = :v"))).await),
            "{price}"
        );
    }
    for fact in ["CreditCardToken", "Uses", "ExpiresAt"] {
        assert!(is_denied(&transact("OperatorSettle", item(fact)).await), "{fact}");
    }
    let alone =
        world.dynamodb("OperatorSettle").update_item().table_name(ORDERS).key("CustomerOrder", s("1"));
    let alone = alone.update_expression("SET PaymentStatus = :v").expression_attribute_values(":v", s("x"));
    assert!(is_denied(&alone.send().await));
    let delete = Delete::builder().table_name(AUDIT).key("Principal", s("me")).key("At", s("now"));
    let delete = TransactWriteItem::builder().delete(delete.build().unwrap()).build();
    assert!(is_denied(&transact("OperatorSettle", delete).await));
    for operator in ["OperatorRead", "OperatorAudit", "OperatorReplay", "OperatorRewrap"] {
        assert!(is_denied(&transact(operator, update("SET PaymentStatus = :v")).await), "{operator}");
        assert!(is_denied(&transact(operator, item("Purpose")).await), "{operator}");
    }
    // Only who replays runs the replay function, only who moves data keys the one for that, and nobody another one.
    for (operator, may) in [
        ("OperatorRead", None),
        ("OperatorAudit", None),
        ("OperatorReplay", Some("ReplayFunction")),
        ("OperatorRewrap", Some("RewrapFunction")),
        ("OperatorSettle", None),
    ] {
        let lambda = aws_sdk_lambda::Client::new(&functions::sdk_config(&world.stack.aws_url(), operator));
        for (function, event) in [
            ("ReplayFunction", r#"{"action":"sweep","dryRun":true}"#),
            ("RewrapFunction", r#"{"action":"count"}"#),
            ("PaybillFunction", "{}"),
        ] {
            let invoke = lambda.invoke().function_name(format!("card-airlock-{function}"));
            let event = aws_sdk_lambda::primitives::Blob::new(event);
            let outcome = world.while_time_passes(invoke.payload(event).send()).await;
            assert_eq!(!is_denied(&outcome), may == Some(function), "{operator} {function}");
        }
    }
}

#[tokio::test]
async fn an_unknown_caller_is_the_operator_who_uses_no_envelope_key_until_unknown_callers_are_denied() {
    let world = World::spawn(TEMPLATE).await.unwrap();
    let (dynamodb, kms) = (world.dynamodb("operator"), world.kms("operator"));
    let [quarantine, vault] = world.keys();
    assert!(dynamodb.scan().table_name(VAULT).send().await.is_ok());
    for (key, context) in
        [(&quarantine, context("quarantine", "key-batch")), (&vault, context("vault", "token"))]
    {
        assert!(kms.describe_key().key_id(key).send().await.is_ok());
        assert!(is_denied(&generate(&kms, key, &context).await));
        assert!(is_denied(&decrypt(&kms, key, &context).await));
    }
    world.stack.aws().deny_unknown_callers();
    assert!(is_denied(&dynamodb.scan().table_name(VAULT).send().await));
    assert!(is_denied(&kms.describe_key().key_id(&vault).send().await));
    assert!(is_denied(&world.sqs("operator").list_queues().send().await));
    for role in ROLES {
        assert!(is_denied(&world.dynamodb(&role.to_lowercase()).list_tables().send().await));
    }
}
