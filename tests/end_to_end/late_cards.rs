//! Cards that come after their order's card was forgotten: the answer to the merchant who forgot it said that no card is left.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use card_airlock_services::{FaultKind, Service};
use futures::StreamExt;
use paybill::Sandbox;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{
    Client, Driven, Fault, Item, ORDERS, QUARANTINE, Relay, VAULT, World, eventually, flipped, order,
    order_of, overtaken, text, worker_fault,
};

#[tokio::test(flavor = "multi_thread")]
async fn another_card_that_arrives_after_its_order_was_forgotten_is_dropped_and_never_parked() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    declined(&world, &ann, "1").await;
    let put = async |ann: Client| ann.put_card("1", OTHER_CARD).await;
    let answer = overtaken(&world, &ann, "PutItem", put, async {
        ann.forget("1").await.is(200);
    });
    answer.await.is(202);
    let late = world.only_row(QUARANTINE).await;
    assert!(!ann.status("1").await.is(200).text("CardForgottenAt").is_empty(), "the 202 hides nothing");
    // No payment waits for it: it will not come.
    let unpaid = ann.pay_with("two", &json!({ "CustomerOrder": "1" })).await.is(410);
    assert_eq!(unpaid.code(), "CARD_FORGOTTEN");
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(world.counts().await, [0, 0, 1]);
    assert_eq!(world.dead_letters(), [] as [serde_json::Value; 0]);
    // Once more, and as an earlier release parked such a card: no replay arms it, and forgetting takes it.
    world.put(QUARANTINE, late.clone()).await;
    assert_eq!(world.deliver_last().await, None);
    let mut parked = late.clone();
    parked.insert("Status".into(), AttributeValue::S("FAILED".into()));
    parked.insert("FailureReason".into(), AttributeValue::S("CARD_NOT_REPLACED".into()));
    world.put(QUARANTINE, parked).await;
    assert_eq!(world.replay("1").await["rearmed"], 0);
    ann.forget("1").await.is(200);
    assert_eq!(world.counts().await, [1, 0, 1]);
    let tables = world.aws.snapshot().unwrap()["tables"].to_string();
    assert!(!tables.contains(&STANDARD.encode(late["SealedCard"].as_b().unwrap())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_arrives_while_its_order_is_being_forgotten_goes_with_it() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    declined(&world, &ann, "1").await;
    let forget = async |ann: Client| ann.forget("1").await;
    let answer = overtaken(&world, &ann, "TransactWriteItems", forget, async {
        ann.put_card("1", OTHER_CARD).await.is(202);
    });
    let forgotten = answer.await.is(200);
    let row = world.only_row(QUARANTINE).await;
    assert_eq!((text(&row, "Status"), text(&row, "FailureReason")), ("EXPIRED", "FORGOTTEN"));
    assert!(!row.contains_key("SealedCard"));
    let status = ann.status("1").await.is(200);
    assert_eq!(status.text("CardForgottenAt"), forgotten.text("CardForgottenAt"));
    // Every image of it that the stream still has.
    assert_eq!(world.deliver(&world.records()).await, None);
    assert_eq!(world.counts().await, [1, 0, 1]);
    assert_eq!(world.dead_letters(), [] as [serde_json::Value; 0]);
    assert_eq!(ann.put_card("1", OTHER_CARD).await.is(410).code(), "CARD_FORGOTTEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_crosses_while_its_order_is_being_forgotten_goes_from_the_vault() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    declined(&world, &ann, "1").await;
    let forget = async |ann: Client| ann.forget("1").await;
    let answer = overtaken(&world, &ann, "TransactWriteItems", forget, async {
        ann.put_card("1", OTHER_CARD).await.is(202);
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(text(&world.only_row(ORDERS).await, "CardLast4"), "4444");
    });
    assert!(!answer.await.is(200).text("CardForgottenAt").is_empty());
    assert_eq!(world.counts().await, [0, 0, 1], "neither the first card nor the second is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_card_that_is_forgotten_before_the_worker_drops_it_needs_no_second_try() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let late = late_row(&world, &ann, "1").await;
    world.put(QUARANTINE, late).await;
    let record = world.records().pop().unwrap();
    let (relay, let_through) = (Relay::to(world.aws.url()).await, Arc::new(Notify::new()));
    // The first transaction would carry the card across, and the second drops its row.
    relay.strike_after("TransactWriteItems", 1, Fault::Held(let_through.clone()), 1);
    let worker = world.worker(relay.url());
    let (undone, ()) = futures::future::join(world.deliver_to(&worker, &[record]), async {
        eventually("the row is about to be dropped", async || (relay.struck() == 1).then_some(())).await;
        ann.forget("1").await.is(200);
        let_through.notify_one();
    })
    .await;
    assert_eq!(undone, None);
    assert!(is_taken_out(&world.only_row(QUARANTINE).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_another_card_and_a_wish_to_forget_sent_at_once_the_answers_are_true() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let ids: Vec<String> = (0..64).map(|n| format!("pair-{n}")).collect();
    for id in &ids {
        ann.submit(&order_of(id, Sandbox::DECLINED)).await.is(202);
    }
    assert_eq!(world.deliver(&world.records()).await, None);
    // The others were not tried: a user may use sixty cards in a minute.
    for id in ids.iter().step_by(2) {
        ann.pay(id).await.is(402);
    }
    let delivered = world.records().len();
    let pairs = ids.iter().map(async |id| {
        // Spread over what each of the two takes, so that they meet anywhere.
        let after = |milliseconds: u64| tokio::time::sleep(Duration::from_millis(milliseconds));
        let (early, late) = (fastrand::u64(0..20), fastrand::u64(0..20));
        let put = async {
            after(early).await;
            ann.put_card(id, OTHER_CARD).await
        };
        let forget = async {
            after(late).await;
            ann.forget(id).await
        };
        let (put, forget) = futures::future::join(put, forget).await;
        assert!([202, 410].contains(&put.status.as_u16()), "{id}: {put:?}");
        (id, forget)
    });
    let pairs: Vec<_> = futures::stream::iter(pairs).buffer_unordered(4).collect().await;
    let news = world.records().split_off(delivered);
    assert_eq!(world.deliver(&news).await, None);
    let mut forgotten = 0;
    for (id, forget) in pairs {
        let clean = world.row(ORDERS, id).await.unwrap();
        let quarantined = world.row(QUARANTINE, id).await;
        let (is_marked, is_held) = (
            clean.contains_key("CardForgottenAt"),
            quarantined.is_some_and(|row| row.contains_key("SealedCard")),
        );
        match forget.status.as_u16() {
            200 => assert!(is_marked && !is_held, "{id}"),
            409 => assert!(!is_marked && forget.code() == "ORDER_PENDING", "{id}: {forget:?}"),
            _ => panic!("{id}: {forget:?}"),
        }
        forgotten += usize::from(is_marked);
    }
    // A card in the vault for each order that kept or changed its card, and none in quarantine.
    assert_eq!(world.rows(VAULT).await.len(), ids.len() - forgotten);
    assert!(world.rows(QUARANTINE).await.iter().all(|row| !row.contains_key("SealedCard")));
    assert_eq!(world.dead_letters(), [] as [serde_json::Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_card_that_comes_late_to_a_forgotten_order_is_dropped_unless_it_is_another_customers() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    let mut moved = order("1");
    moved["Address"] = "Reno".into();
    let mut late = Vec::new();
    for (client, submitted) in [(&ann, &order("1")), (&ann, &moved), (&bob, &order("1"))] {
        client.submit(submitted).await.is(202);
        late.push(world.only_row(QUARANTINE).await);
        let delete = world.dynamodb().delete_item().table_name(QUARANTINE);
        delete.key("CustomerOrder", AttributeValue::S("1".into())).send().await.unwrap();
    }
    world.tokenized(&ann, &order("1")).await;
    ann.forget("1").await.is(200);
    let others = late[2]["Owner"].clone();
    for (row, left) in late.into_iter().zip([0, 0, 1]) {
        world.put(QUARANTINE, row).await;
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(world.counts().await, [left, 0, 1]);
    }
    let bobs = world.only_row(QUARANTINE).await;
    assert_eq!((&bobs["Owner"], text(&bobs, "FailureReason")), (&others, "ORDER_EXISTS"));
    assert_eq!(world.dead_letters().len(), 1);
}

/// A row of another card, as it was before it was forgotten with its order, and would come late.
async fn late_row(world: &World, client: &Client, id: &str) -> Item {
    declined(world, client, id).await;
    client.put_card(id, OTHER_CARD).await.is(202);
    let late = world.row(QUARANTINE, id).await.unwrap();
    world.remove(QUARANTINE, id).await;
    client.forget(id).await.is(200);
    late
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// In the ways in which a worker can be unable to read or open it.
fn unreadable(row: &Item) -> [(&'static str, Item); 3] {
    let with = |name: &str, value: AttributeValue| {
        let mut row = row.clone();
        row.insert(name.into(), value);
        row
    };
    [
        ("ENVELOPE_REFUSED", with("SealedCard", flipped(&row["SealedCard"]))),
        ("UNKNOWN_VERSION", with("SealedCard", AttributeValue::B(vec![9; 60].into()))),
        ("MALFORMED", with("Attempt", s("one"))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_card_that_cannot_be_opened_is_dropped_and_not_parked_unless_it_is_another_customers() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let late = late_row(&world, &ann, "1").await;
    for (parked, (reason, row)) in unreadable(&late).into_iter().enumerate() {
        world.put(QUARANTINE, row.clone()).await;
        let record = world.records().pop().unwrap();
        assert_eq!(world.deliver(std::slice::from_ref(&record)).await, None);
        assert_eq!(world.counts().await, [0, 0, 1], "{reason}");
        // Lambda delivers it once more.
        assert_eq!(world.deliver(&[record]).await, None);
        assert_eq!(world.dead_letters().len(), parked, "{reason}: nobody is called for it");

        let mut others = row.clone();
        others.insert("Owner".into(), s("somebody else"));
        world.put(QUARANTINE, others).await;
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(text(&world.only_row(QUARANTINE).await, "FailureReason"), reason);
        world.remove(QUARANTINE, "1").await;
    }
    assert_eq!(world.dead_letters().len(), 3, "of the other customer's");
    // Of an order that is not forgotten it is parked, and so is one without an owner.
    declined(&world, &ann, "2").await;
    let letters = world.dead_letters().len();
    for owner in [Some(late["Owner"].clone()), None] {
        let [(reason, mut row), ..] = unreadable(&late);
        row.insert("CustomerOrder".into(), s("2"));
        row.remove("Owner");
        row.extend(owner.map(|owner| ("Owner".to_owned(), owner)));
        world.put(QUARANTINE, row).await;
        assert_eq!(world.deliver_last().await, None);
        let parked = world.row(QUARANTINE, "2").await.unwrap();
        assert_eq!(text(&parked, "Status"), "FAILED", "{reason}");
    }
    assert_eq!(world.dead_letters().len(), letters + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_tell_whether_a_card_is_late_parks_nothing_and_tries_again() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let late = late_row(&world, &ann, "1").await;
    let [(_, row), ..] = unreadable(&late);
    world.put(QUARANTINE, row).await;
    let fault = worker_fault(Service::DynamoDb, "TransactWriteItems", FaultKind::Throttled);
    world.aws.faults().add(fault);
    assert!(world.deliver_last().await.is_some(), "the record is not done");
    assert_eq!((world.counts().await, world.dead_letters().len()), ([1, 0, 1], 0));
    world.aws.faults().clear();
    assert_eq!(world.deliver_last().await, None);
    assert_eq!((world.counts().await, world.dead_letters().len()), ([0, 0, 1], 0));
}

/// The card and all that goes with it is gone from the row, and the order says that it was forgotten.
fn is_taken_out(row: &Item) -> bool {
    let gone = ["SealedCard", "DataKey", "KeyBatchId", "CustomerName", "Address"];
    (text(row, "Status"), text(row, "FailureReason")) == ("EXPIRED", "FORGOTTEN")
        && gone.iter().all(|name| !row.contains_key(*name))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_takes_out_every_late_card_that_no_worker_has_dropped_wherever_its_row_stands() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let late = late_row(&world, &ann, "1").await;
    let with = |changes: &[(&str, &str)]| {
        let mut row = late.clone();
        row.extend(changes.iter().map(|(name, text)| ((*name).to_owned(), s(text))));
        row
    };
    let rows = [
        ("with the worker", late.clone()),
        ("given up", with(&[("ArmedAt", "2020-01-01T00:00:00.000Z")])),
        ("parked", with(&[("Status", "FAILED"), ("FailureReason", "ENVELOPE_REFUSED")])),
        (
            "parked by an earlier release",
            with(&[("Status", "FAILED"), ("FailureReason", "CARD_NOT_REPLACED")]),
        ),
        ("waiting for a payment", with(&[("ArmAfter", "2099-01-01T00:00:00.000Z")])),
        ("of no known status", with(&[("Status", "ODD")])),
    ];
    for (place, row) in rows {
        world.put(QUARANTINE, row).await;
        let dry = world.try_sweep(&json!({ "action": "sweep", "dryRun": true })).await.unwrap();
        assert_eq!((&dry["forgotten"], &dry["rearmed"]), (&json!(1), &json!(0)), "{place}: {dry}");
        assert!(world.only_row(QUARANTINE).await.contains_key("SealedCard"), "a dry run changes nothing");
        let swept = world.sweep().await;
        assert_eq!((&swept["forgotten"], &swept["parked"]), (&json!(1), &json!(0)), "{place}: {swept}");
        assert!(is_taken_out(&world.only_row(QUARANTINE).await), "{place}");
        let again = world.sweep().await;
        assert_eq!((&again["forgotten"], &again["expired"]), (&json!(0), &json!(0)), "{place}: {again}");
    }
    assert_eq!(world.dead_letters(), [] as [Value; 0], "nobody is called");
    let tables = world.aws.snapshot().unwrap()["tables"].to_string();
    assert!(!tables.contains(&STANDARD.encode(late["SealedCard"].as_b().unwrap())));
    // What the stream still has of it brings nothing back.
    assert_eq!(world.deliver(&world.records()).await, None);
    assert!(is_taken_out(&world.only_row(QUARANTINE).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_leaves_another_customers_card_and_the_card_of_an_order_that_is_not_forgotten() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let late = late_row(&world, &ann, "1").await;
    declined(&world, &ann, "2").await;
    ann.put_card("2", OTHER_CARD).await.is(202);
    for owner in [Some("somebody else"), None] {
        let mut others = late.clone();
        others.remove("Owner");
        others.extend(owner.map(|owner| ("Owner".to_owned(), s(owner))));
        world.put(QUARANTINE, others).await;
        assert_eq!(world.sweep().await["forgotten"], 0);
        for id in ["1", "2"] {
            assert!(world.row(QUARANTINE, id).await.unwrap().contains_key("SealedCard"), "{id} {owner:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_card_that_goes_on_before_the_sweep_writes_is_the_workers() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let late = late_row(&world, &ann, "1").await;
    world.put(QUARANTINE, late).await;
    let (relay, let_through) = (Relay::to(world.aws.url()).await, Arc::new(Notify::new()));
    relay.strike("UpdateItem", Fault::Held(let_through.clone()), 1);
    let (swept, ()) = futures::future::join(world.sweep_at(relay.url()), async {
        eventually("the sweep is about to write", async || (relay.struck() == 1).then_some(())).await;
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(world.counts().await, [0, 0, 1], "the worker dropped it");
        let_through.notify_one();
    })
    .await;
    assert_eq!(swept["forgotten"], 0, "{swept}");
    assert_eq!(world.counts().await, [0, 0, 1], "and the sweep brings no row back");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_sweep_cannot_tell_whether_a_card_is_late_it_does_all_else_and_says_so() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let mut late = late_row(&world, &ann, "1").await;
    let lost = world.now() - Duration::from_secs(80 * 60);
    late.insert("ArmedAt".into(), s(&humantime::format_rfc3339_millis(lost).to_string()));
    world.put(QUARANTINE, late).await;
    world.aws.faults().add("ReplayRole/dynamodb/GetItem=throttled".parse().unwrap());
    assert!(world.try_sweep(&json!({ "action": "sweep" })).await.is_err());
    let row = world.only_row(QUARANTINE).await;
    assert_eq!((text(&row, "Status"), text(&row, "Attempt")), ("PENDING", "2"), "it is armed like any other");
    world.aws.faults().clear();
    assert_eq!(world.sweep().await["forgotten"], 1);
    assert!(is_taken_out(&world.only_row(QUARANTINE).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_kms_is_down_a_forgotten_orders_late_card_is_gone_with_the_next_sweep() {
    let mut world = Driven::start().await;
    let ann = world.client("ann");
    ann.submit(&order_of("1", Sandbox::DECLINED)).await.is(202);
    world.run_dry().await;
    ann.pay("1").await.is(402);
    ann.put_card("1", OTHER_CARD).await.is(202);
    let dynamodb = aws_sdk_dynamodb::Client::new(&card_airlock::functions::sdk_config(
        &world.stack.aws_url(),
        "operator",
    ));
    let late = dynamodb.scan().table_name(QUARANTINE).send().await.unwrap().items.unwrap().remove(0);
    let key = late["CustomerOrder"].clone();
    dynamodb.delete_item().table_name(QUARANTINE).key("CustomerOrder", key).send().await.unwrap();
    world.run_dry().await;
    ann.forget("1").await.is(200);

    // The worker keeps no data key for so long.
    world.advance(Duration::from_secs(10 * 60));
    world.break_worker(Service::Kms, "Decrypt", FaultKind::InternalError);
    dynamodb.put_item().table_name(QUARANTINE).set_item(Some(late)).send().await.unwrap();
    world.run_dry().await;
    assert!(world.rows(QUARANTINE)[0]["SealedCard"].is_object(), "Lambda gave it up");
    world.advance(Duration::from_secs(5 * 60));
    let swept = world.sweep().await;
    assert_eq!(
        (&swept["forgotten"], &swept["takenUp"], &swept["positionsLeft"]),
        (&json!(1), &json!(0), &json!(0))
    );
    assert!(world.rows(QUARANTINE)[0].get("SealedCard").is_none(), "though KMS is still down");
}

const OTHER_CARD: &str = "5555-5555-5555-4444";

/// An order whose payment was declined.
async fn declined(world: &World, client: &Client, id: &str) {
    world.tokenized(client, &order_of(id, Sandbox::DECLINED)).await;
    client.pay(id).await.is(402);
}
