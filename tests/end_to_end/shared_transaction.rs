//! Orders of one batch share a transaction. What is in the way of one must cost the others nothing but a call.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::support::{Client, Fault, ORDERS, QUARANTINE, Relay, VAULT, World, eventually, order, text};

const WORKER: &str = "TokenizeWorkerRole";
/// As many as one transaction takes, and some more.
const PLACED: usize = 23;

async fn place(client: &Client) {
    for id in 0..PLACED {
        client.submit(&order(&id.to_string())).await.is(202);
    }
}

/// All are across, each with its own vault row, and no failure was reported.
async fn each_is_across_once(world: &World) {
    assert_eq!(world.counts().await, [0, PLACED, PLACED]);
    let tokens = |rows: &[crate::support::Item], name| -> BTreeSet<String> {
        rows.iter().map(|row| text(row, name).to_owned()).collect()
    };
    let orders = tokens(&world.rows(ORDERS).await, "CreditCardToken");
    assert_eq!(orders, tokens(&world.rows(VAULT).await, "Hash_Key"));
    assert_eq!(orders.len(), PLACED);
    assert_eq!(world.dead_letters(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_a_batch_cross_ten_to_a_transaction() {
    let world = World::stepped().await;
    place(&world.client("ann")).await;
    assert_eq!(world.deliver(&world.records()).await, None);
    let transactions = world.aws.tally(WORKER, "TransactWriteItems");
    assert_eq!((transactions.calls, transactions.refused), (3, 0));
    each_is_across_once(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_orders_are_enough_to_share_a_transaction() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    for id in ["1", "2"] {
        ann.submit(&order(id)).await.is(202);
    }
    assert_eq!(world.deliver(&world.records()).await, None);
    assert_eq!(world.aws.tally(WORKER, "TransactWriteItems").calls, 1);
    assert_eq!(world.counts().await, [0, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_orders_that_cannot_cross_hold_up_none_that_share_their_transaction() {
    let world = World::stepped().await;
    let client = world.client("ann");
    place(&client).await;
    let records = world.records();
    // Across already.
    assert_eq!(world.deliver(&records[..1]).await, None);
    // Another order has the id; the row is gone; the row is another acceptance's by now.
    let mut other = world.only_row(ORDERS).await;
    other.insert("CustomerOrder".into(), AttributeValue::S("1".into()));
    other.insert("Address".into(), AttributeValue::S("Reno".into()));
    world.put(ORDERS, other).await;
    let key = |id: &str| AttributeValue::S(id.to_owned());
    let gone = world.dynamodb().delete_item().table_name(QUARANTINE).key("CustomerOrder", key("2"));
    gone.send().await.unwrap();
    let mut newer = world.row(QUARANTINE, "3").await.unwrap();
    newer.insert("AcceptanceId".into(), key("650e8400-e29b-41d4-a716-446655440000"));
    world.put(QUARANTINE, newer).await;

    assert_eq!(world.deliver(&records).await, None);
    let left = world.rows(QUARANTINE).await;
    let left: BTreeSet<_> =
        left.iter().map(|row| (text(row, "CustomerOrder"), text(row, "Status"))).collect();
    assert_eq!(left, BTreeSet::from([("1", "FAILED"), ("3", "PENDING")]));
    assert_eq!(
        world.row(QUARANTINE, "1").await.map(|row| text(&row, "FailureReason").to_owned()).as_deref(),
        Some("ORDER_EXISTS")
    );
    // Order 1 is the other one's; 2 and 3 did not cross.
    assert_eq!(world.counts().await, [2, PLACED - 3, PLACED - 2]);
    assert_eq!(world.dead_letters().len(), 1);
    for id in 4..PLACED {
        client.pay(&id.to_string()).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_delivered_again_costs_a_transaction_for_ten_orders() {
    let world = World::stepped().await;
    place(&world.client("ann")).await;
    let records = world.records();
    for (delivery, refused) in [(1, 0), (2, 3), (3, 6)] {
        assert_eq!(world.deliver(&records).await, None);
        let transactions = world.aws.tally(WORKER, "TransactWriteItems");
        assert_eq!((transactions.calls, transactions.refused), (3 * delivery, refused));
    }
    each_is_across_once(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_whose_transaction_another_one_failed_share_the_next() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    for id in ["1", "2", "3"] {
        ann.submit(&order(id)).await.is(202);
    }
    let records = world.records();
    assert_eq!(world.deliver(&records[..1]).await, None);
    assert_eq!(world.deliver(&records).await, None);
    // The first order alone, all three in vain, the other two.
    let transactions = world.aws.tally(WORKER, "TransactWriteItems");
    assert_eq!((transactions.calls, transactions.refused), (3, 1));
    assert_eq!(world.counts().await, [0, 3, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_whose_shared_transaction_hangs_cross_alone_before_the_sdk_asks_again() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    for id in ["1", "2"] {
        ann.submit(&order(id)).await.is(202);
    }
    let relay = Relay::to(world.aws.url()).await;
    relay.strike("TransactWriteItems", Fault::Stuck, 1);
    assert_eq!(world.deliver_to(&world.worker(relay.url()), &world.records()).await, None);
    assert_eq!((relay.struck(), world.aws.tally(WORKER, "TransactWriteItems").calls), (1, 2));
    assert_eq!(world.counts().await, [0, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_shared_transaction_that_is_cancelled_is_made_good_without_those_in_its_way() {
    for fault in ["conflict@x1", "cancelled-by-throttling@x1"] {
        let world = World::stepped().await;
        place(&world.client("ann")).await;
        let records = world.records();
        let fault = format!("{WORKER}/dynamodb/TransactWriteItems={fault}");
        world.aws.faults().add(fault.parse().unwrap());
        let undone = world.deliver(&records).await;
        assert!(undone.is_some(), "{fault}: what was in the way is tried again");
        let [_, vault, orders] = world.counts().await;
        assert!(orders == vault && (PLACED - 10..PLACED).contains(&orders), "{fault}: {orders}");
        assert_eq!(world.deliver(&records).await, None, "{fault}");
        each_is_across_once(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_shared_transaction_that_is_lost_or_hangs_carries_each_order_across_once() {
    for fault in [Fault::Lost, Fault::ReplyLost, Fault::Stuck, Fault::ReplyStuck] {
        // One is made good by the SDK's own repetition, or by each order alone; several outlast that.
        for times in [1, 9] {
            let world = World::stepped().await;
            place(&world.client("ann")).await;
            let relay = Relay::to(world.aws.url()).await;
            relay.strike("TransactWriteItems", fault.clone(), times);
            let records = world.records();
            if world.deliver_to(&world.worker(relay.url()), &records).await.is_some() {
                assert_eq!(world.deliver(&records).await, None, "{fault:?} {times}");
            }
            assert!(relay.struck() > 0);
            each_is_across_once(&world).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_a_data_key_that_is_long_in_coming_holds_up_no_other_order() {
    let world = World::stepped().await;
    place(&world.client("ann")).await;
    let relay = Relay::to(world.aws.url()).await;
    relay.strike("GenerateDataKey", Fault::Stuck, 1);
    let (worker, records) = (world.worker(relay.url()), world.records());
    let others = eventually("all others are across before the SDK asks again", async || {
        (world.rows(ORDERS).await.len() == PLACED - 1).then_some(())
    });
    let (undone, ()) = tokio::join!(world.deliver_to(&worker, &records), others);
    assert_eq!((undone, relay.struck()), (None, 1));
    each_is_across_once(&world).await;
}
