//! The keys that cards are encrypted to, as ingest sees them.

use test_support::tables::CARD_KEYS;

use super::{NUMBER, OTHER, put};
use crate::support::{Encryptor, QUARANTINE, World, encrypted_order, order};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_encrypted_cards_wait_and_plain_ones_do_not() {
    let world = World::stepped().await;
    let client = world.client("ann");
    let foreign = {
        let (other, ann, _) = super::world().await;
        Encryptor::of(&other, &ann).await
    };
    let card = foreign.card("1", NUMBER, None);
    let answer = client.submit(&encrypted_order("1", &card)).await.is(503);
    assert_eq!((answer.code(), answer.header("retry-after")), ("CARD_KEYS_UNAVAILABLE", "60"));
    world.tokenized(&client, &order("plain")).await;
    assert_eq!(
        put(&client, "plain", &foreign.card("plain", OTHER, None)).await.is(503).code(),
        "CARD_KEYS_UNAVAILABLE"
    );
    assert!(world.rows(QUARANTINE).await.is_empty(), "nothing was written");

    let encryptor = Encryptor::of(&world, &client).await;
    assert_eq!(client.submit(&encrypted_order("1", &card)).await.is(422).code(), "CARD_KEY_NOT_ACCEPTED");
    assert_eq!(put(&client, "plain", &card).await.is(422).code(), "CARD_KEY_NOT_ACCEPTED");
    assert!(world.rows(QUARANTINE).await.is_empty(), "nothing was written");
    client.submit(&encrypted_order("1", &encryptor.card("1", NUMBER, None))).await.is(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_whose_private_half_is_deleted_is_refused_as_any_other_that_does_not_open() {
    let (world, client, encryptor) = super::world().await;
    client.submit(&encrypted_order("1", &encryptor.card("1", NUMBER, None))).await.is(202);
    let mut key = world.only_row(CARD_KEYS).await;
    key.remove("WrappedPrivateKey").unwrap();
    world.put(CARD_KEYS, key).await;
    assert_eq!(world.deliver_last().await, None);
    assert_eq!(client.status("1").await.text("FailureReason"), "CARD_REFUSED");
    assert!(world.dead_letters().is_empty());
}
