//! One bad order never holds up the others.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

use crate::support::{Item, ORDERS, QUARANTINE, World, eventually, flipped, names, order, text};

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_a_poison_order_among_many_good_ones_fails_alone() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("poison")).await.is(202);
    world.alter_card().await;
    for id in 0..40 {
        client.submit(&order(&id.to_string())).await.is(202);
    }
    // The first record is the poison before it was altered.
    assert_eq!(world.deliver(&world.records()[1..]).await, None);

    let poison = world.only_row(QUARANTINE).await;
    assert_eq!(text(&poison, "CustomerOrder"), "poison");
    assert_eq!((text(&poison, "Status"), text(&poison, "FailureReason")), ("FAILED", "ENVELOPE_REFUSED"));
    assert_eq!(world.counts().await, [1, 40, 40]);
    let letters = world.dead_letters();
    assert_eq!(letters.len(), 1);
    let said: BTreeSet<&str> = letters[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(said, BTreeSet::from(["Kind", "CustomerOrder", "AcceptanceId", "Reason", "At"]), "ids only");
    assert_eq!(letters[0]["CustomerOrder"], "poison");
    assert_eq!(letters[0]["AcceptanceId"], text(&poison, "AcceptanceId"));
}

/// What is done to a good row.
type Poison = fn(&mut Item);

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_every_kind_of_poison_is_parked_with_its_reason_in_one_delivery() {
    let world = World::stepped().await;
    let client = world.client("ann");
    client.submit(&order("good")).await.is(202);
    let good = world.only_row(QUARANTINE).await;
    let kinds: [(&str, &str, Poison); 9] = [
        ("card-altered", "ENVELOPE_REFUSED", |row| alter(row, "SealedCard", flipped)),
        ("card-empty", "ENVELOPE_REFUSED", |row| alter(row, "SealedCard", |_| blob(&[]))),
        ("card-of-another-order", "ENVELOPE_REFUSED", |_| {}),
        ("key-altered", "ENVELOPE_REFUSED", |row| alter(row, "DataKey", flipped)),
        ("key-garbage", "ENVELOPE_REFUSED", |row| alter(row, "DataKey", |_| blob(b"no key at all"))),
        ("version", "UNKNOWN_VERSION", |row| {
            alter(row, "SealedCard", |value| blob(&[&[200], &value.as_b().unwrap().as_ref()[1..]].concat()));
        }),
        ("row-of-a-later-release", "UNKNOWN_VERSION", |row| {
            alter(row, "SealedCard", |value| blob(&[&[3], &value.as_b().unwrap().as_ref()[1..]].concat()));
            row.insert("Unheard".into(), AttributeValue::Bool(true));
            row.remove("CardLast4");
        }),
        ("key-missing", "MALFORMED", |row| drop(row.remove("DataKey"))),
        ("unknown-attribute", "MALFORMED", |row| {
            row.insert("Unheard".into(), AttributeValue::Bool(true));
        }),
    ];
    for (id, _, poison) in kinds {
        let mut row = good.clone();
        row.insert("CustomerOrder".into(), AttributeValue::S(id.into()));
        poison(&mut row);
        world.put(QUARANTINE, row).await;
    }
    client.submit(&order("last")).await.is(202);
    assert_eq!(world.deliver(&world.records()).await, None);

    let rows = world.rows(QUARANTINE).await;
    let parked: BTreeMap<&str, &str> =
        rows.iter().map(|row| (text(row, "CustomerOrder"), text(row, "FailureReason"))).collect();
    assert_eq!(parked, kinds.iter().map(|(id, reason, _)| (*id, *reason)).collect());
    assert!(rows.iter().all(|row| text(row, "Status") == "FAILED"));
    assert_eq!(world.dead_letters().len(), kinds.len());
    assert_eq!(world.counts().await, [kinds.len(), 2, 2]);
    for id in ["good", "last"] {
        client.pay(id).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_orders_flow_while_poison_lies_in_the_running_pipeline() {
    let world = World::running().await;
    let client = world.client("ann");
    for id in 0..5 {
        let row = [("CustomerOrder", &*format!("poison-{id}")), ("Owner", "somebody"), ("Status", "PENDING")];
        let row = row.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.into())));
        world.put(QUARANTINE, row.into()).await;
        client.submit(&order(&id.to_string())).await.is(202);
    }
    for id in 0..5 {
        assert_eq!(client.settled(&id.to_string()).await.text("Status"), "TOKENIZED");
    }
    eventually("the poison is parked", async || {
        let parked = world.rows(QUARANTINE).await;
        parked.iter().all(|row| names(row).contains("FailureReason")).then_some(())
    })
    .await;
    assert_eq!(world.rows(ORDERS).await.len(), 5);
    assert!(world.dead_letters().len() >= 5);
}

fn alter(row: &mut Item, attribute: &str, change: impl FnOnce(&AttributeValue) -> AttributeValue) {
    let value = change(&row[attribute]);
    row.insert(attribute.into(), value);
}

fn blob(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}
