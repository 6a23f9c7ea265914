//! Another card for an order whose payment was declined goes through the same airlock as the first.

use paybill::Sandbox;
use serde_json::json;

use crate::support::{Client, Fault, ORDERS, QUARANTINE, Relay, VAULT, World, order_of, text};

const GOOD: &str = "5555-5555-5555-4444";
const OTHER: &str = "4111-1111-1111-1111";

/// Order 1, its card declined.
async fn declined() -> (World, Client) {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay_with("one", &json!({ "CustomerOrder": "1" })).await.is(402);
    (world, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_is_sealed_crosses_and_is_charged() {
    let (world, client) = declined().await;
    let before = world.only_row(ORDERS).await;
    let accepted = client.put_card("1", GOOD).await.is(202);
    assert!(accepted.header("location").ends_with("/order/1"));
    let repeated = client.put_card("1", GOOD).await.is(202);
    assert_eq!(repeated.text("AcceptanceId"), accepted.text("AcceptanceId"));
    assert_eq!(client.put_card("1", OTHER).await.is(409).code(), "CARD_CHANGING");
    let status = client.status("1").await.is(200);
    assert_eq!((status.text("Status"), status.text("CardReplacement")), ("TOKENIZED", "PENDING"));
    assert_eq!((status.text("PaymentStatus"), status.header("retry-after")), ("DECLINED", "1"));

    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    let after = world.only_row(ORDERS).await;
    assert_ne!(after["CreditCardToken"], before["CreditCardToken"]);
    assert_eq!(text(&world.only_row(VAULT).await, "Hash_Key"), text(&after, "CreditCardToken"));
    assert_eq!((text(&after, "CardLast4"), text(&after, "CardBrand")), ("4444", "mastercard"));
    assert_eq!(after["PaymentHistory"], before["PaymentHistory"]);
    assert_eq!(after["AcceptedAt"], before["AcceptedAt"]);
    let status = client.status("1").await.is(200);
    assert_eq!(status.text("CreditCard"), "****-****-****-4444");
    assert!(status.json.get("PaymentStatus").is_none() && status.json.get("CardReplacement").is_none());
    // A repeat of the client's whose answer was lost.
    client.put_card("1", GOOD).await.is(200);

    // The key of the declined attempt keeps its answer, also with the new card.
    let bill = json!({ "CustomerOrder": "1" });
    client.pay_with("one", &bill).await.is(402);
    assert_eq!(client.pay("1").await.is(200).text("CreditCard Charged"), "****-****-****-4444");
    assert_eq!(world.sandbox.ledger().len(), 2);
    assert_eq!(client.put_card("1", OTHER).await.is(409).code(), "PAYMENT_NOT_DECLINED");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_delivered_twice_or_late_changes_nothing_more() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let records = world.records();
    let last = &records[records.len() - 1..];
    let late = world.only_row(QUARANTINE).await;
    assert_eq!(world.deliver(last).await, None);
    let replaced = world.only_row(ORDERS).await;
    assert_eq!(world.deliver(last).await, None);
    // Ingest's put arrives once more, after the crossing.
    world.put(QUARANTINE, late).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    assert_eq!(world.only_row(ORDERS).await, replaced);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_of_any_call_replaces_the_card_once() {
    for (operation, nth) in [("GetItem", 0), ("GenerateDataKey", 0), ("GetItem", 1), ("PutItem", 0)] {
        for fault in [Fault::Lost, Fault::ReplyLost] {
            let (world, client) = declined().await;
            let relay = Relay::to(world.aws.url()).await;
            relay.strike_after(operation, nth, fault.clone(), 1);
            client.at(&world.front(relay.url()).await).put_card("1", GOOD).await.is(202);
            assert_eq!(relay.struck(), 1, "{operation} {nth} {fault:?}");
            let relay = Relay::to(world.aws.url()).await;
            relay.strike_after("TransactWriteItems", 0, fault, 1);
            let worker = world.worker(relay.url());
            let records = world.records();
            world.deliver_to(&worker, &records[records.len() - 1..]).await;
            world.deliver_last().await;
            assert_eq!(world.counts().await, [0, 1, 1]);
            client.pay("1").await.is(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_succeeds_meanwhile_makes_another_card_needless() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let mut row = world.only_row(ORDERS).await;
    row.insert("PaymentStatus".into(), aws_sdk_dynamodb::types::AttributeValue::S("SUBMITTED".into()));
    world.put(ORDERS, row.clone()).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.only_row(ORDERS).await, row);
    let parked = world.only_row(QUARANTINE).await;
    assert_eq!((text(&parked, "Status"), text(&parked, "FailureReason")), ("FAILED", "CARD_NOT_REPLACED"));
    assert_eq!(world.dead_letters()[0]["Reason"], "CARD_NOT_REPLACED");
    client.pay("1").await.is(200);
    assert_eq!(world.sandbox.ledger().len(), 1);
    assert_eq!(client.status("1").await.is(200).text("CardReplacement"), "FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_parks_another_card_which_is_sent_again_after_a_decline() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let declined = world.only_row(ORDERS).await;
    let mut claimed = declined.clone();
    claimed.insert("PaymentStatus".into(), aws_sdk_dynamodb::types::AttributeValue::S("SUBMITTING".into()));
    world.put(ORDERS, claimed).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(text(&world.only_row(QUARANTINE).await, "FailureReason"), "CARD_NOT_REPLACED");
    world.put(ORDERS, declined).await;
    client.put_card("1", GOOD).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(text(&world.only_row(ORDERS).await, "CardLast4"), "4444");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_attempt_waits_for_another_card_that_is_on_its_way() {
    let (world, client) = declined().await;
    client.put_card("1", GOOD).await.is(202);
    let bill = json!({ "CustomerOrder": "1" });
    let early = client.pay_with("two", &bill).await.is(409);
    assert_eq!((early.code(), early.header("retry-after")), ("CARD_CHANGING", "1"));
    client.pay_with("one", &bill).await.is(402);
    world.deliver_last().await;
    assert_eq!(client.pay_with("two", &bill).await.is(200).text("CreditCard Charged"), "****-****-****-4444");
    assert_eq!(world.sandbox.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_submission_sent_again_or_late_is_still_the_same_order() {
    let (world, client) = declined().await;
    let first = order_of("1", Sandbox::DECLINED);
    let late = {
        let record = world.records().into_iter().next().unwrap();
        let image = record["dynamodb"]["NewImage"].clone();
        assert!(image["SealedCard"].is_object());
        record
    };
    client.put_card("1", GOOD).await.is(202);
    world.deliver_last().await;
    assert_eq!(client.submit(&first).await.is(200).text("CreditCard"), "****-****-****-4444");
    let mut other = first.clone();
    other["Address"] = "Reno".into();
    client.submit(&other).await.is(409);
    // The first record once more: its order is across, though by another acceptance now.
    assert_eq!(world.deliver(&[late]).await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    assert!(world.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_of_billing_sends_another_card_for_its_owner() {
    let (world, client) = declined().await;
    world.clerk().put_card("1", GOOD).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_gets_a_retention_of_its_own() {
    let world = World::keeping_cards(1).await;
    let client = world.client("ann");
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay("1").await.is(402);
    let first = world.only_row(ORDERS).await["CardExpiresAt"].clone();
    world.advance(std::time::Duration::from_hours(12));
    let client = world.client("ann");
    client.put_card("1", GOOD).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    let (clean, vault) = (world.only_row(ORDERS).await, world.only_row(VAULT).await);
    assert_ne!(clean["CardExpiresAt"], first);
    assert_eq!(clean["CardExpiresAt"], vault["ExpiresAt"]);
    world.advance(std::time::Duration::from_hours(13));
    world.client("ann").pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_is_taken_from_its_owner_and_after_a_decline_only() {
    let (world, client) = declined().await;
    let bob = world.client("bob");
    let unknown = bob.put_card("2", GOOD).await.is(404);
    let anns = bob.put_card("1", GOOD).await.is(404);
    assert_eq!((anns.code(), anns.text("message")), (unknown.code(), unknown.text("message")));
    client.submit(&order_of("2", GOOD)).await.is(202);
    assert_eq!(client.put_card("2", OTHER).await.is(409).code(), "ORDER_NOT_TOKENIZED");
    world.deliver_last().await;
    assert_eq!(client.put_card("2", OTHER).await.is(409).code(), "PAYMENT_NOT_DECLINED");
    client.pay("2").await.is(200);
    assert_eq!(client.put_card("2", OTHER).await.is(409).code(), "PAYMENT_NOT_DECLINED");
    assert_eq!(client.put_card("1", "4111-1111-1111-1112").await.is(422).code(), "CARD_INVALID");
    assert_eq!(world.counts().await, [0, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_that_does_not_open_is_parked_and_the_order_stays_as_it_was() {
    let (world, client) = declined().await;
    let before = world.only_row(ORDERS).await;
    client.put_card("1", GOOD).await.is(202);
    world.alter_card().await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.only_row(ORDERS).await, before);
    assert_eq!(client.status("1").await.is(200).text("CardReplacement"), "FAILED");
    client.put_card("1", GOOD).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_made_to_replace_another_token_replaces_nothing() {
    let (world, client) = declined().await;
    let bobs = world.client("bob");
    world.tokenized(&bobs, &order_of("bobs", Sandbox::DECLINED)).await;
    bobs.pay("bobs").await.is(402);
    let victim = world.row(ORDERS, "bobs").await.unwrap();
    client.put_card("1", GOOD).await.is(202);
    let mut row = world.only_row(QUARANTINE).await;
    row.insert("Replaces".into(), victim["CreditCardToken"].clone());
    world.put(QUARANTINE, row).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(text(&world.only_row(QUARANTINE).await, "FailureReason"), "CARD_NOT_REPLACED");
    assert_eq!(world.row(ORDERS, "bobs").await.unwrap(), victim);
    assert_eq!(world.rows(VAULT).await.len(), 2);
}
