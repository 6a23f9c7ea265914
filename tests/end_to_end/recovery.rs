//! Recovery without manual work: sweep and worker bring orders across that Lambda gave up.

use std::time::Duration;

use card_airlock_services::{FaultKind, Service};
use serde_json::{Value, json};

use crate::support::{Driven, QUARANTINE, order};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// So many orders, given up while KMS is down.
async fn given_up(count: usize) -> Driven {
    let mut world = Driven::start().await;
    let client = world.client("ann");
    world.break_worker(Service::Kms, "Decrypt", FaultKind::InternalError);
    for id in 0..count {
        client.submit(&order(&format!("order-{id:02}"))).await.is(202);
    }
    world.run_dry().await;
    world
}

fn numbers<const N: usize>(swept: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| swept[name].as_u64().unwrap_or_else(|| panic!("{name}: {swept}")))
}

/// The orders of the quarantine that were taken up so often.
fn taken_up(world: &Driven, times: &str) -> Vec<String> {
    let is_so = |row: &&Value| row["TakenUp"]["N"].as_str().unwrap_or("0") == times;
    let rows = world.rows(QUARANTINE);
    let mut orders: Vec<_> =
        rows.iter().filter(is_so).map(|row| row["CustomerOrder"]["S"].as_str().unwrap().to_owned()).collect();
    orders.sort();
    orders
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_while_an_outage_lasts_each_sweep_tries_three_rows_those_that_were_tried_least() {
    let mut world = given_up(7).await;
    for (round, (once, twice)) in [(3, 0), (6, 0), (5, 2)].into_iter().enumerate() {
        let before = world.now();
        let swept = world.sweep().await;
        assert_eq!(
            numbers(&swept, ["givenUp", "takenUp", "suspected", "positionsSettled"]),
            [7, 3, 0, 0],
            "{swept}"
        );
        let watched = world.now().duration_since(before).unwrap();
        assert!((30..45).contains(&watched.as_secs()), "they were watched for half a minute: {watched:?}");
        assert_eq!((taken_up(&world, "1").len(), taken_up(&world, "2").len()), (once, twice), "{round}");
        world.run_dry().await;
        world.advance(5 * MINUTE);
    }
    assert_eq!(world.counts(), [7, 0, 0]);
    // The first three were the oldest.
    assert_eq!(taken_up(&world, "2"), ["order-00", "order-01"]);

    world.repair();
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "takenUp", "positionsLeft"]), [7, 7, 0], "{swept}");
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 7, 7]);
    let quiet = world.sweep().await;
    assert_eq!(numbers(&quiet, ["rows", "rearmed", "positionsSettled", "positionsLeft"]), [0; 4], "{quiet}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_a_sweep_tells_what_it_would_do_and_does_nothing() {
    let mut world = given_up(5).await;
    let (rows, letters) = (world.rows(QUARANTINE), world.stack.aws().waiting().len());
    let before = world.now();
    let dry = world.try_sweep(json!({ "action": "sweep", "dryRun": true })).await.unwrap();
    let dry: Value = serde_json::from_slice(&dry).unwrap();
    assert_eq!(dry["dryRun"], true);
    assert_eq!(numbers(&dry, ["givenUp", "takenUp", "positionsSettled"]), [5, 3, 0], "{dry}");
    assert!(world.now().duration_since(before).unwrap() < Duration::from_secs(20), "it waits for nothing");
    assert_eq!((world.rows(QUARANTINE), world.stack.aws().waiting().len()), (rows, letters));
    assert_eq!(world.run_dry().await.invocations, 0, "nothing was armed");
    for unknown in [json!({ "action": "sweep", "dryrun": true }), json!({ "action": "sweep", "max": 1 })] {
        assert!(world.try_sweep(unknown).await.is_err());
    }
    world.repair();
    assert_eq!(
        numbers(&world.sweep().await, ["givenUp", "takenUp"]),
        [5, 5],
        "the positions are still there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn replaying_four_and_twenty_times_during_an_outage_uses_nothing_up() {
    let mut world = given_up(1).await;
    for _ in 0..24 {
        assert_eq!(world.replay().await["stillFailing"], 0);
        world.run_dry().await;
    }
    let rows = world.rows(QUARANTINE);
    assert_eq!(rows[0]["Status"]["S"], "PENDING");
    assert!(rows[0]["Attempt"]["N"].as_str().unwrap().parse::<u32>().unwrap() > 20);
    world.repair();
    world.replay().await;
    let again = world.replay().await;
    assert_eq!(numbers(&again, ["rearmed", "messagesSettled", "messagesLeft"]), [0; 3], "{again}");
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_replay_gives_a_row_that_was_tried_for_two_days_two_days_more() {
    let mut world = given_up(1).await;
    world.advance(47 * 60 * MINUTE);
    world.replay().await;
    world.run_dry().await;
    world.advance(2 * 60 * MINUTE);
    assert_eq!(numbers(&world.sweep().await, ["parked", "takenUp"]), [0, 1]);
    world.run_dry().await;
    world.advance(22 * 60 * MINUTE);
    assert_eq!(numbers(&world.sweep().await, ["parked", "takenUp"]), [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_some_orders_leaves_the_others_and_every_position() {
    let mut world = given_up(3).await;
    let positions = world.stack.aws().waiting().len() as u64;
    world.repair();
    world.advance(5 * MINUTE);
    let told = ["rearmed", "stillFailing", "messagesSettled", "messagesLeft"];
    // A row that is PENDING has not failed for any reason.
    let by_reason =
        world.invoke("ReplayFunction", json!({ "action": "replay", "reason": "MALFORMED" }), HOUR).await;
    assert_eq!(numbers(&by_reason, told), [0, 0, 0, positions], "{by_reason}");
    let some = world.invoke("ReplayFunction", json!({ "action": "replay", "max": 2 }), HOUR).await;
    assert_eq!(numbers(&some, told), [2, 1, 0, positions], "{some}");
    world.run_dry().await;
    assert_eq!(world.counts(), [1, 2, 2]);
    assert_eq!(numbers(&world.replay().await, told), [1, 0, positions, 0]);
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 3, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_given_up_says_when_it_is_worth_asking_again() {
    let mut world = given_up(1).await;
    world.advance(MINUTE);
    let client = world.client("ann");
    let seconds = |answer: &crate::support::Answer| answer.header("retry-after").to_owned();
    assert_eq!(seconds(&client.status("order-00").await.is(200)), "300");
    assert_eq!(seconds(&client.submit(&order("order-00")).await.is(202)), "300");
    let unpaid = client.pay("order-00").await.is(409);
    assert_eq!((unpaid.code(), seconds(&unpaid).as_str()), ("ORDER_PENDING", "300"));
    let unchanged = client.put_card("order-00", "5555-5555-5555-4444").await.is(409);
    assert_eq!((unchanged.code(), seconds(&unchanged).as_str()), ("ORDER_NOT_TOKENIZED", "300"));
    let kept = client.forget("order-00").await.is(409);
    assert_eq!((kept.code(), seconds(&kept).as_str()), ("ORDER_PENDING", "300"));
    world.repair();
    world.sweep().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_position_stays_until_every_row_below_it_was_armed_again() {
    let mut world = given_up(5).await;
    let positions = world.stack.aws().waiting().len() as u64;
    world.repair();
    // One of the rows that follow the probes cannot be written.
    world.stack.aws().faults().add("ReplayRole/dynamodb/UpdateItem=throttled@#5".parse().unwrap());
    assert!(world.try_sweep(json!({ "action": "sweep" })).await.is_err(), "a sweep that left a row says so");
    world.run_dry().await;
    assert_eq!(world.counts(), [1, 4, 4]);
    assert_eq!(world.stack.aws().waiting().len() as u64, positions, "its position is still there");
    world.repair();
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "takenUp", "positionsSettled"]), [1, 1, positions], "{swept}");
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 5, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_sweep_that_cannot_list_all_rows_deletes_no_position() {
    let mut world = given_up(2).await;
    let positions = world.stack.aws().waiting().len();
    world.repair();
    world.stack.aws().faults().add("ReplayRole/dynamodb/Scan=throttled@#1".parse().unwrap());
    assert!(world.try_sweep(json!({ "action": "sweep" })).await.is_err());
    assert_eq!(world.stack.aws().waiting().len(), positions);
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "takenUp"]), [2, 2], "it sees them at once: {swept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_without_the_queue_a_sweep_does_all_else_and_fails() {
    let mut world = given_up(1).await;
    world.repair();
    world.advance(80 * MINUTE);
    world.stack.aws().faults().add("ReplayRole/sqs/ReceiveMessage=error".parse().unwrap());
    assert!(world.try_sweep(json!({ "action": "sweep" })).await.is_err(), "somebody is told");
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 1, 1], "Lambda cannot have been retrying it any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_sweep_killed_before_any_of_its_calls_leaves_everything_to_the_next() {
    for calls in 0..14 {
        let mut world = given_up(4).await;
        world.repair();
        let role = "ReplayRole";
        let before = world.stack.aws().calls().len();
        let aws = world.stack.aws().clone();
        let killed = async {
            crate::support::eventually("so many calls", async || {
                let done = aws.calls().split_off(before).iter().filter(|call| call.role == role).count();
                (done >= calls).then_some(())
            })
            .await;
        };
        tokio::select! {
            biased;
            () = killed => {}
            swept = world.try_sweep(json!({ "action": "sweep" })) => drop(swept),
        }
        world.run_dry().await;
        // The local queue shows what was hidden by the machine's time: the next sweep may be without positions.
        world.advance(76 * MINUTE);
        world.sweep().await;
        world.run_dry().await;
        assert_eq!(world.counts(), [0, 4, 4], "killed after {calls} calls");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_two_sweeps_and_a_replay_at_once_change_nothing_more() {
    let mut world = given_up(30).await;
    world.repair();
    let handler = world.stack.function("ReplayFunction").unwrap().clone();
    let deadline = world.now() + 15 * MINUTE;
    let run = |event: &str| {
        let (handler, event) = (handler.clone(), event.as_bytes().to_vec());
        async move { handler.invoke(event, deadline).await }
    };
    let sweep = r#"{"action":"sweep"}"#;
    let all = futures::future::join3(run(sweep), run(sweep), run(r#"{"action":"replay"}"#));
    let (one, other, replayed) = world.meanwhile(all).await;
    assert!(one.is_ok() && other.is_ok() && replayed.is_ok());
    world.run_dry().await;
    world.advance(5 * MINUTE);
    world.sweep().await;
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 30, 30]);
}
