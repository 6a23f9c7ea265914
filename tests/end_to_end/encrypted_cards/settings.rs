//! Settings that say which cards are accepted.

use super::{NUMBER, OTHER, put};
use crate::support::{Encryptor, World, encrypted_order, order};

#[tokio::test(flavor = "multi_thread")]
async fn where_only_encrypted_cards_are_taken_no_other_is_even_read() {
    let world = World::stepped_under([("EncryptedCardOnly", "true")]).await;
    let client = world.client("ann");
    let encryptor = Encryptor::of(&world, &client).await;
    let both = |id: &str| {
        let mut order = encrypted_order(id, &encryptor.card(id, NUMBER, None));
        order["CardExpiry"] = "12/30".into();
        order
    };
    for order in [order("1"), both("1")] {
        assert_eq!(client.submit(&order).await.is(422).code(), "ENCRYPTED_CARD_ONLY");
    }
    let mut none = order("1");
    none.as_object_mut().unwrap().remove("CreditCard");
    let answer = client.submit(&none).await.is(400);
    assert_eq!(answer.code(), "CARD_MISSING");
    assert!(answer.text("message").starts_with("EncryptedCard is missing"), "{answer:?}");
    world.tokenized(&client, &encrypted_order("1", &encryptor.card("1", NUMBER, None))).await;
    assert_eq!(client.put_card("1", OTHER).await.is(422).code(), "ENCRYPTED_CARD_ONLY");
    put(&client, "1", &encryptor.card("1", OTHER, None)).await.is(202);
    assert_eq!(world.deliver_last().await, None);
    client.pay("1").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_card_needs_its_expiry_where_a_plain_one_does() {
    let world = World::stepped_under([("CardExpiryRequired", "true")]).await;
    let client = world.client("ann");
    let encryptor = Encryptor::of(&world, &client).await;
    client.submit(&encrypted_order("1", &encryptor.card("1", NUMBER, None))).await.is(202);
    world.deliver_last().await;
    assert_eq!(client.status("1").await.text("FailureReason"), "CARD_REFUSED");
    world.tokenized(&client, &encrypted_order("1", &encryptor.card("1", NUMBER, Some("12/30")))).await;
}
