//! Everybody who must know is told: each change of an order's state is on the bus, or waits in a queue, with ids,
//! states and times only.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock::functions::sdk_config;
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use order::{FailureReason, FoundOut, OrderId, OrderTable, ProcessorReference, Settling, Timestamp};
use paybill::Sandbox;
use serde_json::{Value, json};
use strum::VariantArray;

use crate::support::{
    AUDIT, Driven, ORDERS, QUARANTINE, Told, World, on_the_bus, order, order_of, refused, text,
};

const GOOD: &str = "5555-5555-5555-4444";
const DAY: Duration = Duration::from_hours(24);

#[test]
fn the_schemas_list_every_reason() {
    let reasons: Vec<_> = FailureReason::VARIANTS.iter().map(|reason| reason.code()).collect();
    for kind in ["order.failed", "order.expired", "card.not_replaced"] {
        let path = format!("{}/../docs/events/{kind}.json", env!("CARGO_MANIFEST_DIR"));
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(
            schema.pointer("/properties/detail/properties/Reason/enum"),
            Some(&json!(reasons)),
            "{kind}"
        );
    }
}

/// Something goes wrong with the calls of a role to the bus.
fn bus_fault(role: &str, kind: FaultKind, when: When) -> FaultRule {
    FaultRule {
        role: Some(role.into()),
        service: Some(Service::EventBridge),
        operation: Some("PutEvents".into()),
        kind,
        when,
    }
}

/// The kinds of the events on the bus, oldest first.
fn kinds(world: &World) -> Vec<String> {
    on_the_bus(&world.aws).into_iter().map(|told| told.kind).collect()
}

/// The last event of a kind.
fn last(world: &World, kind: &str) -> Told {
    on_the_bus(&world.aws).into_iter().rfind(|told| told.kind == kind).unwrap_or_else(|| panic!("no {kind}"))
}

