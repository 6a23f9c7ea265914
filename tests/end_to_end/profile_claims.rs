//! What a processor's profile changes in paying: which claims are given back, what is required, which cards are not taken
//! again, and who gets the processor's own id.

use std::{sync::Arc, time::Duration};

use card_airlock::sandbox::{Dialect, Failure, named};
use order::Outcome;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{
    Client, Fault, Item, ORDERS, Relay, World, eventually, order, order_of, overtaken_after, text,
};

/// A claim lasts 60 s.
const CLAIM_OVER: Duration = Duration::from_secs(61);
/// The charge does not begin with less of the function's time left than 8 s.
const TOO_LITTLE: Duration = Duration::from_millis(7_900);

fn priced(id: &str, card: &str) -> Value {
    let mut order = order_of(id, named(card).unwrap().number);
    order["CardExpiry"] = json!("12/30");
    order["Amount"] = json!(1999);
    order["Currency"] = json!("USD");
    order
}

async fn tokenized(world: &World, card: &str) -> Client {
    let merchant = world.clerk();
    world.tokenized(&merchant, &priced("1", card)).await;
    merchant
}

/// The answer to a payment of order 1 by its owner, whose function has so much time left.
async fn paid_within(world: &World, time: Duration) -> Value {
    let row = world.only_row(ORDERS).await;
    let claims = json!({
        "sub": text(&row, "Owner"), "token_use": "id", "aud": world.declared.user_pool_client_id,
    });
    let event = json!({
        "resource": "/paybill", "path": "/paybill", "httpMethod": "POST",
        "headers": { "Content-Type": "application/json" },
        "requestContext": { "httpMethod": "POST", "authorizer": { "claims": claims } },
        "body": r#"{"CustomerOrder":"1"}"#, "isBase64Encoded": false,
    });
    let paybill = world.function("PaybillFunction", world.aws.url());
    let answer = paybill.invoke(event.to_string().into_bytes(), world.now() + time).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

/// Nothing of a payment is on the row.
#[track_caller]
fn assert_no_claim(row: &Item) {
    let of_payment = row.keys().filter(|name| name.starts_with("Payment") || name.starts_with("Claim"));
    assert_eq!(of_payment.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_charge_that_would_end_after_the_function_is_not_begun_and_a_first_claim_is_given_back() {
    for dialect in Dialect::ALL {
        let world = World::charged_by(dialect, []).await;
        tokenized(&world, "approve").await;
        let answer = paid_within(&world, TOO_LITTLE).await;
        assert_eq!(answer["statusCode"], 503, "{dialect:?} {answer}");
        assert!(world.sandbox.ledger().is_empty(), "{dialect:?}");
        assert_no_claim(&world.only_row(ORDERS).await);
        let answer = paid_within(&world, Duration::from_secs(29)).await;
        assert_eq!(answer["statusCode"], 200, "{dialect:?} {answer}");
    }
}

/// Of the function's 29 s, 5 are left.
const LATE: Duration = Duration::from_secs(24);

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_charge_is_not_begun_when_the_steps_before_it_took_the_time() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = tokenized(&world, "approve").await;
    let pay = async |merchant: Client| merchant.pay("1").await;
    // The write of the intent.
    let answer = overtaken_after(&world, &merchant, ("UpdateItem", 1), pay, async {
        world.advance(LATE);
    });
    assert_eq!(answer.await.is(503).code(), "UNAVAILABLE");
    assert!(world.sandbox.ledger().is_empty());
    assert_no_claim(&world.only_row(ORDERS).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_charge_is_not_begun_when_what_the_processor_made_cannot_be_written() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = tokenized(&world, "approve").await;
    let relay = Relay::to(world.aws.url()).await;
    // The write of the intent, and of the claim that is given back.
    relay.strike_after("UpdateItem", 1, Fault::Lost, usize::MAX);
    merchant.at(&world.front(relay.url()).await).pay("1").await.is(503);
    assert!(world.sandbox.ledger().is_empty());
    world.advance(CLAIM_OVER);
    merchant.pay("1").await.is(200);
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_takeover_without_an_answer_is_looked_up_by_what_the_first_request_made() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = tokenized(&world, "approve").await;
    let relay = Relay::to(world.aws.url()).await;
    let slow = merchant.at(&world.front(relay.url()).await);
    let let_through = Arc::new(Notify::new());
    relay.strike_after("UpdateItem", 1, Fault::Held(let_through.clone()), 1);
    // The first request writes the intent down, has no time for the charge, and cannot give its claim back.
    let (first, ()) = futures::future::join(slow.pay("1"), async {
        eventually("the write of the intent is held", async || (relay.struck() == 1).then_some(())).await;
        world.advance(LATE);
        relay.strike("UpdateItem", Fault::Lost, usize::MAX);
        let_through.notify_one();
    })
    .await;
    assert_eq!(first.is(503).header("retry-after"), "60");
    assert!(world.only_row(ORDERS).await.contains_key("PaymentObject"));
    world.advance(CLAIM_OVER);
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    merchant.pay("1").await.is(200);
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_when_the_functions_time_is_over_the_payment_may_have_been_made() {
    let world = World::charged_by(Dialect::Airlock, []).await;
    tokenized(&world, "approve").await;
    // The answer itself takes a second.
    let answer = paid_within(&world, Duration::from_secs(1)).await;
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!((&answer["statusCode"], &body["code"]), (&json!(503), &json!("PAYMENT_UNCONFIRMED")));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_takeover_that_has_too_little_time_keeps_its_claim() {
    let world = World::charged_by(Dialect::Adyen, []).await;
    let merchant = tokenized(&world, "approve").await;
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    merchant.pay("1").await.is(503);
    world.advance(CLAIM_OVER);
    let answer = paid_within(&world, TOO_LITTLE).await;
    assert_eq!(answer["statusCode"], 503, "{answer}");
    assert_eq!(text(&world.only_row(ORDERS).await, "PaymentStatus"), "SUBMITTING");
    assert_eq!(world.sandbox.ledger()[0].requests, 1, "nothing more was sent");
    world.advance(CLAIM_OVER);
    merchant.pay("1").await.is(200);
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_what_stripe_made_is_not_charged_while_it_cannot_be_written_down() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = tokenized(&world, "approve").await;
    let relay = Relay::to(world.aws.url()).await;
    let faulty = merchant.at(&world.front(relay.url()).await);
    // The claim is written; the write of the intent, tried three times, does not arrive.
    relay.strike_after("UpdateItem", 1, Fault::Lost, 3);
    faulty.pay("1").await.is(503);
    assert_eq!(relay.struck(), 3);
    assert!(world.sandbox.ledger().is_empty());
    assert_no_claim(&world.only_row(ORDERS).await);
    merchant.pay("1").await.is(200);
    assert_eq!(world.sandbox.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_step_before_the_charge_that_fails_in_a_takeover_keeps_the_claim() {
    for (failure, status) in [(Failure::Error, 503), (Failure::AnswerLost, 503), (Failure::Refused, 502)] {
        let world = World::charged_by(Dialect::Stripe, []).await;
        let merchant = tokenized(&world, "approve").await;
        world.sandbox.answer_lookups(false);
        world.sandbox.fail_next(Some(Failure::AnswerLost));
        merchant.pay("1").await.is(503);
        // As if the first request had died before it wrote the intent down: it may have charged all the same.
        let mut row = world.only_row(ORDERS).await;
        row.remove("PaymentObject").unwrap();
        world.put(ORDERS, row).await;
        world.advance(CLAIM_OVER);
        world.sandbox.fail_next_before(Some(failure));
        let answer = merchant.pay("1").await.is(status);
        assert_eq!(answer.header("retry-after"), "60", "{failure:?}");
        let row = world.only_row(ORDERS).await;
        assert_eq!(text(&row, "PaymentStatus"), "SUBMITTING", "{failure:?}");
        for name in ["ClaimId", "PaymentProfile", "PaymentProfileDigest", "PaymentOrigin", "PaymentAccount"] {
            assert!(row.contains_key(name), "{failure:?}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_and_cards_without_expiry_are_refused_where_the_operator_wants_it() {
    let world = World::charged_by(Dialect::Stripe, [("CardExpiryRequired", "true")]).await;
    let client = world.client("ann");
    assert_eq!(client.submit(&order("1")).await.is(400).code(), "EXPIRY_MISSING");
    assert_eq!(world.counts().await, [0, 0, 0]);
    let mut with_expiry = order("1");
    with_expiry["CardExpiry"] = json!("12/30");
    world.tokenized(&client, &with_expiry).await;
    let put = client.request(http::Method::PUT, "/order/1/card").header("Content-Type", "application/json");
    let put = put.body(json!({ "CreditCard": "5555555555554444" }).to_string());
    assert_eq!(client.send(put).await.is(400).code(), "EXPIRY_MISSING");
    client.put_card("1", "5555555555554444").await.is(202);
    // By default both are taken.
    let world = World::charged_by(Dialect::Stripe, []).await;
    world.client("ann").submit(&order("1")).await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_number_sent_again_with_its_expiry_is_another_card() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = world.clerk();
    let mut without = priced("1", "approve");
    without.as_object_mut().unwrap().remove("CardExpiry");
    world.tokenized(&merchant, &without).await;
    let number = named("approve").unwrap().number;
    for expected in ["EXPIRY_MISSING", "EXPIRY_MISSING"] {
        assert_eq!(merchant.pay("1").await.is(409).code(), expected);
        // Replaced by itself, still without.
        let put = merchant.request(http::Method::PUT, "/order/1/card");
        let put = put.header("Content-Type", "application/json");
        let put = put.body(json!({ "CreditCard": number }).to_string());
        if merchant.send(put).await.status == 202 {
            world.deliver_last().await;
        }
    }
    merchant.put_card("1", number).await.is(202);
    world.deliver_last().await;
    merchant.pay("1").await.is(200);
    // Now it has it.
    merchant.put_card("1", number).await.is(200);
}

/// A card that the table of the first release gave another brand: visa then, elo now.
const MOVED: &str = "4011780000000006";

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_declined_for_good_is_refused_by_the_brand_of_any_release() {
    for brand in ["visa", "elo"] {
        let world = World::charged_by(Dialect::Stripe, []).await;
        let merchant = tokenized(&world, "insufficient-funds").await;
        merchant.pay("1").await.is(402);
        let declined = aws_sdk_dynamodb::types::AttributeValue::Ss(vec![format!("{brand}:0006")]);
        // The decline comes while the card is on its way: the worker refuses it too.
        merchant.put_card("1", MOVED).await.is(202);
        let mut row = world.only_row(ORDERS).await;
        row.insert("HardDeclines".into(), declined);
        let before = row.clone();
        world.put(ORDERS, row).await;
        assert_eq!(world.deliver_last().await, None, "{brand}");
        assert_eq!(world.only_row(ORDERS).await, before, "the worker replaces no card: {brand}");
        let refused = merchant.put_card("1", MOVED).await.is(409);
        assert_eq!(refused.code(), "ANOTHER_CARD_NEEDED", "{brand}");
        // One with the same last digits and another brand is another card.
        merchant.put_card("1", "378282246310005").await.is(202);
        assert_eq!(world.deliver_last().await, None);
        merchant.pay("1").await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_processors_own_id_of_a_payment_is_shown_to_merchants_alone() {
    for dialect in Dialect::ALL {
        let world = World::charged_by(dialect, []).await;
        let (merchant, ann) = (world.clerk(), world.client("ann"));
        let mut order = priced("1", "approve");
        order["Owner"] = json!(ann.sub());
        world.tokenized(&merchant, &order).await;
        let of = |answer: &crate::support::Answer| answer.json.get("ProcessorReference").cloned();
        assert_eq!(of(&merchant.status("1").await.is(200)), None, "before the payment");
        assert_eq!(of(&ann.pay("1").await.is(200)), None, "{dialect:?}");
        let reference = world.sandbox.ledger()[0].reference.clone().map(Value::from);
        assert_eq!(reference.is_some(), dialect != Dialect::Airlock);
        assert_eq!(of(&merchant.status("1").await.is(200)), reference, "{dialect:?}");
        assert_eq!(of(&merchant.pay("1").await.is(200)), reference, "{dialect:?}");
        assert_eq!(of(&ann.status("1").await.is(200)), None);
        assert_eq!(of(&ann.pay("1").await.is(200)), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_attempt_begins_without_what_the_declined_one_left() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = tokenized(&world, "insufficient-funds").await;
    merchant.pay("1").await.is(402);
    let declined = world.only_row(ORDERS).await;
    let reference = text(&declined, "ProcessorReference").to_owned();
    // Not sent: the row says again what it said.
    world.sandbox.fail_next_before(Some(Failure::Error));
    merchant.pay_with("two", &json!({ "CustomerOrder": "1" })).await.is(503);
    let mut again = world.only_row(ORDERS).await;
    again.insert("PaymentKeys".into(), aws_sdk_dynamodb::types::AttributeValue::M([].into()));
    let mut expected = declined.clone();
    expected.insert("PaymentKeys".into(), aws_sdk_dynamodb::types::AttributeValue::M([].into()));
    assert_eq!(again, expected);
    // Under way: nothing of the declined payment is taken for this one's.
    world.sandbox.answer_lookups(false);
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    merchant.pay_with("two", &json!({ "CustomerOrder": "1" })).await.is(503);
    let row = world.only_row(ORDERS).await;
    assert!(!row.contains_key("ProcessorReference"));
    assert_ne!(text(&row, "PaymentObject"), text(&declined, "PaymentObject"));
    assert!(world.sandbox.ledger().iter().all(|charge| matches!(charge.outcome, Outcome::Declined(_))));
    assert_ne!(reference, text(&row, "PaymentObject"));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_decline_that_a_lookup_finds_joins_the_history_and_the_order_takes_another_card() {
    for dialect in [Dialect::Stripe, Dialect::Checkout] {
        let world = World::charged_by(dialect, []).await;
        let merchant = tokenized(&world, "stolen").await;
        world.sandbox.answer_lookups(false);
        world.sandbox.fail_next(Some(Failure::AnswerLost));
        merchant.pay("1").await.is(503);
        world.advance(Duration::from_hours(24));
        assert_eq!(merchant.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN", "{dialect:?}");
        world.sandbox.answer_lookups(true);
        world.advance(CLAIM_OVER);
        assert_eq!(merchant.pay("1").await.is(402).code(), "PAYMENT_DECLINED", "{dialect:?}");
        let row = world.only_row(ORDERS).await;
        assert_eq!(text(&row, "PaymentStatus"), "DECLINED");
        assert!(!row.contains_key("LookedUpAt"));
        let [decline] = &row["PaymentHistory"].as_l().unwrap()[..] else { panic!("{row:?}") };
        assert_eq!(decline.as_m().unwrap()["PaymentId"], row["PaymentId"]);
        assert_eq!(row["HardDeclines"].as_ss().unwrap(), &["visa:9979"], "{dialect:?}");
        merchant.put_card("1", named("approve").unwrap().number).await.is(202);
        world.deliver_last().await;
        merchant.pay("1").await.is(200);
        assert_eq!(world.sandbox.ledger().len(), 2);
    }
}
