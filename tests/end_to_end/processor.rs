//! The payment processor's cards, token and absence, seen from the API: each payment is charged once at most.

use std::{collections::BTreeMap, time::Duration};

use card_airlock::sandbox::named;
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use order::Outcome;

use crate::support::{Client, Driven, order_of};

/// A claim lasts 60 s.
const CLAIM_OVER: Duration = Duration::from_secs(61);

/// A pipeline whose processor is waited for one second.
async fn impatient() -> Driven {
    Driven::start_with(BTreeMap::from([("ProcessorTimeoutSeconds".to_owned(), "1".to_owned())])).await
}

async fn tokenized(driven: &mut Driven, card: &str) -> Client {
    let client = driven.client("ann");
    client.submit(&order_of(card, named(card).unwrap().number)).await.is(202);
    driven.run_dry().await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_whatever_a_test_card_does_at_first_it_is_charged_once() {
    let mut driven = impatient().await;
    for (card, first, requests) in [
        ("approve", 200, 1),
        ("timeout-once", 503, 2),
        ("late", 503, 2),
        ("error-once", 503, 2),
        // The claim is given back, so the next payment is another.
        ("refuse-once", 502, 1),
    ] {
        let client = tokenized(&mut driven, card).await;
        client.pay(card).await.is(first);
        driven.advance(CLAIM_OVER);
        client.pay(card).await.is(200);
        client.pay(card).await.is(200);
        let ledger = driven.stack.sandbox().ledger();
        let charges: Vec<_> = ledger.iter().filter(|charge| charge.order.as_str() == card).collect();
        let [charge] = &charges[..] else { panic!("{card}: {charges:?}") };
        assert_eq!(charge.outcome, Outcome::Submitted);
        assert!(charge.charged_with(named(card).unwrap().number), "{card}");
        assert_eq!(charge.requests, requests, "{card}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_a_processor_that_is_not_reached_charges_nothing_and_can_be_asked_at_once() {
    let mut driven = impatient().await;
    let client = tokenized(&mut driven, "approve").await;
    let sandbox = driven.stack.sandbox();
    sandbox.set_reachable(false).await.unwrap();
    client.pay("approve").await.is(503);
    sandbox.set_reachable(true).await.unwrap();
    client.pay("approve").await.is(200);
    assert_eq!(sandbox.ledger()[0].requests, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_without_the_processors_secret_nothing_is_sent_and_a_rotated_one_is_taken_up() {
    let mut driven = impatient().await;
    let client = tokenized(&mut driven, "approve").await;
    let (sandbox, aws) = (driven.stack.sandbox(), driven.stack.aws());
    aws.faults().add(FaultRule {
        role: Some("PaybillRole".into()),
        service: Some(Service::SecretsManager),
        operation: Some("GetSecretValue".into()),
        kind: FaultKind::InternalError,
        when: When::Always,
    });
    client.pay("approve").await.is(503);
    assert!(sandbox.ledger().is_empty());
    aws.faults().clear();
    client.pay("approve").await.is(200);
    // Rotated on both sides while paybill still holds the old one.
    let client = tokenized(&mut driven, "error-once").await;
    let (sandbox, aws) = (driven.stack.sandbox(), driven.stack.aws());
    let arn = driven.stack.declared.function("PaybillFunction").unwrap().environment["PROCESSOR_SECRET_ARN"]
        .clone();
    sandbox.want_bearer("another");
    aws.change_secret(&arn, "another").await.unwrap();
    assert_eq!(client.pay("error-once").await.is(502).code(), "PROCESSOR_REFUSED");
    client.pay("error-once").await.is(503);
    driven.advance(CLAIM_OVER);
    client.pay("error-once").await.is(200);
    assert_eq!(driven.stack.sandbox().ledger().len(), 2);
}
