//! One transaction carries the order across: a crash, a duplicate, a late or lost reply, two workers at once change
//! nothing.

use serde_json::Value;

use crate::support::{Fault, Item, ORDERS, QUARANTINE, Relay, VAULT, World, eventually, order, text};

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_batch_delivered_again_and_again_changes_nothing() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for id in ["1", "2", "3"] {
        client.submit(&order(id)).await.is(202);
    }
    let records = world.records();
    assert_eq!(world.deliver(&records).await, None);
    let (orders, vault) = (sorted(world.rows(ORDERS).await), sorted(world.rows(VAULT).await));
    for batch in [records.clone(), records[1..].to_vec(), [&records[..], &records[..]].concat()] {
        assert_eq!(world.deliver(&batch).await, None);
    }
    assert_eq!(world.counts().await, [0, 3, 3]);
    assert_eq!(sorted(world.rows(ORDERS).await), orders);
    assert_eq!(sorted(world.rows(VAULT).await), vault);
    assert_eq!(world.dead_letters(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_one_batch_at_five_workers_at_once_crosses_each_order_once() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for id in 0..10 {
        client.submit(&order(&id.to_string())).await.is(202);
    }
    let records = world.records();
    let workers: Vec<_> = (0..5).map(|_| world.worker(world.aws.url())).collect();
    let done =
        futures::future::join_all(workers.iter().map(|worker| world.deliver_to(worker, &records))).await;
    assert_eq!(done, [const { None::<String> }; 5]);
    assert_eq!(world.counts().await, [0, 10, 10]);
    every_order_has_its_vault_row(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_worker_that_dies_at_any_call_leaves_orders_that_the_next_carries_across_once() {
    for operation in ["Decrypt", "GenerateDataKey", "TransactWriteItems"] {
        for fault in [Fault::Stuck, Fault::ReplyStuck] {
            // One alone, and three that share a transaction.
            for orders in [1, 3] {
                let world = World::stepped().await;
                for id in 0..orders {
                    world.client("ann").submit(&order(&id.to_string())).await.is(202);
                }
                let records = world.records();
                die_at(&world, operation, fault.clone(), &records).await;
                assert_eq!(world.deliver(&records).await, None, "{operation} {fault:?}");
                assert_eq!(world.counts().await, [0, orders, orders], "{operation} {fault:?}");
                every_order_has_its_vault_row(&world).await;
                assert_eq!(world.dead_letters(), [""; 0]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_worker_that_dies_while_it_parks_leaves_an_order_that_the_next_parks() {
    for operation in ["SendMessage", "UpdateItem"] {
        for fault in [Fault::Stuck, Fault::ReplyStuck] {
            let world = World::stepped().await;
            world.client("ann").submit(&order("1")).await.is(202);
            world.alter_card().await;
            let records = world.records()[1..].to_vec();
            die_at(&world, operation, fault, &records).await;
            assert_eq!(world.deliver(&records).await, None);
            let row = world.only_row(QUARANTINE).await;
            assert_eq!((text(&row, "Status"), text(&row, "FailureReason")), ("FAILED", "ENVELOPE_REFUSED"));
            assert!(!world.dead_letters().is_empty(), "word of it is never lost");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_lost_reply_of_the_transaction_carries_an_order_across_once() {
    for fault in [Fault::Lost, Fault::ReplyLost] {
        let world = World::stepped().await;
        world.client("ann").submit(&order("1")).await.is(202);
        let relay = Relay::to(world.aws.url()).await;
        relay.strike("TransactWriteItems", fault, 1);
        assert_eq!(world.deliver_to(&world.worker(relay.url()), &world.records()).await, None);
        assert_eq!(relay.struck(), 1);
        assert_eq!(world.counts().await, [0, 1, 1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_a_late_delivery_of_a_replaced_acceptance_changes_nothing() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("1")).await.is(202);
    let zombie = world.records();
    world.alter_card().await;
    world.deliver_last().await;
    let mut moved = order("1");
    moved["Address"] = "Reno".into();
    let renewed = client.submit(&moved).await.is(202);
    let row = world.only_row(QUARANTINE).await;

    assert_eq!(world.deliver(&zombie).await, None);
    assert_eq!(world.only_row(QUARANTINE).await, row);
    assert_eq!(world.counts().await, [1, 0, 0]);
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.deliver(&zombie).await, None);
    let clean = world.only_row(ORDERS).await;
    assert_eq!(text(&clean, "AcceptanceId"), renewed.text("AcceptanceId"));
    assert_eq!(text(&clean, "Address"), "Reno");
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_of_one_orders_records_the_first_that_is_not_done_is_delivered_again() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("1")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    client.submit(&order("1")).await.is(202);
    let records = world.records();
    let [replaced, .., present] = &records[..] else { panic!("two acceptances") };
    let batch = [replaced.clone(), present.clone()];
    let relay = Relay::to(world.aws.url()).await;
    for (passed, undone) in [(0, replaced), (1, present)] {
        // However often the SDK asks for the data key of that record.
        relay.strike_after("GenerateDataKey", passed, Fault::Lost, 3);
        let reported = world.deliver_to(&world.worker(relay.url()), &batch).await;
        assert_eq!(reported.map(Value::from), Some(undone["dynamodb"]["SequenceNumber"].clone()), "{passed}");
        assert_eq!(world.counts().await, [1, 0, 0], "{passed}: what follows it is not done either");
    }
    assert_eq!(relay.struck(), 6);
    assert_eq!(world.deliver(&batch).await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_the_same_order_racing_its_own_crossing_is_dropped_silently() {
    let world = World::stepped().await;
    let late = world.race(&order("1"), &order("1")).await;
    late.is(202);
    let clean = world.only_row(ORDERS).await;
    assert_eq!(world.counts().await, [1, 1, 1]);
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
    assert_eq!(world.only_row(ORDERS).await, clean);
    assert_eq!(world.dead_letters(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_another_order_racing_the_crossing_of_its_id_is_parked() {
    let world = World::stepped().await;
    let mut other = order("1");
    other["CustomerName"] = "Somebody Else".into();
    let late = world.race(&order("1"), &other).await.is(202);
    let clean = world.only_row(ORDERS).await;
    assert_eq!(world.deliver_last().await, None);
    let row = world.only_row(QUARANTINE).await;
    assert_eq!((text(&row, "Status"), text(&row, "FailureReason")), ("FAILED", "ORDER_EXISTS"));
    assert_eq!(world.only_row(ORDERS).await, clean);
    assert_eq!(world.counts().await, [1, 1, 1]);
    let letters = world.dead_letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["AcceptanceId"], late.text("AcceptanceId"));
}

/// A separate worker gets the records and stops in the middle of a call, before or after it took effect.
async fn die_at(world: &World, operation: &str, fault: Fault, records: &[Value]) {
    let relay = Relay::to(world.aws.url()).await;
    relay.strike(operation, fault, usize::MAX);
    let worker = world.worker(relay.url());
    tokio::select! {
        done = world.deliver_to(&worker, records) => panic!("it did not die at {operation}: {done:?}"),
        () = eventually("the worker is at the call", async || (relay.struck() > 0).then_some(())) => {}
    }
}

async fn every_order_has_its_vault_row(world: &World) {
    let (orders, vault) = (world.rows(ORDERS).await, world.rows(VAULT).await);
    let mut tokens: Vec<_> = orders.iter().map(|row| text(row, "CreditCardToken")).collect();
    let mut kept: Vec<_> = vault.iter().map(|row| text(row, "Hash_Key")).collect();
    tokens.sort_unstable();
    kept.sort_unstable();
    assert_eq!(tokens, kept);
}

fn sorted(mut rows: Vec<Item>) -> Vec<Item> {
    rows.sort_by_key(|row| format!("{:?} {:?}", row.get("CustomerOrder"), row.get("Hash_Key")));
    rows
}
