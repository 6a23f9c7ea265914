//! The drill: five faults, and the commands that find and fix each. docs/operating.md has them in the same order.

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock_services::FaultRule;
use serde_json::json;
use test_support::{eventually, order, tables::QUARANTINE};

use super::{World, is_presentable, item, payment, s};

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_kms_kept_from_crossing_are_seen_and_brought_across() {
    let world = World::start().await;
    let fault: FaultRule = "TokenizeWorkerRole/kms/Decrypt=error".parse().unwrap();
    world.stack.aws().faults().add(fault);
    world.user(&[]).submit(&order("A-1")).await.is(202);
    eventually("the order is given up", async || {
        let letters = world.stack.aws().waiting();
        (!letters.is_empty()).then_some(())
    })
    .await;
    let json = world.run(&["status", "--json"]).await.is(3).json();
    assert_eq!((&json["quarantine"]["rows"], &json["deadLetters"]), (&json!(1), &json!(1)));
    // KMS works again. A replay brings across what a sweep would bring across some minutes later.
    world.stack.aws().faults().clear();
    let dry = world.run(&["replay", "--dry-run", "--json"]).await.is(3);
    assert_eq!(dry.json()["rearmed"], 1);
    world.run(&["replay", "--yes"]).await.is(0);
    world.user(&[]).settled("A-1").await;
    is_presentable(&world.run(&["status"]).await.is(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_order_is_seen_and_taken_up_once_its_cause_is_gone() {
    let world = World::start().await;
    let client = world.user(&[]);
    client.submit(&order("A-1")).await.is(202);
    client.settled("A-1").await;
    // As another version of ingest might write it.
    let poison = [
        ("CustomerOrder", s("poison")),
        ("Status", s("PENDING")),
        ("Attempt", AttributeValue::N("1".into())),
    ];
    world.put(QUARANTINE, item(&poison)).await;
    let parked = eventually("the order is parked", async || {
        let parked = world.run(&["orders", "--state", "parked", "--json"]).await.is(0).lines();
        parked.into_iter().next()
    })
    .await;
    assert_eq!((&parked["order"], &parked["reason"]), (&json!("poison"), &json!("MALFORMED")));
    let status = world.run(&["status"]).await.is(3);
    assert!(status.out.contains("MALFORMED"), "{}", status.out);
    is_presentable(&status);
    let history = world.run(&["order", "poison"]).await.is(0);
    assert!(history.out.contains("FAILED") && history.out.contains("MALFORMED"), "{}", history.out);
    // It is what it was: a replay says that it is on its way, and it is parked again.
    world.run(&["replay", "--order", "poison", "--json", "--yes"]).await;
    eventually("the order is parked again", async || {
        let read = world.run(&["order", "poison", "--no-audit", "--json"]).await.is(0).json();
        let row = &read["quarantine"];
        (row["status"] == "FAILED" && row["attempt"].as_u64() > Some(1)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_payment_is_seen_and_settled_by_the_bill_or_by_hand() {
    let world = World::start().await;
    let client = world.user(&["billing"]);
    client.submit(&order("A-1")).await.is(202);
    client.settled("A-1").await;
    world.stack.sandbox().fail_next(Some(card_airlock::sandbox::Failure::AnswerLost));
    client.pay("A-1").await.is(503);
    // Its claim runs out a minute later; it is made to have run out.
    let mut row = world.row("CustomerOrderTable", "A-1").await.unwrap();
    row.insert("ClaimedUntil".to_owned(), s("2026-11-21T19:00:33.120Z"));
    world.put("CustomerOrderTable", row.clone()).await;
    let open = world.run(&["payments", "--interrupted", "--json"]).await.is(3).lines();
    assert_eq!((&open[0]["order"], &open[0]["payment"]["status"]), (&json!("A-1"), &json!("SUBMITTING")));
    assert_eq!(world.run(&["status", "--json"]).await.is(3).json()["payments"]["interrupted"], 1);
    // What it is settled by: the bill, sent again.
    let refused = world.run(&["settle", "A-1", "--not-charged", "--yes"]).await.is(1);
    assert!(refused.told.contains("Send the bill again"), "{}", refused.told);
    client.pay("A-1").await.is(200);
    world.run(&["payments"]).await.is(0);
    assert_eq!(world.stack.sandbox().ledger().len(), 1, "charged once");

    // And one of which nobody knows, by what the processor says.
    world.put_clean("A-2", &payment("UNKNOWN")).await;
    world.run(&["payments", "--unknown"]).await.is(3);
    world.run(&["settle", "A-2", "--charged", "ch_1", "--yes"]).await.is(0);
    world.run(&["status"]).await.is(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_is_off_is_found_and_enabled() {
    let world = World::start().await;
    let (lambda, uuid) = (world.lambda(), world.stop_mapping().await);
    world.user(&[]).submit(&order("A-1")).await.is(202);
    let json = world.run(&["doctor", "--json"]).await.is(3).json();
    let stream = json["checks"].as_array().unwrap().iter().find(|check| check["check"] == "stream").unwrap();
    let fix = stream["findings"][0]["fix"].as_str().unwrap();
    assert!(
        fix.contains(&format!("aws lambda update-event-source-mapping --uuid {uuid} --enabled")),
        "{fix}"
    );
    eventually("it can be switched", async || {
        lambda.update_event_source_mapping().uuid(&uuid).enabled(true).send().await.ok()
    })
    .await;
    world.user(&[]).settled("A-1").await;
    world.run(&["doctor"]).await.is(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_key_policy_is_found_and_put_back() {
    let world = World::start().await;
    let access = world.access().await;
    let id = access.names().physical("QuarantineKey").unwrap().to_owned();
    let promised = world.run(&["doctor", "--policy", "QuarantineKey"]).await.is(0).out;
    let mut altered: serde_json::Value = serde_json::from_str(&promised).unwrap();
    // The worker may not open any more.
    altered["Statement"]
        .as_array_mut()
        .unwrap()
        .retain(|statement| statement["Sid"] != "TokenizeWorkerOpens");
    let put = async |policy: String| {
        let put = world.kms().put_key_policy().key_id(&id).policy_name("default").policy(policy);
        put.send().await.unwrap();
    };
    put(altered.to_string()).await;
    world.user(&[]).submit(&order("A-1")).await.is(202);
    let found = world.run(&["doctor"]).await.is(3);
    assert!(found.out.contains("TokenizeWorkerOpens"), "{}", found.out);
    is_presentable(&found);
    put(promised).await;
    world.run(&["doctor"]).await.is(0);
    eventually("a replay brings the order across", async || {
        world.run(&["replay", "--yes"]).await;
        let clean = world.row("CustomerOrderTable", "A-1").await;
        clean.map(drop)
    })
    .await;
}
