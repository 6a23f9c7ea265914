//! A payment is submitted once: the client's keys and amounts, declines and new attempts, and what ends as UNKNOWN.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use card_airlock::sandbox::Failure;
use order::{DeclineCode, MAX_ATTEMPTS, Outcome};
use paybill::Sandbox;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{Client, Fault, ORDERS, Relay, World, eventually, order, order_of, overtaken, text};

/// A claim lasts 60 s.
const CLAIM_OVER: Duration = Duration::from_secs(61);

fn bill() -> Value {
    json!({ "CustomerOrder": "1" })
}

fn bill_of(amount: u64, currency: &str) -> Value {
    json!({ "CustomerOrder": "1", "Amount": amount, "Currency": currency })
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_the_same_key_gets_the_same_answer_a_decline_too() {
    let world = World::stepped().await;
    let client = world.clerk();
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    for _ in 0..3 {
        assert_eq!(client.pay_with("one", &bill()).await.is(402).code(), "PAYMENT_DECLINED");
    }
    assert_eq!(world.sandbox.ledger().len(), 1);
    for _ in 0..2 {
        assert_eq!(client.pay_with("two", &bill()).await.is(402).code(), "PAYMENT_DECLINED");
        assert_eq!(client.pay_with("one", &bill()).await.is(402).code(), "PAYMENT_DECLINED");
        client.pay("1").await.is(402);
    }
    assert_eq!(world.sandbox.ledger().len(), 2);
    assert!(world.sandbox.ledger().iter().all(|charge| charge.requests == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_paid_order_stays_paid_under_every_key() {
    let world = World::stepped().await;
    let client = world.clerk();
    world.tokenized(&client, &order("1")).await;
    let first = client.pay_with("one", &bill_of(1999, "EUR")).await.is(200);
    assert_eq!((first.json["Amount"].as_u64(), first.text("Currency")), (Some(1999), "EUR"));
    for key in ["one", "two"] {
        assert_eq!(client.pay_with(key, &bill_of(1999, "EUR")).await.is(200).json, first.json);
        assert_eq!(client.pay_with(key, &bill()).await.is(200).json, first.json);
        for other in [bill_of(2000, "EUR"), bill_of(1999, "USD")] {
            assert_eq!(client.pay_with(key, &other).await.is(422).code(), "AMOUNT_DIFFERS");
        }
    }
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_an_order_is_tried_five_times_and_every_decline_is_kept() {
    let world = World::stepped().await;
    let client = world.clerk();
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    for attempt in 1..=MAX_ATTEMPTS {
        let bill = bill_of(attempt as u64, "USD");
        client.pay_with(&format!("key-{attempt}"), &bill).await.is(402);
    }
    assert_eq!(client.pay_with("one-more", &bill()).await.is(409).code(), "PAYMENT_ATTEMPTS_EXHAUSTED");
    assert_eq!(client.pay_with("key-1", &bill()).await.is(402).code(), "PAYMENT_DECLINED");
    let row = world.only_row(ORDERS).await;
    let history = row["PaymentHistory"].as_l().unwrap();
    let entry =
        |entry: &aws_sdk_dynamodb::types::AttributeValue, name: &str| match &entry.as_m().unwrap()[name] {
            aws_sdk_dynamodb::types::AttributeValue::N(number) => number.clone(),
            other => other.as_s().unwrap().clone(),
        };
    let amounts: Vec<_> = history.iter().map(|decline| entry(decline, "Amount")).collect();
    assert_eq!(amounts, ["1", "2", "3", "4", "5"]);
    assert!(history.iter().all(|decline| entry(decline, "DeclineCode") == "card_declined"));
    let kept: BTreeSet<_> = history.iter().map(|decline| entry(decline, "PaymentId")).collect();
    let charged: BTreeSet<_> =
        world.sandbox.ledger().iter().map(|charge| charge.payment_id.to_string()).collect();
    assert_eq!(kept, charged);
    assert_eq!(kept.len(), MAX_ATTEMPTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_ten_new_keys_at_once_after_a_decline_never_submit_two_payments_at_a_time() {
    let world = World::stepped().await;
    let client = world.clerk();
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay("1").await.is(402);
    let keys: Vec<_> = (0..10).map(|key| key.to_string()).collect();
    let bill = bill();
    let answers = futures::future::join_all(keys.iter().map(|key| client.pay_with(key, &bill))).await;
    for answer in answers {
        assert!(
            ["PAYMENT_DECLINED", "PAYMENT_IN_PROGRESS", "PAYMENT_ATTEMPTS_EXHAUSTED"]
                .contains(&answer.code())
        );
    }
    let row = world.only_row(ORDERS).await;
    assert_eq!(text(&row, "PaymentStatus"), "DECLINED");
    // Each that was submitted was claimed, answered and written down before the next.
    let charges = world.sandbox.ledger();
    assert_eq!(row["PaymentHistory"].as_l().unwrap().len(), charges.len());
    assert!(charges.len() <= MAX_ATTEMPTS && charges.iter().all(|charge| charge.requests == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_payment_taken_over_keeps_its_id_its_amount_and_all_its_keys() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let client = world.clerk();
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay_with("one", &bill_of(500, "EUR")).await.is(503);
    assert_eq!(client.pay_with("two", &bill_of(501, "EUR")).await.is(422).code(), "AMOUNT_DIFFERS");
    world.advance(CLAIM_OVER);
    assert_eq!(client.pay_with("two", &bill_of(501, "EUR")).await.is(422).code(), "AMOUNT_DIFFERS");
    for key in ["two", "one", "two"] {
        assert_eq!(client.pay_with(key, &bill()).await.is(402).code(), "PAYMENT_DECLINED");
    }
    let charges: Vec<_> = world.sandbox.ledger().into_iter().collect();
    assert_eq!((charges.len(), charges[0].requests), (1, 2));
    let history = world.only_row(ORDERS).await["PaymentHistory"].as_l().unwrap().clone();
    assert_eq!(history[0].as_m().unwrap()["Amount"].as_n().unwrap(), "500");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_an_interrupted_payment_is_not_sent_again_once_the_processor_has_forgotten_it() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    world.tokenized(&world.client("ann"), &order("1")).await;
    world.client("ann").pay("1").await.is(503);
    world.advance(Duration::from_hours(23));
    for key in ["one", "two"] {
        let answer = world.client("ann").pay_with(key, &bill()).await.is(409);
        assert_eq!(answer.code(), "PAYMENT_UNKNOWN");
    }
    let row = world.only_row(ORDERS).await;
    assert_eq!(text(&row, "PaymentStatus"), "UNKNOWN");
    assert_eq!(world.sandbox.ledger().into_iter().map(|charge| charge.requests).sum::<u32>(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_takeover_does_not_let_the_processor_know_the_payment_for_longer() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    world.tokenized(&world.client("ann"), &order("1")).await;
    world.client("ann").pay("1").await.is(503);
    world.advance(Duration::from_hours(22));
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    assert_eq!(world.client("ann").pay("1").await.is(503).code(), "PAYMENT_UNCONFIRMED");
    // 23 hours after its beginning, and one after the takeover.
    world.advance(Duration::from_hours(1));
    assert_eq!(world.client("ann").pay("1").await.is(409).code(), "PAYMENT_UNKNOWN");
    assert_eq!(world.sandbox.ledger().into_iter().map(|charge| charge.requests).sum::<u32>(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_who_is_not_first_to_give_a_payment_up_says_nothing_of_its_outcome() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let ann = world.client("ann");
    world.tokenized(&ann, &order("1")).await;
    ann.pay("1").await.is(503);
    world.advance(Duration::from_hours(23));
    let pay = async |ann: Client| ann.pay("1").await;
    let answer = overtaken(&world, &ann, "UpdateItem", pay, async {
        assert_eq!(ann.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN");
    });
    assert_eq!(answer.await.is(409).code(), "PAYMENT_IN_PROGRESS");
}

/// The decline is written, and its reply lost; before the row is read again, the order is tried once more.
#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_decline_stays_one_when_another_attempt_follows_it() {
    let world = World::stepped().await;
    let client = world.clerk();
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    let relay = Relay::to(world.aws.url()).await;
    let front = client.at(&world.front(relay.url()).await);
    let refused = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "refused",
    });
    relay.strike_after("UpdateItem", 1, Fault::AnsweredWith(refused.to_string()), 1);
    // The order, what is in quarantine, and the card are read before.
    let let_through = Arc::new(Notify::new());
    relay.strike_after("GetItem", 3, Fault::Held(let_through.clone()), 1);
    let bill = bill();
    let (answer, ()) = futures::future::join(front.pay_with("one", &bill), async {
        eventually("the row is about to be read again", async || (relay.struck() == 2).then_some(())).await;
        client.pay_with("two", &bill).await.is(402);
        let_through.notify_one();
    })
    .await;
    assert_eq!(answer.is(402).code(), "PAYMENT_DECLINED");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_an_attempt_that_was_not_sent_leaves_the_decline_as_it_was() {
    let world = World::stepped().await;
    let client = world.clerk();
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay_with("one", &bill_of(500, "EUR")).await.is(402);
    let declined = world.only_row(ORDERS).await;
    let relay = Relay::to(world.aws.url()).await;
    let front = client.at(&world.front(relay.url()).await);
    relay.strike("Decrypt", Fault::Lost, usize::MAX);
    assert_eq!(front.pay_with("two", &bill_of(700, "USD")).await.is(503).code(), "UNAVAILABLE");
    assert_eq!(world.only_row(ORDERS).await, declined);
    client.pay("1").await.is(402);
    relay.repair();
    client.pay_with("two", &bill_of(700, "USD")).await.is(402);
    assert_eq!(
        world.sandbox.ledger().into_iter().map(|charge| charge.outcome).collect::<Vec<_>>(),
        [declined_by(), declined_by()]
    );
}

fn declined_by() -> Outcome {
    Outcome::Declined(DeclineCode::accept("card_declined").unwrap())
}
