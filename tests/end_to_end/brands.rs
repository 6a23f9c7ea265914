//! A stored brand may be what an earlier issuers' table gave: releases with different tables work on the same rows.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::support::{ORDERS, QUARANTINE, World, order_of, text};

/// Of each line of the table that moved: a number of its first prefix, the first release's brand, today's.
const MOVED: [(&str, &str, &str); 15] = [
    ("6521000000000007", "discover", "rupay"),
    ("6522000000000006", "discover", "rupay"),
    ("4011780000000006", "visa", "elo"),
    ("5041750000000000", "maestro", "elo"),
    ("5067268650517446", "maestro", "elo"),
    ("5090510000414209", "maestro", "elo"),
    ("6277800000000006", "unionpay", "elo"),
    ("6362970000457013", "maestro", "elo"),
    ("6516539999924898", "discover", "elo"),
    ("6550049999924911", "discover", "elo"),
    ("6062826786276634", "rupay", "hipercard"),
    ("3841000000000007", "diners", "hipercard"),
    ("5060990580000217499", "maestro", "verve"),
    ("6500020000000000", "discover", "verve"),
    ("5019717010103742", "maestro", "dankort"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_card_of_an_old_ingest_crosses_a_new_worker_and_of_an_old_worker_is_paid_by_a_new_paybill() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for (number, first, now) in MOVED {
        let order = order_of(number_of(number).as_str(), number);
        let id = order["CustomerOrder"].as_str().unwrap();
        client.submit(&order).await.is(202);
        // What today's ingest claims is what the first one did, so that an old worker agrees too.
        let row = world.row(QUARANTINE, id).await.unwrap();
        assert_eq!(text(&row, "CardBrand"), first, "{now}");
        assert_eq!(world.deliver_last().await, None);
        let mut clean = world.row(ORDERS, id).await.unwrap();
        assert_eq!(text(&clean, "CardBrand"), now);
        assert_eq!(client.status(id).await.is(200).text("CardBrand"), now);
        // As an old worker writes it.
        clean.insert("CardBrand".into(), AttributeValue::S(first.into()));
        world.put(ORDERS, clean).await;
        assert_eq!(client.submit(&order).await.is(200).text("CardBrand"), first, "the same order, repeated");
        client.pay(id).await.is(200);
    }
    assert_eq!(world.sandbox.ledger().len(), MOVED.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_by_todays_table_crosses_too_and_its_order_is_the_same_as_one_by_the_first() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for (number, _, now) in MOVED {
        let order = order_of(number_of(number).as_str(), number);
        let id = order["CustomerOrder"].as_str().unwrap();
        client.submit(&order).await.is(202);
        let mut row = world.row(QUARANTINE, id).await.unwrap();
        row.insert("CardBrand".into(), AttributeValue::S(now.into()));
        world.put(QUARANTINE, row).await;
        client.submit(&order).await.is(202);
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(client.status(id).await.is(200).text("CardBrand"), now);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_acceptance_is_dropped_beside_a_clean_row_with_the_brand_of_an_earlier_table() {
    let world = World::stepped().await;
    let client = world.client("ann");
    let order = order_of("1", "6521000000000007");
    client.submit(&order).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    // A race: a second acceptance of the same order is in quarantine when the first one is across.
    let mut clean = world.row(ORDERS, "1").await.unwrap();
    let key = AttributeValue::S("1".into());
    world.dynamodb().delete_item().table_name(ORDERS).key("CustomerOrder", key).send().await.unwrap();
    client.submit(&order).await.is(202);
    clean.insert("CardBrand".into(), AttributeValue::S("discover".into()));
    world.put(ORDERS, clean).await;
    assert_eq!(world.deliver_last().await, None);
    assert!(world.row(QUARANTINE, "1").await.is_none(), "dropped, not parked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_that_no_version_of_the_table_gives_the_number_is_refused() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for (number, brand) in [("6011111111111117", "rupay"), ("4111111111111111", "elo")] {
        let id = number_of(number);
        client.submit(&order_of(&id, number)).await.is(202);
        assert_eq!(world.deliver_last().await, None);
        let mut clean = world.row(ORDERS, &id).await.unwrap();
        clean.insert("CardBrand".into(), AttributeValue::S(brand.into()));
        world.put(ORDERS, clean).await;
        assert!(client.pay(&id).await.status.is_server_error(), "{brand}");
    }
    assert!(world.sandbox.ledger().is_empty());
}

/// An order id of a card's own.
fn number_of(card: &str) -> String {
    format!("order-{}", &card[..8])
}
