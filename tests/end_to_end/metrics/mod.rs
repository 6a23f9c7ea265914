//! Each thing that happens is counted once, and what did not happen is not.

mod sweeps;

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock::sandbox::{Dialect, Failure, named};
use order::witness::Chain;
use paybill::Sandbox;
use serde_json::json;

use crate::{
    importing,
    support::{
        Client, Encryptor, Item, Metrics, QUARANTINE, VAULT, World, encrypted_order, flipped, order,
        order_of, overtaken,
    },
};

const NONE: [&str; 0] = [];
const MINUTE: Duration = Duration::from_secs(60);

/// Changes a row in quarantine, past every rule.
async fn edit(world: &World, id: &str, name: &str, value: AttributeValue) {
    let mut row = world.row(QUARANTINE, id).await.unwrap();
    row.insert(name.to_owned(), value);
    world.put(QUARANTINE, row).await;
}

fn ago(world: &World, time: Duration) -> AttributeValue {
    AttributeValue::S(humantime::format_rfc3339_millis(world.now() - time).to_string())
}

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
    // It is there since it was accepted, whenever it was armed.
    edit(&world, "1", "ArmedAt", ago(&world, Duration::ZERO)).await;
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
    for _ in ["in quarantine", "across"] {
        bob.put_card("1", "5555555555554444").await.is(404);
        assert_eq!(metrics.take(), ["Denied NOT_THE_OWNER 1", "Refused ORDER_NOT_FOUND 1"]);
        assert_eq!(world.deliver(&world.records()[..1]).await, None);
        metrics.take();
    }
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
    world.try_sweep(&json!({ "action": "replay", "dryRun": true })).await.unwrap();
    assert_eq!(metrics.take(), NONE, "a dry run arms nothing");
    assert_eq!(world.replay("1").await["rearmed"], 1);
    assert_eq!(metrics.take(), ["Rearmed 1"]);
}

/// Another card is in quarantine, and was not there yet when its order was forgotten.
async fn with_a_late_card() -> World {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    let metrics = Metrics::of_this_thread();
    ann.put_card("1", "5555555555554444").await.is(202);
    assert_eq!(metrics.take(), ["Accepted 1"]);
    let late = world.only_row(QUARANTINE).await;
    world.remove(QUARANTINE, "1").await;
    ann.forget("1").await.is(200);
    world.put(QUARANTINE, late).await;
    world
}

#[tokio::test]
async fn a_card_that_comes_late_is_counted_as_forgotten_when_it_is_dropped() {
    let world = with_a_late_card().await;
    let late = world.only_row(QUARANTINE).await;
    let unreadable = Item::from([("SealedCard".to_owned(), flipped(&late["SealedCard"]))]);
    let metrics = Metrics::of_this_thread();
    for row in [late.clone(), late.into_iter().chain(unreadable).collect()] {
        world.put(QUARANTINE, row).await;
        assert_eq!(world.deliver_last().await, None);
        assert_eq!(metrics.take(), ["Forgotten 1"]);
    }
}

#[tokio::test]
async fn an_order_that_ttl_removes_is_counted() {
    let world = World::stepped().await;
    world.client("ann").submit(&order("1")).await.is(202);
    world.advance(11 * 24 * 60 * MINUTE);
    world.aws.sweep_ttl().unwrap();
    let metrics = Metrics::of_this_thread();
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(metrics.take(), ["RemovedByTtl 1"]);
}

#[tokio::test]
async fn an_encrypted_card_that_the_worker_refuses_is_counted_with_its_reason_and_once() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let encryptor = Encryptor::of(&world, &ann).await;
    let card = encryptor.card("another order", "4111-1111-1111-1111", None);
    ann.submit(&encrypted_order("1", &card)).await.is(202);
    let records = world.records();
    let metrics = Metrics::of_this_thread();
    assert_eq!(world.deliver(&records).await, None);
    assert_eq!(metrics.take(), ["CardRefused OTHER_ORDER 1"]);
    assert_eq!(world.deliver(&records).await, None);
    assert_eq!(metrics.take(), NONE, "it is refused already");
}

#[tokio::test]
async fn each_run_of_the_maker_tells_how_long_the_newest_card_key_is_still_accepted() {
    let world = World::stepped().await;
    let metrics = Metrics::of_this_thread();
    world.make_card_key().await;
    assert_eq!(metrics.take(), ["CardKeyAcceptedFor 44640 min"], "31 days");
    world.advance(10 * 24 * 60 * MINUTE);
    world.make_card_key().await;
    assert_eq!(metrics.take(), ["CardKeyAcceptedFor 30239 min"], "21 days, and a moment less");
}

