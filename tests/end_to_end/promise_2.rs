//! An accepted order is never lost and never doubled.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{Fault, ORDERS, QUARANTINE, Relay, VAULT, World, eventually, order, text};

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_an_accepted_order_ends_tokenized_where_its_location_says() {
    let world = World::running().await;
    let client = world.client("ann");
    let accepted = client.submit(&order("1")).await.is(202);
    let location = accepted.header("location").to_owned();
    let origin = world.api.strip_suffix(&format!("/{}", world.declared.api.stage)).unwrap();
    let status = eventually("the order is tokenized", async || {
        let status = client.at(origin).get(&location).await.is(200);
        (status.text("Status") == "TOKENIZED").then_some(status)
    })
    .await;
    assert_eq!(status.text("AcceptanceId"), accepted.text("AcceptanceId"));
    assert_eq!(status.text("CreditCard"), "****-****-****-1111");
    let (clean, vault) = (world.only_row(ORDERS).await, world.only_row(VAULT).await);
    assert_eq!(text(&clean, "CreditCardToken"), text(&vault, "Hash_Key"));
    assert_eq!(text(&clean, "CreditCardToken"), status.text("CreditCardToken"));
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_an_order_sent_again_while_pending_gets_its_first_acceptance_and_writes_nothing() {
    let world = World::stepped().await;
    let client = world.client("ann");
    let first = client.submit(&order("1")).await.is(202);
    let (row, records) = (world.only_row(QUARANTINE).await, world.records().len());
    for _ in 0..3 {
        let again = client.submit(&order("1")).await.is(202);
        assert_eq!(again.text("AcceptanceId"), first.text("AcceptanceId"));
        assert_eq!(again.text("AcceptedAt"), first.text("AcceptedAt"));
    }
    assert_eq!(world.only_row(QUARANTINE).await, row);
    assert_eq!(world.records().len(), records);
    let writes = world.aws.calls();
    let writes = writes.iter().filter(|call| call.role == "IngestRole" && call.operation == "PutItem");
    assert!(writes.count() > 1, "a refused put is how ingest learns of it");
    world.deliver(&world.records()).await;
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_an_order_sent_again_when_tokenized_is_answered_with_its_status_and_writes_nothing() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let (clean, vault) = (world.only_row(ORDERS).await, world.only_row(VAULT).await);
    let records = world.records().len();
    let again = client.submit(&order("1")).await.is(200);
    assert_eq!(again.text("Status"), "TOKENIZED");
    assert_eq!(again.text("CreditCardToken"), text(&clean, "CreditCardToken"));
    assert_eq!(world.records().len(), records);
    assert_eq!(world.only_row(ORDERS).await, clean);
    assert_eq!(world.only_row(VAULT).await, vault);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_ten_submissions_at_once_are_one_order() {
    let world = World::running().await;
    let client = world.client("ann");
    let order = order("1");
    let answers = futures::future::join_all((0..10).map(|_| client.submit(&order))).await;
    let mut acceptances = std::collections::HashSet::new();
    for answer in answers {
        assert!([200, 202].contains(&answer.status.as_u16()), "{answer:?}");
        acceptances.insert(answer.text("AcceptanceId").to_owned());
    }
    client.settled("1").await;
    // A submission that overtook the crossing may have been taken in again; it is dropped, not doubled.
    eventually("the quarantine empties", async || (world.counts().await == [0, 1, 1]).then_some(())).await;
    assert!(acceptances.contains(text(&world.only_row(ORDERS).await, "AcceptanceId")));
    assert_eq!(world.dead_letters(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_put_that_is_lost_or_whose_reply_is_lost_is_one_order() {
    for fault in [Fault::Lost, Fault::ReplyLost] {
        let world = World::stepped().await;
        let relay = Relay::to(world.aws.url()).await;
        let client = world.client("ann").at(&world.front(relay.url()).await);
        relay.strike("PutItem", fault, 1);
        let accepted = client.submit(&order("1")).await.is(202);
        assert_eq!(relay.struck(), 1);
        let row = world.only_row(QUARANTINE).await;
        assert_eq!(text(&row, "AcceptanceId"), accepted.text("AcceptanceId"));
        world.deliver(&world.records()).await;
        assert_eq!(world.counts().await, [0, 1, 1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_an_order_stays_in_quarantine_until_it_is_across() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("1")).await.is(202);
    let row = world.only_row(QUARANTINE).await;
    let relay = Relay::to(world.aws.url()).await;
    let worker = world.worker(relay.url());
    let records = world.records();
    let number = records[0]["dynamodb"]["SequenceNumber"].as_str().map(str::to_owned);
    for operation in ["Decrypt", "GenerateDataKey", "TransactWriteItems"] {
        relay.strike(operation, Fault::Lost, usize::MAX);
        assert_eq!(world.deliver_to(&worker, &records).await, number, "{operation}");
        assert_eq!(world.only_row(QUARANTINE).await, row, "{operation}");
        assert_eq!(world.counts().await, [1, 0, 0], "{operation}");
        relay.repair();
    }
    assert_eq!(world.deliver_to(&worker, &records).await, None);
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_failed_order_tells_its_reason_and_only_its_owner_renews_it() {
    let world = World::stepped().await;
    let (ann, bob) = (world.client("ann"), world.client("bob"));
    let first = ann.submit(&order("1")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;

    let failed = ann.status("1").await.is(200);
    assert_eq!((failed.text("Status"), failed.text("FailureReason")), ("FAILED", "ENVELOPE_REFUSED"));
    bob.status("1").await.is(404);
    bob.submit(&order("1")).await.is(409);
    let renewed = ann.submit(&order("1")).await.is(202);
    assert_ne!(renewed.text("AcceptanceId"), first.text("AcceptanceId"));
    assert_eq!(ann.status("1").await.text("Status"), "PENDING");
    world.deliver_last().await;
    assert_eq!(ann.status("1").await.text("AcceptanceId"), renewed.text("AcceptanceId"));
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_two_renewals_at_once_are_one_acceptance() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("1")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    let relay = Relay::to(world.aws.url()).await;
    let slow = client.at(&world.front(relay.url()).await);
    // The slow one has read FAILED and tries its first put; by then the fast one has renewed the order.
    let let_through = Arc::new(Notify::new());
    relay.strike_after("PutItem", 1, Fault::Held(let_through.clone()), 1);
    let order = order("1");
    let (slow, fast) = futures::future::join(slow.submit(&order), async {
        eventually("the slow renewal is held", async || (relay.struck() == 1).then_some(())).await;
        let fast = client.submit(&order).await;
        let_through.notify_one();
        fast
    })
    .await;
    assert_eq!(slow.is(202).text("AcceptanceId"), fast.is(202).text("AcceptanceId"));
    world.deliver(&world.records()).await;
    assert_eq!(world.counts().await, [0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_put_that_loses_is_run_again_three_times_and_then_by_the_client() {
    for (lost, status) in [(3, 202), (4, 503)] {
        let world = World::stepped().await;
        let client = world.client("ann");
        client.submit(&order("1")).await.is(202);
        world.alter_card().await;
        world.deliver_last().await;
        let relay = Relay::to(world.aws.url()).await;
        let slow = client.at(&world.front(relay.url()).await);
        let let_through = Arc::new(Notify::new());
        relay.strike("PutItem", Fault::Held(let_through.clone()), lost);
        let order = order("1");
        let (answer, ()) = futures::future::join(slow.submit(&order), async {
            for round in 1..=lost {
                eventually("a put is held", async || (relay.struck() == round).then_some(())).await;
                // It was armed and parked once more.
                let mut row = world.only_row(QUARANTINE).await;
                row.insert("Attempt".into(), AttributeValue::N((10 + round).to_string()));
                world.put(QUARANTINE, row).await;
                let_through.notify_one();
            }
        })
        .await;
        answer.is(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_across_is_answered_once_more_without_a_key_to_seal_with() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let relay = Relay::to(world.aws.url()).await;
    relay.strike("GenerateDataKey", Fault::Lost, usize::MAX);
    let keyless = client.at(&world.front(relay.url()).await);
    assert_eq!(keyless.submit(&order("1")).await.is(200).text("Status"), "TOKENIZED");
    keyless.submit(&order("2")).await.is(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_row_that_ttl_removes_uncrossed_leaves_a_dead_letter() {
    let world = World::stepped().await;
    let client = world.client("ann");
    let accepted = client.submit(&order("1")).await.is(202);
    world.advance(Duration::from_secs((72 + 7 * 24 - 1) * 3600));
    assert_eq!(world.aws.sweep_ttl().unwrap(), 0);
    world.advance(Duration::from_secs(2 * 3600));
    assert_eq!(world.aws.sweep_ttl().unwrap(), 1);
    assert_eq!(world.deliver_last().await, None);
    let letters = world.dead_letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["Kind"], "REMOVED_BY_TTL");
    assert_eq!(letters[0]["AcceptanceId"], accepted.text("AcceptanceId"));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_2_a_letter_of_the_sweep_says_which_order_it_is_by_which_acceptance_and_why() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let late = ann.submit(&order("late")).await.is(202);
    world.alter_card().await;
    assert_eq!(world.deliver_last().await, None);
    let odd = ann.submit(&order("odd")).await.is(202);
    let mut row = world.row(QUARANTINE, "late").await.unwrap();
    row.insert("Deadline".to_owned(), AttributeValue::N("1".to_owned()));
    world.put(QUARANTINE, row).await;
    let mut row = world.row(QUARANTINE, "odd").await.unwrap();
    row.remove("Status");
    world.put(QUARANTINE, row.clone()).await;
    // An id that looks like a card number is in no letter.
    row.insert("CustomerOrder".to_owned(), AttributeValue::S("4111111111111111".to_owned()));
    world.put(QUARANTINE, row).await;
    let before = world.dead_letters().len();
    let swept = world.sweep().await;
    assert_eq!((&swept["expired"], &swept["parked"]), (&json!(1), &json!(2)), "{swept}");
    let mut letters = world.dead_letters().split_off(before);
    for letter in &mut letters {
        assert!(letter.as_object_mut().unwrap().remove("At").is_some(), "{letter}");
    }
    let [late, odd] = [&late, &odd].map(|accepted| accepted.text("AcceptanceId"));
    for expected in [
        json!({ "Kind": "EXPIRED", "CustomerOrder": "late", "AcceptanceId": late, "Reason": "ENVELOPE_REFUSED" }),
        json!({ "Kind": "PARKED", "CustomerOrder": "odd", "AcceptanceId": odd, "Reason": "MALFORMED" }),
        json!({ "Kind": "PARKED", "AcceptanceId": odd, "Reason": "MALFORMED" }),
    ] {
        assert!(letters.contains(&expected), "{expected} in {letters:?}");
    }
    assert_eq!(letters.len(), 3);
}
