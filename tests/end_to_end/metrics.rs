//! Each thing that happens is counted once, and what did not happen is not.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::support::{Metrics, QUARANTINE, World, order};

const NONE: [&str; 0] = [];
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_order_is_counted_when_it_is_accepted_when_it_is_across_and_when_it_is_paid() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let metrics = Metrics::of_this_thread();
    ann.submit(&order("1")).await.is(202);
    assert_eq!(metrics.take(), ["Accepted 1"]);
    ann.submit(&order("1")).await.is(202);
    assert_eq!(metrics.take(), NONE, "a repeat is no other order");
    world.advance(5 * MINUTE);
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(metrics.take(), ["TimeInQuarantine 5 min", "Tokenized 1"]);
    assert_eq!(world.deliver(&world.records()).await, None);
    assert_eq!(metrics.take(), NONE, "it is across already");
    ann.pay("1").await.is(200);
    assert_eq!(metrics.take(), ["Detokenized 1", "Payment SUBMITTED 1"]);
    ann.pay("1").await.is(200);
    assert_eq!(metrics.take(), NONE);
    ann.forget("1").await.is(200);
    assert_eq!(metrics.take(), ["Forgotten 1"]);
    ann.forget("1").await.is(200);
    assert_eq!(metrics.take(), NONE);
}

#[tokio::test]
async fn who_asks_for_another_customers_order_is_denied_and_who_asks_for_none_is_not() {
    let world = World::stepped().await;
    world.client("ann").submit(&order("1")).await.is(202);
    let bob = world.client("bob");
    let metrics = Metrics::of_this_thread();
    bob.status("1").await.is(404);
    assert_eq!(metrics.take(), ["Denied NOT_THE_OWNER 1", "Refused ORDER_NOT_FOUND 1"]);
    bob.status("2").await.is(404);
    assert_eq!(metrics.take(), ["Refused ORDER_NOT_FOUND 1"]);
    bob.forget("1").await.is(404);
    assert_eq!(metrics.take(), ["Denied NOT_THE_OWNER 1", "Refused ORDER_NOT_FOUND 1"]);
    bob.pay("1").await.is(404);
    assert_eq!(metrics.take(), ["Denied NOT_THE_OWNER 1", "Refused ORDER_NOT_FOUND 1"]);
    bob.forget("2").await.is(404);
    bob.pay("2").await.is(404);
    assert_eq!(metrics.take(), ["Refused ORDER_NOT_FOUND 1"; 2]);
    bob.post("/order", "{}".to_owned()).await.is(400);
    assert_eq!(metrics.take(), ["Refused ORDER_ID_MISSING 1"]);
}

#[tokio::test]
async fn an_order_is_counted_as_parked_by_who_parks_it_and_once() {
    let world = World::stepped().await;
    world.client("ann").submit(&order("1")).await.is(202);
    world.alter_card().await;
    let records = world.records();
    let metrics = Metrics::of_this_thread();
    assert_eq!(world.deliver(&records[records.len() - 1..]).await, None);
    assert_eq!(metrics.take(), ["Parked ENVELOPE_REFUSED 1"]);
    assert_eq!(world.deliver(&records[records.len() - 1..]).await, None);
    assert_eq!(metrics.take(), NONE, "it is parked already");
    assert_eq!(world.replay("1").await["rearmed"], 1);
    assert_eq!(metrics.take(), ["Rearmed 1"]);
}

/// Another card is in quarantine, and was not there yet when its order was forgotten.
async fn with_a_late_card() -> World {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    ann.put_card("1", "5555555555554444").await.is(202);
    let late = world.only_row(QUARANTINE).await;
    world.remove(QUARANTINE, "1").await;
    ann.forget("1").await.is(200);
    world.put(QUARANTINE, late).await;
    world
}

#[tokio::test]
async fn a_card_that_comes_late_is_counted_as_forgotten_when_it_is_dropped() {
    let world = with_a_late_card().await;
    let metrics = Metrics::of_this_thread();
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(metrics.take(), ["Forgotten 1"]);
}

#[tokio::test]
async fn a_sweep_counts_the_rows_of_each_kind_and_a_dry_run_counts_none() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("parked")).await.is(202);
    world.alter_card().await;
    assert_eq!(world.deliver_last().await, None);
    for id in ["1", "2"] {
        ann.submit(&order(id)).await.is(202);
    }
    world.advance(7 * MINUTE);
    let metrics = Metrics::of_this_thread();
    world.try_sweep(&json!({ "action": "sweep", "dryRun": true })).await.unwrap();
    assert_eq!(metrics.take(), NONE);
    world.sweep().await;
    let counted = ["GivenUp 0", "InWork 2", "OldestQuarantined 7 min", "ParkedRows 1", "WaitingForPayment 0"];
    assert_eq!(metrics.take(), counted);
}

/// Changes a row in quarantine, past every rule.
async fn edit(world: &World, id: &str, name: &str, value: AttributeValue) {
    let mut row = world.row(QUARANTINE, id).await.unwrap();
    row.insert(name.to_owned(), value);
    world.put(QUARANTINE, row).await;
}

fn ago(world: &World, time: Duration) -> AttributeValue {
    AttributeValue::S(humantime::format_rfc3339_millis(world.now() - time).to_string())
}

/// What a sweep counts besides the rows that it sees. A dry run counts nothing.
async fn counted_by_a_sweep(world: &World) -> Vec<String> {
    const SEEN: [&str; 5] = ["GivenUp", "InWork", "OldestQuarantined", "ParkedRows", "WaitingForPayment"];
    let metrics = Metrics::of_this_thread();
    world.try_sweep(&json!({ "action": "sweep", "dryRun": true })).await.unwrap();
    assert_eq!(metrics.take(), NONE);
    world.sweep().await;
    let is_done = |metric: &String| !SEEN.iter().any(|seen| metric.starts_with(seen));
    metrics.take().into_iter().filter(is_done).collect()
}

#[tokio::test]
async fn what_a_sweep_does_with_a_row_is_counted() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    for id in ["lost", "late"] {
        ann.submit(&order(id)).await.is(202);
    }
    edit(&world, "lost", "ArmedAt", ago(&world, 76 * MINUTE)).await;
    edit(&world, "late", "Deadline", AttributeValue::N("1".to_owned())).await;
    assert_eq!(counted_by_a_sweep(&world).await, ["Expired 1", "Rearmed 1"]);
    assert_eq!(counted_by_a_sweep(&world).await, NONE, "it is done");
}

#[tokio::test]
async fn a_card_of_a_forgotten_order_that_a_sweep_removes_is_counted() {
    let world = with_a_late_card().await;
    assert_eq!(counted_by_a_sweep(&world).await, ["Forgotten 1"]);
    assert_eq!(counted_by_a_sweep(&world).await, NONE, "it is removed");
}

#[tokio::test]
async fn what_lambda_gave_up_is_counted_as_taken_up_or_as_parked_when_it_is_out_of_time() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    for id in ["1", "2", "worn"] {
        ann.submit(&order(id)).await.is(202);
        edit(&world, id, "ArmedAt", ago(&world, 10 * MINUTE)).await;
    }
    edit(&world, "worn", "FirstArmedAt", ago(&world, 50 * 60 * MINUTE)).await;
    world.give_up_at(world.now() - 5 * MINUTE).await;
    let counted = counted_by_a_sweep(&world).await;
    assert_eq!(counted, ["Parked ATTEMPTS_EXHAUSTED 1", "Rearmed 1", "Rearmed 1", "TakenUp 1", "TakenUp 1"]);
}