#[tokio::test]
async fn a_payment_is_counted_by_its_outcome_and_its_card_by_what_became_of_it() {
    let world = World::stepped_under([("DetokenizePerMinute", "2"), ("RevealCard", "true")]).await;
    let (ann, clerk) = (world.client("ann"), world.clerk());
    world.tokenized(&ann, &order("unreadable")).await;
    let mut row = world.only_row(VAULT).await;
    row.insert("DataKey".to_owned(), flipped(&row["DataKey"]));
    world.put(VAULT, row).await;
    world.tokenized(&ann, &order_of("declined", Sandbox::DECLINED)).await;
    for id in ["revealed", "refused", "unanswered"] {
        world.tokenized(&ann, &order(id)).await;
    }
    // Within one minute of the clock.
    let seconds = world.now().duration_since(UNIX_EPOCH).unwrap().as_secs() % 60;
    world.advance(MINUTE - Duration::from_secs(seconds));
    let metrics = Metrics::of_this_thread();
    ann.pay("unreadable").await.is(500);
    assert_eq!(metrics.take(), ["CardUnreadable 1", "Refused CARD_UNREADABLE 1"]);
    ann.pay("declined").await.is(402);
    assert_eq!(metrics.take(), ["Detokenized 1", "Payment DECLINED 1", "Refused PAYMENT_DECLINED 1"]);
    ann.pay("refused").await.is(429);
    assert_eq!(metrics.take(), ["DetokenizeRefused 1", "Refused DETOKENIZE_LIMIT 1"]);
    clerk.pay("revealed").await.is(200);
    assert_eq!(metrics.take(), ["Detokenized 1", "Payment SUBMITTED 1", "Revealed 1"]);
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    clerk.pay("unanswered").await.is(503);
    assert_eq!(metrics.take(), ["Detokenized 1", "Refused PAYMENT_UNCONFIRMED 1"]);
    world.advance(Duration::from_hours(23));
    clerk.pay("unanswered").await.is(409);
    assert_eq!(metrics.take(), ["Payment UNKNOWN 1", "Refused PAYMENT_UNKNOWN 1"]);
}

#[tokio::test]
async fn a_payment_that_a_lookup_settles_is_counted_by_its_outcome() {
    let world = World::charged_by(Dialect::Checkout, []).await;
    let merchant = world.clerk();
    let mut order = order_of("1", named("approve").unwrap().number);
    for (name, value) in [("CardExpiry", json!("12/30")), ("Amount", json!(1999)), ("Currency", json!("USD"))]
    {
        order[name] = value;
    }
    world.tokenized(&merchant, &order).await;
    world.sandbox.answer_lookups(false);
    world.sandbox.fail_next(Some(Failure::ErrorCharged));
    merchant.pay("1").await.is(503);
    world.advance(Duration::from_hours(24));
    merchant.pay("1").await.is(409);
    world.sandbox.answer_lookups(true);
    let metrics = Metrics::of_this_thread();
    merchant.pay("1").await.is(200);
    assert_eq!(metrics.take(), ["Payment SUBMITTED 1"], "no card was opened for it");
    merchant.pay("1").await.is(200);
    assert_eq!(metrics.take(), NONE);
}

#[tokio::test]
async fn of_two_who_forget_a_card_at_once_one_is_counted() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    let metrics = Metrics::of_this_thread();
    let forget = async |ann: Client| ann.forget("1").await;
    let answer = overtaken(&world, &ann, "TransactWriteItems", forget, async {
        ann.forget("1").await.is(200);
    });
    answer.await.is(200);
    assert_eq!(metrics.take(), ["Forgotten 1"]);
}

#[tokio::test]
async fn an_order_that_is_imported_is_counted_as_accepted() {
    let world = importing::world().await;
    importing::put_rows(&world, [importing::row("1", importing::CARD)]).await;
    let metrics = Metrics::of_this_thread();
    importing::pass(&world, "check").await;
    assert_eq!(metrics.take(), NONE);
    importing::pass(&world, "import").await;
    assert_eq!(metrics.take(), ["Accepted 1"]);
    importing::pass(&world, "import").await;
    assert_eq!(metrics.take(), NONE, "it is there already");
}

#[tokio::test]
async fn each_link_of_the_witness_is_told_by_its_chain_and_its_number() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let chain = Chain::of(&ann.sub()).name();
    for (id, number) in [("1", 1), ("2", 2)] {
        world.tokenized(&ann, &order(id)).await;
        ann.pay(id).await.is(200);
        let metrics = Metrics::of_this_thread();
        assert_eq!(world.witness().await, None);
        assert_eq!(metrics.take(), [format!("WitnessHead {chain} {number}")]);
    }
}
