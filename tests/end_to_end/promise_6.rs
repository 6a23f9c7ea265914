//! A payment is submitted once, however often the request is repeated or the reply lost.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock::sandbox::{Failure, named};
use order::{DeclineCode, Outcome};
use serde_json::json;

use crate::support::{
    Client, Fault, ORDERS, Relay, World, eventually, order, order_of, overtaken_after, text,
};

/// A claim lasts 60 s.
const CLAIM_OVER: Duration = Duration::from_secs(61);

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_an_order_paid_again_is_answered_the_same_and_opens_no_card() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let first = client.pay("1").await.is(200);
    let opened = decrypts(&world);
    assert_eq!(opened, 1);
    for _ in 0..3 {
        assert_eq!(client.pay("1").await.is(200).json, first.json);
    }
    assert_eq!(decrypts(&world), opened);
    only_charge(&world, Outcome::Submitted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_ten_payments_at_once_are_one() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let answers = futures::future::join_all((0..10).map(|_| client.pay("1"))).await;
    let paid = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(paid >= 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status.as_u16(), answer.code()), (409, "PAYMENT_IN_PROGRESS"));
        assert_eq!(answer.header("retry-after"), "5");
    }
    client.pay("1").await.is(200);
    assert_eq!(decrypts(&world), 1);
    only_charge(&world, Outcome::Submitted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_processor_that_does_not_answer_is_asked_again_for_the_same_payment() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let lost = client.pay("1").await.is(503);
    assert_eq!((lost.code(), lost.header("retry-after")), ("PAYMENT_UNCONFIRMED", "60"));
    let payment = text(&world.only_row(ORDERS).await, "PaymentId").to_owned();
    assert_eq!(client.pay("1").await.is(409).code(), "PAYMENT_IN_PROGRESS");
    world.advance(CLAIM_OVER);
    client.pay("1").await.is(200);
    assert_eq!(text(&world.only_row(ORDERS).await, "PaymentId"), payment);
    only_charge(&world, Outcome::Submitted, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_ten_that_take_over_a_payment_at_once_submit_it_once() {
    let world = World::stepped().await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    client.pay("1").await.is(503);
    world.advance(CLAIM_OVER);
    let answers = futures::future::join_all((0..10).map(|_| client.pay("1"))).await;
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status.as_u16())));
    client.pay("1").await.is(200);
    only_charge(&world, Outcome::Submitted, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_declined_payment_stays_declined_without_another_look_at_the_card() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order_of("1", named("decline").unwrap().number)).await;
    for _ in 0..3 {
        assert_eq!(client.pay("1").await.is(402).code(), "PAYMENT_DECLINED");
    }
    assert_eq!(decrypts(&world), 1);
    only_charge(&world, Outcome::Declined(DeclineCode::accept("card_declined").unwrap()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_lost_reply_of_any_call_charges_once() {
    for (operation, nth) in [("GetItem", 0), ("UpdateItem", 0), ("Decrypt", 0), ("UpdateItem", 1)] {
        for fault in [Fault::Lost, Fault::ReplyLost] {
            let world = World::stepped().await;
            let client = world.client("ann");
            world.tokenized(&client, &order("1")).await;
            let relay = Relay::to(world.aws.url()).await;
            relay.strike_after(operation, nth, fault.clone(), 1);
            client.at(&world.front(relay.url()).await).pay("1").await.is(200);
            assert_eq!(relay.struck(), 1, "{operation} {nth} {fault:?}");
            only_charge(&world, Outcome::Submitted, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_paybill_that_dies_at_any_call_is_taken_over_for_the_same_payment() {
    for (operation, nth, requests) in [("UpdateItem", 0, 1), ("Decrypt", 0, 1), ("UpdateItem", 1, 2)] {
        for fault in [Fault::Stuck, Fault::ReplyStuck] {
            let settled = operation == "UpdateItem" && nth == 1 && matches!(fault, Fault::ReplyStuck);
            let world = World::stepped().await;
            let client = world.client("ann");
            world.tokenized(&client, &order("1")).await;
            let relay = Relay::to(world.aws.url()).await;
            relay.strike_after(operation, nth, fault.clone(), usize::MAX);
            let paybill = world.function("PaybillFunction", relay.url());
            let deadline = std::time::SystemTime::now() + Duration::from_secs(15);
            tokio::select! {
                answer = paybill.invoke(proxy_event(&world).await, deadline) => panic!("{answer:?}"),
                () = eventually("paybill is at the call", async || (relay.struck() > 0).then_some(())) => {}
            }
            world.advance(CLAIM_OVER);
            client.pay("1").await.is(200);
            only_charge(&world, Outcome::Submitted, if settled { 1 } else { requests });
        }
    }
}

/// An outcome whose write comes after another one is no more than a word about a charge: what stands in the row decides.
#[tokio::test(flavor = "multi_thread")]
async fn promise_6_an_outcome_that_comes_too_late_is_answered_by_what_was_written_before_it() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    let another = "650e8400-e29b-41d4-a716-446655440000";
    for (status, payment, code) in [
        ("UNKNOWN", None, "PAYMENT_UNKNOWN"),
        ("DECLINED", None, "PAYMENT_UNKNOWN"),
        ("SUBMITTED", Some(another), "PAYMENT_UNKNOWN"),
        // Our own write, whose reply was lost.
        ("SUBMITTED", None, ""),
    ] {
        let id = format!("{status}-{}", payment.is_some());
        world.tokenized(&ann, &order(&id)).await;
        let pay = async |ann: Client| ann.pay(&id).await;
        // It is claimed and charged, and the outcome not yet written.
        let answer = overtaken_after(&world, &ann, ("UpdateItem", 1), pay, async {
            let mut row = world.row(ORDERS, &id).await.unwrap();
            row.retain(|name, _| !["ClaimId", "ClaimedUntil"].contains(&name.as_str()));
            row.insert("PaymentStatus".into(), AttributeValue::S(status.into()));
            row.extend(payment.map(|payment| ("PaymentId".to_owned(), AttributeValue::S(payment.into()))));
            world.put(ORDERS, row).await;
        });
        assert_eq!(answer.await.code(), code, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_payment_that_was_not_sent_leaves_no_claim_behind() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order("1")).await;
    let relay = Relay::to(world.aws.url()).await;
    let front = client.at(&world.front(relay.url()).await);
    relay.strike("Decrypt", Fault::Lost, usize::MAX);
    assert_eq!(front.pay("1").await.is(503).code(), "UNAVAILABLE");
    relay.repair();
    client.pay("1").await.is(200);
    only_charge(&world, Outcome::Submitted, 1);
}

/// The ledger has one charge, asked for so often.
#[track_caller]
fn only_charge(world: &World, outcome: Outcome, requests: u32) {
    let ledger = world.sandbox.ledger();
    let [charge] = &ledger[..] else { panic!("{ledger:?}") };
    assert_eq!(charge.order.as_str(), "1");
    assert_eq!((&charge.outcome, charge.requests), (&outcome, requests));
}

/// How often paybill asked KMS to open a card's key.
fn decrypts(world: &World) -> usize {
    let calls = world.aws.calls();
    calls.iter().filter(|call| call.role == "PaybillRole" && call.operation == "Decrypt").count()
}

/// A payment of order 1 by its owner, as API Gateway hands it to paybill.
async fn proxy_event(world: &World) -> Vec<u8> {
    let row = world.only_row(ORDERS).await;
    let claims = json!({
        "sub": text(&row, "Owner"), "token_use": "id", "aud": world.declared.user_pool_client_id,
    });
    json!({
        "resource": "/paybill", "path": "/paybill", "httpMethod": "POST",
        "headers": { "Content-Type": "application/json" },
        "requestContext": { "httpMethod": "POST", "authorizer": { "claims": claims } },
        "body": r#"{"CustomerOrder":"1"}"#, "isBase64Encoded": false,
    })
    .to_string()
    .into_bytes()
}
