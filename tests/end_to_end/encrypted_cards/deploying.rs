//! The release that brings encrypted cards, deployed in the wrong sequence: what a worker from before it parks.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde_json::{Value, json};

use super::{MINUTE, NUMBER, world};
use crate::support::{Item, ORDERS, QUARANTINE, encrypted_order, text};

/// What another worker makes of a row, as a change of the row that this worker sees.
type AsSeen = fn(&mut Item);

/// A worker from before encrypted cards cannot read their rows: it knows neither the digest nor a row without last4. This
/// worker sees a row that it cannot read.
fn unreadable(row: &mut Item) {
    row.insert("Unheard".into(), AttributeValue::Bool(true));
}

/// To a worker that can read the row the envelope is of a later version, as ours is to one from before it.
fn later(row: &mut Item) {
    let sealed = row["SealedCard"].as_b().unwrap().as_ref();
    assert_eq!(sealed[0], 2);
    row.insert("SealedCard".into(), AttributeValue::B(Blob::new([&[3], &sealed[1..]].concat())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_worker_parked_crosses_by_a_replay_hours_later() {
    let (world, client, encryptor) = world().await;
    let parked: [(&str, &str, AsSeen); 2] = [("1", "MALFORMED", unreadable), ("2", "UNKNOWN_VERSION", later)];
    let mut as_accepted = Vec::new();
    for (id, reason, seen) in parked {
        client.submit(&encrypted_order(id, &encryptor.card(id, NUMBER, None))).await.is(202);
        let whole = world.row(QUARANTINE, id).await.unwrap();
        let mut row = whole.clone();
        seen(&mut row);
        world.put(QUARANTINE, row).await;
        assert_eq!(world.deliver_last().await, None, "the records behind it are not held up");
        let status = client.status(id).await.is(200);
        assert_eq!((status.text("Status"), status.text("FailureReason")), ("FAILED", reason));
        as_accepted.push(whole);
    }
    let letters = world.dead_letters();
    let named = |letter: &Value| (letter["CustomerOrder"].clone(), letter["Reason"].clone());
    assert_eq!(
        letters.iter().map(named).collect::<Vec<_>>(),
        parked.map(|(id, reason, _)| (json!(id), json!(reason)))
    );

    // The newer worker is deployed; it sees what ingest wrote.
    for whole in as_accepted {
        let mut row = world.row(QUARANTINE, text(&whole, "CustomerOrder")).await.unwrap();
        row.remove("Unheard");
        row.insert("SealedCard".into(), whole["SealedCard"].clone());
        world.put(QUARANTINE, row).await;
    }
    world.advance(60 * MINUTE);
    for (id, reason, _) in parked {
        let replayed = world.try_sweep(&json!({ "action": "replay", "reason": reason })).await.unwrap();
        assert_eq!(replayed["rearmed"], 1, "{reason}");
        assert_eq!(world.deliver_last().await, None);
        assert!(world.row(ORDERS, id).await.is_some(), "{reason}");
    }
    assert_eq!(world.counts().await, [0, 2, 2]);
    world.client("ann").pay("1").await.is(200);
}
