//! Stories worth a name of their own.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use card_airlock::sandbox::{
    Dialect,
    Failure::{AnswerLost, ErrorCharged},
};
use card_airlock_services::{FaultKind, When};
use serde_json::json;

use crate::support::eventually;

use super::{
    at_rest::{is_decline, text},
    client::Bill,
    details::DETAILS,
    driver::Simulation,
    operations::{BARGAIN, ORDERS, Op, Sender, USERS},
    processors::{Failing, Route},
    world::{WORKER, World},
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn submit(order: usize) -> Op {
    Op::Submit { order, user: 0, details: 0, by: Sender::Customer }
}

fn forget(order: usize) -> Op {
    Op::Forget { order, user: 0 }
}

const REPLAY: Op = Op::Replay { order: None, dry_run: false };

#[tokio::test]
async fn promise_3_a_put_that_arrives_after_the_crossing_changes_nothing() {
    let late = [submit(0), Op::Settle, Op::LatePut { record: 0 }];
    let mut simulation = Simulation::new().await;
    simulation.go(&late).await;
    assert_eq!(simulation.quarantined()[0].as_deref(), Some("PENDING"));
    simulation.go(&[Op::Settle]).await;
    assert_eq!(simulation.quarantined()[0], None);
    simulation.end().await;
}

#[tokio::test]
async fn a_put_that_arrives_after_its_card_was_forgotten_brings_no_card_back() {
    let late = [submit(0), Op::Settle, forget(0), Op::LatePut { record: 0 }];
    let mut simulation = Simulation::new().await;
    simulation.go(&late).await;
    assert_eq!(simulation.quarantined()[0].as_deref(), Some("PENDING"));
    simulation.go(&[Op::Settle, Op::Redeliver { from: 0, count: 9 }, forget(0)]).await;
    assert_eq!((simulation.quarantined()[0].as_deref(), simulation.across()[0]), (None, true));
    simulation.end().await;
}

#[tokio::test]
async fn promise_2_a_park_that_comes_late_does_not_park_the_renewed_order() {
    let mut simulation = Simulation::new().await;
    simulation.go(&[submit(0)]).await;
    simulation.world.alter_card(ORDERS[0]).await;
    simulation.world.archive();
    let poison = vec![simulation.world.records.last().unwrap().clone()];
    let world = &simulation.world;
    world.fault(WORKER, Some("UpdateItem"), FaultKind::Slow(MINUTE / 60), When::Nth(1));
    let renewed = async {
        eventually("the worker is about to park", async || {
            let calls = world.stack.aws().calls();
            calls.iter().any(|call| call.role == WORKER && call.operation == "UpdateItem").then_some(())
        })
        .await;
        // Another worker parks it meanwhile, and the customer sends it again.
        world.deliver(&poison).await.unwrap();
        assert_eq!(world.status(ORDERS[0], USERS[0]).await.text("Status"), "FAILED");
        world.submit(ORDERS[0], USERS[0], &DETAILS[1]).await
    };
    let (parked, renewed) = futures::future::join(world.deliver(&poison), renewed).await;
    assert_eq!(parked.unwrap()["batchItemFailures"], json!([]));
    assert_eq!(renewed.status, 202);
    assert_eq!(simulation.quarantined()[0].as_deref(), Some("PENDING"));
    simulation.world.settle().await;
    assert_eq!((simulation.quarantined()[0].clone(), simulation.across()[0]), (None, true));
}

#[tokio::test]
async fn promise_2_a_replay_between_dead_letter_and_failed_loses_neither_order_nor_word() {
    let mut simulation = Simulation::new().await;
    simulation.go(&[submit(0)]).await;
    simulation.world.alter_card(ORDERS[0]).await;
    simulation.world.archive();
    let poison = vec![simulation.world.records.last().unwrap().clone()];
    // The worker dies between the two: the letter is out, the row still PENDING.
    simulation.world.fault(WORKER, Some("UpdateItem"), FaultKind::LostBefore, When::Nth(1));
    simulation.world.deliver(&poison).await.unwrap();
    assert_eq!(simulation.quarantined()[0].as_deref(), Some("PENDING"));
    let summary = simulation.world.replay(json!({})).await.unwrap();
    assert_eq!((summary["rearmed"].as_u64(), summary["messagesSettled"].as_u64()), (Some(1), Some(1)));
    // The first delivery comes again and must not park what was re-armed since.
    simulation.world.deliver(&poison).await.unwrap();
    assert_eq!(simulation.quarantined()[0].as_deref(), Some("PENDING"));
    simulation.world.alter_card(ORDERS[0]).await;
    simulation.go(&[Op::Settle]).await;
    simulation.end().await;
    assert!(simulation.across()[0]);
}

#[tokio::test]
async fn promise_2_an_old_image_does_not_bring_an_expired_order_back() {
    let expired = [submit(0), Op::Advance(73 * HOUR), Op::Sweep, Op::Redeliver { from: 0, count: 1 }];
    let simulation = Simulation::run(Dialect::Airlock, &expired).await;
    assert_eq!(simulation.quarantined()[0].as_deref(), Some("EXPIRED"));
    assert!(!simulation.across()[0]);
}

#[tokio::test]
async fn promise_2_after_an_outage_of_kms_one_replay_brings_all_orders_across() {
    let mut simulation = Simulation::new().await;
    simulation.go(&[submit(0), submit(1), submit(2), Op::KmsDown, Op::Settle, Op::FaultsOver]).await;
    assert_eq!(simulation.across(), [false; 3]);
    assert!(simulation.world.at_rest().messages.iter().all(|word| word["DDBStreamBatchInfo"].is_object()));
    simulation.go(&[REPLAY, Op::Settle]).await;
    assert_eq!(simulation.across(), [true; 3]);
    simulation.end().await;
}

#[tokio::test]
async fn promise_2_the_replay_needs_no_record_that_the_stream_has_trimmed() {
    let mut simulation = Simulation::new().await;
    let outage = [submit(0), submit(1), submit(2), Op::KmsDown, Op::Settle, Op::FaultsOver];
    simulation.go(&outage).await;
    simulation.go(&[Op::Advance(25 * HOUR), REPLAY, Op::Settle]).await;
    assert_eq!(simulation.across(), [true; 3]);
    simulation.end().await;
}

#[tokio::test]
async fn promise_7_the_sweep_parks_no_healthy_order_of_a_backlog() {
    let mut simulation = Simulation::new().await;
    simulation.go(&[submit(0), submit(1), submit(2)]).await;
    for _ in 0..12 {
        simulation.go(&[Op::Advance(76 * MINUTE), Op::Sweep]).await;
        assert_eq!(simulation.quarantined().map(Option::unwrap), ["PENDING"; 3]);
    }
    simulation.go(&[Op::Settle]).await;
    assert_eq!(simulation.across(), [true; 3]);
    simulation.end().await;
}

#[tokio::test]
async fn promise_6_a_payment_whose_answer_was_lost_is_charged_once() {
    let pay = |failure| Op::Pay { order: 0, user: 0, by_merchant: false, key: None, amount: None, failure };
    let lost = [pay(Some(Failing::Charge(AnswerLost))), pay(None), Op::Advance(2 * MINUTE), pay(None)];
    let mut simulation = Simulation::new().await;
    simulation.go(&[submit(0), Op::Settle]).await;
    simulation.go(&lost).await;
    assert_eq!(simulation.world.charges().len(), 1);
    simulation.end().await;
}

/// The processor has charged, says 500, and does not tell of it. Then the settings name another processor, or account.
#[tokio::test]
async fn promise_6_a_payment_without_an_outcome_is_never_sent_elsewhere() {
    let pay = |failure| Op::Pay { order: 0, user: 0, by_merchant: true, key: None, amount: None, failure };
    let submit = Op::Submit { order: 0, user: 0, details: 0, by: Sender::Merchant(Some(700)) };
    let charged = pay(Some(Failing::Charge(ErrorCharged)));
    for own in Dialect::ALL {
        let others = Dialect::ALL.into_iter().filter(|other| *other != own).map(Route::To);
        for route in others.chain([Route::Altered]) {
            let mut simulation = Simulation::charged_by(own).await;
            simulation.go(&[submit.clone(), Op::Settle, Op::Lookups(false), charged.clone()]).await;
            simulation
                .go(&[Op::Route(route), Op::Advance(2 * MINUTE), pay(None), Op::Lookups(true), pay(None)])
                .await;
            assert_eq!(simulation.world.charges().len(), 1, "{own:?} {route:?}");
            simulation.end().await;
        }
    }
}

#[tokio::test]
async fn promise_6_a_declined_order_is_paid_once_with_another_card() {
    let pay = |key, failure| Op::Pay {
        order: 0,
        user: 0,
        by_merchant: true,
        key: Some(key),
        amount: Some(500),
        failure,
    };
    let submit = Op::Submit { order: 0, user: 0, details: 3, by: Sender::Customer };
    let another = |card| Op::PutCard { order: 0, user: 0, card };
    let mut simulation = Simulation::new().await;
    simulation.go(&[submit, Op::Settle, pay(0, None), another(1), Op::Settle]).await;
    // That one is declined too. A new attempt waits for the card that is on its way, and is then charged to it.
    simulation.go(&[pay(1, None), another(0), pay(2, Some(Failing::Charge(AnswerLost))), Op::Step]).await;
    simulation.go(&[Op::Advance(2 * MINUTE), pay(2, None), Op::Settle, pay(3, None), another(1)]).await;
    let outcomes: Vec<_> = simulation.world.charges().iter().map(is_decline).collect();
    assert_eq!(outcomes, [true, true, false]);
    simulation.end().await;
}

#[tokio::test]
async fn promise_6_a_price_outlives_a_failed_acceptance_and_nobody_pays_another() {
    let priced = Op::Submit { order: 0, user: 0, details: 0, by: Sender::Merchant(Some(700)) };
    let pay =
        |by_merchant, amount| Op::Pay { order: 0, user: 0, by_merchant, key: None, amount, failure: None };
    let mut simulation = Simulation::new().await;
    simulation.go(&[priced]).await;
    simulation.world.alter_card(ORDERS[0]).await;
    simulation.world.archive();
    let poison = vec![simulation.world.records.last().unwrap().clone()];
    simulation.world.deliver(&poison).await.unwrap();
    assert_eq!(simulation.quarantined()[0].as_deref(), Some("FAILED"));
    simulation.go(&[submit(0), Op::Settle]).await;
    simulation.go(&[pay(false, Some(BARGAIN)), pay(true, Some(500)), pay(false, None)]).await;
    let charged: Vec<_> = simulation.world.charges().iter().map(|charge| charge.amount.unwrap()).collect();
    assert_eq!(charged.iter().map(|amount| amount.minor_units.count()).collect::<Vec<_>>(), [700]);
    simulation.end().await;
}

#[tokio::test]
async fn promise_6_a_mistyped_card_is_replaced_before_any_payment_and_never_charged() {
    let pay = |key| Op::Pay { order: 0, user: 0, by_merchant: true, key, amount: Some(500), failure: None };
    let another = Op::PutCard { order: 0, user: 0, card: 0 };
    let mut simulation = Simulation::new().await;
    // The first card would be declined.
    let submit = Op::Submit { order: 0, user: 0, details: 3, by: Sender::Customer };
    simulation.go(&[submit, Op::Settle, another]).await;
    simulation.go(&[pay(None), pay(Some(0))]).await;
    assert!(simulation.world.charges().is_empty(), "another card is on its way");
    simulation.go(&[Op::Settle, pay(Some(0))]).await;
    let outcomes: Vec<_> = simulation.world.charges().iter().map(is_decline).collect();
    assert_eq!(outcomes, [false]);
    simulation.end().await;
}

#[tokio::test]
async fn another_card_that_comes_late_to_a_forgotten_order_leaves_nothing() {
    let mut simulation = Simulation::new().await;
    simulation.go(&[submit(0), Op::Settle, Op::PutCard { order: 0, user: 0, card: 0 }]).await;
    let late = simulation.world.quarantined(ORDERS[0]).await.unwrap();
    simulation.world.remove_quarantined(ORDERS[0]).await;
    simulation.go(&[forget(0)]).await;
    simulation.world.put_quarantined(late).await;
    simulation.go(&[Op::Settle]).await;
    assert_eq!(simulation.quarantined()[0], None);
    simulation.end().await;
}

#[tokio::test]
async fn promise_6_an_outcome_that_is_written_late_touches_no_later_payment() {
    let patience = Duration::from_millis(500);
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(patience).operation_timeout(patience);
    let mut world = World::with_timeouts(timeouts.build()).await;
    world.submit(ORDERS[0], USERS[0], &DETAILS[3]).await;
    world.settle().await;
    let pay = async |world: &World, key| {
        world.pay_by(ORDERS[0], USERS[0], Bill { key: Some(key), amount: None }).await.status
    };
    // A payment's second write is its outcome. When it is done at last, the payment was taken over and declined,
    // and the next one is in progress.
    let late = FaultKind::Slow(Duration::from_secs(3));
    world.fault("PaybillRole", Some("UpdateItem"), late, When::Nth(2));
    assert_eq!(pay(&world, "one").await, 503);
    world.faults().clear();
    world.advance(2 * MINUTE);
    assert_eq!(pay(&world, "one").await, 402);
    world.processor_fails(Some(Failing::Charge(AnswerLost))).await;
    assert_eq!(pay(&world, "two").await, 503);
    world.late_calls_done().await;
    let rest = world.at_rest();
    rest.check(&world.charges()).unwrap();
    assert_eq!(text(&rest.clean[ORDERS[0]], "PaymentStatus"), "SUBMITTING");
    world.advance(2 * MINUTE);
    assert_eq!(pay(&world, "two").await, 402);
    world.at_rest().check(&world.charges()).unwrap();
    assert_eq!(world.charges().len(), 2);
}
