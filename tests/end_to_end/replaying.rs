//! What a replay does with each row and each message, number by number.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock_services::{FaultKind, FaultRule, Service, When};
use serde_json::{Value, json};

use crate::support::{QUARANTINE, Relay, World, order};

/// A world with one order, which is parked, and the message about it.
async fn with_a_parked_order() -> World {
    let world = World::stepped().await;
    world.client("ann").submit(&order("1")).await.is(202);
    world.alter_card().await;
    assert_eq!(world.deliver_last().await, None);
    world
}

/// What it came to, without what is zero.
async fn replay(world: &World, selection: &Value) -> Value {
    let mut event = json!({ "action": "replay" });
    event.as_object_mut().unwrap().extend(selection.as_object().unwrap().clone());
    let mut summary = world.try_sweep(&event).await.unwrap();
    summary.as_object_mut().unwrap().retain(|_, value| *value != 0 && *value != false);
    summary
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_stays_until_its_order_is_armed_again() {
    let world = with_a_parked_order().await;
    for narrower in [json!({ "reason": "ORDER_EXISTS" }), json!({ "max": 0 })] {
        let left = json!({ "stillFailing": 1, "messagesLeft": 1 });
        assert_eq!(replay(&world, &narrower).await, left, "{narrower}");
    }
    let rearmed = json!({ "rearmed": 1, "rearmedReasons": { "ENVELOPE_REFUSED": 1 }, "messagesSettled": 1 });
    assert_eq!(replay(&world, &json!({})).await, rearmed);
    assert_eq!(replay(&world, &json!({})).await, json!({}), "the message is gone, and the order is in work");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_another_replay_has_are_left_and_those_about_other_orders_are_not_asked() {
    let world = with_a_parked_order().await;
    let (sqs, queue) = world.dead_letter_queue();
    let nameless = json!({ "Kind": "EXPIRED", "At": "2026-11-21T18:59:33.120Z" }).to_string();
    let another = json!({ "Kind": "PARKED", "CustomerOrder": "2", "At": "2026-11-21T18:59:33.120Z" });
    for message in [&nameless, &another.to_string()] {
        sqs.send_message().queue_url(&queue).message_body(message).send().await.unwrap();
    }
    let asked = replay(&world, &json!({ "order": "1", "dryRun": true })).await;
    assert_eq!((&asked["messagesSettled"], &asked["messagesNotAsked"]), (&json!(1), &json!(2)), "{asked}");
    let all = replay(&world, &json!({ "dryRun": true })).await;
    assert_eq!((&all["messagesSettled"], &all["gone"]), (&json!(3), &json!(1)), "{all}");

    // Hidden, as while another replay works.
    let hidden = sqs.receive_message().queue_url(&queue).visibility_timeout(3_600);
    let hidden = hidden.max_number_of_messages(2).send().await.unwrap();
    assert_eq!(hidden.messages().len(), 2);
    let all = replay(&world, &json!({ "dryRun": true })).await;
    assert_eq!((&all["messagesSettled"], &all["messagesLeft"]), (&json!(1), &json!(2)), "{all}");
    let one = replay(&world, &json!({ "order": "1", "dryRun": true })).await;
    assert_eq!(one.get("messagesLeft"), None, "{one}");
    let [settled, not_asked] = ["messagesSettled", "messagesNotAsked"].map(|name| one[name].as_u64());
    assert_eq!(settled.unwrap_or_default() + not_asked.unwrap_or_default(), 3, "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_up_to_a_minute_above_the_newest_position_are_armed_and_no_others() {
    let world = World::stepped().await;
    let ann = world.client("ann");
    for (id, seconds) in [("below", 300), ("skewed", 60), ("above", 0)] {
        ann.submit(&order(id)).await.is(202);
        let mut row = world.row(QUARANTINE, id).await.unwrap();
        let armed = humantime::format_rfc3339_millis(world.now() - Duration::from_secs(seconds));
        row.insert("ArmedAt".to_owned(), AttributeValue::S(armed.to_string()));
        world.put(QUARANTINE, row).await;
    }
    for seconds in [90, 3_600] {
        world.give_up_at(world.now() - Duration::from_secs(seconds)).await;
    }
    let armed = json!({ "rearmed": 2, "messagesSettled": 2 });
    assert_eq!(replay(&world, &json!({})).await, armed);
    let above = world.row(QUARANTINE, "above").await.unwrap();
    assert_eq!(above["Attempt"], AttributeValue::N("1".to_owned()), "it is in work");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_hidden_for_longer_than_a_replay_may_take() {
    let world = with_a_parked_order().await;
    let relay = Relay::to(world.aws.url()).await;
    world.aws.answer_receives_at_once();
    let function = world.function("ReplayFunction", relay.url());
    let all = json!({ "action": "replay" });
    world.invoke(&function, &all, Duration::from_mins(15)).await.unwrap();
    let received = relay.bodies("ReceiveMessage");
    assert!(!received.is_empty());
    assert!(received.iter().all(|body| body["VisibilityTimeout"] == 20 * 60), "{received:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_cannot_receive_or_count_all_messages_gives_back_those_that_it_has() {
    for (operation, first) in [("ReceiveMessage", 2), ("GetQueueAttributes", 1)] {
        let world = with_a_parked_order().await;
        // As often as the SDK tries.
        for call in first..first + 3 {
            world.aws.faults().add(FaultRule {
                role: Some("ReplayRole".to_owned()),
                service: Some(Service::Sqs),
                operation: Some(operation.to_owned()),
                kind: FaultKind::InternalError,
                when: When::Nth(call),
            });
        }
        world.try_sweep(&json!({ "action": "replay" })).await.unwrap_err();
        world.aws.faults().clear();
        assert_eq!(replay(&world, &json!({})).await["messagesSettled"], 1, "{operation}");
    }
}