fn members(told: &Told) -> Vec<&str> {
    let mut names: Vec<_> = told.detail.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_an_order_is_told_from_its_crossing_to_the_forgotten_card() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay("1").await.is(402);
    client.put_card("1", GOOD).await.is(202);
    world.deliver_last().await;
    client.pay("1").await.is(200);
    client.forget("1").await.is(200);
    assert_eq!(world.tell().await, None);
    let expected =
        ["order.tokenized", "payment.declined", "card.replaced", "payment.submitted", "card.forgotten"];
    assert_eq!(kinds(&world), expected);
    // Each has the whole state by then, and no more.
    let row = world.only_row(ORDERS).await;
    let of_all = ["AcceptanceId", "AcceptedAt", "At", "CustomerOrder", "Position", "Status"];
    assert_eq!(members(&last(&world, "order.tokenized")), of_all);
    let forgotten = last(&world, "card.forgotten");
    let mut all =
        [&of_all[..], &["CardForgottenAt", "CardReplacedAt", "PaymentId", "PaymentStatus"]].concat();
    all.sort_unstable();
    assert_eq!(members(&forgotten), all);
    for name in
        ["CustomerOrder", "AcceptanceId", "AcceptedAt", "CardForgottenAt", "CardReplacedAt", "PaymentId"]
    {
        assert_eq!(forgotten.text(name), text(&row, name), "{name}");
    }
    assert_eq!((forgotten.text("Status"), forgotten.text("PaymentStatus")), ("TOKENIZED", "SUBMITTED"));
    let told = on_the_bus(&world.aws);
    let positions: Vec<_> = told.iter().map(|told| told.text("Position")).collect();
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "{positions:?}");
    let said = json!(world.aws.snapshot().unwrap()["events"]).to_string();
    for secret in ["4444", "Las Vegas", text(&row, "CreditCardToken"), text(&row, "CustomerName"), "ann"] {
        assert!(!said.contains(&format!("\"{secret}\"")), "{secret} in {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_payment_is_told_and_so_is_what_the_operator_found_out() {
    let world = World::stepped().await;
    let client = world.client("ann");
    let config = sdk_config(world.aws.url(), "operator");
    let settling = Settling::new(&config, ORDERS.into(), AUDIT.into());
    let orders = OrderTable::new(&config, ORDERS.into());
    for (id, found) in
        [("1", FoundOut::NotCharged), ("2", FoundOut::Charged(ProcessorReference::accept("ch_1").unwrap()))]
    {
        world.tokenized(&client, &order(id)).await;
        client.pay(id).await.is(200);
        let mut row = world.row(ORDERS, id).await.unwrap();
        row.insert("PaymentStatus".into(), AttributeValue::S("UNKNOWN".into()));
        world.put(ORDERS, row).await;
        let order = OrderId::accept(id).unwrap();
        let seen = orders.overview(&order).await.unwrap().unwrap().payments.unwrap().current.unwrap();
        let at = Timestamp::from(world.now());
        settling.settle(&order, &seen, &found, "me", at).await.unwrap();
    }
    assert_eq!(world.tell().await, None);
    let of = |order: &str| -> Vec<(String, String)> {
        let told = on_the_bus(&world.aws).into_iter().filter(|told| told.text("CustomerOrder") == order);
        told.map(|told| (told.kind.clone(), told.text("PaymentStatus").to_owned())).collect()
    };
    let states = |kinds: &[(&str, &str)]| -> Vec<_> {
        kinds.iter().map(|(kind, payment)| ((*kind).to_owned(), (*payment).to_owned())).collect()
    };
    let begun = [("order.tokenized", ""), ("payment.submitted", "SUBMITTED"), ("payment.unknown", "UNKNOWN")];
    assert_eq!(of("1"), states(&[&begun[..], &[("order.tokenized", "")]].concat()));
    assert_eq!(of("2"), states(&[&begun[..], &[("payment.submitted", "SUBMITTED")]].concat()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_fails_and_expires_is_told_by_the_worker() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("1")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    let row = world.only_row(QUARANTINE).await;
    assert_eq!(world.deliver_last().await, None);
    let failed = last(&world, "order.failed");
    let expected = ["AcceptanceId", "AcceptedAt", "At", "CustomerOrder", "Position", "Reason", "Status"];
    assert_eq!(members(&failed), expected);
    assert_eq!((failed.text("Status"), failed.text("Reason")), ("FAILED", "ENVELOPE_REFUSED"));
    for name in ["CustomerOrder", "AcceptanceId", "AcceptedAt"] {
        assert_eq!(failed.text(name), text(&row, name), "{name}");
    }
    world.advance(4 * DAY);
    assert_eq!(world.sweep().await["expired"], 1);
    assert_eq!(world.deliver_last().await, None);
    let expired = last(&world, "order.expired");
    assert_eq!((expired.text("Status"), expired.text("Reason")), ("EXPIRED", "ENVELOPE_REFUSED"));
    assert!(failed.text("Position") < expired.text("Position"));
    // It is sent again, and its crossing is newer than all that.
    client.submit(&order("1")).await.is(202);
    world.deliver_last().await;
    assert_eq!(world.tell().await, None);
    assert!(expired.text("Position") < last(&world, "order.tokenized").text("Position"));
    assert_eq!(kinds(&world), ["order.failed", "order.expired", "order.tokenized"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_does_not_replace_another_is_told_without_a_position() {
    let world = World::stepped().await;
    let client = world.client("ann");
    world.tokenized(&client, &order_of("1", Sandbox::DECLINED)).await;
    client.pay("1").await.is(402);
    client.put_card("1", GOOD).await.is(202);
    let late = world.records();
    client.pay("1").await;
    let mut row = world.only_row(ORDERS).await;
    row.insert("PaymentStatus".into(), AttributeValue::S("SUBMITTED".into()));
    world.put(ORDERS, row).await;
    world.deliver(&late[late.len() - 1..]).await;
    assert_eq!(world.deliver_last().await, None);
    let told = last(&world, "card.not_replaced");
    assert_eq!((told.text("Status"), told.text("Reason")), ("FAILED", "CARD_NOT_REPLACED"));
    assert_eq!(told.text("AcceptanceId"), text(&world.only_row(QUARANTINE).await, "AcceptanceId"));
    assert_eq!(told.detail.get("Position"), None);
    world.advance(4 * DAY);
    world.sweep().await;
    world.deliver_last().await;
    let told = last(&world, "card.not_replaced");
    assert_eq!((told.text("Status"), told.detail.get("Position")), ("EXPIRED", None));
}

/// The order is across, by another acceptance: a subscriber must not take it for failed.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_acceptance_beside_an_order_that_is_across_is_told_without_a_position() {
    let world = World::stepped().await;
    world.race(&order("1"), &order_of("1", GOOD)).await.is(202);
    world.deliver_last().await;
    world.aws.faults().add("TokenizeWorkerRole/dynamodb/TransactWriteItems=throttled".parse().unwrap());
    assert!(world.deliver_last().await.is_some(), "nobody knows whether it is across");
    world.aws.faults().clear();
    assert_eq!(world.deliver_last().await, None);
    let failed = last(&world, "order.failed");
    assert_eq!((failed.text("Reason"), failed.detail.get("Position")), ("ORDER_EXISTS", None));
    assert_ne!(failed.text("AcceptanceId"), text(&world.only_row(ORDERS).await, "AcceptanceId"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_ttl_removed_has_expired() {
    let world = World::stepped().await;
    world.client("ann").submit(&order("1")).await.is(202);
    world.advance(11 * DAY);
    world.aws.sweep_ttl().unwrap();
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(last(&world, "order.expired").text("Status"), "EXPIRED");
    assert_eq!(world.dead_letters().last().unwrap()["Kind"], "REMOVED_BY_TTL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_the_bus_refuses_is_delivered_again_from_the_first_that_was_not_told() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for id in 0..12 {
        world.tokenized(&client, &order(&format!("order-{id}"))).await;
    }
    let numbers: Vec<_> = world
        .records_of("NotifyFunction")
        .iter()
        .map(|record| record["dynamodb"]["SequenceNumber"].as_str().unwrap().to_owned())
        .collect();
    for kind in [FaultKind::LostBefore, FaultKind::Throttled, FaultKind::InternalError] {
        world.aws.faults().add(bus_fault("NotifyRole", kind, When::Always));
        assert_eq!(world.tell().await.as_ref(), Some(&numbers[0]), "{kind:?}");
        world.aws.faults().clear();
    }
    assert_eq!((on_the_bus(&world.aws), refused(&world.aws)), (vec![], vec![]));
    // The first ten are told, and the reply of the second call is lost each time that the SDK tries it.
    world.aws.faults().add(bus_fault("NotifyRole", FaultKind::ReplyLost, When::Nth(2)));
    for nth in 3..=4 {
        world.aws.faults().add(bus_fault("NotifyRole", FaultKind::LostBefore, When::Nth(nth)));
    }
    assert_eq!(world.tell().await.as_ref(), Some(&numbers[10]));
    assert_eq!(kinds(&world).len(), 12, "the last two are, and nobody knows it");
    world.aws.faults().clear();
    assert_eq!(world.tell().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_time_nobody_is_told_and_all_is_delivered_again() {
    let world = World::stepped().await;
    world.tokenized(&world.client("ann"), &order("1")).await;
    let notify = world.function("NotifyFunction", world.aws.url());
    let records = world.records_of("NotifyFunction");
    let event = json!({ "Records": records });
    // Two seconds are kept for the answer.
    let answer = world.invoke(&notify, &event, Duration::from_secs(2)).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let failed = &answer["batchItemFailures"][0]["itemIdentifier"];
    assert_eq!(*failed, records[0]["dynamodb"]["SequenceNumber"], "{answer}");
    assert_eq!(on_the_bus(&world.aws), []);
    assert_eq!(world.tell().await, None);
    assert_eq!(kinds(&world), ["order.tokenized"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bus_refuses_by_entry_waits_in_the_queue_as_the_finished_event() {
    let world = World::stepped().await;
    let client = world.client("ann");
    for id in ["1", "2", "3"] {
        world.tokenized(&client, &order(id)).await;
    }
    let refusing = |role| world.aws.faults().add(bus_fault(role, FaultKind::EntriesRefused, When::Always));
    refusing("NotifyRole");
    assert_eq!(world.tell().await, None, "the records are done");
    let orders = |told: Vec<Told>| -> Vec<String> {
        told.iter().map(|told| told.text("CustomerOrder").to_owned()).collect()
    };
    assert_eq!(orders(refused(&world.aws)), ["1", "3"]);
    assert_eq!(orders(on_the_bus(&world.aws)), ["2"]);
    // The worker's, alone in its call.
    refusing("TokenizeWorkerRole");
    client.submit(&order("4")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    assert_eq!(world.deliver_last().await, None);
    let waiting = refused(&world.aws);
    assert_eq!(waiting.last().unwrap().kind, "order.failed");
    // What waits is what the bus would have: read as it is put again.
    let sent = world.aws.snapshot().unwrap()["queues"].to_string();
    assert!(sent.contains(r#"\"Source\":\"card-airlock\""#), "{sent}");
    // No queue either: then the record is not done.
    world.aws.faults().add("NotifyRole/sqs/SendMessage=error".parse().unwrap());
    let first = world.records_of("NotifyFunction")[0]["dynamodb"]["SequenceNumber"].clone();
    assert_eq!(world.tell().await.map(Value::from), Some(first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_down_holds_up_no_order_of_the_same_batch() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("broken")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    client.submit(&order("good")).await.is(202);
    world.aws.faults().add(bus_fault("TokenizeWorkerRole", FaultKind::InternalError, When::Always));
    let records = world.records();
    let [.., failed, pending] = &records[..] else { panic!("two records") };
    let batch = [failed.clone(), pending.clone()];
    assert_eq!(
        world.deliver(&batch).await.map(Value::from),
        Some(failed["dynamodb"]["SequenceNumber"].clone())
    );
    assert!(world.row(ORDERS, "good").await.is_some(), "it is across");
    world.aws.faults().clear();
    assert_eq!(world.deliver(&batch).await, None);
    assert_eq!(kinds(&world), ["order.failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_order_that_is_not_across_and_one_that_is_not_told_the_first_is_delivered_again() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("broken")).await.is(202);
    world.alter_card().await;
    world.deliver_last().await;
    client.submit(&order("good")).await.is(202);
    world.aws.faults().add(bus_fault("TokenizeWorkerRole", FaultKind::InternalError, When::Always));
    world.aws.faults().add("TokenizeWorkerRole/kms/GenerateDataKey=error".parse().unwrap());
    let records = world.records();
    let [.., failed, pending] = &records[..] else { panic!("two records") };
    for batch in [[failed, pending], [pending, failed]] {
        let batch = batch.map(Value::clone);
        let first = batch[0]["dynamodb"]["SequenceNumber"].clone();
        assert_eq!(world.deliver(&batch).await.map(Value::from), Some(first));
    }
    world.aws.faults().clear();
    assert_eq!(world.deliver(&[failed.clone(), pending.clone()]).await, None);
    assert_eq!(kinds(&world), ["order.failed"]);
    assert!(world.row(ORDERS, "good").await.is_some());
}

/// Lambda gives the worker's records up. Before the sweep deletes their position, it has the worker send them again.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_lambda_gave_up_are_sent_again_without_hands() {
    let mut world = Driven::start().await;
    let ann = world.client("ann");
    ann.submit(&order("1")).await.is(202);
    world.break_worker(Service::EventBridge, "PutEvents", FaultKind::InternalError);
    world.break_worker(Service::Kms, "Decrypt", FaultKind::InternalError);
    world.run_dry().await;
    // It is parked beside the outage, and nobody is told.
    world.advance(Duration::from_hours(49));
    let swept = world.sweep().await;
    assert_eq!(swept["positionsSettled"], 1, "{swept}");
    world.run_dry().await;
    assert_eq!(world.rows(QUARANTINE)[0]["Status"]["S"], "FAILED");
    assert_eq!(on_the_bus(world.stack.aws()), []);

    // While the bus is down, each sweep leaves a position behind, and the event is not lost.
    world.advance(Duration::from_mins(5));
    let swept = world.sweep().await;
    assert_eq!((&swept["eventsSentAgain"], &swept["positionsLeft"]), (&json!(1), &json!(0)), "{swept}");
    assert!(world.run_dry().await.discarded > 0);
    // What cannot be written keeps its position.
    world.stack.aws().faults().add("ReplayRole/dynamodb/UpdateItem=throttled".parse().unwrap());
    world.advance(Duration::from_mins(5));
    assert!(world.try_sweep(json!({ "action": "sweep" })).await.is_err());
    world.repair();
    world.advance(Duration::from_mins(5));
    let dry = world.try_sweep(json!({ "action": "sweep", "dryRun": true })).await.unwrap();
    let dry: Value = serde_json::from_slice(&dry).unwrap();
    assert_eq!(dry["eventsSentAgain"], 0, "{dry}");
    let swept = world.sweep().await;
    assert_eq!((&swept["eventsSentAgain"], &swept["positionsSettled"]), (&json!(1), &json!(1)), "{swept}");
    world.run_dry().await;
    let told = on_the_bus(world.stack.aws());
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].kind.as_str(), told[0].text("Reason")), ("order.failed", "ATTEMPTS_EXHAUSTED"));
    // Nothing is left to be sent.
    world.advance(Duration::from_mins(5));
    assert_eq!(world.sweep().await["eventsSentAgain"], 0);
}

/// A replay deletes positions too.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_has_the_events_sent_again_of_rows_that_it_does_not_arm() {
    let mut world = Driven::start().await;
    world.client("ann").submit(&order("1")).await.is(202);
    world.break_worker(Service::EventBridge, "PutEvents", FaultKind::InternalError);
    world.break_worker(Service::Kms, "Decrypt", FaultKind::InternalError);
    world.run_dry().await;
    world.advance(4 * DAY);
    assert_eq!(world.sweep().await["expired"], 1);
    assert!(world.run_dry().await.discarded > 0);
    let before = world.rows(QUARANTINE);
    let dry = json!({ "action": "replay", "dryRun": true });
    world.invoke("ReplayFunction", dry, Duration::from_mins(15)).await;
    assert_eq!(world.rows(QUARANTINE), before, "a dry run changes nothing");
    world.stack.aws().faults().add("ReplayRole/dynamodb/UpdateItem=throttled".parse().unwrap());
    assert!(world.try_invoke("ReplayFunction", json!({ "action": "replay" })).await.is_err());
    world.repair();
    assert_eq!(on_the_bus(world.stack.aws()), []);
    world.replay().await;
    world.run_dry().await;
    let told: Vec<_> = on_the_bus(world.stack.aws()).into_iter().map(|told| told.kind).collect();
    assert_eq!(told, ["order.expired"]);
}

/// Lambda retries notify until the record expires.
#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_down_for_twenty_hours_loses_no_event_of_an_order_that_is_across() {
    let mut world = Driven::start().await;
    let ann = world.client("ann");
    for id in 0..5 {
        ann.submit(&order(&format!("order-{id}"))).await.is(202);
    }
    world.run_dry().await;
    world.stack.aws().faults().add(bus_fault("NotifyRole", FaultKind::InternalError, When::Always));
    let end = world.now() + Duration::from_hours(20);
    while world.now() < end {
        world.advance(Duration::from_mins(30));
        let step = world.stack.mapping("NotifyFunction").unwrap().step().await;
        assert!(!matches!(step.did, card_airlock_event_source::Did::Discarded { .. }), "{:?}", step.did);
    }
    world.repair();
    assert_eq!(world.run_dry_of("NotifyFunction").await.discarded, 0);
    let told = on_the_bus(world.stack.aws());
    assert_eq!(told.len(), 5, "{told:?}");
}
