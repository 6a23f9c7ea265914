//! Watching detokenization: every card that leaves the vault is recorded first, and no user takes out more than a
//! minute's limit.

use std::{
    collections::BTreeSet,
    time::{Duration, UNIX_EPOCH},
};

use card_airlock::sandbox::Failure;
use order::Timestamp;
use paybill::Sandbox;
use uuid::Uuid;

use crate::support::{AUDIT, Fault, Item, ORDERS, Relay, VAULT, World, names, order, order_of, text};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_opened_leaves_all_facts_in_the_audit_and_a_repeat_leaves_none() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let before = Timestamp::from(world.now());
    client.pay("1").await.is(200);
    let after = Timestamp::from(world.now());
    for _ in 0..3 {
        client.pay("1").await.is(200);
    }
    let clean = world.only_row(ORDERS).await;
    let (items, counters) = audited(&world).await;
    let [item] = &items[..] else { panic!("{items:?}") };
    assert_eq!(text(item, "Principal"), text(&clean, "Owner"));
    for fact in ["CustomerOrder", "CreditCardToken", "PaymentId"] {
        assert_eq!(text(item, fact), text(&clean, fact), "{fact}");
    }
    assert_eq!(text(item, "Purpose"), "PAYMENT");
    let (at, id) = text(item, "At").split_once('#').unwrap();
    let at: Timestamp = at.parse().unwrap();
    assert!(before <= at && at <= after);
    assert!(id.parse::<Uuid>().is_ok());
    assert!(!names(item).contains("ExpiresAt"), "the audit never expires");

    let [counter] = &counters[..] else { panic!("{counters:?}") };
    assert_eq!(text(counter, "Principal"), text(&clean, "Owner"));
    assert_eq!(text(counter, "At"), format!("minute#{}Z", &at.to_string()[..16]));
    assert_eq!(text(counter, "Uses"), "1");
    assert!(text(counter, "ExpiresAt").parse::<u64>().unwrap() > after.epoch_seconds());
}

