//! What a sweep counts: the rows that it sees, and what it does with them.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::support::{Metrics, World, order};

use super::{MINUTE, NONE, ago, edit, with_a_late_card};

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

#[tokio::test]
async fn a_sweep_counts_a_row_among_those_where_it_leaves_it() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    ann.submit(&order("parked")).await.is(202);
    world.alter_card().await;
    assert_eq!(world.deliver_last().await, None);
    for id in ["in-work", "lost", "worn"] {
        ann.submit(&order(id)).await.is(202);
    }
    for id in ["lost", "worn"] {
        edit(&world, id, "ArmedAt", ago(&world, 76 * MINUTE)).await;
    }
    edit(&world, "worn", "FirstArmedAt", ago(&world, 50 * 60 * MINUTE)).await;
    let metrics = Metrics::of_this_thread();
    world.sweep().await;
    let counted = metrics.take();
    for expected in ["GivenUp 0", "InWork 2", "ParkedRows 2"] {
        assert!(counted.iter().any(|metric| metric == expected), "{expected}: {counted:?}");
    }

    let world = World::stepped().await;
    let ann = world.client("ann");
    for id in ["1", "2", "3", "4", "5"] {
        ann.submit(&order(id)).await.is(202);
        edit(&world, id, "ArmedAt", ago(&world, 10 * MINUTE)).await;
    }
    world.give_up_at(world.now() - 5 * MINUTE).await;
    metrics.take();
    world.sweep().await;
    let counted = metrics.take();
    // Three of them are tried before the others.
    for expected in ["GivenUp 2", "InWork 3"] {
        assert!(counted.iter().any(|metric| metric == expected), "{expected}: {counted:?}");
    }
}
