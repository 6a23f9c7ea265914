//! The maker: a key in time and once, and halves deleted when no order needs them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use card_airlock_services::{FaultKind, Service, When};
use test_support::tables::CARD_KEYS;
use tokio::sync::Notify;
use vault::{CardKeyError, CardPublicKey};

use super::{DAY, HOUR, Keys, id, time};
use crate::support::{Fault, Relay, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_makes_a_key_that_is_served_for_a_month_and_a_day() {
    let keys = Keys::new().await;
    let ann = keys.0.client("ann");
    let none = ann.get("/card-keys").await.is(503);
    assert_eq!((none.code(), none.header("retry-after")), ("CARD_KEYS_UNAVAILABLE", "60"));
    assert_eq!(none.header("cache-control"), "no-store");

    let kept = keys.run().await.unwrap();
    assert_eq!((kept.deleted, kept.accepted_for), (0, 31 * DAY));
    let row = keys.0.only_row(CARD_KEYS).await;
    assert_eq!(kept.made, Some(id(&row)));
    let made = time(&row, "CreatedAt");
    assert_eq!(time(&row, "AcceptedUntil"), made + 31 * DAY);
    assert_eq!(time(&row, "OpenedUntil"), made + 31 * DAY + 73 * HOUR);

    let answer = ann.get("/card-keys").await.is(200);
    assert_eq!(answer.header("cache-control"), "private, max-age=300");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys.newest().await.id(), id(&row));
    // Nothing of the private half is in it.
    assert!(!answer.json.to_string().contains("\"d\""));
    assert_eq!(ann.showing("no token").get("/card-keys").await.is(401).code(), "UNAUTHORIZED");
    let posted = ann.post("/card-keys", "{}").await.is(405);
    assert_eq!(posted.header("allow"), "GET");
    assert_eq!(ann.get("/card-keys?card=4111111111111111").await.is(422).code(), "CARD_IN_URL");
    // As nobody keeps an answer longer than its first key is accepted.
    keys.0.advance(31 * DAY - Duration::from_secs(100));
    let answer = keys.0.client("ann").get("/card-keys").await.is(200);
    let kept: u64 =
        answer.header("cache-control").strip_prefix("private, max-age=").unwrap().parse().unwrap();
    assert!((80..=100).contains(&kept), "{kept}");
    keys.0.advance(Duration::from_secs(100));
    assert_eq!(keys.0.client("ann").get("/card-keys").await.is(503).code(), "CARD_KEYS_UNAVAILABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_made_a_day_before_the_old_one_ends_and_the_old_halves_go_after_the_last_deadline() {
    let keys = Keys::new().await;
    let first = keys.run().await.unwrap().made.unwrap();
    let second_run = keys.run().await.unwrap();
    assert_eq!((second_run.made, second_run.deleted), (None, 0));
    // The day before.
    keys.0.advance(30 * DAY - HOUR);
    assert_eq!(keys.run().await.unwrap().made, None);
    keys.0.advance(HOUR + Duration::from_secs(1));
    let second = keys.run().await.unwrap().made.unwrap();
    assert_ne!(first, second);
    let served: Vec<_> = keys.served().await.iter().map(CardPublicKey::id).collect();
    assert_eq!(served, [second, first], "the newest first");
    assert_eq!(keys.run().await.unwrap().made, None);
    let accepted = keys.accepted();
    for key in [first, second] {
        assert_eq!(accepted.check(key).await, Ok(()));
    }

    keys.0.advance(DAY);
    let served: Vec<_> = keys.served().await.iter().map(CardPublicKey::id).collect();
    assert_eq!(served, [second]);
    assert_eq!(accepted.check(first).await, Err(CardKeyError::NotAccepted));
    // An order that was accepted at the last moment waits for three days, and the clocks differ.
    keys.0.advance(72 * HOUR + HOUR - Duration::from_secs(60));
    assert_eq!(keys.run().await.unwrap().deleted, 0);
    keys.0.advance(Duration::from_secs(120));
    assert_eq!(keys.run().await.unwrap().deleted, 1);
    assert_eq!(keys.run().await.unwrap().deleted, 0);
    let rows = keys.0.rows(CARD_KEYS).await;
    let [old] = &rows.iter().filter(|row| id(row) == first).collect::<Vec<_>>()[..] else { panic!("one") };
    let names: BTreeSet<_> = old.keys().map(String::as_str).collect();
    assert_eq!(names, ["AcceptedUntil", "CreatedAt", "Kid"].into());
    assert_eq!(rows.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn halves_are_kept_by_the_later_of_two_deadlines() {
    let keys = Keys::new().await;
    keys.run().await.unwrap();
    keys.0.advance(31 * DAY + 73 * HOUR + HOUR);
    // Since then orders may wait longer.
    let patient = keys.maker_at(keys.0.aws.url(), 100 * HOUR);
    assert_eq!(patient.run().await.unwrap().deleted, 0);
    // They may wait shorter now, but those of then may still be there.
    let keys = Keys::new().await;
    keys.maker_at(keys.0.aws.url(), 100 * HOUR).run().await.unwrap();
    keys.0.advance(31 * DAY + 73 * HOUR + HOUR);
    assert_eq!(keys.run().await.unwrap().deleted, 0);
    keys.0.advance(28 * HOUR);
    assert_eq!(keys.run().await.unwrap().deleted, 1);
}

/// As docs/keys.md ends a key: the newest or all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_an_operator_ends_is_replaced_by_the_next_run_and_still_opens_what_came_before() {
    let keys = Keys::new().await;
    let first = keys.run().await.unwrap().made.unwrap();
    keys.0.advance(30 * DAY + Duration::from_secs(1));
    let second = keys.run().await.unwrap().made.unwrap();
    let (key, place) = (keys.newest().await, keys.place());
    let sealed = keys.sealed(&key, place).await;
    for mut row in keys.0.rows(CARD_KEYS).await {
        if id(&row) == second {
            row.insert("AcceptedUntil".to_owned(), AttributeValue::N("0".to_owned()));
            keys.0.put(CARD_KEYS, row).await;
        }
    }
    let third = keys.run().await.unwrap().made.unwrap();
    let served: Vec<_> = keys.served().await.iter().map(CardPublicKey::id).collect();
    assert_eq!(served, [third, first]);
    assert_eq!(keys.run().await.unwrap().made, None);
    assert_eq!(keys.0.rows(CARD_KEYS).await.len(), 3);
    keys.tokenizer().tokenize(&sealed, place).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_make_one_key_of_one_pair() {
    let keys = Keys::new().await;
    let relay = Relay::to(keys.0.aws.url()).await;
    let let_through = Arc::new(Notify::new());
    relay.strike("PutItem", Fault::Held(let_through.clone()), 1);
    let slow = keys.maker_at(relay.url(), 72 * HOUR);
    let (late, ()) = futures::future::join(slow.run(), async {
        eventually("the put is held", async || (relay.struck() == 1).then_some(())).await;
        assert!(keys.run().await.unwrap().made.is_some());
        let_through.notify_one();
    })
    .await;
    assert_eq!(late.unwrap().made, None);
    let before = keys.0.only_row(CARD_KEYS).await;
    // What was served is what opens.
    let (key, place) = (keys.newest().await, keys.place());
    keys.tokenizer().tokenize(&keys.sealed(&key, place).await, place).await.unwrap();
    assert_eq!(keys.0.only_row(CARD_KEYS).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_lost_on_the_way_the_next_run_leaves_one_key() {
    for (service, operation, kind) in [
        (Service::DynamoDb, "Scan", FaultKind::LostBefore),
        (Service::Kms, "GenerateDataKeyPairWithoutPlaintext", FaultKind::LostBefore),
        (Service::Kms, "GenerateDataKeyPairWithoutPlaintext", FaultKind::ReplyLost),
        (Service::Kms, "GenerateDataKeyPairWithoutPlaintext", FaultKind::Throttled),
        (Service::DynamoDb, "PutItem", FaultKind::LostBefore),
        (Service::DynamoDb, "PutItem", FaultKind::ReplyLost),
        (Service::DynamoDb, "PutItem", FaultKind::InternalError),
    ] {
        let keys = Keys::new().await;
        // Every try of the SDK.
        keys.fails(service, operation, kind, When::First(3));
        let first = keys.run().await;
        keys.0.aws.faults().clear();
        let failed = first.is_err();
        let second = keys.run().await.unwrap();
        let made = id(&keys.0.only_row(CARD_KEYS).await);
        assert!(failed || second.made.is_none(), "{operation} {kind:?}");
        assert_eq!(keys.newest().await.id(), made, "{operation} {kind:?}");
        assert_eq!(keys.run().await.unwrap().made, None);
    }
    // The same of a delete.
    for kind in [FaultKind::LostBefore, FaultKind::ReplyLost] {
        let keys = Keys::new().await;
        let first = keys.run().await.unwrap().made.unwrap();
        keys.0.advance(40 * DAY);
        keys.fails(Service::DynamoDb, "UpdateItem", kind, When::First(3));
        let _ = keys.run().await;
        keys.0.aws.faults().clear();
        keys.run().await.unwrap();
        let rows = keys.0.rows(CARD_KEYS).await;
        assert_eq!(rows.len(), 2, "{kind:?}");
        for row in rows {
            assert_eq!(row.contains_key("WrappedPrivateKey"), id(&row) != first, "{kind:?}");
        }
    }
}
