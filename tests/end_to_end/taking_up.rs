//! Taking up what Lambda gave up, with the test's own rows and positions: armed rows are carried across only as
//! the test says.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use serde_json::{Value, json};

use crate::support::{Item, QUARANTINE, Relay, World, order, text};

const MINUTE: Duration = Duration::from_secs(60);

fn numbers<const N: usize>(swept: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| swept[name].as_u64().unwrap_or_else(|| panic!("{name}: {swept}")))
}

/// A PENDING row of an order that was accepted, as an operator may put it.
async fn put_row(world: &World, id: &str, more: &[(&str, AttributeValue)]) {
    let mut row = world.row(QUARANTINE, "model").await.unwrap();
    row.insert("CustomerOrder".into(), s(id));
    row.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    world.put(QUARANTINE, row).await;
}

/// A world with the order `model`, which waits for a payment forever, and disturbs no test.
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
    let beside = || ("TakenUpBeside", AttributeValue::Ss(vec!["another".into()]));
    for (remembered, armed, taken_up) in [
        (beside(), 5 * MINUTE, 6),
        // It was taken up as the only row.
        (("TakenUpAlone", n(1)), 5 * MINUTE, 6),
        // Armed by ingest or by a replay, or by a sweep before the last: that says nothing about the worker now.
        (("TakenUp", n(1)), 5 * MINUTE, 3),
        (beside(), 11 * MINUTE, 3),
    ] {
        let world = stepped().await;
        given_up_row(&world, "in-work", armed, std::slice::from_ref(&remembered)).await;
        for id in 0..6 {
            given_up_row(&world, &format!("order-{id}"), 20 * MINUTE, &[]).await;
        }
        world.give_up_at(world.now() - 15 * MINUTE).await;
        let swept = world.sweep().await;
        assert_eq!(
            numbers(&swept, ["givenUp", "takenUp"]),
            [6, taken_up],
            "{remembered:?} {armed:?}: {swept}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_is_parked_or_accepted_anew_has_left_as_well_as_one_that_is_across() {
    for (name, value) in [("Status", "FAILED"), ("AcceptanceId", "550e8400-e29b-41d4-a716-446655440000")] {
        let world = stepped().await;
        many_given_up(&world, 6, 0).await;
        let swept = world
            .sweep_beside(world.aws.url(), async || {
                for order in armed_in(&world) {
                    let mut row = world.row(QUARANTINE, &order).await.unwrap();
                    row.insert(name.into(), s(value));
                    world.put(QUARANTINE, row).await;
                }
            })
            .await;
        assert_eq!(numbers(&swept, ["takenUp"]), [6], "{name}: {swept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_stays_for_a_row_that_was_armed_a_minute_after_it_and_waits() {
    let world = stepped().await;
    // To the second, as positions are written.
    let seconds = world.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() - 600;
    let position = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
    let armed = s(&humantime::format_rfc3339_millis(position + MINUTE).to_string());
    given_up_row(&world, "waits", MINUTE, &[("Suspected", n(5)), ("ArmedAt", armed)]).await;
    world.give_up_at(position).await;
    let told = ["givenUp", "takenUp", "positionsSettled", "positionsLeft"];
    assert_eq!(numbers(&world.sweep().await, told), [1, 0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_does_not_ask_whether_the_card_of_an_expired_row_was_forgotten() {
    let world = stepped().await;
    given_up_row(&world, "over", 10 * MINUTE, &[("Status", s("EXPIRED"))]).await;
    world.sweep().await;
    assert_eq!(world.aws.tally("ReplayRole", "GetItem").calls, 1, "that of the model is asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_suspects_the_one_that_was_taken_up_least_is_first() {
    let world = stepped().await;
    for (id, times) in [("often", 9), ("seldom", 4)] {
        given_up_row(&world, id, 30 * MINUTE, &[("Suspected", n(1)), ("TakenUp", n(times))]).await;
    }
    world.give_up_at(world.now() - 10 * MINUTE).await;
    assert_eq!(numbers(&world.sweep().await, ["takenUp"]), [1]);
    assert_eq!(armed_again(&world, &["often", "seldom"]).await, [false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_ends_before_its_deadline_and_begins_no_suspect_that_it_could_not_watch() {
    let world = stepped().await;
    many_given_up(&world, 5, 0).await;
    let begun = world.now();
    let swept = world.sweep_within(Duration::from_secs(20)).await;
    assert_eq!(numbers(&swept, ["takenUp", "positionsLeft"]), [3, 1], "{swept}");
    let took = world.now().duration_since(begun).unwrap();
    assert!(
        (15..30).contains(&took.as_secs()),
        "the probes were watched as long as there was time: {took:?}"
    );

    let world = stepped().await;
    given_up_row(&world, "suspect", 30 * MINUTE, &[("Suspected", n(1)), ("TakenUp", n(4))]).await;
    world.give_up_at(world.now() - 10 * MINUTE).await;
    assert_eq!(numbers(&world.sweep_within(Duration::from_secs(31)).await, ["suspected", "takenUp"]), [1, 0]);
    assert_eq!(numbers(&world.sweep_within(Duration::from_secs(90)).await, ["suspected", "takenUp"]), [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_of_a_take_up_is_of_the_last_one_alone() {
    let world = stepped().await;
    let remembered = async |id: &str| {
        let row = world.row(QUARANTINE, id).await.unwrap();
        let beside = row.get("TakenUpBeside").map(|beside| beside.as_ss().unwrap().clone());
        (beside, row.get("TakenUpAlone").cloned(), row["TakenUp"].clone())
    };
    given_up_row(&world, "one", 10 * MINUTE, &[("TakenUpAlone", n(2)), ("TakenUp", n(2))]).await;
    given_up_row(&world, "other", 10 * MINUTE, &[]).await;
    world.give_up().await;
    world.sweep().await;
    assert_eq!(remembered("one").await, (Some(vec!["other".to_owned()]), None, n(3)), "never itself");
    world.remove(QUARANTINE, "other").await;
    given_up_row(&world, "one", 10 * MINUTE, &[("TakenUpBeside", AttributeValue::Ss(vec!["one".into()]))])
        .await;
    world.give_up().await;
    world.sweep().await;
    assert_eq!(remembered("one").await, (None, Some(n(1)), n(1)));
    // Armed for another reason, it is as if it had never been taken up.
    world.replay("one").await;
    let row = world.row(QUARANTINE, "one").await.unwrap();
    assert!(!row.contains_key("TakenUpAlone") && !row.contains_key("TakenUpBeside"));
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
async fn a_suspect_that_is_given_up_alone_is_suspected_once_more_at_once() {
    let world = stepped().await;
    let suspect = [("Suspected", n(1)), ("TakenUp", n(2)), ("TakenUpAlone", n(1))];
    given_up_row(&world, "suspect", 6 * MINUTE, &suspect).await;
    world.give_up().await;
    assert_eq!(
        numbers(&world.sweep().await, ["takenUp", "suspected"]),
        [0, 1],
        "now it waits for ten minutes"
    );
    world.advance(5 * MINUTE);
    assert_eq!(numbers(&world.sweep().await, ["takenUp", "suspected"]), [1, 1]);
    assert_eq!(text(&world.row(QUARANTINE, "suspect").await.unwrap(), "Suspected"), "2");
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
    for id in 0..7 {
        given_up_row(&world, &format!("order-{id}"), 10 * MINUTE, &old).await;
    }
    world.give_up().await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "parked", "takenUp"]), [7, 3, 0], "{swept}");
    // As long as there are others, those are the first probes, however late they came.
    let accepted = ("AcceptedAt", at(&world, Duration::ZERO));
    given_up_row(&world, "young", 10 * MINUTE, &[accepted]).await;
    let swept = world.sweep().await;
    assert_eq!(numbers(&swept, ["givenUp", "parked", "takenUp"]), [5, 2, 1], "{swept}");
}

/// So many rows that were armed ten minutes ago and given up since, one accepted after the other; the first of them
/// were taken up before.
async fn many_given_up(world: &World, count: usize, tried: usize) {
    let mut model = world.row(QUARANTINE, "model").await.unwrap();
    model.remove(NOT_WAITING);
    model.insert("ArmedAt".into(), at(world, 10 * MINUTE));
    let rows: Vec<_> = (0..count)
        .map(|number| {
            let accepted = world.now() - 2 * 60 * MINUTE + Duration::from_secs(number as u64);
            let accepted = humantime::format_rfc3339_millis(accepted).to_string();
            let mut row = model.clone();
            row.extend(
                [("CustomerOrder", format!("order-{number:05}")), ("AcceptedAt", accepted)]
                    .map(|(name, text)| (name.to_owned(), s(&text))),
            );
            if number < tried {
                row.insert("TakenUp".into(), n(1));
            }
            WriteRequest::builder()
                .put_request(PutRequest::builder().set_item(Some(row)).build().unwrap())
                .build()
        })
        .collect();
    write(world, rows).await;
    world.give_up_at(world.now() - 9 * MINUTE).await;
}

async fn write(world: &World, requests: Vec<WriteRequest>) {
    for some in requests.chunks(25) {
        world.dynamodb().batch_write_item().request_items(QUARANTINE, some.to_vec()).send().await.unwrap();
    }
}

/// The orders that were armed again and have not left.
fn armed_in(world: &World) -> BTreeSet<String> {
    let snapshot = world.aws.snapshot().unwrap();
    let rows = snapshot["tables"][QUARANTINE].as_array().unwrap();
    let armed = rows.iter().filter(|row| row["Attempt"]["N"] != "1");
    armed.map(|row| row["CustomerOrder"]["S"].as_str().unwrap().to_owned()).collect()
}

/// As a worker that carries these across.
async fn leave(world: &World, orders: impl IntoIterator<Item = &String>) {
    let delete = |order: &String| {
        let request = DeleteRequest::builder().key("CustomerOrder", s(order)).build().unwrap();
        WriteRequest::builder().delete_request(request).build()
    };
    write(world, orders.into_iter().map(delete).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn portions_follow_the_probes_as_long_as_a_row_of_each_leaves_pending_and_the_oldest_are_first() {
    let world = stepped().await;
    let count = 3 + 100 + 30;
    many_given_up(&world, count, 50).await;
    let mut portions = Vec::new();
    let begun = world.now();
    let swept = world.sweep_beside(world.aws.url(), async || {
        let armed = armed_in(&world);
        leave(&world, &armed).await;
        portions.push(armed.into_iter().collect::<Vec<_>>());
    });
    let swept = swept.await;
    let count = count as u64;
    assert_eq!(numbers(&swept, ["givenUp", "takenUp", "positionsLeft"]), [count, count, 0], "{swept}");
    portions.retain(|portion| !portion.is_empty());
    // The last portion is not watched, because nothing follows it.
    portions.push(armed_in(&world).into_iter().collect());
    assert_eq!(portions.iter().map(Vec::len).collect::<Vec<_>>(), [3, 100, 30]);
    // Those that were tried least, and then the oldest.
    let all = (50..53).chain(0..50).chain(53..count);
    let all: Vec<String> = all.map(|number| format!("order-{number:05}")).collect();
    assert_eq!(portions.concat(), all);
    let took = world.now().duration_since(begun).unwrap();
    assert!(took < Duration::from_secs(30), "it goes on as soon as a row gets on: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portion_of_which_no_row_leaves_pending_is_the_last_of_its_sweep_and_the_rest_is_the_next_ones() {
    let world = stepped().await;
    let count = 3 + 100 + 30;
    many_given_up(&world, count, 0).await;
    let before = world.now();
    let mut is_first = true;
    let swept = world
        .sweep_beside(world.aws.url(), async || {
            if std::mem::take(&mut is_first) {
                leave(&world, &armed_in(&world)).await;
            }
        })
        .await;
    let count = count as u64;
    let told = ["givenUp", "takenUp", "positionsSettled", "positionsLeft"];
    assert_eq!(numbers(&swept, told), [count, 103, 0, 1], "{swept}");
    assert_eq!(armed_in(&world).len(), 100, "those of the portion that did not get on");
    assert!(world.now().duration_since(before).unwrap() >= Duration::from_secs(30), "it was given its time");
    // They are in work then, which is as good as a probe.
    let next = world.sweep_beside(world.aws.url(), async || leave(&world, &armed_in(&world)).await).await;
    assert_eq!(numbers(&next, ["givenUp", "takenUp", "positionsLeft"]), [30, 30, 0], "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn suspects_follow_the_last_portion_only_when_a_row_of_it_leaves_pending() {
    for gets_on in [true, false] {
        let world = stepped().await;
        many_given_up(&world, 8, 0).await;
        given_up_row(&world, "suspect", 30 * MINUTE, &[("Suspected", n(1)), ("TakenUp", n(4))]).await;
        let mut is_first = true;
        let swept = world
            .sweep_beside(world.aws.url(), async || {
                if std::mem::take(&mut is_first) || gets_on {
                    leave(&world, &armed_in(&world)).await;
                }
            })
            .await;
        let taken_up = if gets_on { 9 } else { 8 };
        assert_eq!(numbers(&swept, ["givenUp", "takenUp", "suspected"]), [9, taken_up, 1], "{swept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_hidden_for_two_minutes_and_anew_every_minute_while_the_sweep_works() {
    let world = stepped().await;
    // Suspects are armed one after the other, and each gets on after 25 seconds.
    for id in 0..6 {
        given_up_row(
            &world,
            &format!("suspect-{id}"),
            10 * MINUTE,
            &[("Suspected", n(1)), ("TakenUp", n(1))],
        )
        .await;
    }
    world.give_up().await;
    let relay = Relay::to(world.aws.url()).await;
    let hidden = || {
        let of = |body: &Value| body["VisibilityTimeout"].as_u64().unwrap();
        relay.bodies("ChangeMessageVisibility").iter().map(of).collect::<Vec<_>>()
    };
    let (begun, mut waits, mut hides) = (world.now(), 0, Vec::new());
    let swept = world
        .sweep_beside(relay.url(), async || {
            waits += 1;
            if waits % 25 == 0 {
                leave(&world, &armed_in(&world)).await;
            }
            if hidden().len() > hides.len() {
                hides.push(world.now().duration_since(begun).unwrap().as_secs());
            }
        })
        .await;
    assert_eq!(numbers(&swept, ["takenUp", "positionsSettled"]), [6, 1], "{swept}");
    assert!(relay.bodies("ReceiveMessage").iter().all(|body| body["VisibilityTimeout"] == 120));
    assert_eq!(hidden(), [120, 120]);
    assert!((60..65).contains(&hides[0]) && (120..130).contains(&hides[1]), "{hides:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_that_stay_are_shown_at_once_when_the_sweep_ends_and_other_messages_before_it_works() {
    let world = stepped().await;
    given_up_row(&world, "waits", MINUTE, &[("Suspected", n(5))]).await;
    world.give_up().await;
    let letter = json!({ "Kind": "PARKED", "CustomerOrder": "another", "At": "2026-11-21T18:59:33.120Z" });
    let (sqs, url) = world.dead_letter_queue();
    sqs.send_message().queue_url(url).message_body(letter.to_string()).send().await.unwrap();
    // Another sweep sees the position at once, and so does an operator.
    for _ in 0..2 {
        let relay = Relay::to(world.aws.url()).await;
        assert_eq!(numbers(&world.sweep_at(relay.url()).await, ["positionsLeft"]), [1]);
        let order = relay.order(&["ChangeMessageVisibility", "Scan"]);
        assert_eq!(order, ["ChangeMessageVisibility", "Scan", "ChangeMessageVisibility"]);
        let shown = relay.bodies("ChangeMessageVisibility");
        assert!(shown.iter().all(|body| body["VisibilityTimeout"] == 0), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn suspects_wait_five_ten_twenty_forty_and_seventy_five_minutes_from_their_last_arming() {
    for (suspected, minutes) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 75), (6, 75)] {
        let world = stepped().await;
        // Suspected so often by what it says, and not once more: the row was not taken up alone.
        let suspect = [("Suspected", n(suspected)), ("TakenUp", n(9))];
        let almost = minutes * MINUTE - Duration::from_secs(30);
        given_up_row(&world, "suspect", almost, &suspect).await;
        world.give_up().await;
        assert_eq!(
            numbers(&world.sweep().await, ["takenUp", "suspected"]),
            [0, 1],
            "{minutes} minutes are not over"
        );
        world.advance(MINUTE);
        assert_eq!(
            numbers(&world.sweep().await, ["takenUp", "suspected"]),
            [1, 1],
            "{minutes} minutes are over"
        );
    }
}
