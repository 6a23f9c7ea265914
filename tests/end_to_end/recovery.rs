//! Recovery without hands: what the sweep does about rows that Lambda gave up.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock_services::{FaultKind, Service};
use serde_json::{Value, json};

use crate::support::{Driven, Item, ORDERS, QUARANTINE, World, order, text};

const MINUTE: Duration = Duration::from_secs(60);

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

    world.mend();
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
    world.mend();
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
    world.mend();
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
    world.mend();
    world.sweep().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_position_stays_until_every_row_below_it_was_armed_again() {
    let mut world = given_up(5).await;
    let positions = world.stack.aws().waiting().len() as u64;
    world.mend();
    // One of the rows that follow the probes cannot be written.
    world.stack.aws().faults().add("ReplayRole/dynamodb/UpdateItem=throttled@#5".parse().unwrap());
    assert!(world.try_sweep(json!({ "action": "sweep" })).await.is_err(), "a sweep that left a row says so");
    world.run_dry().await;
    assert_eq!(world.counts(), [1, 4, 4]);
    assert_eq!(world.stack.aws().waiting().len() as u64, positions, "its position is still there");
    world.mend();
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "takenUp", "positionsSettled"]), [1, 1, positions], "{swept}");
    world.run_dry().await;
    assert_eq!(world.counts(), [0, 5, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_sweep_that_cannot_list_all_rows_deletes_no_position() {
    let mut world = given_up(2).await;
    let positions = world.stack.aws().waiting().len();
    world.mend();
    world.stack.aws().faults().add("ReplayRole/dynamodb/Scan=throttled@#1".parse().unwrap());
    assert!(world.try_sweep(json!({ "action": "sweep" })).await.is_err());
    assert_eq!(world.stack.aws().waiting().len(), positions);
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "takenUp"]), [2, 2], "it sees them at once: {swept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_without_the_queue_a_sweep_does_all_else_and_fails() {
    let mut world = given_up(1).await;
    world.mend();
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
        world.mend();
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
    world.mend();
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

// ---- With rows and positions of the test's own, and nobody who takes up what is armed ------------------

/// A PENDING row of an order that was accepted, as an operator may put it.
async fn put_row(world: &World, id: &str, more: &[(&str, AttributeValue)]) {
    let mut row = world.row(QUARANTINE, "model").await.unwrap();
    row.insert("CustomerOrder".into(), s(id));
    row.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    world.put(QUARANTINE, row).await;
}

/// A world with the order `model`, which waits for a payment for ever: it is in nobody's way.
async fn stepped() -> World {
    let world = World::stepped().await;
    world.client("ann").submit(&order("model")).await.is(202);
    let mut model = world.only_row(QUARANTINE).await;
    model.insert("ArmAfter".into(), s("2099-01-01T00:00:00.000Z"));
    world.put(QUARANTINE, model).await;
    world
}

async fn armed_again(world: &World, ids: &[&str]) -> Vec<bool> {
    let mut armed = Vec::new();
    for id in ids {
        let row = world.row(QUARANTINE, id).await.unwrap();
        armed.push(text(&row, "Attempt") != "1");
    }
    armed
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: u32) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn at(world: &World, ago: Duration) -> AttributeValue {
    s(&humantime::format_rfc3339_millis(world.now() - ago).to_string())
}

const NOT_WAITING: &str = "ArmAfter";

/// The row as it is, without the model's wait.
async fn given_up_row(world: &World, id: &str, armed_ago: Duration, more: &[(&str, AttributeValue)]) {
    put_row(world, id, &[("ArmedAt", at(world, armed_ago))]).await;
    let mut row: Item = world.row(QUARANTINE, id).await.unwrap();
    row.remove(NOT_WAITING);
    row.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    world.put(QUARANTINE, row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_up_to_a_minute_above_the_newest_position_count_as_given_up_and_no_others() {
    let world = stepped().await;
    given_up_row(&world, "below", 5 * MINUTE, &[]).await;
    given_up_row(&world, "skewed", MINUTE, &[]).await;
    given_up_row(&world, "above", Duration::ZERO, &[]).await;
    // The position is a minute and a half old; written down to the second.
    world.give_up_at(world.now() - 90 * Duration::from_secs(1)).await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "inWork", "waiting"]), [2, 1, 1], "{swept}");
    assert_eq!(armed_again(&world, &["below", "skewed", "above"]).await, [true, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seventy_five_minutes_are_for_rows_above_every_position_only() {
    let world = stepped().await;
    for id in ["one", "two", "three", "four", "five"] {
        given_up_row(&world, id, 80 * MINUTE, &[]).await;
    }
    world.give_up_at(world.now() - 79 * MINUTE).await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "rearmed"]), [5, 3], "the outage lasts: {swept}");

    let world = stepped().await;
    given_up_row(&world, "lost", 76 * MINUTE, &[]).await;
    given_up_row(&world, "in-work", 74 * MINUTE, &[]).await;
    world.give_up_at(world.now() - 90 * MINUTE).await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "rearmed", "inWork"]), [0, 1, 1], "{swept}");
    let lost = world.row(QUARANTINE, "lost").await.unwrap();
    assert!(!lost.contains_key("TakenUp") && lost.contains_key("FirstArmedAt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_last_sweep_took_up_and_that_is_in_work_is_success_too() {
    let world = stepped().await;
    let beside = AttributeValue::Ss(vec!["another".into()]);
    given_up_row(&world, "in-work", 5 * MINUTE, &[("TakenUpBeside", beside), ("TakenUp", n(1))]).await;
    for id in 0..6 {
        given_up_row(&world, &format!("order-{id}"), 20 * MINUTE, &[]).await;
    }
    world.give_up_at(world.now() - 15 * MINUTE).await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "takenUp"]), [6, 6], "{swept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_given_up_although_one_beside_it_got_on_is_suspected_and_waits() {
    let world = stepped().await;
    let beside = |id: &str| ("TakenUpBeside", AttributeValue::Ss(vec![id.into()]));
    // The one that was beside it is across: no row of it is left.
    given_up_row(&world, "crasher", 2 * MINUTE, &[beside("across"), ("TakenUp", n(1))]).await;
    given_up_row(&world, "innocent", 2 * MINUTE, &[beside("crasher"), ("TakenUp", n(1))]).await;
    world.give_up().await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "takenUp", "suspected"]), [2, 1, 1], "{swept}");
    assert_eq!(armed_again(&world, &["crasher", "innocent"]).await, [false, true]);
    assert_eq!(numbers(&swept, ["positionsSettled"]), [0], "it holds its position");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_given_up_three_times_alone_is_suspected() {
    let world = stepped().await;
    given_up_row(&world, "order", MINUTE, &[]).await;
    let mut suspicions = Vec::new();
    for _ in 0..8 {
        world.give_up().await;
        let swept = world.sweep().await;
        suspicions.push(numbers(&swept, ["takenUp", "suspected"]));
        world.advance(5 * MINUTE);
    }
    // Taken up three times; then five minutes after it was armed, ten, and so on.
    assert_eq!(suspicions, [[1, 0], [1, 0], [1, 0], [1, 1], [0, 1], [1, 1], [0, 1], [0, 1]]);
    assert_eq!(text(&world.row(QUARANTINE, "order").await.unwrap(), "Suspected"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn suspects_are_armed_one_at_a_time_and_only_when_no_probe_fails() {
    let world = stepped().await;
    let suspected = [("Suspected", n(1)), ("TakenUp", n(4))];
    for id in ["suspect-1", "suspect-2"] {
        given_up_row(&world, id, 30 * MINUTE, &suspected).await;
    }
    given_up_row(&world, "probe", 30 * MINUTE, &[]).await;
    world.give_up_at(world.now() - 10 * MINUTE).await;
    let ids = ["suspect-1", "suspect-2", "probe"];
    assert_eq!(numbers(&world.sweep().await, ["takenUp", "suspected"]), [1, 2], "the outage lasts");
    assert_eq!(armed_again(&world, &ids).await, [false, false, true]);

    world.remove(QUARANTINE, "probe").await;
    assert_eq!(
        numbers(&world.sweep().await, ["takenUp", "suspected"]),
        [1, 2],
        "one that does not get on ends it"
    );
    let armed = armed_again(&world, &ids[..2]).await;
    assert_eq!(armed.iter().filter(|armed| **armed).count(), 1, "{armed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_two_days_is_parked_only_when_it_is_its_turn() {
    let world = stepped().await;
    let old = [("FirstArmedAt", at(&world, 50 * 60 * MINUTE))];
    for id in 0..5 {
        given_up_row(&world, &format!("order-{id}"), 10 * MINUTE, &old).await;
    }
    world.give_up().await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "parked", "takenUp"]), [5, 3, 0], "{swept}");
    // As long as there are others, those are the probes.
    given_up_row(&world, "young", 10 * MINUTE, &[]).await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "parked", "takenUp"]), [3, 2, 1], "{swept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_hidden_while_the_sweep_works_and_shown_again_when_it_ends() {
    let world = stepped().await;
    given_up_row(&world, "order", 10 * MINUTE, &[]).await;
    given_up_row(&world, "waits", MINUTE, &[("Suspected", n(5))]).await;
    world.give_up().await;
    assert_eq!(numbers(&world.sweep().await, ["positionsLeft"]), [1]);
    // Another sweep sees the position at once, and so does an operator.
    assert_eq!(numbers(&world.sweep().await, ["positionsLeft"]), [1]);
    let clean = world.rows(ORDERS).await;
    assert!(clean.is_empty());
}
