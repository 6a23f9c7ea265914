//! Real processors, each in its own format: what each answer leads to, and that an order is charged once at most.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock::sandbox::{Dialect, Failure, named};
use order::Outcome;
use serde_json::{Value, json};

use crate::support::{Client, ORDERS, World, order_of, overtaken_after, text};

/// A claim lasts 60 s.
const CLAIM_OVER: Duration = Duration::from_secs(61);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const REAL: [Dialect; 3] = [Dialect::Stripe, Dialect::Adyen, Dialect::Checkout];

/// An order that a merchant placed, with an amount and the test card of that name.
fn priced(id: &str, card: &str) -> Value {
    let mut order = order_of(id, named(card).unwrap().number);
    order["CardExpiry"] = json!("12/30");
    order["Amount"] = json!(1999);
    order["Currency"] = json!("USD");
    order
}

async fn tokenized(world: &World, id: &str, card: &str) -> Client {
    let merchant = world.clerk();
    world.tokenized(&merchant, &priced(id, card)).await;
    merchant
}

fn submitted(world: &World) -> usize {
    world.sandbox.ledger().iter().filter(|charge| charge.outcome == Outcome::Submitted).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_declined_gets_another_card_and_is_paid_at_each_processor() {
    for dialect in REAL {
        let world = World::charged_by(dialect, []).await;
        let merchant = tokenized(&world, "1", "insufficient-funds").await;
        assert_eq!(merchant.pay("1").await.is(402).code(), "PAYMENT_DECLINED", "{dialect:?}");
        merchant.put_card("1", named("approve").unwrap().number).await.is(202);
        world.deliver_last().await;
        let paid = merchant.pay("1").await.is(200);
        assert_eq!((&paid.json["Amount"], &paid.json["Currency"]), (&json!(1999), &json!("USD")));
        let ledger = world.sandbox.ledger();
        let [declined, charged] = &ledger[..] else { panic!("{dialect:?}: {ledger:?}") };
        assert!(matches!(declined.outcome, Outcome::Declined(_)));
        assert_eq!((&charged.outcome, charged.dialect), (&Outcome::Submitted, dialect));
        assert!(charged.charged_with(named("approve").unwrap().number));
        assert_eq!(charged.amount.unwrap().minor_units.count(), 1999);
        // The processor's own id of the payment is shown to merchants alone, and kept on the row.
        let reference = charged.reference.clone().unwrap();
        assert_eq!(paid.text("ProcessorReference"), reference);
        let row = world.only_row(ORDERS).await;
        assert_eq!(text(&row, "ProcessorReference"), reference);
        assert_eq!(text(&row, "PaymentProfile"), dialect.profile());
        assert_eq!(merchant.pay("1").await.is(200).text("ProcessorReference"), reference);
        assert_eq!(world.sandbox.ledger().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_whatever_goes_wrong_at_a_processor_an_order_is_charged_once_at_most() {
    use Failure::{AnswerLost, Error, ErrorCharged, Refused};
    // The first answer, the one after the claim has run out, and the one after a day, when keys are forgotten.
    for (dialect, failure, answers, charges) in [
        // The lookup finds it at once.
        (Dialect::Stripe, AnswerLost, [200, 200, 200], 1),
        (Dialect::Stripe, ErrorCharged, [200, 200, 200], 1),
        // Stripe saves the 500 for the key, and the intent says that it was not confirmed: more cannot be known.
        (Dialect::Stripe, Error, [503, 503, 409], 0),
        (Dialect::Stripe, Refused, [502, 200, 200], 1),
        // There is no lookup: a repeat with the same key shows it.
        (Dialect::Adyen, AnswerLost, [503, 200, 200], 1),
        (Dialect::Adyen, ErrorCharged, [503, 200, 200], 1),
        (Dialect::Adyen, Error, [503, 200, 200], 1),
        (Dialect::Adyen, Refused, [502, 200, 200], 1),
        (Dialect::Checkout, AnswerLost, [200, 200, 200], 1),
        // The key protects nothing after a 5xx: nothing is sent again, and the lookup finds it.
        (Dialect::Checkout, ErrorCharged, [200, 200, 200], 1),
        // What is not found proves nothing.
        (Dialect::Checkout, Error, [503, 409, 409], 0),
        (Dialect::Checkout, Refused, [502, 200, 200], 1),
    ] {
        let world = World::charged_by(dialect, []).await;
        let merchant = tokenized(&world, "1", "approve").await;
        world.sandbox.fail_next(Some(failure));
        for (round, expected) in answers.into_iter().enumerate() {
            let answer = merchant.pay("1").await;
            assert_eq!(answer.status.as_u16(), expected, "{dialect:?} {failure:?} {round}: {answer:?}");
            world.advance(if round == 0 { CLAIM_OVER } else { DAY });
        }
        assert_eq!(submitted(&world), charges, "{dialect:?} {failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_an_unknown_payment_is_settled_by_a_lookup_a_week_later() {
    for dialect in [Dialect::Stripe, Dialect::Checkout] {
        let world = World::charged_by(dialect, []).await;
        let merchant = tokenized(&world, "1", "approve").await;
        world.sandbox.answer_lookups(false);
        world.sandbox.fail_next(Some(Failure::ErrorCharged));
        merchant.pay("1").await.is(503);
        world.advance(DAY);
        assert_eq!(merchant.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN", "{dialect:?}");
        world.advance(7 * DAY);
        assert_eq!(merchant.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN", "the lookup does not answer");
        let (asked, before) = (world.sandbox.lookups(), opened(&world));
        world.sandbox.answer_lookups(true);
        merchant.pay("1").await.is(409);
        assert_eq!(world.sandbox.lookups(), asked, "once a minute");
        world.advance(CLAIM_OVER);
        let paid = merchant.pay("1").await.is(200);
        assert_eq!(paid.text("CreditCard Charged"), "****-****-****-4242");
        assert_eq!(opened(&world), before, "no card was opened for it");
        assert_eq!(submitted(&world), 1);
        assert_eq!(text(&world.only_row(ORDERS).await, "PaymentStatus"), "SUBMITTED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_lookup_that_loses_its_race_changes_nothing_and_says_nothing_of_the_outcome() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = tokenized(&world, "1", "approve").await;
    world.sandbox.answer_lookups(false);
    world.sandbox.fail_next(Some(Failure::ErrorCharged));
    merchant.pay("1").await.is(503);
    world.advance(DAY);
    assert_eq!(merchant.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN");
    world.sandbox.answer_lookups(true);
    world.advance(CLAIM_OVER);
    // The lookup is marked and answered, and what it found is not written yet: an operator says another thing.
    let mut settled = world.only_row(ORDERS).await;
    settled.retain(|name, _| name != "LookedUpAt");
    settled.insert("PaymentStatus".into(), AttributeValue::S("DECLINED".into()));
    let pay = async |merchant: Client| merchant.pay("1").await;
    let answer = overtaken_after(&world, &merchant, ("UpdateItem", 1), pay, async {
        world.put(ORDERS, settled.clone()).await;
    });
    assert_eq!(answer.await.is(409).code(), "PAYMENT_IN_PROGRESS");
    assert_eq!(world.only_row(ORDERS).await, settled);
}

/// How many cards were taken out of the vault.
fn opened(world: &World) -> usize {
    let calls = world.aws.calls();
    calls.iter().filter(|call| call.role == "PaybillRole" && call.operation == "Decrypt").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_where_a_payment_was_sent_is_where_it_stays() {
    let settings = |sandbox: &str| {
        [
            [("PROCESSOR_URL", format!("{sandbox}/")), ("PROCESSOR_ACCOUNT", "SandboxMerchant".to_owned())],
            [("PROCESSOR_URL", sandbox.to_owned()), ("PROCESSOR_ACCOUNT", "another".to_owned())],
            [("PROCESSOR_URL", sandbox.to_owned()), ("STORED_CARD_AGREEMENT", "true".to_owned())],
        ]
    };
    for round in 0..3 {
        let mut world = World::charged_by(Dialect::Adyen, []).await;
        let merchant = tokenized(&world, "1", "approve").await;
        world.sandbox.fail_next(Some(Failure::AnswerLost));
        merchant.pay("1").await.is(503);
        world.advance(CLAIM_OVER);
        let changed = settings(&world.sandbox.url_of(Dialect::Adyen))[round].clone();
        let [first, second] = &changed;
        let front = world.front_with([(first.0, &first.1), (second.0, &second.1)]).await;
        assert_eq!(merchant.at(&front).pay("1").await.is(409).code(), "PAYMENT_UNKNOWN", "{changed:?}");
        assert_eq!(world.sandbox.ledger()[0].requests, 1, "nothing was sent: {changed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_processor_requires_is_checked_before_a_card_is_opened() {
    for dialect in REAL {
        let world = World::charged_by(dialect, []).await;
        let merchant = world.clerk();
        let mut without = priced("no-amount", "approve");
        without.as_object_mut().unwrap().retain(|name, _| !["Amount", "Currency"].contains(&name.as_str()));
        world.tokenized(&merchant, &without).await;
        assert_eq!(merchant.pay("no-amount").await.is(409).code(), "AMOUNT_NOT_SET");
        let mut without = priced("no-expiry", "approve");
        without.as_object_mut().unwrap().remove("CardExpiry");
        world.tokenized(&merchant, &without).await;
        assert_eq!(merchant.pay("no-expiry").await.is(409).code(), "EXPIRY_MISSING");
        assert_eq!(opened(&world), 0);
        // A row of an earlier release: the card is opened once, and the row says so from then on.
        let mut row = world.row(ORDERS, "no-expiry").await.unwrap();
        assert_eq!(row.remove("CardHasExpiry").unwrap().as_bool(), Ok(&false));
        world.put(ORDERS, row).await;
        for _ in 0..2 {
            assert_eq!(merchant.pay("no-expiry").await.is(409).code(), "EXPIRY_MISSING");
            assert_eq!(opened(&world), 1);
            let row = world.row(ORDERS, "no-expiry").await.unwrap();
            assert_eq!(row["CardHasExpiry"].as_bool(), Ok(&false));
            assert!(!row.contains_key("PaymentStatus") && !row.contains_key("PaymentProfile"));
        }
        assert!(world.sandbox.ledger().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_that_a_processor_cannot_count_is_refused_before_a_card_is_opened() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = world.clerk();
    // 19.99 ariary: Stripe counts whole ones.
    let mut order = priced("1", "approve");
    order["Currency"] = json!("MGA");
    world.tokenized(&merchant, &order).await;
    assert_eq!(merchant.pay("1").await.is(422).code(), "AMOUNT_INVALID");
    assert_eq!(opened(&world), 0);
    assert!(!world.only_row(ORDERS).await.contains_key("PaymentStatus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_declined_for_good_is_not_tried_again() {
    for dialect in REAL {
        let world = World::charged_by(dialect, []).await;
        let merchant = tokenized(&world, "1", "stolen").await;
        merchant.pay("1").await.is(402);
        let again = merchant.pay_with("second", &json!({ "CustomerOrder": "1" })).await.is(409);
        assert_eq!(again.code(), "ANOTHER_CARD_NEEDED", "{dialect:?}");
        let row = world.only_row(ORDERS).await;
        assert_eq!(row["HardDeclines"].as_ss().unwrap(), &["visa:9979"]);
        let history = row["PaymentHistory"].as_l().unwrap()[0].as_m().unwrap();
        assert_eq!(history["DeclineKind"].as_s().unwrap(), "HARD");
        assert_eq!(
            merchant.put_card("1", named("stolen").unwrap().number).await.is(409).code(),
            "ANOTHER_CARD_NEEDED"
        );
        merchant.put_card("1", named("approve").unwrap().number).await.is(202);
        world.deliver_last().await;
        merchant.pay("1").await.is(200);
        assert_eq!(submitted(&world), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_wants_a_challenge_is_declined() {
    for dialect in REAL {
        let world = World::charged_by(dialect, []).await;
        let merchant = tokenized(&world, "1", "authentication").await;
        merchant.pay("1").await.is(402);
        let row = world.only_row(ORDERS).await;
        let history = row["PaymentHistory"].as_l().unwrap()[0].as_m().unwrap();
        assert_eq!(history["DeclineCode"].as_s().unwrap(), "authentication_required", "{dialect:?}");
        assert_eq!(history["DeclineKind"].as_s().unwrap(), "SOFT");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_step_before_the_charge_gives_back_only_a_first_claim() {
    for (failure, status) in [(Failure::Error, 503), (Failure::AnswerLost, 503), (Failure::Refused, 502)] {
        let world = World::charged_by(Dialect::Stripe, []).await;
        let merchant = tokenized(&world, "1", "approve").await;
        world.sandbox.fail_next_before(Some(failure));
        merchant.pay("1").await.is(status);
        let row = world.only_row(ORDERS).await;
        for name in ["PaymentStatus", "ClaimId", "PaymentProfile", "PaymentObject", "PaymentPayer"] {
            assert!(!row.contains_key(name), "{failure:?}: {name}");
        }
        merchant.pay("1").await.is(200);
        assert_eq!(submitted(&world), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_what_stripe_makes_is_written_down_before_it_is_charged() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = tokenized(&world, "1", "approve").await;
    world.sandbox.answer_lookups(false);
    world.sandbox.fail_next(Some(Failure::AnswerLost));
    merchant.pay("1").await.is(503);
    let row = world.only_row(ORDERS).await;
    let object = text(&row, "PaymentObject").to_owned();
    assert!(object.starts_with("pi_"));
    // The same intent is confirmed again, without a card: its state lets it be charged once.
    let before = opened(&world);
    world.advance(CLAIM_OVER);
    merchant.pay("1").await.is(200);
    assert_eq!(opened(&world), before);
    assert_eq!(text(&world.only_row(ORDERS).await, "PaymentObject"), object);
    assert_eq!(submitted(&world), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_of_two_that_look_up_an_unknown_payment_at_once_one_asks_the_processor() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let merchant = tokenized(&world, "1", "approve").await;
    world.sandbox.answer_lookups(false);
    world.sandbox.fail_next(Some(Failure::ErrorCharged));
    merchant.pay("1").await.is(503);
    world.advance(DAY);
    assert_eq!(merchant.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN");
    let asked = world.sandbox.lookups();
    // One is about to mark that it asks, and another one does so first.
    let pay = async |merchant: Client| merchant.pay("1").await;
    let answer = overtaken_after(&world, &merchant, ("UpdateItem", 0), pay, async {
        assert_eq!(merchant.pay("1").await.is(409).code(), "PAYMENT_UNKNOWN");
    });
    assert_eq!(answer.await.is(409).code(), "PAYMENT_UNKNOWN");
    assert_eq!(world.sandbox.lookups(), asked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_a_lookup_settles_is_answered_as_any_other() {
    let world = World::charged_by(Dialect::Stripe, []).await;
    let (merchant, ann) = (world.clerk(), world.client("ann"));
    for (id, payer) in [("1", &ann), ("2", &merchant)] {
        let mut order = priced(id, "approve");
        order["Owner"] = json!(ann.sub());
        world.tokenized(&merchant, &order).await;
        world.sandbox.answer_lookups(false);
        world.sandbox.fail_next(Some(Failure::ErrorCharged));
        merchant.pay(id).await.is(503);
        world.advance(DAY);
        merchant.pay(id).await.is(409);
        world.sandbox.answer_lookups(true);
        let found = payer.pay(id).await.is(200);
        assert_eq!(found.json, payer.pay(id).await.is(200).json, "as from the row: {id}");
        assert_eq!((&found.json["Amount"], &found.json["Currency"]), (&json!(1999), &json!("USD")));
        // The processor's own id is for merchants.
        assert_eq!(found.json.get("ProcessorReference").is_some(), id == "2", "{found:?}");
    }
}