#[tokio::test(flavor = "multi_thread")]
async fn ttl_takes_the_counters_and_leaves_the_audit() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    client.pay("1").await.is(200);
    world.advance(2 * 24 * 60 * MINUTE);
    world.aws.sweep_ttl().unwrap();
    let (items, counters) = audited(&world).await;
    assert_eq!((items.len(), counters.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_taken_over_or_declined_is_recorded_as_often_as_its_card_is_opened() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    world.tokenized(&client, &order_of("2", Sandbox::DECLINED)).await;
    client.pay("1").await.is(503);
    world.advance(MINUTE + Duration::from_secs(1));
    client.pay("1").await.is(200);
    client.pay("2").await.is(402);
    client.pay("2").await.is(402);
    let (items, _) = audited(&world).await;
    let of = |order: &str| -> Vec<&str> {
        let items = items.iter().filter(|item| text(item, "CustomerOrder") == order);
        items.map(|item| text(item, "PaymentId")).collect()
    };
    let [first, second] = of("1")[..] else { panic!("{items:?}") };
    assert_eq!(first, second);
    assert_eq!(of("2").len(), 1);
    assert_eq!(opened(&world), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_payments_at_once_as_many_open_a_card_as_the_limit_says_and_the_others_do_a_minute_later() {
    let world = limited_to("5").await;
    let client = world.client("ann");
    let orders: Vec<String> = (0..10).map(|number| format!("order-{number}")).collect();
    for id in &orders {
        world.tokenized(&client, &order(id)).await;
    }
    begin_a_minute(&world);
    let answers = futures::future::join_all(orders.iter().map(|id| client.pay(id))).await;
    let mut refused = Vec::new();
    for (id, answer) in orders.iter().zip(answers) {
        if answer.status != 200 {
            assert_eq!((answer.status.as_u16(), answer.code()), (429, "DETOKENIZE_LIMIT"), "{answer:?}");
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&wait));
            refused.push(id);
        }
    }
    assert_eq!(refused.len(), 5);
    assert_eq!((opened(&world), world.sandbox.ledger().len()), (5, 5));
    let (items, counters) = audited(&world).await;
    assert_eq!((items.len(), counters.len()), (5, 1));
    assert_eq!(text(&counters[0], "Uses"), "5");
    for id in &refused {
        let clean = world.row(ORDERS, id).await.unwrap();
        assert!(!names(&clean).contains("PaymentStatus"), "the claim is given back");
        assert!(items.iter().all(|item| text(item, "CustomerOrder") != *id));
    }
    // The limit is each user's own.
    let bob = world.client("bob");
    world.tokenized(&bob, &order("bobs")).await;
    bob.pay("bobs").await.is(200);
    // And opens nothing for who asks again.
    assert_eq!(client.pay(refused[0]).await.is(429).code(), "DETOKENIZE_LIMIT");

    world.advance(MINUTE);
    for id in refused {
        client.pay(id).await.is(200);
    }
    assert_eq!((opened(&world), world.sandbox.ledger().len()), (11, 11));
    assert_eq!(audited(&world).await.0.len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_does_not_stop_an_answer_that_opens_no_card() {
    let world = limited_to("1").await;
    let client = world.client("ann");
    for id in ["1", "2"] {
        world.tokenized(&client, &order(id)).await;
    }
    begin_a_minute(&world);
    client.pay("1").await.is(200);
    client.pay("2").await.is(429);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_over_the_limit_keeps_its_claim_and_its_payment() {
    let world = World::stepped_under([("DetokenizePerMinute", "1")]).await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let client = world.client("ann");
    for id in ["1", "2"] {
        world.tokenized(&client, &order(id)).await;
    }
    client.pay("1").await.is(503);
    let payment = text(&world.row(ORDERS, "1").await.unwrap(), "PaymentId").to_owned();
    world.advance(MINUTE + Duration::from_secs(1));
    begin_a_minute(&world);
    client.pay("2").await.is(200);
    let refused = client.pay("1").await.is(429);
    assert_eq!(refused.header("retry-after"), "60", "as long as the claim stands");
    let row = world.row(ORDERS, "1").await.unwrap();
    assert_eq!((text(&row, "PaymentStatus"), text(&row, "PaymentId")), ("SUBMITTING", payment.as_str()));
    world.advance(MINUTE + Duration::from_secs(1));
    client.pay("1").await.is(200);
    assert_eq!(text(&world.row(ORDERS, "1").await.unwrap(), "PaymentId"), payment);
    assert_eq!(world.sandbox.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_record_no_card_is_opened_and_the_claim_is_given_back() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for kind in ["error", "lost-before", "throttled", "conflict", "cancelled-by-throttling"] {
        world.tokenized(&client, &order(kind)).await;
        world.aws.faults().add(format!("PaybillRole/dynamodb/TransactWriteItems={kind}").parse().unwrap());
        let failed = client.pay(kind).await.is(503);
        assert_eq!((failed.code(), failed.header("retry-after")), ("UNAVAILABLE", "1"), "{kind}");
        let clean = world.row(ORDERS, kind).await.unwrap();
        assert!(!names(&clean).contains("PaymentStatus"), "{kind}");
    }
    assert_eq!((opened(&world), vault_reads(&world)), (0, 0));
    assert!(world.sandbox.ledger().is_empty() && world.rows(AUDIT).await.is_empty());
    world.aws.faults().clear();
    client.pay("error").await.is(200);
    assert_eq!((opened(&world), vault_reads(&world)), (1, 1), "and these are what was counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_or_a_conflict_counts_once() {
    for fault in ["reply-lost@#1", "conflict@x3", "cancelled-by-throttling@x3"] {
        let world = World::stepped().await;
        let client = world.client("ann");
        world.tokenized(&client, &order("1")).await;
        world.aws.faults().add(format!("PaybillRole/dynamodb/TransactWriteItems={fault}").parse().unwrap());
        client.pay("1").await.is(200);
        assert!(world.aws.tally("PaybillRole", "TransactWriteItems").calls > 1, "{fault}");
        let (items, counters) = audited(&world).await;
        assert_eq!((items.len(), text(&counters[0], "Uses")), (1, "1"), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_is_there_before_the_card_is_asked_for() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let relay = Relay::to(world.aws.url()).await;
    relay.strike("Decrypt", Fault::Lost, usize::MAX);
    client.at(&world.front(relay.url()).await).pay("1").await.is(503);
    assert_eq!(opened(&world), 0);
    assert_eq!(audited(&world).await.0.len(), 1);
    let order: Vec<String> = world
        .aws
        .calls()
        .into_iter()
        .filter(|call| call.role == "PaybillRole")
        .map(|call| format!("{} {}", call.operation, call.resources[0]))
        .collect();
    let place = |wanted: &str| order.iter().position(|call| call == wanted).unwrap();
    assert!(place(&format!("TransactWriteItems {AUDIT}")) < place(&format!("GetItem {VAULT}")));
}

/// A world with another limit per minute.
async fn limited_to(limit: &str) -> World {
    World::stepped_under([("DetokenizePerMinute", limit)]).await
}

/// Moves on to where a minute of the clock begins: what follows is within it.
fn begin_a_minute(world: &World) {
    let seconds = world.now().duration_since(UNIX_EPOCH).unwrap().as_secs() % 60;
    world.advance(MINUTE - Duration::from_secs(seconds));
}

/// The audit's two kinds of row, each with its own attributes and no others.
async fn audited(world: &World) -> (Vec<Item>, Vec<Item>) {
    let (counters, items): (Vec<Item>, Vec<Item>) =
        world.rows(AUDIT).await.into_iter().partition(|row| text(row, "At").starts_with("minute#"));
    let set = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let facts = set(&["Principal", "At", "CustomerOrder", "CreditCardToken", "Purpose", "PaymentId"]);
    assert!(items.iter().all(|item| names(item) == facts), "{items:?}");
    let of_counter = set(&["Principal", "At", "Uses", "ExpiresAt"]);
    assert!(counters.iter().all(|counter| names(counter) == of_counter), "{counters:?}");
    (items, counters)
}

/// How often paybill asked KMS to open a card's key.
fn opened(world: &World) -> usize {
    calls(world, |operation, _| operation == "Decrypt")
}

fn vault_reads(world: &World) -> usize {
    calls(world, |operation, resources| operation == "GetItem" && resources == [VAULT])
}

fn calls(world: &World, wanted: impl Fn(&str, &[String]) -> bool) -> usize {
    let calls = world.aws.calls();
    calls.iter().filter(|call| call.role == "PaybillRole" && wanted(&call.operation, &call.resources)).count()
}
