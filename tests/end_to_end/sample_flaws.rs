//! What the AWS sample does wrong, by the numbers of its list, as far as running code can tell. Flaws of the template
//! alone (9, 10, 12) are looked for where the template is tested.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    leaks::{Cards, Searched},
    support::{Log, ORDERS, VAULT, World, order, order_of, text},
};

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_1_no_log_line_at_any_level_shows_the_card_of_an_order() {
    let log = Log::of_all_tests();
    let world = World::stepped().await;
    let client = world.client("ann");
    let card = Cards::random().mint();
    world.tokenized(&client, &order_of("logged", &card)).await;
    client.pay("logged").await.is(200);
    world.client("bob").submit(&order_of("logged", &card)).await.is(409);
    let lines = log.lines();
    for step in ["accepted", "tokenized", "detokenized", "settled"] {
        assert!(lines.contains(step), "{step}");
    }
    let mut searched = Searched::for_cards(&[card]);
    searched.bytes("the log", lines.as_bytes());
    assert_eq!(searched.found(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_2_a_payment_shows_a_mask_and_not_the_card() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let paid = client.pay("1").await.is(200).json;
    assert_eq!(paid["CreditCard Charged"], "****-****-****-1111");
    assert!(!paid.to_string().contains("11111"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_3_nobody_but_its_owner_sees_or_pays_an_order() {
    let world = World::stepped().await;
    world.tokenized(&world.client("ann"), &order("1")).await;
    let bob = world.client("bob");
    let unknown = bob.pay("2").await.is(404);
    let anns = bob.pay("1").await.is(404);
    assert_eq!((anns.code(), anns.text("message")), (unknown.code(), unknown.text("message")));
    bob.status("1").await.is(404);
    assert!(world.sandbox.ledger().is_empty());
    let calls = world.aws.calls();
    assert!(calls.iter().all(|call| call.role != "PaybillRole" || call.operation == "GetItem"));
    assert!(calls.iter().all(|call| call.role != "PaybillRole" || call.resources != [VAULT]));
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_4_an_order_sent_twice_is_not_overwritten_and_orphans_no_card() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let first = world.only_row(ORDERS).await;
    client.submit(&order("1")).await.is(200);
    client.submit(&order_of("1", "5555-5555-5555-4444")).await.is(409);
    world.deliver(&world.records()).await;
    assert_eq!(world.only_row(ORDERS).await, first);
    assert_eq!(text(&world.only_row(VAULT).await, "Hash_Key"), text(&first, "CreditCardToken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_5_a_card_enters_the_vault_with_its_order_or_not_at_all() {
    let world = World::stepped().await;
    let mut other = order("1");
    other["Address"] = "Reno".into();
    world.race(&order("1"), &other).await.is(202);
    let before = world.rows(VAULT).await;
    // The vault's condition holds, the clean table's does not.
    world.deliver_last().await;
    assert_eq!(world.rows(VAULT).await, before);
    for call in world.aws.calls().iter().filter(|call| call.resources.iter().any(|name| name == VAULT)) {
        let together =
            call.operation == "TransactWriteItems" && call.resources.iter().any(|name| name == ORDERS);
        assert!(together || call.role == "operator", "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_6_a_missing_or_numeric_card_is_refused_and_not_tokenized() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for card in [json!(null), json!(""), json!(0), json!(4_111_111_111_111_111_u64), json!(true), json!([])] {
        let mut order = order("1");
        order["CreditCard"] = card.clone();
        let status = client.submit(&order).await.status.as_u16();
        assert!([400, 422].contains(&status), "{card} {status}");
        order.as_object_mut().unwrap().remove("CreditCard");
        client.submit(&order).await.is(400);
    }
    assert_eq!(world.counts().await, [0, 0, 0]);
    assert!(world.records().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_7_an_unknown_order_is_a_404() {
    let world = World::stepped().await;
    let client = world.client("ann");
    assert_eq!(client.pay("unknown").await.is(404).code(), "ORDER_NOT_FOUND");
    assert_eq!(client.status("unknown").await.is(404).code(), "ORDER_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_8_no_role_may_both_seal_and_open_with_one_key() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    client.pay("1").await.is(200);
    let asked = |operation: &str| -> BTreeSet<(String, Vec<String>)> {
        let calls = world.aws.calls().into_iter().filter(|call| call.operation == operation);
        calls.map(|call| (call.role, call.resources)).collect()
    };
    let (sealed, opened) = (asked("GenerateDataKey"), asked("Decrypt"));
    assert_eq!((sealed.len(), opened.len()), (2, 2));
    assert!(sealed.is_disjoint(&opened));
    // And the keys' policies let none.
    for key in ["QuarantineKey", "VaultKey"] {
        let policy = &world.declared.properties(key).unwrap()["KeyPolicy"];
        let who_may = |action: &str| -> BTreeSet<String> {
            let statements = policy["Statement"].as_array().unwrap().iter();
            let allowing = statements.filter(|statement| statement["Effect"] == "Allow");
            allowing
                .filter(|statement| statement["Action"].to_string().contains(action))
                .map(|statement| statement["Principal"].to_string())
                .collect()
        };
        assert_eq!((who_may("kms:GenerateDataKey").len(), who_may("kms:Decrypt").len()), (1, 1), "{key}");
        assert!(who_may("kms:GenerateDataKey").is_disjoint(&who_may("kms:Decrypt")), "{key}");
        assert!(who_may("kms:*").is_empty() && who_may("kms:Encrypt").is_empty(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_flaw_11_clients_and_keys_are_made_once_and_not_for_every_request() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for id in 0..20 {
        client.submit(&order(&id.to_string())).await.is(202);
    }
    world.deliver(&world.records()).await;
    client.pay("1").await.is(200);
    let count = |role: &str, operation: &str| {
        let calls = world.aws.calls();
        calls.iter().filter(|call| call.role == role && call.operation == operation).count()
    };
    assert_eq!(count("IngestRole", "GenerateDataKey"), 1, "one data key serves a batch of orders");
    assert_eq!(count("TokenizeWorkerRole", "Decrypt"), 1);
    assert_eq!(count("TokenizeWorkerRole", "GenerateDataKey"), 20, "in the vault each card has its own");
    for role in ["IngestRole", "TokenizeWorkerRole", "PaybillRole"] {
        assert_eq!(count(role, "DescribeTable"), 0);
    }
    assert_eq!(
        count("PaybillRole", "GetItem"),
        3,
        "the order, its place in quarantine and the vault row, once each"
    );
}
